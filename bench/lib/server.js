'use strict';

// A server in a process of its own, so that its CPU time and its memory are nobody else's.
//
//     const server = await Server.start('kasocki', { brokers });
//     await server.begin();
//     ... clients on server.port do what is measured ...
//     const { cpu, seconds, stall, memory } = await server.end();
//     await server.close();

const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { setTimeout } = require('node:timers/promises');

const PROGRAM = path.join(__dirname, 'server-process.js');
/** ms */
const ASK_AGAIN = 10;

/**
 * @typedef {object} Usage - of a server between begin() and end()
 * @property {number} cpu - seconds, of all its threads
 * @property {number} seconds
 * @property {number} stall - ms, the longest that its event loop was late; since begun(), if that was called
 * @property {number} firstStall - the same before begun()
 * @property {number} threads
 * @property {number} memory - resident bytes at the end
 */

class Server {
    /**
     * @param {string} kind - a file of bench/servers
     * @param {object} options - for it
     * @returns {Promise<Server>}
     * @throws {Error} it could not be started; with `missing`: what is needed is not installed
     */
    static async start(kind, options) {
        const server = new Server();
        try {
            /** @type {number} */
            server.port = await server.ask('start', { kind, options });
        } catch (error) {
            server.kill();
            throw error;
        }
        return server;
    }

    /** For start() alone. */
    constructor() {
        this._child = fork(PROGRAM, { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
        this._ended = once(this._child, 'exit');
        this._lastId = 0;
        this._waiting = new Map();
        this._child.on('message', ({ id, answer, error, missing }) => {
            const { resolve, reject } = this._waiting.get(id);
            this._waiting.delete(id);
            if (error === undefined) {
                resolve(answer);
            } else {
                reject(Object.assign(new Error(error), { missing }));
            }
        });
        this._ended.then(([code, signal]) => {
            for (const { reject } of this._waiting.values()) {
                reject(new Error(`the server's process ended: ${signal ?? code}`));
            }
        });
    }

    /** @type {number} the process */
    get pid() {
        return this._child.pid;
    }

    /**
     * @param {string} question - see server-process.js
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

    /** What is measured begins. */
    begin() {
        return this.ask('begin');
    }

    /** All clients have got something: stalls from here on are none of starting. */
    begun() {
        return this.ask('begun');
    }

    /** @returns {Promise<Usage>} since begin() */
    end() {
        return this.ask('end');
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
            await setTimeout(ASK_AGAIN);
        }
    }

    /** Waits until all sockets are gone. */
    empty() {
        return this.until('sockets', (sockets) => sockets === 0);
    }

    kill() {
        this._child.kill('SIGKILL');
    }

    /** Ends the process. */
    async close() {
        this.kill();
        await this._ended;
    }
}

module.exports = Server;
