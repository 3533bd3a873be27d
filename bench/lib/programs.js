'use strict';

// The benches' programs in C and C++ (bench/programs).

const { execFile, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');
const { promisify } = require('node:util');

const sources = path.join(__dirname, '../programs');
const built = path.join(__dirname, '../../build/bench');

/** Brings the programs up to date. */
function build() {
    const { error, status, stdout, stderr } = spawnSync('make', ['-C', sources], { encoding: 'utf8' });
    if (error || status !== 0) {
        throw new Error(`the benches' programs do not compile: ${error?.message ?? ''}${stdout}${stderr}`);
    }
}

/**
 * Runs a program to its end.
 *
 * @param {string} program - `raw` or `stages`
 * @param {Array<string|number>} args
 * @returns {Promise<any>} the JSON that it printed
 * @throws {Error} with what it said
 */
async function run(program, args) {
    const { stdout } = await promisify(execFile)(path.join(built, program), args.map(String), { maxBuffer: Infinity });
    return JSON.parse(stdout);
}

/**
 * Starts a program that prints one line when it is ready, and one with its result.
 *
 * @param {string} program
 * @param {Array<string|number>} args
 * @returns {Promise<{ result: Promise<any> }>} when it is ready
 */
async function start(program, args) {
    const child = spawn(path.join(built, program), args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ended = once(child, 'close').then(() => {
        throw new Error(`${program} ended too soon`);
    });
    const line = async () => {
        const { value, done } = await lines.next();
        return done ? ended : value;
    };
    const ready = line();
    ended.catch(() => {});
    await ready;
    return { result: line().then(JSON.parse) };
}

module.exports = { build, run, start };
