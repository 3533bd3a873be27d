'use strict';

// A thousand clients that come back at once, each at an offset of its own: how many bytes of Kafka is that, against one client that
// reads all from the first of these offsets on?
//
// Slow clients among them must not spoil it for the others. They are not waited for: where each is, nobody else is, so what they will
// read when their time comes is theirs.

const { judge, runIfMain, takeTurns } = require('./lib/bench.js');
const { push } = require('./lib/push.js');
const { medianOf, rows } = require('./lib/report.js');
const Server = require('./lib/server.js');
const { Sink } = require('./lib/sink.js');

const CLIENTS = 1000;
const QUICK_CLIENTS = 10;
/** How much there is to read: with the filter more, as that delivers less of it. */
const CASES = [
    { title: 'every message', records: 20000, quick: 400, filter: null, one: 1 },
    { title: 'a filter that passes 1 %', records: 400000, quick: 2000, filter: { hundredth: 99 }, one: 100 },
    { title: 'every message; a tenth are slow, a fiftieth trickling', records: 20000, quick: 400, filter: null, one: 1, pace },
];
/** Bytes a second that clients read, if they are no healthy ones. */
const SLOW = 500000;
const TRICKLING = 10000;
const MIB = 2 ** 20;

function pace(i) {
    return i % 10 === 5 ? SLOW : i % 50 === 7 ? TRICKLING : Infinity;
}

/** So many clients, the first at the first record, as a way of takeTurns(). */
function way(name, clients, { filter, one, pace }, { brokers, topic, count }) {
    // Multiples of `one`, so that each knows how many messages it gets.
    const offset = (i) => Math.floor(i * count / clients / one) * one;
    return {
        name,
        async start() {
            const server = await Server.start('kasocki', { brokers, kafkaConfig: { 'statistics.interval.ms': 200 } });
            // Statistics are told while there are sockets.
            await Sink.connect(server.port);
            return {
                close: () => server.close(),
                async measure() {
                    const before = await server.ask('received');
                    const { wall, cpu } = await push(server, {
                        topic, sockets: clients, offset, filter: () => filter, expected: (i) => (count - offset(i)) / one, others: 1, pace,
                    });
                    return { bytes: (await server.ask('received') - before) / MIB, wall, cpu };
                },
            };
        },
    };
}

async function run(context) {
    const { quick, progress, fill } = context;
    const clients = quick ? QUICK_CLIENTS : CLIENTS;
    const table = {
        title: 'Clients that begin at offsets of their own', rows: [],
        columns: ['messages', 'clients', 'MiB from Kafka', 'seconds until all have all, but for the slow', 'server CPU, s'],
    };
    const marks = [];
    for (const { title, records, quick: quickRecords, ...options } of CASES) {
        const count = quick ? quickRecords : records;
        progress(`${title}: writing ${count} records`);
        const on = { ...context, count, topic: await fill(count) };
        const one = 'one, from the first record';
        const many = `${clients.toLocaleString('en-US')}, evenly from all over the log`;
        const taken = await takeTurns(context, [way(one, 1, { ...options, pace: undefined }, on), way(many, clients, options, on)]);
        table.rows.push(...rows(taken, [title], ['bytes', 'wall', 'cpu']));
        marks.push(judge(`${clients.toLocaleString('en-US')} clients resuming from as many offsets, ${title}`,
            'at most 1.2 times the Kafka bytes of one read', medianOf(taken.get(many), 'bytes') / medianOf(taken.get(one), 'bytes'),
            { atMost: 1.2, unit: 'times' }));
    }
    table.note = 'Bytes as librdkafka counts what it received from brokers, everything included. With slow clients among them it holds what ' +
        'those read meanwhile, each at a place where nobody else is.';
    return { tables: [table], marks };
}

module.exports = {
    name: 'resume',
    question: 'How often is the log read when a thousand clients resume from a thousand offsets?',
    run,
};
runIfMain(module);
