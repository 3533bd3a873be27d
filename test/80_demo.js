/* global document, window */
'use strict';

// The demo as a person meets it: a program on the command line, and its page in a browser.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');

const { EventStream } = require('../bin/demo/stream.js');
const { openPage } = require('./support/browser.js');
const kafka = require('./support/kafka.js');
const program = require('./support/program.js');

const SCRIPT = path.join(__dirname, '../bin/kasocki-demo.js');

/** How the demo must be kept out of a browser's other pages. */
const FOREIGN = 'http://elsewhere.example';

/** Starts the demo on a free port, unless another is given, and waits for its page's address. */
async function startDemo(...args) {
    const demo = program.start([SCRIPT, ...(args.includes('--port') ? [] : ['--port', '0']), ...args]);
    [demo.url] = await demo.printed(/http:\/\/localhost:\d+\//);
    return demo;
}

/** Runs the demo to its end. */
async function runDemo(...args) {
    const demo = program.start([SCRIPT, ...args]);
    const { code } = await demo.ended;
    return { code, stdout: demo.stdout, stderr: demo.stderr };
}

/** What a person sees of the messages: { topic, place: [partition, offset], preview, pulled }, the topmost first. */
function rowsOf(page) {
    return page.$$eval('#messages summary', (rows) => rows.map((row) => {
        const text = (name) => row.querySelector(name)?.textContent ?? '';
        return {
            topic: text('.topic'),
            place: text('.place').split(' : ').map(Number),
            key: text('.key'),
            preview: text('.preview'),
            pulled: text('.pulled') !== ''
        };
    }));
}

function receivedOf(page) {
    return page.$eval('#received', ({ textContent }) => Number(textContent.replace(/,/g, '')));
}

/** Waits until so many messages were received. */
function received(page, count) {
    return page.waitForFunction(
        (wanted) => Number(document.getElementById('received').textContent.replace(/,/g, '')) >= wanted, count
    );
}

/** Waits until so many messages are on the page. */
function shown(page, count) {
    return page.waitForFunction((wanted) => document.querySelectorAll('#messages > li').length >= wanted, count);
}

function isReady(page) {
    return page.waitForSelector('#connection[data-state=ready]');
}

/** Chooses these topics and no other. */
async function choose(page, ...topics) {
    await isReady(page);
    for (const box of await page.locator('input[name=topic]').all()) {
        await box.setChecked(topics.includes(await box.getAttribute('value')));
    }
}

async function applyFilter(page, text) {
    await page.fill('#filter', text);
    await page.click('#filter-apply');
}

/** @returns {Promise<http.IncomingMessage>} the answer to a request with headers that a browser would not let a page set */
async function get(url, headers) {
    const [response] = await once(http.get(url, { headers }), 'response');
    response.resume();
    return response;
}

describe('the demo', () => {
    describe('on the command line', () => {
        it('says what it can do', async () => {
            const { code, stdout } = await runDemo('--help');
            assert.equal(code, 0);
            for (const name of ['--port', '--rate', '--brokers', '--produce', '--help', '6927']) {
                assert.ok(stdout.includes(name), name);
            }
        });

        for (const [args, named] of [
            [['--nonsense'], "'--nonsense'"],
            [['words'], '"words"'],
            [['--port', '65536'], '--port'],
            [['--port', '1.5'], '--port'],
            [['--port', 'http'], '"http"'],
            [['--port'], '--port'],
            [['--rate', '0'], '--rate'],
            [['--rate', '1e9'], '--rate'],
            [['--rate', ''], '--rate'],
            [['--brokers', 'localhost:9092,,'], '--brokers'],
            [['--brokers', 'http://localhost:9092/'], '--brokers'],
            [['--produce'], '--brokers'],
        ]) {
            it(`refuses ${args.join(' ')} by name`, async () => {
                const { code, stdout, stderr } = await runDemo(...args);
                assert.equal(code, 1);
                assert.equal(stdout, '');
                assert.match(stderr, /^kasocki-demo: .*\n$/);
                assert.ok(stderr.includes(named), stderr);
            });
        }

        it('says that its port is taken', async () => {
            const other = net.createServer().listen(0, '127.0.0.1');
            await once(other, 'listening');
            const { port } = other.address();
            const { code, stderr } = await runDemo('--port', String(port));
            other.close();
            assert.equal(code, 1);
            assert.match(stderr, new RegExp(`^kasocki-demo: port ${port} is taken.*--port.*\\n$`));
        });

        for (const signal of ['SIGINT', 'SIGTERM']) {
            it(`ends cleanly on ${signal}, with a page open`, async () => {
                const demo = await startDemo();
                const { page, close } = await openPage(demo.url);
                await isReady(page);
                await page.click('#start');
                await received(page, 1);
                assert.deepEqual(await demo.end(signal), { code: 0, signal: null });
                assert.equal(demo.stderr, '');
                await close();
                await assert.rejects(get(demo.url), { code: 'ECONNREFUSED' });
            });
        }
    });

    describe('with its own Kafka', () => {
        let demo;
        let page;
        let errors;
        let requests;
        let close;

        before(async () => {
            demo = await startDemo('--rate', '200');
        });
        after(() => demo.end());
        beforeEach(async () => {
            ({ page, errors, requests, close } = await openPage(demo.url));
            await isReady(page);
        });
        afterEach(() => close());

        it('shows messages as they come: the newest on top, so many and no more', async () => {
            await page.check('input[value=beginning]');
            await page.click('#start');
            await received(page, 700);
            await page.click('#stop');
            await page.waitForSelector('#start:enabled');
            await page.waitForFunction(() => document.querySelectorAll('#messages > li').length === 200);
            const rows = await rowsOf(page);
            assert.deepEqual([...new Set(rows.map(({ topic }) => topic))].sort(),
                ['demo.orders', 'demo.page-edits', 'demo.sensor-readings']);
            const above = new Map();
            for (const { topic, place: [partition, offset] } of rows) {
                const key = `${topic}/${partition}`;
                assert.ok(!above.has(key) || above.get(key) === offset + 1, `${key}: ${above.get(key)} above ${offset}`);
                above.set(key, offset);
            }
            const [{ key, preview }] = rows;
            assert.notEqual(key, '');
            assert.match(preview, /^\{".*/);
        });

        it('makes no request to another place, and logs no error', async () => {
            await page.click('#start');
            await received(page, 20);
            assert.deepEqual(requests.filter((url) => !url.startsWith(demo.url)), []);
            assert.ok(requests.some((url) => url.endsWith('/socket.io/socket.io.min.js')));
            assert.deepEqual(errors, []);
        });

        it('starts at the end unless told otherwise, and tells where it is', async () => {
            await choose(page, 'demo.orders');
            await page.click('#start');
            await received(page, 10);
            await page.click('#stop');
            await page.waitForSelector('#start:enabled');
            const rows = await rowsOf(page);
            assert.ok(rows.every(({ topic, place: [, offset] }) => topic === 'demo.orders' && offset > 20));
            const positions = await page.$$eval('#positions tr', (list) => list.map(({ cells }) => [...cells].map((cell) => cell.textContent)));
            assert.deepEqual(positions.map((cells) => cells.slice(0, 3)), [['demo.orders', '0', 'end'], ['demo.orders', '1', 'end']]);
            const got = positions.reduce((sum, cells) => sum + Number(cells[4]), 0);
            assert.equal(got, await receivedOf(page));
        });

        it('offers no time, which its Kafka could not look up', async () => {
            const values = await page.$$eval('input[name=start]', (radios) => radios.map(({ value }) => value));
            assert.deepEqual(values, ['end', 'last', 'beginning']);
        });

        it('narrows by a filter, from its acknowledgement on, and widens again', async () => {
            await page.click('#start');
            await received(page, 10);
            await page.click('#examples summary');
            await page.click('text=edits by people');
            await page.waitForFunction(() => document.getElementById('filter-state').textContent.startsWith('In force: {"wiki"'));
            await page.click('#clear');
            await shown(page, 20);
            const rows = await rowsOf(page);
            for (const { preview } of rows) {
                assert.match(preview, /"wiki":"(en|de)wiki".*"bot":false/);
            }
            await page.click('#filter-clear');
            await page.waitForFunction(() => document.getElementById('filter-state').textContent.startsWith('No filter'));
            await page.waitForFunction(() => document.getElementById('messages').textContent.includes('"celsius"'));
            assert.deepEqual(errors, []);
        });

        it('stops, and pulls one', async () => {
            await page.click('#start');
            await received(page, 10);
            await page.click('#stop');
            await page.waitForSelector('#start:enabled');
            const before = await receivedOf(page);
            // The next message of all: had another come meanwhile, it would be counted as well.
            await page.click('#pull');
            await page.waitForSelector('#messages .pulled');
            assert.equal(await receivedOf(page), before + 1);
            const rows = await rowsOf(page);
            assert.deepEqual(rows.map(({ pulled }) => pulled), [true, ...Array(rows.length - 1).fill(false)]);
            await page.click('#start');
            await received(page, before + 20);
            assert.deepEqual(errors, []);
        });

        it('pulls without having started', async () => {
            await page.click('#pull');
            await page.waitForSelector('#messages .pulled');
            assert.equal(await receivedOf(page), 1);
            assert.equal(await page.isEnabled('#start'), true);
        });

        it('checks a filter while it is typed', async () => {
            await page.fill('#filter', '{ "wiki": ');
            assert.match(await page.textContent('#filter-error'), /^This is no JSON/);
            assert.equal(await page.getAttribute('#filter', 'aria-invalid'), 'true');
            await page.click('#filter-apply');
            await page.fill('#filter', '["$.wiki", ');
            assert.match(await page.textContent('#filter-error'), /^This is no JSON/);
            await page.fill('#filter', '{ "wiki": "enwiki" }');
            assert.equal(await page.textContent('#filter-error'), '');
            await page.press('#filter', 'Control+Enter');
            await page.waitForFunction(() => document.getElementById('filter-state').textContent === 'In force: {"wiki":"enwiki"}');
            // The broken ones were not sent.
            const sent = await page.$$eval('#events .out', (events) => events.map(({ textContent }) => textContent));
            assert.deepEqual(sent, ['→filter{"wiki":"enwiki"}']);
        });

        it('shows the error that a filter is refused with', async () => {
            await applyFilter(page, '{ "user": { "bot": true } }');
            await page.waitForSelector('#error:visible');
            assert.equal(await page.textContent('#error-name'), 'InvalidFilterError');
            const message = await page.textContent('#error-message');
            assert.match(message, /user/);
            assert.equal(await page.textContent('#filter-error'), message);
            assert.match(await page.textContent('#events .error'), /InvalidFilterError/);
            await page.click('#error-close');
            assert.equal(await page.isVisible('#error'), false);
            assert.match(await page.textContent('#filter-state'), /^No filter/);
        });

        it('narrows by an expression, and by several filters', async () => {
            const expression = '$.length.new > 30000 && !($.user.bot == true)';
            await applyFilter(page, expression);
            await page.waitForFunction((text) => document.getElementById('filter-state').textContent === `In force: ${text}`, expression);
            await choose(page, 'demo.page-edits', 'demo.orders');
            await page.click('#start');
            await shown(page, 5);
            await applyFilter(page, `["${expression}", { "minor": true }]`);
            await page.waitForFunction(() => document.getElementById('filter-state').textContent.startsWith('In force: ["$.length'));
            await page.click('#clear');
            await shown(page, 3);
            const seen = (await rowsOf(page)).map(({ preview }) => preview);
            for (const preview of seen) {
                assert.match(preview, /"bot":false.*"new":[3-9]\d{4}.*"minor":true/);
            }
            await page.click('#stop');
            await page.click('#filter-clear');
            await page.waitForFunction(() => document.getElementById('filter-state').textContent.startsWith('No filter'));
            await page.click('#again');
            assert.deepEqual(errors, []);
        });

        it('shows where an expression is wrong', async () => {
            const fault = () => page.$$eval('#filter-fault > *', (parts) => parts.map(({ textContent }) => textContent));
            for (const [text, ...expected] of [
                ['  $.wiki == "😀" && $.user.bot = true', '  $.wiki == "😀" && $.user.bot ', '=', ' true'],
                ['$.user.bot ==', '$.user.bot ==', '', ''],
                ['$.a == 😀', '$.a == ', '😀', ''],
                [`$.${'a'.repeat(100)} == b${'c'.repeat(100)}`, `…${'a'.repeat(28)} == `, 'b', `${'c'.repeat(32)}…`],
                ['[{ "a": 1 }, "$.a == b"]', '$.a == ', 'b', '']
            ]) {
                await applyFilter(page, text);
                await page.waitForSelector('#filter-fault:visible');
                assert.deepEqual(await fault(), expected);
                assert.match(await page.textContent('#filter-error'), /position \d+: /);
                assert.equal(await page.textContent('#error-name'), 'InvalidFilterError');
                // It goes as soon as something else is typed.
                await page.fill('#filter', '$.a');
                assert.equal(await page.isVisible('#filter-fault'), false);
                assert.equal(await page.textContent('#filter-error'), '');
            }
            // A fault without a place is shown without one.
            await applyFilter(page, '{ "a": {} }');
            await page.waitForFunction(() => document.getElementById('filter-error').textContent !== '');
            assert.equal(await page.isVisible('#filter-fault'), false);
            await page.fill('#filter', '');
            await page.click('#error-close');
        });

        it('wants a topic before it starts', async () => {
            await choose(page);
            await page.click('#start');
            assert.match(await page.textContent('#choice-error'), /at least one topic/);
        });

        it('chooses again on another socket, where the filter stays', async () => {
            await applyFilter(page, '{ "sensor": "/./" }');
            await page.waitForFunction(() => document.getElementById('filter-state').textContent.startsWith('In force'));
            await choose(page, 'demo.orders', 'demo.sensor-readings');
            await page.click('#start');
            await received(page, 5);
            assert.equal(await page.isDisabled('input[name=topic] >> nth=0'), true);
            await page.click('#again');
            await page.waitForSelector('#start:enabled');
            await choose(page, 'demo.sensor-readings');
            await page.click('#clear');
            await page.click('#start');
            await received(page, 5);
            assert.deepEqual(new Set((await rowsOf(page)).map(({ topic }) => topic)), new Set(['demo.sensor-readings']));
            assert.deepEqual(errors, []);
        });

        it('opens a message by the keyboard', async () => {
            await page.click('#pull');
            await page.waitForSelector('#messages .pulled');
            await page.focus('#messages');
            await page.keyboard.press('Tab');
            await page.keyboard.press('Enter');
            const text = await page.textContent('#messages pre');
            const message = JSON.parse(text);
            assert.match(message._kafka.topic, /^demo\./);
            assert.equal(typeof message._kafka.headers.type, 'string');
        });

        it('fits a phone', async () => {
            await page.setViewportSize({ width: 360, height: 740 });
            await page.click('#start');
            await received(page, 20);
            const { scrollWidth, clientWidth } = await page.evaluate(() => {
                const { scrollWidth, clientWidth } = document.documentElement;
                return { scrollWidth, clientWidth };
            });
            assert.equal(scrollWidth, clientWidth);
        });

        it('lets only pages of its own in', async () => {
            const handshake = `${demo.url}socket.io/?EIO=4&transport=polling`;
            const { host } = new URL(demo.url);
            assert.equal((await get(handshake)).statusCode, 200);
            assert.equal((await get(handshake, { Origin: `http://${host}` })).statusCode, 200);
            assert.equal((await get(handshake, { Origin: FOREIGN })).statusCode, 403);
            assert.equal((await get(handshake, { Origin: 'null' })).statusCode, 403);
            assert.equal((await get(handshake, { Host: 'elsewhere.example' })).statusCode, 403);
            assert.equal((await get(demo.url, { Host: 'elsewhere.example' })).statusCode, 403);
            assert.equal((await get(`${demo.url}../package.json`)).statusCode, 404);
            const { headers } = await get(demo.url);
            assert.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self';/);
            assert.doesNotMatch(headers['content-security-policy'], /unsafe|\*/);
        });

        it('is there at 127.0.0.1 as well as at localhost', async () => {
            const { port } = new URL(demo.url);
            const other = await openPage(`http://127.0.0.1:${port}/`);
            await isReady(other.page);
            await other.page.click('#start');
            await received(other.page, 5);
            assert.deepEqual(other.errors, []);
            await other.close();
        });
    });

    it('comes back by itself when the server was away', async () => {
        const first = await startDemo();
        const { port } = new URL(first.url);
        const { page, close } = await openPage(first.url);
        await isReady(page);
        await applyFilter(page, '{ "_kafka.topic": "demo.orders" }');
        await page.click('#start');
        await received(page, 3);
        await first.end();
        await page.waitForSelector('#connection[data-state=connecting]');
        await page.click('#clear');
        const second = await startDemo('--port', port);
        await isReady(page);
        await received(page, 3);
        assert.deepEqual(new Set((await rowsOf(page)).map(({ topic }) => topic)), new Set(['demo.orders']));
        await close();
        await second.end();
    });

    describe('with a real Kafka', () => {
        before(kafka.start);

        const open = [];
        /** Starts the demo and its page, which end with the test. */
        async function openDemo(...args) {
            const demo = await startDemo('--brokers', kafka.brokers, ...args);
            open.push(() => demo.end());
            const opened = await openPage(demo.url);
            open.push(opened.close);
            return { demo, ...opened };
        }
        afterEach(async () => {
            while (open.length > 0) {
                await open.pop()();
            }
        });

        it('shows what is in a topic and what comes, and writes nothing', async () => {
            const topic = await kafka.createTopic({ partitions: 2 });
            await kafka.produce(topic, [0, 1, 2, 3].map((n) => ({ value: { n }, partition: n % 2, key: `key ${n}` })));
            const { demo, page, errors } = await openDemo();
            await choose(page, topic);
            await page.check('input[value=beginning]');
            await page.click('#start');
            await received(page, 4);
            await kafka.produce(topic, [{ value: { n: 4 } }]);
            await shown(page, 5);
            const rows = await rowsOf(page);
            assert.deepEqual(rows.map(({ preview }) => preview).sort(), [0, 1, 2, 3, 4].map((n) => JSON.stringify({ n })));
            assert.equal(rows[0].preview, '{"n":4}');
            assert.deepEqual(await kafka.endOffsets(topic), [3, 2]);
            assert.match(demo.stdout, /Stream +none/);
            assert.deepEqual(errors, []);
        });

        it('starts at a time, or so many records before the end', async () => {
            const topic = await kafka.createTopic();
            const minutesAgo = (minutes) => Date.now() - minutes * 60000;
            await kafka.produce(topic, [...Array(20).keys()].map((n) => ({ value: { n }, timestamp: minutesAgo(200 - 10 * n) })));
            const { page, errors } = await openDemo();
            const numbers = async () => (await rowsOf(page)).map(({ preview }) => JSON.parse(preview).n).reverse();
            const from = (n) => [...Array(20 - n).keys()].map((i) => n + i);
            await choose(page, topic);
            // As it is offered: an hour ago. The first one after that was 50 minutes ago, or the clock has moved on meanwhile.
            await page.check('input[value=time]');
            await page.click('#start');
            await page.waitForFunction(() => document.getElementById('messages').textContent.includes('{"n":19}'));
            assert.deepEqual((await numbers()).slice(-5), from(15));
            assert.ok((await numbers()).length <= 6);

            await page.click('#again');
            await page.click('#clear');
            await choose(page, topic);
            // The field is of the browser's zone.
            const local = await page.evaluate((time) => {
                const date = new Date(time);
                return new Date(time - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
            }, minutesAgo(105));
            await page.fill('#time', local);
            assert.ok(await page.isChecked('input[value=time]'));
            await page.click('#start');
            await shown(page, 10);
            assert.deepEqual(await numbers(), from(10));

            await page.click('#again');
            await choose(page, topic);
            await page.fill('#time', '');
            await page.click('#start');
            await page.waitForFunction(() => document.getElementById('choice-error').textContent === 'Give a date and a time.');

            await page.click('#clear');
            await page.check('input[value=last]');
            await page.click('#start');
            await shown(page, 10);
            assert.deepEqual(await numbers(), from(10));
            assert.deepEqual(errors, []);
        });

        it('shows nothing but text, whatever is in Kafka', async () => {
            const topic = await kafka.createTopic();
            const attack = '<img src="x" onerror="window.attacked = true"><script>window.attacked = true</script>';
            await kafka.produce(topic, [
                { value: { [attack]: attack }, key: attack, headers: { [attack]: attack } },
                { value: [attack] },
                { value: { _kafka: attack, __proto__: null, constructor: attack } },
            ]);
            const { page, errors } = await openDemo();
            await choose(page, topic);
            await page.check('input[value=beginning]');
            await page.click('#start');
            await shown(page, 3);
            for (const summary of await page.locator('#messages summary').all()) {
                await summary.click();
            }
            await page.waitForFunction(() => document.querySelectorAll('#messages pre').length === 3);
            assert.equal(await page.locator('#messages').locator('img, script').count(), 0);
            assert.equal(await page.evaluate(() => window.attacked), undefined);
            const text = await page.textContent('#messages li:last-child pre');
            assert.equal(JSON.parse(text)[attack], attack);
            assert.deepEqual(errors, []);
        });

        it('writes its stream there if told to', async () => {
            const topics = ['demo.page-edits', 'demo.orders', 'demo.sensor-readings'];
            // They may be there from another run, on a Kafka that stays.
            await Promise.all(topics.map((topic) => kafka.createTopic({ topic }).catch(({ type }) => assert.equal(type, 'TOPIC_ALREADY_EXISTS'))));
            const { demo, page } = await openDemo('--produce', '--rate', '20');
            assert.match(await page.textContent('#about'), /your Kafka, 20 made-up events/);
            await choose(page, ...topics);
            await page.click('#start');
            await received(page, 20);
            assert.match(demo.stdout, /20 events a second/);
            assert.equal(demo.stderr, '');
        });
    });

    it('goes on writing where Kafka refuses a topic for a while', () => {
        const warnings = [];
        const stream = new EventStream('127.0.0.1:1', 1, { warn: ({ err }, text) => warnings.push(`${text}: ${err.code}`) });
        stream.producer.close();
        let known = false;
        let written = 0;
        stream.producer = {
            produce() {
                if (!known) {
                    throw Object.assign(new Error('Local: Unknown topic'), { code: '_UNKNOWN_TOPIC' });
                }
                written++;
                return true;
            },
            flush: async () => {},
            close() {},
        };
        stream.write(3);
        stream.write(3);
        stream.check();
        stream.check();
        assert.deepEqual(warnings.map((text) => text.replace(/.*: /, '')), ['_UNKNOWN_TOPIC']);
        known = true;
        stream.write(3);
        assert.equal(written, 3);
        stream.end();
    });

    it('shows that Kafka is away, and goes on trying', async () => {
        const closed = net.createServer().listen(0, '127.0.0.1');
        await once(closed, 'listening');
        const { port } = closed.address();
        closed.close();
        const demo = await startDemo('--brokers', `127.0.0.1:${port}`);
        const { page, close } = await openPage(demo.url);
        await page.waitForSelector('#error:visible');
        assert.equal(await page.textContent('#error-name'), 'KafkaError');
        assert.ok(!(await page.textContent('body')).includes(String(port)));
        await page.waitForFunction(() => document.querySelectorAll('#events .error').length >= 2);
        await close();
        assert.deepEqual(await demo.end(), { code: 0, signal: null });
    });
});
