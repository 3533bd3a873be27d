'use strict';

const { randomUUID } = require('node:crypto');

const { drained, load, serveEach } = require('./peer.js');

/**
 * The same with kafkajs, whose batches are what a fetch gave.
 *
 * @param {import('socket.io').Server} io
 * @param {{ brokers: string }} options
 */
function serve(io, { brokers }) {
    const { Kafka, logLevel } = load('kafkajs');
    const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
    serveEach(io, async ({ topic, partition, offset }, socket) => {
        const consumer = kafka.consumer({ groupId: `bench-${randomUUID()}`, maxWaitTimeInMs: 100 });
        await consumer.connect();
        await consumer.subscribe({ topic });
        return {
            async start() {
                await consumer.run({
                    autoCommit: false,
                    eachBatchAutoResolve: false,
                    async eachBatch({ batch, resolveOffset }) {
                        for (const { value } of batch.messages) {
                            socket.emit('message', JSON.parse(value));
                        }
                        resolveOffset(batch.lastOffset());
                        await drained(socket);
                    },
                });
                consumer.seek({ topic, partition, offset: String(offset) });
            },
            close: () => consumer.disconnect(),
        };
    });
}

module.exports = { serve };
