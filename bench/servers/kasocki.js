'use strict';

const Kasocki = require('../..');
const { hubs } = require('../../lib/hub.js');

/** Of a hub. */
const INSTANCES = 2;

/** What librdkafka's instances tell of themselves, if `statistics.interval.ms` is set. */
class Statistics {
    constructor() {
        this._told = new Map();
        this._waiting = [];
    }

    add({ name, rx_bytes: bytes }) {
        this._told.set(name, { bytes, times: (this._told.get(name)?.times ?? 0) + 1 });
        this._waiting = this._waiting.filter((look) => !look());
    }

    /** @returns {Promise<number>} bytes that all instances have received by now: each has told once more, which needs a socket */
    received() {
        const before = new Map([...this._told].map(([name, { times }]) => [name, times]));
        return new Promise((resolve) => {
            this._waiting.push(() => {
                const fresh = [...this._told].filter(([name, { times }]) => times > (before.get(name) ?? 0));
                if (fresh.length < INSTANCES * hubs.size) {
                    return false;
                }
                resolve(fresh.reduce((sum, [, { bytes }]) => sum + bytes, 0));
                return true;
            });
        });
    }
}

/**
 * Ours, as a user has it.
 *
 * @param {import('socket.io').Server} io
 * @param {{ brokers: string, kafkaConfig?: object, more?: object }} options - `more`: of Kasocki
 * @returns {object} more questions
 */
function serve(io, { brokers, kafkaConfig = {}, more = {} }) {
    const statistics = new Statistics();
    const options = {
        kafkaConfig: { 'metadata.broker.list': brokers, ...kafkaConfig },
        kafkaEventHandlers: { 'event.stats': ({ message }) => statistics.add(JSON.parse(message)) },
        ...more,
    };
    io.on('connection', (socket) => new Kasocki(socket, options));
    return {
        /** The core's counters, summed over hubs; none where there is no hub. */
        stats() {
            const sum = {};
            for (const { native } of hubs.values()) {
                for (const [name, value] of Object.entries(native.stats())) {
                    sum[name] = (sum[name] ?? 0) + value;
                }
            }
            return sum;
        },
        received: () => statistics.received(),
        /** Messages to all sockets. */
        sent: () => Kasocki.stats().messagesSent,
    };
}

module.exports = { serve };
