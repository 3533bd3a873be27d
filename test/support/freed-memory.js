'use strict';

// A program that frees memory which the C library keeps, and ends once the system has it back, which a hub that works is to see to: for
// 59_freed-memory.js.
//
//     node --expose-gc freed-memory.js <brokers> <topic>
//
// Prints `kept` when the memory is free and still resident.

const assert = require('node:assert/strict');
const http = require('node:http');

const { Server } = require('socket.io');
const { io: connect } = require('socket.io-client');

const Kasocki = require('../..');

const [brokers, topic] = process.argv.slice(2);
/** Small enough not to be mapped each by itself. */
const BYTES = 1000;
const COUNT = 200000;
/** Every so many stay: glibc gives back what is free at a heap's end, and none of it is. */
const PINS = 100;
/** Of what was freed, that must have gone. */
const MOST = COUNT * BYTES / 2;
/** ms */
const ASK_AGAIN = 100;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @returns {Buffer[]} what stays of many */
function fragmented() {
    return Array.from({ length: COUNT }, () => Buffer.allocUnsafeSlow(BYTES).fill(1)).filter((_, i) => i % PINS === PINS - 1);
}

async function main() {
    const before = process.memoryUsage.rss();
    const pins = fragmented();
    while (process.memoryUsage().arrayBuffers > 2 * pins.length * BYTES) {
        global.gc();
        await pause(ASK_AGAIN);
    }
    assert.ok(process.memoryUsage.rss() - before > MOST, 'the C library keeps nothing');
    console.log('kept');

    const server = http.createServer();
    const io = new Server(server);
    io.on('connection', (socket) => new Kasocki(socket, { kafkaConfig: { 'metadata.broker.list': brokers } }));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = connect(`http://127.0.0.1:${server.address().port}`, { transports: ['websocket'] });
    client.emit('subscribe', topic);
    while (process.memoryUsage.rss() - before > MOST) {
        await pause(ASK_AGAIN);
    }
    assert.equal(pins.length, COUNT / PINS);
    client.disconnect();
    io.close();
}

main();
