'use strict';

// `filter` through a socket. What filters mean is tested with the matcher alone; here it is what they do to a stream.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { errorOf, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { ackOf, collect, nextEvent, record } = require('./support/server.js');

describe('filter', () => {
    /** Records { n, kind: 'a' | 'b' | 'c', tags, user? } with key k<n>, a header and a timestamp. */
    let topic;
    let server;
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
        await kafka.produce(topic, Array.from({ length: 30 }, (_, n) => ({
            value: { n, kind: 'abc'[n % 3], tags: [`t${n % 2}`, n], ...(n % 5 === 0 ? { user: { name: `u${n}`, bot: n % 2 === 0 } } : {}) },
            key: `k${n}`,
            headers: { type: n % 4 ? 'edit' : 'log' },
            timestamp: 1000 + n,
        })));
        server = await serve();
    });
    after(() => server?.close());

    /** @returns {Promise<object>} a client that will read from the beginning */
    async function subscribed(options) {
        const client = await readyClient(server, options);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        return client;
    }

    /** @returns {Promise<number>} */
    async function next(client) {
        return (await resultOf(client, 'consume')).n;
    }

    /** @returns {number[]} the numbers from 0 to 29 that fulfil a condition */
    const numbers = (condition) => Array.from({ length: 30 }, (_, n) => n).filter(condition);

    const cases = [
        [{ kind: 'a' }, (n) => n % 3 === 0],
        [{ 'kind': '/^[ab]$/', 'user.bot': true }, (n) => n % 3 < 2 && n % 10 === 0],
        [{ 'user.name': '/5$/' }, (n) => n % 10 === 5],
        [{ 'tags.0': 't1' }, (n) => n % 2 === 1],
        [{ tags: ['t0', 4] }, (n) => n === 4],
        [{ kind: ['b', 'c'] }, (n) => n % 3 > 0],
        [{ '_kafka.key': '/^k1[0-3]$/' }, (n) => n >= 10 && n <= 13],
        [{ '_kafka.headers.type': 'log' }, (n) => n % 4 === 0],
        [{ '_kafka.timestamp': 1007 }, (n) => n === 7],
        [{ '_kafka.offset': ['3', 4, 5] }, (n) => n === 4 || n === 5],
        [{ '_kafka.partition': 0, 'kind': 'c' }, (n) => n % 3 === 2],
        [{}, () => true],
        ['$.n < 7', (n) => n < 7],
        ["$.kind == 'a' && !$.user", (n) => n % 3 === 0 && n % 5 !== 0],
        ['$.user.bot == true || $.n == 1', (n) => n % 10 === 0 || n === 1],
        ["$.tags[?@ == 't1'] && $.n > 20", (n) => n % 2 === 1 && n > 20],
        ["match($._kafka.key, 'k1[0-3]')", (n) => n >= 10 && n <= 13],
        ["search(value($..name), '5')", (n) => n % 10 === 5],
        ['$[?@.timestamp >= 1025]', (n) => n >= 25],
        ["$..[?@.type == 'log']", (n) => n % 4 === 0],
        ['count($.*) == 5', (n) => n % 5 === 0],
        ['length($.tags) == 2 && $._kafka.offset == 4', (n) => n === 4],
        [[{ kind: ['a', 'b'] }, '$.n >= 10', { 'tags.0': 't0' }], (n) => n % 3 < 2 && n >= 10 && n % 2 === 0],
    ];
    for (const [filter, condition] of cases) {
        it(JSON.stringify(filter), async () => {
            const client = await subscribed();
            assert.deepEqual(await resultOf(client, 'filter', filter), filter);
            const messages = record(client, 'message');
            await resultOf(client, 'start');
            await until(() => messages.length >= numbers(condition).length);
            // What came too much would come before this one.
            const sentinel = JSON.stringify(filter);
            await resultOf(client, 'filter', { sentinel });
            await kafka.produce(topic, [{ value: { sentinel } }]);
            await until(() => messages.some(([, message]) => message.sentinel === sentinel));
            assert.deepEqual(messages.map(([, { n }]) => n).filter((n) => n !== undefined), numbers(condition));
        });
    }

    it('may come before subscribe, and goes by what is in force when a message is served', async () => {
        const client = await readyClient(server);
        assert.deepEqual(await resultOf(client, 'filter', { kind: 'b' }), { kind: 'b' });
        assert.deepEqual(await resultOf(client, 'filter', { kind: 'c' }), { kind: 'c' });
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        assert.equal(await next(client), 2);
        assert.equal(await next(client), 5);
    });

    it('takes effect at the earliest match not yet delivered; what was refused stays refused', async () => {
        const client = await subscribed();
        await resultOf(client, 'filter', { kind: 'a' });
        assert.equal(await next(client), 0);
        // 3 is the earliest match of the old filter: 1 and 2 were refused.
        await resultOf(client, 'filter', { kind: 'b' });
        assert.equal(await next(client), 4);
        await resultOf(client, 'filter', { kind: 'c' });
        assert.equal(await next(client), 8);
        await resultOf(client, 'filter', null);
        assert.deepEqual([await next(client), await next(client)], [11, 12]);
    });

    it('falsy switches it off', async () => {
        for (const args of [[], [undefined], [null], [false], [0], ['']]) {
            const client = await subscribed();
            await resultOf(client, 'filter', { kind: 'nothing' });
            assert.deepEqual(await ackOf(client, 'filter', ...args), [null, null]);
            assert.deepEqual([await next(client), await next(client)], [0, 1]);
            client.disconnect();
        }
    });

    it('answers with the filters in force as plain JSON, regular expressions as text', async () => {
        const client = await readyClient(server);
        const filters = { 'a.b': '/^x\\/y$/', 'c': ['/z/', 1, null, true], 'd': null, 'e': 1.5, 'f': false, '__proto__x': 'y' };
        assert.deepEqual(await resultOf(client, 'filter', filters), filters);
    });

    it('answers with expressions as they are in force: trimmed, without what is blank', async () => {
        const client = await readyClient(server);
        assert.equal(await resultOf(client, 'filter', '\n  $.a  ==  1\t'), '$.a  ==  1');
        assert.deepEqual(await resultOf(client, 'filter', [' $.a ', '', { b: 1 }, '  ']), ['$.a', { b: 1 }]);
        assert.equal(await resultOf(client, 'filter', '   '), null);
        assert.equal(await resultOf(client, 'filter', ['', ' ']), null);
    });

    it('is the same class however it is written', async () => {
        const own = await serve();
        const filters = [{ kind: 'b', n: 1 }, "$.kind == 'b' && $.n == 1", "@['n'] == 1.0 && \"b\" == $['kind']", ['!($.n != 1)', { kind: 'b' }]];
        const clients = await Promise.all(filters.map(async (filter) => {
            const client = await readyClient(own);
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
            await resultOf(client, 'filter', filter);
            return client;
        }));
        assert.deepEqual(await Promise.all(clients.map(next)), [1, 1, 1, 1]);
        assert.equal(own.native().stats().classes, 1);
        await own.close();
    });

    it('is one socket\'s own, and shared where it is equal', async () => {
        const clients = await Promise.all(Array.from({ length: 9 }, () => subscribed()));
        await Promise.all(clients.map(async (client, i) => {
            await resultOf(client, 'filter', { kind: 'abc'[i % 3] });
            const messages = collect(client, 'message', 10);
            await resultOf(client, 'start');
            assert.deepEqual((await messages).map(({ n }) => n), numbers((n) => n % 3 === i % 3));
        }));
    });

    it('serves waiting consumes by the filter in force when they are served', async () => {
        const live = await kafka.createTopic();
        const own = await serve();
        const client = await readyClient(own);
        await resultOf(client, 'subscribe', live);
        await resultOf(client, 'filter', { kind: 'old' });
        const waiting = [resultOf(client, 'consume'), resultOf(client, 'consume')];
        await resultOf(client, 'filter', { kind: 'new' });
        await kafka.produce(live, ['old', 'new', 'old', 'new'].map((kind, n) => ({ value: { n, kind } })));
        assert.deepEqual((await Promise.all(waiting)).map(({ n }) => n), [1, 3]);
        await own.close();
    });

    describe('refused', () => {
        /** What is no filter, as JavaScript that socket.io carries. */
        const bad = [
            true, 1, -1, 1e300, 'text', '$.', '@.a ==', [], [null], [[]], [{}, 1], ['$.a', '$$'], { a: {} }, { a: { b: 1 } }, { a: [[]] }, { a: [{}] }, { a: [['b']] }, { a: [1, { b: 2 }] }, { '': {} },
            { a: '/(/' }, { a: '/[/' }, { a: '/(?=x)/' }, { a: '/(?<!x)y/' }, { a: '/(x)\\1/' }, { a: '/x{1001}/' }, { a: '/x{2,1}/' }, { a: '/*/' },
            { a: '/\\/' }, { ok: 1, bad: {} }, JSON.parse('{"__proto__":{"a":1}}'), { constructor: {} }, { a: Buffer.from('x') }, { a: '/' + '('.repeat(5000) + '/' },
            { a: '/((((x{100}){100}){100}){100})/' },
        ];

        it('is an InvalidFilterError; the filter before stays in force', async () => {
            const client = await subscribed();
            await resultOf(client, 'filter', { kind: 'b' });
            for (const filter of bad) {
                const err = nextEvent(client, 'err');
                const error = await errorOf(client, 'filter', filter);
                assert.deepEqual((await err)[0], error);
                assert.equal(error.name, 'InvalidFilterError', JSON.stringify(filter));
                assert.equal(error.socketEvent, 'filter');
                assert.ok('filters' in error && JSON.stringify(error.filters).length < 1200, JSON.stringify(error));
                assert.ok(error.message.length > 5);
            }
            assert.equal(client.errs.length, bad.length);
            assert.deepEqual([await next(client), await next(client)], [1, 4]);
        });

        it('says where an expression is wrong', async () => {
            const client = await readyClient(server);
            for (const [filter, position, wrong] of [
                ['$.a ==', 6, '$.a =='],
                ['  $.price < 10 && $.user.bot = false', 29, '  $.price < 10 && $.user.bot = false'],
                [[{ a: 1 }, '$.é😀 == )'], 9, '$.é😀 == )'],
            ]) {
                const error = await errorOf(client, 'filter', filter);
                assert.deepEqual([error.name, error.position, error.filter], ['InvalidFilterError', position, wrong]);
                assert.deepEqual(error.filters, filter);
                assert.match(error.message, new RegExp(`position ${position}: `));
            }
        });

        it('says what RE2 cannot do', async () => {
            const client = await readyClient(server);
            for (const [filter, about] of [['/(?=x)/', /look/i], ['/(x)\\1/', /back-?\s?reference/i], ['/x{2000}/', /repe(at|tition)|1000/i]]) {
                assert.match((await errorOf(client, 'filter', { a: filter })).message, about);
            }
        });

        it('is a filter too large, quickly', async () => {
            const client = await readyClient(server);
            for (const [filter, kind] of [
                [{ a: 'x'.repeat(100000) }, 'LimitExceededError'],
                [{ ['x'.repeat(100000)]: 1 }, 'LimitExceededError'],
                [Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`path${i}`, i])), 'InvalidFilterError'],
                [{ a: Array(100000).fill(1) }, 'LimitExceededError'],
                [`$.a == '${'x'.repeat(100000)}'`, 'LimitExceededError'],
                [Array(20000).fill('$.a'), 'LimitExceededError'],
                ['('.repeat(10000) + '$.a' + ')'.repeat(10000), 'InvalidFilterError'],
                [`$${'[?@'.repeat(10000)}${']'.repeat(10000)}`, 'InvalidFilterError'],
            ]) {
                const error = await errorOf(client, 'filter', filter);
                assert.equal(error.name, kind);
            }
        });
    });
});
