'use strict';

const { Kafka, logLevel, CompressionTypes } = require('kafkajs');

/** Of large records: below what a broker takes at once. */
const BATCH_BYTES = 512 * 1024;
/** Before what was not acknowledged is written again, ms. */
const RETRY = 25;

const WORDS = ['apple', 'bread', 'avocado', 'cheese', 'last but one'];

/** Record n of a partition. */
function recordOf(n) {
    return { n, kind: n % 5, word: WORDS[n % WORDS.length], tags: n % 3 ? ['y'] : ['x', 'y'], text: 'x'.repeat(n % 300) };
}
/** A large one, which one filter in five passes. */
const LARGE = { n: -2, kind: 1, word: 'bread', tags: ['y'], text: 'x'.repeat(2000) };
const LAST = { n: -1, kind: -1, word: 'last', tags: ['x'], last: true };

/** Writes numbered records to all partitions of a topic until it is told to stop. */
class Flow {
    /**
     * @param {object} options
     * @param {string} options.brokers - host:port, comma-separated
     * @param {import('./topic-log.js').TopicLog} options.log
     * @param {number} options.partitions
     * @param {number} options.batch - records that are written at a time
     * @param {number} options.pause - between two batches, ms
     */
    constructor({ brokers, log, partitions, batch, pause }) {
        this.log = log;
        this.topic = log.topic;
        this.batch = batch;
        this._brokers = brokers.split(',');
        this._pause = pause;
        this._next = Array(partitions).fill(0);
        this._running = null;
        this.records = 0;
    }

    /** @type {number} */
    get partitions() {
        return this._next.length;
    }

    /** @param {number} backlog - records that are there before the stream begins */
    async start(backlog) {
        await this._connect();
        await this.write(backlog);
        this.resume();
    }

    /** A new producer: kafkajs learns of new partitions only now and then. */
    async _connect() {
        await this._producer?.disconnect();
        const retry = { initialRetryTime: 50, maxRetryTime: 500, retries: 1e6 };
        this._producer = new Kafka({ brokers: this._brokers, logLevel: logLevel.NOTHING, retry }).producer({ allowAutoTopicCreation: false });
        await this._producer.connect();
    }

    /** The stream goes on. */
    resume() {
        this._stopped = false;
        this._running = this._run();
        this._running.catch(() => {});
    }

    async _run() {
        while (!this._stopped) {
            await this.write(this.batch);
            await new Promise((resolve) => setTimeout(resolve, this._pause));
        }
    }

    /** Nothing is under way any more when this resolves. */
    async stop() {
        this._stopped = true;
        await this._running;
    }

    /** Writes so many records, spread over the partitions. */
    async write(count) {
        const messages = [];
        for (let i = 0; i < count; i++) {
            const partition = i % this.partitions;
            messages.push({ partition, value: JSON.stringify(recordOf(this._next[partition]++)) });
        }
        await this._send(messages);
        this.records += count;
    }

    /** Writes large ones: so many bytes to each partition. */
    async writeLarge(bytes) {
        const value = JSON.stringify(LARGE);
        for (let partition = 0; partition < this.partitions; partition++) {
            for (let left = bytes; left > 0; left -= BATCH_BYTES) {
                const count = Math.ceil(Math.min(left, BATCH_BYTES) / value.length);
                await this._send(Array(count).fill({ partition, value }));
                this.records += count;
            }
        }
    }

    /** What Kafka did not acknowledge is written again, until it did: a record may then be there twice, as two records. */
    async _send(messages) {
        while (messages.length > 0) {
            try {
                await this._producer.send({ topic: this.topic, acks: -1, compression: CompressionTypes.None, messages });
                return;
            } catch {
                await new Promise((resolve) => setTimeout(resolve, RETRY));
            }
        }
    }

    /** There is one partition more, and it is written to. */
    async grow() {
        await this.stop();
        this._next.push(0);
        await this._connect();
        this.resume();
    }

    /** Ends the stream: the last record of each partition. The log then has all. */
    async finish() {
        await this.stop();
        await this._send(Array.from({ length: this.partitions }, (_, partition) => ({ partition, value: JSON.stringify(LAST) })));
        await this._producer.disconnect();
    }

    /** Resolves when something that was written from now on was acknowledged. */
    async flowed() {
        const before = this.records;
        while (this.records < before + 2 * this.batch) {
            await new Promise((resolve) => setTimeout(resolve, RETRY));
        }
    }
}

module.exports = { Flow };
