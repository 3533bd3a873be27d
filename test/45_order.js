'use strict';

// One socket's events are carried out in the order of their arrival, each after the one before is decided. Here they come in one
// tick before `ready`, and in the middle of a flood of messages.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { nextEvent } = require('./support/server.js');

describe('the order of events', () => {
    const COUNT = 30000;
    /** Records { n, m2, m3, m7 }: n = 0 to COUNT - 1, and its remainders. */
    let flood;
    let server;
    before(kafka.start);
    before(async () => {
        flood = await kafka.createTopic();
        await kafka.produce(flood, records(0, COUNT));
        server = await serve();
    });
    after(() => server?.close());

    function* records(first, end) {
        for (let n = first; n < end; n++) {
            yield { value: { n, m2: n % 2, m3: n % 3, m7: n % 7, text: 'x'.repeat(n % 97) } };
        }
    }

    const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
    const from = (offset) => [{ topic: flood, partition: 0, offset }];

    /**
     * Writes down all that a client sees, in one list: messages as their numbers, acknowledgements and `err` as texts.
     *
     * @returns {{ events: Array<number|string>, messages: number[], consumed: number[],
     *     emit(event: string, label: string, ...args: any[]): Promise<void> }} lists that grow: all of it, the messages, the consumed ones
     */
    function watch(client) {
        const events = [];
        const messages = [];
        const consumed = [];
        client.on('ready', () => events.push('ready'));
        client.on('message', ({ n }) => {
            events.push(n);
            messages.push(n);
        });
        client.on('err', ({ name, socketEvent }) => events.push(`err ${socketEvent} ${name}`));
        // Written down at once, not in a promise's turn: messages may follow in the same one.
        const emit = (event, label, ...args) => new Promise((resolve) => {
            client.emit(event, ...args, (error, result) => {
                if (event === 'consume' && !error) {
                    consumed.push(result.n);
                }
                events.push(error ? `${label} ${error.name}` : event === 'consume' ? `${label} ${result.n}` : label);
                resolve();
            });
        });
        return { events, messages, consumed, emit };
    }

    const textsOf = (events) => events.filter((event) => typeof event === 'string');

    describe('in one tick before ready', () => {
        it('subscribe, filter, start', async () => {
            const client = server.connect();
            const { events, messages, emit } = watch(client);
            emit('subscribe', 'subscribed', from(COUNT - 100));
            emit('filter', 'filtered', { m2: 0 });
            emit('start', 'started');
            await until(() => messages.length === 50);
            assert.deepEqual(events, ['ready', 'subscribed', 'filtered', 'started', ...range(COUNT - 100, COUNT).filter((n) => n % 2 === 0)]);
        });

        it('each after the one before is decided: errors, a second try, consumes, stop', async () => {
            const client = server.connect();
            const { events, emit } = watch(client);
            emit('start', 'start 1');
            emit('consume', 'consume 1');
            emit('subscribe', 'subscribe 1', [{ topic: flood, partition: 9, offset: 0 }]);
            emit('start', 'start 2');
            emit('subscribe', 'subscribe 2', from(COUNT - 10));
            emit('subscribe', 'subscribe 3', from(0));
            emit('consume', 'consume 2');
            emit('filter', 'filter 1', { m2: {} });
            emit('consume', 'consume 3');
            emit('stop', 'stop');
            emit('consume', 'consume 4');
            await until(() => textsOf(events).includes(`consume 4 ${COUNT - 8}`));
            emit('start', 'start 3');
            await until(() => events.includes(COUNT - 1));
            assert.deepEqual(events.filter((event) => !/^consume [234]/.test(event)), [
                'ready',
                'err start NotSubscribedError', 'start 1 NotSubscribedError',
                'err consume NotSubscribedError', 'consume 1 NotSubscribedError',
                'err subscribe InvalidAssignmentError', 'subscribe 1 InvalidAssignmentError',
                'err start NotSubscribedError', 'start 2 NotSubscribedError',
                'subscribe 2',
                'err subscribe AlreadySubscribedError', 'subscribe 3 AlreadySubscribedError',
                'err filter InvalidFilterError', 'filter 1 InvalidFilterError',
                'stop',
                'start 3', ...range(COUNT - 7, COUNT),
            ]);
            assert.deepEqual(events.filter((event) => /^consume [234]/.test(event)), [10, 9, 8].map((n, i) => `consume ${i + 2} ${COUNT - n}`));
        });

        it('start and stop: no message comes', async () => {
            const client = server.connect();
            const { events, emit } = watch(client);
            emit('subscribe', 'subscribed', from(0));
            emit('start', 'started');
            emit('stop', 'stopped');
            emit('consume', 'consumed');
            emit('filter', 'filtered', null);
            await until(() => events.length === 6);
            assert.deepEqual(events.slice(0, 4), ['ready', 'subscribed', 'started', 'stopped']);
            assert.deepEqual(events.slice(4).sort(), ['consumed 0', 'filtered']);
        });

        it('hundreds of events', async () => {
            const client = server.connect();
            const { events, emit } = watch(client);
            emit('subscribe', 'subscribed', from(0));
            for (let i = 0; i < 400; i++) {
                emit('filter', `filter ${i}`, { m3: i % 3 });
                emit('consume', `consume ${i}`);
            }
            emit('stop', 'stopped');
            await until(() => events.length === 803);
            assert.deepEqual(events.filter((event) => event.startsWith('filter')), range(0, 400).map((i) => `filter ${i}`));
            // All of them wait until the last filter is in force: m3 is 0 then.
            const consumed = events.filter((event) => event.startsWith('consume')).map((event) => event.split(' ').map(Number).slice(1));
            assert.deepEqual(consumed.map(([i]) => i), range(0, 400));
            const offsets = consumed.map(([, n]) => n);
            assert.deepEqual(offsets, [...offsets].sort((a, b) => a - b));
            assert.equal(new Set(offsets).size, 400);
        });

        it('of many sockets, each its own', async () => {
            await Promise.all(range(0, 20).map(async (i) => {
                const client = server.connect();
                const { events, messages, emit } = watch(client);
                emit('subscribe', 'subscribed', from(COUNT - 70));
                emit('filter', 'filtered', { m7: i % 7 });
                emit('start', 'started');
                await until(() => messages.length === 10);
                const expected = range(COUNT - 70, COUNT).filter((n) => n % 7 === i % 7);
                assert.deepEqual(events, ['ready', 'subscribed', 'filtered', 'started', ...expected]);
            }));
        });

        it('from a client whose transport is upgraded meanwhile', async () => {
            const client = server.connect({ transports: ['polling', 'websocket'] });
            const { events, messages, emit } = watch(client);
            emit('subscribe', 'subscribed', from(0));
            emit('start', 'started');
            await until(() => messages.length === COUNT);
            assert.deepEqual(events, ['ready', 'subscribed', 'started', ...range(0, COUNT)]);
            assert.equal(client.io.engine.transport.name, 'websocket');
        });
    });

    /** A client that reads the flood from its beginning. */
    async function flooded(options) {
        const client = await readyClient(server, options);
        await resultOf(client, 'subscribe', from(0));
        return client;
    }

    for (const transports of [['websocket'], ['polling']]) {
        describe(`in the middle of a flood, over ${transports}`, () => {
            const filters = [
                [null, () => true],
                [{ m2: 0 }, (n) => n % 2 === 0],
                [{ m3: [1, 2] }, (n) => n % 3 > 0],
                [{ m7: '/^[0-4]$/' }, (n) => n % 7 < 5],
                [{ m2: 1, m3: [0, 1] }, (n) => n % 6 === 1 || n % 6 === 3],
                ['', () => true],
                [{ '_kafka.offset': '/[0-6]$/' }, (n) => n % 10 <= 6],
            ];

            it('a filter\'s ack stands exactly between the old and the new; nothing is lost, nothing comes twice', async () => {
                const topic = await kafka.createTopic();
                const client = await readyClient(server, { transports });
                await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
                const { events, messages, emit } = watch(client);
                // However much is under way while a filter is asked for, the flood goes on until the last one is in force.
                let end = 0;
                const flow = async () => {
                    end += 10000;
                    await kafka.produce(topic, records(end - 10000, end));
                };
                await flow();
                let flowing = null;
                emit('start', 'start');
                // The next one when the one before has let 300 messages through: by then more are under way.
                let asked = 0;
                let since = 0;
                client.on('message', ({ n }) => {
                    since++;
                    if (since === 300 && asked + 1 < filters.length) {
                        asked++;
                        emit('filter', `filter ${asked}`, filters[asked][0]).then(() => {
                            since = 0;
                        });
                    }
                    if (n > end - 5000 && !flowing && textsOf(events).length < filters.length) {
                        flowing = flow().finally(() => {
                            flowing = null;
                        });
                    }
                });
                await until(() => textsOf(events).length === filters.length && !flowing);
                await flow();
                const last = range(0, end).filter(filters.at(-1)[1]).at(-1);
                await until(() => messages.at(-1) >= last);

                // The messages by the filter that was in force when they came.
                const parts = [[]];
                for (const event of events) {
                    if (typeof event === 'number') {
                        parts.at(-1).push(event);
                    } else if (event.startsWith('filter')) {
                        parts.push([]);
                    }
                }
                assert.deepEqual(textsOf(events), ['start', ...range(1, filters.length).map((i) => `filter ${i}`)]);
                assert.equal(parts.length, filters.length);
                let previous = -1;
                for (const [i, part] of parts.entries()) {
                    const matches = filters[i][1];
                    assert.ok(part.length > 0, `filter ${i} let nothing through`);
                    // Consecutive matches of its filter ...
                    assert.deepEqual(part, range(part[0], part.at(-1) + 1).filter(matches), `filter ${i}`);
                    if (i > 0) {
                        // ... from behind the last one delivered on, and at the latest from the one that would have come next.
                        const nextOld = range(previous + 1, end).find(filters[i - 1][1]) ?? end;
                        const first = range(previous + 1, end).find(matches);
                        const latest = range(nextOld, end).find(matches);
                        assert.ok(part[0] >= first && part[0] <= latest, `filter ${i}: ${first} <= ${part[0]} <= ${latest}`);
                    }
                    previous = part.at(-1);
                }
                client.disconnect();
            });

            it('after the ack of stop nothing comes until start, which goes on where it was', async () => {
                const client = await flooded({ transports });
                const { events, messages, emit } = watch(client);
                emit('start', 'start');
                let asked = 0;
                client.on('message', () => {
                    if (messages.length >= (asked + 1) * 500 && asked < 6) {
                        asked++;
                        emit('stop', 'stop');
                        emit('filter', 'filter', null);
                        emit('start', 'start');
                    }
                });
                await until(() => messages.length === COUNT);
                assert.deepEqual(messages, range(0, COUNT));
                let running = false;
                for (const event of events) {
                    if (event === 'stop' || event === 'start') {
                        // The first message may overtake nothing: start's ack comes first.
                        running = event === 'start';
                    } else if (typeof event === 'number') {
                        assert.ok(running, `message ${event} while stopped`);
                    }
                }
                assert.deepEqual(textsOf(events), ['start', ...range(0, 6).flatMap(() => ['stop', 'filter', 'start'])]);
                client.disconnect();
            });

            it('hundreds of consumes take their messages, and leave the others', async () => {
                const client = await flooded({ transports });
                const { events, messages, consumed, emit } = watch(client);
                emit('start', 'start');
                for (let i = 0; i < 300; i++) {
                    emit('consume', 'consume');
                }
                let more = 0;
                client.on('message', () => {
                    if (messages.length % 400 === 0 && more < 5) {
                        more++;
                        emit('stop', 'stop');
                        for (let i = 0; i < 60; i++) {
                            emit('consume', 'consume');
                        }
                        emit('start', 'start');
                    }
                });
                await until(() => messages.length + consumed.length === COUNT);
                assert.equal(consumed.length, 600);
                // Whatever way they came: in order, each once.
                const all = events.map((event) => (typeof event === 'number' ? event : event.startsWith('consume ') ? Number(event.slice(8)) : -1));
                assert.deepEqual(all.filter((n) => n >= 0), range(0, COUNT));
                client.disconnect();
            });
        });
    }

    it('a filter, a stop and consumes of one tick in the middle of a flood', async () => {
        const client = await flooded();
        const { events, messages, consumed, emit } = watch(client);
        emit('start', 'start');
        await nextEvent(client, 'message');
        emit('filter', 'even', { m2: 0 });
        emit('stop', 'stop');
        emit('consume', 'consume');
        emit('consume', 'consume');
        emit('filter', 'odd', { m2: 1 });
        await until(() => textsOf(events).length === 6);
        emit('consume', 'consume');
        await until(() => textsOf(events).length === 7);
        const stopAt = events.indexOf('stop');
        assert.deepEqual(messages, events.slice(0, events.indexOf('even')).filter((event) => typeof event === 'number'));
        assert.deepEqual(messages, range(0, messages.length));
        assert.ok(stopAt > events.indexOf('even'));
        // All three were served behind the last filter's ack: the first odd ones from there on.
        const next = range(messages.length, COUNT).filter((n) => n % 2 === 1);
        assert.ok(consumed[0] === next[0] || consumed[0] === next[1], `${consumed}`);
        assert.deepEqual(consumed.map((n) => (n - consumed[0]) / 2), [0, 1, 2]);
    });

    it('several partitions keep their order, each its own, through filters and stops', async () => {
        const topic = await kafka.createTopic({ partitions: 4 });
        const perPartition = 3000;
        await kafka.produce(topic, (function* () {
            for (let n = 0; n < perPartition; n++) {
                for (let p = 0; p < 4; p++) {
                    yield { value: { n, p }, partition: p };
                }
            }
        })());
        const own = await serve();
        const client = await readyClient(own);
        await resultOf(client, 'subscribe', range(0, 4).map((partition) => ({ topic, partition, offset: 0 })));
        const seen = [[], [], [], []];
        let count = 0;
        client.on('message', ({ n, p }) => {
            seen[p].push(n);
            if (++count % 900 === 0) {
                client.emit('stop');
                client.emit('filter', { p: [0, 1, 2, 3] });
                client.emit('start');
            }
        });
        client.emit('start');
        await until(() => count === 4 * perPartition);
        for (const numbers of seen) {
            assert.deepEqual(numbers, range(0, perPartition));
        }
        assert.deepEqual(client.errs, []);
        await own.close();
    });
});
