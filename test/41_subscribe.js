'use strict';

// `subscribe`: its three forms, where each begins to read, and its errors.

const assert = require('node:assert/strict');

const { startKafka } = require('./broker');
const kafka = require('./support/kafka.js');
const { errorOf, newConfig, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { ackOf, collect, collectUntil, nextEvent } = require('./support/server.js');

describe('subscribe', () => {
    /** Five records, n = 0 to 4, in one partition. */
    let topic;
    /** Three partitions with 3, 2 and no records: { p, n }. */
    let wide;
    /** Ten records, of which the log's start has passed five. */
    let cut;
    let internal;
    let server;
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
        wide = await kafka.createTopic({ partitions: 3 });
        cut = await kafka.createTopic();
        internal = await kafka.createTopic({ topic: `__${topic}` });
        await kafka.produce(topic, numbered(0, 5));
        await kafka.produce(wide, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1]].map(([p, n]) => ({ value: { p, n }, partition: p })));
        await kafka.produce(cut, numbered(0, 10));
        await kafka.deleteRecords(cut, { 0: 5 });
        server = await serve();
    });
    after(() => server?.close());

    /** @returns {object[]} records { n } */
    function numbered(from, to) {
        return Array.from({ length: to - from }, (_, i) => ({ value: { n: from + i } }));
    }

    /** @returns {Promise<number>} the `n` of the next message */
    async function next(client) {
        return (await resultOf(client, 'consume')).n;
    }

    describe('by name', () => {
        it('begins at the end as of its ack: what is produced after it is delivered, whenever start comes', async () => {
            const fresh = await kafka.createTopic({ partitions: 2 });
            await kafka.produce(fresh, [{ value: { n: -1 } }, { value: { n: -2 }, partition: 1 }]);
            const own = await serve();
            const client = await readyClient(own);
            assert.deepEqual(await resultOf(client, 'subscribe', fresh), [
                { topic: fresh, partition: 0, offset: -1 },
                { topic: fresh, partition: 1, offset: -1 },
            ]);
            await kafka.produce(fresh, [{ value: { n: 0 } }, { value: { n: 1 }, partition: 1 }, { value: { n: 2 } }]);
            const messages = collect(client, 'message', 3);
            await resultOf(client, 'start');
            const byPartition = (p) => (m) => m._kafka.partition === p;
            const got = await messages;
            assert.deepEqual(got.filter(byPartition(0)).map(({ n, _kafka: { offset } }) => [n, offset]), [[0, 1], [2, 2]]);
            assert.deepEqual(got.filter(byPartition(1)).map(({ n, _kafka: { offset } }) => [n, offset]), [[1, 1]]);
            await own.close();
        });

        it('takes an array of names, every partition of each', async () => {
            const client = await readyClient(server);
            assert.deepEqual(await resultOf(client, 'subscribe', [wide, topic]), [
                { topic: wide, partition: 0, offset: -1 },
                { topic: wide, partition: 1, offset: -1 },
                { topic: wide, partition: 2, offset: -1 },
                { topic, partition: 0, offset: -1 },
            ]);
        });

        it('begins at the end of a topic with transactions', async () => {
            const transactional = await kafka.createTopic();
            const first = await kafka.transaction();
            await first.produce(transactional, [{ value: { n: 0 } }]);
            await first.commit();
            const own = await serve();
            const client = await readyClient(own);
            await resultOf(client, 'subscribe', transactional);
            const aborted = await kafka.transaction();
            await aborted.produce(transactional, [{ value: { n: 1 } }]);
            await aborted.abort();
            const second = await kafka.transaction();
            await second.produce(transactional, [{ value: { n: 2 } }]);
            await second.commit();
            assert.equal(await next(client), 2);
            await own.close();
        });

        it('reads as well if the events have no ack', async () => {
            const fresh = await kafka.createTopic();
            const own = await serve();
            const client = await readyClient(own);
            const messages = collect(client, 'message', 2);
            client.emit('subscribe', fresh);
            client.emit('start');
            await ackOf(client, 'filter', null);
            await kafka.produce(fresh, numbered(0, 2));
            assert.deepEqual((await messages).map(({ n }) => n), [0, 1]);
            await own.close();
        });
    });

    describe('by assignments', () => {
        it('begins exactly there', async () => {
            for (const [offset, first] of [[0, 0], [-2, 0], [3, 3], [4, 4], [-0, 0]]) {
                const client = await readyClient(server);
                const assignments = [{ topic, partition: 0, offset }];
                assert.deepEqual(await resultOf(client, 'subscribe', assignments), [{ topic, partition: 0, offset: offset + 0 }]);
                assert.equal(await next(client), first);
                client.disconnect();
            }
        });

        it('waits at the end, given as -1 or as a number', async () => {
            const fresh = await kafka.createTopic();
            await kafka.produce(fresh, numbered(0, 3));
            const own = await serve();
            const clients = [await readyClient(own), await readyClient(own)];
            await resultOf(clients[0], 'subscribe', [{ topic: fresh, partition: 0, offset: -1 }]);
            await resultOf(clients[1], 'subscribe', [{ topic: fresh, partition: 0, offset: 3 }]);
            const waiting = clients.map(next);
            await kafka.produce(fresh, numbered(3, 4));
            assert.deepEqual(await Promise.all(waiting), [3, 3]);
            await own.close();
        });

        it('takes several topics and partitions, answers in their order, and reads no other', async () => {
            const client = await readyClient(server);
            const assignments = [
                { topic: wide, partition: 1, offset: 1 },
                { topic, partition: 0, offset: 4 },
                { topic: wide, partition: 0, offset: -2 },
                { topic: wide, partition: 2, offset: -1 },
            ];
            assert.deepEqual(await resultOf(client, 'subscribe', assignments), assignments);
            const messages = collect(client, 'message', 5);
            await resultOf(client, 'start');
            const seen = (await messages).map(({ _kafka }) => [_kafka.topic === wide ? 'wide' : 'topic', _kafka.partition, _kafka.offset]);
            assert.deepEqual(seen.sort(), [['topic', 0, 4], ['wide', 0, 0], ['wide', 0, 1], ['wide', 0, 2], ['wide', 1, 1]]);
        });

        it('keeps the order of each partition', async () => {
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [0, 1].map((partition) => ({ topic: wide, partition, offset: 0 })));
            const messages = collect(client, 'message', 5);
            await resultOf(client, 'start');
            const of = async (partition) => (await messages).filter(({ p }) => p === partition).map(({ n }) => n);
            assert.deepEqual([await of(0), await of(1)], [[0, 1, 2], [0, 1]]);
        });

        it('ignores other members', async () => {
            const client = await readyClient(server);
            const assignments = [{ topic, partition: 0, offset: 2, more: { a: 1 }, toString: 'x' }];
            assert.deepEqual(await resultOf(client, 'subscribe', assignments), [{ topic, partition: 0, offset: 2 }]);
        });
    });

    describe('out of range', () => {
        const cases = [
            [undefined, 'the end'],
            ['latest', 'the end'],
            ['largest', 'the end'],
            ['earliest', 5],
            ['smallest', 5],
            ['error', 'error'],
        ];
        for (const [reset, expected] of cases) {
            it(`goes by auto.offset.reset: ${reset}`, async () => {
                // The original took topic-level properties in default_topic_config; librdkafka takes them beside the others.
                for (const more of [{ default_topic_config: { 'auto.offset.reset': reset } }, { 'auto.offset.reset': reset }]) {
                    const fresh = await kafka.createTopic();
                    await kafka.produce(fresh, numbered(0, 10));
                    await kafka.deleteRecords(fresh, { 0: 5 });
                    const own = await serve({ kafkaConfig: newConfig(more) });
                    const clients = [];
                    for (const offset of [0, 4, 11, 2 ** 53 - 1]) {
                        const client = await readyClient(own);
                        const assignments = [{ topic: fresh, partition: 0, offset }];
                        if (expected === 'error') {
                            const error = await errorOf(client, 'subscribe', assignments);
                            assert.equal(error.name, 'InvalidAssignmentError');
                            assert.deepEqual(error.assignments, assignments);
                            assert.equal((await errorOf(client, 'start')).name, 'NotSubscribedError');
                            // In range it is taken.
                            await resultOf(client, 'subscribe', [{ topic: fresh, partition: 0, offset: 10 }]);
                        } else {
                            assert.deepEqual(await resultOf(client, 'subscribe', assignments), assignments);
                        }
                        clients.push(client);
                    }
                    const waiting = clients.map(next);
                    await kafka.produce(fresh, numbered(10, 11));
                    const first = expected === 5 ? 5 : 10;
                    assert.deepEqual(await Promise.all(waiting), [first, first, first, first]);
                    await own.close();
                }
            });
        }

        it('-2 is where the log starts, whatever auto.offset.reset says', async () => {
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic: cut, partition: 0, offset: -2 }]);
            assert.equal(await next(client), 5);
        });

        it('counts for the first offset only: later it goes on at the start of the log, over nothing that exists', async () => {
            const fresh = await kafka.createTopic();
            await kafka.produce(fresh, numbered(0, 10));
            // A hub each: what one hub has read, its other sockets may get.
            const servers = [await serve(), await serve()];
            const [early, stopped] = [await readyClient(servers[0]), await readyClient(servers[1])];
            for (const client of [early, stopped]) {
                await resultOf(client, 'subscribe', [{ topic: fresh, partition: 0, offset: 0 }]);
            }
            assert.equal(await next(stopped), 0);
            await resultOf(stopped, 'stop');
            await kafka.deleteRecords(fresh, { 0: 7 });
            assert.equal(await next(early), 7);
            const messages = collectUntil(stopped, 'message', ({ n }) => n === 9);
            await resultOf(stopped, 'start');
            // It may have read some of them before they were deleted: then they may come.
            const offsets = (await messages).map(({ n }) => n);
            assert.ok(offsets[0] >= 1 && offsets[0] <= 7);
            assert.deepEqual(offsets, offsets.map((_, i) => offsets[0] + i));
            await Promise.all(servers.map((server) => server.close()));
        });
    });

    describe('refused', () => {
        /** Each argument with a part of the message. */
        const bad = [
            undefined, null, true, 0, 17, 1.5, {}, { topic: 'x' }, [], [[]], [null], [undefined], [5], [true], [{}], [[[[]]]],
        ];

        /** Asks, and looks at the error in both places; nothing may be subscribed then. */
        async function refused(client, argument, name) {
            const err = nextEvent(client, 'err');
            const error = await errorOf(client, 'subscribe', argument);
            assert.deepEqual((await err)[0], error);
            assert.equal(error.name, name, JSON.stringify(argument));
            assert.equal(error.origin, 'Kasocki');
            assert.equal(error.socket, client.id);
            assert.equal(error.socketEvent, 'subscribe');
            assert.equal(typeof error.message, 'string');
            assert.equal('stack' in error, false);
            return error;
        }

        async function stillWorks(client) {
            for (const event of ['start', 'consume']) {
                assert.equal((await errorOf(client, event)).name, 'NotSubscribedError');
            }
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 1 }]);
            assert.equal(await next(client), 1);
        }

        it('what is no name, no array, no assignment', async () => {
            const client = await readyClient(server);
            for (const argument of bad) {
                await refused(client, argument, 'InvalidAssignmentError');
            }
            await stillWorks(client);
        });

        it('members that are missing, of a wrong type, or no such number', async () => {
            const client = await readyClient(server);
            const good = { topic, partition: 0, offset: 0 };
            const change = [
                ...[undefined, null, 5, {}, [], true].map((value) => ({ topic: value })),
                ...[null, -1, 0.5, 1e300, 2 ** 31, '0', {}, [0], true, -2].map((value) => ({ partition: value })),
                ...[undefined, null, -3, -1.5, 0.5, 2 ** 53, 1e300, -1e300, '0', {}, [0], false].map((value) => ({ offset: value })),
            ];
            for (const member of change) {
                const assignments = [good, { ...good, ...member }];
                const { assignments: shown } = await refused(client, assignments, 'InvalidAssignmentError');
                assert.deepEqual(shown, JSON.parse(JSON.stringify(assignments)));
            }
            await stillWorks(client);
        });

        it('NaN and the infinities, which JSON makes null', async () => {
            const client = await readyClient(server);
            for (const offset of [NaN, Infinity, -Infinity]) {
                await refused(client, [{ topic, partition: 0, offset }], 'InvalidAssignmentError');
            }
            await stillWorks(client);
        });

        it('a partition that does not exist, and the same one twice', async () => {
            const client = await readyClient(server);
            const at = (partition) => ({ topic, partition, offset: 0 });
            for (const assignments of [[at(1)], [at(0), at(2 ** 31 - 1)], [at(0), at(0)], [at(0), { ...at(0), offset: 3 }]]) {
                const error = await refused(client, assignments, 'InvalidAssignmentError');
                assert.deepEqual(error.assignments, assignments);
            }
            await refused(client, [topic, wide, topic], 'InvalidAssignmentError');
            await stillWorks(client);
        });

        it('names and assignments in one array', async () => {
            const client = await readyClient(server);
            await refused(client, [topic, { topic: wide, partition: 0, offset: 0 }], 'InvalidAssignmentError');
            await refused(client, [{ topic: wide, partition: 0, offset: 0 }, topic], 'InvalidAssignmentError');
            await stillWorks(client);
        });

        it('topics that do not exist, internal ones, and what can be no name', async () => {
            const client = await readyClient(server);
            const at = (name) => [{ topic: name, partition: 0, offset: 0 }];
            const names = ['no-such-topic', internal, '__consumer_offsets', '', ' ', '.', '..', 'a b', 'ü', 'x'.repeat(250), 'x'.repeat(20000), 'a\0b', '\ud800',
                '__proto__', 'constructor', '/', '*', topic + ' ', topic.toUpperCase()];
            for (const name of names) {
                for (const argument of [name, [name], [topic, name], at(name), [...at(topic), ...at(name)]]) {
                    const error = await refused(client, argument, 'TopicNotAvailableError');
                    // A list that would be too long is cut, as text.
                    const available = JSON.stringify(error.availableTopics);
                    assert.ok(Array.isArray(error.availableTopics) || typeof error.availableTopics === 'string');
                    assert.ok(available.length < 1200 && !available.includes('"__'), available);
                    assert.equal('allowedTopics' in error, false);
                }
            }
            await stillWorks(client);
        });

        it('topics that are not allowed; internal ones are, if named', async () => {
            const own = await serve({ allowedTopics: [topic, internal, 'no-such-topic'] });
            const client = await readyClient(own);
            for (const name of [wide, 'no-such-topic', '__consumer_offsets']) {
                const error = await refused(client, [topic, name], 'TopicNotAvailableError');
                assert.deepEqual(error.allowedTopics, [topic, internal, 'no-such-topic']);
                assert.deepEqual([...error.availableTopics].sort(), [topic, internal].sort());
            }
            assert.deepEqual(await resultOf(client, 'subscribe', [internal, topic]), [
                { topic: internal, partition: 0, offset: -1 },
                { topic, partition: 0, offset: -1 },
            ]);
            await own.close();
        });

        it('more than ten thousand assignments', async () => {
            const client = await readyClient(server);
            const many = (count) => Array.from({ length: count }, (_, partition) => ({ topic, partition, offset: 0 }));
            await refused(client, many(10001), 'LimitExceededError');
            await refused(client, many(10000), 'InvalidAssignmentError');
            await stillWorks(client);
        });
    });

    it('a second time is an AlreadySubscribedError, and the first one stays', async () => {
        const client = await readyClient(server);
        const first = resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 3 }]);
        const again = errorOf(client, 'subscribe', wide);
        await first;
        assert.equal((await again).name, 'AlreadySubscribedError');
        for (const argument of [topic, [], null, 'no-such-topic', [{ topic, partition: 0, offset: 0 }]]) {
            assert.equal((await errorOf(client, 'subscribe', argument)).name, 'AlreadySubscribedError');
        }
        const messages = collect(client, 'message', 2);
        await resultOf(client, 'start');
        assert.deepEqual((await messages).map(({ n }) => n), [3, 4]);
        assert.deepEqual(client.errs.map(({ socketEvent }) => socketEvent), Array(6).fill('subscribe'));
    });

    it('is nothing that another socket would notice', async () => {
        const clients = await Promise.all(Array.from({ length: 10 }, () => readyClient(server)));
        await Promise.all(clients.map(async (client, i) => {
            if (i % 2) {
                await errorOf(client, 'subscribe', [{ topic, partition: 7, offset: 0 }]);
            }
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: i % 5 }]);
            const messages = collectUntil(client, 'message', ({ n }) => n === 4);
            await resultOf(client, 'start');
            assert.deepEqual((await messages).map(({ n }) => n), [0, 1, 2, 3, 4].slice(i % 5));
        }));
    });
});

describe('subscribe to a partition without a leader', function () {
    this.timeout(180000);

    const nodes = [];
    before(async () => {
        const properties = { 'broker.session.timeout.ms': 2000 };
        nodes.push(await startKafka({ properties }));
        nodes.push(await startKafka({ properties, joins: nodes[0] }));
    });
    after(async () => {
        for (const node of nodes.reverse()) {
            await node.close();
        }
    });

    it('is answered all the same, and read from once it has one', async () => {
        const outside = await kafka.connect(nodes[0].brokers);
        const topic = await outside.createTopic({ replicas: [[nodes[0].id], [nodes[1].id]] });
        const at = (partition, n) => ({ partition, value: { partition, n } });
        await outside.produce(topic, [at(0, 'old'), at(1, 'old')]);
        const server = await serve({ kafkaConfig: { 'metadata.broker.list': nodes[0].brokers, 'reconnect.backoff.max.ms': 500 } });
        const [atEnd, atStart] = [await readyClient(server), await readyClient(server)];
        await nodes[1].stop();

        const seen = new Map([atEnd, atStart].map((client) => [client, []]));
        for (const [client, list] of seen) {
            client.on('message', ({ partition, n }) => list.push(`${partition} ${n}`));
        }
        const expected = [0, 1].map((partition) => ({ topic, partition, offset: -1 }));
        const assignments = [0, 1].map((partition) => ({ topic, partition, offset: 0 }));
        // The answers come while it is still away.
        const answers = await Promise.all([resultOf(atEnd, 'subscribe', topic), resultOf(atStart, 'subscribe', assignments)]);
        assert.deepEqual(answers, [expected, assignments]);
        await Promise.all([resultOf(atEnd, 'start'), resultOf(atStart, 'start')]);
        await outside.produce(topic, [at(0, 'new')]);
        await until(() => seen.get(atEnd).includes('0 new') && seen.get(atStart).includes('0 new'));

        await nodes[1].start();
        let written = 0;
        while (!seen.get(atEnd).some((text) => text.startsWith('1 '))) {
            await outside.produce(topic, [at(1, written++)]);
        }
        await outside.produce(topic, [at(1, 'last')]);
        await until(() => seen.get(atEnd).includes('1 last') && seen.get(atStart).includes('1 last'));
        const of = (client, partition) => seen.get(client).filter((text) => text.startsWith(`${partition} `)).map((text) => text.slice(2));
        const all = ['old', ...Array.from({ length: written }, (_, i) => String(i)), 'last'];
        assert.deepEqual([of(atStart, 0), of(atStart, 1)], [['old', 'new'], all]);
        // What was there before it had a leader is not its business; from the first on nothing is missing.
        assert.deepEqual(of(atEnd, 0), ['new']);
        assert.ok(of(atEnd, 1).length <= written + 1);
        assert.deepEqual(of(atEnd, 1), all.slice(-of(atEnd, 1).length));
        assert.deepEqual([atEnd.errs, atStart.errs], [[], []]);
        await outside.close();
        await server.close();
    });
});
