'use strict';

// Where the numbers come from.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const path = require('node:path');

const { VERSION: kafka } = require('../../test/broker/jars.js');
const native = require('../../lib/native.js');

const fromBench = createRequire(path.join(__dirname, '../package.json'));

/** @returns {{ cpu: string, cores: number, memory: number, system: string, load: number }} memory in bytes; the load when it began */
function machine() {
    const release = /^PRETTY_NAME="?([^"\n]*)/m.exec(read('/etc/os-release'))?.[1] ?? os.type();
    const cpus = os.cpus();
    const mhz = cpus[0].speed || Number(/^cpu MHz\s*: (.*)/m.exec(read('/proc/cpuinfo'))?.[1]);
    const hypervisor = /^flags\s*:.*\bhypervisor\b/m.test(read('/proc/cpuinfo')) ? ', virtual machine' : '';
    return {
        cpu: `${cpus[0].model}${mhz ? `, ${(mhz / 1000).toFixed(1)} GHz` : ''}`,
        cores: cpus.length,
        memory: os.totalmem(),
        system: `${release}, Linux ${os.release().split('-')[0]}${hypervisor}`,
        load: startLoad,
    };
}

/** Of the minute before this program: what else the machine did. */
const startLoad = os.loadavg()[0];

function read(file) {
    try {
        return fs.readFileSync(file, 'latin1');
    } catch {
        return '';
    }
}

/** @returns {Object<string, string>} versions by name; of a package that is not there 'not installed' */
function versions() {
    const versionOf = (name) => {
        try {
            const { version, librdkafka } = JSON.parse(fs.readFileSync(fromBench.resolve(`${name}/package.json`), 'utf8'));
            return version.replace('v', '') + (librdkafka ? ` (librdkafka ${librdkafka})` : '');
        } catch {
            return 'not installed';
        }
    };
    const packages = ['socket.io', 'socket.io-client', 'node-rdkafka', '@confluentinc/kafka-javascript', 'kafkajs'];
    return {
        'Node.js': process.versions.node,
        'librdkafka': native.versions.librdkafka,
        'simdjson': native.versions.simdjson,
        'Apache Kafka': process.env.KASOCKI_TEST_BROKERS ? process.env.KASOCKI_BENCH_KAFKA ?? 'one that ran already' : kafka,
        ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
    };
}

module.exports = { machine, versions };
