'use strict';

// A socket.io client that parses nothing: a WebSocket, and the packets' texts as they came. For tests of bytes, of clients that
// read nothing for a while, and of clients that must cost little.
//
//     const client = await RawClient.connect(server.url);
//     client.emit('subscribe', topic);
//     client.emit('start');
//     await client.packets(3);      // three more: [Buffer], each such as `42["message",{"a":1}]`
//     client.close();

const { once } = require('node:events');

const WebSocket = require(require.resolve('ws', { paths: [require.resolve('socket.io-client')] }));

const PING = 0x32;
const PONG = '3';
const CONNECT = '40';
const CONNECTED = Buffer.from(CONNECT);
const EVENT = Buffer.from('42');
const ACK = Buffer.from('43');

class RawClient {
    /**
     * @param {string} url - http://host:port
     * @returns {Promise<RawClient>} connected, `ready` may have come or not
     * @throws {Error} the server closed the connection
     */
    static async connect(url) {
        const webSocket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
        const client = new RawClient(webSocket);
        await once(webSocket, 'open');
        webSocket.send(CONNECT);
        await client._connected;
        return client;
    }

    /** For connect() alone. */
    constructor(webSocket) {
        this._webSocket = webSocket;
        this._lastAck = 0;
        this._acks = new Map();
        /** @type {(packet: Buffer) => void} gets each event; by default they are kept for packets() */
        this.onEvent = (packet) => this._keep(packet);
        this._kept = [];
        this._wanted = null;
        this._connected = new Promise((resolve, reject) => {
            this._resolveConnected = resolve;
            webSocket.once('close', () => reject(new Error('the server closed the connection')));
        });
        this._connected.catch(() => {});
        /** @type {Promise<void>} the connection is over */
        this.closed = new Promise((resolve) => {
            webSocket.once('close', () => resolve());
        });
        this.closed.then(() => this._wanted?.reject(new Error('the connection is over')));
        webSocket.on('error', () => {}); // 'close' follows
        webSocket.on('message', (bytes) => this._receive(bytes));
    }

    /**
     * @param {string} event
     * @param {...any} args
     */
    emit(event, ...args) {
        this._webSocket.send(`42${JSON.stringify([event, ...args])}`);
    }

    /**
     * @param {string} event
     * @param {...any} args
     * @returns {Promise<any[]>} what the acknowledgement was called with: [error, result]
     */
    ackOf(event, ...args) {
        return new Promise((resolve) => {
            const id = ++this._lastAck;
            this._acks.set(id, resolve);
            this._webSocket.send(`42${id}${JSON.stringify([event, ...args])}`);
        });
    }

    /**
     * @param {number} count
     * @returns {Promise<Buffer[]>} the next events, `ready` left out
     * @throws {Error} the connection ended before
     */
    packets(count) {
        return new Promise((resolve, reject) => {
            this._wanted = { count, resolve, reject };
            this._give();
        });
    }

    /** From now on nothing is read from the connection. */
    pause() {
        this._webSocket.pause();
    }

    resume() {
        this._webSocket.resume();
    }

    /** Ends the connection as a client does. */
    async close() {
        this._webSocket.close();
        await this.closed;
    }

    /** Ends it as a broken network does: without a word. */
    async drop() {
        this._webSocket.terminate();
        await this.closed;
    }

    _receive(bytes) {
        if (bytes[0] === PING) {
            this._webSocket.send(PONG);
        } else if (bytes.subarray(0, 2).equals(CONNECTED)) {
            this._resolveConnected();
        } else if (bytes.subarray(0, 2).equals(ACK)) {
            const start = bytes.indexOf('[');
            const id = Number(bytes.toString('latin1', 2, start));
            const resolve = this._acks.get(id);
            this._acks.delete(id);
            resolve(JSON.parse(bytes.toString('utf8', start)));
        } else if (bytes.subarray(0, 2).equals(EVENT) && !bytes.subarray(2, 11).equals(Buffer.from('["ready",'))) {
            this.onEvent(bytes);
        }
    }

    _keep(packet) {
        this._kept.push(packet);
        this._give();
    }

    _give() {
        if (this._wanted && this._kept.length >= this._wanted.count) {
            const { count, resolve } = this._wanted;
            this._wanted = null;
            resolve(this._kept.splice(0, count));
        }
    }
}

module.exports = RawClient;
