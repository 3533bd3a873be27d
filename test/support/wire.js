'use strict';

// Two requests of Kafka's protocol: where a partition's leader is, and writing a batch to it. Plain connections only.

const { once } = require('node:events');
const net = require('node:net');

const PRODUCE = { key: 0, version: 3 };
const METADATA = { key: 3, version: 1 };
/** Error codes after which the leader is asked for again: unknown, not available, not the leader. */
const STALE = new Set([3, 5, 6]);
/** How often, and after what pause, ms. */
const ATTEMPTS = 100;
const PAUSE = 50;
const TIMEOUT = 30000;

const int16 = (value) => {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(value);
    return bytes;
};
const int32 = (value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
};
const string = (text) => Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)]);

/** Reads a response from front to back. */
class Reader {
    constructor(bytes) {
        this._bytes = bytes;
        this._at = 0;
    }
    int16() {
        this._at += 2;
        return this._bytes.readInt16BE(this._at - 2);
    }
    int32() {
        this._at += 4;
        return this._bytes.readInt32BE(this._at - 4);
    }
    skip(count) {
        this._at += count;
    }
    string() {
        const length = this.int16();
        this._at += Math.max(length, 0);
        return length < 0 ? null : this._bytes.toString('utf8', this._at - length, this._at);
    }
    array(read) {
        return Array.from({ length: this.int32() }, () => read());
    }
}

/** A connection to one broker: one request at a time, in order. */
class Connection {
    /**
     * @param {string} address - host:port
     * @returns {Promise<Connection>}
     */
    static async open(address) {
        const colon = address.lastIndexOf(':');
        const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
        const socket = net.connect({ host, port, noDelay: true });
        await once(socket, 'connect');
        return new Connection(socket);
    }

    constructor(socket) {
        this._socket = socket;
        this._received = [];
        this._length = 0;
        /** What waits for the response: null, or { resolve, reject }. */
        this._waiting = null;
        this.open = true;
        const lost = (error) => {
            this.open = false;
            if (this._waiting) {
                this._waiting.reject(error);
                this._waiting = null;
            }
        };
        socket.on('data', (bytes) => this._receive(bytes));
        socket.on('error', lost);
        socket.on('close', () => lost(new Error('the broker closed the connection')));
    }

    close() {
        this._socket.destroy();
    }

    /**
     * @param {{ key: number, version: number }} api
     * @param {Buffer[]} body
     * @returns {Promise<Reader>} the response's body
     */
    request({ key, version }, body) {
        const head = [int16(key), int16(version), int32(0), string('kasocki-test')];
        const size = [...head, ...body].reduce((sum, part) => sum + part.length, 0);
        return new Promise((resolve, reject) => {
            this._waiting = { resolve, reject };
            this._socket.cork();
            for (const part of [int32(size), ...head, ...body]) {
                this._socket.write(part);
            }
            this._socket.uncork();
        });
    }

    _receive(bytes) {
        this._received.push(bytes);
        this._length += bytes.length;
        if (this._length < 4) {
            return;
        }
        const all = Buffer.concat(this._received);
        if (all.length < 4 + all.readInt32BE(0)) {
            this._received = [all];
            return;
        }
        this._received = [];
        this._length = 0;
        const { resolve } = this._waiting;
        this._waiting = null;
        resolve(new Reader(all.subarray(8)));
    }
}

/** Writes batches to the leaders of partitions. One call at a time. */
class Wire {
    /**
     * @param {string} brokers - host:port, comma-separated
     */
    constructor(brokers) {
        this._brokers = brokers.split(',');
        /** Connections by address. */
        this._connections = new Map();
        /** Leaders' addresses by topic and partition, as far as known. */
        this._leaders = new Map();
    }

    close() {
        for (const connection of this._connections.values()) {
            connection.close();
        }
        this._connections.clear();
    }

    /**
     * Writes one batch, to all replicas.
     *
     * @param {string} topic
     * @param {number} partition
     * @param {Buffer} batch
     * @returns {Promise<void>}
     * @throws {Error} that names Kafka's error code; or that the connection was lost: whether the batch arrived is
     *     then not known, and it is not sent again
     */
    async produce(topic, partition, batch) {
        const one = int32(1); // one topic, one partition
        const to = [one, string(topic), one, int32(partition)];
        const body = [int16(-1), int16(-1), int32(TIMEOUT), ...to, int32(batch.length), batch];
        let code = 0;
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
            const leader = await this._leader(topic, partition);
            if (leader) {
                const connection = await this._connect(leader);
                const response = await connection.request(PRODUCE, body);
                response.int32();
                response.string();
                response.skip(4 + 4);
                code = response.int16();
                if (code === 0) {
                    return;
                }
                if (!STALE.has(code)) {
                    break;
                }
            }
            this._leaders.delete(`${topic} ${partition}`);
            await new Promise((resolve) => setTimeout(resolve, PAUSE));
        }
        const reason = code ? `Kafka refused the batch: error code ${code}` : 'there is no such partition, or no leader';
        throw new Error(`${topic}, partition ${partition}: ${reason}`);
    }

    /** The leader's address; undefined where there is none now. */
    async _leader(topic, partition) {
        const name = `${topic} ${partition}`;
        if (!this._leaders.has(name)) {
            await this._askLeaders(topic);
        }
        return this._leaders.get(name);
    }

    async _askLeaders(topic) {
        const connection = await this._connectAny();
        const response = await connection.request(METADATA, [int32(1), string(topic)]);
        const addresses = new Map();
        response.array(() => {
            const id = response.int32();
            addresses.set(id, `${response.string()}:${response.int32()}`);
            response.string();
        });
        response.int32();
        response.array(() => {
            response.skip(2);
            const name = response.string();
            response.skip(1);
            response.array(() => {
                response.skip(2);
                const partition = response.int32();
                const leader = addresses.get(response.int32());
                response.array(() => response.int32());
                response.array(() => response.int32());
                if (leader) {
                    this._leaders.set(`${name} ${partition}`, leader);
                }
            });
        });
    }

    /** A connection to one of the brokers that were named: the first that answers. */
    async _connectAny() {
        let failure;
        for (const address of this._brokers) {
            try {
                return await this._connect(address);
            } catch (error) {
                failure = error;
            }
        }
        throw failure;
    }

    async _connect(address) {
        let connection = this._connections.get(address);
        if (!connection || !connection.open) {
            connection = await Connection.open(address);
            this._connections.set(address, connection);
        }
        return connection;
    }
}

module.exports = Wire;
