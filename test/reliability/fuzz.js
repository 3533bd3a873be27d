'use strict';

// The fuzzers of test/fuzz, all of them at once, as one of the programs of this folder: how many inputs each tried, and how many broke
// anything.
//
//     node test/reliability/fuzz.js [--seconds 60] [--save]
//
// It needs what test/fuzz/Makefile needs. Exit code 1 if an input broke something: the report is on stderr.

const { execFile, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { main } = require('./program.js');

const FOLDER = path.join(__dirname, '../fuzz');

/**
 * @param {string} name
 * @param {number} seconds
 * @returns {Promise<{ name: string, tried: number, fault: string|undefined }>}
 */
function fuzz(name, seconds) {
    return new Promise((resolve) => {
        execFile('make', ['-C', FOLDER, `run-${name}`, `SECONDS=${seconds}`], { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
            const tried = Number(/stat::number_of_executed_units:\s*(\d+)/.exec(stdout + stderr)?.[1] ?? NaN);
            resolve({ name, tried, fault: error || Number.isNaN(tried) ? `${name}: ${stderr.slice(-2000)}` : undefined });
        });
    });
}

/**
 * @param {{ seconds: number, log?: (line: string) => void }} options
 * @returns {Promise<import('./program.js').Outcome>}
 */
async function run({ seconds, log = () => {} }) {
    const names = fs.readdirSync(FOLDER).map((file) => /^(\w+)_fuzz\.cc$/.exec(file)?.[1]).filter(Boolean).sort();
    log('fuzzing: compiling');
    // Else each would compile the core.
    spawnSync('make', ['-C', FOLDER, 'build'], { stdio: 'inherit' });
    log(`fuzzing: ${names.join(', ')}`);
    const outcomes = await Promise.all(names.map((name) => fuzz(name, seconds)));
    const problems = outcomes.map(({ fault }) => fault).filter(Boolean);
    const rows = outcomes.map(({ name, tried, fault }) => [name, tried, fault === undefined ? 0 : 1]);
    return { problems, tables: [{ title: `Inputs, in ${seconds} s`, columns: ['fuzzer', 'inputs', 'findings'], rows }] };
}

module.exports = { run };

if (require.main === module) {
    main('fuzz', { seconds: 60 }, run);
}
