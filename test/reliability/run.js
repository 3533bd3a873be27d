'use strict';

/*
 * Runs the programs of this folder and writes docs/reliability.md from the latest outcome of each.
 *
 *     npm run reliability                       all of them, as long as PROGRAMS says
 *     npm run reliability -- faults hostile     these
 *     npm run reliability -- --page             none: the page alone
 *
 * Exit code 1 if a promise was broken.
 */

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { write } = require('./page.js');

/** In the order of the page, each with its arguments. */
const PROGRAMS = {
    faults: ['--seconds', '600'],
    hostile: ['--seconds', '120', '--clients', '30'],
    lifecycles: ['--connections', '10000', '--sockets', '1000', '--absence', '60'],
    soak: ['--minutes', '60'],
    fuzz: ['--seconds', '3600'],
};

function main() {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { page: { type: 'boolean', default: false } } });
    const unknown = positionals.filter((name) => !Object.hasOwn(PROGRAMS, name));
    if (unknown.length > 0) {
        throw new Error(`there is no program ${unknown.join(', ')}; there are ${Object.keys(PROGRAMS).join(', ')}`);
    }
    const all = positionals.length === 0 && !values.page;
    for (const [name, args] of Object.entries(PROGRAMS)) {
        if (all || positionals.includes(name)) {
            const { status } = spawnSync(process.execPath, [path.join(__dirname, `${name}.js`), ...args, '--save'], { stdio: 'inherit' });
            if (status !== 0) {
                console.error(`reliability: ${name} found problems`);
                process.exitCode = 1;
            }
        }
    }
    write(Object.keys(PROGRAMS));
}

main();
