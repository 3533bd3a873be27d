'use strict';

// Faults of a Kafka cluster and of the network to it, and topics that change, while sockets read: nothing is lost, nothing comes
// twice, all of it comes in order; and where Kafka has it no more, the socket is told so exactly.
//
//     node test/reliability/faults.js [--seconds 120] [--seed 1] [--save]
//
// Three brokers on loopback, a server with Kasocki that reaches them through proxies, fifty sockets in it with all
// kinds of filters and ways of reading, and producers that number their records. Faults follow each other, in rounds of
// all kinds in an order chosen by the seed, until the time is over; after each one the streams must flow again. Then
// every socket must have exactly the offsets that match its filter, by the logs as another client reads them, and a `gap`
// for exactly those that were deleted before it got there. Exit code 1 if not.

const Cluster = require('../broker/cluster.js');
const { randomSource } = require('../support/json-texts.js');
const kafka = require('../support/kafka.js');
const RemoteServer = require('../support/remote-server.js');
const { check } = require('./check.js');
const { FAULTS } = require('./fault-kinds.js');
const { Flow } = require('./flow.js');
const { main } = require('./program.js');
const { Reader } = require('./reader.js');
const { TopicLog } = require('./topic-log.js');

const SOCKETS = 50;
/** The topics, by what happens to them. Of each: partitions, records that are there before anybody reads, and in one batch afterwards. */
const TOPICS = {
    steady: { partitions: 4, backlog: 4000, batch: 50 },
    growing: { partitions: 1, backlog: 500, batch: 5 },
    trimmed: { partitions: 2, backlog: 500, batch: 5 },
    remade: { partitions: 2, backlog: 500, batch: 5 },
};
/** Between two batches, ms. */
const PAUSE = 25;
/** A fault lasts from the one to the other, ms. */
const SHORTEST = 500;
const LONGEST = 4000;

/** Makes a topic with a replica on each broker, and begins to write to it. */
async function startFlow(cluster, client, { partitions, backlog, batch }, pause) {
    const replicas = Array.from({ length: partitions }, (_, i) => [0, 1, 2].map((k) => cluster.nodes[(i + k) % 3].id));
    const flow = new Flow({ brokers: cluster.brokers, log: await TopicLog.create(client, { replicas }), partitions, batch, pause });
    await flow.start(backlog);
    return flow;
}

const recordsOf = (flows) => Object.values(flows).reduce((sum, { records }) => sum + records, 0);

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
 *     faults: Object<string, number>, records: number, messages: number, gaps: number, lost: number, repeated: number, disordered: number }>}
 */
async function run({ seed, seconds = Infinity, rounds = Infinity, pause = PAUSE, beside = async () => {}, log = () => {} }) {
    const random = randomSource(seed);
    const cluster = await Cluster.start();
    const client = await kafka.connect(cluster.brokers);
    const flows = {};
    for (const [name, how] of Object.entries(TOPICS)) {
        flows[name] = await startFlow(cluster, client, how, pause);
    }
    const { steady, ...others } = flows;

    const server = await RemoteServer.start(
        { kafkaConfig: { 'metadata.broker.list': cluster.proxied, 'reconnect.backoff.max.ms': 1000 }, connectTimeout: 60000 },
        { pingInterval: 600000, pingTimeout: 600000 },
    );
    const readers = Array.from({ length: SOCKETS }, (_, i) => new Reader(server, i, [
        ...Array.from({ length: steady.partitions }, (_, partition) => (
            { topic: steady.topic, partition, offset: random(TOPICS.steady.backlog / steady.partitions) }
        )),
        ...Object.values(others).map(({ topic }) => ({ topic, offset: 'earliest' })),
    ], random));
    // The first thing that is wrong ends it.
    const broken = Promise.race(readers.map(({ ended }) => ended.then(() => new Promise(() => {}))));
    const step = (promise) => Promise.race([promise, broken]);
    await step(Promise.all(readers.map(({ subscribed }) => subscribed)));

    let over = false;
    const alongside = beside({ server, topic: steady.topic, readers, isOver: () => over });
    alongside.catch(() => {});

    const faults = {};
    const deadline = Date.now() + seconds * 1000;
    for (let count = 0, order = []; Date.now() < deadline && count < rounds * FAULTS.length; count++) {
        order = order.length > 0 ? order : shuffled(random);
        const fault = order.pop();
        const heal = await step(fault.strike({ cluster, client, readers, flows, random }));
        await step(new Promise((resolve) => setTimeout(resolve, SHORTEST + random(LONGEST - SHORTEST))));
        await step(heal());
        await step(Promise.all(Object.values(flows).map((flow) => flow.flowed())));
        faults[fault.name] = (faults[fault.name] ?? 0) + 1;
        log(`${fault.name}; ${recordsOf(flows)} records`);
    }
    over = true;
    await step(alongside);
    const partitions = Object.values(flows).reduce((sum, flow) => sum + flow.partitions, 0);
    readers.forEach((reader) => reader.expectEnd(partitions));
    await step(Promise.all(Object.values(flows).map((flow) => flow.finish())));
    log('the last records are written');
    await step(Promise.all(readers.map(({ ended }) => ended)));

    const logs = Object.values(flows).map(({ log: own }) => own);
    for (const own of logs) {
        await own.note();
    }
    const result = { faults, records: logs.reduce((sum, own) => sum + own.records, 0), ...check(logs, readers) };
    result.tables = tables(result);
    readers.forEach((reader) => reader.close());
    await server.close({ atOnce: true });
    await client.close();
    await cluster.close();
    return result;
}

/** @returns {import('../../bench/lib/table.js').Table[]} */
function tables({ faults, records, messages, gaps, lost, repeated, disordered }) {
    return [
        { title: 'What happened to the cluster, to the network and to topics', columns: ['fault', 'times'], rows: Object.entries(faults).sort() },
        {
            title: `What ${SOCKETS} sockets got meanwhile`,
            columns: ['records', 'messages', 'gaps told', 'lost', 'repeated', 'out of order'],
            rows: [[records, messages, gaps, lost, repeated, disordered]],
        },
    ];
}

module.exports = { run };

if (require.main === module) {
    main('faults', { seconds: 120 }, run);
}
