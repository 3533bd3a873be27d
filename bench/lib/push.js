'use strict';

// What most benches do: sockets that get a stretch of a backlog, and how many records make a run as long as wanted.

const { Sink, connectAll } = require('./sink.js');

/** The first run is short: it waits for connections and compilers. */
const FIRST_DELIVERIES = 20000;
const FIRST_RECORDS = 1000;

/**
 * Subscribes sockets, starts them all, and waits until each has got its messages.
 *
 * @param {import('./server.js')} server
 * @param {object} options
 * @param {string} options.topic - partition 0 is read
 * @param {(i: number) => number} options.offset - where each begins
 * @param {(i: number) => number} options.expected - how many messages each gets
 * @param {(i: number) => ?object} [options.filter]
 * @param {number} [options.sockets]
 * @param {(port: number) => Promise<object>} [options.connect] - Sink.connect or Client.connect
 * @param {number} [options.others] - sockets of the server that are not ours, and stay
 * @param {(i: number) => number} [options.pace] - bytes a second that each reads; those that have one are not waited for
 * @returns {Promise<import('./server.js').Usage & { wall: number }>} from the start to the last message, `wall` in seconds
 */
async function push(server, { topic, offset, expected, filter, sockets = 1, connect = Sink.connect, others = 0, pace = () => Infinity }) {
    const clients = await connectAll(server.port, sockets, connect);
    await Promise.all(clients.map(async (client, i) => {
        if (filter) {
            await client.ask('filter', filter(i));
        }
        await client.ask('subscribe', [{ topic, partition: 0, offset: offset(i) }]);
    }));
    const paced = clients.filter((client, i) => pace(i) < Infinity);
    let waiting = sockets - paced.length;
    const received = Promise.all(clients.map(async (client, i) => {
        if (pace(i) < Infinity) {
            client.pace(pace(i));
            return;
        }
        await client.expect(Math.min(1, expected(i)));
        if (--waiting === 0) {
            server.begun();
        }
        await client.expect(expected(i));
    }));
    await server.begin();
    const start = performance.now();
    clients.forEach((client) => client.emit('start'));
    await received;
    const wall = (performance.now() - start) / 1000;
    const usage = await server.end();
    clients.forEach((client) => client.close());
    await server.until('sockets', (sockets) => sockets <= others);
    return { ...usage, wall };
}

/**
 * Finds out how many records make a run of some length, by two short ones, which warm everything up as well.
 *
 * @param {(records: number) => Promise<{ wall: number }>} run
 * @param {object} options
 * @param {number} options.seconds - wanted
 * @param {number} options.most - records
 * @param {number} [options.least] - however slow the first runs were
 * @param {number} [options.sockets] - that get each record
 * @param {number} [options.step] - the answer is a multiple of it
 * @returns {Promise<number>}
 */
async function calibrate(run, { seconds, most, least = 1, sockets = 1, step = 1 }) {
    const whole = (records) => Math.min(most, Math.max(1, Math.round(records / step)) * step);
    let records = whole(Math.min(FIRST_RECORDS, FIRST_DELIVERIES / sockets));
    for (const share of [0.25, 1]) {
        const { wall } = await run(records);
        records = whole(Math.max(least, records / wall * seconds) * share);
    }
    return records;
}

module.exports = { calibrate, push };
