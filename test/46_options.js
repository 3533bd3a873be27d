'use strict';

// The options that change what messages are and who is told what: metadataField, deserializer, matcherFactory,
// kafkaEventHandlers, statsd, logger, limits.

const assert = require('node:assert/strict');
const bunyan = require('bunyan');
const pino = require('pino');

const { Sender } = require('../lib/sender.js');
const kafka = require('./support/kafka.js');
const { Kasocki, errorOf, hubs, memoryLogger, newConfig, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { collect, collectUntil, nextEvent } = require('./support/server.js');
const { runBody } = require('./support/program.js');

describe('options', () => {
    /** Records { n }, n = 0 to 19, with keys; 0 and 1 have members that metadataField may name. */
    let topic;
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
        await kafka.produce(topic, Array.from({ length: 20 }, (_, n) => ({
            value: n === 0 ? { n, meta: { dt: 'x', offset: 'mine' }, _kafka: 5 } : n === 1 ? { n, meta: 'text' } : { n },
            key: `k${n}`,
            timestamp: 1000 + n,
        })));
    });

    const fromStart = () => [{ topic, partition: 0, offset: 0 }];
    const metadata = (n) => ({ topic, partition: 0, offset: n, timestamp: 1000 + n, key: `k${n}` });
    const range = (from, to, step = 1) => Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);

    /** @returns {Promise<object>} a client of a server, subscribed from the start */
    async function subscribed(server) {
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', fromStart());
        return client;
    }

    /** @returns {Promise<object[]>} the first messages on a server with these options */
    async function delivered(options, count) {
        const server = await serve(options);
        const client = await subscribed(server);
        const messages = collect(client, 'message', count);
        await resultOf(client, 'start');
        await messages;
        assert.deepEqual(client.errs, []);
        await server.close();
        return messages;
    }

    /**
     * Has sockets follow a new topic: records { n }, 0 to 21. The first and the last one must pass every filter.
     *
     * @param {object[]} servers - of serve(), one for each socket
     * @param {(client: object, i: number) => Promise<any>} prepare - sets the filter
     * @returns {Promise<object[][]>} the messages of each, without the first and the last
     */
    async function following(servers, prepare) {
        const live = await kafka.createTopic();
        const all = await Promise.all(servers.map(async (server, i) => {
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', live);
            await prepare(client, i);
            const messages = [];
            client.on('message', (message) => messages.push(message));
            await resultOf(client, 'start');
            return messages;
        }));
        await kafka.produce(live, [{ value: { n: 0 } }]);
        // All have the first, and have changed over to the one scan that follows the end: from here on they ride together.
        await until(() => all.every((messages) => messages.length === 1));
        await until(() => servers[0].native().stats().catchUpScans === 0);
        await kafka.produce(live, range(1, 22).map((n) => ({ value: { n } })));
        await until(() => all.every((messages) => messages.at(-1).n === 21));
        return all.map((messages) => messages.slice(1, -1));
    }

    describe('metadataField', () => {
        it('is _kafka by default; undefined and null are the default', async () => {
            for (const options of [{}, { metadataField: undefined }, { metadataField: null }]) {
                assert.deepEqual(await delivered(options, 3), [
                    { n: 0, meta: { dt: 'x', offset: 'mine' }, _kafka: metadata(0) },
                    { n: 1, meta: 'text', _kafka: metadata(1) },
                    { n: 2, _kafka: metadata(2) },
                ]);
            }
        });

        it('is any name', async () => {
            for (const name of ['from kafka', '"', 'ü', '__proto__', 'a.b', 'n']) {
                const [, , message] = await delivered({ metadataField: name }, 3);
                assert.deepEqual(Object.getOwnPropertyDescriptor(message, name).value, metadata(2));
            }
        });

        it("'meta' joins an object that is there", async () => {
            assert.deepEqual(await delivered({ metadataField: 'meta' }, 3), [
                { n: 0, meta: { dt: 'x', ...metadata(0) }, _kafka: 5 },
                { n: 1, meta: metadata(1) },
                { n: 2, meta: metadata(2) },
            ]);
        });

        it('false: none', async () => {
            assert.deepEqual(await delivered({ metadataField: false }, 3), [
                { n: 0, meta: { dt: 'x', offset: 'mine' }, _kafka: 5 },
                { n: 1, meta: 'text' },
                { n: 2 },
            ]);
        });

        it('is what filters see', async () => {
            const server = await serve({ metadataField: 'meta' });
            const client = await subscribed(server);
            await resultOf(client, 'filter', { 'meta.key': 'k1', 'meta.offset': 1 });
            assert.equal((await resultOf(client, 'consume')).n, 1);
            await server.close();
        });

        it('may differ between sockets of one hub', async () => {
            const kafkaConfig = newConfig();
            const fields = ['_kafka', 'meta', 'other', false];
            const servers = await Promise.all(fields.map((metadataField) => serve({ kafkaConfig, metadataField })));
            await Promise.all(servers.map(async (server, i) => {
                const client = await subscribed(server);
                const messages = collect(client, 'message', 20);
                await resultOf(client, 'start');
                const { n, ...rest } = (await messages)[19];
                assert.equal(n, 19);
                assert.deepEqual(rest, fields[i] ? { [fields[i]]: metadata(19) } : {});
            }));
            await Promise.all(servers.map((server) => server.close()));
        });
    });

    describe('deserializer', () => {
        it('gets a node-rdkafka message and makes the message; nothing is added', async () => {
            const full = await kafka.createTopic();
            const bytes = Buffer.from([0xff, 0, 1]);
            await kafka.produce(full, [{ value: bytes, key: bytes, headers: { a: ['x', 'y'] }, timestamp: 77 }, { value: null, timestamp: 78 }]);
            const seen = [];
            const server = await serve({
                deserializer: (message) => {
                    seen.push(message);
                    return { made: message.offset };
                },
            });
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic: full, partition: 0, offset: 0 }]);
            assert.deepEqual([await resultOf(client, 'consume'), await resultOf(client, 'consume')], [{ made: 0 }, { made: 1 }]);
            const [first, second] = seen;
            assert.ok(Buffer.isBuffer(first.value));
            assert.equal(first.message, first.value);
            assert.deepEqual([...first.value], [...bytes]);
            assert.deepEqual([first.topic, first.partition, first.offset, first.timestamp, first.size], [full, 0, 0, 77, 3]);
            assert.deepEqual(Buffer.from(first.key), bytes);
            assert.deepEqual(first.headers.map((header) => Object.entries(header).map(([name, value]) => [name, String(value)])), [[['a', 'x']], [['a', 'y']]]);
            assert.deepEqual([second.value, second.message, second.key, second.size], [null, null, null, 0]);
            await server.close();
        });

        it('may return a Promise: the order stays', async () => {
            const settle = new Map();
            const server = await serve({
                // The later a record, the sooner its promise.
                deserializer: ({ value, offset }) => new Promise((resolve) => {
                    settle.set(offset, () => resolve(JSON.parse(value)));
                    if (settle.size === 20) {
                        range(0, 20).reverse().forEach((n) => settle.get(n)());
                    }
                }),
            });
            const client = await subscribed(server);
            const messages = collect(client, 'message', 20);
            await resultOf(client, 'start');
            assert.deepEqual((await messages).map(({ n }) => n), range(0, 20));
            await server.close();
        });

        it('that throws or rejects is logged, and the record skipped; so is a falsy result; and what is no object', async () => {
            const logger = memoryLogger();
            const results = [
                () => { throw new Error('thrown'); }, () => Promise.reject(new Error('rejected')), () => null, () => undefined, () => false, () => '', () => 0,
                async () => null, () => 'text', () => 5, () => () => {}, () => { throw null; }, () => Promise.reject(undefined), () => ({ then(resolve, reject) { reject(1); } }),
                () => { const ring = {}; ring.ring = ring; return ring; }, () => ({ toJSON() { throw new Error('toJSON'); } }), () => ({ toJSON: () => undefined }), () => ({ toJSON: () => 5 }),
                () => ({ get then() { throw new Error('then'); } }), () => ({ big: 1n }),
            ];
            const own = await kafka.createTopic();
            await kafka.produce(own, Array.from({ length: results.length + 1 }, (_, n) => ({ value: { n } })));
            const server = await serve({ logger, deserializer: ({ offset }) => (offset < results.length ? results[offset]() : { n: offset }) });
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic: own, partition: 0, offset: 0 }]);
            assert.deepEqual(await resultOf(client, 'consume'), { n: results.length });
            assert.deepEqual(client.errs, []);
            const logged = logger.lines.filter(({ text }) => /deserializer/i.test(text));
            assert.ok(logged.length >= 1);
            assert.deepEqual([logged[0].level, logged[0].err.message, logged[0].offset, logged[0].topic], ['error', 'thrown', 0, own]);
            await server.close();
        });

        it('may return an array, or what has a toJSON', async () => {
            const server = await serve({ deserializer: ({ offset }) => (offset ? { toJSON: () => ({ n: offset }) } : [1, { a: '</script>\u2028' }]) });
            const client = await subscribed(server);
            assert.deepEqual([await resultOf(client, 'consume'), await resultOf(client, 'consume')], [[1, { a: '</script>\u2028' }], { n: 1 }]);
            await server.close();
        });

        it('is called once a record for each distinct function, and its results are filtered', async () => {
            const calls = { a: [], b: [] };
            const make = (name) => ({ value }) => {
                const { n } = JSON.parse(value);
                calls[name].push(n);
                return { n, parity: n === 0 || n === 21 ? [0, 1] : [n % 2], by: name };
            };
            const kafkaConfig = newConfig();
            const servers = [await serve({ kafkaConfig, deserializer: make('a') }), await serve({ kafkaConfig, deserializer: make('b') })];
            const all = await following([0, 0, 0, 1, 1].map((which) => servers[which]), (client, i) => resultOf(client, 'filter', { parity: [i % 2] }));
            for (const [i, messages] of all.entries()) {
                const parity = [i % 2];
                assert.deepEqual(messages, range(2 - (i % 2), 21, 2).map((n) => ({ n, parity, by: i < 3 ? 'a' : 'b' })));
            }
            // Record 0 came while some were still on the way from one scan to the other.
            assert.deepEqual(calls.a.filter((n) => n > 0), range(1, 22));
            assert.deepEqual(calls.b.filter((n) => n > 0), range(1, 22));
            await Promise.all(servers.map((server) => server.close()));
        });

        it('is asked anew for those who come after its last user, whom an answer was under way for, has gone', async () => {
            const live = await kafka.createTopic();
            const kafkaConfig = newConfig();
            const follower = await readyClient(await serve({ kafkaConfig }));
            const server = await serve({ kafkaConfig, deserializer: ({ value }) => JSON.parse(value) });
            const clients = [follower, await readyClient(server)];
            for (const client of clients) {
                await resultOf(client, 'subscribe', live);
                await resultOf(client, 'start');
            }
            const first = clients.map((client) => collect(client, 'message', 1));
            await kafka.produce(live, [{ value: { n: 0 } }]);
            await Promise.all(first);

            const hub = [...hubs.values()].at(-1);
            const asked = new Promise((resolve) => {
                hub.deserialize = async (event) => {
                    delete hub.deserialize;
                    // As if the socket had gone a moment earlier.
                    server.io.disconnectSockets(true);
                    await until(() => hub.native.stats().sessions === 1);
                    hub.deserialize(event);
                    resolve();
                };
            });
            await kafka.produce(live, [{ value: { n: 1 } }]);
            await asked;

            const late = await readyClient(server);
            await resultOf(late, 'subscribe', [{ topic: live, partition: 0, offset: 1 }]);
            const messages = collectUntil(late, 'message', ({ n }) => n === 2);
            await resultOf(late, 'start');
            await kafka.produce(live, [{ value: { n: 2 } }]);
            assert.deepEqual((await messages).map(({ n }) => n), [1, 2]);
        });

        it('that never settles harms nobody else', async () => {
            const kafkaConfig = newConfig();
            const stuck = await serve({ kafkaConfig, deserializer: () => new Promise(() => {}) });
            const plain = await serve({ kafkaConfig });
            const waiting = await subscribed(stuck);
            await resultOf(waiting, 'start');
            const client = await subscribed(plain);
            assert.equal((await resultOf(client, 'consume')).n, 0);
            assert.deepEqual(await resultOf(waiting, 'stop'), null);
            await Promise.all([stuck.close(), plain.close()]);
        });
    });

    describe('matcherFactory', () => {
        it('replaces the filter language; its matcher is asked about augmented messages', async () => {
            const asked = [];
            const factory = (filters) => {
                const matcher = (message) => message.n % filters.every === 0 && message._kafka.key === `k${message.n}`;
                matcher.filters = { ...filters, regex: /a\/b/g };
                asked.push(filters);
                return matcher;
            };
            const server = await serve({ matcherFactory: factory });
            const client = await subscribed(server);
            assert.deepEqual(await resultOf(client, 'filter', { every: 3 }), { every: 3, regex: '/a\\/b/g' });
            const messages = collect(client, 'message', 7);
            await resultOf(client, 'start');
            assert.deepEqual((await messages).map(({ n }) => n), range(0, 20, 3));
            assert.deepEqual(asked, [{ every: 3 }]);
            await server.close();
        });

        it('takes filters of any shape; falsy ones switch off without asking it', async () => {
            const asked = [];
            const server = await serve({
                matcherFactory: (filters) => {
                    asked.push(filters);
                    return Object.assign(() => false, { filters });
                },
            });
            const client = await subscribed(server);
            for (const filters of ['text', 17, true, [1], { a: { b: [] } }]) {
                assert.deepEqual(await resultOf(client, 'filter', filters), filters);
            }
            assert.deepEqual(asked, ['text', 17, true, [1], { a: { b: [] } }]);
            for (const filters of [null, '', 0, false]) {
                assert.equal(await resultOf(client, 'filter', filters), null);
            }
            assert.equal(asked.length, 5);
            assert.equal((await resultOf(client, 'consume')).n, 0);
            await server.close();
        });

        it('that throws refuses the filter: an InvalidFilterError; the one before stays', async () => {
            const throws = {
                error: () => { throw new RangeError('too wide'); },
                own: () => { throw new Kasocki.InvalidFilterError('own words'); },
                null: () => { throw null; },
                text: () => { throw 'text'; },
                getter: () => { throw { get message() { throw new Error(); } }; },
                nothing: () => undefined,
                object: () => ({}),
                promise: () => Promise.reject(new Error('late')),
            };
            const server = await serve({ matcherFactory: ({ how, n }) => (how ? throws[how]() : (message) => message.n === n) });
            const client = await subscribed(server);
            await resultOf(client, 'filter', { n: 4 });
            for (const how of Object.keys(throws)) {
                const error = await errorOf(client, 'filter', { how });
                assert.deepEqual([error.name, error.socketEvent], ['InvalidFilterError', 'filter'], how);
                assert.deepEqual(error.filters ?? { how }, { how });
                if (how === 'error') {
                    assert.deepEqual([error.message, error.originalName], ['too wide', 'RangeError']);
                } else if (how === 'own') {
                    assert.equal(error.message, 'own words');
                }
            }
            assert.equal((await resultOf(client, 'consume')).n, 4);
            await server.close();
        });

        it('whose matcher throws, rejects or returns no boolean: logged, no match; truthy matches', async () => {
            const logger = memoryLogger();
            const results = [() => { throw new Error('thrown'); }, () => Promise.resolve(true), () => Promise.reject(new Error('late')), () => 0, () => '', () => null,
                () => undefined, () => NaN, () => { throw null; }];
            const server = await serve({ logger, matcherFactory: () => ({ n }) => (n < results.length ? results[n]() : n % 2 ? 'truthy' : 1) });
            const client = await subscribed(server);
            await resultOf(client, 'filter', { any: 1 });
            const messages = collect(client, 'message', 20 - results.length);
            await resultOf(client, 'start');
            assert.deepEqual((await messages).map(({ n }) => n), range(results.length, 20));
            assert.deepEqual(client.errs, []);
            const logged = logger.lines.filter(({ text }) => /matcher/i.test(text));
            assert.ok(logged.length >= 1);
            assert.deepEqual([logged[0].level, logged[0].err.message], ['error', 'thrown']);
            await server.close();
        });

        it('whose matcher throws is logged also while a deserializer throws', async () => {
            const logger = memoryLogger();
            const deserializer = ({ value }) => {
                const message = JSON.parse(value);
                if (message.n === 0) {
                    throw new Error('of the deserializer');
                }
                return message;
            };
            const matcher = ({ n }) => {
                if (n === 1) {
                    throw new Error('of the matcher');
                }
                return true;
            };
            const server = await serve({ logger, deserializer, matcherFactory: () => matcher });
            const client = await subscribed(server);
            await resultOf(client, 'filter', { any: 1 });
            assert.equal((await resultOf(client, 'consume')).n, 2);
            const faults = logger.lines.filter(({ level }) => level === 'error').map(({ err }) => err.message);
            assert.deepEqual(faults, ['of the deserializer', 'of the matcher']);
            await server.close();
        });

        it('is asked once a record, however many sockets have the matcher', async () => {
            const asked = [];
            const matcher = ({ n }) => {
                asked.push(n);
                return n === 0 || n === 21 || n % 4 === 1;
            };
            const server = await serve({ matcherFactory: () => matcher });
            for (const messages of await following([server, server, server], (client) => resultOf(client, 'filter', 'any'))) {
                assert.deepEqual(messages.map(({ n }) => n), range(1, 21, 4));
            }
            assert.deepEqual(asked.filter((n) => n > 0), range(1, 22));
            await server.close();
        });

        it('may not change the messages of others', async () => {
            const kafkaConfig = newConfig();
            const hostile = await serve({
                kafkaConfig,
                matcherFactory: () => (message) => {
                    message.n = -1;
                    delete message._kafka;
                    return true;
                },
            });
            const plain = await serve({ kafkaConfig });
            const clients = [await subscribed(hostile), await subscribed(plain)];
            await resultOf(clients[0], 'filter', { any: 1 });
            const all = clients.map((client) => collect(client, 'message', 20));
            clients.forEach((client) => client.emit('start'));
            for (const messages of await Promise.all(all)) {
                assert.deepEqual(messages.map(({ n, _kafka: { offset } }) => [n, offset]), range(0, 20).map((n) => [n, n]));
            }
            await Promise.all([hostile.close(), plain.close()]);
        });

        it('works with a deserializer', async () => {
            const server = await serve({
                deserializer: async ({ offset }) => ({ twice: 2 * offset }),
                matcherFactory: ({ over }) => ({ twice }) => twice > over,
            });
            const client = await subscribed(server);
            await resultOf(client, 'filter', { over: 33 });
            const messages = collect(client, 'message', 3);
            await resultOf(client, 'start');
            assert.deepEqual(await messages, [{ twice: 34 }, { twice: 36 }, { twice: 38 }]);
            await server.close();
        });

        it('is changed in the middle of a flood like any filter: nothing is lost, nothing twice', async () => {
            const flood = await kafka.createTopic();
            await kafka.produce(flood, range(0, 5000).map((n) => ({ value: { n, text: 'x'.repeat(500) } })));
            const server = await serve({ matcherFactory: ({ modulus }) => ({ n }) => n % modulus === 0 });
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic: flood, partition: 0, offset: 0 }]);
            await resultOf(client, 'filter', { modulus: 1 });
            const parts = [[]];
            client.on('message', ({ n }) => {
                parts.at(-1).push(n);
                if (n === 100) {
                    client.emit('filter', { modulus: 7 }, () => parts.push([]));
                }
            });
            await resultOf(client, 'start');
            await until(() => parts.length === 2 && parts.flat().at(-1) >= 4998);
            const [all, sevenths] = parts;
            assert.deepEqual(all, range(0, all.length));
            assert.deepEqual(sevenths, range(all.length, 5000).filter((n) => n % 7 === 0));
            await server.close();
        });
    });

    describe('kafkaEventHandlers', () => {
        it('event.stats comes once an event to each distinct function, however many sockets gave it', async () => {
            const seen = { shared: [], other: [] };
            const shared = (...args) => seen.shared.push(args);
            const other = (...args) => seen.other.push(args);
            const kafkaConfig = newConfig({ 'statistics.interval.ms': 100 });
            const servers = [
                await serve({ kafkaConfig, kafkaEventHandlers: { 'event.stats': shared } }),
                await serve({ kafkaConfig, kafkaEventHandlers: { 'event.stats': other } }),
            ];
            await Promise.all([0, 0, 0, 1, 1].map((which) => readyClient(servers[which])));
            await until(() => seen.shared.length >= 10 && seen.other.length >= 10);
            const stats = seen.shared.map(([{ message }]) => JSON.parse(message));
            assert.ok(stats.every(({ type, ts }) => type === 'consumer' && ts > 0));
            // Each instance of librdkafka tells its own: none twice.
            const keys = stats.map(({ name, ts }) => `${name} ${ts}`);
            assert.equal(new Set(keys).size, keys.length);
            const otherKeys = new Set(seen.other.map(([{ message }]) => JSON.parse(message)).map(({ name, ts }) => `${name} ${ts}`));
            assert.ok(keys.some((key) => otherKeys.has(key)));
            await servers[1].close();
            const before = seen.other.length;
            const later = seen.shared.length + 6;
            await until(() => seen.shared.length >= later);
            assert.equal(seen.other.length, before);
            await servers[0].close();
        });

        it('event.error and event.log have node-rdkafka\'s form', async () => {
            const errors = [];
            const lines = [];
            const server = await serve({
                kafkaConfig: { 'metadata.broker.list': '127.0.0.1:1' },
                connectTimeout: 60000,
                kafkaEventHandlers: { 'event.error': (...args) => errors.push(args), 'event.log': (...args) => lines.push(args) },
            });
            server.connect();
            // Both instances tell, each under its name.
            const names = () => new Set(lines.map(([{ name }]) => name));
            await until(() => errors.length > 0 && names().size === 2);
            for (const [error, ...more] of errors) {
                assert.ok(error instanceof Error && /^_?[A-Z_]+$/.test(error.code) && more.length === 0);
                assert.equal(error.fatal, false);
            }
            for (const [line] of lines) {
                assert.deepEqual([typeof line.severity, typeof line.fac, typeof line.message], ['number', 'string', 'string']);
            }
            assert.ok([...names()].every((name) => /^kasocki#consumer-\d+$/.test(name)), [...names()].join());
            await server.close();
        });

        it('that throws or rejects harms nobody, and is logged', async () => {
            const logger = memoryLogger();
            let calls = 0;
            const server = await serve({
                logger,
                kafkaConfig: newConfig({ 'statistics.interval.ms': 50 }),
                kafkaEventHandlers: {
                    'event.stats': () => {
                        calls++;
                        if (calls % 2) {
                            throw new Error('handler');
                        }
                        return Promise.reject(new Error('handler'));
                    },
                    'no.such.event': () => {},
                },
            });
            const client = await subscribed(server);
            await until(() => calls >= 6);
            assert.equal((await resultOf(client, 'consume')).n, 0);
            assert.ok(logger.lines.some(({ level, text, err }) => level === 'error' && text.includes('event.stats') && err.message === 'handler'));
            await server.close();
        });
    });

    describe('statsd', () => {
        it('counts events by name, messages and sockets', async () => {
            const counts = new Map();
            const gauges = new Map();
            const statsd = {
                increment(name, by = 1) {
                    assert.equal(this, statsd);
                    counts.set(name, (counts.get(name) || 0) + by);
                },
                gauge: (name, value) => gauges.set(name, value),
                timing() {},
            };
            const bad = await kafka.createTopic();
            await kafka.produce(bad, ['no json', { value: { n: 1 } }]);
            const server = await serve({ statsd });
            const client = await subscribed(server);
            const second = await readyClient(server);
            await resultOf(second, 'subscribe', [{ topic: bad, partition: 0, offset: 0 }]);
            assert.equal((await resultOf(second, 'consume')).n, 1);
            await errorOf(client, 'subscribe', topic);
            await resultOf(client, 'filter', null);
            const messages = collect(client, 'message', 20);
            await resultOf(client, 'start');
            await messages;
            await resultOf(client, 'stop');
            await resultOf(client, 'pause');
            await until(() => counts.get('messages.sent') === 21 && counts.has('socketio.event.pause') && counts.has('messages.skipped'));
            assert.equal(gauges.get('sockets'), 2);
            // By itself this happens every few seconds.
            await until(() => {
                [...hubs.values()].forEach((hub) => hub.tellGauges());
                return counts.has('messages.matched') && gauges.has('lag');
            });
            assert.equal(counts.get('messages.matched'), 21);
            assert.ok(gauges.get('lag') >= 0);
            assert.equal(counts.get('messages.skipped'), 1);
            const events = [...counts].filter(([name]) => name.startsWith('socketio.event.')).map(([name, count]) => [name.slice(15), count]);
            assert.deepEqual(Object.fromEntries(events), { subscribe: 3, consume: 1, filter: 1, start: 1, stop: 1, pause: 1 });
            await server.close();
            await until(() => gauges.get('sockets') === 0 && counts.get('socketio.event.disconnect') === 2);
        });

        it('that throws or rejects harms nobody', async () => {
            const statsd = { increment() { throw new Error('statsd'); }, gauge: () => Promise.reject(new Error('statsd')) };
            const server = await serve({ statsd });
            const client = await subscribed(server);
            assert.equal((await resultOf(client, 'consume')).n, 0);
            await server.close();
        });
    });

    describe('logger', () => {
        /** Does what is logged: a client's error at info, skipped records at warn. */
        async function provoke(logger) {
            const bad = await kafka.createTopic();
            await kafka.produce(bad, ['no json', { value: { n: 1 } }]);
            const server = await serve({ logger });
            const client = await readyClient(server);
            await errorOf(client, 'start');
            await resultOf(client, 'subscribe', [{ topic: bad, partition: 0, offset: 0 }]);
            assert.equal((await resultOf(client, 'consume')).n, 1);
            const { id } = client;
            await server.close();
            return id;
        }

        it('bunyan', async () => {
            const ring = new bunyan.RingBuffer({ limit: 100 });
            const logger = bunyan.createLogger({ name: 'test', streams: [{ level: 'info', type: 'raw', stream: ring }] });
            const id = await provoke(logger);
            await until(() => ring.records.length >= 2);
            const [info] = ring.records.filter(({ level }) => level === bunyan.INFO);
            assert.deepEqual([info.name, info.socket, info.socketEvent, info.err.name], ['test', id, 'start', 'NotSubscribedError']);
            const [warning] = ring.records.filter(({ level }) => level === bunyan.WARN);
            assert.deepEqual([warning.err.name, warning.offset], ['DeserializationError', 0]);
        });

        it('pino', async () => {
            const lines = [];
            const logger = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) });
            const id = await provoke(logger);
            await until(() => lines.length >= 2);
            const [info] = lines.filter(({ level }) => level === 30);
            assert.deepEqual([info.socket, info.socketEvent, info.err.name], [id, 'start', 'NotSubscribedError']);
            assert.ok(info.msg.length > 0);
            const [warning] = lines.filter(({ level }) => level === 40);
            assert.deepEqual([warning.err.name, warning.offset], ['DeserializationError', 0]);
        });

        it('is asked for a child when something is first logged', async () => {
            let children = 0;
            const logger = memoryLogger();
            const child = logger.child;
            logger.child = (fields) => {
                children++;
                return child(fields);
            };
            const server = await serve({ logger });
            const client = await subscribed(server);
            await resultOf(client, 'consume');
            assert.equal(children, 0);
            await errorOf(client, 'subscribe', topic);
            await errorOf(client, 'subscribe', topic);
            assert.equal(children, 1);
            assert.deepEqual(logger.lines.map(({ socket }) => socket), [client.id, client.id]);
            await server.close();
        });

        it('without child, without methods, or one that throws harms nobody', async () => {
            const broken = () => { throw new Error('logger'); };
            for (const logger of [
                { warn() {}, error() {}, info() {} }, {}, { child: broken, error: broken, warn: broken, info: broken }, { child: () => null },
                { child: () => ({ get info() { throw new Error('getter'); } }) }, { info: () => Promise.reject(new Error('logger')) }, console.log.bind(null, ''),
            ]) {
                await provoke(logger);
            }
        });

        it('by default writes warnings and errors to stderr, as JSON lines, and nothing else', async () => {
            const bad = await kafka.createTopic();
            await kafka.produce(bad, ['no json', { value: { n: 1 } }]);
            const { stdout, stderr, code } = await runBody(`
                const { Kasocki, errorOf, newConfig, readyClient, resultOf, startServer } = support;
                const server = await startServer((socket) => new Kasocki(socket, { kafkaConfig: { 'metadata.broker.list': '${kafka.brokers}' } }));
                const client = await readyClient(server);
                await errorOf(client, 'start');
                await errorOf(client, 'filter', { a: {} });
                await resultOf(client, 'subscribe', [{ topic: '${topic}', partition: 0, offset: 0 }]);
                await resultOf(client, 'consume');
                const other = await readyClient(server);
                await resultOf(other, 'subscribe', [{ topic: '${bad}', partition: 0, offset: 0 }]);
                await resultOf(other, 'consume');
                await server.close();
            `);
            assert.equal(code, 0, stderr);
            assert.equal(stdout, '');
            const lines = stderr.trim().split('\n').map((line) => JSON.parse(line));
            assert.equal(lines.length, 1, stderr);
            assert.deepEqual([lines[0].name, lines[0].level, lines[0].topic, lines[0].offset, lines[0].err.name], ['kasocki', 40, bad, 0, 'DeserializationError']);
            assert.ok(!Number.isNaN(Date.parse(lines[0].time)) && lines[0].msg.length > 0);
        });

        it("takes librdkafka's own log lines, which never go to stderr", async () => {
            const { stdout, stderr, code } = await runBody(`
                const { Kasocki, memoryLogger, startServer, until } = support;
                const logger = memoryLogger();
                const server = await startServer((socket) => new Kasocki(socket, {
                    logger, connectTimeout: 60000, kafkaConfig: { 'metadata.broker.list': '127.0.0.1:1', 'debug': 'broker' },
                }));
                server.connect();
                const toldOf = (member) => new Set(logger.lines.filter(({ facility }) => facility).map((line) => line[member]));
                await until(() => toldOf('instance').size === 2 && toldOf('level').has('debug') && toldOf('level').has('error'));
                await server.close();
            `);
            assert.deepEqual([code, stdout, stderr], [0, '', '']);
        });
    });

    describe('limits', () => {
        it('bytesInFlight, consumes, assignments, events', async () => {
            const server = await serve({ limits: { bytesInFlight: 100, consumes: 2, assignments: 3, events: 5 } });
            const client = await readyClient(server);
            const four = range(0, 4).map((partition) => ({ topic, partition, offset: 0 }));
            assert.equal((await errorOf(client, 'subscribe', four)).name, 'LimitExceededError');
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
            await resultOf(client, 'filter', { n: 'none' });
            client.emit('consume', () => {});
            client.emit('consume', () => {});
            assert.equal((await errorOf(client, 'consume')).name, 'LimitExceededError');
            const other = await readyClient(server);
            await resultOf(other, 'subscribe', fromStart());
            const messages = collect(other, 'message', 20);
            await resultOf(other, 'start');
            assert.deepEqual((await messages).map(({ n }) => n), range(0, 20));
            await server.close();
        });

        it('depth', async () => {
            const deep = await kafka.createTopic();
            await kafka.produce(deep, ['[[[[]]]]', '[[[]]]']);
            const server = await serve({ limits: { depth: 3 } });
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic: deep, partition: 0, offset: 0 }]);
            assert.deepEqual(await resultOf(client, 'consume'), [[[]]]);
            await server.close();
        });
    });

    describe('batch', () => {
        it('changes how messages travel, not which, nor their order', async () => {
            for (const batch of [{}, { maxDelay: 0 }, { maxDelay: 50 }, { maxBytes: 1 }, { maxDelay: 1, maxBytes: 150 }, { maxBytes: 2 ** 30 }]) {
                const messages = await delivered({ batch }, 20);
                assert.deepEqual(messages.map(({ n }) => n), range(0, 20), JSON.stringify(batch));
            }
        });

        it('maxBytes is what one buffer holds: a message at least', async () => {
            const sizes = [];
            const send = Sender.prototype.send;
            Sender.prototype.send = function(form, sent) {
                sizes.push([sent.count, sent.bytes]);
                send.call(this, form, sent);
            };
            try {
                await delivered({ batch: { maxBytes: 1 } }, 20);
                assert.deepEqual(sizes.splice(0).map(([count]) => count), Array(20).fill(1));
                await delivered({ batch: { maxBytes: 500 } }, 20);
                assert.ok(sizes.some(([count]) => count > 1) && sizes.every(([, bytes]) => bytes <= 500), JSON.stringify(sizes));
            } finally {
                Sender.prototype.send = send;
            }
        });

        it('a wrong one is a failed start that names it', async () => {
            const server = await serve({ batch: { maxDelay: '2 ms' } });
            const client = server.connect();
            const [error] = await nextEvent(client, 'err');
            assert.equal(error.message, 'Option "batch.maxDelay" must be a number of milliseconds');
            await server.close();
        });
    });

    it('a client that does not read holds nobody up and loses nothing', async () => {
        const flood = await kafka.createTopic();
        const text = 'x'.repeat(10000);
        await kafka.produce(flood, (function* () {
            for (let n = 0; n < 3000; n++) {
                yield { value: { n, text } };
            }
        })());
        const server = await serve();
        const [slow, quick] = [await readyClient(server), await readyClient(server)];
        for (const client of [slow, quick]) {
            await resultOf(client, 'subscribe', [{ topic: flood, partition: 0, offset: 0 }]);
        }
        const stream = slow.io.engine.transport.ws._socket;
        const got = collectUntil(slow, 'message', ({ n }) => n === 2999);
        slow.emit('start');
        await nextEvent(slow, 'message');
        stream.pause();
        const all = collectUntil(quick, 'message', ({ n }) => n === 2999);
        await resultOf(quick, 'start');
        assert.deepEqual((await all).map(({ n }) => n), range(0, 3000));
        stream.resume();
        assert.deepEqual((await got).map(({ n }) => n), range(0, 3000));
        await server.close();
    });
});
