'use strict';

// `start`, `stop` and `pause`: the flow of `message` events, its interruptions, and its end with the socket.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { errorOf, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { ackOf, collect, collectUntil, nextEvent, record } = require('./support/server.js');

describe('start and stop', () => {
    const COUNT = 20000;
    /** Records { n }, n = 0 to COUNT - 1, of some hundred bytes. */
    let flood;
    let server;
    before(kafka.start);
    before(async () => {
        flood = await kafka.createTopic();
        await kafka.produce(flood, records(0, COUNT));
        server = await serve();
    });
    after(() => server?.close());

    function* records(from, to) {
        for (let n = from; n < to; n++) {
            yield { value: { n, text: 'x'.repeat(n % 300) } };
        }
    }

    const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

    /** @returns {Promise<object>} a client that will read from an offset of `flood` */
    async function subscribed(offset = 0, options = {}) {
        const client = await readyClient(server, options);
        await resultOf(client, 'subscribe', [{ topic: flood, partition: 0, offset }]);
        return client;
    }

    for (const [name, start] of [
        ['emit("start")', (client) => client.emit('start')],
        ['emit("start", null)', (client) => client.emit('start', null)],
        ['emit("start", cb)', async (client) => assert.deepEqual(await ackOf(client, 'start'), [null, null])],
        ['emit("start", null, cb)', async (client) => assert.deepEqual(await ackOf(client, 'start', null), [null, null])],
        ['emit("start", undefined, cb)', async (client) => assert.deepEqual(await ackOf(client, 'start', undefined), [null, null])],
        ['emit("start", {...}, cb)', async (client) => assert.deepEqual(await ackOf(client, 'start', { a: [1] }), [null, null])],
    ]) {
        it(`${name} begins the flow`, async () => {
            const client = await subscribed(COUNT - 3);
            const messages = collect(client, 'message', 3);
            await start(client);
            assert.deepEqual((await messages).map(({ n }) => n), range(COUNT - 3, COUNT));
            assert.deepEqual(client.errs, []);
        });
    }

    it('delivers everything, in order, once', async () => {
        const client = await subscribed();
        const messages = collect(client, 'message', COUNT);
        await resultOf(client, 'start');
        assert.deepEqual((await messages).map(({ n }) => n), range(0, COUNT));
    });

    for (const transports of [['polling'], ['polling', 'websocket']]) {
        it(`delivers everything over ${transports}`, async () => {
            const client = server.connect({ transports });
            const messages = collect(client, 'message', 5000);
            client.emit('subscribe', [{ topic: flood, partition: 0, offset: 0 }]);
            client.emit('start');
            assert.deepEqual((await messages).map(({ n }) => n), range(0, 5000));
            client.disconnect();
        });
    }

    it('delivers everything with perMessageDeflate, another listener on emits, and connectionStateRecovery', async () => {
        for (const [options, listen] of [
            [{ perMessageDeflate: { threshold: 0 } }, () => {}],
            [{}, (socket) => socket.onAnyOutgoing(() => {})],
            [{ connectionStateRecovery: {} }, () => {}],
        ]) {
            const own = await serve({}, options);
            own.io.on('connection', listen);
            const client = await readyClient(own);
            await resultOf(client, 'subscribe', [{ topic: flood, partition: 0, offset: 0 }]);
            const messages = collect(client, 'message', 900);
            await resultOf(client, 'start');
            assert.deepEqual((await messages).map(({ n }) => n), range(0, 900));
            await own.close();
        }
    });

    it('stop keeps the position: across many stops nothing is lost and nothing comes twice', async () => {
        const client = await subscribed();
        const seen = [];
        let onCount = () => {};
        client.on('message', ({ n }) => {
            seen.push(n);
            onCount();
        });
        const reaches = (count) => new Promise((resolve) => {
            onCount = () => seen.length >= count && resolve();
            onCount();
        });
        let stops = 0;
        while (seen.length < COUNT) {
            await resultOf(client, 'start');
            await reaches(Math.min(COUNT, seen.length + 700));
            assert.deepEqual(await ackOf(client, stops % 2 ? 'stop' : 'pause'), [null, null]);
            const atAck = seen.length;
            // The server has carried out another event since: what it would have sent would be here.
            await resultOf(client, 'filter', null);
            assert.equal(seen.length, atAck);
            stops++;
        }
        assert.deepEqual(seen, range(0, COUNT));
        assert.ok(stops > 2, `${stops}`);
    });

    it('stop is no error when nothing flows, and no end', async () => {
        const client = await readyClient(server);
        for (const event of ['stop', 'pause', 'stop']) {
            assert.deepEqual(await ackOf(client, event), [null, null]);
            assert.deepEqual(await ackOf(client, event, null), [null, null]);
        }
        await resultOf(client, 'subscribe', [{ topic: flood, partition: 0, offset: COUNT - 1 }]);
        await resultOf(client, 'stop');
        const [message] = await Promise.all([nextEvent(client, 'message'), resultOf(client, 'start')]);
        assert.equal(message[0].n, COUNT - 1);
        assert.deepEqual(client.errs, []);
    });

    it('what comes while it is stopped comes when it starts', async () => {
        const live = await kafka.createTopic();
        const own = await serve();
        const client = await readyClient(own);
        const events = record(client, 'message');
        await resultOf(client, 'subscribe', live);
        let n = 0;
        for (let round = 0; round < 5; round++) {
            await kafka.produce(live, records(n, n + 10));
            n += 10;
            await resultOf(client, 'start');
            await until(() => events.length === n);
            await resultOf(client, 'stop');
            await kafka.produce(live, records(n, n + 10));
            n += 10;
            await resultOf(client, 'stop');
            assert.equal(events.length, n - 10);
        }
        await resultOf(client, 'start');
        await until(() => events.length === n);
        assert.deepEqual(events.map(([, message]) => message.n), range(0, n));
        await own.close();
    });

    it('start before subscribe is a NotSubscribedError, twice an AlreadyStartedError', async () => {
        const client = await readyClient(server);
        for (const [event, name] of [['start', 'NotSubscribedError'], ['consume', 'NotSubscribedError']]) {
            const err = nextEvent(client, 'err');
            const error = await errorOf(client, event);
            assert.deepEqual([error.name, error.socketEvent, error.socket], [name, event, client.id]);
            assert.deepEqual((await err)[0], error);
        }
        await resultOf(client, 'subscribe', [{ topic: flood, partition: 0, offset: 0 }]);
        const messages = collect(client, 'message', 1000);
        await resultOf(client, 'start');
        const error = await errorOf(client, 'start');
        assert.deepEqual([error.name, error.socketEvent], ['AlreadyStartedError', 'start']);
        assert.deepEqual(client.errs.at(-1), error);
        assert.deepEqual((await messages).map(({ n }) => n), range(0, 1000));
        await resultOf(client, 'stop');
        await resultOf(client, 'start');
    });

    it('many sockets get the same, each from its own offset', async () => {
        await Promise.all(range(0, 10).map(async (i) => {
            const client = await subscribed(i * 1000);
            const messages = collectUntil(client, 'message', ({ n }) => n === COUNT - 1);
            await resultOf(client, 'start');
            assert.deepEqual((await messages).map(({ n }) => n), range(i * 1000, COUNT));
        }));
    });

    it('disconnect releases everything, at any moment', async () => {
        const own = await serve({ hubIdle: 3600000 });
        for (let i = 0; i < 30; i++) {
            const client = own.connect();
            client.emit('subscribe', [{ topic: flood, partition: 0, offset: i * 100 }]);
            client.emit('start');
            client.emit('consume', () => {});
            if (i % 3 === 0) {
                await nextEvent(client, 'ready');
            } else {
                await collect(client, 'message', i * 10);
            }
            if (i % 2) {
                client.disconnect();
            } else {
                client.io.engine.close();
            }
        }
        const client = await readyClient(own);
        await resultOf(client, 'subscribe', [{ topic: flood, partition: 0, offset: COUNT - 1 }]);
        assert.equal((await resultOf(client, 'consume')).n, COUNT - 1);
        await until(() => own.native().stats().sessions === 1 && own.native().stats().cursors === 1);
        const native = own.native();
        own.options.hubIdle = 0;
        client.disconnect();
        await until(() => native.stats().sessions === 0 && native.stats().cursors === 0);
        await own.close();
    });

    it('a new connection begins anew', async () => {
        const first = await subscribed();
        await resultOf(first, 'start');
        await nextEvent(first, 'message');
        first.disconnect();
        first.connect();
        await nextEvent(first, 'ready');
        assert.equal((await errorOf(first, 'start')).name, 'NotSubscribedError');
        await resultOf(first, 'subscribe', [{ topic: flood, partition: 0, offset: 7 }]);
        assert.equal((await resultOf(first, 'consume')).n, 7);
    });
});
