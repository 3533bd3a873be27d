'use strict';

// Pages of 2016: socket.io-client 1.4.8, which a server with allowEIO3 takes. The README of that time, end to end.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { errorOf, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { ackOf, collect, nextEvent, record } = require('./support/server.js');

describe('socket.io-client 1.4.8', () => {
    const COUNT = 3000;
    let topic;
    let server;
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
        await kafka.produce(topic, (function* () {
            for (let n = 0; n < COUNT; n++) {
                yield { value: { n, text: 'ü€😀', odd: n % 2 === 1 }, key: `k${n}` };
            }
        })());
        server = await serve({}, { allowEIO3: true });
    });
    after(() => server?.close());

    const range = (from, to, step = 1) => Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);

    /** @returns {Promise<object>} a client of 2016 that is ready */
    async function ready(options) {
        const client = server.connectOld(options);
        const [topics] = await nextEvent(client, 'ready');
        assert.ok(topics.includes(topic));
        return client;
    }

    for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
        describe(`over ${transports}`, () => {
            it('subscribe, filter, start, consume, stop', async () => {
                const client = await ready({ transports });
                const errors = record(client, 'err');
                assert.deepEqual(await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]), [{ topic, partition: 0, offset: 0 }]);
                assert.deepEqual(await resultOf(client, 'filter', { odd: true }), { odd: true });
                const { n, text, _kafka: { offset, key } } = await resultOf(client, 'consume', null);
                assert.deepEqual([n, text, offset, key], [1, 'ü€😀', 1, 'k1']);
                const messages = collect(client, 'message', COUNT / 2 - 1);
                assert.deepEqual(await ackOf(client, 'start', null), [null, null]);
                assert.deepEqual((await messages).map((message) => message.n), range(3, COUNT, 2));
                assert.deepEqual(await ackOf(client, 'stop'), [null, null]);
                assert.deepEqual(errors, []);
                client.disconnect();
            });

            it('everything at once before ready', async () => {
                const client = server.connectOld({ transports });
                const messages = collect(client, 'message', COUNT);
                client.emit('subscribe', [{ topic, partition: 0, offset: 0 }]);
                // Over long polling this client mangles what is not ASCII in its own events, whoever the server is.
                client.emit('filter', { text: '/\\u20ac/' });
                client.emit('start');
                assert.deepEqual((await messages).map(({ n }) => n), range(0, COUNT));
                client.disconnect();
            });

            it('stop and start in the middle: nothing lost, nothing twice', async () => {
                const client = await ready({ transports });
                await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
                const seen = [];
                let stopped = false;
                client.on('message', ({ n }) => {
                    assert.equal(stopped, false);
                    seen.push(n);
                    if (n % 500 === 100) {
                        client.emit('stop', null, () => {
                            stopped = true;
                        });
                        client.emit('start', null, () => {
                            stopped = false;
                        });
                    }
                });
                client.emit('start');
                await until(() => seen.length === COUNT);
                assert.deepEqual(seen, range(0, COUNT));
                client.disconnect();
            });

            it('errors go to the ack and to err', async () => {
                const client = await ready({ transports });
                const errors = record(client, 'err');
                for (const [event, argument, name] of [
                    ['start', null, 'NotSubscribedError'], ['consume', null, 'NotSubscribedError'], ['subscribe', 'no-such-topic', 'TopicNotAvailableError'],
                    ['subscribe', { a: 1 }, 'InvalidAssignmentError'], ['filter', { a: { b: 1 } }, 'InvalidFilterError'],
                ]) {
                    const error = await errorOf(client, event, argument);
                    assert.deepEqual([error.name, error.origin, error.socketEvent], [name, 'Kasocki', event]);
                    assert.deepEqual(errors.at(-1), ['err', error]);
                }
                assert.deepEqual((await resultOf(client, 'subscribe', topic)), [{ topic, partition: 0, offset: -1 }]);
                client.disconnect();
            });
        });
    }

    it('hundreds of consumes', async () => {
        const client = await ready();
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        const messages = await Promise.all(range(0, 500).map(() => resultOf(client, 'consume')));
        assert.deepEqual(messages.map(({ n }) => n), range(0, 500));
        client.disconnect();
    });

    it('side by side with socket.io-client 4', async () => {
        const clients = [await ready(), await readyClient(server)];
        await Promise.all(clients.map(async (client) => {
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
            const messages = collect(client, 'message', COUNT);
            await resultOf(client, 'start');
            assert.deepEqual((await messages).map(({ n }) => n), range(0, COUNT));
            client.disconnect();
        }));
    });

    it('live messages, with the samples of the README of 2016', async () => {
        const live = await kafka.createTopic();
        const own = await serve({}, { allowEIO3: true });
        const socket = own.connectOld();
        const received = [];
        const answers = [];
        socket.on('message', (message) => received.push(message));
        socket.on('ready', () => {
            const callback = (error, result) => answers.push([error, result]);
            socket.emit('subscribe', [live], callback);
            socket.emit('filter', { 'user.name': '/^A/', 'kind': 'edit' }, callback);
            socket.emit('start', null, callback);
        });
        await until(() => answers.length === 3);
        await kafka.produce(live, [{ value: { kind: 'edit', user: { name: 'Anna' } } }, { value: { kind: 'edit', user: { name: 'Bob' } } },
            { value: { kind: 'log', user: { name: 'Ada' } } }, { value: { kind: 'edit', user: { name: 'Alan' } } }]);
        await until(() => received.length === 2);
        assert.deepEqual(answers, [[null, [{ topic: live, partition: 0, offset: -1 }]], [null, { 'user.name': '/^A/', 'kind': 'edit' }], [null, null]]);
        assert.deepEqual(received.map(({ user }) => user.name), ['Anna', 'Alan']);
        await own.close();
    });
});
