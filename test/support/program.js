'use strict';

// A Node program as a child process: what it prints can be waited for, and it ends with the tests if not before.

const { spawn } = require('node:child_process');
const path = require('node:path');

const { atEnd } = require('./at_end.js');

const ROOT = path.join(__dirname, '../..');

/** The programs that run. */
const running = new Set();

/** For start() alone. */
class Program {
    constructor(child) {
        this.child = child;
        /** What it has printed so far. */
        this.stdout = '';
        this.stderr = '';
        /** Called when it printed something, or ended. */
        this._listeners = new Set();
        for (const name of ['stdout', 'stderr']) {
            child[name].setEncoding('utf8').on('data', (text) => {
                this[name] += text;
                this._tell();
            });
        }
        running.add(this);
        /** @type {Promise<{ code: ?number, signal: ?string }>} when it ended, and all that it printed is here */
        this.ended = new Promise((resolve) => {
            child.once('close', (code, signal) => {
                running.delete(this);
                this.result = { code, signal };
                this._tell();
                resolve(this.result);
            });
        });
    }

    _tell() {
        for (const listener of [...this._listeners]) {
            listener();
        }
    }

    /**
     * Waits for something on stdout.
     *
     * @param {RegExp} pattern
     * @returns {Promise<RegExpExecArray>} its first match
     * @throws {Error} the program ended without it
     */
    printed(pattern) {
        return new Promise((resolve, reject) => {
            const look = () => {
                const match = pattern.exec(this.stdout);
                if (match || this.result) {
                    this._listeners.delete(look);
                }
                if (match) {
                    resolve(match);
                } else if (this.result) {
                    reject(new Error(`ended without ${pattern}:\n${this.stdout}${this.stderr}`));
                }
            };
            this._listeners.add(look);
            look();
        });
    }

    /**
     * @param {string} [signal]
     * @returns {Promise<{ code: ?number, signal: ?string }>} when it ended
     */
    end(signal = 'SIGTERM') {
        this.child.kill(signal);
        return this.ended;
    }
}

/**
 * @param {string[]} args - a script and its arguments; paths start at the project's root
 * @param {Object<string, string>} [env] - more environment variables
 * @returns {Program}
 */
function start(args, env = {}) {
    const stdio = ['ignore', 'pipe', 'pipe'];
    return new Program(spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio }));
}

/**
 * Runs the body of an async function in a Node of its own, with the tests' helpers as `support`, for tests of what a process writes
 * and how it ends.
 *
 * @param {string} body
 * @returns {Promise<{ stdout: string, stderr: string, code: ?number, signal: ?string }>} when it ended
 */
async function runBody(body) {
    const child = start(['-e', `
        const support = { ...require('./test/support/kasocki.js'), ...require('./test/support/server.js') };
        (async () => {${body}})().catch((error) => {
            console.error(error);
            process.exit(1);
        });`]);
    const result = await child.ended;
    return { stdout: child.stdout, stderr: child.stderr, ...result };
}

atEnd(async () => {
    await Promise.all([...running].map((program) => program.end('SIGKILL')));
});

module.exports = { start, runBody };
