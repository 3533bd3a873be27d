'use strict';

// What the peers have in common. They understand the events of a client of Kasocki: `subscribe` with one assignment, `start`, `consume`.

const { createRequire } = require('node:module');
const path = require('node:path');

/** The peers' packages are not the project's own: bench/package.json. */
const fromBench = createRequire(path.join(__dirname, '../package.json'));

/** How long a batch waits to become full, ms; by default a second. */
const CONSUME_TIMEOUT = 10;

/**
 * @param {string} name - of a package
 * @returns {any}
 * @throws {Error} with `missing`: it is not installed, or was not compiled
 */
function load(name) {
    try {
        return fromBench(name);
    } catch (error) {
        const reason = error.code === 'MODULE_NOT_FOUND' ? 'not installed' : 'not compiled';
        throw Object.assign(new Error(reason), { missing: true });
    }
}

/**
 * One consumer of node-rdkafka (or of what has its API) that reads one partition, without a group's coordination.
 *
 * @param {{ KafkaConsumer: Function }} kafka - the module
 * @param {string} brokers
 * @param {{ topic: string, partition: number, offset: number }} assignment
 * @returns {Promise<object>} connected
 */
function openConsumer({ KafkaConsumer }, brokers, assignment) {
    const config = {
        'metadata.broker.list': brokers,
        'group.id': 'bench',
        'enable.auto.commit': false,
    };
    const consumer = new KafkaConsumer(config, { 'auto.offset.reset': 'earliest' });
    return new Promise((resolve, reject) => {
        consumer.once('ready', () => {
            consumer.assign([assignment]);
            resolve(consumer);
        });
        consumer.connect({}, (error) => error && reject(error));
    });
}

/**
 * @param {object} consumer
 * @param {number} count - at most
 * @returns {Promise<object[]>} what has come
 */
function consume(consumer, count) {
    consumer.setDefaultConsumeTimeout(CONSUME_TIMEOUT);
    return new Promise((resolve, reject) => {
        consumer.consume(count, (error, records) => (error ? reject(error) : resolve(records)));
    });
}

/**
 * Gives the event loop back, and waits while a client has not taken what it was sent.
 *
 * @param {import('socket.io').Socket} socket
 */
async function drained({ conn }) {
    do {
        await new Promise((resolve) => setImmediate(resolve));
    } while (conn.writeBuffer.length > 0 && conn.readyState === 'open');
}

/**
 * Answers `subscribe` and `start` for sockets that have a reader each.
 *
 * @param {import('socket.io').Server} io
 * @param {(assignment: object, socket: import('socket.io').Socket) => Promise<{
 *     start(): Promise<void>, consume?(): Promise<object>, close(): void }>} open
 */
function serveEach(io, open) {
    io.on('connection', (socket) => {
        let reader;
        socket.on('subscribe', async ([assignment], ack) => {
            try {
                reader = await open(assignment, socket);
                ack(null, []);
            } catch (error) {
                ack({ message: error.message });
            }
        });
        socket.on('start', () => reader.start().catch((error) => socket.connected && socket.emit('err', { message: error.message })));
        socket.on('consume', async (_, ack) => ack(null, await reader.consume()));
        socket.on('disconnect', () => reader?.close());
        socket.emit('ready', []);
    });
}

module.exports = { consume, drained, load, openConsumer, serveEach };
