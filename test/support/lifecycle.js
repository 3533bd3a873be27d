'use strict';

// A program that ends in one of many ways while Kasocki is at work in it: for 57_lifecycle.js.
//
//     node lifecycle.js <way> <brokers> <topic>
//
// The topic holds so much that the stream is not over when the end comes.

const http = require('node:http');
const { Worker, parentPort } = require('node:worker_threads');
const { Server } = require('socket.io');
const { io: connect } = require('socket.io-client');

const Kasocki = require('../..');
const { NativeHub } = require('../../lib/native.js');

const [way, brokers, topic] = process.argv.slice(2);
/** How many messages make a stream. */
const ENOUGH = 2000;
const DAY = 86400000;

/**
 * Starts a server with a client.
 *
 * @param {object} [options] - of Kasocki
 * @returns {Promise<{ server: http.Server, io: Server, client: object, kasocki: Kasocki }>}
 */
async function open(options = {}) {
    const server = http.createServer();
    const io = new Server(server);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const attached = new Promise((resolve) => {
        io.on('connection', (socket) => resolve(new Kasocki(socket, { kafkaConfig: { 'metadata.broker.list': brokers }, ...options })));
    });
    const client = connect(`http://127.0.0.1:${server.address().port}`, { transports: ['websocket'], reconnection: false, forceNew: true });
    return { server, io, client, kasocki: await attached };
}

/** Starts a server with a client whose messages flow. */
async function stream(options) {
    const opened = await open(options);
    const { client } = opened;
    client.emit('subscribe', [{ topic, partition: 0, offset: 0 }]);
    client.emit('start');
    await new Promise((resolve, reject) => {
        let count = 0;
        client.on('message', () => {
            count++;
            if (count === ENOUGH) {
                resolve();
            }
        });
        client.on('err', ({ message }) => reject(new Error(message)));
    });
    return opened;
}

/** Options whose hub is not that of any other i. */
function configuration(i) {
    return { kafkaConfig: { 'metadata.broker.list': brokers, 'metadata.max.age.ms': 900000 + i } };
}

function close({ client, io }) {
    client.disconnect();
    return new Promise((resolve) => {
        io.close(resolve);
    });
}

const ways = {
    /** The hub stays for a day, and keeps nobody. */
    async idle() {
        await close(await stream({ hubIdle: DAY }));
    },
    async noHubIdle() {
        await close(await stream({ hubIdle: 0 }));
    },
    async serverCloses() {
        const { io } = await stream();
        io.close();
    },
    async serverDisconnects() {
        const { io, server } = await stream();
        io.disconnectSockets(true);
        server.close();
    },
    async connectionBreaks() {
        const { io, client } = await stream();
        client.io.engine.transport.ws.terminate();
        io.close();
    },
    async exit() {
        await stream();
        process.exit(7);
    },
    async exitAtOnce() {
        await open();
        process.exit(7);
    },
    async exitWhileMany() {
        await Promise.all(Array.from({ length: 5 }, (_, i) => stream(configuration(i))));
        process.exit(7);
    },
    async exception() {
        await stream();
        setImmediate(() => {
            throw new Error('expected');
        });
    },
    async rejection() {
        await stream();
        Promise.reject(new Error('expected'));
    },
    async exceptionInDeserializer() {
        // One of ours is caught: it is the user's own that ends the process.
        let count = 0;
        const deserializer = ({ value }) => {
            count++;
            if (count === 3000) {
                process.exit(7);
            }
            return JSON.parse(value);
        };
        await stream({ deserializer });
    },
    async signal() {
        await stream();
        process.kill(process.pid, 'SIGTERM');
    },
    /** Kafka is not there: neither does the natural end wait for it, */
    async withoutKafka() {
        await close(await open({ kafkaConfig: { 'metadata.broker.list': '127.0.0.1:1' }, hubIdle: 0 }));
    },
    /** nor does an exit. */
    async exitWithoutKafka() {
        const { kasocki } = await open({ kafkaConfig: { 'metadata.broker.list': '127.0.0.1:1' }, connectTimeout: DAY });
        kasocki.connect();
        setImmediate(() => process.exit(7));
    },
    /** Hubs come, go, and are collected. */
    async manyHubs() {
        for (let i = 0; i < 10; i++) {
            await close(await stream({ hubIdle: 0, ...configuration(i) }));
            global.gc();
        }
    },
    /** The core's hubs that nobody has closed, or holds any more: collected, each ends with its last ring not heard yet. */
    async forgottenHubs() {
        for (let i = 0; i < 10; i++) {
            new NativeHub({ global: [['metadata.broker.list', brokers]], topic: [], autoOffsetReset: '' }, () => {});
        }
        global.gc();
        await new Promise((resolve) => {
            setImmediate(resolve);
        });
    },
    /** For workers: */
    async flow() {
        await stream();
        parentPort.postMessage('flows');
    },
    async connects() {
        parentPort.postMessage('begins');
        await open();
        parentPort.postMessage('connects');
    },
    /** Threads are ended by their parent at many moments; this one has a hub too, which is not harmed. */
    async workers() {
        const own = await stream();
        for (let round = 0; round < 3; round++) {
            const moments = [['flow', 'flows'], ['connects', 'begins'], ['connects', 'connects'], ['flow', 'flows']];
            await Promise.all(moments.map(async ([wayOfWorker, moment]) => {
                const worker = new Worker(__filename, { argv: [wayOfWorker, brokers, topic] });
                await new Promise((resolve, reject) => {
                    worker.on('message', (message) => message === moment && resolve());
                    worker.on('error', reject);
                });
                await worker.terminate();
            }));
        }
        await stream({ hubIdle: 0 }).then(close);
        await close(own);
    },
    /** Threads that end in their own ways. */
    async workersEnd() {
        const codes = { idle: 0, serverCloses: 0, exit: 7, exitAtOnce: 7 };
        await Promise.all(Object.entries(codes).map(async ([wayOfWorker, expected]) => {
            const worker = new Worker(__filename, { argv: [wayOfWorker, brokers, topic] });
            const code = await new Promise((resolve, reject) => {
                worker.on('exit', resolve);
                worker.on('error', reject);
            });
            if (code !== expected) {
                throw new Error(`${wayOfWorker} ended with ${code}`);
            }
        }));
    },
    async exitWithWorkers() {
        await Promise.all(Array.from({ length: 3 }, async () => {
            const worker = new Worker(__filename, { argv: ['flow', brokers, topic] });
            await new Promise((resolve, reject) => {
                worker.on('message', resolve);
                worker.on('error', reject);
            });
        }));
        await stream();
        process.exit(7);
    },
};

ways[way]();
