'use strict';

/*
 * Installs the peers, node-rdkafka and Confluent's client, and compiles them: both carry librdkafka's source. That takes minutes, once.
 * A peer that cannot be had is missing in the tables, which say so; kafkajs is there anyway.
 *
 *     node bench/lib/peers.js
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { nodeHeaders } = require('../../scripts/build.js');

const folder = path.join(__dirname, '..');
const modules = path.join(folder, 'node_modules');
const nodeGyp = path.join(folder, '../node_modules/node-gyp/bin/node-gyp.js');

/** Confluent's configure step would download the sources of OpenSSL and others; linked dynamically it takes the system's. */
const PEERS = [
    { name: 'node-rdkafka', env: {} },
    { name: '@confluentinc/kafka-javascript', env: { CKJS_LINKING: 'dynamic' } },
];

function log(line) {
    console.error(`bench: ${line}`);
}

/** @returns {boolean} it went well; if not, the end of what it said has been logged */
function run(command, args, cwd, env = {}) {
    const { error, status, stdout, stderr } = spawnSync(command, args, {
        cwd, env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: Infinity,
    });
    if (error || status !== 0) {
        log(`${error?.message ?? ''}${stdout?.slice(-1000)}${stderr?.slice(-1000)}`);
        return false;
    }
    return true;
}

/**
 * @param {string} file - notes that something was done for the lock file as it is now
 * @param {() => boolean} work - done unless the note is there; true: it went well
 */
function once(file, work) {
    const wanted = fs.readFileSync(path.join(folder, 'package-lock.json'), 'utf8');
    if ((!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== wanted) && work()) {
        fs.writeFileSync(file, wanted);
    }
}

function compile({ name, env }) {
    log(`compiling ${name}`);
    const cwd = path.join(modules, name);
    const headers = nodeHeaders();
    const args = [nodeGyp, 'rebuild', '--jobs', String(os.availableParallelism()), ...(headers ? [`--nodedir=${headers}`] : [])];
    // Its Makefile would run the first as well, but in parallel with what needs it.
    return run(process.execPath, ['util/configure'], cwd, env) && run(process.execPath, args, cwd, env);
}

/** Makes them ready unless they are. What fails is tried again by the next call. */
function install() {
    once(path.join(modules, '.kasocki-installed'), () => {
        log('installing the peers');
        return run('npm', ['ci', '--no-progress'], folder);
    });
    for (const peer of PEERS.filter(({ name }) => fs.existsSync(path.join(modules, name)))) {
        once(path.join(modules, peer.name, '.kasocki-compiled'), () => compile(peer));
    }
}

module.exports = { install };

if (require.main === module) {
    install();
}
