'use strict';

const Kasocki = require('../..');
const { hubs } = require('../../lib/hub.js');

/**
 * Ours, as a user has it.
 *
 * @param {import('socket.io').Server} io
 * @param {{ brokers: string, kafkaConfig?: object, more?: object }} options - `more`: of Kasocki
 * @returns {object} more questions
 */
function serve(io, { brokers, kafkaConfig = {}, more = {} }) {
    let received = {};
    const shared = {
        kafkaConfig: { 'metadata.broker.list': brokers, ...kafkaConfig },
        kafkaEventHandlers: {
            'event.stats': ({ message }) => {
                const { name, rxmsg_bytes: bytes } = JSON.parse(message);
                received = { ...received, [name]: bytes };
            },
        },
        ...more,
    };
    io.on('connection', (socket) => new Kasocki(socket, shared));
    return {
        /** The core's counters, summed over hubs. */
        stats() {
            const sum = {};
            for (const { native } of hubs.values()) {
                for (const [name, value] of Object.entries(native.stats())) {
                    sum[name] = (sum[name] ?? 0) + value;
                }
            }
            return sum;
        },
        /** Bytes of messages from Kafka as librdkafka last told, if `statistics.interval.ms` is set. */
        received: () => Object.values(received).reduce((sum, bytes) => sum + bytes, 0),
    };
}

module.exports = { serve };
