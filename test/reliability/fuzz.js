'use strict';

// The fuzzers of test/fuzz, all of them, as one of the programs of this folder: how many inputs each tried, and how many broke anything.
//
//     node test/reliability/fuzz.js [--seconds 60] [--save]
//
// `seconds` is for each. It needs what test/fuzz/Makefile needs. Exit code 1 if an input broke something: the report is on stderr.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { main } = require('./program.js');

const FOLDER = path.join(__dirname, '../fuzz');

/**
 * @param {{ seconds: number, log?: (line: string) => void }} options
 * @returns {Promise<import('./program.js').Outcome>}
 */
async function run({ seconds, log = () => {} }) {
    const names = fs.readdirSync(FOLDER).map((file) => /^(\w+)_fuzz\.cc$/.exec(file)?.[1]).filter(Boolean).sort();
    const problems = [];
    const rows = names.map((name) => {
        log(`fuzzing: ${name}`);
        const { status, stdout, stderr } = spawnSync('make', ['-C', FOLDER, `run-${name}`, `SECONDS=${seconds}`], { encoding: 'utf8', maxBuffer: 1 << 28 });
        const tried = Number(/stat::number_of_executed_units:\s*(\d+)/.exec(stdout + stderr)?.[1] ?? NaN);
        if (status !== 0 || Number.isNaN(tried)) {
            problems.push(`${name}: ${stderr.slice(-2000)}`);
        }
        return [name, tried, status === 0 ? 0 : 1];
    });
    return { problems, tables: [{ title: `Inputs, in ${seconds} s for each`, columns: ['fuzzer', 'inputs', 'findings'], rows }] };
}

module.exports = { run };

if (require.main === module) {
    main('fuzz', { seconds: 60 }, run);
}
