'use strict';

// What the benches found out, kept as JSON, so that one of them can be run again and the page be written from the latest of each.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { machine, versions } = require('./machine.js');

const folder = path.join(__dirname, '../results');

/**
 * @param {object} outcome - of a bench, with `name` and `quick`
 */
function save(outcome) {
    const file = path.join(folder, `${outcome.name}${outcome.quick ? '.quick' : ''}.json`);
    fs.mkdirSync(folder, { recursive: true });
    const result = { ...outcome, when: new Date().toISOString(), commit: commit(), machine: machine(), versions: versions() };
    fs.writeFileSync(file, `${JSON.stringify(result, null, 4)}\n`);
}

/**
 * @param {string[]} names - of benches
 * @param {boolean} quick
 * @returns {object[]} their latest results, in this order; those that have none are left out
 */
function load(names, quick) {
    return names.map((name) => path.join(folder, `${name}${quick ? '.quick' : ''}.json`))
        .filter((file) => fs.existsSync(file))
        .map((file) => JSON.parse(fs.readFileSync(file, 'utf8')));
}

/** The commit that was measured; with a plus if something was changed since. */
function commit() {
    try {
        const git = (...args) => execFileSync('git', args, { cwd: __dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
        const changed = git('status', '--porcelain', '--untracked-files=no', ':/src', ':/lib', ':/deps', ':/binding.gyp') !== '';
        return git('rev-parse', '--short=10', 'HEAD') + (changed ? '+' : '');
    } catch {
        return 'unknown';
    }
}

module.exports = { load, save };
