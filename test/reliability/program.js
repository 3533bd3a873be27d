'use strict';

// What the programs in this folder have in common: arguments, tables, a result that docs/reliability.md is written from, an exit code.

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { toMarkdown } = require('../../bench/lib/table.js');
const { end } = require('../support/at_end.js');

const RESULTS = path.join(__dirname, 'results');

/**
 * What a program found out.
 *
 * @typedef {object} Outcome
 * @property {import('../../bench/lib/table.js').Table[]} tables
 * @property {string[]} problems - none: everything was as promised
 * @property {import('../../bench/lib/bench.js').Plot[]} [plots]
 */

/** @returns {string} an outcome's tables */
function toText({ tables }) {
    return tables.map((table) => `${table.title}\n\n${toMarkdown(table)}`).join('\n');
}

/** Percentiles, by their names. */
function spread(values) {
    const sorted = Float64Array.from(values).sort();
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
    return { median: at(0.5), p99: at(0.99), most: at(1) };
}

/**
 * Runs a program from the command line: prints its tables, tells its problems, and keeps the outcome if asked to.
 *
 *     node <program> [--<option> <number>]... [--seed <number>] [--save]
 *
 * @param {string} name - of the result
 * @param {Object<string, number>} defaults - options that are numbers, beside `seed`
 * @param {(options: object) => Promise<Outcome>} run - gets the options, and `log`
 */
async function main(name, defaults, run) {
    const numbers = { ...defaults, seed: Date.now() % 1e6 };
    const asStrings = Object.fromEntries(Object.entries(numbers).map(([option, value]) => [option, { type: 'string', default: String(value) }]));
    try {
        const { values } = parseArgs({ options: { ...asStrings, save: { type: 'boolean', default: false } } });
        const options = Object.fromEntries(Object.keys(numbers).map((option) => [option, Number(values[option])]));
        console.error(Object.entries(options).map(([option, value]) => `${option} ${value}`).join(', '));
        const outcome = await run({ ...options, log: (line) => console.error(line) });
        console.log(toText(outcome));
        outcome.problems.forEach((problem) => console.error(problem));
        process.exitCode = outcome.problems.length > 0 ? 1 : 0;
        if (values.save) {
            save(name, options, outcome);
        }
    } catch (error) {
        console.error(error);
        process.exitCode = 1;
    } finally {
        await end();
    }
}

/** Keeps an outcome, with what it was asked for. */
function save(name, options, { tables, problems, plots = [] }) {
    // Here: it asks git, which the programs themselves need not have.
    const { machine, versions } = require('../../bench/lib/machine.js');
    fs.mkdirSync(RESULTS, { recursive: true });
    const result = { name, options, when: new Date().toISOString(), machine: machine(), versions: versions(), tables, problems, plots };
    fs.writeFileSync(path.join(RESULTS, `${name}.json`), `${JSON.stringify(result, null, 4)}\n`);
}

module.exports = { RESULTS, main, save, spread, toText };
