'use strict';

// Fifty clients that stop reading, and fifty that do not: what do the others notice, and what does the server keep in memory?
//
// The stuck ones start and read nothing. Once the kernel's buffers, some megabytes for each, and their credit are full, the healthy ones
// start. When those have got everything, the stuck ones read again, and must get everything, too. (A broadcast has no way to start
// some earlier: there what the kernel takes for the stuck ones falls into what is measured.)

const { setTimeout } = require('node:timers/promises');

const { judge, runIfMain, takeTurns } = require('./lib/bench.js');
const { push } = require('./lib/push.js');
const { medianOf, ratio, rows } = require('./lib/report.js');
const Server = require('./lib/server.js');
const { connectAll } = require('./lib/sink.js');

/** Enough of them that the kernel's own buffers hold a small part. */
const RECORDS = 12000;
const QUICK_RECORDS = 500;
const BYTES = 1000;
const EACH = 50;
const QUICK_EACH = 3;
const MIB = 2 ** 20;

/** How long a server that sends nothing to stuck clients has to be quiet, ms. */
const QUIET = 300;

/** Waits until all are stuck. */
async function untilStuck(server) {
    for (let sent = -1, before; sent !== before;) {
        before = sent;
        await setTimeout(QUIET);
        sent = await server.ask('sent');
    }
}

/** A way of takeTurns(): healthy sockets beside so many stuck ones. */
function way(name, kind, healthy, stuck, { brokers, topic, count }) {
    const run = async (server) => {
        const sleepers = await connectAll(server.port, stuck);
        await Promise.all(sleepers.map((sink) => sink.ask('subscribe', [{ topic, partition: 0, offset: 0 }])));
        const before = await server.ask('memory');
        await server.ask('forgetPeak');
        const woken = Promise.all(sleepers.map((sink) => sink.expect(count)));
        sleepers.forEach((sink) => {
            sink.emit('start');
            sink.pause();
        });
        if (kind === 'kasocki' && stuck > 0) {
            await untilStuck(server);
        }
        const result = await push(server, {
            topic, sockets: healthy, offset: () => 0, expected: () => count, others: stuck,
        });
        const grown = await server.ask('peak') - before;
        const start = performance.now();
        sleepers.forEach((sink) => sink.resume());
        await woken;
        const waking = (performance.now() - start) / 1000;
        sleepers.forEach((sink) => sink.close());
        await server.empty();
        const deliveries = healthy * count;
        return { rate: deliveries / result.wall, cpu: result.cpu / deliveries * 1e6, grown: grown / MIB, waking };
    };
    return {
        name,
        async start() {
            const server = await Server.start(kind, { brokers, sockets: healthy + stuck });
            await run(server);
            return { measure: () => run(server), close: () => server.close() };
        },
    };
}

async function run(context) {
    const { quick, progress } = context;
    const count = quick ? QUICK_RECORDS : RECORDS;
    const each = quick ? QUICK_EACH : EACH;
    progress(`writing ${count} records`);
    const on = { ...context, count, topic: await context.fill(count, BYTES) };
    const alone = `kasocki, ${each} healthy`;
    const beside = `kasocki, ${each} healthy, ${each} stuck`;
    const taken = await takeTurns(context, [
        way(alone, 'kasocki', each, 0, on),
        way(beside, 'kasocki', each, each, on),
        way(`broadcast to a room, node-rdkafka, ${each} healthy`, 'broadcast', each, 0, on),
        way(`broadcast to a room, node-rdkafka, ${each} healthy, ${each} stuck`, 'broadcast', each, each, on),
    ]);
    const what = `${each} stuck clients beside ${each} healthy ones`;
    return {
        tables: [{
            title: 'Healthy clients beside stuck ones',
            columns: ['way', 'deliveries/s to the healthy', 'server CPU, us a delivery', 'memory grows by at most, MiB', 'stuck ones have all, s after waking'],
            rows: rows(taken, [], ['rate', 'cpu', 'grown', 'waking']),
            note: `Records of ${BYTES} bytes, ${count.toLocaleString('en-US')} of them to each. The memory is the server's peak above what it had before.`,
        }],
        marks: [
            judge(what, 'the healthy ones are nearly as fast as alone: at least 0.8 of the rate',
                ratio(taken.get(beside), taken.get(alone), 'rate'), { atLeast: 0.8, unit: 'times' }),
            judge(what, 'memory grows by at most their credit more: twice 256 KiB each', medianOf(taken.get(beside), 'grown') - medianOf(taken.get(alone), 'grown'),
                { atMost: each * 2 * 0.25, unit: 'MiB' }),
        ],
    };
}

module.exports = {
    name: 'slow-clients',
    question: 'What do clients that read nothing cost, and what do the others notice?',
    run,
};
runIfMain(module);
