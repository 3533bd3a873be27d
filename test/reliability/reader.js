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

/**
 * One socket: it subscribes once, stays connected, and remembers of each partition which offsets came, in their order.
 */
class Reader {
    /**
     * @param {object} server - a RemoteServer
     * @param {number} index - tells its filter and its way
     * @param {{ topic: string, partition: number, offset: number }[]} assignments
     * @param {(below: number) => number} random
     */
    constructor(server, index, assignments, random) {
        [this.filter, this.passes] = FILTERS[index % FILTERS.length];
        this.way = WAYS[index % WAYS.length];
        this.assignments = assignments;
        this._random = random;
        /** Offsets by partition, as they came. */
        this.offsets = assignments.map(() => []);
        this._count = 0;
        this._open = assignments.length;
        this.client = server.connect({ transports: [this.way === 'polling' ? 'polling' : 'websocket'] });
        /** @type {Promise<void>} when the last record of each partition came; rejected when something is wrong */
        this.ended = new Promise((resolve, reject) => {
            this._resolve = resolve;
            this._reject = reject;
        });
        this.ended.catch(() => {});
        this.client.on('message', (message) => this._receive(message));
        this.client.on('disconnect', (reason) => this._fail(`disconnected: ${reason}`));
        this.client.on('connect_error', (error) => this._fail(`not connected: ${error.message}`));
        this.client.once('ready', () => this._work());
    }

    toString() {
        return `a socket with ${JSON.stringify(this.filter)}, by ${this.way}`;
    }

    close() {
        this._resolve();
        this.client.disconnect();
    }

    _fail(text) {
        this._reject(new Error(`${this}: ${text}`));
    }

    _work() {
        const { client } = this;
        client.emit('filter', this.filter);
        client.emit('subscribe', this.assignments, (error) => error && this._fail(`${error.name}: ${error.message}`));
        if (this.way === 'consume') {
            for (let i = 0; i < IN_FLIGHT; i++) {
                this._consume();
            }
        } else {
            client.emit('start');
        }
    }

    _consume() {
        this.client.emit('consume', null, (error, message) => {
            if (error) {
                this._fail(`${error.name}: ${error.message}`);
                return;
            }
            this._receive(message);
            this._consume();
        });
    }

    _receive({ last, _kafka: { partition, offset } }) {
        this.offsets[partition].push(offset);
        this._count++;
        if (last) {
            this._open--;
            if (this._open === 0) {
                this._resolve();
            }
        }
        if (this._count % EVERY === 0) {
            this._act();
        }
    }

    _act() {
        switch (this.way) {
            case 'toggle':
                this.client.emit('stop', null, () => this.client.emit('start'));
                break;
            case 'refilter':
                this.client.emit('filter', this.filter);
                break;
            case 'slow': {
                const socket = this.client.io.engine.transport.ws?._socket;
                socket?.pause();
                setTimeout(() => socket?.resume(), this._random(LONGEST_NAP));
                break;
            }
            default:
        }
    }
}

module.exports = { Reader };
