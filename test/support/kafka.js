'use strict';

// What tests do to Kafka from the outside, by a client that has nothing in common with the one under test:
// create topics, write records, transactions, delete. `before(kafka.start)` in a test file gives the Kafka that all
// files share, and then the functions of this module; `kafka.connect(brokers)` gives the same for another one.
//
//     const kafka = require('./support/kafka.js');
//     before(kafka.start);
//     const topic = await kafka.createTopic({ partitions: 2 });
//     await kafka.produce(topic, [{ value: { n: 1 }, key: 'a' }, { value: null, partition: 1 }]);

const { Kafka, logLevel } = require('kafkajs');
const { randomBytes } = require('node:crypto');
const { setTimeout } = require('node:timers/promises');

const broker = require('../broker');
const { atEnd } = require('./at_end.js');
const RecordBatch = require('./record_batch.js');
const Wire = require('./wire.js');

/** A batch is sent when it has so many bytes of records: with its last record it stays below a broker's 1 MiB. */
const BATCH = 128 * 1024;
/** How long the first start may take, jars and image included, ms. */
const START_TIMEOUT = 400000;
/** How often an answer that says "not yet" is asked for again, and the pause in between, ms. */
const MAX_TRIES = 200;
const RETRY_PAUSE = 50;

/**
 * A record to write: its value alone, or an object.
 *
 * @typedef {string|Buffer|{
 *     value: string|Buffer|object|null,  an object is written as JSON; null is a tombstone
 *     key?: string|Buffer|null,
 *     headers?: Object<string, HeaderValue|HeaderValue[]>|Array<[string|Buffer, HeaderValue]>,  an array of values
 *         where a name repeats; pairs where order or bytes of the names matter
 *     timestamp?: number,  ms
 *     partition?: number,  default 0
 * }} TestRecord
 * @typedef {string|Buffer|null} HeaderValue
 */

/** All clients that are connected. */
const clients = new Set();

/** A client of one Kafka. */
class TestClient {
    /**
     * @param {string} brokers - host:port, comma-separated
     */
    constructor(brokers) {
        /** @type {string} as librdkafka takes it in `metadata.broker.list` */
        this.brokers = brokers;
        this._kafka = new Kafka({
            brokers: brokers.split(','),
            clientId: 'kasocki-test',
            logLevel: logLevel.NOTHING,
            retry: { initialRetryTime: 50, retries: 8 },
        });
        /** kafkajs' own, for what has no function here (`admin.createAcls` ...). */
        this.admin = this._kafka.admin();
        this._wire = new Wire(brokers);
        /** The call of produce() before the next one. */
        this._before = Promise.resolve();
        /** Consumers and producers of transactions that are open. */
        this._open = new Set();
    }

    async connect() {
        await this.admin.connect();
    }

    async close() {
        clients.delete(this);
        this._wire.close();
        await Promise.all([...this._open, this.admin].map((part) => part.disconnect()));
        this._open.clear();
    }

    /**
     * Creates a topic and waits until its partitions have leaders.
     *
     * @param {object} [options]
     * @param {string} [options.topic] - default: a new name
     * @param {number} [options.partitions] - default 1
     * @param {Object<string, string|number>} [options.config] - `cleanup.policy`, `compression.type` (the broker
     *     rewrites what it is given: a way to all codecs), `retention.ms` ...
     * @param {number[][]} [options.replicas] - for each partition the ids of its brokers, the leader first
     * @returns {Promise<string>} its name
     */
    async createTopic({ topic = topicName(), partitions = 1, config = {}, replicas } = {}) {
        const configEntries = Object.entries(config).map(([name, value]) => ({ name, value: String(value) }));
        const layout = replicas
            ? { replicaAssignment: replicas.map((brokers, partition) => ({ partition, replicas: brokers })) }
            : { numPartitions: partitions, replicationFactor: 1 };
        // kafkajs asks for the new topic's leaders before every broker has heard of it.
        await withRetries(() => this.admin.createTopics({ topics: [{ topic, configEntries, ...layout }], waitForLeaders: true }));
        return topic;
    }

    /** @param {...string} topics */
    async deleteTopics(...topics) {
        await this.admin.deleteTopics({ topics });
    }

    /**
     * Makes a topic larger.
     *
     * @param {string} topic
     * @param {number} count - how many partitions it has then
     */
    async addPartitions(topic, count) {
        await this.admin.createPartitions({ topicPartitions: [{ topic, count }] });
    }

    /**
     * Writes records, in order. The promise resolves when Kafka has them. Calls are carried out one after the other.
     *
     * @param {string} topic
     * @param {Iterable<TestRecord>} records - may be a generator: they are written as they come
     * @param {{ gzip?: boolean }} [options]
     * @returns {Promise<void>}
     * @throws {Error} where Kafka refused them (the topic's `max.message.bytes` ...)
     */
    produce(topic, records, options) {
        const result = this._before.then(() => this._produce(topic, records, options));
        this._before = result.catch(() => {});
        return result;
    }

    async _produce(topic, records, options) {
        /** Batches by partition. */
        const batches = new Map();
        for (const record of records) {
            const { partition, key, value, headers, timestamp } = complete(record);
            const batch = batches.get(partition) || new RecordBatch();
            batches.set(partition, batch);
            batch.add(key, value, headers, timestamp);
            if (batch.size >= BATCH) {
                batches.delete(partition);
                await this._wire.produce(topic, partition, batch.encode(options));
            }
        }
        for (const [partition, batch] of batches) {
            await this._wire.produce(topic, partition, batch.encode(options));
        }
    }

    /**
     * Begins a transaction. What it writes is seen by those who read committed records after `commit()`; until it ends,
     * they see nothing that comes after it in its partitions. Once that or `abort()` is done, its mark is in the logs.
     * Header values must not be null here.
     *
     * @returns {Promise<{
     *     produce(topic: string, records: Iterable<TestRecord>): Promise<void>,
     *     commit(): Promise<void>,
     *     abort(): Promise<void>,
     * }>}
     */
    async transaction() {
        const transactionalId = topicName('transaction');
        const begin = async () => {
            const producer = this._kafka.producer({ allowAutoTopicCreation: false, idempotent: true, maxInFlightRequests: 1, transactionalId });
            this._open.add(producer);
            await producer.connect();
            return { producer, transaction: await producer.transaction() };
        };
        const end = async (producer) => {
            this._open.delete(producer);
            await producer.disconnect();
        };
        const { producer, transaction } = await begin();
        const finish = async (how) => {
            await transaction[how]();
            await end(producer);
            // Kafka answers before the mark is in the logs. Who comes after with the same id, however, is let in after that.
            const successor = await begin();
            await end(successor.producer);
        };
        return {
            produce: async (topic, records) => {
                const messages = Array.from(records, complete).map(({ headers, timestamp, ...message }) => ({
                    ...message,
                    headers: toObject(headers),
                    timestamp: String(timestamp),
                }));
                await transaction.send({ topic, messages, acks: -1 });
            },
            commit: () => finish('commit'),
            abort: () => finish('abort'),
        };
    }

    /**
     * Deletes the records before an offset, as retention would: the log starts there.
     *
     * @param {string} topic
     * @param {Object<number, number>} before - offsets by partition
     */
    async deleteRecords(topic, before) {
        const partitions = Object.entries(before).map(([partition, offset]) => ({
            partition: Number(partition),
            offset: String(offset),
        }));
        // kafkajs looks for the leaders before it has asked for them.
        await this._offsets(topic);
        await this.admin.deleteTopicRecords({ topic, partitions });
    }

    /**
     * @param {string} topic
     * @returns {Promise<number[]>} the end (high watermark) of each partition
     */
    async endOffsets(topic) {
        return (await this._offsets(topic)).map(({ high }) => Number(high));
    }

    /**
     * @param {string} topic
     * @returns {Promise<number[]>} the start of each partition
     */
    async startOffsets(topic) {
        return (await this._offsets(topic)).map(({ low }) => Number(low));
    }

    async _offsets(topic) {
        const offsets = await withRetries(() => this.admin.fetchTopicOffsets(topic));
        return offsets.sort((a, b) => a.partition - b.partition);
    }

    /**
     * Reads a topic from its start, committed records only, until there are so many. It is slow (a consumer group is
     * made for it): for the tests of the tests.
     *
     * @param {string} topic
     * @param {number} count
     * @returns {Promise<Array<{ partition: number, offset: number, timestamp: number, key: ?Buffer, value: ?Buffer,
     *     headers: object }>>} in the order of each partition
     */
    async read(topic, count) {
        const consumer = this._kafka.consumer({ groupId: topicName('group'), maxWaitTimeInMs: 100 });
        this._open.add(consumer);
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        const records = [];
        await new Promise((resolve, reject) => {
            // A new Kafka's group coordinator is loading at first: kafkajs tries again by itself.
            consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => restart || reject(error));
            const eachMessage = async ({ partition, message: { offset, timestamp, key, value, headers } }) => {
                records.push({ partition, offset: Number(offset), timestamp: Number(timestamp), key, value, headers });
                if (records.length === count) {
                    resolve();
                }
            };
            consumer.run({ autoCommit: false, eachMessage }).catch((error) => error.retriable || reject(error));
        });
        this._open.delete(consumer);
        await consumer.disconnect();
        return records;
    }
}

/**
 * Metadata names the leader of a new partition before that broker itself knows of it. kafkajs tries again by itself
 * almost everywhere, but not where it asks for offsets or waits for leaders.
 *
 * @param {function(): Promise<*>} ask
 * @returns {Promise<*>}
 * @throws {Error} the last one, or one that another try would not heal
 */
async function withRetries(ask) {
    for (let tries = 1; ; tries++) {
        try {
            return await ask();
        } catch (error) {
            if (!error.retriable || tries === MAX_TRIES) {
                throw error;
            }
            await setTimeout(RETRY_PAUSE);
        }
    }
}

/** A record with all that it can have, its headers as pairs. */
function complete(record) {
    const given = typeof record === 'string' || Buffer.isBuffer(record) ? { value: record } : record;
    const { value, key = null, headers = {}, timestamp = Date.now(), partition = 0 } = given;
    const bytes = value === null || typeof value === 'string' || Buffer.isBuffer(value);
    return { value: bytes ? value : JSON.stringify(value), key, headers: toPairs(headers), timestamp, partition };
}

function toPairs(headers) {
    if (Array.isArray(headers)) {
        return headers;
    }
    return Object.entries(headers).flatMap(([name, values]) => [].concat(values).map((value) => [name, value]));
}

/** kafkajs' form of headers. */
function toObject(pairs) {
    const headers = {};
    for (const [name, value] of pairs) {
        headers[name] = [...(headers[name] || []), value];
    }
    return headers;
}

/**
 * A name that no other test, nor another run on the same Kafka, has.
 *
 * @param {string} [prefix]
 * @returns {string}
 */
function topicName(prefix = 'test') {
    return `${prefix}-${randomBytes(6).toString('hex')}`;
}

/** The client of the shared Kafka, once started. */
let shared = null;

/**
 * Connects to a Kafka. The client is closed at the end of the test run, if not before.
 *
 * @param {string} brokers - host:port, comma-separated
 * @returns {Promise<TestClient>}
 */
async function connect(brokers) {
    const client = new TestClient(brokers);
    clients.add(client);
    await client.connect();
    return client;
}

/**
 * For mocha's `before`: the Kafka that all test files share is there when it is done.
 *
 * @this {Mocha.Context}
 */
async function start() {
    this.timeout(START_TIMEOUT);
    if (!shared) {
        shared = await connect((await broker.sharedKafka()).brokers);
    }
}

atEnd(broker.closeAll);
atEnd(async () => {
    await Promise.all([...clients].map((client) => client.close()));
});

/** The shared Kafka's client. */
function client() {
    if (!shared) {
        throw new Error("this test file needs Kafka: it must say 'before(kafka.start)'");
    }
    return shared;
}

module.exports = { connect, start, topicName };

Object.defineProperty(module.exports, 'brokers', { enumerable: true, get: () => client().brokers });
for (const name of Object.getOwnPropertyNames(TestClient.prototype)) {
    if (!['constructor', 'connect', 'close'].includes(name) && !name.startsWith('_')) {
        module.exports[name] = (...args) => client()[name](...args);
    }
}
