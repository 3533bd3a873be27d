'use strict';

// The option `filter`: what every message must pass too, whatever the client asks. The client does not learn it.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { Kasocki, errorOf, memoryLogger, readyClient, resultOf, serve } = require('./support/kasocki.js');
const { collectUntil, nextEvent, record } = require('./support/server.js');

describe('the server\'s own filter', () => {
    /** Records { n, tenant, kind }, n = 0 to 29: tenants a, b, c in turn, kinds x and y; the last one is for everybody. */
    let topic;
    const LAST = 30;
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
        await kafka.produce(topic, [
            ...Array.from({ length: LAST }, (_, n) => ({ value: { n, tenant: 'abc'[n % 3], kind: 'xy'[n % 2] }, key: `k${n % 3}` })),
            { value: { n: LAST, tenant: 'last', kind: 'last' }, key: 'last' },
        ]);
    });

    /** What a client gets from the start on, without the last one: its numbers. */
    async function numbersOf(server, filter, options) {
        const client = await readyClient(server, options);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        if (filter !== undefined) {
            await resultOf(client, 'filter', filter);
        }
        const messages = collectUntil(client, 'message', ({ n }) => n === LAST);
        await resultOf(client, 'start');
        const numbers = (await messages).map(({ n }) => n).slice(0, -1);
        assert.deepEqual(client.errs, []);
        return numbers;
    }

    const where = (test) => Array.from({ length: LAST }, (_, n) => n).filter(test);
    const isA = (n) => n % 3 === 0;
    const isX = (n) => n % 2 === 0;
    const OF_A = { tenant: ['a', 'last'] };
    const OF_X = { kind: ['x', 'last'] };

    it('holds without a filter of the client\'s', async () => {
        const server = await serve({ filter: OF_A });
        assert.deepEqual(await numbersOf(server), where(isA));
        await server.close();
    });

    it('holds beside the client\'s, and after it was switched off', async () => {
        const server = await serve({ filter: OF_A });
        assert.deepEqual(await numbersOf(server, OF_X), where((n) => isA(n) && isX(n)));
        for (const off of [null, false, '', 0, {}]) {
            assert.deepEqual(await numbersOf(server, off), where(isA));
        }
        // About the same path, and with the very same filter.
        assert.deepEqual(await numbersOf(server, { tenant: ['a', 'b', 'last'] }), where(isA));
        assert.deepEqual(await numbersOf(server, OF_A), where(isA));
        await server.close();
    });

    it('is not shown: neither by the ack of filter nor by any error', async () => {
        const server = await serve({ filter: OF_A });
        const client = await readyClient(server);
        const heard = record(client, 'err', 'message', 'ready');
        assert.deepEqual(await resultOf(client, 'filter', OF_X), OF_X);
        assert.equal(await resultOf(client, 'filter', null), null);
        await errorOf(client, 'filter', { kind: { a: 1 } });
        await errorOf(client, 'filter', { kind: '/(?=a)/' });
        await errorOf(client, 'subscribe', 'nowhere');
        assert.ok(!JSON.stringify(heard).includes('tenant'));
        await server.close();
    });

    it('may look at the metadata, and be a pattern', async () => {
        const server = await serve({ filter: { '_kafka.key': '/^(k1|last)$/' } });
        assert.deepEqual(await numbersOf(server), where((n) => n % 3 === 1));
        assert.deepEqual(await numbersOf(server, OF_X), where((n) => n % 3 === 1 && isX(n)));
        await server.close();
    });

    it('may be a function of the socket, or a Promise of one', async () => {
        const ask = ({ handshake }) => ({ tenant: [handshake.query.tenant, 'last'] });
        for (const filter of [ask, async (socket) => ask(socket)]) {
            const server = await serve({ filter });
            const [a, b] = await Promise.all(['a', 'b'].map((tenant) => numbersOf(server, undefined, { query: { tenant } })));
            assert.deepEqual([a, b], [where(isA), where((n) => n % 3 === 1)]);
            await server.close();
        }
    });

    it('applies to consume', async () => {
        const server = await serve({ filter: OF_A });
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 1 }]);
        assert.equal((await resultOf(client, 'consume')).n, 3);
        await resultOf(client, 'filter', OF_X);
        assert.equal((await resultOf(client, 'consume')).n, 6);
        await server.close();
    });

    it('applies in front of a matcherFactory\'s matcher, which does not see what it refuses', async () => {
        const seen = [];
        const matcherFactory = () => (message) => {
            seen.push(message.tenant);
            return message.kind !== 'y';
        };
        for (const filter of [OF_A, { '_kafka.key': ['k0', 'last'] }]) {
            const server = await serve({ filter, matcherFactory });
            assert.deepEqual(await numbersOf(server, { any: 1 }), where((n) => isA(n) && isX(n)));
            assert.deepEqual([...new Set(seen.splice(0))].sort(), ['a', 'last']);
            await server.close();
        }
    });

    it('applies to what a deserializer made', async () => {
        const deserializer = ({ value }) => {
            const { n, tenant, kind } = JSON.parse(value);
            return { n, owner: tenant, kind };
        };
        const server = await serve({ filter: { owner: ['a', 'last'] }, deserializer });
        assert.deepEqual(await numbersOf(server), where(isA));
        assert.deepEqual(await numbersOf(server, OF_X), where((n) => isA(n) && isX(n)));
        const matcherFactory = () => ({ kind }) => kind !== 'y';
        const both = await serve({ filter: { owner: ['a', 'last'] }, deserializer, matcherFactory });
        assert.deepEqual(await numbersOf(both, true), where((n) => isA(n) && isX(n)));
        await Promise.all([server.close(), both.close()]);
    });

    it('is evaluated once for all sockets that have the same, together with the client\'s', async () => {
        const server = await serve({ filter: OF_A });
        const clients = await Promise.all(Array.from({ length: 5 }, () => readyClient(server)));
        for (const client of clients) {
            await resultOf(client, 'filter', OF_X);
        }
        assert.equal(server.native().stats().classes, 1);
        await server.close();
    });

    const SECRET = 'hunter22';
    const wrong = {
        'a number': 5,
        'an empty text': '',
        'a blank text': '  ',
        'an empty array': [],
        'false': false,
        'an array of numbers': [1],
        'an object with an object': { a: { [SECRET]: 1 } },
        'a pattern that RE2 has not': { a: `/(?=${SECRET})/` },
        'a pattern that is too large': { a: '/\\p{L}{1,1000}/' },
        'a filter that is too large': { a: 'x'.repeat(65536) },
        'a function that throws': () => {
            throw new Error(SECRET);
        },
        'a function that rejects': () => Promise.reject(new Error(SECRET)),
        'a function that gives nothing': () => {},
        'a function that gives null': async () => null,
        'a function that gives a blank text': () => ' ',
        'a function that gives a wrong one': () => ({ a: { [SECRET]: 1 } }),
        'a function that gives a function': () => () => ({}),
        'a function that never answers': () => new Promise(() => {}),
    };
    for (const [name, filter] of Object.entries(wrong)) {
        it(`${name}: a failed start, whose error does not show it`, async () => {
            const logger = memoryLogger();
            const server = await serve({ filter, logger, connectTimeout: name.includes('never') ? 1000 : 10000 });
            const client = server.connect();
            const heard = record(client, 'ready', 'message');
            const ended = nextEvent(client, 'disconnect');
            const [error] = await nextEvent(client, 'err');
            assert.deepEqual(await ended.then(([reason]) => reason), 'io server disconnect');
            assert.equal(error.name, 'KasockiError');
            assert.match(error.message, /^Option "filter" /);
            assert.ok(!JSON.stringify(error).includes(SECRET), JSON.stringify(error));
            assert.deepEqual(heard, []);
            // The operator is told.
            const [line] = logger.lines.filter(({ level }) => level === 'error');
            assert.ok(line.err.message.includes('"filter"'));
            if (!/^a number|^false/.test(name)) assert.ok(line.err.cause.message.length > 0);
            await server.close();
        });
    }

    it('has no part in Kasocki.createMatcher', () => {
        assert.throws(() => Kasocki.createMatcher({ a: 'x'.repeat(65536) }), { name: 'InvalidFilterError' });
    });
});
