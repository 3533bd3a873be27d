'use strict';

// Where a subscription begins: by time, by a distance from the end, in all partitions; the object form; unsubscribing.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { errorOf, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { ackOf, collect, nextEvent, record } = require('./support/server.js');

/** A moment of the past that retention leaves alone, in ms. */
const BASE = Date.now() - 3600000;
const at = (minutes) => BASE + minutes * 60000;

describe('starts', function () {
    this.timeout(120000);
    before(kafka.start);

    // A hub each: what a hub knows of topics may be a second old.
    let server;
    beforeEach(async () => {
        server = await serve();
    });
    afterEach(() => server.close());

    /** Subscribes with assignments, and reads `count` messages. @returns {[object[], object[]]} what is assigned, and the messages */
    async function read(assignments, count) {
        const client = await readyClient(server);
        const assigned = await resultOf(client, 'subscribe', assignments);
        const messages = collect(client, 'message', count);
        await resultOf(client, 'start');
        const result = [assigned, count > 0 ? await messages : []];
        client.disconnect();
        return result;
    }

    describe('by a timestamp', () => {
        it('is the first record at or after it, in logs whose timestamps run backwards too', async () => {
            const topic = await kafka.createTopic();
            const minutes = [5, 3, 8, 8, 1, 9, 2, 9];
            for (const [n, minute] of minutes.entries()) {
                await kafka.produce(topic, [{ value: { n }, timestamp: at(minute) }]);
            }
            for (const wanted of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
                const expected = minutes.findIndex((minute) => minute >= wanted);
                for (const timestamp of [at(wanted), new Date(at(wanted)).toISOString()]) {
                    const [assigned, [first]] = await read([{ topic, partition: 0, timestamp }], 1);
                    assert.deepEqual(assigned, [{ topic, partition: 0, offset: expected }], `at ${wanted}`);
                    assert.equal(first.n, expected);
                }
            }
            // One millisecond decides.
            assert.equal((await read([{ topic, partition: 0, timestamp: at(5) + 1 }], 1))[0][0].offset, 2);
            assert.equal((await read([{ topic, partition: 0, timestamp: at(5) + 0.25 }], 1))[0][0].offset, 2);
        });

        it('is found within a batch of many records', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, Array.from({ length: 1000 }, (_, n) => ({ value: { n }, timestamp: BASE + n * 10 })));
            for (const n of [0, 1, 499, 998, 999]) {
                const [assigned, [first]] = await read([{ topic, timestamp: BASE + n * 10 }], 1);
                assert.deepEqual([assigned[0].offset, first.n], [n, n]);
            }
        });

        it('is the end where nothing is as young, and where there is nothing', async () => {
            const topic = await kafka.createTopic({ partitions: 3 });
            const records = [[1, 0], [2, 0], [3, 1]].map(([minute, partition], n) => ({ value: { n }, timestamp: at(minute), partition }));
            await kafka.produce(topic, records);
            const client = await readyClient(server);
            assert.deepEqual(await resultOf(client, 'subscribe', [{ topic, timestamp: at(3) }]), [
                { topic, partition: 0, offset: 2 },
                { topic, partition: 1, offset: 0 },
                { topic, partition: 2, offset: 0 },
            ]);
            const messages = collect(client, 'message', 3);
            await resultOf(client, 'start');
            await kafka.produce(topic, [{ value: { n: 3 } }, { value: { n: 4 }, partition: 2 }]);
            assert.deepEqual((await messages).map(({ n }) => n).sort(), [2, 3, 4]);
        });

        it('is the start of the log where the records before it are deleted', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, Array.from({ length: 10 }, (_, n) => ({ value: { n }, timestamp: at(n) })));
            await kafka.deleteRecords(topic, { 0: 6 });
            for (const [minute, offset] of [[0, 6], [5, 6], [6, 6], [8, 8], [10, 10]]) {
                const [assigned] = await read([{ topic, partition: 0, timestamp: at(minute) }], 0);
                assert.deepEqual(assigned, [{ topic, partition: 0, offset }]);
            }
            // What is deleted after the subscription is no error: it goes on at the log's start.
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic, partition: 0, timestamp: at(7) }]);
            await kafka.deleteRecords(topic, { 0: 9 });
            assert.equal((await resultOf(client, 'consume')).n, 9);
        });

        it('passes over aborted transactions and what is not committed yet', async () => {
            // The marks of transactions have timestamps too, those of now: for Kafka they count as records. So here all lies ahead of them.
            const ahead = (minutes) => Date.now() + minutes * 60000;
            const times = [1, 2, 3, 5].map(ahead);
            const topic = await kafka.createTopic();
            const write = async (how, n) => {
                const transaction = await kafka.transaction();
                await transaction.produce(topic, [{ value: { n }, timestamp: times[n] }]);
                await transaction[how]();
            };
            await write('commit', 0); // at 0, its mark at 1
            await write('abort', 1); // at 2
            await write('commit', 2); // at 4
            const open = await kafka.transaction();
            await open.produce(topic, [{ value: { n: 3 }, timestamp: times[3] }]); // at 6
            for (const [time, n] of [[times[0] - 1, 0], [times[0], 0], [times[0] + 1, 2], [times[1], 2], [times[2], 2]]) {
                const [, [first]] = await read([{ topic, partition: 0, timestamp: time }], 1);
                assert.equal(first.n, n);
            }
            // Its end, for this reader, is where the open transaction begins.
            const client = await readyClient(server);
            assert.deepEqual(await resultOf(client, 'subscribe', [{ topic, partition: 0, timestamp: times[3] }]), [{ topic, partition: 0, offset: 6 }]);
            const next = resultOf(client, 'consume');
            await open.commit();
            assert.equal((await next).n, 3);
        });

        it('holds in a compacted log, whose offsets have holes', async () => {
            const config = { 'cleanup.policy': 'compact', 'segment.ms': 50, 'min.cleanable.dirty.ratio': 0.001, 'max.compaction.lag.ms': 50 };
            const topic = await kafka.createTopic({ config });
            const COUNT = 300;
            const one = (n) => ({ value: { n }, key: String(n % 3), timestamp: BASE + n });
            const records = (from, to) => Array.from({ length: to - from }, (_, i) => one(from + i));
            await kafka.produce(topic, records(0, COUNT));
            let last = COUNT;
            let assigned;
            do {
                // Each further record rolls the log, and sooner or later the cleaner comes.
                await kafka.produce(topic, records(last, last + 1));
                last++;
                [assigned] = await read([{ topic, partition: 0, timestamp: BASE + 10 }], 0);
            } while (assigned[0].offset < COUNT / 2);
            const [, [first]] = await read([{ topic, partition: 0, timestamp: BASE + 10 }], 1);
            assert.ok(first.n >= assigned[0].offset && first._kafka.timestamp >= BASE + 10);
        });

        it('can be another one for each socket, partition and assignment', async () => {
            const topic = await kafka.createTopic({ partitions: 2 });
            const records = Array.from({ length: 400 }, (_, i) => ({ value: { n: i >> 1 }, partition: i & 1, timestamp: BASE + (i >> 1) }));
            await kafka.produce(topic, records);
            const clients = await Promise.all(Array.from({ length: 40 }, () => readyClient(server)));
            await Promise.all(clients.map(async (client, i) => {
                const assigned = await resultOf(client, 'subscribe', [
                    { topic, partition: 1, timestamp: BASE + i },
                    { topic, partition: 0, timestamp: BASE + 100 + i },
                ]);
                assert.deepEqual(assigned.map(({ partition, offset }) => [partition, offset]), [[1, i], [0, 100 + i]]);
                client.disconnect();
            }));
        });
    });

    describe('by a distance from the end', () => {
        it('is so many offsets before it, the beginning at most', async () => {
            const topic = await kafka.createTopic({ partitions: 2 });
            await kafka.produce(topic, Array.from({ length: 10 }, (_, n) => ({ value: { n } })));
            await kafka.deleteRecords(topic, { 0: 4 });
            for (const [last, offset] of [[0, 10], [1, 9], [6, 4], [7, 4], [1e9, 4], [Number.MAX_SAFE_INTEGER, 4]]) {
                const [assigned, messages] = await read([{ topic, last }], 10 - offset);
                assert.deepEqual(assigned, [{ topic, partition: 0, offset }, { topic, partition: 1, offset: 0 }]);
                assert.deepEqual(messages.map(({ n }) => n), Array.from({ length: 10 - offset }, (_, i) => offset + i));
            }
        });

        it('counts offsets, not records: of a transaction fewer come', async () => {
            const topic = await kafka.createTopic();
            for (const n of [0, 1, 2]) {
                const transaction = await kafka.transaction();
                await transaction.produce(topic, [{ value: { n } }]);
                await transaction.commit();
            }
            // Records at 0, 2 and 4, marks behind each.
            const [assigned, messages] = await read([{ topic, partition: 0, last: 3 }], 1);
            assert.deepEqual(assigned, [{ topic, partition: 0, offset: 3 }]);
            assert.deepEqual(messages.map(({ n }) => n), [2]);
        });
    });

    it('by words: the beginning and the end', async () => {
        const topic = await kafka.createTopic({ partitions: 2 });
        await kafka.produce(topic, [{ value: { n: 0 } }, { value: { n: 1 }, partition: 1 }]);
        const client = await readyClient(server);
        const wanted = [{ topic, partition: 1, offset: 'latest' }, { topic, partition: 0, offset: 'earliest' }];
        assert.deepEqual(await resultOf(client, 'subscribe', wanted), [{ topic, partition: 1, offset: -1 }, { topic, partition: 0, offset: -2 }]);
        const messages = collect(client, 'message', 2);
        await resultOf(client, 'start');
        await kafka.produce(topic, [{ value: { n: 2 }, partition: 1 }]);
        assert.deepEqual((await messages).map(({ n }) => n).sort(), [0, 2]);
    });

    it('in all partitions, where none is named', async () => {
        const topic = await kafka.createTopic({ partitions: 3 });
        await kafka.produce(topic, [0, 1, 2].map((partition) => ({ value: { n: partition }, partition })));
        const [assigned, messages] = await read([{ topic, offset: 0 }], 3);
        assert.deepEqual(assigned, [0, 1, 2].map((partition) => ({ topic, partition, offset: 0 })));
        assert.deepEqual(messages.map(({ n }) => n).sort(), [0, 1, 2]);
    });
});

describe('the object form of subscribe', function () {
    this.timeout(120000);
    before(kafka.start);

    let server;
    let topic;
    before(async () => {
        server = await serve();
        topic = await kafka.createTopic();
        await kafka.produce(topic, Array.from({ length: 10 }, (_, n) => ({ value: { n, even: n % 2 === 0 } })));
    });
    after(() => server?.close());

    it('subscribes, filters and starts at once', async () => {
        const client = await readyClient(server);
        const messages = collect(client, 'message', 5);
        const result = await resultOf(client, 'subscribe', { assignments: [{ topic, last: 9 }], filter: { even: false }, start: true });
        assert.deepEqual(result.assignments, [{ topic, partition: 0, offset: 1 }]);
        assert.deepEqual((await messages).map(({ n }) => n), [1, 3, 5, 7, 9]);
        assert.equal((await errorOf(client, 'start')).name, 'AlreadyStartedError');
        assert.equal((await errorOf(client, 'subscribe', topic)).name, 'AlreadySubscribedError');
    });

    it('answers before the first message', async () => {
        const client = await readyClient(server);
        const events = record(client, 'message');
        const done = nextEvent(client, 'message');
        client.emit('subscribe', { assignments: [{ topic, offset: 0 }], start: true }, (error) => events.push(['ack', error]));
        await done;
        assert.deepEqual(events[0], ['ack', null]);
    });

    it('takes names, and leaves what it does not speak of as it is', async () => {
        const client = await readyClient(server);
        await resultOf(client, 'filter', { even: true });
        const { assignments } = await resultOf(client, 'subscribe', { topics: [topic] });
        assert.deepEqual(assignments, [{ topic, partition: 0, offset: -1 }]);
        const own = record(client, 'message');
        await kafka.produce(topic, [{ value: { n: 10, even: false } }, { value: { n: 11, even: true } }]);
        assert.equal((await resultOf(client, 'consume')).n, 11);
        assert.deepEqual(own, []);
        await resultOf(client, 'unsubscribe');
        const again = await resultOf(client, 'subscribe', { assignments: [{ topic, partition: 0, offset: 8 }], filter: null });
        assert.deepEqual(again.assignments, [{ topic, partition: 0, offset: 8 }]);
        const numbers = [];
        for (let i = 0; i < 4; i++) {
            numbers.push((await resultOf(client, 'consume')).n);
        }
        assert.deepEqual(numbers, [8, 9, 10, 11]);
    });

    it('does all of it or nothing', async () => {
        const client = await readyClient(server);
        await resultOf(client, 'filter', { n: 3 });
        const good = { assignments: [{ topic, offset: 0 }], filter: { n: 4 }, start: true };
        for (const [change, name] of [
            [{ filter: { a: { b: 1 } } }, 'InvalidFilterError'],
            [{ filter: { a: '/(/' } }, 'InvalidFilterError'],
            [{ filter: [1] }, 'InvalidFilterError'],
            [{ assignments: [{ topic: 'no-such-topic', offset: 0 }] }, 'TopicNotAvailableError'],
            [{ assignments: [{ topic, partition: 7, offset: 0 }] }, 'InvalidAssignmentError'],
            [{ assignments: [{ topic, timestamp: 'tomorrow' }] }, 'InvalidAssignmentError'],
            [{ start: 'yes' }, 'InvalidAssignmentError'],
            [{ strat: true }, 'InvalidAssignmentError'],
        ]) {
            const error = await errorOf(client, 'subscribe', { ...good, ...change });
            assert.equal(error.name, name);
            assert.equal((await errorOf(client, 'start')).name, 'NotSubscribedError');
        }
        // The filter is still the one before.
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        assert.equal((await resultOf(client, 'consume')).n, 3);
    });
});

describe('unsubscribe', function () {
    this.timeout(120000);
    before(kafka.start);

    let server;
    let topics;
    before(async () => {
        server = await serve();
        topics = [await kafka.createTopic(), await kafka.createTopic({ partitions: 2 })];
        await kafka.produce(topics[0], Array.from({ length: 100 }, (_, n) => ({ value: { n } })));
        await kafka.produce(topics[1], Array.from({ length: 100 }, (_, n) => ({ value: { n: 1000 + n } })));
    });
    after(() => server?.close());

    const everything = () => topics.map((topic) => ({ topic, offset: 'earliest' }));

    it('ends everything at once, tells where it stood, and another subscribe may come', async () => {
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', everything());
        for (let i = 0; i < 30; i++) {
            await resultOf(client, 'consume');
        }
        const stood = await resultOf(client, 'unsubscribe');
        assert.deepEqual(stood.map(({ topic, partition }) => [topic, partition]), [[topics[0], 0], [topics[1], 0], [topics[1], 1]]);
        assert.equal(stood.reduce((sum, { offset }) => sum + offset, 0), 30);
        for (const event of ['unsubscribe', 'start', 'consume']) {
            assert.equal((await errorOf(client, event)).name, 'NotSubscribedError');
        }
        // What it answered continues exactly.
        assert.deepEqual(await resultOf(client, 'subscribe', stood), stood);
        const messages = collect(client, 'message', 170);
        await resultOf(client, 'start');
        const numbers = (await messages).map(({ n }) => n).sort((a, b) => a - b);
        assert.equal(new Set(numbers).size, 170);
    });

    it('lets no message come after its ack', async () => {
        const client = await readyClient(server);
        const events = record(client, 'message');
        await resultOf(client, 'subscribe', everything());
        await resultOf(client, 'start');
        await until(() => events.length > 0);
        client.emit('unsubscribe', null, (error, stood) => events.push(['ack', stood]));
        client.emit('subscribe', [{ topic: topics[0], partition: 0, offset: 42 }]);
        assert.equal((await resultOf(client, 'consume')).n, 42);
        const index = events.findIndex(([name]) => name === 'ack');
        assert.equal(index, events.length - 1);
        // What came is what it says.
        const seen = events.slice(0, -1).map(([, { _kafka: { topic, partition } }]) => `${topic} ${partition}`);
        for (const { topic, partition, offset } of events[index][1]) {
            assert.equal(seen.filter((name) => name === `${topic} ${partition}`).length, offset);
        }
    });

    it('ends single topics; the others go on', async () => {
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', everything());
        assert.equal((await errorOf(client, 'unsubscribe', [topics[0], 'no-such-topic'])).name, 'NotSubscribedError');
        assert.deepEqual(await resultOf(client, 'unsubscribe', topics[1]), [0, 1].map((partition) => ({ topic: topics[1], partition, offset: 0 })));
        assert.equal((await errorOf(client, 'unsubscribe', topics[1])).name, 'NotSubscribedError');
        assert.equal((await errorOf(client, 'subscribe', topics[1])).name, 'AlreadySubscribedError');
        const messages = collect(client, 'message', 100);
        await resultOf(client, 'start');
        assert.deepEqual((await messages).map(({ n }) => n), Array.from({ length: 100 }, (_, n) => n));
        await kafka.produce(topics[1], [{ value: { n: 2000 } }]);
        const waiting = ackOf(client, 'consume');
        // The last one: that is all.
        assert.deepEqual(await resultOf(client, 'unsubscribe', [topics[0]]), [{ topic: topics[0], partition: 0, offset: 100 }]);
        assert.equal((await waiting)[0].name, 'NotSubscribedError');
        await resultOf(client, 'subscribe', [{ topic: topics[1], partition: 0, offset: 100 }]);
        assert.equal((await resultOf(client, 'consume')).n, 2000);
    });

    it('again and again, also before anything is known, leaves nothing behind', async () => {
        const own = await serve();
        const client = await readyClient(own);
        const answers = [];
        for (let i = 0; i < 50; i++) {
            client.emit('subscribe', everything(), (error) => answers.push(error));
            client.emit('start');
            client.emit('unsubscribe', (error) => answers.push(error));
        }
        await resultOf(client, 'stop');
        assert.deepEqual(answers, Array(100).fill(null));
        await until(() => own.native().stats().cursors === 0);
        await own.close();
    });

    it('is refused where it can mean nothing', async () => {
        const client = await readyClient(server);
        assert.equal((await errorOf(client, 'unsubscribe')).name, 'NotSubscribedError');
        assert.equal((await errorOf(client, 'unsubscribe', 'x')).name, 'NotSubscribedError');
        await resultOf(client, 'subscribe', topics);
        for (const argument of [0, true, {}, [], [5], [null], [[topics[0]]]]) {
            assert.equal((await errorOf(client, 'unsubscribe', argument)).name, 'InvalidAssignmentError');
        }
        assert.equal((await resultOf(client, 'unsubscribe', topics)).length, 3);
    });
});
