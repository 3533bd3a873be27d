'use strict';

// Logs that lose records: by compaction (offsets without records), by deletion and retention (the log's start moves, under whoever
// waits there), by being deleted and made anew. Nobody gets stuck, and nobody jumps over records that exist.

const assert = require('node:assert/strict');

const { startKafka } = require('./broker');
const kafka = require('./support/kafka.js');
const { errorOf, newConfig, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { collect, collectUntil, record } = require('./support/server.js');

const withReset = (reset) => ({ kafkaConfig: newConfig({ default_topic_config: { 'auto.offset.reset': reset } }) });

/** Records with ascending n, of some bytes each. */
function* numbered(from, to, bytes = 0) {
    const text = 'x'.repeat(bytes);
    for (let n = from; n < to; n++) {
        yield { value: { n, text }, key: String(n % 10) };
    }
}

/** Everything that a new client on a new hub, which has nothing in memory, gets from an offset on, up to the number `last`. */
async function readAll(topic, offset, last) {
    const server = await serve();
    const client = await readyClient(server);
    const messages = collectUntil(client, 'message', ({ n }) => n === last);
    await resultOf(client, 'subscribe', [{ topic, partition: 0, offset }]);
    await resultOf(client, 'start');
    const numbers = (await messages).map(({ n, _kafka }) => [n, _kafka.offset]);
    await server.close();
    return numbers;
}

describe('a compacted log', function () {
    this.timeout(120000);
    before(kafka.start);

    it('is read from any offset, those included whose records are gone, and by who waited meanwhile', async () => {
        const COUNT = 2000;
        const topic = await kafka.createTopic({
            config: { 'cleanup.policy': 'compact', 'segment.ms': 50, 'min.cleanable.dirty.ratio': 0.001, 'min.compaction.lag.ms': 0, 'max.compaction.lag.ms': 50 },
        });
        await kafka.produce(topic, numbered(0, COUNT));
        const server = await serve();
        // Stands in the middle, and has stopped.
        const waiting = await readyClient(server);
        await resultOf(waiting, 'subscribe', [{ topic, partition: 0, offset: 100 }]);
        for (let n = 100; n < 105; n++) {
            assert.equal((await resultOf(waiting, 'consume')).n, n);
        }
        await resultOf(waiting, 'stop');

        // Each further record rolls the log, and sooner or later the cleaner comes: a record is left for each key.
        let last = COUNT;
        let left;
        do {
            await kafka.produce(topic, numbered(last, last + 1));
            left = await readAll(topic, 0, last);
            last++;
        } while (left.length > COUNT / 2);
        assert.ok(left.every(([n, offset]) => n === offset));
        for (const offset of [1, 104, 105, COUNT / 2, left.at(-2)[0], left.at(-1)[0]]) {
            const got = await readAll(topic, offset, last - 1);
            // The cleaner may have come again.
            assert.ok(got.every(([n], i) => n >= offset && (i === 0 || n > got[i - 1][0])));
            assert.deepEqual(got.filter(([n]) => !left.some(([m]) => m === n)), []);
        }
        // What it had not read yet may have been kept for it; the rest is what is left of the log.
        const rest = collectUntil(waiting, 'message', ({ n }) => n === last - 1);
        await resultOf(waiting, 'start');
        const numbers = (await rest).map(({ n }) => n);
        assert.equal(new Set(numbers).size, numbers.length);
        assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
        assert.ok(numbers[0] >= 105);
        // It goes on with new ones.
        const more = collect(waiting, 'message', 10);
        await kafka.produce(topic, numbered(last, last + 10));
        assert.deepEqual((await more).map(({ n }) => n), Array.from({ length: 10 }, (_, i) => last + i));
        await server.close();
    });
});

describe('a log whose beginning is deleted', function () {
    this.timeout(120000);
    before(kafka.start);

    for (const reset of ['latest', 'earliest', 'error']) {
        it(`below a socket that has not started yet: it goes on at the log's start (auto.offset.reset ${reset})`, async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, numbered(0, 100));
            const server = await serve(withReset(reset));
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 10 }]);
            await kafka.deleteRecords(topic, { 0: 60 });
            const messages = collect(client, 'message', 50);
            await resultOf(client, 'start');
            await kafka.produce(topic, numbered(100, 110));
            assert.deepEqual((await messages).map(({ n }) => n), Array.from({ length: 50 }, (_, i) => 60 + i));
            assert.deepEqual(client.errs, []);
            await server.close();
        });
    }

    it('up to its end: it goes on with what comes', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(0, 20));
        const server = await serve();
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 5 }]);
        await kafka.deleteRecords(topic, { 0: 20 });
        const messages = collect(client, 'message', 3);
        await resultOf(client, 'start');
        await kafka.produce(topic, numbered(20, 23));
        assert.deepEqual((await messages).map(({ n }) => n), [20, 21, 22]);
        await server.close();
    });

    it('below sockets that read: what is left they get, all of it, in order', async () => {
        const COUNT = 3000;
        const KEPT = 100;
        const topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(0, COUNT, 10000));
        const server = await serve();
        const clients = await Promise.all(Array.from({ length: 5 }, () => readyClient(server)));
        const results = clients.map(async (client, i) => {
            const messages = collectUntil(client, 'message', ({ n }) => n === COUNT + 9);
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
            for (let n = 0; n < 10 * i; n++) {
                assert.equal((await resultOf(client, 'consume')).n, n);
            }
            await resultOf(client, 'stop');
            return { from: 10 * i, messages };
        });
        await Promise.all(results);
        await kafka.deleteRecords(topic, { 0: COUNT - KEPT });
        await Promise.all(clients.map((client) => resultOf(client, 'start')));
        await kafka.produce(topic, numbered(COUNT, COUNT + 10));
        for (const result of results) {
            const { from, messages } = await result;
            const numbers = (await messages).map(({ n }) => n);
            // First, perhaps, some that had been read before they were deleted; then one gap; then all that is left.
            const gap = numbers.findIndex((n, i) => n !== from + i);
            assert.ok(gap >= 0, 'nothing was deleted');
            assert.ok(numbers[gap] <= COUNT - KEPT, `${numbers[gap]}`);
            assert.deepEqual(numbers.slice(gap), Array.from({ length: numbers.length - gap }, (_, i) => numbers[gap] + i));
        }
        assert.deepEqual(clients.flatMap(({ errs }) => errs), []);
        await server.close();
    });

    it('again and again, while sockets follow', async () => {
        const topic = await kafka.createTopic({ partitions: 2 });
        const server = await serve();
        const client = await readyClient(server);
        const idle = await readyClient(server);
        const assignments = [0, 1].map((partition) => ({ topic, partition, offset: 0 }));
        await resultOf(client, 'subscribe', assignments);
        await resultOf(client, 'start');
        await resultOf(idle, 'subscribe', assignments);
        const events = record(client, 'message');
        const ROUNDS = 10;
        const STEP = 50;
        for (let round = 1; round <= ROUNDS; round++) {
            await kafka.produce(topic, [...numbered((round - 1) * STEP, round * STEP)].map((value, i) => ({ ...value, partition: i % 2 })));
            // Of partition 0 five are left, of the other none: that Kafka deletes them before they were read can't be helped.
            await kafka.deleteRecords(topic, { 0: round * STEP / 2 - 5, 1: round * STEP / 2 });
            await until(() => events.some(([, { _kafka }]) => _kafka.partition === 0 && _kafka.offset === round * STEP / 2 - 1));
        }
        for (const partition of [0, 1]) {
            const offsets = events.filter(([, { _kafka }]) => _kafka.partition === partition).map(([, { _kafka }]) => _kafka.offset);
            assert.deepEqual(offsets, [...new Set(offsets)].sort((a, b) => a - b));
        }
        // Who comes to it late gets what is left, and before that, perhaps, what others have just read.
        const END = ROUNDS * STEP / 2;
        const ends = [END - 1, END];
        const messages = Promise.all(ends.map((end, partition) => collectUntil(idle, 'message', ({ _kafka }) => _kafka.partition === partition && _kafka.offset === end)));
        await resultOf(idle, 'start');
        await kafka.produce(topic, [{ value: { n: -1 }, partition: 1 }]);
        const all = (await messages)[0].length > (await messages)[1].length ? (await messages)[0] : (await messages)[1];
        for (const [partition, end] of ends.entries()) {
            const offsets = all.filter(({ _kafka }) => _kafka.partition === partition).map(({ _kafka }) => _kafka.offset);
            assert.deepEqual(offsets, [...new Set(offsets)].sort((a, b) => a - b));
            assert.equal(offsets.at(-1), end);
            assert.deepEqual(offsets.filter((offset) => partition === 0 && offset >= END - 5), partition === 0 ? [245, 246, 247, 248, 249] : []);
        }
        await server.close();
    });

    it('by retention: the same', async () => {
        const broker = await startKafka({ properties: { 'log.retention.check.interval.ms': 100, 'log.initial.task.delay.ms': 100, 'log.segment.delete.delay.ms': 0 } });
        const own = await kafka.connect(broker.brokers);
        const COUNT = 3000;
        // Segments of 1 MiB, the least that Kafka takes, of which two or three are kept.
        const topic = await own.createTopic({ config: { 'segment.bytes': 1048576, 'retention.bytes': 2097152 } });
        const server = await serve({ kafkaConfig: newConfig({ 'metadata.broker.list': broker.brokers }) });
        const late = await readyClient(server);
        await resultOf(late, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        await own.produce(topic, numbered(0, COUNT, 10000));
        let start;
        do {
            [start] = await own.startOffsets(topic);
        } while (start < COUNT / 2);
        const messages = collectUntil(late, 'message', ({ n }) => n === COUNT);
        await resultOf(late, 'start');
        await own.produce(topic, numbered(COUNT, COUNT + 1));
        const numbers = (await messages).map(({ n }) => n);
        assert.ok(numbers[0] >= start);
        assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, i) => numbers[0] + i));
        assert.deepEqual(late.errs, []);
        await server.close();
        await own.close();
        await broker.close();
    });
});

describe('offsets out of range', function () {
    this.timeout(120000);
    before(kafka.start);

    let topic;
    before(async () => {
        topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(0, 100));
        await kafka.deleteRecords(topic, { 0: 40 });
    });

    for (const [reset, expected] of [['latest', 100], ['largest', 100], ['earliest', 40], ['smallest', 40]]) {
        it(`of a first assignment: ${reset} decides`, async () => {
            const server = await serve(withReset(reset));
            const clients = [];
            for (const offset of [0, 39, 1000, 5000, Number.MAX_SAFE_INTEGER]) {
                const client = await readyClient(server);
                const assignments = [{ topic, partition: 0, offset }];
                assert.deepEqual(await resultOf(client, 'subscribe', assignments), assignments);
                clients.push(client);
            }
            const [end] = await kafka.endOffsets(topic);
            const first = clients.map((client) => resultOf(client, 'consume'));
            await kafka.produce(topic, numbered(end, end + 1));
            for (const message of await Promise.all(first)) {
                assert.equal(message._kafka.offset, expected === 40 ? 40 : end);
            }
            await server.close();
        });
    }

    it('of a first assignment: error refuses it, and the socket may subscribe again', async () => {
        const server = await serve(withReset('error'));
        const client = await readyClient(server);
        for (const offset of [0, 39, 5000]) {
            const error = await errorOf(client, 'subscribe', [{ topic, partition: 0, offset }]);
            assert.equal(error.name, 'InvalidAssignmentError');
            assert.match(error.message, /not in the log/);
        }
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 40 }]);
        assert.equal((await resultOf(client, 'consume'))._kafka.offset, 40);
        await server.close();
    });

    it('because the topic was made anew: the sockets go on with the new one', async () => {
        const name = await kafka.createTopic();
        await kafka.produce(name, numbered(0, 50));
        const server = await serve();
        const following = await readyClient(server);
        const messages = collect(following, 'message', 50);
        await resultOf(following, 'subscribe', [{ topic: name, partition: 0, offset: 0 }]);
        await resultOf(following, 'start');
        const standing = await readyClient(server);
        await resultOf(standing, 'subscribe', [{ topic: name, partition: 0, offset: 30 }]);
        await messages;
        const events = record(following, 'message', 'gap');
        await kafka.deleteTopics(name);
        await kafka.createTopic({ topic: name });
        const since = () => events.slice(events.findIndex(([event]) => event === 'gap'));
        // What comes before it was noticed, comes again behind the gap.
        for (let n = 1000; !(events.some(([event]) => event === 'gap') && since().length > 20); n++) {
            await kafka.produce(name, numbered(n, n + 1));
        }
        const [[, { to }], ...others] = since();
        const numbers = others.map(([, { n }]) => n);
        assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, i) => 1000 + to + i));
        const { n, _kafka: { offset } } = await resultOf(standing, 'consume');
        // Of the new topic, or what others had read of the old one.
        assert.ok(n === 1000 + offset || n === offset, `number ${n} at offset ${offset}`);
        await server.close();
    });
});
