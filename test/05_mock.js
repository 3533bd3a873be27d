'use strict';

// The Kafka inside this process (a mock cluster) and the small producer, as the demo uses them.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');

const kafka = require('./support/kafka.js');
const { NativeHub, NativeMockCluster, NativeProducer } = require('../lib/native.js');

describe('the mock cluster', () => {
    const open = [];
    const opened = (object) => {
        open.push(object);
        return object;
    };
    const cluster = (brokers = 1) => opened(new NativeMockCluster(brokers));
    const producer = (servers, more = []) => opened(new NativeProducer([['bootstrap.servers', servers], ...more]));
    afterEach(() => open.splice(0).forEach((object) => object.close()));

    it('listens on loopback, one port a broker', () => {
        const addresses = cluster(3).bootstrapServers.split(',');
        assert.equal(new Set(addresses).size, 3);
        for (const address of addresses) assert.match(address, /^127\.0\.0\.1:\d+$/);
    });

    it('refuses a number of brokers, a topic or partitions that can not be', () => {
        for (const brokers of [undefined, null, 0, -1, 1.5, NaN, 1e9, '1', {}]) {
            assert.throws(() => new NativeMockCluster(brokers), { kind: 'Kafka', code: '_INVALID_ARG' });
        }
        const mock = cluster();
        mock.createTopic('taken', 1);
        assert.throws(() => mock.createTopic('taken', 1), { code: 'TOPIC_ALREADY_EXISTS' });
        for (const name of ['', '.', 'a b', 'ü', 'x'.repeat(250)]) {
            assert.throws(() => mock.createTopic(name, 1), { code: '_INVALID_ARG' });
        }
        for (const partitions of [undefined, 0, -1, 1.5, 1e9]) {
            assert.throws(() => mock.createTopic('new', partitions), { code: '_INVALID_ARG' });
        }
        assert.throws(() => mock.createTopic(5, 1), TypeError);
    });

    it('takes what is produced, and a hub sees its topics', async () => {
        const mock = cluster();
        mock.createTopic('events', 2);
        const writer = producer(mock.bootstrapServers);
        for (let i = 0; i < 1000; ++i) assert.equal(writer.produce('events', i % 2, null, '{}', []), true);
        await writer.flush(10000);

        const answer = await new Promise((resolve) => {
            const options = { global: [['bootstrap.servers', mock.bootstrapServers]], topic: [], autoOffsetReset: 'latest' };
            const hub = opened(new NativeHub(options, (event) => event.type === 'topics' && resolve(event)));
            hub.topics(7, 0, 10000);
        });
        assert.deepEqual([answer.request, answer.topics], [7, ['events']]);
    });

    it('can be closed twice, and then takes no topic', () => {
        const mock = cluster();
        mock.close();
        mock.close();
        assert.throws(() => mock.createTopic('late', 1), { kind: 'Closed' });
    });
});

describe('the producer', () => {
    const open = [];
    const producer = (servers, more = []) => {
        const made = new NativeProducer([['bootstrap.servers', servers], ...more]);
        open.push(made);
        return made;
    };
    afterEach(() => open.splice(0).forEach((object) => object.close()));

    describe('with a real Kafka', () => {
        before(kafka.start);

        it('writes keys, values, headers and tombstones as they are', async () => {
            const topic = await kafka.createTopic({ partitions: 2 });
            const writer = producer(kafka.brokers);
            writer.produce(topic, 1, 'key', '{"a":"ü"}', [['type', 'x'], ['type', 'y'], ['empty', '']]);
            writer.produce(topic, 1, Buffer.from([0xff, 0]), new Uint8Array(0), []);
            writer.produce(topic, 1, null, null, []);
            await writer.flush(10000);
            const [first, second, third] = await kafka.read(topic, 3);
            assert.deepEqual([first.key.toString(), first.value.toString()], ['key', '{"a":"ü"}']);
            assert.deepEqual(first.headers.type.map(String), ['x', 'y']);
            assert.equal(String(first.headers.empty), '');
            assert.deepEqual([second.key, second.value], [Buffer.from([0xff, 0]), Buffer.alloc(0)]);
            assert.deepEqual([third.key, third.value], [null, null]);
            assert.deepEqual(await kafka.endOffsets(topic), [0, 3]);
        });

        it('keeps equal keys together when it may choose the partition', async () => {
            const topic = await kafka.createTopic({ partitions: 8 });
            const writer = producer(kafka.brokers);
            for (let i = 0; i < 50; ++i) writer.produce(topic, -1, 'always the same', '{}', []);
            await writer.flush(10000);
            assert.deepEqual((await kafka.endOffsets(topic)).filter((end) => end > 0), [50]);
        });
    });

    it('names the property of a wrong configuration, not its value', () => {
        const refused = (name, value) => {
            try {
                new NativeProducer([[name, value]]).close();
            } catch (error) {
                return error;
            }
            return assert.fail(`${name} was taken`);
        };
        for (const [name, value] of [['no.such', 'hunter22'], ['security.protocol', 'hunter22'], ['plugin.library.paths', '/hunter22.so']]) {
            const error = refused(name, value);
            assert.equal(error.kind, 'Configuration');
            assert.ok(error.message.includes(`"${name}"`), error.message);
            assert.ok(!error.message.includes('hunter22'), error.message);
        }
    });

    it('refuses arguments of a wrong kind', () => {
        const writer = producer('127.0.0.1:1');
        for (const args of [[], [5, 0, null, 'x'], ['t', '0', null, 'x'], ['t', 0, 7, 'x'], ['t', 0, null, {}]]) {
            assert.throws(() => writer.produce(...args), TypeError);
        }
    });

    it('says so when its queue is full, and goes on when there is room', async () => {
        const mock = new NativeMockCluster(1);
        open.push(mock);
        mock.createTopic('small', 1);
        const writer = producer(mock.bootstrapServers, [['queue.buffering.max.messages', '10'], ['linger.ms', '500']]);
        const taken = Array.from({ length: 20 }, () => writer.produce('small', 0, null, '{}', []));
        assert.deepEqual(taken, [...Array(10).fill(true), ...Array(10).fill(false)]);
        await writer.flush(10000);
        assert.equal(writer.produce('small', 0, null, '{}', []), true);
    });

    it('rejects a flush that Kafka does not answer, and lets the event loop go on meanwhile', async () => {
        const writer = producer('127.0.0.1:1');
        writer.produce('events', 0, null, '{}', []);
        let turns = 0;
        const timer = setInterval(() => ++turns, 1);
        await assert.rejects(writer.flush(300), { code: '_TIMED_OUT' });
        clearInterval(timer);
        assert.ok(turns > 1);
    });

    it('tells of records that could not be delivered', async () => {
        const writer = producer('127.0.0.1:1', [['message.timeout.ms', '50']]);
        writer.produce('events', 0, null, '{}', []);
        writer.produce('events', 0, null, '{}', []);
        await assert.rejects(writer.flush(30000), { code: '_MSG_TIMED_OUT', message: /^2 records/ });
        await writer.flush(1000);
    });

    it('can be closed while it flushes', async () => {
        const writer = producer('127.0.0.1:1');
        writer.produce('events', 0, null, '{}', []);
        const flushed = writer.flush(100);
        writer.close();
        assert.throws(() => writer.produce('events', 0, null, '{}', []), { kind: 'Closed' });
        assert.throws(() => writer.flush(1), { kind: 'Closed' });
        await assert.rejects(flushed, { code: '_TIMED_OUT' });
    });

    it('ends with its worker thread, in the middle of a flush', async () => {
        const code = `
            const { NativeMockCluster, NativeProducer } = require(${JSON.stringify(require.resolve('../lib/native.js'))});
            new NativeMockCluster(1);
            const producer = new NativeProducer([['bootstrap.servers', '127.0.0.1:1']]);
            producer.produce('events', 0, null, '{}', []);
            producer.flush(3600000);
            require('node:worker_threads').parentPort.postMessage('flushing');`;
        const worker = new Worker(code, { eval: true });
        await once(worker, 'message');
        assert.equal(await worker.terminate(), 1);
    });
});
