'use strict';

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');

const plainEnv = require('./plain-env.js');

/**
 * Runs programs that must not outlive the test run, in a temporary folder that goes with them (guard_process.js says
 * how). An idle guard does not keep the test process alive.
 */
class Guard {
    /**
     * @returns {Promise<Guard>}
     */
    static async start() {
        const child = fork(path.join(__dirname, 'guard_process.js'), [], {
            detached: true,
            env: plainEnv,
            execArgv: [],
            stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        });
        const [{ folder }] = await once(child, 'message');
        return new Guard(child, folder);
    }

    /** For Guard.start() alone. */
    constructor(child, folder) {
        /** @type {string} the temporary folder */
        this.folder = folder;
        this._child = child;
        this._next = 1;
        this._waiting = 0;
        /** Resolvers of the programs that run, by number. */
        this._ends = new Map();
        child.on('message', (message) => {
            const resolve = this._ends.get(message.ended);
            this._ends.delete(message.ended);
            resolve(message);
        });
        child.on('exit', () => {
            for (const resolve of this._ends.values()) {
                resolve({ error: 'the guard process ended' });
            }
            this._ends.clear();
        });
        child.unref();
        child.channel.unref();
    }

    /**
     * Starts a program.
     *
     * @param {string} command
     * @param {string[]} args
     * @param {{ env?: Object<string, string>, log: string }} options - `log`: the file, in the folder, that its output
     *     is appended to
     * @returns {Program}
     */
    run(command, args, { env = {}, log }) {
        const run = this._next++;
        const file = path.join(this.folder, log);
        const ended = new Promise((resolve) => this._ends.set(run, resolve));
        this._child.send({ run, command, args, env, log: file });
        return new Program(this, run, command, file, ended);
    }

    /**
     * Names a command that is carried out when the test run is over, also when it was killed.
     *
     * @param {string} command
     * @param {string[]} args
     * @param {Object<string, string>} env
     */
    atEnd(command, args, env) {
        this._child.send({ atEnd: { command, args, env } });
    }

    /**
     * Ends every program, removes the folder.
     *
     * @returns {Promise<void>}
     */
    async close() {
        if (this._child.exitCode !== null || this._child.signalCode !== null) {
            return;
        }
        this._child.ref();
        const exit = once(this._child, 'exit');
        if (this._child.connected) {
            this._child.disconnect();
        }
        await exit;
    }

    /** Counts who waits for a program's end: while someone does, the channel holds the test process. */
    _wait(more) {
        this._waiting += more;
        if (!this._child.channel) {
            return;
        }
        if (this._waiting > 0) {
            this._child.channel.ref();
        } else {
            this._child.channel.unref();
        }
    }
}

/** One program that a guard runs. */
class Program {
    constructor(guard, run, command, log, ended) {
        this._guard = guard;
        this._run = run;
        this._command = command;
        this._log = log;
        this._ended = ended;
        /** @type {boolean} */
        this.alive = true;
        ended.then(() => {
            this.alive = false;
        });
    }

    /**
     * Sends a signal to a program; nothing happens if it is gone.
     *
     * @param {string} signal
     */
    signal(signal) {
        if (this.alive) {
            this._guard._child.send({ signal, run: this._run });
        }
    }

    /**
     * Waits for the program's end.
     *
     * @returns {Promise<{ code: ?number, signal: ?string, error: ?string }>}
     */
    async ended() {
        this._guard._wait(+1);
        try {
            return await this._ended;
        } finally {
            this._guard._wait(-1);
        }
    }

    /**
     * Waits for the program's end.
     *
     * @returns {Promise<void>}
     * @throws {Error} with the end of its output, where it did not end well
     */
    async succeeded() {
        const { code, error } = await this.ended();
        if (code !== 0) {
            throw new Error(`${this._command} failed (${error || `exit code ${code}`}):\n${this.tail()}`);
        }
    }

    /** @returns {string} the last lines of its output */
    tail() {
        try {
            return fs.readFileSync(this._log, 'utf8').trimEnd().split('\n').slice(-30).join('\n');
        } catch {
            return '';
        }
    }
}

module.exports = Guard;
