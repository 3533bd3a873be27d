'use strict';

// Where the time goes: each stage of the core alone on records in memory, and then pipelines that grow by a stage each, from raw
// librdkafka, the ceiling, to a socket.

const { runIfMain, takeTurns } = require('./lib/bench.js');
const programs = require('./lib/programs.js');
const { push } = require('./lib/push.js');
const { rows } = require('./lib/report.js');
const Server = require('./lib/server.js');
const { spread } = require('./lib/stats.js');

const BYTES = [300, 1000];
const RECORDS = 500000;
const QUICK_RECORDS = 1000;
/** The topic's last record passes. */
const ONE_PERCENT = { hundredth: 99 };

/** A table of the stages, a column for each size of record. */
async function inMemory({ rounds, quick, progress }) {
    const sizes = quick ? BYTES.slice(0, 1) : BYTES;
    const bySize = [];
    for (const bytes of sizes) {
        progress(`in memory, ${bytes} bytes`);
        bySize.push(await programs.run('stages', ['memory', bytes, rounds]));
    }
    return {
        title: 'Stages alone, in memory',
        columns: ['stage', ...sizes.map((bytes) => `ns a record of ${bytes} bytes`)],
        rows: bySize[0].map(({ stage }, i) => [stage, ...bySize.map((stages) => spread(stages[i].ns))]),
        note: 'CPU time of one thread. "All of them" is what the engine does with a chunk: validate, pick, filter, splice, encode.',
    };
}

/** A program that reads the whole topic, as a way of takeTurns(). */
function programWay(name, { brokers, topic, count }, program, more = []) {
    return {
        name,
        start: async () => ({
            async measure() {
                const { seconds, cpu } = await programs.run(program, ['read', brokers, topic, 0, count, ...more]);
                return { rate: count / seconds, cpu: cpu / count * 1e9 };
            },
        }),
    };
}

/** A server that takes the whole topic, as a way of takeTurns(). */
function serverWay(name, { brokers, count }, kind, take) {
    return {
        name,
        async start() {
            const server = await Server.start(kind, { brokers });
            await take(server);
            return {
                close: () => server.close(),
                async measure() {
                    const { cpu, wall } = await take(server);
                    return { rate: count / wall, cpu: cpu / count * 1e9 };
                },
            };
        },
    };
}

/** Batches are taken by JavaScript, which does nothing with them. */
function handOver(name, context, filter) {
    const { topic, count } = context;
    return serverWay(name, context, 'hand-over', async (server) => {
        await server.begin();
        await server.ask('take', { topic, offset: 0, filter, messages: filter ? count / 100 : count });
        const { cpu, seconds } = await server.end();
        return { cpu, wall: seconds };
    });
}

/** All of it, to a sink. */
function toSink(name, context, filter) {
    const { topic, count } = context;
    return serverWay(name, context, 'kasocki', (server) => push(server, {
        topic, offset: () => 0, expected: () => (filter ? count / 100 : count), filter: filter && (() => filter),
    }));
}

async function run(context) {
    const count = context.quick ? QUICK_RECORDS : RECORDS;
    const memory = await inMemory(context);
    context.progress(`writing ${count} records`);
    const on = { ...context, count, topic: await context.fill(count) };
    const taken = await takeTurns(context, [
        programWay('raw librdkafka, records looked at by nobody', on, 'raw'),
        programWay('the core reads: records copied into chunks', on, 'stages'),
        programWay('and judges and encodes, 1 % match', on, 'stages', [JSON.stringify(ONE_PERCENT)]),
        programWay('and judges and encodes, every record', on, 'stages', ['']),
        handOver('the whole hub, to JavaScript, 1 % match', on, ONE_PERCENT),
        handOver('the whole hub, to JavaScript, every record', on),
        toSink('and on to a socket, 1 % match', on, ONE_PERCENT),
        toSink('and on to a socket, every record', on),
    ]);
    return {
        tables: [memory, {
            title: 'From Kafka, a stage more in each row',
            columns: ['what', 'records/s', 'CPU, ns a record'],
            rows: rows(taken, [], ['rate', 'cpu']),
            note: `Records of 300 bytes; CPU of all threads of the process, librdkafka's included.`,
        }],
    };
}

module.exports = {
    name: 'stages',
    question: 'What does each native stage cost a record, and how far is that from raw librdkafka?',
    run,
};
runIfMain(module);
