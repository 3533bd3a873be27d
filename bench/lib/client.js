'use strict';

const { io } = require('socket.io-client');

/** A real socket.io-client, used as a Sink is: it decodes every message. */
class Client {
    /**
     * @param {number} port - of a server on loopback
     * @returns {Promise<Client>} when the server's `ready` has come
     */
    static connect(port) {
        const socket = io(`http://127.0.0.1:${port}`, { forceNew: true, reconnection: false, transports: ['websocket'] });
        return new Promise((resolve, reject) => {
            socket.once('ready', () => resolve(new Client(socket)));
            socket.once('connect_error', reject);
            socket.once('err', ({ message }) => reject(new Error(message)));
        });
    }

    /** For connect() alone. */
    constructor(socket) {
        /** @type {number} of messages that have come */
        this.messages = 0;
        /** @type {?() => void} gets each answer of a pull() */
        this.onPulled = null;
        /** @type {?(message: object) => void} */
        this.onMessage = null;
        this._goal = Infinity;
        this._socket = socket;
        this._onFailure = () => {};
        socket.on('message', (message) => {
            this.onMessage?.(message);
            this.messages++;
            this._look();
        });
        socket.on('err', ({ message }) => this._onFailure(new Error(message)));
        socket.on('disconnect', (reason) => this._onFailure(new Error(reason)));
        this._answered = (error) => {
            if (error) {
                this._onFailure(new Error(error.message));
            }
            this.onPulled();
        };
    }

    emit(event, argument = null) {
        this._socket.emit(event, argument);
    }

    ask(event, argument = null) {
        return new Promise((resolve, reject) => {
            this._socket.emit(event, argument, (error, result) => (error ? reject(new Error(error.message)) : resolve(result)));
        });
    }

    pull() {
        this._socket.emit('consume', null, this._answered);
    }

    expect(count) {
        return new Promise((resolve, reject) => {
            this._goal = count;
            this._onGoal = resolve;
            this._onFailure = reject;
            this._look();
        });
    }

    _look() {
        if (this.messages >= this._goal) {
            this._goal = Infinity;
            this._onGoal();
        }
    }

    close() {
        this._onFailure = () => {};
        this._socket.disconnect();
    }
}

module.exports = Client;
