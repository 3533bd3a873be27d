'use strict';

const { NativeHub } = require('../../lib/native.js');
const { readKafkaConfig } = require('../../lib/kafka-config.js');
const { LIMITS } = require('../../lib/validation.js');

/** As lib/sender.js takes batches. */
const BATCH_BYTES = 64 * 1024;
const BATCH_COUNT = 128;

/**
 * The core from JavaScript, without sockets: batches are taken, and that is all.
 *
 * @param {import('socket.io').Server} io
 * @param {{ brokers: string }} options
 * @returns {object} the question `take`
 */
function serve(io, { brokers }) {
    let onReady;
    let onSubscribed;
    const hub = new NativeHub(readKafkaConfig({ 'metadata.broker.list': brokers }).native, ({ type }) => {
        if (type === 'ready') {
            onReady();
        } else if (type === 'subscribed') {
            onSubscribed();
        }
    });
    return {
        /** Takes so many messages. */
        async take({ topic, offset, filter, messages }) {
            const session = hub.openSession({
                namespace: '/', metadataField: '_kafka', metadataJoin: false, decoder: 0, maxDepth: LIMITS.depth,
                maxPreparedBytes: LIMITS.bytesInFlight,
            });
            session.setFilter(filter === undefined ? null : JSON.stringify(filter));
            await new Promise((resolve) => {
                onSubscribed = resolve;
                session.subscribe(1, [{ topic, partition: 0, start: 'offset', value: offset }], { maxPartitions: 1, names: false, bounded: false });
            });
            let taken = 0;
            await new Promise((resolve) => {
                onReady = () => {
                    for (let batch; (batch = session.take('frames', BATCH_BYTES, BATCH_COUNT)) !== null;) {
                        taken += batch.count;
                    }
                    if (taken >= messages) {
                        resolve();
                    }
                };
                session.setWanting(true);
            });
            session.close();
        },
    };
}

module.exports = { serve };
