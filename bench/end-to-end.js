'use strict';

// From Kafka to clients, beside what others do.
//
// Pushed: clients are all subscribed to the same stretch of a backlog, then all started; the time runs until each has got all of it.
// Pulled: one client asks for message by message. Each way has its server in a process of its own, and the ways take turns.

const { judge, runIfMain, takeTurns } = require('./lib/bench.js');
const Client = require('./lib/client.js');
const programs = require('./lib/programs.js');
const { calibrate, push } = require('./lib/push.js');
const { recordText } = require('./lib/records.js');
const { medianOf, ratio, rows } = require('./lib/report.js');
const Server = require('./lib/server.js');
const { Sink, connectAll } = require('./lib/sink.js');

/** Records in the topic, of so many bytes. */
const RECORDS = 500000;
const QUICK_RECORDS = 1000;
const BYTES = 300;
/** The topic's last record passes, so the end of a stretch is seen. */
const ONE_PERCENT = { hundredth: 99 };
/** Deliveries of a run at least, so that its start counts little; those of crowds are so many always. */
const FAST = { usual: 100000, crowd: 6000000 };
const SLOW = { usual: 3000, crowd: 400000 };
const CROWD = 1000;

const RAW = 'raw librdkafka, no socket';
const OURS = 'kasocki';
const ORIGINAL = 'record by record, node-rdkafka';
const BATCHES = 'batches, node-rdkafka';
const CONFLUENT = 'batches, @confluentinc/kafka-javascript';
const KAFKAJS = 'batches, kafkajs';
const BROADCAST = 'broadcast to a room, node-rdkafka';
const FRAMES = 'frames from memory, no Kafka';
const ECHO = 'bare socket.io ack, no Kafka';
const ALONE = 'socket.io alone, all emit at once, no messages';

/** The servers of the ways: a file of bench/servers, options for it, and how many deliveries a run of it has. */
const SERVERS = {
    [OURS]: ['kasocki', {}, FAST],
    [ORIGINAL]: ['original', {}, SLOW],
    [BATCHES]: ['batches', { library: 'node-rdkafka' }, SLOW],
    [CONFLUENT]: ['batches', { library: '@confluentinc/kafka-javascript' }, SLOW],
    [KAFKAJS]: ['kafkajs', {}, SLOW],
    [BROADCAST]: ['broadcast', {}, SLOW],
    [FRAMES]: ['frames', { text: recordText(RECORDS, BYTES) }, FAST],
    [ECHO]: ['echo', { text: recordText(RECORDS, BYTES) }, SLOW],
};

/**
 * One way, for takeTurns().
 *
 * @param {string} name - of SERVERS
 * @param {object} context - of the bench, with the topic and its number of records
 * @param {(server: Server, records: number) => Promise<{ wall: number }>} run - with so many records
 * @param {object} [options]
 * @param {number} [options.sockets]
 * @param {number} [options.step] - the number of records is a multiple of it
 * @param {number} [options.least] - deliveries, where it is not a matter of the way
 * @param {object} [options.more] - more options of the server
 */
function way(name, context, run, { sockets = 1, step = 1, least, more = {} } = {}) {
    const { brokers, topic, progress } = context;
    const [kind, options, deliveries] = SERVERS[name];
    return {
        name,
        async start() {
            const server = await Server.start(kind, { brokers, topic, sockets, ...options, ...more });
            const length = { sockets, step, least: least ?? deliveries.usual, crowd: deliveries.crowd };
            const records = await lengthOf((n) => run(server, n), context, length);
            progress(`${name}: ${records} records a run`);
            return {
                close: () => server.close(),
                async measure() {
                    const result = await run(server, records);
                    const delivered = records * sockets;
                    return { ...result, rate: delivered / result.wall, cpu: result.cpu / delivered * 1e6 };
                },
            };
        },
    };
}

/** How many records a run has. The way is warm then. */
async function lengthOf(run, { quick, seconds, count }, { sockets, step, least, crowd }) {
    if (sockets >= CROWD) {
        const records = Math.min(count, crowd / sockets);
        await run(Math.ceil(records / 4));
        return records;
    }
    return calibrate(run, { seconds, most: count, least: quick ? 1 : least / sockets, sockets, step });
}

/** Ways that push the topic's last records to all sockets. */
function pushWays(names, context, { sockets = 1, connect }) {
    const { topic, count } = context;
    return names.map((name) => way(name, context,
        (server, records) => push(server, { topic, sockets, connect, offset: () => count - records, expected: () => records }),
        { sockets }));
}

/** What socket.io itself needs for so many events at once: each client emits one and gets an ack. */
function startWay(context, sockets) {
    return {
        name: ALONE,
        async start() {
            const server = await Server.start('plain', {});
            return {
                close: () => server.close(),
                async measure() {
                    const clients = await connectAll(server.port, sockets);
                    await server.begin();
                    await Promise.all(clients.map((client) => client.ask('start')));
                    const { stall, threads, memory } = await server.end();
                    clients.forEach((client) => client.close());
                    await server.empty();
                    return { firstStall: stall, threads, memory };
                },
            };
        },
    };
}

/** Ways that answer a client's `consume`, with so many under way at any time. */
function pullWays(names, context, { connect, inFlight }) {
    const { topic, count } = context;
    return names.map((name) => way(name, context, async (server, records) => {
        const client = await connect(server.port);
        await client.ask('subscribe', [{ topic, partition: 0, offset: count - records }]);
        await server.begin();
        const start = performance.now();
        await pull(client, records, inFlight);
        const wall = (performance.now() - start) / 1000;
        const usage = await server.end();
        client.close();
        await server.empty();
        return { ...usage, wall };
    }, { least: SLOW.usual }));
}

function pull(client, count, inFlight) {
    return new Promise((resolve) => {
        let asked = 0;
        let answered = 0;
        client.onPulled = () => {
            if (++answered === count) {
                resolve();
            } else if (asked < count) {
                asked++;
                client.pull();
            }
        };
        for (; asked < Math.min(inFlight, count); asked++) {
            client.pull();
        }
    });
}

/** Ways through a filter that passes 1 %. Of the peers, the server has the filter. */
function filteredWays(context) {
    const { brokers, topic, count } = context;
    const filtered = (filter) => (server, records) => push(server, {
        topic, filter, offset: () => count - records, expected: () => records / 100,
    });
    const raw = {
        name: RAW,
        start: async () => ({
            async measure() {
                const { seconds, cpu } = await programs.run('raw', ['read', brokers, topic, 0, count]);
                return { rate: count / seconds, cpu: cpu / count * 1e6 };
            },
        }),
    };
    return [
        raw,
        way(OURS, context, filtered(() => ONE_PERCENT), { step: 100 }),
        way(BATCHES, context, filtered(undefined), { step: 100, more: ONE_PERCENT }),
    ];
}

async function toOne(context, outcome) {
    const columns = ['way', 'messages/s', 'server CPU, us a message'];
    context.progress('pushed to one sink');
    const names = [OURS, ORIGINAL, BATCHES, CONFLUENT, KAFKAJS, BROADCAST, FRAMES];
    const sink = await takeTurns(context, pushWays(names, context, { connect: Sink.connect }));
    context.progress('pushed to one socket.io-client');
    const client = await takeTurns(context, pushWays([OURS, BATCHES, FRAMES], context, { connect: Client.connect }));
    outcome.tables.push({
        title: 'Pushed to one sink', columns, rows: rows(sink, [], ['rate', 'cpu']),
        note: `Records of ${BYTES} bytes, as in all tables here. A sink counts messages and decodes none, so the server is the limit.`,
    }, {
        title: 'Pushed to one socket.io-client', columns, rows: rows(client, [], ['rate', 'cpu']),
        note: 'A real client decodes every message, and is the limit where the server is faster.',
    });
    outcome.headlines.push({
        title: `Records of ${BYTES} bytes from Kafka to one socket:`, columns,
        rows: [...sink].filter(([name, results]) => name !== FRAMES && Array.isArray(results))
            .map(([name, results]) => [name, medianOf(results, 'rate'), medianOf(results, 'cpu')]),
    });
    const what = 'push, 1 socket, no filter';
    const less = (peer) => 1 / ratio(sink.get(OURS), sink.get(peer), 'cpu');
    outcome.marks.push(
        judge(what, "server CPU a message at most 1/80 of the original's way", less(ORIGINAL), { atLeast: 80, unit: 'times less' }),
        judge(what, 'at most 1/12 of the node-rdkafka loop', less(BATCHES), { atLeast: 12, unit: 'times less' }),
        judge(what, 'the rate is what the client can take (at least 0.9 of frames from memory)',
            ratio(client.get(OURS), client.get(FRAMES), 'rate'), { atLeast: 0.9, unit: 'times' }),
    );
}

async function pulled(context, outcome) {
    const table = { title: 'Pulled by one client', columns: ['in flight', 'client', 'way', 'messages/s', 'server CPU, us a message'], rows: [] };
    outcome.tables.push(table);
    for (const inFlight of [1, 32]) {
        for (const [title, { connect }] of [['sink', Sink], ['socket.io-client', Client]]) {
            context.progress(`pulled by a ${title}, ${inFlight} in flight`);
            const names = connect === Sink.connect && inFlight === 1 ? [OURS, ECHO, ORIGINAL] : [OURS, ECHO];
            const taken = await takeTurns(context, pullWays(names, context, { connect, inFlight }));
            table.rows.push(...rows(taken, [String(inFlight), title], ['rate', 'cpu']));
            outcome.marks.push(judge(`pull, ${inFlight} in flight, ${title}`, 'rate at least 0.9 of a bare socket.io ack of the same bytes',
                ratio(taken.get(OURS), taken.get(ECHO), 'rate'), { atLeast: 0.9, unit: 'times' }));
        }
    }
}

async function filtered(context, outcome) {
    context.progress('pushed through a filter that passes 1 %');
    const taken = await takeTurns(context, filteredWays(context));
    outcome.tables.push({
        title: 'Pushed to one sink through a filter that passes 1 %',
        columns: ['way', 'records read/s', 'server CPU, us a record read'],
        rows: rows(taken, [], ['rate', 'cpu']),
    });
    const what = 'filter that passes 1 %, 1 socket';
    outcome.marks.push(
        judge(what, "at least 0.9 of raw librdkafka's records a second", ratio(taken.get(OURS), taken.get(RAW), 'rate'),
            { atLeast: 0.9, unit: 'times' }),
        judge(what, 'at most 1.7 times its CPU', ratio(taken.get(OURS), taken.get(RAW), 'cpu'),
            { atMost: 1.7, unit: 'times' }),
    );
}

async function toMany(context, outcome) {
    const lines = [OURS, BROADCAST].map((name) => ({ name, points: [] }));
    const table = {
        title: 'Pushed to many sinks',
        columns: [
            'sockets', 'way', 'deliveries/s', 'server CPU, us a delivery', 'longest stall of the event loop until all had begun, ms', 'and afterwards, ms',
            'threads', 'memory, MiB',
        ],
        rows: [],
        note: 'Ways with a consumer for each socket end at ten sockets: a hundred would be some hundreds of threads. When all sockets emit ' +
            'at once, Node.js reads all of them before it looks at anything else: what "socket.io alone" takes for that, which does nothing ' +
            'but call acks, is the least that any way of this process can have.',
    };
    outcome.tables.push(table);
    let fewest;
    for (const sockets of context.quick ? [3] : [10, 100, 1000, 10000]) {
        context.progress(`pushed to ${sockets} sinks`);
        const names = sockets === 10 ? [OURS, BROADCAST, BATCHES] : [OURS, BROADCAST];
        const ways = [...pushWays(names, context, { sockets, connect: Sink.connect }), startWay(context, sockets)];
        const taken = await takeTurns(context, ways);
        const mebibytes = ({ memory }) => memory / 2 ** 20;
        table.rows.push(...rows(taken, [sockets.toLocaleString('en-US')], ['rate', 'cpu', 'firstStall', 'stall', 'threads', mebibytes]));
        for (const { name, points } of lines.filter((line) => Array.isArray(taken.get(line.name)))) {
            points.push([sockets, medianOf(taken.get(name), 'cpu')]);
        }
        const ours = taken.get(OURS);
        fewest ??= medianOf(ours, 'threads');
        if (sockets >= CROWD) {
            const what = `push, ${sockets.toLocaleString('en-US')} sockets in a backlog, one filter class`;
            outcome.marks.push(
                judge(what, 'at most 0.5 us server CPU a delivery', medianOf(ours, 'cpu'), { atMost: 0.5, unit: 'us' }),
                judge(what, 'threads independent of sockets', medianOf(ours, 'threads') - fewest, { atMost: 0, unit: 'more' }),
                judge(what, 'no event-loop stall over 20 ms, while all start at once', medianOf(ours, 'firstStall'), { atMost: 20, unit: 'ms' }),
                judge(what, 'no event-loop stall over 20 ms, once all have begun', medianOf(ours, 'stall'), { atMost: 20, unit: 'ms' }),
            );
        }
    }
    outcome.plots.push({
        file: 'benchmarks-sockets', title: 'Server CPU a delivery', x: 'sockets', y: 'us', logX: true, logY: true,
        lines: lines.filter(({ points }) => points.length > 0),
    });
}

async function run(context) {
    const count = context.quick ? QUICK_RECORDS : RECORDS;
    context.progress(`writing ${count} records`);
    const topic = await context.fill(count, BYTES);
    const outcome = { tables: [], marks: [], plots: [], headlines: [] };
    for (const part of [toOne, pulled, filtered, toMany]) {
        await part({ ...context, topic, count }, outcome);
    }
    return outcome;
}

module.exports = {
    name: 'end-to-end',
    question: 'What does a message from Kafka to a client cost the server, and how fast can it be?',
    run,
};
runIfMain(module);
