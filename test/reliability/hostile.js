'use strict';

// Hostile clients beside healthy ones: floods of events with adversarial arguments, of malformed packets and of bytes that are none, over
// WebSockets, long-polling and bare TCP. The healthy clients must get exactly their records meanwhile, and the server's memory, threads
// and event loop must stay within bounds.
//
//     node test/reliability/hostile.js [--seconds 60] [--clients 20] [--seed 1] [--save]
//
// The server is a process of its own, the hostile clients are a thread of this one. Exit code 1 if anything is not as it should be.

const path = require('node:path');
const { Worker } = require('node:worker_threads');

const kafka = require('../support/kafka.js');
const { readyClient, resultOf } = require('../support/kasocki.js');
const { numbered } = require('../support/numbered.js');
const RemoteServer = require('../support/remote-server.js');
const { main, spread } = require('./program.js');

const MB = 1024 * 1024;
/** What a server keeps for one client that does not read its answers, at most: see LIMITS. */
const LIMITS = { backlog: MB, eventBytes: MB };
/** What the server may need more: for itself; for each hostile client, whose life has ended while its memory is still to be collected. */
const BASE = 192 * MB;
const PER_CLIENT = 6 * (LIMITS.backlog + LIMITS.eventBytes);
/** Records that the hostile clients read, beside those of the healthy ones. */
const BULK = 20000;
const BULK_BYTES = 1000;
/** Healthy clients' records: so many every so many ms. */
const BATCH = 20;
const PAUSE = 25;
/** Consumes that wait at a time. */
const IN_FLIGHT = 4;
/** A client that vanished without a word is missed soon. */
const SERVER_OPTIONS = { pingInterval: 5000, pingTimeout: 15000 };
/** The event loop may be busy, on a machine that is; nothing that a client sends may block it, ms. */
const BLOCKED = 5000;
/** Threads that start when they are needed: the one for filters that take long. */
const LATER_THREADS = 1;
/** What may be in the server's log of warnings and errors: that it closed the connection of one who reads no answers. */
const CUT_OFF = 'error LimitExceededError';

/** A client that must get every record that passes, in order, soon. */
class Healthy {
    /** @returns {Promise<Healthy>} started at the end of the topic */
    static async start(server, topic, { way, transport, filter, passes }) {
        const client = await readyClient(server, { transports: [transport] });
        const healthy = new Healthy(client, `by ${way} over ${transport}`, passes);
        await resultOf(client, 'filter', filter);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        if (way === 'start') {
            client.on('message', (message) => healthy._receive(message));
            await resultOf(client, 'start');
        } else {
            for (let i = 0; i < IN_FLIGHT; i++) {
                healthy._consume();
            }
        }
        return healthy;
    }

    /** For start() alone. */
    constructor(client, name, passes) {
        this._client = client;
        this.name = name;
        this._passes = passes;
        this._next = 0;
        this.received = 0;
        /** ms from before a record was written until it came. */
        this.delays = [];
        this.problems = [];
        this.ended = new Promise((resolve) => {
            this._resolve = resolve;
        });
        client.on('err', ({ name: error, message }) => this._fail(`err: ${error}: ${message}`));
        client.on('disconnect', (reason) => this._fail(`disconnected: ${reason}`));
    }

    /** @param {number} records - that were written */
    finish(records) {
        // The last one passes all.
        const wanted = Array.from({ length: records - 1 }, (_, n) => n).filter(this._passes).length + 1;
        if (this.received !== wanted && this.problems.length === 0) {
            this.problems.push(`healthy, ${this.name}: ${this.received} of ${wanted} records`);
        }
        this._client.removeAllListeners();
    }

    /** The first problem ends it: what follows would only repeat it. */
    _fail(text) {
        this.problems.push(`healthy, ${this.name}: ${text}`);
        this._resolve();
    }

    _consume() {
        this._client.emit('consume', null, (error, message) => {
            if (error) {
                this._fail(error.message);
            } else if (this._receive(message)) {
                this._consume();
            }
        });
    }

    /** @returns {boolean} there is more to come */
    _receive({ n, at, last }) {
        while (!this._passes(this._next)) {
            this._next++;
        }
        if (n !== this._next && !last) {
            this._fail(`${n} came instead of ${this._next}`);
            return false;
        }
        this._next = n + 1;
        this.received++;
        this.delays.push(Date.now() - at);
        if (last) {
            this._resolve();
        }
        return !last;
    }
}

const HEALTHY = [
    { way: 'start', transport: 'websocket', filter: null, passes: () => true },
    { way: 'start', transport: 'polling', filter: null, passes: () => true },
    { way: 'start', transport: 'websocket', filter: { third: 0 }, passes: (n) => n % 3 === 0 },
    // So few that it can keep up: each of its turns takes as long as the flood has the event loop wait.
    { way: 'consume', transport: 'websocket', filter: { fiftieth: 0 }, passes: (n) => n % 50 === 0 },
];

/** Writes records until it is told to stop; the last one passes every filter. */
async function flow(topic, isOver) {
    let n = 0;
    const next = (more) => ({ value: { n, third: n % 3, fiftieth: n++ % 50, at: Date.now(), ...more } });
    while (!isOver()) {
        await kafka.produce(topic, Array.from({ length: BATCH }, () => next()));
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    await kafka.produce(topic, [next({ third: 0, fiftieth: 0, last: true })]);
    return n;
}

/** Has hostile clients do what they do in a thread of their own. */
class Flood {
    constructor(workerData) {
        this._worker = new Worker(path.join(__dirname, 'hostile-clients.js'), { workerData });
        /** @type {Promise<{ counts: object, problems: string[] }>} when it was stopped */
        this.report = new Promise((resolve, reject) => {
            this._worker.once('message', resolve);
            this._worker.once('error', reject);
        });
    }

    stop() {
        this._worker.postMessage('stop');
        return this.report;
    }
}

/**
 * @param {{ seed: number, seconds: number, clients: number, log?: (line: string) => void }} options
 * @returns {Promise<import('./program.js').Outcome & { counts: object, loopDelay: object }>}
 */
async function run({ seed, seconds, clients, log = () => {} }) {
    await kafka.start.call({ timeout() {} });
    const [topic, bulk] = await Promise.all([kafka.createTopic(), kafka.createTopic()]);
    await kafka.produce(bulk, numbered(BULK, BULK_BYTES));
    const server = await RemoteServer.start({ limits: LIMITS }, SERVER_OPTIONS);
    const healthy = await Promise.all(HEALTHY.map((kind) => Healthy.start(server, topic, kind)));
    let over = false;
    const flowing = flow(topic, () => over);
    const first = { ...await server.ask('memory'), threads: await server.ask('threads') };
    await server.ask('forgetPeak');
    await server.ask('loopDelay');

    log('the flood begins');
    const flood = new Flood({ url: server.url, seed, clients, topics: [topic, bulk] });
    let mostThreads = first.threads;
    const deadline = Date.now() + seconds * 1000;
    while (Date.now() < deadline) {
        mostThreads = Math.max(mostThreads, await server.ask('threads'));
        await Promise.race([flood.report, new Promise((resolve) => setTimeout(resolve, 250))]);
    }
    const { counts, problems } = await flood.stop();
    log('the flood is over');
    over = true;
    const records = await flowing;
    await Promise.all(healthy.map(({ ended }) => ended));
    const loopDelay = await server.ask('loopDelay');
    // A client whose connection ended without a word goes when engine.io misses its pong.
    await server.until('stats', (hubs) => hubs.every(({ sessions }) => sessions === healthy.length));
    const last = { ...await server.ask('memory'), threads: await server.ask('threads') };
    for (const client of healthy) {
        client.finish(records);
        problems.push(...client.problems);
    }
    if (last.peak > first.now + BASE + clients * PER_CLIENT) {
        problems.push(`memory: ${inMb(first.now)} at first, ${inMb(last.peak)} at most`);
    }
    if (Math.max(mostThreads, last.threads) > first.threads + LATER_THREADS) {
        problems.push(`threads: ${first.threads} at first, ${mostThreads} at most, ${last.threads} at last`);
    }
    if (loopDelay.most > BLOCKED) {
        problems.push(`the event loop stood still for ${Math.round(loopDelay.most)} ms`);
    }
    const logged = await server.ask('logged');
    problems.push(...Object.keys(logged).filter((line) => line !== CUT_OFF).map((line) => `logged: ${line}`));
    if (counts.cutOff > (logged[CUT_OFF] ?? 0)) {
        problems.push(`${counts.cutOff} connections that kept the rules were closed, ${logged[CUT_OFF] ?? 0} for answers not read`);
    }
    await server.close({ atOnce: true }).catch((error) => problems.push(error.message));
    const memory = [first.now, last.peak, last.now];
    const threads = [first.threads, mostThreads, last.threads];
    return { counts, loopDelay, problems, tables: tables({ counts, logged, healthy, loopDelay, memory, threads }) };
}

const inMb = (bytes) => `${Math.round(bytes / MB)} MB`;

/** @returns {import('../../bench/lib/table.js').Table[]} */
function tables({ counts, logged, healthy, loopDelay, memory, threads }) {
    const answers = Object.entries({ 'a result': counts.results, ...counts.errors }).sort(([, one], [, other]) => other - one);
    return [
        {
            title: 'What the hostile clients sent',
            columns: ['what', 'count'],
            rows: [
                ['connections', counts.lives], ['packets', counts.packets], ['of them malformed', counts.malformed], ['megabytes', counts.bytes / MB],
                ...Object.entries(counts.events).sort().map(([event, count]) => [`\`${event}\``, count]),
            ],
        },
        {
            title: 'What they got for it',
            columns: ['answer', 'times'],
            rows: [
                ...answers,
                ['`message`, `err` and other events', counts.messages],
                ['the connection was closed, because answers were not read', logged[CUT_OFF] ?? 0],
            ],
        },
        {
            title: 'Healthy clients beside them',
            columns: ['client', 'records', 'wrong, lost or repeated', 'delay, median, ms', '99 %, ms', 'longest, ms'],
            rows: healthy.map(({ name, received, problems, delays }) => {
                const { median, p99, most } = spread(delays);
                return [name, received, problems.length, median, p99, most];
            }),
        },
        {
            title: 'The server meanwhile',
            columns: ['of what', 'before', 'at most', 'afterwards'],
            rows: [['memory, MB', ...memory.map((bytes) => bytes / MB)], ['threads', ...threads]],
        },
        {
            title: 'Its event loop\'s delay',
            columns: ['median, ms', '99 %, ms', 'longest, ms'],
            rows: [[loopDelay.median, loopDelay.p99, loopDelay.most]],
        },
    ];
}

module.exports = { run };

if (require.main === module) {
    main('hostile', { seconds: 60, clients: 20 }, run);
}
