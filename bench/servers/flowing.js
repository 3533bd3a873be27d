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
            // node-rdkafka 3.6 may crash when it is disconnected while records flow. The server ends with the bench.
            close() {},
        };
    });
}

module.exports = { serve };
