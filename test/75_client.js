/* global window */
'use strict';

// kasocki/client: what a page sees of a stream whose connections break and whose servers die.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { io } = require('socket.io-client');

const { request, resumable } = require('../lib/client.js');
const { startKafka } = require('./broker');
const Proxy = require('./broker/proxy.js');
const { atEnd } = require('./support/at_end.js');
const { openPage } = require('./support/browser.js');
const kafka = require('./support/kafka.js');
const { Kasocki, memoryLogger, newConfig, serve, until } = require('./support/kasocki.js');
const RemoteServer = require('./support/remote-server.js');
const { nextEvent, record, startServer } = require('./support/server.js');

/** A moment of the past that retention leaves alone, in ms. */
const BASE = Date.now() - 3600000;
const PARTITIONS = 3;

const clients = new Set();

/** A client that comes back soon. */
function connect(url, { client: connectTo = io, ...options } = {}) {
    const client = connectTo(url, {
        forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 100, timeout: 5000, transports: ['websocket'], ...options
    });
    clients.add(client);
    return client;
}

function closeClients() {
    for (const client of clients) {
        client.disconnect();
    }
    clients.clear();
}

atEnd(closeClients);

/** Record number n: every other one is even, a ms from one to the next. */
const recordOf = (n) => ({ value: { n, even: n % 2 === 0, more: 'x'.repeat(100) }, partition: n % PARTITIONS, timestamp: BASE + n });

/** Writes records as fast as it goes, until it is told to end. */
class Flood {
    /** @returns {Promise<Flood>} some are written: a time among them is found */
    static async begin(topic) {
        await kafka.produce(topic, range(0, 1200).map(recordOf));
        return new Flood(topic, 1200);
    }

    constructor(topic, first = 0) {
        this.topic = topic;
        this.next = first;
        this.ending = false;
        this.done = this.write();
    }

    async write() {
        while (!this.ending) {
            const batch = Array.from({ length: 300 }, (_, i) => recordOf(this.next + i));
            await kafka.produce(this.topic, batch);
            this.next += batch.length;
        }
    }

    /** @returns {Promise<number>} how many were written */
    async end() {
        this.ending = true;
        await this.done;
        return this.next;
    }
}

/** The messages' numbers as they come, and a promise of so many. */
function watch(client) {
    const numbers = [];
    let wanted = Infinity;
    let wake = () => {};
    client.on('message', ({ n }) => {
        if (numbers.push(n) >= wanted) {
            wake();
        }
    });
    const reach = (count) => new Promise((resolve) => {
        wanted = count;
        wake = resolve;
        if (numbers.length >= count) {
            resolve();
        }
    });
    return { numbers, reach };
}

/** Each of them once, and those of a partition in order. */
function assertExactlyOnce(numbers, expected) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
        const of = (list) => list.filter((n) => n % PARTITIONS === partition);
        const [got, wanted] = [of(numbers), of(expected)];
        const wrong = wanted.findIndex((n, i) => got[i] !== n);
        assert.equal(wrong, -1, `partition ${partition}: after ${got.slice(Math.max(0, wrong - 3), wrong)} came ${got[wrong]}, not ${wanted[wrong]}`);
        assert.equal(got.length, wanted.length);
    }
}

const range = (from, to, step = 1) => Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);

describe('client', function () {
    this.timeout(300000);
    before(kafka.start);
    afterEach(closeClients);

    const ways = [
        ['a websocket', {}],
        ['long polling', { transports: ['polling'] }],
        ['long polling, then a websocket', { transports: ['polling', 'websocket'] }],
        ['a websocket, by socket.io-client 4.0', { client: require('socket.io-client-4-0').io }],
        ['long polling, then a websocket, by socket.io-client 4.0', { client: require('socket.io-client-4-0').io, transports: ['polling', 'websocket'] }],
    ];
    for (const [name, options] of ways) {
        it(`sees every message once while its server is killed ten times in a flood: ${name}`, async () => {
            const topic = await kafka.createTopic({ partitions: PARTITIONS });
            let server = await RemoteServer.start();
            const flood = await Flood.begin(topic);

            const client = resumable(connect(server.url, options));
            client.emit('subscribe', { assignments: [{ topic, timestamp: BASE + 1000 }], filter: '$.even == true', start: true });
            const { numbers, reach } = watch(client);
            const events = record(client, 'err', 'assigned');

            for (let restart = 1; restart <= 10; restart++) {
                await reach(restart * 1000);
                server = await server.restart();
            }
            const count = await flood.end();
            const expected = range(1000, count, 2);
            await reach(expected.length);
            await kafka.produce(topic, [0, 1, 2].map((i) => recordOf(2 * (count + i))));
            await reach(expected.length + 3);
            assertExactlyOnce(numbers, [...expected, ...range(2 * count, 2 * count + 6, 2)]);
            assert.deepEqual(events, []);
            client.disconnect();
            await server.close();
        });
    }

    it('sees every message once while the network drops, breaks and stalls', async () => {
        const topic = await kafka.createTopic({ partitions: PARTITIONS });
        const server = await RemoteServer.start({}, { pingInterval: 500, pingTimeout: 1000 });
        const proxy = await Proxy.start(new URL(server.url).host);
        const flood = new Flood(topic);
        const client = resumable(connect(`http://${proxy.address}`, { transports: ['polling', 'websocket'] }));
        client.emit('subscribe', [{ topic, offset: 0 }]);
        client.emit('start');
        const { numbers, reach } = watch(client);
        for (const fault of ['drop', 'reset', 'stall', 'drop', 'reset', 'stall', 'drop', 'reset']) {
            // After the last fault: there is a connection again.
            await reach(numbers.length + 1000);
            const gone = nextEvent(client, 'disconnect');
            proxy[fault]();
            await gone;
            proxy.flow();
        }
        const count = await flood.end();
        await reach(count);
        await kafka.produce(topic, [recordOf(count)]);
        await reach(count + 1);
        assertExactlyOnce(numbers, range(0, count + 1));
        client.disconnect();
        await proxy.close();
        await server.close();
    });

    it('goes on at another server of the same cluster', async () => {
        const topic = await kafka.createTopic({ partitions: PARTITIONS });
        const servers = [await RemoteServer.start(), await RemoteServer.start({ metadataField: '_kafka', batch: { maxDelay: 0 } })];
        const flood = new Flood(topic);
        const client = resumable(connect(servers[0].url));
        client.emit('subscribe', { assignments: [{ topic, offset: 'earliest' }], start: true });
        const { numbers, reach } = watch(client);
        for (let turn = 1; turn <= 6; turn++) {
            await reach(turn * 1000);
            client.io.uri = servers[turn % 2].url;
            client.io.engine.close();
        }
        const count = await flood.end();
        await reach(count);
        await kafka.produce(topic, [recordOf(count)]);
        await reach(count + 1);
        assertExactlyOnce(numbers, range(0, count + 1));
        client.disconnect();
        await Promise.all(servers.map((server) => server.close()));
    });

    it('goes on at another cluster, by the time: at least once', async () => {
        const broker = await startKafka();
        const mirror = await kafka.connect(broker.brokers);
        const topic = await kafka.createTopic();
        await mirror.createTopic({ topic });
        const records = range(0, 500).map((n) => ({ value: { n }, timestamp: BASE + n }));
        await kafka.produce(topic, records.slice(0, 300));
        await mirror.produce(topic, records.slice(100));
        const [here, there] = [await serve(), await serve({ kafkaConfig: newConfig({ 'metadata.broker.list': broker.brokers }) })];
        const client = resumable(connect(here.url));
        client.emit('subscribe', { assignments: [{ topic, offset: 0 }], start: true });
        const { numbers, reach } = watch(client);
        const events = record(client, 'err', 'assigned');
        await reach(300);
        client.io.uri = there.url;
        client.io.engine.close();
        await until(() => numbers.includes(499));
        // By the last message that was seen: not even that comes twice but once.
        assert.deepEqual(numbers, [...range(0, 300), ...range(299, 500)]);
        assert.deepEqual(events, [['assigned', [{ topic, partition: 0, offset: 199, exact: false }]]]);
        await Promise.all([here.close(), there.close(), mirror.close()]);
        await broker.close();
    });

    it('is at least once, from the last position, where messages do not say where they are from', async () => {
        const topic = await kafka.createTopic();
        let server = await RemoteServer.start({ metadataField: false });
        await kafka.produce(topic, range(0, 20000).map((n) => ({ value: { n } })));
        const client = resumable(connect(server.url), { positions: 100 });
        client.emit('subscribe', { assignments: [{ topic, offset: 0 }], start: true });
        const { numbers, reach } = watch(client);
        const positions = record(client, 'position');
        await reach(20000);
        // Then it knows, and nothing comes again.
        await until(() => positions.at(-1)?.[1].assignments[0].offset === 20000);
        server = await server.restart();
        await kafka.produce(topic, range(20000, 40000).map((n) => ({ value: { n } })));
        await reach(25000);
        assert.deepEqual(numbers.slice(0, 25000), range(0, 25000));
        server = await server.restart();
        await until(() => numbers.at(-1) === 39999);
        assert.deepEqual([...new Set(numbers)], range(0, 40000));
        // If something comes again, it is one stretch.
        assert.ok(numbers.filter((n, i) => i > 0 && n !== numbers[i - 1] + 1).length <= 1);
        client.disconnect();
        await server.close();
    });

    it('takes records that lie about where they are from for what they are', async () => {
        const topic = await kafka.createTopic();
        let server = await RemoteServer.start({ metadataField: false });
        await kafka.produce(topic, range(0, 10).map((n) => ({ value: { n, _kafka: { topic: 'other', partition: 5, offset: n } } })));
        const client = resumable(connect(server.url), { positions: 100 });
        client.emit('subscribe', { assignments: [{ topic, offset: 0 }], start: true });
        const { numbers, reach } = watch(client);
        await reach(10);
        server = await server.restart();
        await kafka.produce(topic, [{ value: { n: 10 } }]);
        await until(() => numbers.includes(10));
        assert.deepEqual([...new Set(numbers)], range(0, 11));
        client.disconnect();
        await server.close();
    });

    it('follows the metadata member of another name', async () => {
        const topic = await kafka.createTopic();
        let server = await RemoteServer.start({ metadataField: 'meta' });
        await kafka.produce(topic, range(0, 10).map((n) => ({ value: { n, meta: { uri: 'x' } } })));
        const client = resumable(connect(server.url), { metadataField: 'meta', positions: 3600000 });
        client.emit('subscribe', { assignments: [{ topic, offset: 0 }], start: true });
        const { numbers, reach } = watch(client);
        await reach(10);
        server = await server.restart();
        await kafka.produce(topic, [{ value: { n: 10, meta: {} } }]);
        await reach(11);
        assert.deepEqual(numbers, range(0, 11));
        client.disconnect();
        await server.close();
    });

    describe('page code', () => {
        let server;
        let topic;
        beforeEach(async () => {
            server = await serve();
            topic = await kafka.createTopic();
            await kafka.produce(topic, range(0, 10).map((n) => ({ value: { n } })));
        });
        afterEach(() => server.close());

        /** Breaks the connection, and waits until there is a new one. */
        async function reconnect(client) {
            const ready = nextEvent(client, 'ready');
            client.io.engine.close();
            await ready;
        }

        it('that sets everything up at each ready is answered, and goes on where it was', async () => {
            const client = resumable(connect(server.url));
            const acks = [];
            client.on('ready', () => {
                client.emit('subscribe', [{ topic, partition: 0, offset: 0 }], (...answer) => acks.push(answer));
                client.emit('filter', { n: '/[0-9]/' }, (...answer) => acks.push(answer));
                client.emit('start', (...answer) => acks.push(answer));
            });
            const { numbers, reach } = watch(client);
            const events = record(client, 'err');
            await reach(10);
            for (let round = 1; round <= 3; round++) {
                await reconnect(client);
                await kafka.produce(topic, [{ value: { n: 9 + round } }]);
                await reach(10 + round);
            }
            assert.deepEqual(numbers, range(0, 13));
            assert.deepEqual(events, []);
            await until(() => acks.length === 12);
            assert.deepEqual(acks.slice(0, 3), [[null, [{ topic, partition: 0, offset: 0 }]], [null, { n: '/[0-9]/' }], [null, null]]);
            assert.deepEqual(acks.slice(-3), [[null, [{ topic, partition: 0, offset: 12 }]], [null, { n: '/[0-9]/' }], [null, null]]);
            // A second subscribe is as wrong as ever.
            await assert.rejects(request(client, 'subscribe', topic), { name: 'AlreadySubscribedError' });
            await assert.rejects(request(client, 'start'), { name: 'AlreadyStartedError' });
        });

        it('that pulls gets each message once', async () => {
            const client = resumable(connect(server.url));
            const pulled = [];
            await request(client, 'subscribe', { assignments: [{ topic, offset: 0 }] });
            for (let i = 0; i < 10; i++) {
                const asked = request(client, 'consume');
                if (i % 2 === 0) {
                    client.io.engine.close();
                }
                pulled.push((await asked).n);
            }
            assert.deepEqual(pulled, range(0, 10));
            const last = request(client, 'consume');
            await reconnect(client);
            await kafka.produce(topic, [{ value: { n: 10 } }]);
            assert.equal((await last).n, 10);
        });

        it('keeps what it has stopped, filtered, and unsubscribed', async () => {
            const other = await kafka.createTopic();
            await kafka.produce(other, [{ value: { n: 100 } }]);
            const client = resumable(connect(server.url));
            const { numbers, reach } = watch(client);
            await request(client, 'subscribe', { assignments: [{ topic, offset: 0 }, { topic: other, offset: 0 }], start: true });
            await reach(11);
            await request(client, 'unsubscribe', other);
            await request(client, 'stop');
            await reconnect(client);
            await kafka.produce(other, [{ value: { n: 101 } }]);
            await kafka.produce(topic, [{ value: { n: 10 } }, { value: { n: 11 } }, { value: { n: 12 } }]);
            await request(client, 'filter', { n: [11, 12, 13, 101] });
            await reconnect(client);
            assert.equal((await request(client, 'consume')).n, 11);
            await reconnect(client);
            assert.equal(numbers.length, 11);
            await request(client, 'start');
            await reach(12);
            await reconnect(client);
            await kafka.produce(topic, [{ value: { n: 7 } }, { value: { n: 13 } }]);
            await reach(13);
            assert.deepEqual(numbers.slice(11), [12, 13]);
            // After the end of all nothing is resumed.
            await request(client, 'unsubscribe');
            await reconnect(client);
            await assert.rejects(request(client, 'start'), { name: 'NotSubscribedError' });
            // ... but for the filter, as without a reconnect.
            await request(client, 'subscribe', { assignments: [{ topic, offset: 0 }], start: true });
            await reach(16);
            assert.deepEqual(numbers.slice(13), [11, 12, 13]);
        });

        it('has its events carried out in order that it emits without a connection', async () => {
            const client = resumable(connect(server.url));
            const { numbers, reach } = watch(client);
            await request(client, 'subscribe', { assignments: [{ topic, offset: 0 }], filter: { n: [0, 1] }, start: true });
            await reach(2);
            client.disconnect();
            const asked = [request(client, 'stop'), request(client, 'filter', { n: [105, 106] }), request(client, 'consume'), request(client, 'start')];
            client.connect();
            await asked[1];
            // Not before: while the old filter holds, the subscription moves on through what there is.
            await kafka.produce(topic, [{ value: { n: 105 } }, { value: { n: 106 } }]);
            assert.deepEqual((await Promise.all(asked)).map((result) => result?.n), [undefined, [105, 106], 105, undefined]);
            await reach(3);
            assert.deepEqual(numbers, [0, 1, 106]);
        });

        it('may call socket.off(), use timeouts and emitWithAck', async () => {
            const client = resumable(connect(server.url));
            assert.equal(resumable(client), client);
            assert.equal(await client.emitWithAck('subscribe', { assignments: [{ topic, offset: 0 }] }), null);
            client.off();
            assert.equal((await client.timeout(60000).emitWithAck('start')), null);
            const { numbers, reach } = watch(client);
            await kafka.produce(topic, [{ value: { n: 10 } }]);
            await until(() => numbers.includes(10));
            await reconnect(client);
            await kafka.produce(topic, [{ value: { n: 11 } }]);
            await reach(numbers.length + 1);
            assert.equal(numbers.at(-1), 11);
            await client.timeout(60000).emitWithAck('stop');
            await assert.rejects(client.timeout(1).emitWithAck('consume'), /timed out/);
            client.disconnect();
            await assert.rejects(client.timeout(1).emitWithAck('filter', { n: -1 }), /timed out/);
            client.connect();
            // What timed out before it was sent was given up.
            await kafka.produce(topic, [{ value: { n: 12 } }, { value: { n: 13 } }]);
            // The one that was sent may have taken a message; it is not asked for any more.
            const pulled = [];
            while (pulled.at(-1) !== 13) {
                pulled.push((await request(client, 'consume')).n);
            }
        });

        it('may have been connected before', async () => {
            for (const event of ['connect', 'ready']) {
                const client = connect(server.url);
                await nextEvent(client, event);
                resumable(client);
                const { numbers, reach } = watch(client);
                const events = record(client, 'err');
                client.emit('subscribe', { assignments: [{ topic, offset: 5 }], start: true });
                await reach(5);
                await reconnect(client);
                assert.deepEqual((await request(client, 'stop')), null);
                assert.deepEqual([numbers, events], [range(5, 10), []]);
            }
        });

        it('is told when there is no way back, and may begin anew', async () => {
            const client = resumable(connect(server.url));
            await request(client, 'subscribe', { assignments: [{ topic, offset: 0 }] });
            // As if the servers had been replaced by others that know no such token.
            server.options.limits = { tokenBytes: 10 };
            const refused = nextEvent(client, 'err');
            await reconnect(client);
            assert.equal((await refused)[0].name, 'LimitExceededError');
            server.options.limits = {};
            await reconnect(client);
            assert.equal((await request(client, 'consume')).n, 0);
        });

        it('waits for what is not there at the moment', async () => {
            const client = resumable(connect(server.url));
            await request(client, 'subscribe', { assignments: [{ topic, offset: 0 }], start: true });
            const { reach } = watch(client);
            let closed = true;
            server.options.authorize = (socket, topics) => topics.filter((name) => name !== topic || !closed);
            const refused = nextEvent(client, 'err');
            await reconnect(client);
            assert.equal((await refused)[0].name, 'TopicNotAvailableError');
            closed = false;
            await kafka.produce(topic, [{ value: { n: 10 } }]);
            await reach(1);
        });
    });

    it('is right with connection state recovery, too', async () => {
        const topic = await kafka.createTopic({ partitions: PARTITIONS });
        const options = { kafkaConfig: newConfig(), hubIdle: 0, logger: memoryLogger() };
        const server = await startServer((socket) => new Kasocki(socket, options), { connectionStateRecovery: {} });
        const client = resumable(connect(server.url));
        client.emit('subscribe', { assignments: [{ topic, offset: 0 }], start: true });
        const { numbers, reach } = watch(client);
        let recovered = 0;
        client.on('connect', () => {
            recovered += client.recovered ? 1 : 0;
        });
        await kafka.produce(topic, range(0, 3000).map(recordOf));
        for (const count of [100, 500, 1500]) {
            await reach(count);
            client.io.engine.close();
        }
        await reach(3000);
        await kafka.produce(topic, [recordOf(3000)]);
        await reach(3001);
        assertExactlyOnce(numbers, range(0, 3001));
        assert.ok(recovered > 0);
        client.disconnect();
        await server.close();
    });

    describe('in a browser', () => {
        const files = {
            '/': ['text/html', '<!doctype html><script src="/socket.io.js"></script><script src="/client.js"></script>'],
            '/module': ['text/html', '<!doctype html><script src="/socket.io.js"></script><script type="module" src="/page.mjs"></script>'],
            '/page.mjs': ['text/javascript', 'import { resumable } from "/client.mjs"; window.kasocki = { resumable };'],
            '/client.js': ['text/javascript', fs.readFileSync(require.resolve('../lib/client.js'))],
            '/client.mjs': ['text/javascript', fs.readFileSync(require.resolve('../lib/client.mjs'))],
            '/socket.io.js': ['text/javascript', fs.readFileSync(path.join(path.dirname(require.resolve('socket.io-client/package.json')), 'dist/socket.io.js'))],
            '/favicon.ico': ['image/png', '']
        };
        let pages;
        before(async () => {
            pages = await startServer(() => {}, {
                onRequest: (request, response) => {
                    const [type, body] = files[request.url];
                    response.setHeader('content-type', type).end(body);
                }
            });
        });
        after(() => pages.close());

        for (const [name, place] of [['a plain script', '/'], ['a module', '/module']]) {
            it(`sees every message once while its server is killed ten times in a flood: ${name}`, async () => {
                const topic = await kafka.createTopic({ partitions: PARTITIONS });
                let server = await RemoteServer.start({}, { cors: { origin: '*' } });
                const { page, errors, close } = await openPage(pages.url + place);
                await page.waitForFunction(() => window.kasocki !== undefined);
                const flood = await Flood.begin(topic);
                await page.evaluate(({ url, topic: name, from }) => {
                    window.numbers = [];
                    const socket = window.kasocki.resumable(window.io(url, { reconnectionDelay: 20, reconnectionDelayMax: 100 }));
                    socket.emit('subscribe', { assignments: [{ topic: name, timestamp: from }], filter: ['$.even == true', { even: true }], start: true });
                    socket.on('message', ({ n }) => window.numbers.push(n));
                }, { url: server.url, topic, from: BASE + 1000 });
                const reach = (count) => page.waitForFunction((wanted) => window.numbers.length >= wanted, count, { polling: 20, timeout: 0 });
                for (let restart = 1; restart <= 10; restart++) {
                    await reach(restart * 1000);
                    server = await server.restart();
                }
                const expected = range(1000, await flood.end(), 2);
                await reach(expected.length);
                await kafka.produce(topic, [{ value: { n: -1, even: true } }]);
                await reach(expected.length + 1);
                const numbers = await page.evaluate(() => window.numbers);
                assert.equal(numbers.pop(), -1);
                assertExactlyOnce(numbers, expected);
                // The browser itself writes of each connection that failed; nothing else is there.
                assert.deepEqual(errors.filter((error) => !/ERR_CONNECTION|ERR_EMPTY|WebSocket connection|ERR_FAILED|CORS/.test(error)), []);
                await close();
                await server.close();
            });
        }
    });

    describe('request()', () => {
        it('gives results and errors', async () => {
            const server = await serve();
            const topic = await kafka.createTopic();
            const client = connect(server.url);
            assert.deepEqual(await request(client, 'subscribe', topic), [{ topic, partition: 0, offset: -1 }]);
            assert.equal(await request(client, 'start', undefined, 60000), null);
            await assert.rejects(request(client, 'filter', { x: {} }), (error) => {
                assert.ok(error instanceof Error);
                assert.equal(error.name, 'InvalidFilterError');
                assert.equal(error.socketEvent, 'filter');
                assert.match(error.message, /x/);
                return true;
            });
            await assert.rejects(request(client, 'consume', null, 1), { name: 'TimeoutError' });
            const waiting = request(client, 'consume');
            client.io.engine.close();
            await assert.rejects(waiting, { name: 'DisconnectedError' });
            await server.close();
        });

        it('refuses a time that is none, and what is no socket; null is no time', async () => {
            const server = await serve();
            const client = connect(server.url);
            const emitted = [];
            client.onAnyOutgoing((event) => emitted.push(event));
            for (const ms of [-1, NaN, Infinity, 2 ** 31, '1000', {}]) {
                await assert.rejects(request(client, 'filter', {}, ms), { name: 'TypeError', message: /"ms" must be a number/ });
            }
            for (const socket of [undefined, null, {}]) {
                await assert.rejects(request(socket, 'stop'), { name: 'TypeError', message: /must be a socket/ });
            }
            assert.equal(await request(client, 'stop', undefined, null), null);
            assert.deepEqual(emitted, ['stop']);
            await server.close();
        });

        it('works with the option ackTimeout', async () => {
            const server = await serve();
            const topic = await kafka.createTopic();
            for (const make of [(client) => client, resumable]) {
                const client = make(connect(server.url, { ackTimeout: 60000 }));
                assert.deepEqual(await request(client, 'subscribe', topic), [{ topic, partition: 0, offset: -1 }]);
                await assert.rejects(request(client, 'subscribe', topic), { name: 'AlreadySubscribedError' });
            }
            await server.close();
        });
    });

    it('refuses what is no socket of socket.io-client 4, and option retries', () => {
        const old = require('socket.io-client-1')('http://127.0.0.1:1', { autoConnect: false, forceNew: true });
        for (const socket of [undefined, null, {}, { emit() {} }, old]) {
            assert.throws(() => resumable(socket), TypeError);
        }
        assert.throws(() => resumable(io('http://127.0.0.1:1', { autoConnect: false, retries: 3, ackTimeout: 1000 })), /retries/);
    });

    it('refuses options that can not be', () => {
        const socket = io('http://127.0.0.1:1', { autoConnect: false });
        assert.throws(() => resumable(socket, { position: 1000 }), /no option "position"/);
        for (const positions of [99, 3600001, 100.5, '1000', null]) {
            assert.throws(() => resumable(socket, { positions }), { name: 'TypeError', message: /"positions" must be/ });
        }
        for (const metadataField of [true, '', null, 5]) {
            assert.throws(() => resumable(socket, { metadataField }), { name: 'TypeError', message: /"metadataField" must be/ });
        }
        const other = io('http://127.0.0.1:1', { autoConnect: false });
        assert.equal(resumable(other, { positions: undefined, metadataField: undefined }), other);
        assert.equal(resumable(socket, { positions: 100, metadataField: false }), socket);
    });

    it('is the same by require, import, and as a plain script', async () => {
        const required = require('kasocki/client');
        assert.equal(required.resumable, resumable);
        const imported = await import('kasocki/client');
        assert.equal(imported.resumable, resumable);
        assert.equal(imported.request, request);
        assert.deepEqual(Object.keys(imported).sort(), ['request', 'resumable']);
    });
});
