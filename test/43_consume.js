'use strict';

// `consume`: one message for one acknowledgement, however many wait; and what a message looks like when it arrives.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { errorOf, memoryLogger, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { ackOf, collect, nextEvent, record } = require('./support/server.js');

describe('consume', () => {
    /** 2,000 records { n, even }. */
    let topic;
    /** Nothing but what a test writes to it after it has subscribed; one test at a time. */
    let live;
    let server;
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
        live = await kafka.createTopic();
        await kafka.produce(topic, records(0, 2000));
        server = await serve();
    });
    after(() => server?.close());

    function* records(from, to) {
        for (let n = from; n < to; n++) {
            yield { value: { n, even: n % 2 === 0 } };
        }
    }

    const range = (from, to, step = 1) => Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);

    /** @returns {Promise<object>} a client that will read from an offset of `topic` */
    async function subscribed(offset = 0, options = {}) {
        const client = await readyClient(server, options);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset }]);
        return client;
    }

    /** Emits `consume`s in one tick. @returns {Promise<object[]>} the messages in the order in which they were asked for */
    const consume = (client, count) => Promise.all(Array.from({ length: count }, () => resultOf(client, 'consume')));
    const numbersOf = (messages) => messages.map(({ n }) => n);

    it('takes one message each, in order, from where it subscribed', async () => {
        const client = await subscribed(5);
        for (const n of [5, 6, 7]) {
            const [error, message, ...more] = await ackOf(client, 'consume');
            assert.equal(error, null);
            assert.deepEqual([message.n, message._kafka.offset, message._kafka.topic], [n, n, topic]);
            assert.deepEqual(more, []);
        }
    });

    it('ignores its argument', async () => {
        const client = await subscribed();
        const given = [null, 17, 'text', { a: 1 }, [], false];
        for (const [n, argument] of given.entries()) {
            assert.equal((await resultOf(client, 'consume', argument)).n, n);
        }
        assert.equal((await resultOf(client, 'consume', 'a', 'b', 'c')).n, given.length);
    });

    it('serves hundreds that wait in their order', async () => {
        const client = await subscribed();
        assert.deepEqual(numbersOf(await consume(client, 900)), range(0, 900));
    });

    for (const transports of [['polling'], ['polling', 'websocket']]) {
        it(`serves hundreds over ${transports}`, async () => {
            const client = await subscribed(0, { transports });
            for (const from of [0, 300, 600]) {
                assert.deepEqual(numbersOf(await consume(client, 300)), range(from, from + 300));
            }
        });
    }

    it('waits for messages that come later', async () => {
        const own = await serve();
        const client = await readyClient(own);
        await resultOf(client, 'subscribe', live);
        const order = [];
        const waiting = range(0, 500).map(async (i) => order.push([i, (await resultOf(client, 'consume')).n]));
        // They have arrived, and hold up nothing.
        await resultOf(client, 'filter', null);
        for (let from = 0; from < 500; from += 100) {
            await kafka.produce(live, records(from, from + 100));
        }
        await Promise.all(waiting);
        assert.deepEqual(order, range(0, 500).map((n) => [n, n]));
        await own.close();
    });

    it('while started takes the message for itself', async () => {
        const client = await subscribed();
        const consumed = [];
        const emitted = [];
        client.on('message', ({ n }) => {
            emitted.push(n);
        });
        client.emit('start');
        for (let i = 0; i < 100; i++) {
            client.emit('consume', (error, message) => consumed.push(message.n));
        }
        await until(() => consumed.length + emitted.length === 2000);
        assert.equal(consumed.length, 100);
        assert.deepEqual(consumed, [...consumed].sort((a, b) => a - b));
        assert.deepEqual(emitted, [...emitted].sort((a, b) => a - b));
        assert.deepEqual([...consumed, ...emitted].sort((a, b) => a - b), range(0, 2000));
    });

    it('comes before `message`', async () => {
        const own = await serve();
        const client = await readyClient(own);
        await resultOf(client, 'subscribe', live);
        const messages = collect(client, 'message', 2);
        await resultOf(client, 'start');
        const waiting = consume(client, 3);
        await resultOf(client, 'filter', null);
        await kafka.produce(live, records(0, 5));
        assert.deepEqual(numbersOf(await waiting), [0, 1, 2]);
        assert.deepEqual(numbersOf(await messages), [3, 4]);
        await own.close();
    });

    it('that waits survives stop, and gets what comes next', async () => {
        const own = await serve();
        const client = await readyClient(own);
        await resultOf(client, 'subscribe', live);
        const events = record(client, 'message');
        await resultOf(client, 'start');
        const waiting = consume(client, 2);
        await resultOf(client, 'stop');
        await resultOf(client, 'pause');
        await kafka.produce(live, records(0, 4));
        assert.deepEqual(numbersOf(await waiting), [0, 1]);
        assert.deepEqual(numbersOf(await consume(client, 1)), [2]);
        assert.deepEqual(events, []);
        const [message] = await Promise.all([nextEvent(client, 'message'), resultOf(client, 'start')]);
        assert.equal(message[0].n, 3);
        await own.close();
    });

    it('is served by the filter in force', async () => {
        const client = await subscribed();
        const odd = numbersOf(await Promise.all([
            resultOf(client, 'filter', { even: false }),
            ...range(0, 50).map(() => resultOf(client, 'consume')),
        ]).then(([, ...messages]) => messages));
        assert.deepEqual(odd, range(1, 100, 2));
    });

    it('without an acknowledgement takes nothing away', async () => {
        const client = await subscribed();
        client.emit('consume');
        client.emit('consume', null);
        client.emit('consume', 'no function');
        assert.deepEqual(numbersOf(await consume(client, 2)), [0, 1]);
        assert.deepEqual(client.errs, []);
    });

    it('before subscribe is a NotSubscribedError', async () => {
        const client = await readyClient(server);
        const err = nextEvent(client, 'err');
        const error = await errorOf(client, 'consume');
        assert.deepEqual([error.name, error.socketEvent, error.origin], ['NotSubscribedError', 'consume', 'Kasocki']);
        assert.deepEqual((await err)[0], error);
        // Without an acknowledgement it is told as well.
        client.emit('consume');
        assert.equal((await nextEvent(client, 'err'))[0].name, 'NotSubscribedError');
    });

    it('waits a thousand times at most', async () => {
        const own = await serve();
        const client = await readyClient(own);
        await resultOf(client, 'subscribe', live);
        const waiting = range(0, 1000).map(() => resultOf(client, 'consume'));
        await resultOf(client, 'stop');
        assert.deepEqual(client.errs, []);
        for (let i = 0; i < 3; i++) {
            assert.equal((await errorOf(client, 'consume')).name, 'LimitExceededError');
        }
        assert.equal(client.errs.length, 3);
        await kafka.produce(live, records(0, 1001));
        assert.deepEqual(numbersOf(await Promise.all(waiting)), range(0, 1000));
        assert.deepEqual(numbersOf(await consume(client, 1)), [1000]);
        await own.close();
    });

    it('is forgotten with the socket', async () => {
        const own = await serve();
        const [gone, client] = [await readyClient(own), await readyClient(own)];
        for (const one of [gone, client]) {
            await resultOf(one, 'subscribe', live);
        }
        range(0, 100).forEach(() => gone.emit('consume', () => assert.fail('served')));
        await resultOf(gone, 'filter', null);
        gone.disconnect();
        const waiting = consume(client, 1);
        await until(() => own.native().stats().sessions === 1);
        await kafka.produce(live, records(0, 1));
        assert.deepEqual(numbersOf(await waiting), [0]);
        await own.close();
    });

    it('works in a namespace', async () => {
        const own = await serve({}, { namespace: '/events' });
        const client = await readyClient(own, { namespace: '/events' });
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        assert.deepEqual(numbersOf(await consume(client, 10)), range(0, 10));
        const messages = collect(client, 'message', 10);
        await resultOf(client, 'start');
        assert.deepEqual(numbersOf(await messages), range(10, 20));
        await own.close();
    });
});

describe('a message', () => {
    let server;
    const logger = memoryLogger();
    before(kafka.start);
    before(async () => {
        server = await serve({ logger });
    });
    after(() => server?.close());

    /** Writes records to a new topic, and the last one by which the end is known. @returns {Promise<object[]>} what arrives */
    async function delivered(records) {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, [...records, { value: { last: true } }]);
        const own = await serve({ logger });
        const client = await readyClient(own);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        const messages = [];
        do {
            messages.push(await resultOf(client, 'consume'));
        } while (!messages[messages.length - 1].last);
        await resultOf(client, 'stop');
        assert.deepEqual(client.errs, []);
        await own.close();
        return messages.slice(0, -1);
    }

    it('carries topic, partition, offset, timestamp, key and headers', async () => {
        const [full, bare] = await delivered([
            { value: { a: { b: [1, 'ü€😀'] } }, key: 'ü', timestamp: 1234567890123, headers: { one: 'x', two: ['y', 'z'] } },
            { value: { _kafka: 'replaced', z: 1 }, timestamp: 5 },
        ]);
        assert.deepEqual(full.a, { b: [1, 'ü€😀'] });
        const { topic, ...rest } = full._kafka;
        assert.match(topic, /^test-/);
        assert.deepEqual(rest, { partition: 0, offset: 0, timestamp: 1234567890123, key: 'ü', headers: { one: 'x', two: ['y', 'z'] } });
        assert.deepEqual(Object.keys(bare), ['z', '_kafka']);
        assert.deepEqual(bare._kafka, { topic, partition: 0, offset: 1, timestamp: 5, key: null });
    });

    it('has keys and headers of any bytes, as base64 where they are no text', async () => {
        const bytes = Buffer.from([0xff, 0, 0xfe]);
        const [key, header, both] = await delivered([
            { value: {}, key: bytes },
            { value: {}, key: 'a"\\\n\0b', headers: { 'bin"': bytes, 'text': 'x' } },
            { value: {}, key: bytes, headers: { bin: [bytes, 'y'] } },
        ]);
        assert.deepEqual([key._kafka.key, key._kafka.base64], [bytes.toString('base64'), ['key']]);
        assert.equal(header._kafka.key, 'a"\\\n\0b');
        assert.deepEqual(header._kafka.headers, { 'bin"': bytes.toString('base64'), 'text': 'x' });
        assert.deepEqual(header._kafka.base64, ['headers.bin"']);
        assert.ok(both._kafka.base64.includes('key') && both._kafka.base64.includes('headers.bin'));
    });

    it('is an array without metadata where the record is one', async () => {
        assert.deepEqual(await delivered(['[1,{"a":2}]', '[]']), [[1, { a: 2 }], []]);
    });

    it('does not come of a record that is no JSON object or array; the stream goes on', async () => {
        const deep = (levels) => '['.repeat(levels) + ']'.repeat(levels);
        const bad = ['', { value: null, key: 'tombstone' }, Buffer.from('7b22ff223a317d', 'hex'), '{"a":', '17', '"text"', 'true', 'null', '\ufeff{}', '{"a":"\n"}', '{}x',
            deep(1025), "{'a':1}", '{"a":01}', Buffer.from([0xff, 0xfe]), '\u0000'];
        const messages = await delivered(bad.flatMap((record, n) => [record, { value: { n } }]));
        assert.deepEqual(messages.map(({ n }) => n), bad.map((_, n) => n));
        assert.deepEqual(messages.map(({ _kafka: { offset } }) => offset), bad.map((_, n) => 2 * n + 1));
        const skipped = logger.lines.filter(({ err }) => err?.name === 'DeserializationError');
        assert.ok(skipped.length > 0 && skipped.length < bad.length, `${skipped.length}`);
        assert.deepEqual([skipped[0].level, typeof skipped[0].offset], ['warn', 'number']);
    });

    it('comes of large, deep and odd ones', async () => {
        const deep = '{"a":'.repeat(1023) + '[]' + '}'.repeat(1023);
        const large = { text: 'x€'.repeat(225000) };
        const messages = await delivered([
            { value: large }, deep, '{"big":123456789012345678901234567890,"huge":1e400,"lone":"\\ud800","twice":1,"twice":2,"__proto__":{"x":1}}', ' {\t"a" : 1 }\r\n',
        ]);
        assert.equal(messages[0].text, large.text);
        let level = 0;
        for (let value = messages[1]; !Array.isArray(value); value = value.a) {
            level++;
        }
        assert.equal(level, 1023);
        assert.deepEqual([messages[2].big, messages[2].huge, messages[2].lone, messages[2].twice], [Number('123456789012345678901234567890'), Infinity, '\ud800', 2]);
        assert.equal(Object.getOwnPropertyDescriptor(messages[2], '__proto__').value.x, 1);
        assert.equal(messages[3].a, 1);
    });
});
