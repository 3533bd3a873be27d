'use strict';

const { consume, drained, load, openConsumer, serveEach } = require('./peer.js');

const BATCH = 1000;

/**
 * What one writes by hand for speed: a consumer for each socket, a thousand records at a time, each parsed and emitted.
 *
 * @param {import('socket.io').Server} io
 * @param {{ brokers: string, library: 'node-rdkafka'|'@confluentinc/kafka-javascript', hundredth?: number }} options - `hundredth`:
 *     emit only messages that have this one
 */
function serve(io, { brokers, library, hundredth }) {
    const kafka = load(library);
    serveEach(io, async (assignment, socket) => {
        const consumer = await openConsumer(kafka, brokers, assignment);
        return {
            async start() {
                while (socket.connected) {
                    for (const { value } of await consume(consumer, BATCH)) {
                        const message = JSON.parse(value);
                        if (hundredth === undefined || message.hundredth === hundredth) {
                            socket.emit('message', message);
                        }
                    }
                    await drained(socket);
                }
            },
            close: () => consumer.disconnect(),
        };
    });
}

module.exports = { serve };
