'use strict';

// The ground that the other tests stand on: there is a real Kafka, and the test client does to it what it says.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');

const { startKafka } = require('./broker');
const { answers } = require('./broker/ready.js');
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

describe('a Kafka of a test', function () {
    this.timeout(180000);

    /** After a kill, Kafka takes a broker back when the session of the one before is over. */
    const properties = { 'broker.session.timeout.ms': 2000 };

    it('keeps address and data while it is stopped, killed and started', async () => {
        const node = await startKafka({ properties });
        const client = await kafka.connect(node.brokers);
        const topic = await client.createTopic();
        await client.produce(topic, ['before']);
        await node.stop();
        assert.equal(await answers(node.brokers), false);
        await node.start();
        await node.kill();
        assert.equal(await answers(node.brokers), false);
        await node.start();
        await client.produce(topic, ['after']);
        assert.deepEqual(
            (await client.read(topic, 2)).map(({ value }) => value.toString()),
            ['before', 'after'],
        );
        await client.close();
        await node.close();
        assert.equal(await answers(node.brokers), false);
        assert.equal(fs.existsSync(node.folder), false);
    });

    it('is joined by another, which can be away', async () => {
        const first = await startKafka({ properties });
        const second = await startKafka({ properties, joins: first });
        const client = await kafka.connect(first.brokers);
        const topic = await client.createTopic({ replicas: [[first.id], [second.id]] });
        await client.produce(topic, ['a', { value: 'b', partition: 1 }]);
        await second.stop();
        await client.produce(topic, ['c']);
        await second.start();
        await client.produce(topic, [{ value: 'd', partition: 1 }]);
        assert.deepEqual(await client.endOffsets(topic), [2, 2]);
        await client.close();
        await second.close();
        await first.close();
    });

    it('does not outlive a test run that is killed', async () => {
        const program = `
            require('./test/broker').startKafka().then(({ brokers, folder }) => {
                console.log(JSON.stringify({ brokers, folder }));
                setInterval(() => {}, 1000);
            });`;
        const run = spawn(process.execPath, ['-e', program], {
            cwd: path.join(__dirname, '..'),
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        const [line] = await once(run.stdout, 'data');
        const { brokers, folder } = JSON.parse(line);
        assert.equal(await answers(brokers), true);
        assert.equal(fs.existsSync(folder), true);
        // Its stderr is the guard's too: it closes when both are gone.
        const closed = once(run, 'close');
        run.stderr.resume();
        run.kill('SIGKILL');
        await closed;
        assert.equal(await answers(brokers), false);
        assert.equal(fs.existsSync(folder), false);
    });
});
