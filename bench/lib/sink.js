'use strict';

// A socket.io client that counts messages and looks at nothing else: a plain TCP connection that steps over WebSocket frames. It takes
// in some ten million messages a second, so the server is what a bench measures, and ten thousand of them fit into one process.
//
// All sinks of a process share one buffer to read into: a sink that must keep something copies it.

const { randomBytes } = require('node:crypto');
const net = require('node:net');

const READ_BYTES = 256 * 1024;
const buffer = Buffer.allocUnsafeSlow(READ_BYTES);

/** Of a frame's text, what must be there to tell what it is. */
const TELLING_BYTES = 8;
const CODE_MESSAGE = 0x6d; // the m of `42["message",`
const CODE_2 = 0x32;
const CODE_3 = 0x33;
const CODE_4 = 0x34;
const CODE_BRACKET = 0x5b;
const CODE_N = 0x6e;

/** How many connections are opened at a time. */
const WAVE = 200;

class Sink {
    /**
     * @param {number} port - of a server on loopback
     * @returns {Promise<Sink>} when the server's `ready` has come
     * @throws {Error} the server refused it, or closed the connection
     */
    static connect(port) {
        return new Promise((resolve, reject) => {
            const sink = new Sink(port, reject);
            sink._onReady = () => resolve(sink);
        });
    }

    /** For connect() alone. */
    constructor(port, onFailure) {
        /** @type {number} of messages that have come */
        this.messages = 0;
        /**
         * Gets each message's bytes, [begin, end) of `bytes`, valid during the call alone.
         *
         * @type {?(bytes: Buffer, begin: number, end: number) => void}
         */
        this.onMessage = null;
        /** @type {?() => void} gets each answer of a pull() */
        this.onPulled = null;
        this._goal = Infinity;
        this._onGoal = null;
        this._onFailure = onFailure;
        this._open = false;
        /** Bytes of a counted message that are still to come. */
        this._skip = 0;
        /** The beginning of a frame that must be seen whole. */
        this._rest = null;
        /** Bytes a second that are read. */
        this._rate = Infinity;
        this._lastAck = 0;
        this._acks = new Map();
        this._socket = net.connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback: (n, bytes) => this._read(n, bytes) } });
        this._socket.on('error', (error) => this._fail(error));
        this._socket.on('close', () => this._fail(new Error('the server closed the connection')));
        this._socket.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
            `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`);
    }

    /**
     * @param {string} event
     * @param {any} [argument]
     */
    emit(event, argument = null) {
        this._send(`42${JSON.stringify([event, argument])}`);
    }

    /**
     * @param {string} event
     * @param {any} [argument]
     * @returns {Promise<any>} the event's result
     * @throws {Error} the event's error
     */
    ask(event, argument = null) {
        return new Promise((resolve, reject) => {
            const id = ++this._lastAck;
            this._acks.set(id, { resolve, reject });
            this._onFailure = reject;
            this._send(`42${id}${JSON.stringify([event, argument])}`);
        });
    }

    /** Asks for the next message, whose coming `onPulled` tells. */
    pull() {
        this._send(`42${++this._lastAck}["consume",null]`);
    }

    /**
     * @param {number} count
     * @returns {Promise<void>} so many messages have come, of all since the connection began
     * @throws {Error} the connection ended before
     */
    expect(count) {
        return new Promise((resolve, reject) => {
            this._goal = count;
            this._onGoal = resolve;
            this._onFailure = reject;
            this._count(0);
        });
    }

    /** From now on nothing is read. */
    pause() {
        this._socket.pause();
    }

    resume() {
        this._socket.resume();
    }

    /**
     * From now on no more is read than that.
     *
     * @param {number} rate - bytes a second
     */
    pace(rate) {
        this._rate = rate;
    }

    close() {
        this._onFailure = () => {};
        this._socket.destroy();
    }

    _fail(error) {
        this._onFailure(error);
    }

    /** A masked frame, as clients must send them; the mask is zero. */
    _send(text) {
        const size = Buffer.byteLength(text);
        const head = size < 126 ? 6 : 8;
        const frame = Buffer.alloc(head + size);
        frame[0] = 0x81;
        if (size < 126) {
            frame[1] = 0x80 | size;
        } else {
            frame[1] = 0x80 | 126;
            frame.writeUInt16BE(size, 2);
        }
        frame.write(text, head);
        this._socket.write(frame);
    }

    _count(more) {
        this.messages += more;
        if (this.messages >= this._goal) {
            this._goal = Infinity;
            this._onGoal();
        }
    }

    /** Gets what came; true: go on reading. */
    _read(length, bytes) {
        if (this._open) {
            this._frames(bytes, length);
        } else {
            this._answer(bytes, length);
        }
        if (this._rate === Infinity) {
            return true;
        }
        setTimeout(() => this._socket.resume(), length / this._rate * 1000).unref();
        return false;
    }

    /** The server's answer to the upgrade. */
    _answer(bytes, length) {
        const all = Buffer.concat([this._rest || Buffer.alloc(0), bytes.subarray(0, length)]);
        const end = all.indexOf('\r\n\r\n');
        this._rest = all;
        if (end >= 0) {
            this._rest = null;
            this._open = true;
            if (!all.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) {
                this._fail(new Error(all.toString('latin1', 0, all.indexOf('\r\n'))));
            }
            this._frames(all.subarray(end + 4), all.length - end - 4);
        }
    }

    _frames(bytes, length) {
        let at = 0;
        if (this._skip > 0) {
            at = Math.min(this._skip, length);
            this._skip -= at;
        }
        if (this._rest !== null) {
            bytes = Buffer.concat([this._rest, bytes.subarray(0, length)]);
            length = bytes.length;
            this._rest = null;
        }
        let messages = 0;
        while (at < length) {
            let size = at + 1 < length ? bytes[at + 1] : 0;
            const head = size < 126 ? 2 : size === 126 ? 4 : 10;
            if (at + head > length) {
                break;
            }
            if (size === 126) {
                size = (bytes[at + 2] << 8) | bytes[at + 3];
            } else if (size === 127) {
                size = bytes.readUInt32BE(at + 6);
            }
            const begin = at + head;
            const end = begin + size;
            if (begin + Math.min(size, TELLING_BYTES) > length) {
                break;
            }
            if (bytes[begin] === CODE_4 && bytes[begin + 1] === CODE_2 && bytes[begin + 4] === CODE_MESSAGE) {
                if (this.onMessage !== null) {
                    if (end > length) {
                        break;
                    }
                    this.onMessage(bytes, begin, end);
                }
                messages++;
                at = Math.min(end, length);
                this._skip = end - at;
            } else {
                if (end > length) {
                    break;
                }
                this._other(bytes, begin, end);
                at = end;
            }
        }
        if (at < length) {
            this._rest = Buffer.from(bytes.subarray(at, length));
        }
        this._count(messages);
    }

    /** A packet that is no message. */
    _other(bytes, begin, end) {
        if (this.onPulled !== null && bytes[begin] === CODE_4 && bytes[begin + 1] === CODE_3) {
            const list = bytes.indexOf(CODE_BRACKET, begin);
            if (bytes[list + 1] !== CODE_N) {
                this._fail(new Error(bytes.toString('utf8', begin, end)));
            }
            this.onPulled();
            return;
        }
        const text = bytes.toString('utf8', begin, end);
        if (text === '2') {
            this._send('3');
        } else if (text[0] === '0') {
            this._send('40');
        } else if (text.startsWith('42["ready"')) {
            this._onReady();
        } else if (text.startsWith('43')) {
            this._acknowledged(text);
        } else if (text.startsWith('42["err"') || text.startsWith('44')) {
            this._fail(new Error(text));
        }
    }

    _acknowledged(text) {
        const list = text.indexOf('[');
        const id = Number(text.slice(2, list));
        const [error, result] = JSON.parse(text.slice(list));
        const { resolve, reject } = this._acks.get(id);
        this._acks.delete(id);
        if (error) {
            reject(new Error(error.message));
        } else {
            resolve(result);
        }
    }
}

/**
 * @param {number} port
 * @param {number} count
 * @param {(port: number) => Promise<object>} [connect] - makes one
 * @returns {Promise<Sink[]>}
 */
async function connectAll(port, count, connect = Sink.connect) {
    const sinks = [];
    while (sinks.length < count) {
        const wave = Math.min(WAVE, count - sinks.length);
        sinks.push(...await Promise.all(Array.from({ length: wave }, () => connect(port))));
    }
    return sinks;
}

module.exports = { Sink, connectAll };
