'use strict';

// From produce to the client: how old is a message when it is there? Each record carries the time at which it was written; both ends are
// on this machine and have one clock. A producer in C writes at a steady rate, to a topic that all ways follow at its end, one way at a
// time.

const { judge, runIfMain, takeTurns } = require('./lib/bench.js');
const Client = require('./lib/client.js');
const programs = require('./lib/programs.js');
const { medianOf, rows } = require('./lib/report.js');
const Server = require('./lib/server.js');
const { Sink, connectAll } = require('./lib/sink.js');
const { percentile } = require('./lib/stats.js');

const BYTES = 300;
const RATES = [100, 1000, 10000];
const QUICK_RATES = [100];
/** How long records are written in one measurement, s. */
const SECONDS = 3;
const QUICK_SECONDS = 0.2;
/** Written before, to warm everything up. */
const WARM_UP = 200;

/** Where the time stands in a sink's message: `42["message",{"t":` is before it. */
const TIME_AT = '42["message",{"t":'.length;
const CODE_0 = 0x30;

/** What one process of sinks takes in with ease, a second. */
const MOST_DELIVERIES = 200000;
/** The rate that the mark speaks of. */
const MARK_RATE = 1000;

const RAW = 'raw librdkafka, no socket';
const ONE = 'kasocki, 1 socket.io-client';
const MANY = (sockets) => `kasocki, ${sockets} sinks`;
const PEER = 'flowing mode, node-rdkafka, 1 socket.io-client';

/** us, on the clock that the producer has */
const now = () => Number(process.hrtime.bigint() / 1000n);

/** The number in a sink's message. */
function timeIn(bytes, begin) {
    let time = 0;
    for (let at = begin + TIME_AT, digit; (digit = bytes[at] - CODE_0) >= 0 && digit <= 9; at++) {
        time = 10 * time + digit;
    }
    return time;
}

function summary(ages) {
    return Object.fromEntries([['p50', 0.5], ['p99', 0.99], ['p999', 0.999]].map(([name, share]) => [name, percentile(ages, share) / 1000]));
}

/** Raw librdkafka as a way of takeTurns(). */
function rawWay(rate, count, { brokers, fill }) {
    return {
        name: RAW,
        async start() {
            const topic = await fill(0);
            return {
                async measure() {
                    const { result } = await programs.start('raw', ['latency', brokers, topic, count]);
                    await programs.run('raw', ['produce', brokers, topic, rate, count, BYTES]);
                    return summary(await result);
                },
            };
        },
    };
}

/** A server with clients that stay, as a way of takeTurns(). */
function serverWay(name, kind, sockets, rate, count, { brokers, fill }) {
    return {
        name,
        async start() {
            const topic = await fill(0);
            const server = await Server.start(kind, { brokers });
            const clients = await connectAll(server.port, sockets, (sockets === 1 ? Client : Sink).connect);
            let ages = [];
            for (const client of clients) {
                client.onMessage = sockets === 1
                    ? ({ t }) => ages.push(now() - t)
                    : (bytes, begin) => ages.push(now() - timeIn(bytes, begin));
                await client.ask('subscribe', [{ topic, partition: 0, offset: 0 }]);
                client.emit('start');
            }
            const measure = async (n) => {
                ages = [];
                const received = Promise.all(clients.map((client) => client.expect(client.messages + n)));
                await programs.run('raw', ['produce', brokers, topic, rate, n, BYTES]);
                await received;
                return summary(ages);
            };
            await measure(Math.min(WARM_UP, count));
            return { measure: () => measure(count), close: () => server.close() };
        },
    };
}

async function run(context) {
    const { quick, progress } = context;
    const table = { title: 'From produce to the client', columns: ['records/s', 'way', 'p50, ms', 'p99, ms', 'p99.9, ms'], rows: [] };
    const marks = [];
    for (const rate of quick ? QUICK_RATES : RATES) {
        progress(`${rate} records a second`);
        const count = Math.round(rate * (quick ? QUICK_SECONDS : SECONDS));
        const many = quick ? 3 : 100;
        const ways = [
            rawWay(rate, count, context),
            serverWay(ONE, 'kasocki', 1, rate, count, context),
            serverWay(PEER, 'flowing', 1, rate, count, context),
        ];
        // A million messages a second would be a test of the client.
        if (rate * many <= MOST_DELIVERIES) {
            ways.splice(2, 0, serverWay(MANY(many), 'kasocki', many, rate, count, context));
        }
        const taken = await takeTurns(context, ways);
        table.rows.push(...rows(taken, [rate.toLocaleString('en-US')], ['p50', 'p99', 'p999']));
        if (rate === MARK_RATE) {
            const more = (name) => medianOf(taken.get(name), 'p99') - medianOf(taken.get(RAW), 'p99');
            marks.push(
                judge('latency at 1,000 records/s, 1 socket', "p99 no more than 2 ms over raw librdkafka's", more(ONE), { atMost: 2, unit: 'ms over' }),
                judge(`latency at 1,000 records/s, ${many} sockets`, "p99 no more than 10 ms over raw librdkafka's", more(MANY(many)),
                    { atMost: 10, unit: 'ms over' }),
            );
        }
    }
    return {
        marks,
        tables: [{
            ...table,
            note: `Records of ${BYTES} bytes, written with linger.ms=0. Ages are measured in the client's handler, for all clients of a way.`,
        }],
    };
}

module.exports = {
    name: 'latency',
    question: 'How old is a message when the client has it?',
    run,
};
runIfMain(module);
