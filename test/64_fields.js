'use strict';

// The option `fields`: what is cut from messages before the client's filter sees them. (What is cut how: 13_fields.js.)

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { memoryLogger, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { collectUntil, nextEvent } = require('./support/server.js');

describe('fields', () => {
    let topic;
    const LAST = 9;
    const user = (n) => ({ name: `u${n}`, email: `u${n}@example.org` });
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
        const values = Array.from({ length: LAST }, (_, n) => ({ n, user: user(n), items: [{ id: n, price: n }, { id: n + 1, price: 1 }] }));
        await kafka.produce(topic, [
            ...values.map((value, n) => ({ value, key: `k${n}`, timestamp: 1000 + n })),
            { value: { n: LAST, user: { name: 'last', email: 'last' }, kind: 'last' }, key: 'last', timestamp: 1000 + LAST },
        ]);
    });

    /** A client that reads from the start on, up to the record that says `n: LAST`; that one is left out. */
    async function messagesOf(server, filter) {
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        if (filter) {
            await resultOf(client, 'filter', filter);
        }
        const messages = collectUntil(client, 'message', ({ n }) => n === LAST);
        await resultOf(client, 'start');
        assert.deepEqual(client.errs, []);
        return (await messages).slice(0, -1);
    }

    const metadata = (n) => ({ topic, partition: 0, offset: n, timestamp: 1000 + n, key: `k${n}` });

    it('drop: the rest of the message comes, with its metadata', async () => {
        const server = await serve({ fields: { drop: ['user.email', 'items.price', 'nothing'] } });
        assert.deepEqual((await messagesOf(server))[3], { n: 3, user: { name: 'u3' }, items: [{ id: 3 }, { id: 4 }], _kafka: metadata(3) });
        await server.close();
    });

    it('only: nothing else comes but the metadata', async () => {
        const server = await serve({ fields: { only: ['n', 'items.0.id'] } });
        assert.deepEqual((await messagesOf(server))[3], { n: 3, items: [{ id: 3 }, null], _kafka: metadata(3) });
        await server.close();
    });

    it('a filter of the client\'s cannot ask for what was cut', async () => {
        const servers = await Promise.all([{ drop: ['user.email'] }, { only: ['n', 'user.name'] }].map((fields) => serve({ fields })));
        const probes = ['/./', 'u3@example.org', ['u3@example.org', 'last']];
        for (const server of servers) {
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
            for (const probe of probes) {
                await resultOf(client, 'filter', { 'user.email': probe });
                const none = resultOf(client, 'consume');
                // It waits at the end of the log. What the new filter lets through comes after that.
                await until(() => server.native().stats().tailScans === 1);
                await resultOf(client, 'filter', { 'user.name': '/./' });
                await kafka.produce(topic, [{ value: { n: 100, user: user(100) } }]);
                assert.ok((await none).n >= 100);
            }
            await server.close();
        }
    });

    it('a filter of the client\'s sees what is left, metadata included', async () => {
        const server = await serve({ fields: { drop: ['user.email'] } });
        assert.deepEqual((await messagesOf(server, { 'user.name': ['u2', 'u5', 'last'] })).map(({ n }) => n), [2, 5]);
        assert.deepEqual((await messagesOf(server, { '_kafka.key': ['k2', 'last'] })).map(({ n }) => n), [2]);
        await server.close();
    });

    it('the server\'s own filter sees the whole message', async () => {
        const filter = { 'user.email': ['u2@example.org', 'u5@example.org', 'last'] };
        const server = await serve({ filter, fields: { drop: ['user.email', 'items'] } });
        assert.deepEqual((await messagesOf(server))[1], { n: 5, user: { name: 'u5' }, _kafka: metadata(5) });
        assert.deepEqual((await messagesOf(server, { 'user.name': ['u3', 'u5', 'last'] })).map(({ n }) => n), [5]);
        assert.deepEqual((await messagesOf(server, { '_kafka.key': ['k2', 'k3', 'last'] })).map(({ n }) => n), [2]);
        const keyed = await serve({ filter: { '_kafka.key': ['k4', 'last'], 'user.email': '/./' }, fields: { only: ['n'] } });
        assert.deepEqual(await messagesOf(keyed), [{ n: 4, _kafka: metadata(4) }]);
        await Promise.all([server.close(), keyed.close()]);
    });

    it('own filters of several sockets over the same cut: each gets its own', async () => {
        const filter = ({ handshake }) => ({ 'user.email': [`u${handshake.query.n}@example.org`, 'last'] });
        const server = await serve({ filter, fields: { drop: ['user.email'] } });
        const clients = await Promise.all([1, 2, 3, 2].map((n) => readyClient(server, { query: { n } })));
        const all = clients.map((client) => collectUntil(client, 'message', ({ n }) => n === LAST));
        await Promise.all(clients.map((client) => resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }])));
        await Promise.all(clients.map((client) => resultOf(client, 'start')));
        assert.deepEqual((await Promise.all(all)).map((messages) => messages.map(({ n }) => n)), [[1, LAST], [2, LAST], [3, LAST], [2, LAST]]);
        await server.close();
    });

    it('with metadata under another name, none, or joined to a member of the record\'s', async () => {
        const full = await kafka.createTopic();
        await kafka.produce(full, [{ value: { a: 1, b: 2, _kafka: 'mine', meta: { dt: 'x', secret: 1 } }, key: 'k', timestamp: 5 }]);
        const own = { topic: full, partition: 0, offset: 0, timestamp: 5, key: 'k' };
        for (const [options, expected] of [
            [{ fields: { drop: ['a'] } }, { b: 2, meta: { dt: 'x', secret: 1 }, _kafka: own }],
            [{ fields: { only: ['a'] } }, { a: 1, _kafka: own }],
            [{ fields: { only: ['a'] }, metadataField: false }, { a: 1 }],
            [{ fields: { only: ['a', '_kafka'] }, metadataField: false }, { a: 1, _kafka: 'mine' }],
            [{ fields: { only: ['a'] }, metadataField: 'x.y' }, { 'a': 1, 'x.y': own }],
            [{ fields: { drop: ['_kafka', 'b', 'meta'] }, metadataField: 'k' }, { a: 1, k: own }],
            [{ fields: { only: ['a'] }, metadataField: 'meta' }, { a: 1, meta: own }],
            [{ fields: { only: ['meta.dt'] }, metadataField: 'meta' }, { meta: { dt: 'x', ...own } }],
            [{ fields: { drop: ['meta.secret', 'a', 'b', '_kafka'] }, metadataField: 'meta' }, { meta: { dt: 'x', ...own } }],
            [{ fields: { drop: ['meta', 'a', 'b', '_kafka'] }, metadataField: 'meta' }, { meta: own }],
        ]) {
            const server = await serve(options);
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic: full, partition: 0, offset: 0 }]);
            assert.deepEqual(await resultOf(client, 'consume'), expected, JSON.stringify(options));
            await server.close();
        }
    });

    it('a path to the metadata is a failed start: it is never cut', async () => {
        for (const options of [
            { fields: { drop: ['a', '_kafka.key'] } },
            { fields: { only: ['_kafka'] } },
            { fields: { drop: ['source.key'] }, metadataField: 'source' },
        ]) {
            const server = await serve(options);
            const client = server.connect();
            const ended = nextEvent(client, 'disconnect');
            const [error] = await nextEvent(client, 'err');
            assert.match(error.message, /^Option "fields" .*metadata/);
            assert.deepEqual(await ended.then(([reason]) => reason), 'io server disconnect');
            await server.close();
        }
    });

    it('a path in another notation is a failed start: it would cut nothing', async () => {
        const foreign = ['$.user.email', '$', '@.user', '/user/email', 'items[].price', 'items[0].price', 'items.*.price', '*', 'user.email.', '.user',
            'user..email', ' user.email', 'user. email', 'user.email\n'];
        for (const path of foreign) {
            const logger = memoryLogger();
            const server = await serve({ logger, fields: { drop: ['n', path] } });
            const [error] = await nextEvent(server.connect(), 'err');
            // What is to be cut is for the log: the client must not learn it.
            assert.match(error.message, /^Option "fields": a path is not like "customer.email"/);
            assert.deepEqual(Object.keys(error).sort(), ['message', 'name', 'origin', 'socket']);
            assert.equal(logger.lines.find(({ level }) => level === 'error').err.cause.message, `the path is "${path}"`);
            await server.close();
        }
        for (const fields of [{ only: [] }, { drop: [''] }, { drop: [[]] }, { drop: [['a', 1]] }, { drop: 'user' }, { only: ['a'], drop: ['b'] }]) {
            const server = await serve({ fields });
            const [error] = await nextEvent(server.connect(), 'err');
            assert.match(error.message, /^Option "fields" must be /);
            await server.close();
        }
    });

    it('a path as an array of names; and none to drop', async () => {
        const own = await kafka.createTopic();
        const value = { 'a.b': { '*': 1, 'c': 2 }, '$ref': 3, 'x y': 4, '': 5, 'n': 6 };
        await kafka.produce(own, [{ value }]);
        for (const [fields, expected] of [
            [{ drop: [['a.b', '*'], [''], '$ref', 'x y'] }, { 'a.b': { c: 2 }, 'n': 6 }],
            [{ only: [['a.b', 'c'], 'n'] }, { 'a.b': { c: 2 }, 'n': 6 }],
            [{ drop: [] }, value],
        ]) {
            const server = await serve({ fields });
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic: own, partition: 0, offset: 0 }]);
            const message = await resultOf(client, 'consume');
            delete message._kafka;
            assert.deepEqual(message, expected);
            await server.close();
        }
        const logger = memoryLogger();
        const server = await serve({ logger, fields: { drop: [['_kafka', 'key']] } });
        assert.match((await nextEvent(server.connect(), 'err'))[0].message, /^Option "fields" .*metadata$/);
        assert.equal(logger.lines.find(({ level }) => level === 'error').err.cause.message, 'the path is "_kafka.key"');
        await server.close();
    });

    it('arrays, duplicates, escaped names and large numbers of the record\'s own text', async () => {
        const raw = await kafka.createTopic();
        const texts = ['[{"a":1,"b":2},[{"a":3}],"text"]', '{"\\u0061":1,"b":123456789012345678901,"a":{"a":2}}', '{"b":0.10 , "a" : [ 1 ] }'];
        await kafka.produce(raw, texts.map((value) => ({ value })));
        const server = await serve({ fields: { drop: ['a'] }, metadataField: false });
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic: raw, partition: 0, offset: 0 }]);
        const seen = [];
        client.io.engine.on('data', (data) => seen.push(data));
        const messages = collectUntil(client, 'message', (_, { length }) => length === 3);
        await resultOf(client, 'start');
        assert.deepEqual((await messages)[0], [{ b: 2 }, [{}], 'text']);
        const packets = seen.filter((data) => data.includes('"message"')).map((data) => data.slice(data.indexOf(',') + 1, -1));
        assert.deepEqual(packets, ['[{"b":2},[{}],"text"]', '{"b":123456789012345678901}', '{"b":0.10}']);
        await server.close();
    });

    it('with a deserializer, and with a matcherFactory: they give and get no more', async () => {
        const deserializer = ({ value }) => {
            const message = JSON.parse(value);
            return { ...message, extra: message.n, _kafka: { mine: true } };
        };
        const seen = [];
        const matcherFactory = () => (message) => {
            seen.push(...Object.keys(message));
            return message.n !== 3;
        };
        const only = await serve({ fields: { only: ['n', 'extra'] }, deserializer });
        assert.deepEqual((await messagesOf(only))[2], { n: 2, extra: 2, _kafka: { mine: true } });
        const drop = await serve({ fields: { drop: ['extra', 'items', 'user'] }, deserializer, filter: { 'user.email': '/./' } });
        assert.deepEqual((await messagesOf(drop, { n: [2, LAST] })), [{ n: 2, _kafka: { mine: true } }]);
        const judged = await serve({ fields: { only: ['n'] }, matcherFactory });
        const messages = await messagesOf(judged, { any: true });
        assert.deepEqual(messages.slice(0, 4).map(({ n }) => n), [0, 1, 2, 4]);
        assert.deepEqual([...new Set(seen)], ['n', '_kafka']);
        const dates = await serve({ fields: { only: ['n'] }, deserializer: ({ value }) => (JSON.parse(value).n === 1 ? new Date(0) : JSON.parse(value)) });
        assert.deepEqual((await messagesOf(dates)).slice(0, 2).map(({ n }) => n), [0, 2]);
        await Promise.all([only, drop, judged, dates].map((server) => server.close()));
    });

    it('sockets with equal fields share the work, however they were written; others do not get theirs', async () => {
        const live = await kafka.createTopic();
        const server = await serve({ fields: { drop: ['user', 'items'] } });
        const clients = [await readyClient(server)];
        for (const fields of [{ drop: ['items', 'user', 'user'] }, { drop: ['items'] }, { only: ['n'] }, undefined]) {
            server.options.fields = fields;
            clients.push(await readyClient(server));
        }
        assert.equal(server.native().stats().classes, 4);
        for (const client of clients) {
            client.messages = [];
            client.on('message', (message) => client.messages.push(message));
            await resultOf(client, 'subscribe', live);
            await resultOf(client, 'start');
        }
        const record = (n) => ({ value: { n, user: user(1), items: [] } });
        const produce = (from, to) => kafka.produce(live, Array.from({ length: to - from }, (_, i) => record(from + i)));
        await produce(0, 1);
        await until(() => clients.every(({ messages }) => messages.length === 1));
        await until(() => server.native().stats().catchUpScans === 0);
        const before = server.native().stats();
        await produce(1, 21);
        await until(() => clients.every(({ messages }) => messages.length === 21));
        const after = server.native().stats();
        const names = clients.map(({ messages: [, , message] }) => Object.keys(message).filter((name) => name !== '_kafka').join());
        assert.deepEqual(names, ['n', 'n', 'n,user', 'n', 'n,user,items']);
        // Five sockets, four kinds of messages: each is encoded once.
        assert.equal(after.recordsEncoded - before.recordsEncoded, 4 * 20);
        await server.close();
    });
});
