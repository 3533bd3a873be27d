'use strict';

const { augmented } = require('../lib/records.js');

/**
 * The least that a pull can cost: socket.io alone, which answers every `consume` with a message that it has.
 *
 * @param {import('socket.io').Server} io
 * @param {{ topic: string, text: string }} options - the record's text; the message is as long as Kasocki's
 */
function serve(io, { topic, text }) {
    const message = augmented({ value: text, topic, partition: 0, offset: 100000, timestamp: Date.now(), key: null });
    io.on('connection', (socket) => {
        socket.on('subscribe', (_, ack) => ack(null, []));
        socket.on('consume', (_, ack) => ack(null, message));
        socket.emit('ready', []);
    });
}

module.exports = { serve };
