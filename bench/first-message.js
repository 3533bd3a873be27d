'use strict';

// How long is it from `start` to the first message? On a hub that is warm (others follow the partition), and on a cold one (nobody was
// there before). Beside it what node-rdkafka and raw librdkafka need.

const { performance } = require('node:perf_hooks');

const { judge, runIfMain, takeTurns } = require('./lib/bench.js');
const programs = require('./lib/programs.js');
const { medianOf, rows } = require('./lib/report.js');
const Server = require('./lib/server.js');
const { Sink } = require('./lib/sink.js');
const { median } = require('./lib/stats.js');

const RECORDS = 50000;
const QUICK_RECORDS = 500;
/** Each of so many samples a round. */
const SAMPLES = 20;
const QUICK_SAMPLES = 2;

/**
 * @param {number} port
 * @param {string} topic
 * @param {number} offset
 * @returns {Promise<{ first: number, all: number }>} ms from `start`, and from the beginning of the connection, to the first message
 */
async function firstMessage(port, topic, offset) {
    const connected = performance.now();
    const sink = await Sink.connect(port);
    await sink.ask('subscribe', [{ topic, partition: 0, offset }]);
    const received = sink.expect(1);
    const started = performance.now();
    sink.emit('start');
    await received;
    const now = performance.now();
    sink.close();
    return { first: now - started, all: now - connected };
}

/** A way of takeTurns(): `sample` gives one, `prepare` is called with the new server. */
function way(name, { samples }, [kind, options], { prepare = () => {}, sample }) {
    return {
        name,
        async start() {
            const server = await Server.start(kind, options);
            await prepare(server);
            await sample(server, 0);
            return {
                close: () => server.close(),
                async measure() {
                    const taken = [];
                    for (let i = 0; i < samples; i++) {
                        taken.push(await sample(server, i));
                    }
                    return { first: median(taken.map(({ first }) => first)), all: median(taken.map(({ all }) => all)) };
                },
            };
        },
    };
}

async function run(context) {
    const { brokers, quick, progress, fill } = context;
    const count = quick ? QUICK_RECORDS : RECORDS;
    progress(`writing ${count} records`);
    const topic = await fill(count);
    const on = { samples: quick ? QUICK_SAMPLES : SAMPLES };
    // From other offsets each time, so that nothing is there already.
    const somewhere = (i) => Math.floor((i * 7919 + 1) % (count * 0.9));
    /** Others that follow the end of the partition. */
    const follow = async (server) => {
        const sink = await Sink.connect(server.port);
        await sink.ask('subscribe', [{ topic, partition: 0, offset: -1 }]);
        await sink.ask('start');
    };
    const warm = (server, offset) => firstMessage(server.port, topic, offset);
    const cold = async (server, offset) => {
        const taken = await firstMessage(server.port, topic, offset);
        await server.until('stats', ({ sessions }) => sessions === undefined);
        return taken;
    };
    const ours = { brokers };
    const [FIRST, MIDDLE, LAST, COLD] = ['warm hub, the first record', 'warm hub, somewhere', 'warm hub, the last record', 'cold hub, somewhere']
        .map((name) => `kasocki, ${name}`);
    const taken = await takeTurns(context, [
        way(FIRST, on, ['kasocki', ours], { prepare: follow, sample: (server) => warm(server, 0) }),
        way(MIDDLE, on, ['kasocki', ours], { prepare: follow, sample: (server, i) => warm(server, somewhere(i)) }),
        way(LAST, on, ['kasocki', ours], { prepare: follow, sample: (server) => warm(server, count - 1) }),
        way(COLD, on, ['kasocki', { ...ours, more: { hubIdle: 0 } }], { sample: (server, i) => cold(server, somewhere(i)) }),
        way('record by record, node-rdkafka, a new consumer, somewhere', on, ['original', ours], { sample: (server, i) => warm(server, somewhere(i)) }),
    ]);
    taken.set('raw librdkafka, connected, somewhere', await raw(context, topic, on.samples, somewhere));
    return {
        tables: [{
            title: 'The first message', columns: ['way', 'ms from start', 'ms from the beginning of the connection'],
            rows: rows(taken, [], ['first', 'all']),
            note: `Medians of ${on.samples} clients in each of ${context.rounds} rounds, and their spread. node-rdkafka's consumer reads ` +
                'from `subscribe` on, so its record is there already when the client starts.',
        }],
        marks: [
            ...[FIRST, MIDDLE, LAST].map((name) => judge(`first message, ${name.slice('kasocki, '.length)}`, 'under 5 ms after start',
                medianOf(taken.get(name), 'first'), { atMost: 5, unit: 'ms' })),
            judge('first message, cold hub', 'under 40 ms after start', medianOf(taken.get(COLD), 'first'), { atMost: 40, unit: 'ms' }),
        ],
    };
}

/** The same without sockets. */
async function raw({ brokers, rounds }, topic, samples, somewhere) {
    const results = [];
    for (let round = 0; round < rounds; round++) {
        const taken = [];
        for (let i = 0; i < samples; i++) {
            taken.push((await programs.run('raw', ['read', brokers, topic, somewhere(i), 1])).seconds * 1000);
        }
        results.push({ first: median(taken) });
    }
    return results;
}

module.exports = {
    name: 'first-message',
    question: 'How long does a client wait for its first message?',
    run,
};
runIfMain(module);
