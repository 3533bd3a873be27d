'use strict';

// A server with Kasocki in a process of its own: its memory and its threads are nobody else's, and its event loop is not held up by the
// tests' clients.
//
//     const server = await RemoteServer.start({ kafkaConfig: newConfig(), limits: { ... } });
//     const client = await readyClient(server);
//     const { peak } = await server.ask('memory');
//     await server.close();         // throws if the process did not end well

const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { io } = require('socket.io-client');

const { atEnd } = require('./at_end.js');
const kafka = require('./kafka.js');

const PROGRAM = path.join(__dirname, 'remote-server-process.js');

/** Those that were not closed. */
const open = new Set();

class RemoteServer {
    /**
     * @param {object} [options] - of Kasocki, as far as they are plain data. Default: the tests' Kafka, hubs end at once
     * @param {object} [serverOptions] - of socket.io; `socketIo`, the package's name, for another version; and `port`
     * @returns {Promise<RemoteServer>}
     */
    static async start(options = {}, serverOptions = {}) {
        const server = new RemoteServer();
        server._start = [options, serverOptions];
        const kafkaConfig = options.kafkaConfig ?? { 'metadata.broker.list': kafka.brokers };
        const given = { hubIdle: 0, ...options, kafkaConfig };
        /** @type {string} */
        server.url = `http://127.0.0.1:${await server.ask('start', { options: given, serverOptions })}`;
        return server;
    }

    /** For start() alone. */
    constructor() {
        // Under LeakSanitizer (test/sanitizers/mocha.js): a process that ends by process.exit() gives nothing back.
        const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' };
        this._child = fork(PROGRAM, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
        this._ended = once(this._child, 'close');
        this._output = '';
        for (const stream of [this._child.stdout, this._child.stderr]) {
            stream.on('data', (text) => {
                this._output += text;
            });
        }
        this._lastId = 0;
        this._waiting = new Map();
        this._child.on('message', ({ id, answer }) => {
            this._waiting.get(id).resolve(answer);
            this._waiting.delete(id);
        });
        this._ended.then(([code, signal]) => {
            for (const { reject } of this._waiting.values()) {
                reject(new Error(`the server's process ended: ${signal ?? code}\n${this._output}`));
            }
        });
        this._clients = new Set();
        open.add(this);
    }

    /**
     * @param {string} question - see `answers` in remote-server-process.js
     * @param {any} [argument]
     * @returns {Promise<any>}
     * @throws {Error} the process has ended
     */
    ask(question, argument) {
        return new Promise((resolve, reject) => {
            const id = ++this._lastId;
            this._waiting.set(id, { resolve, reject });
            this._child.send({ id, question, argument }, (error) => error && reject(error));
        });
    }

    /** @returns {Promise<object>} the core's counters of the only hub */
    async stats() {
        const all = await this.ask('stats');
        if (all.length !== 1) {
            throw new Error(`${all.length} hubs instead of one`);
        }
        return all[0];
    }

    /**
     * Asks until the answer is as wanted.
     *
     * @param {string} question
     * @param {(answer: any) => boolean} condition
     * @returns {Promise<any>} the answer
     */
    async until(question, condition) {
        for (;;) {
            const answer = await this.ask(question);
            if (condition(answer)) {
                return answer;
            }
            await new Promise((resolve) => setImmediate(resolve));
        }
    }

    /**
     * @param {object} [options] - as of TestServer.connect()
     * @returns {import('socket.io-client').Socket}
     */
    connect(options = {}) {
        const client = io(this.url, { forceNew: true, reconnection: false, transports: ['websocket'], ...options });
        this._clients.add(client);
        return client;
    }

    /**
     * Lets the process stand still meanwhile: what is sent to it then it finds all at once.
     *
     * @param {() => Promise<void>} work - which waits for no answer
     */
    async whileHeld(work) {
        this._child.kill('SIGSTOP');
        try {
            await work();
        } finally {
            this._child.kill('SIGCONT');
        }
    }

    /**
     * Ends the process at once, and begins a new one at the same address.
     *
     * @returns {Promise<RemoteServer>}
     */
    async restart() {
        await this.kill();
        const [options, serverOptions] = this._start;
        return RemoteServer.start(options, { ...serverOptions, port: Number(new URL(this.url).port) });
    }

    /** Ends the process at once. */
    async kill() {
        open.delete(this);
        this._child.kill('SIGKILL');
        await this._ended;
    }

    /**
     * Disconnects the clients and closes the server, whose process must then end, without a word.
     *
     * @param {object} [options]
     * @param {boolean} [options.atOnce] - by process.exit(); else by itself, once nothing keeps it
     * @throws {Error} the process ended in another way, or wrote something
     */
    async close({ atOnce = false } = {}) {
        for (const client of this._clients) {
            client.disconnect();
        }
        await this.ask('close', { atOnce });
        open.delete(this);
        const [code, signal] = await this._ended;
        if (code !== 0 || this._output !== '') {
            throw new Error(`the server's process ended by ${signal ?? code}: ${this._output}`);
        }
    }
}

atEnd(async () => {
    await Promise.all([...open].map((server) => server.kill()));
});

module.exports = RemoteServer;
