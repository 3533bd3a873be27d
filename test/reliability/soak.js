'use strict';

// A soak: faults of a cluster and of the network, sockets that stay and must lose nothing, sockets that come and go, hostile clients, all
// at once, for as long as wanted, with samples of what the server needs.
//
//     npm run soak -- --minutes 60 [--seed 1] [--save]
//
// Ends with tables; with --save the page gets a plot of them. Exit code 1 if anything was lost or repeated, or if memory grew.

const path = require('node:path');
const { Worker } = require('node:worker_threads');

const RawClient = require('../support/raw-client.js');
const faults = require('./faults.js');
const { main, spread } = require('./program.js');

const MB = 1024 * 1024;
/** Between two samples at least, ms; and how many there are at most. */
const SHORTEST = 1000;
const MOST_SAMPLES = 300;
/** In minutes; each third of it has a collection of garbage. */
const SHORTEST_SOAK = 1;
/** Between two batches of records, ms: so few that what was written can be compared in the end. */
const PAUSE = 250;
const HOSTILE = 4;
/** Of sockets that come and go, at a time. */
const GUESTS = 10;
/**
 * What garbage is at the moment says nothing of leaks: V8 lets it grow to twice of what is in use before it collects. So memory is judged
 * by some samples that are taken after a collection.
 */
const SAMPLES_A_COLLECTION = 10;
/** How much more, after a collection, the last third of the time may need than the first one: bytes, or a part if that is more. */
const GROWTH_PART = 0.25;
const JUDGED = {
    memory: { name: 'memory', bytes: 64 * MB },
    heap: { name: 'of it, JavaScript\'s', bytes: 16 * MB },
};

/** One guest after the other: each subscribes at the end of the topic, gets some messages if it can, and goes. */
async function guests(server, topic, isOver) {
    let count = 0;
    while (!isOver()) {
        const client = await RawClient.connect(server.url);
        client.emit('subscribe', topic);
        client.emit('start');
        await Promise.race([client.packets(5).catch(() => {}), new Promise((resolve) => setTimeout(resolve, 2000))]);
        await client[count % 2 === 0 ? 'close' : 'drop']();
        count++;
    }
    return count;
}

/** The median of a third of the samples. */
function third(samples, index, member) {
    const part = samples.length / 3;
    return spread(samples.slice(index * part, (index + 1) * part).map((sample) => sample[member])).median;
}

/**
 * @param {{ minutes: number, seed: number, log?: (line: string) => void }} options
 * @returns {Promise<import('./program.js').Outcome>}
 * @throws {RangeError} too short
 */
async function run({ minutes, seed, log = () => {} }) {
    if (!(minutes >= SHORTEST_SOAK)) {
        throw new RangeError(`minutes must be ${SHORTEST_SOAK} or more, for memory to be compared: ${minutes}`);
    }
    const seconds = minutes * 60;
    const interval = Math.max(SHORTEST, seconds * 1000 / MOST_SAMPLES);
    const samples = [];
    const collections = [];
    const counts = { guests: 0, attacks: 0 };
    const problems = [];

    /** Takes samples, and lets guests and hostile clients come, until it is over. */
    async function beside({ server, topic, readers, isOver }) {
        const workerData = { url: server.url, seed, clients: HOSTILE, topics: [topic] };
        const worker = new Worker(path.join(__dirname, 'hostile-clients.js'), { workerData });
        const report = new Promise((resolve, reject) => {
            worker.once('message', resolve);
            worker.once('error', reject);
        });
        const visits = Promise.all(Array.from({ length: GUESTS }, () => guests(server, topic, isOver)));
        const received = () => readers.reduce((sum, { messages: own }) => sum + own, 0);
        const since = performance.now();
        let [before, messages] = [since, received()];
        await server.ask('loopDelay');
        while (!isOver()) {
            await new Promise((resolve) => setTimeout(resolve, interval));
            if (samples.length % SAMPLES_A_COLLECTION === SAMPLES_A_COLLECTION - 1) {
                const { now: memory, heap } = await server.ask('collected');
                collections.push({ minute: (performance.now() - since) / 60000, memory, heap });
            }
            const now = performance.now();
            const [{ now: memory }, { maxLag, bufferBytes: buffers }, loop] = await Promise.all([server.ask('memory'), server.stats(), server.ask('loopDelay')]);
            const count = received();
            const throughput = (count - messages) / (now - before) * 1000;
            samples.push({
                minute: (now - since) / 60000, memory, buffers, lag: Math.max(0, maxLag), delay: loop.p99, throughput,
            });
            [before, messages] = [now, count];
        }
        counts.guests = (await visits).reduce((sum, visited) => sum + visited, 0);
        worker.postMessage('stop');
        const hostile = await report;
        counts.attacks = hostile.counts.packets;
        problems.push(...hostile.problems);
    }

    const outcome = await faults.run({ seed, seconds, pause: PAUSE, beside, log });
    problems.push(...outcome.problems);
    const growth = Object.entries(JUDGED).map(([member, { name, bytes }]) => {
        const [first, last] = [third(collections, 0, member), third(collections, 2, member)];
        if (!(last - first <= Math.max(bytes, GROWTH_PART * first))) {
            problems.push(`${name}: ${Math.round(first / MB)} MB in the first third, ${Math.round(last / MB)} MB in the last one`);
        }
        return [name, first / MB, last / MB];
    });
    const row = (name, member, unit = 1) => {
        const { median, p99, most } = spread(samples.map((sample) => sample[member] / unit));
        return [name, median, p99, most];
    };
    const line = (name, from, member, unit = 1) => ({ name, points: from.map((sample) => [sample.minute, sample[member] / unit]) });
    const plot = (file, title, y, member) => ({ file: `soak-${file}`, title, x: 'minutes', y, lines: [line(title, samples, member)] });
    return {
        problems,
        tables: [
            ...outcome.tables,
            {
                title: 'Beside them',
                columns: ['what', 'count'],
                rows: [['minutes', minutes], ['sockets that came and went', counts.guests], ['packets of hostile clients', counts.attacks]],
            },
            {
                title: 'The server meanwhile',
                columns: ['of what', 'median', '99 %', 'most'],
                rows: [
                    row('memory, MB', 'memory', MB), row('of it records that are read ahead, MB', 'buffers', MB),
                    row('lag of the slowest, records', 'lag'), row('event-loop delay, 99 % of a sample, ms', 'delay'),
                    row('messages a second', 'throughput'),
                ],
            },
            {
                title: 'Its memory after a collection of garbage, by thirds of the time',
                columns: ['what', 'first, median, MB', 'last, median, MB'],
                rows: growth,
            },
        ],
        plots: [
            {
                file: 'soak-memory', title: 'Memory', x: 'minutes', y: 'MB',
                lines: [line('at any time', samples, 'memory', MB), line('after a collection', collections, 'memory', MB)],
            },
            plot('lag', 'Lag of the slowest socket', 'records', 'lag'),
            plot('delay', 'Event-loop delay, 99 %', 'ms', 'delay'), plot('throughput', 'Messages', 'a second', 'throughput'),
        ],
    };
}

module.exports = { run };

if (require.main === module) {
    main('soak', { minutes: 5 }, run);
}
