'use strict';

/*
 * Runs benches and writes docs/benchmarks.md from the latest result of each.
 *
 *     npm run bench                        all of them
 *     npm run bench -- stages latency      these
 *     npm run bench -- --page              none: the page alone
 *
 * Kafka is found or started as for the tests (test/broker). Each bench is a process of its own.
 */

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { closeAll, sharedKafka } = require('../test/broker');
const { VERSION } = require('../test/broker/jars.js');
const { write } = require('./lib/page.js');
const { install } = require('./lib/peers.js');
const { load } = require('./lib/results.js');

/** In the order of the page. */
const BENCHES = ['end-to-end', 'stages', 'many-filters', 'expressions', 'slow-clients', 'resume', 'latency', 'first-message', 'memory'];

/**
 * @param {string} name
 * @param {Object<string, string>} env
 * @returns {boolean} it went well
 */
function runBench(name, env) {
    const { status } = spawnSync(process.execPath, [path.join(__dirname, `${name}.js`)], { stdio: 'inherit', env });
    return status === 0;
}

async function main() {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { page: { type: 'boolean', default: false } } });
    const unknown = positionals.filter((name) => !BENCHES.includes(name));
    if (unknown.length > 0) {
        throw new Error(`there is no bench ${unknown.join(', ')}; there are ${BENCHES.join(', ')}`);
    }
    const wanted = values.page ? [] : BENCHES.filter((name) => positionals.length === 0 || positionals.includes(name));
    if (wanted.length > 0) {
        install();
        const given = process.env.KASOCKI_TEST_BROKERS !== undefined;
        const { brokers } = await sharedKafka();
        const env = { ...process.env, KASOCKI_TEST_BROKERS: brokers, ...(given ? {} : { KASOCKI_BENCH_KAFKA: VERSION }) };
        const failed = wanted.filter((name) => !runBench(name, env));
        if (failed.length > 0) {
            process.exitCode = 1;
            console.error(`bench: failed: ${failed.join(', ')}`);
        }
    }
    write(load(BENCHES, false));
}

module.exports = { BENCHES };

if (require.main === module) {
    main().catch((error) => {
        console.error(`bench: ${error.message}`);
        process.exitCode = 1;
    }).finally(closeAll);
}
