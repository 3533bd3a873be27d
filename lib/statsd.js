'use strict';

const { callSafely } = require('./safely');

/** One Meter a statsd client, however many sockets gave it. */
const meters = new WeakMap();

/**
 * Counts for one statsd client. What happens in one turn of the event loop goes out as one call a name, so that a flood
 * of messages is no flood of datagrams.
 */
class Meter {
    /**
     * @param {object} client a statsd client: increment(name, by), gauge(name, value)
     */
    constructor(client) {
        this.client = client;
        this.counts = new Map();
        this.gauges = new Map();
        this.sockets = 0;
        this.scheduled = false;
        this.flush = this.flush.bind(this);
    }

    /**
     * @param {object|undefined} client
     * @return {Meter|undefined} undefined without a client
     */
    static of(client) {
        if (client === undefined) {
            return undefined;
        }
        let meter = meters.get(client);
        if (meter === undefined) {
            meter = new Meter(client);
            meters.set(client, meter);
        }
        return meter;
    }

    /**
     * @param {string} name
     * @param {number} [by]
     */
    count(name, by = 1) {
        this.counts.set(name, (this.counts.get(name) || 0) + by);
        this.schedule();
    }

    /**
     * @param {string} name
     * @param {number} value
     */
    gauge(name, value) {
        this.gauges.set(name, value);
        this.schedule();
    }

    /**
     * @param {1|-1} by a socket came or went
     */
    countSocket(by) {
        this.sockets += by;
        this.gauge('sockets', this.sockets);
    }

    schedule() {
        if (!this.scheduled) {
            this.scheduled = true;
            setImmediate(this.flush);
        }
    }

    flush() {
        this.scheduled = false;
        const { counts, gauges } = this;
        this.counts = new Map();
        this.gauges = new Map();
        for (const [name, by] of counts) {
            callSafely(this.client.increment, this.client, by === 1 ? [name] : [name, by]);
        }
        for (const [name, value] of gauges) {
            callSafely(this.client.gauge, this.client, [name, value]);
        }
    }
}

module.exports = { Meter };
