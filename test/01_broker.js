'use strict';

// The ground that the other tests stand on: there is a real Kafka, and the test client does to it what it says.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');

describe('the Kafka of the tests', () => {
    before(kafka.start);

    const values = (records) => records.map(({ value }) => value && value.toString());

    it('gives back what was written, in order', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, ['one', Buffer.from('two'), { value: { three: 3 } }]);
        const records = await kafka.read(topic, 3);
        assert.deepEqual(values(records), ['one', 'two', '{"three":3}']);
        assert.deepEqual(
            records.map(({ offset }) => offset),
            [0, 1, 2],
        );
        assert.deepEqual(await kafka.endOffsets(topic), [3]);
    });

    it('keeps keys, headers, timestamps and tombstones as they are', async () => {
        const topic = await kafka.createTopic();
        const key = Buffer.from([0xff, 0x00]);
        const headers = { type: 'a', bytes: Buffer.from([0xfe]), twice: ['x', Buffer.from('y')], none: null };
        await kafka.produce(topic, [{ value: 'v', key, headers, timestamp: 1234 }, { value: null, key: 'gone' }]);
        const [first, second] = await kafka.read(topic, 2);
        assert.deepEqual(first.key, key);
        assert.equal(first.timestamp, 1234);
        assert.deepEqual(Object.entries(first.headers), [
            ['type', Buffer.from('a')],
            ['bytes', Buffer.from([0xfe])],
            ['twice', [Buffer.from('x'), Buffer.from('y')]],
            ['none', null],
        ]);
        assert.equal(second.value, null);
        assert.equal(second.key.toString(), 'gone');
    });

    it('writes to the partition asked for, also to one added later', async () => {
        const topic = await kafka.createTopic({ partitions: 2 });
        await kafka.produce(topic, [{ value: 'a', partition: 1 }, { value: 'b' }, { value: 'c', partition: 1 }]);
        assert.deepEqual(await kafka.endOffsets(topic), [1, 2]);
        await kafka.addPartitions(topic, 3);
        await kafka.produce(topic, [{ value: 'd', partition: 2 }]);
        assert.deepEqual(await kafka.endOffsets(topic), [1, 2, 1]);
    });

    it('takes compressed batches', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, ['x'.repeat(1000), 'y'], { gzip: true });
        assert.deepEqual(values(await kafka.read(topic, 2)), ['x'.repeat(1000), 'y']);
    });

    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
        it(`compresses by ${codec} itself`, async () => {
            const topic = await kafka.createTopic({ config: { 'compression.type': codec } });
            await kafka.produce(topic, ['x'.repeat(1000)]);
            assert.deepEqual(await kafka.endOffsets(topic), [1]);
        });
    }

    it('refuses what is too large, and takes the next', async () => {
        const topic = await kafka.createTopic({ config: { 'max.message.bytes': 1000 } });
        await assert.rejects(kafka.produce(topic, ['x'.repeat(2000)]), /error code 10/);
        await kafka.produce(topic, ['y']);
        assert.deepEqual(await kafka.endOffsets(topic), [1]);
    });

    it('shows a committed transaction, and not an aborted one', async () => {
        const topic = await kafka.createTopic();
        const aborted = await kafka.transaction();
        await aborted.produce(topic, ['never']);
        await aborted.abort();
        const committed = await kafka.transaction();
        await committed.produce(topic, ['first', 'second']);
        await committed.commit();
        assert.deepEqual(values(await kafka.read(topic, 2)), ['first', 'second']);
        // Three records and the two marks that end the transactions.
        assert.deepEqual(await kafka.endOffsets(topic), [5]);
    });

    it('deletes records and topics', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, ['a', 'b', 'c']);
        await kafka.deleteRecords(topic, { 0: 2 });
        assert.deepEqual(await kafka.startOffsets(topic), [2]);
        assert.deepEqual(values(await kafka.read(topic, 1)), ['c']);
        await kafka.deleteTopics(topic);
        await kafka.createTopic({ topic });
        assert.deepEqual(await kafka.endOffsets(topic), [0]);
    });
});
