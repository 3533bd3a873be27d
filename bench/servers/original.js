'use strict';

const { augmented } = require('../lib/records.js');
const { consume, load, openConsumer, serveEach } = require('./peer.js');

/**
 * The way of the first Kasocki on current libraries: a consumer for each socket, and one record at a time: asked for, parsed, given its
 * metadata, emitted.
 *
 * @param {import('socket.io').Server} io
 * @param {{ brokers: string }} options
 */
function serve(io, { brokers }) {
    const kafka = load('node-rdkafka');
    serveEach(io, async (assignment, socket) => {
        const consumer = await openConsumer(kafka, brokers, assignment);
        const next = async () => {
            for (;;) {
                const [record] = await consume(consumer, 1);
                if (record !== undefined) {
                    return augmented(record);
                }
            }
        };
        return {
            async start() {
                while (socket.connected) {
                    socket.emit('message', await next());
                }
            },
            consume: next,
            close: () => consumer.disconnect(),
        };
    });
}

module.exports = { serve };
