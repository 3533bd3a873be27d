'use strict';

const { NativeProducer } = require('../../lib/native');
const { TOPICS } = require('./events');

/** ms between two looks at how many events are due. */
const TICK = 50;
/** ms between two looks at whether Kafka takes them. */
const CHECK_INTERVAL = 5000;
/** What was missed while the process stood still is not made up for beyond so many ms. */
const MAX_DEBT = 250;
/** ms that a tick may take: the sockets come first. */
const SLICE = 20;

const PRODUCER_CONFIG = [
    ['linger.ms', '5'],
    ['message.timeout.ms', '10000'],
    // A stream that nobody takes is no reason to hold megabytes.
    ['queue.buffering.max.messages', '20000']
];

const NOT_TAKEN = `Kafka does not take the stream into ${TOPICS.map(({ name }) => name).join(', ')}`;

/** The endless stream: made-up events, at a steady rate, the topics by their shares. */
class EventStream {
    /**
     * @param {string} servers host:port, comma-separated
     * @param {number} rate events a second
     * @param {import('./log').Log} log
     */
    constructor(servers, rate, log) {
        this.rate = rate;
        this.log = log;
        this.producer = new NativeProducer([['bootstrap.servers', servers], ...PRODUCER_CONFIG]);
        this.closed = false;
        this.written = 0;
        /** a promise while a flush goes on */
        this.flushing = undefined;
        /** why an event was refused since the last look */
        this.refusal = undefined;
        /** events that should have been written by now, with their fraction */
        this.due = 0;
        this.lastTick = 0;
        this.timers = [];
    }

    /**
     * @param {number} count of events to write at once
     * @return {Promise<void>} when Kafka has them, or is too slow
     */
    begin(count) {
        this.write(count);
        this.check();
        return this.flushing;
    }

    start() {
        this.lastTick = performance.now();
        this.timers = [setInterval(() => this.tick(), TICK), setInterval(() => this.check(), CHECK_INTERVAL)];
    }

    /** What Kafka has not taken by now is dropped. */
    end() {
        this.closed = true;
        this.timers.forEach(clearInterval);
        this.producer.close();
    }

    tick() {
        if (this.flushing !== undefined) {
            return; // a flush ends when nothing is under way any more
        }
        const now = performance.now();
        this.due += this.rate * Math.min(now - this.lastTick, MAX_DEBT) / 1000;
        this.lastTick = now;
        const count = Math.floor(this.due);
        this.due -= count;
        this.write(count, now + SLICE);
    }

    /**
     * @param {number} count of events
     * @param {number} [deadline] what is not written by then is left out
     */
    write(count, deadline = Infinity) {
        for (let i = 0; i < count && performance.now() < deadline; i++) {
            const { name, next } = topicOf(this.written++);
            const { key, value, headers } = next();
            try {
                if (!this.producer.produce(name, -1, key, JSON.stringify(value), Object.entries(headers))) {
                    this.log.warn({}, 'Kafka does not take the stream fast enough: events are left out');
                    return;
                }
            } catch (err) {
                // A topic that Kafka does not know, nor make by itself: somebody may still make it.
                this.refusal = err;
                return;
            }
        }
    }

    /** Only what is flushed tells whether it arrived. */
    check() {
        if (this.refusal !== undefined) {
            this.log.warn({ err: this.refusal }, NOT_TAKEN);
            this.refusal = undefined;
        }
        this.flushing ??= this.producer.flush(CHECK_INTERVAL)
            .catch((err) => this.closed || this.log.warn({ err }, NOT_TAKEN))
            .finally(() => {
                this.flushing = undefined;
            });
    }
}

const SHARES = TOPICS.flatMap((topic) => Array(topic.share).fill(topic));

/** In turns, so that every topic has its share of any few events. */
function topicOf(number) {
    return SHARES[number % SHARES.length];
}

module.exports = { EventStream };
