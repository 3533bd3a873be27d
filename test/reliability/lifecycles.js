'use strict';

// Sockets that come and go, by the thousand; a thousand that come at once; a Kafka that is not there yet.
//
//     node test/reliability/lifecycles.js [--connections 10000] [--sockets 1000] [--absence 60] [--seed 1] [--save]
//
// `connections` connect and disconnect one after the other, in all ways; what the server holds afterwards must be no more than before, and
// its memory must not grow with their number. `sockets` arrive at once and get a backlog each. For `absence` seconds there is no Kafka
// for clients that come again and again. Exit code 1 if anything is not as it should be.

const { startKafka } = require('../broker');
const { randomSource } = require('../support/json-texts.js');
const kafka = require('../support/kafka.js');
const { numbered, receiveAll } = require('../support/numbered.js');
const RawClient = require('../support/raw-client.js');
const RemoteServer = require('../support/remote-server.js');
const { main } = require('./program.js');

const MB = 1024 * 1024;
/** Of the churn: connections at a time, and records that each may read. */
const AT_A_TIME = 50;
const RECORDS = 300;
/** Samples of the server's memory, over the second half of the churn: the first one fills caches and pools. */
const SAMPLES = 10;
/** How much of JavaScript's heap, and of all memory, may be more for each connection, bytes; and all in all, for chance. */
const HEAP_EACH = 256;
const MEMORY_EACH = 1024;
const CHANCE = 16 * MB;
/** Records for each of those that arrive at once. */
const BACKLOG = 50;
/** Clients that wait for Kafka. */
const WAITING = 50;
/** engine.io notices soon that somebody is gone. */
const SERVER_OPTIONS = { pingInterval: 2000, pingTimeout: 20000 };

/** What a process holds beside memory. */
async function holdings(server) {
    return { threads: await server.ask('threads'), handles: await server.ask('handles'), sockets: await server.ask('sockets') };
}

/** The ways in which a connection's life goes, and ends. */
const LIVES = {
    'closes at once': (client) => client.close(),
    'breaks at once': (client) => client.drop(),
    async 'is closed in mid-stream'(client, start) {
        start();
        await client.packets(1);
        await client.close();
    },
    async 'breaks in mid-stream'(client, start) {
        start();
        await client.packets(1);
        await client.drop();
    },
    async 'breaks while it subscribes'(client, start) {
        start();
        await client.drop();
    },
    async 'breaks while a consume waits'(client, start, topic) {
        await client.ackOf('subscribe', topic);
        client.emit('consume');
        await client.ackOf('filter', { nothing: 'matches' });
        await client.drop();
    },
    async 'leaves with last words'(client, start) {
        start();
        await client.packets(RECORDS);
        client.emit('stop');
        client.emit('filter', { n: '/1/' });
        client.emit('consume');
        await client.close();
    },
};

/** The slope of a line through points, by least squares. */
function slope(points) {
    const mean = (index) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
    const [x, y] = [mean(0), mean(1)];
    const above = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
    return above / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

/**
 * Connections come and go.
 *
 * @param {{ connections: number, seed: number, log: (line: string) => void }} options
 * @returns {Promise<import('./program.js').Outcome>}
 */
async function churn({ connections, seed, log }) {
    const random = randomSource(seed);
    const topic = await kafka.createTopic();
    await kafka.produce(topic, numbered(RECORDS, 200));
    const server = await RemoteServer.start({ hubIdle: 3600000 }, SERVER_OPTIONS);
    const counts = {};
    const life = async ([way, live]) => {
        counts[way] = (counts[way] ?? 0) + 1;
        const client = await RawClient.connect(server.url);
        const start = () => {
            client.emit('subscribe', [{ topic, partition: 0, offset: 0 }]);
            client.emit('start');
        };
        await live(client, start, topic);
    };
    const kinds = Object.entries(LIVES);
    // One life of each kind, so that all is there that stays.
    for (const kind of kinds) {
        await life(kind);
    }
    const idle = ([{ sessions, cursors }]) => sessions === 0 && cursors === 0;
    await server.until('stats', idle);
    await server.until('sockets', (sockets) => sockets === 0);
    const first = await holdings(server);

    const samples = [];
    for (let done = 0; done < connections;) {
        const count = Math.min(AT_A_TIME, connections - done);
        await Promise.all(Array.from({ length: count }, () => life(kinds[random(kinds.length)])));
        done += count;
        if (done >= connections / 2 + samples.length * connections / 2 / SAMPLES) {
            await server.until('stats', idle);
            await server.until('sockets', (sockets) => sockets === 0);
            samples.push([done, await server.ask('collected')]);
            log(`${done} connections; ${Math.round(samples.at(-1)[1].now / MB)} MB`);
        }
    }
    await server.until('stats', idle);
    await server.until('sockets', (sockets) => sockets === 0);
    const last = await holdings(server);
    const logged = await server.ask('logged');
    const problems = Object.keys(logged).map((line) => `churn: logged: ${line}`);
    // A thread may have gone: that of the first connection to a broker ends once the broker is known by its number.
    if (Object.keys(first).some((name) => last[name] > first[name])) {
        problems.push(`churn: ${JSON.stringify(last)} afterwards instead of ${JSON.stringify(first)}`);
    }
    const slopes = Object.fromEntries(['heap', 'now'].map((name) => [name, slope(samples.map(([done, sample]) => [done, sample[name]]))]));
    const measured = connections / 2;
    if (slopes.heap * measured > HEAP_EACH * measured + CHANCE / 4 || slopes.now * measured > MEMORY_EACH * measured + CHANCE) {
        problems.push(`churn: ${Math.round(slopes.heap)} bytes of heap and ${Math.round(slopes.now)} of memory more for each connection`);
    }
    await server.close({ atOnce: true });
    return {
        problems,
        tables: [{
            title: 'Connections that come and go',
            columns: ['what', 'times'],
            rows: [...Object.entries(counts).sort(), ['all', connections + kinds.length]],
        }, {
            title: 'What the server holds after them',
            columns: ['of what', 'before', 'afterwards'],
            rows: Object.keys(first).map((name) => [name, first[name], last[name]]),
        }, {
            title: 'Its memory, collected, by the second half of them',
            columns: ['of what', 'first, MB', 'last, MB', 'bytes a connection'],
            rows: [['JavaScript\'s heap', 'heap'], ['all', 'now']].map(([name, member]) => (
                [name, samples[0][1][member] / MB, samples.at(-1)[1][member] / MB, slopes[member]]
            )),
        }],
    };
}

/**
 * Sockets arrive, all of them at once.
 *
 * @param {{ sockets: number, log: (line: string) => void }} options
 * @returns {Promise<import('./program.js').Outcome>}
 */
async function arrivals({ sockets, log }) {
    const topic = await kafka.createTopic();
    await kafka.produce(topic, numbered(BACKLOG, 200));
    const server = await RemoteServer.start({}, SERVER_OPTIONS);
    await server.ask('loopDelay');
    const first = (await server.ask('collected')).now;
    const since = performance.now();
    const all = await Promise.all(Array.from({ length: sockets }, async () => {
        const client = await RawClient.connect(server.url);
        const connected = performance.now() - since;
        const received = receiveAll(client, BACKLOG);
        client.emit('subscribe', [{ topic, partition: 0, offset: 0 }]);
        client.emit('start');
        await received;
        return { client, connected, served: performance.now() - since };
    }));
    const most = (member) => Math.max(...all.map((one) => one[member]));
    const loopDelay = await server.ask('loopDelay');
    const { now } = await server.ask('collected');
    const { sessions } = await server.stats();
    log(`${sockets} sockets have got all`);
    const problems = sessions === sockets ? [] : [`arrivals: ${sessions} sessions instead of ${sockets}`];
    await Promise.all(all.map(({ client }) => client.close()));
    await server.until('stats', (hubs) => hubs.length === 0);
    problems.push(...Object.keys(await server.ask('logged')).map((line) => `arrivals: logged: ${line}`));
    await server.close({ atOnce: true });
    return {
        problems,
        tables: [{
            title: 'Sockets that arrive at once',
            columns: ['what', 'figure'],
            rows: [
                ['sockets', sockets], ['records that each got, once and in order', BACKLOG],
                ['connected, the last one, ms', most('connected')], ['has all its records, the last one, ms', most('served')],
                ['event-loop delay, longest, ms', loopDelay.most], ['memory for each, kB', (now - first) / sockets / 1000],
            ],
        }],
    };
}

/**
 * Clients come before Kafka does.
 *
 * @param {{ absence: number, connectTimeout?: number, log: (line: string) => void }} options - seconds; ms
 * @returns {Promise<import('./program.js').Outcome>}
 */
async function absence({ absence: seconds, connectTimeout = 2000, log }) {
    const node = await startKafka({});
    const client = await kafka.connect(node.brokers);
    const topic = await client.createTopic();
    await client.produce(topic, Array.from({ length: BACKLOG }, (_, n) => ({ value: { n } })));
    await client.close();
    await node.stop();

    const server = await RemoteServer.start({ kafkaConfig: { 'metadata.broker.list': node.brokers }, connectTimeout }, SERVER_OPTIONS);
    const errors = {};
    let attempts = 0;
    const waiting = Array.from({ length: WAITING }, () => server.connect({ reconnection: true, reconnectionDelay: 200, reconnectionDelayMax: 1000 }));
    const served = Promise.all(waiting.map((socket) => new Promise((resolve, reject) => {
        const numbers = [];
        socket.on('connect', () => attempts++);
        socket.on('err', ({ name }) => {
            errors[name] = (errors[name] ?? 0) + 1;
        });
        socket.once('ready', () => {
            socket.emit('subscribe', [{ topic, partition: 0, offset: 0 }]);
            socket.emit('start');
            // From here on it must stay.
            socket.once('disconnect', reject);
        });
        socket.on('message', ({ n }) => {
            numbers.push(n);
            if (n === BACKLOG - 1) {
                resolve(numbers.every((number, i) => number === i));
            }
        });
    })));
    served.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const meanwhile = { attempts, threads: await server.ask('threads'), hubs: (await server.ask('stats')).length };
    log(`Kafka comes after ${attempts} attempts of ${WAITING} clients`);
    await node.start();
    const since = performance.now();
    const right = (await served).filter((isRight) => isRight).length;
    const took = performance.now() - since;
    const problems = [];
    if (right !== WAITING || Object.keys(errors).some((name) => name !== 'KafkaError')) {
        problems.push(`absence: ${right} of ${WAITING} clients got all; errors: ${JSON.stringify(errors)}`);
    }
    if (meanwhile.hubs > 1) {
        problems.push(`absence: ${meanwhile.hubs} hubs`);
    }
    waiting.forEach((socket) => socket.removeAllListeners('disconnect').disconnect());
    await server.close({ atOnce: true });
    await node.close();
    return {
        problems,
        tables: [{
            title: 'A Kafka that comes later',
            columns: ['what', 'figure'],
            rows: [
                ['seconds without Kafka', seconds], ['clients', WAITING], ['attempts meanwhile', meanwhile.attempts],
                ...Object.entries(errors).map(([name, times]) => [`\`${name}\` meanwhile`, times]),
                ['clients that got all their records, once and in order', right], ['until the last one had them, once Kafka was there, ms', took],
            ],
        }],
    };
}

/** One after the other. @returns {Promise<import('./program.js').Outcome>} */
async function run(options) {
    await kafka.start.call({ timeout() {} });
    const parts = [];
    for (const part of [churn, arrivals, absence]) {
        parts.push(await part(options));
    }
    return { tables: parts.flatMap(({ tables }) => tables), problems: parts.flatMap(({ problems }) => problems) };
}

module.exports = { absence, arrivals, churn, run };

if (require.main === module) {
    main('lifecycles', { connections: 10000, sockets: 1000, absence: 60 }, run);
}
