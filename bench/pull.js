'use strict';

// How fast can a client pull messages by `consume`, compared with the best that socket.io itself could do?
//
// The peer is a bare socket.io server that answers the same event by the same ack with the same message, which it has in
// memory already: an echo without Kafka, without filters, without order. Both servers are processes of their own and
// take turns with one real socket.io-client, which is in a third.
//
//     node bench/pull.js [--rounds 7] [--count 20000] [--bytes 300]
//
// It needs a Kafka as the tests do: KASOCKI_TEST_BROKERS, or docker, or Java (see CONTRIBUTING.md).

const { fork } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const { parseArgs } = require('node:util');
const { Server } = require('socket.io');
const { io } = require('socket.io-client');

const WAYS = ['bare', 'ours'];
const IN_FLIGHT = [1, 32, 500];
/** Pulls before the clock starts: connections, compilers and Kafka's first answer are warm then. */
const WARM_UP = 1000;

if (process.argv[2] === 'server') {
    runServer(process.argv[3]);
} else {
    main().then(() => process.exit(), (error) => {
        console.error(error);
        process.exit(1);
    });
}

/** The process of a server: its parent sends what it needs, then asks for its CPU time. */
function runServer(way) {
    const httpServer = http.createServer();
    const server = new Server(httpServer);
    process.on('message', ({ start, cpu }) => {
        if (cpu) {
            const { user, system } = process.cpuUsage();
            process.send(user + system);
            return;
        }
        server.on('connection', way === 'ours' ? attachOurs(start) : attachBare(start));
        httpServer.listen(0, '127.0.0.1', () => process.send(httpServer.address().port));
    });
    process.on('disconnect', () => process.exit());
}

function attachOurs({ brokers }) {
    const Kasocki = require('..');
    return (socket) => {
        new Kasocki(socket, { kafkaConfig: { 'metadata.broker.list': brokers } });
    };
}

function attachBare({ texts }) {
    const messages = texts.map((text) => JSON.parse(text));
    return (socket) => {
        let next = 0;
        socket.on('subscribe', (_, ack) => ack(null, []));
        socket.on('consume', (_, ack) => ack(null, messages[next++ % messages.length]));
        socket.emit('ready', []);
    };
}

/** A server's process. */
class Peer {
    static async start(way, start) {
        const peer = new Peer(way);
        peer.child.send({ start });
        [peer.port] = await once(peer.child, 'message');
        return peer;
    }

    constructor(way) {
        this.child = fork(__filename, ['server', way]);
    }

    /** @return {Promise<number>} us of CPU that the process has had, in all of its threads */
    async cpu() {
        this.child.send({ cpu: true });
        const [cpu] = await once(this.child, 'message');
        return cpu;
    }
}

/**
 * @param {Peer} peer
 * @param {string} topic
 * @param {number} count of pulls that are measured
 * @param {number} inFlight consumes under way at any time
 * @param {function(object): void} [onMessage]
 * @return {Promise<{rate: number, cpu: number}>} messages a second, and us of server CPU a message
 */
async function pull(peer, topic, count, inFlight, onMessage = () => {}) {
    const client = io(`http://127.0.0.1:${peer.port}`, { transports: ['websocket'], forceNew: true, reconnection: false });
    await once(client, 'ready');
    const error = await new Promise((resolve) => client.emit('subscribe', [{ topic, partition: 0, offset: 0 }], resolve));
    if (error) {
        throw new Error(error.message);
    }
    await pullSome(client, WARM_UP, inFlight, onMessage);
    const cpu = await peer.cpu();
    const start = performance.now();
    await pullSome(client, count, inFlight, onMessage);
    const seconds = (performance.now() - start) / 1000;
    const spent = await peer.cpu() - cpu;
    client.disconnect();
    return { rate: count / seconds, cpu: spent / count };
}

function pullSome(client, count, inFlight, onMessage) {
    return new Promise((resolve, reject) => {
        let asked = 0;
        let answered = 0;
        const ask = () => {
            asked++;
            client.emit('consume', null, onAnswer);
        };
        const onAnswer = (error, message) => {
            if (error) {
                reject(new Error(error.message));
                return;
            }
            onMessage(message);
            answered++;
            if (asked < count) {
                ask();
            } else if (answered === count) {
                resolve();
            }
        };
        for (let i = 0; i < inFlight; i++) {
            ask();
        }
    });
}

/** @return {Promise<string>} a new topic with so many records */
async function fill(kafka, count, bytes) {
    const topic = await kafka.createTopic({ topic: kafka.topicName('bench-pull') });
    await kafka.produce(topic, (function* records() {
        for (let n = 0; n < count; n++) {
            const head = `{"n":${n},"type":"edit","user":{"name":"someone","bot":false},"text":"`;
            yield `${head}${'x'.repeat(Math.max(0, bytes - head.length - 2))}"}`;
        }
    })());
    return topic;
}

async function main() {
    const { values } = parseArgs({
        options: {
            rounds: { type: 'string', default: '7' },
            count: { type: 'string', default: '20000' },
            bytes: { type: 'string', default: '300' }
        }
    });
    const [rounds, count, bytes] = [values.rounds, values.count, values.bytes].map(Number);
    const kafka = require('../test/support/kafka.js');
    await kafka.start.call({ timeout() {} });
    const topic = await fill(kafka, WARM_UP + count, bytes);
    try {
        const ours = await Peer.start('ours', { brokers: kafka.brokers });
        // The other one answers with what ours gave: the same bytes.
        const texts = [];
        await pull(ours, topic, count, 100, (message) => texts.push(JSON.stringify(message)));
        const peers = { ours, bare: await Peer.start('bare', { texts }) };
        console.log(`Pulled messages of ${texts[0].length} bytes, medians of ${rounds} (least to most):\n`);
        console.log('| in flight | | messages/s | server CPU, us a message | rate to bare |');
        console.log('| --- | --- | --- | --- | --- |');
        for (const inFlight of IN_FLIGHT) {
            // One at a time takes a round trip each.
            report(inFlight, await measure(peers, topic, inFlight === 1 ? Math.ceil(count / 4) : count, inFlight, rounds));
        }
    } finally {
        await kafka.deleteTopics(topic);
    }
}

async function measure(peers, topic, count, inFlight, rounds) {
    const results = { bare: [], ours: [] };
    for (let round = 0; round < rounds; round++) {
        for (const way of round % 2 === 0 ? WAYS : [...WAYS].reverse()) {
            results[way].push(await pull(peers[way], topic, count, inFlight));
        }
    }
    return results;
}

function report(inFlight, results) {
    const bare = spread(results.bare.map(({ rate }) => rate)).median;
    for (const way of WAYS) {
        const rate = spread(results[way].map((result) => result.rate));
        const cpu = spread(results[way].map((result) => result.cpu));
        const cells = [
            inFlight, way, show(rate, 0), show(cpu, 1), (rate.median / bare).toFixed(2)
        ];
        console.log(`| ${cells.join(' | ')} |`);
    }
}

function spread(values) {
    const sorted = [...values].sort((a, b) => a - b);
    return { median: sorted[sorted.length >> 1], least: sorted[0], most: sorted[sorted.length - 1] };
}

function show({ median, least, most }, digits) {
    return `${median.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}
