'use strict';

// A thousand sockets with so many distinct filters among them: how does the server's work grow with the number of filters?
//
// Sockets and deliveries are the same whatever the number of filters: each socket gets one message, near the end of the log. (If each
// filter passed the same part of the records, more filters would mean more messages, each for another socket, and their delivery would
// cost many times the judging.) What one filter more costs a record is the slope between few filters and many.

const { judge, runIfMain, takeTurns } = require('./lib/bench.js');
const { calibrate, push } = require('./lib/push.js');
const { medianOf } = require('./lib/report.js');
const Server = require('./lib/server.js');
const { spread, spreadOf } = require('./lib/stats.js');

const RECORDS = 600000;
const QUICK_RECORDS = 2000;
const SOCKETS = 1000;
const QUICK_SOCKETS = 20;
const COUNTS = [1, 10, 100, 1000];
const QUICK_COUNTS = [1, 10];

/** Filters that pass the record of that number and no other, by kind. */
const KINDS = {
    'equality on one path': (n) => ({ n }),
    'mixed': (n) => [
        { n },
        { 'page.key': `page-${n}` },
        { 'page.key': `/^page-${n}$/` },
        { n: [n, -1], tags: ['mobile'] },
        { type: '/edit|new/', n },
    ][n % 5],
};

/** So many filters of a kind, as a way of takeTurns(): the i-th wants the i-th last record. */
function way(kind, filters, { brokers, topic, count, sockets, seconds, progress }) {
    const filter = (i) => KINDS[kind](count - 1 - i % filters);
    const run = (server, records) => push(server, { topic, filter, sockets, offset: () => count - records, expected: () => 1 });
    return {
        name: `${kind}, ${filters}`,
        async start() {
            const server = await Server.start('kasocki', { brokers });
            const records = await calibrate((n) => run(server, n), { seconds, most: count, step: filters });
            progress(`${kind}, ${filters} filters: ${records} records a run`);
            return {
                close: () => server.close(),
                async measure() {
                    const { cpu, wall } = await run(server, records);
                    return { rate: records / wall, cpu: cpu / records * 1e9 };
                },
            };
        },
    };
}

async function run(context) {
    const { quick, progress } = context;
    const count = quick ? QUICK_RECORDS : RECORDS;
    const counts = quick ? QUICK_COUNTS : COUNTS;
    progress(`writing ${count} records`);
    const topic = await context.fill(count, 300, (n) => `"page":{"key":"page-${n}"},`);
    const on = { ...context, count, sockets: quick ? QUICK_SOCKETS : SOCKETS, topic };
    const outcome = { tables: [], marks: [], plots: [] };
    const table = { title: 'Filters among sockets', columns: ['filters', 'kind', 'records/s', 'server CPU, ns a record', 'ns a filter more'], rows: [] };
    const lines = [];
    for (const kind of Object.keys(KINDS)) {
        const taken = await takeTurns(context, counts.map((filters) => way(kind, filters, on)));
        const [first, ...others] = [...taken.values()];
        const slope = (results, filters) => spread(results.map(({ cpu }, i) => (cpu - first[i].cpu) / (filters - 1)));
        [first, ...others].forEach((results, i) => {
            const more = i === 0 ? null : slope(results, counts[i]);
            table.rows.push([counts[i].toLocaleString('en-US'), kind, spreadOf(results, 'rate'), spreadOf(results, 'cpu'), more]);
        });
        lines.push({ name: kind, points: [first, ...others].map((results, i) => [counts[i], medianOf(results, 'cpu')]) });
        const most = counts.at(-1);
        const what = `${most.toLocaleString('en-US')} sockets, as many distinct filters`;
        const last = others.at(-1);
        outcome.marks.push(kind === 'mixed'
            ? judge(what, 'at most 50 ns a mixed filter a record', slope(last, most).median, { atMost: 50, unit: 'ns' })
            : judge(what, 'nearly flat for equality on one path: at most twice the CPU of one filter',
                medianOf(last, 'cpu') / medianOf(first, 'cpu'), { atMost: 2, unit: 'times' }));
    }
    outcome.tables.push({
        ...table,
        note: `${on.sockets.toLocaleString('en-US')} sockets share the filters, and each gets one message. Mixed: equality on two paths, anchored and free ` +
            'regular expressions, arrays, two conditions.',
    });
    outcome.plots.push({ file: 'benchmarks-filters', title: 'Server CPU a record', x: 'distinct filters', y: 'ns', logX: true, logY: true, lines });
    return outcome;
}

module.exports = {
    name: 'many-filters',
    question: 'How does the cost of a record grow with the number of distinct filters?',
    run,
};
runIfMain(module);
