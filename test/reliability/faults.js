'use strict';

// Faults of a Kafka cluster and of the network to it, while sockets read: nothing is lost, nothing comes twice, all of
// it comes in order.
//
//     node test/reliability/faults.js [--seconds 120] [--seed 1] [--save]
//
// Three brokers on loopback, a server with Kasocki that reaches them through proxies, fifty sockets in it with all
// kinds of filters and ways of reading, and a producer that numbers its records. Faults follow each other, in rounds of
// all kinds in an order chosen by the seed, until the time is over; after each one the stream must flow again. Then
// every socket must have exactly the offsets that match its filter, by the log as another client reads it. Exit code 1
// if not.

const { Kafka, logLevel, CompressionTypes } = require('kafkajs');

const Cluster = require('../broker/cluster.js');
const { randomSource } = require('../support/json-texts.js');
const kafka = require('../support/kafka.js');
const RemoteServer = require('../support/remote-server.js');
const { check } = require('./check.js');
const { FAULTS } = require('./fault-kinds.js');
const { main } = require('./program.js');
const { Reader } = require('./reader.js');

const PARTITIONS = 4;
const SOCKETS = 50;
/** Records that are there before anybody reads, and in one batch afterwards. */
const BACKLOG = 4000;
const BATCH = 50;
/** Between two batches, ms. */
const PAUSE = 25;
/** A fault lasts from the one to the other, ms. */
const SHORTEST = 500;
const LONGEST = 4000;

const WORDS = ['apple', 'bread', 'avocado', 'cheese', 'last but one'];

/** Record n of a partition. */
function recordOf(n) {
    return { n, kind: n % 5, word: WORDS[n % WORDS.length], tags: n % 3 ? ['y'] : ['x', 'y'], text: 'x'.repeat(n % 300) };
}
const LAST = { n: -1, kind: -1, word: 'last', tags: ['x'], last: true };

/** Writes numbered records to all partitions until it is told to stop. */
class Producer {
    /** @param {number} pause - between two batches, ms */
    constructor(brokers, topic, pause) {
        this._topic = topic;
        this._pause = pause;
        this._producer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 1e6 } })
            .producer({ allowAutoTopicCreation: false });
        this._next = Array(PARTITIONS).fill(0);
        this._stopped = false;
        this.records = 0;
    }

    async start() {
        await this._producer.connect();
        await this._send(BACKLOG);
        this._running = this._run();
        this._running.catch(() => {});
    }

    async _run() {
        while (!this._stopped) {
            await this._send(BATCH);
            await new Promise((resolve) => setTimeout(resolve, this._pause));
        }
    }

    /** What Kafka did not acknowledge is written again, until it did: a record may then be there twice, as two records. */
    async _send(count) {
        const messages = [];
        for (let i = 0; i < count; i++) {
            const partition = i % PARTITIONS;
            messages.push({ partition, value: JSON.stringify(recordOf(this._next[partition]++)) });
        }
        await this._write(messages);
        this.records += count;
    }

    async _write(messages) {
        for (;;) {
            try {
                await this._producer.send({ topic: this._topic, acks: -1, compression: CompressionTypes.None, messages });
                return;
            } catch {
                await new Promise((resolve) => setTimeout(resolve, PAUSE));
            }
        }
    }

    /** Ends the stream: the last record of each partition. */
    async finish() {
        this._stopped = true;
        await this._running;
        await this._write(Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, value: JSON.stringify(LAST) })));
        await this._producer.disconnect();
    }

    /** Resolves when something that was written from now on was acknowledged. */
    async flowed() {
        const before = this.records;
        while (this.records < before + 2 * BATCH) {
            await new Promise((resolve) => setTimeout(resolve, PAUSE));
        }
    }
}

/** The kinds of faults in an order of chance. */
function shuffled(random) {
    const faults = [...FAULTS];
    for (let i = faults.length - 1; i > 0; i--) {
        const other = random(i + 1);
        [faults[i], faults[other]] = [faults[other], faults[i]];
    }
    return faults;
}

/**
 * @param {object} options
 * @param {number} options.seed
 * @param {number} [options.seconds] - or
 * @param {number} [options.rounds] - how often each kind of fault strikes
 * @param {number} [options.pause] - between two batches of records, ms
 * @param {(scene: { server: RemoteServer, topic: string, readers: Reader[], isOver: () => boolean }) => Promise<void>} [options.beside] - what
 *     else happens meanwhile; it ends soon after `isOver()`
 * @param {(line: string) => void} [options.log]
 * @returns {Promise<import('./program.js').Outcome & {
 *     faults: Object<string, number>, records: number, messages: number, lost: number, repeated: number, disordered: number }>}
 */
async function run({ seed, seconds = Infinity, rounds = Infinity, pause = PAUSE, beside = async () => {}, log = () => {} }) {
    const random = randomSource(seed);
    const cluster = await Cluster.start();
    const client = await kafka.connect(cluster.brokers);
    const replicas = Array.from({ length: PARTITIONS }, (_, i) => [0, 1, 2].map((k) => cluster.nodes[(i + k) % 3].id));
    const topic = await client.createTopic({ replicas });
    const producer = new Producer(cluster.brokers, topic, pause);
    await producer.start();

    const server = await RemoteServer.start(
        { kafkaConfig: { 'metadata.broker.list': cluster.proxied, 'reconnect.backoff.max.ms': 1000 }, connectTimeout: 60000 },
        { pingInterval: 600000, pingTimeout: 600000 },
    );
    const readers = Array.from({ length: SOCKETS }, (_, i) => new Reader(
        server, i, Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, offset: random(BACKLOG / PARTITIONS) })), random,
    ));
    // The first thing that is wrong ends it.
    const broken = Promise.race(readers.map(({ ended }) => ended.then(() => new Promise(() => {}))));
    const step = (promise) => Promise.race([promise, broken]);

    let over = false;
    const alongside = beside({ server, topic, readers, isOver: () => over });
    alongside.catch(() => {});

    const faults = {};
    const deadline = Date.now() + seconds * 1000;
    for (let count = 0, order = []; Date.now() < deadline && count < rounds * FAULTS.length; count++) {
        order = order.length > 0 ? order : shuffled(random);
        const fault = order.pop();
        const heal = await step(fault.strike({ cluster, client, topic, random }));
        await step(new Promise((resolve) => setTimeout(resolve, SHORTEST + random(LONGEST - SHORTEST))));
        await step(heal());
        await step(producer.flowed());
        faults[fault.name] = (faults[fault.name] ?? 0) + 1;
        log(`${fault.name}; ${producer.records} records`);
    }
    over = true;
    await step(alongside);
    await step(producer.finish());
    log('the last records are written');
    await step(Promise.all(readers.map(({ ended }) => ended)));

    const ends = await client.endOffsets(topic);
    const written = await client.read(topic, ends.reduce((sum, end) => sum + end, 0));
    const result = { faults, records: written.length, ...check(written, readers) };
    result.tables = tables(result);
    readers.forEach((reader) => reader.close());
    await server.close({ atOnce: true });
    await client.close();
    await cluster.close();
    return result;
}

/** @returns {import('../../bench/lib/table.js').Table[]} */
function tables({ faults, records, messages, lost, repeated, disordered }) {
    return [
        { title: 'What happened to the cluster and to the network', columns: ['fault', 'times'], rows: Object.entries(faults).sort() },
        {
            title: `What ${SOCKETS} sockets got meanwhile`,
            columns: ['records', 'messages', 'lost', 'repeated', 'out of order'],
            rows: [[records, messages, lost, repeated, disordered]],
        },
    ];
}

module.exports = { run };

if (require.main === module) {
    main('faults', { seconds: 120 }, run);
}
