'use strict';

const { consume, load, openConsumer } = require('./peer.js');

const BATCH = 1000;
/** At most so many packets are handed to sockets before the event loop gets its turn. */
const TURN = 10000;

/**
 * socket.io's own way to many: one consumer for all, each record parsed and emitted to a room. It begins when so many sockets have
 * started, and waits for nobody.
 *
 * @param {import('socket.io').Server} io
 * @param {{ brokers: string, sockets: number }} options
 */
function serve(io, { brokers, sockets }) {
    const kafka = load('node-rdkafka');
    let consumer;
    let started = 0;

    async function run(assignment) {
        const opened = await openConsumer(kafka, brokers, assignment);
        consumer = opened;
        let turn = 0;
        while (consumer === opened) {
            for (const { value } of await consume(opened, BATCH)) {
                io.to('all').emit('message', JSON.parse(value));
                turn += sockets;
                if (turn >= TURN) {
                    turn = 0;
                    await new Promise((resolve) => setImmediate(resolve));
                }
            }
        }
        opened.disconnect();
    }

    io.on('connection', (socket) => {
        let assignment;
        socket.on('subscribe', ([given], ack) => {
            assignment = given;
            ack(null, []);
        });
        socket.on('start', () => {
            socket.join('all');
            if (++started === sockets) {
                run(assignment);
            }
        });
        socket.on('disconnect', () => {
            started = 0;
            consumer = null;
        });
        socket.emit('ready', []);
    });
}

module.exports = { serve };
