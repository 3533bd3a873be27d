'use strict';

/** What sockets ask for, and what they must get of a record { n, kind, word, last }. The last record of a partition passes them all. */
const FILTERS = [
    [null, () => true],
    [{ kind: [0, 3, -1] }, ({ kind }) => [0, 3, -1].includes(kind)],
    [{ word: '/^(a|last)/' }, ({ word }) => /^(a|last)/.test(word)],
    [{ tags: ['x'] }, ({ tags }) => tags.includes('x')],
    [{ last: true }, ({ last }) => last],
];

/** The ways in which sockets get their messages. */
const WAYS = ['start', 'polling', 'consume', 'toggle', 'slow', 'refilter'];

/** Consumes that wait at a time. */
const IN_FLIGHT = 8;
/** At every how many messages some do something else. */
const EVERY = 50;
/** How long a slow one reads nothing, ms. */
const LONGEST_NAP = 1500;
/** How often it is told where it stands, ms. */
const POSITIONS = 1000;
/** What errors a fault may cause: the others are of this program's own making. */
const EXPECTED = 'KafkaError';

/**
 * One socket: it subscribes once, stays connected, and remembers of each partition what came, in its order.
 */
class Reader {
    /**
     * @param {object} server - a RemoteServer
     * @param {number} index - tells its filter and its way
     * @param {{ topic: string, partition?: number, offset: number }[]} assignments - without `partition`: all, from the beginning
     * @param {(below: number) => number} random
     */
    constructor(server, index, assignments, random) {
        [this.filter, this.passes] = FILTERS[index % FILTERS.length];
        this.way = WAYS[index % WAYS.length];
        this._assignments = assignments;
        this._random = random;
        /** By `topic partition`: offsets of messages, and gaps, as they came. */
        this._events = new Map();
        /** The same: where it stands, as told last. */
        this.positions = new Map();
        /** `topic partition` of those that joined. */
        this.joined = new Set();
        this._held = false;
        this._stopping = false;
        this.messages = 0;
        this._ended = 0;
        this._ends = Infinity;
        this.client = server.connect({ transports: [this.way === 'polling' ? 'polling' : 'websocket'] });
        /** @type {Promise<void>} when the last record of each partition came; rejected when something is wrong */
        this.ended = new Promise((resolve, reject) => {
            this._resolve = resolve;
            this._reject = reject;
        });
        this.ended.catch(() => {});
        this.client.on('message', (message) => this._receive(message));
        this.client.on('gap', ({ topic, partition, ...gap }) => {
            this.events(topic, partition).push(gap);
            this.positions.set(`${topic} ${partition}`, gap.to);
        });
        this.client.on('assigned', (assigned) => this._join(assigned));
        this.client.on('position', ({ assignments }) => {
            assignments.forEach(({ topic, partition, offset }) => this.positions.set(`${topic} ${partition}`, offset));
        });
        this.client.on('err', (error) => error.name !== EXPECTED && this._failWith(error));
        this.client.on('disconnect', (reason) => this._fail(`disconnected: ${reason}`));
        this.client.on('connect_error', (error) => this._fail(`not connected: ${error.message}`));
        /** @type {Promise<void>} */
        this.subscribed = new Promise((resolve) => {
            this.client.once('ready', () => this._work(resolve));
        });
    }

    toString() {
        return `a socket with ${JSON.stringify(this.filter)}, by ${this.way}`;
    }

    /** @returns {(number|{ from: number, to: number, reason: string })[]} what came: offsets of messages, and gaps */
    events(topic, partition) {
        const key = `${topic} ${partition}`;
        if (!this._events.has(key)) {
            this._events.set(key, []);
        }
        return this._events.get(key);
    }

    /** @returns {number} of the gaps that were told of, those that lead into another life of the topic */
    lives(topic, partition) {
        return this.events(topic, partition).filter(({ reason }) => reason === 'truncated').length;
    }

    /** @returns {number} the offset at which it began */
    startOf(topic, partition) {
        return this._assignments.find((assignment) => assignment.topic === topic && assignment.partition === partition)?.offset ?? 0;
    }

    /** @param {number} partitions - of which the last record is about to come */
    expectEnd(partitions) {
        this._ends = partitions;
    }

    close() {
        this._resolve();
        this.client.disconnect();
    }

    /** Takes nothing, or hardly anything, until release(). */
    async hold() {
        this._held = true;
        if (this.way === 'slow') {
            this._pause();
        } else if (this.way !== 'consume' && this.way !== 'toggle') {
            await new Promise((resolve) => this.client.emit('stop', null, resolve));
        }
    }

    release() {
        this._held = false;
        if (this.way === 'slow') {
            this._tcp()?.resume();
        } else if (this.way === 'consume') {
            this._consume(IN_FLIGHT - this._waiting);
        } else if (this.way !== 'toggle') {
            this.client.emit('start');
        }
    }

    _fail(text) {
        this._reject(new Error(`${this}: ${text}`));
    }

    _failWith({ name, message }) {
        this._fail(`${name}: ${message}`);
    }

    _work(onSubscribed) {
        const { client } = this;
        const start = this.way !== 'consume';
        client.emit('filter', this.filter);
        client.emit('subscribe', { assignments: this._assignments, positions: POSITIONS, start }, (error) => (
            error ? this._failWith(error) : onSubscribed()
        ));
        if (!start) {
            this._waiting = 0;
            this._consume(IN_FLIGHT);
        }
    }

    _consume(count) {
        for (let i = 0; i < count; i++) {
            this._waiting++;
            this.client.emit('consume', null, (error, message) => {
                this._waiting--;
                if (error) {
                    this._failWith(error);
                    return;
                }
                this._receive(message);
                if (!this._held) {
                    this._consume(1);
                }
            });
        }
    }

    _join(assigned) {
        for (const { topic, partition, offset, exact } of assigned) {
            const key = `${topic} ${partition}`;
            if (offset !== 0 || !exact || this.joined.has(key)) {
                this._fail(`joined: ${JSON.stringify({ topic, partition, offset, exact })}`);
            }
            this.joined.add(key);
        }
    }

    _receive({ last, _kafka: { topic, partition, offset } }) {
        this.events(topic, partition).push(offset);
        this.messages++;
        if (last) {
            this._ended++;
            if (this._ended === this._ends) {
                this._resolve();
            }
        }
        if (this.messages % EVERY === 0) {
            this._act();
        }
    }

    _act() {
        switch (this.way) {
            case 'toggle':
                if (!this._stopping) {
                    this._stopping = true;
                    this.client.emit('stop', null, () => {
                        this._stopping = false;
                        this.client.emit('start');
                    });
                }
                break;
            case 'refilter':
                this.client.emit('filter', this.filter);
                break;
            case 'slow':
                this._pause();
                setTimeout(() => this._held || this._tcp()?.resume(), this._random(LONGEST_NAP));
                break;
            default:
        }
    }

    _tcp() {
        return this.client.io.engine?.transport.ws?._socket;
    }

    _pause() {
        this._tcp()?.pause();
    }
}

module.exports = { Reader };
