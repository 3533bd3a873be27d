'use strict';

// What the server keeps in memory: for a socket, for one that reads nothing, for a hub that nobody uses, and after a flood.
//
// Resident memory of processes that are fresh for each measurement, compared with the same done by socket.io alone.

const { LIMITS } = require('../lib/validation.js');
const { judge, runIfMain, takeTurns } = require('./lib/bench.js');
const { push } = require('./lib/push.js');
const { medianOf, rows } = require('./lib/report.js');
const Server = require('./lib/server.js');
const { connectAll } = require('./lib/sink.js');

const KIB = 1024;
const MIB = 2 ** 20;
/** By default so much is under way to a socket (`limits.bytesInFlight`), and as much again is prepared for it. */
const CREDIT = 2 * LIMITS.bytesInFlight;

/** Sockets that are there before the counting begins, and those that are counted. */
const FIRST_SOCKETS = 500;
const MORE_SOCKETS = 5000;
/** Clients that read nothing, of a backlog that is larger than what the kernel holds. */
const PAUSED = 100;
/** Of 1,000 bytes each. */
const RECORDS = 30000;
const BYTES = 1000;
/** A server is called warm when each client has got so many. */
const WARM_RECORDS = 5000;
const CLIENTS = 100;
const REST = 30000;
/** Memory has settled when nothing was read from Kafka for so long, ms. */
const QUIET = 1000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until nothing is read any more. */
async function quiet(server, ms) {
    for (let before = -1; ;) {
        const { recordsRead } = await server.ask('stats');
        if (recordsRead === before) {
            return;
        }
        before = recordsRead;
        await pause(ms);
    }
}

/** A way of takeTurns() that starts a server for each measurement. */
function way(name, kind, options, measure) {
    return {
        name,
        start: async () => ({
            async measure() {
                const server = await Server.start(kind, options);
                try {
                    return await measure(server);
                } finally {
                    await server.close();
                }
            },
        }),
    };
}

async function subscribed(server, count, topic, offset = () => -1) {
    const sinks = await connectAll(server.port, count);
    await Promise.all(sinks.map((sink, i) => sink.ask('subscribe', [{ topic, partition: 0, offset: offset(i) }])));
    sinks.forEach((sink) => sink.emit('start'));
    return sinks;
}

/** Sockets that follow the end of a partition. */
async function sockets(context, outcome) {
    const { brokers, quick, topic, progress } = context;
    progress('sockets');
    const [first, more] = quick ? [10, 50] : [FIRST_SOCKETS, MORE_SOCKETS];
    const measure = async (server) => {
        await subscribed(server, first, topic);
        const before = await server.ask('leastMemory');
        const last = await subscribed(server, more, topic);
        await last.at(-1).ask('stop');
        return { each: (await server.ask('leastMemory') - before) / more / KIB };
    };
    const taken = await takeTurns(context, [
        way('socket.io alone', 'plain', {}, measure),
        way('kasocki, one partition', 'kasocki', { brokers }, measure),
    ]);
    const [plain, ours] = [...taken.values()].map((results) => medianOf(results, 'each'));
    outcome.tables.push({
        title: 'A socket', columns: ['way', 'KiB a socket'], rows: rows(taken, [], ['each']),
        note: `The slope from ${first.toLocaleString('en-US')} to ${(first + more).toLocaleString('en-US')} sockets, after garbage collection.`,
    });
    outcome.marks.push(judge('memory of a socket', "at most 2 KB beyond socket.io's own", ours - plain, { atMost: 2000 / KIB, unit: 'KiB' }));
}

/** Clients that never read, each from an offset of its own, so that they share as little as can be. */
async function paused(context, outcome) {
    const { brokers, quick, topic, count, progress } = context;
    progress('clients that read nothing');
    const clients = quick ? 5 : PAUSED;
    const taken = await takeTurns(context, [way(`${clients} clients that never read`, 'kasocki', { brokers }, async (server) => {
        await push(server, { topic, offset: () => 0, expected: () => count });
        const sinks = await connectAll(server.port, clients);
        await Promise.all(sinks.map((sink, i) => sink.ask('subscribe', [
            { topic, partition: 0, offset: Math.floor(i * count / 2 / clients) },
        ])));
        await server.ask('leastMemory');
        const before = await server.ask('leastMemory');
        for (const sink of sinks) {
            sink.emit('start');
            sink.pause();
        }
        await quiet(server, quick ? 100 : QUIET);
        const after = await server.ask('leastMemory');
        return { each: (after - before) / clients / KIB, total: (after - before) / MIB };
    })]);
    const [results] = taken.values();
    outcome.tables.push({
        title: 'A client that reads nothing', columns: ['what', 'KiB each', 'MiB in all'], rows: rows(taken, [], ['each', 'total']),
        note: `${count.toLocaleString('en-US')} records of ${BYTES} bytes wait for each. What there is more than before they were told to start.`,
    });
    outcome.marks.push(judge(`${clients} clients that never read`, `at most their credit: ${CREDIT / KIB} KiB each (under way and prepared)`, medianOf(results, 'each'),
        { atMost: CREDIT / KIB, unit: 'KiB' }));
}

/** A hub whose sockets have gone. */
async function idleHub(context, outcome) {
    const { brokers, topic, progress } = context;
    progress('an idle hub');
    const measure = async (server) => {
        const threads = async () => {
            await server.begin();
            return (await server.end()).threads;
        };
        await server.ask('leastMemory');
        const before = { memory: await server.ask('leastMemory'), threads: await threads() };
        const [sink] = await subscribed(server, 1, topic);
        await sink.ask('stop');
        sink.close();
        await server.empty();
        await server.ask('leastMemory');
        const memory = await server.ask('leastMemory');
        return { memory: (memory - before.memory) / MIB, threads: await threads() - before.threads };
    };
    const taken = await takeTurns(context, [
        way('socket.io alone', 'plain', {}, measure),
        way('kasocki', 'kasocki', { brokers }, measure),
    ]);
    outcome.tables.push({
        title: 'What the first socket leaves behind', columns: ['way', 'MiB', 'threads'], rows: rows(taken, [], ['memory', 'threads']),
        note: 'One client came and went. Kasocki keeps its hub, with two instances of librdkafka, for `hubIdle`.',
    });
}

/** A server half a minute after everybody wanted everything. */
async function flood(context, outcome) {
    const { brokers, quick, topic, count, rounds, progress } = context;
    progress('floods');
    const clients = quick ? 5 : CLIENTS;
    const stretch = (server, records) => push(server, { topic, sockets: clients, offset: () => count - records, expected: () => records });
    const servers = [];
    const results = [];
    try {
        for (let round = 0; round < rounds; round++) {
            const server = await Server.start('kasocki', { brokers });
            servers.push(server);
            await stretch(server, Math.min(WARM_RECORDS, count));
            const before = await server.ask('memory');
            await server.ask('forgetPeak');
            await stretch(server, count);
            const peak = await server.ask('peak');
            // Each rests on its own, while the next one is flooded.
            results.push(pause(quick ? 100 : REST).then(async () => {
                const after = await server.ask('memory');
                return { before: before / MIB, peak: peak / MIB, after: after / MIB, ratio: after / before };
            }));
            progress(`flood ${round + 1} of ${rounds}`);
        }
        const taken = new Map([['kasocki', await Promise.all(results)]]);
        outcome.tables.push({
            title: 'After a flood', columns: ['way', 'MiB before', 'MiB at most', 'MiB 30 s later', 'later to before'],
            rows: rows(taken, [], ['before', 'peak', 'after', 'ratio']),
            note: `${clients} sockets get ${count.toLocaleString('en-US')} records of ${BYTES} bytes each, as fast as they take them; ` +
                `before, each has got ${Math.min(WARM_RECORDS, count).toLocaleString('en-US')}. Nobody asked for garbage collection.`,
        });
        outcome.marks.push(judge('memory 30 s after a flood', 'at most 1.3 times the level before it', medianOf(taken.get('kasocki'), 'ratio'),
            { atMost: 1.3, unit: 'times' }));
    } finally {
        await Promise.all(servers.map((server) => server.close()));
    }
}

async function run(context) {
    const count = context.quick ? 500 : RECORDS;
    context.progress(`writing ${count} records`);
    const on = { ...context, count, topic: await context.fill(count, BYTES) };
    const outcome = { tables: [], marks: [] };
    for (const part of [sockets, paused, idleHub, flood]) {
        await part(on, outcome);
    }
    return outcome;
}

module.exports = {
    name: 'memory',
    question: 'What does the server keep in memory?',
    run,
};
runIfMain(module);
