'use strict';

const { load, openConsumer, serveEach } = require('./peer.js');

/**
 * node-rdkafka's flowing mode: a consumer for each socket, each record parsed and emitted as it comes. It waits for nobody.
 *
 * @param {import('socket.io').Server} io
 * @param {{ brokers: string }} options
 */
function serve(io, { brokers }) {
    const kafka = load('node-rdkafka');
    serveEach(io, async (assignment, socket) => {
        const consumer = await openConsumer(kafka, brokers, assignment);
        consumer.on('data', ({ value }) => socket.emit('message', JSON.parse(value)));
        return {
            start: async () => consumer.consume(),
            close: () => consumer.disconnect(),
        };
    });
}

module.exports = { serve };
