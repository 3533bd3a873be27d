'use strict';

const { execFile } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const Guard = require('./guard.js');
const { jars } = require('./jars.js');
const plainEnv = require('./plain-env.js');
const { freePort } = require('./ports.js');
const { ready } = require('./ready.js');

/** How long a broker may take until it answers, ms: 3 s on an idle machine. */
const START_TIMEOUT = 90000;
const JAVA = process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
const JAVA_LEAST = 17;
/** A small heap, and a quick start rather than the last bit of speed. */
const JAVA_OPTIONS = [
    '-Xms256m',
    '-Xmx512m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Djava.awt.headless=true',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
];

/**
 * What every broker of the tests is set to: a small one, whose internal topics need one replica and one partition, and
 * which deletes nothing by itself (a record whose timestamp lies in the last century would be gone at once).
 */
const PROPERTIES = {
    'num.network.threads': 2,
    'num.io.threads': 2,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'broker.heartbeat.interval.ms': 500,
    'log.retention.ms': -1,
    'log.cleaner.backoff.ms': 200,
    'log.cleaner.dedupe.buffer.size': 4194304,
};

/**
 * One Apache Kafka process on Java, on loopback, in a temporary folder of its own: broker and controller in one, or a
 * further broker of another's cluster. It ends with the test run, however that ends.
 */
class KafkaNode {
    /**
     * Starts a node and waits until it answers.
     *
     * @param {object} [options]
     * @param {Object<string, string|number|boolean>} [options.properties] - broker settings by Kafka's names
     * @param {Object<string, 'SSL'|'SASL_PLAINTEXT'|'SASL_SSL'|'PLAINTEXT'>} [options.listeners] - listeners beside the
     *     plain one, by a name of your choice: `address(name)` tells where each listens
     * @param {Object<string, (address: string) => Promise<string>>} [options.advertise] - by listener name: makes of
     *     the host:port where it listens another one that clients are told, of a proxy in between
     * @param {Object<string, string>} [options.users] - passwords of SCRAM-SHA-256 users, by name: letters,
     *     digits, hyphens
     * @param {KafkaNode} [options.joins] - a node whose cluster this one joins as a further broker
     * @param {(line: string) => void} [progress]
     * @returns {Promise<KafkaNode>}
     * @throws {Error} where Java 17 or Maven is missing, or the broker ended; with the end of its log
     */
    static async start(options = {}, progress = () => {}) {
        await checkJava();
        const node = new KafkaNode(options, await Guard.start());
        try {
            node._jars = await jars(node._guard, progress);
            await node._format();
            await node.start();
        } catch (error) {
            await node.close();
            throw error;
        }
        return node;
    }

    /** For KafkaNode.start() alone. */
    constructor(options, guard) {
        this._options = { properties: {}, listeners: {}, advertise: {}, users: {}, joins: null, ...options };
        this._guard = guard;
        this._program = null;
        /** Ports by listener name. */
        this._ports = {};
        /** What clients are told instead, by listener name. */
        this._advertised = {};
        const first = this._options.joins;
        /** @type {string} */
        this.clusterId = first ? first.clusterId : newClusterId();
        /** How many nodes joined this one. */
        this._joined = 0;
        /** @type {number} the broker's number in its cluster */
        this.id = first ? 1 + ++first._joined : 1;
    }

    /** @type {string} its temporary folder: configuration, data, log */
    get folder() {
        return this._guard.folder;
    }

    /** @type {string} host:port of the plain listener */
    get brokers() {
        return this.address('PLAINTEXT');
    }

    /**
     * @param {string} listener - a name
     * @returns {string} host:port that clients are told
     */
    advertised(listener) {
        return this._advertised[listener] ?? this.address(listener);
    }

    /**
     * @param {string} listener - a name
     * @returns {string} host:port
     */
    address(listener) {
        return `127.0.0.1:${this._ports[listener]}`;
    }

    /** Starts it (again), on the same ports and data, and waits until it answers. */
    async start() {
        const args = [...JAVA_OPTIONS, '-cp', `${this._jars}/*`, 'kafka.Kafka', this._configuration];
        this._program = this._guard.run(JAVA, args, { log: 'kafka.log' });
        if (!(await ready(this.brokers, START_TIMEOUT, () => this._program.alive))) {
            throw new Error(`Kafka did not start:\n${this._program.tail()}`);
        }
    }

    /** Stops it in good order, and waits for that. */
    async stop() {
        this._program.signal('SIGTERM');
        await this._program.ended();
    }

    /** Ends it at once, as a crash would. */
    async kill() {
        this._program.signal('SIGKILL');
        await this._program.ended();
    }

    /** Stops and starts it: the same ports, the same data. */
    async restart() {
        await this.stop();
        await this.start();
    }

    /**
     * Stops the process where it stands, connections and all: the broker does not answer, nor does it refuse.
     * `resume()` lets it go on.
     */
    suspend() {
        this._program.signal('SIGSTOP');
    }

    /** Ends a `suspend()`. */
    resume() {
        this._program.signal('SIGCONT');
    }

    /** Ends it for good and removes its folder. */
    close() {
        return this._guard.close();
    }

    /** Writes the configuration and the empty data folder. */
    async _format() {
        const { joins, listeners, advertise, users } = this._options;
        const names = ['PLAINTEXT', ...Object.keys(listeners)];
        for (const name of names) {
            this._ports[name] = await freePort();
        }
        for (const [name, addressOf] of Object.entries(advertise)) {
            this._advertised[name] = await addressOf(this.address(name));
        }
        if (!joins) {
            this._ports.CONTROLLER = await freePort();
        }
        this._configuration = path.join(this.folder, 'server.properties');
        fs.writeFileSync(this._configuration, toText(this._properties(names)), { mode: 0o600 });

        const args = ['-XX:TieredStopAtLevel=1', '-cp', `${this._jars}/*`, 'kafka.tools.StorageTool', 'format'];
        args.push('-t', this.clusterId, '-c', this._configuration);
        for (const [name, password] of Object.entries(users)) {
            args.push('--add-scram', `SCRAM-SHA-256=[name=${name},password=${password}]`);
        }
        await this._guard.run(JAVA, args, { log: 'format.log' }).succeeded();
    }

    _properties(names) {
        const { joins, listeners, properties } = this._options;
        const uris = names.map((name) => `${name}://${this.address(name)}`);
        const protocols = { CONTROLLER: 'PLAINTEXT', PLAINTEXT: 'PLAINTEXT', ...listeners };
        return {
            ...PROPERTIES,
            'process.roles': joins ? 'broker' : 'broker,controller',
            'node.id': this.id,
            'controller.quorum.voters': `1@${(joins || this).address('CONTROLLER')}`,
            'controller.listener.names': 'CONTROLLER',
            'listeners': [...uris, ...(joins ? [] : [`CONTROLLER://${this.address('CONTROLLER')}`])].join(','),
            'advertised.listeners': names.map((name) => `${name}://${this.advertised(name)}`).join(','),
            'listener.security.protocol.map': Object.entries(protocols)
                .map((pair) => pair.join(':'))
                .join(','),
            'inter.broker.listener.name': 'PLAINTEXT',
            'log.dirs': path.join(this.folder, 'data'),
            ...properties,
        };
    }
}

/** Properties as Java reads them: a line each, where a backslash and a line's end are escaped. */
function toText(properties) {
    const escaped = (value) => String(value).replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
    return Object.entries(properties)
        .map(([name, value]) => `${name}=${escaped(value)}\n`)
        .join('');
}

/** 16 random bytes in base64. Kafka's tools would take one that begins with '-' for an option. */
function newClusterId() {
    const bytes = randomBytes(16);
    bytes[0] &= 0x7f;
    return bytes.toString('base64url');
}

async function checkJava() {
    let text;
    try {
        text = (await promisify(execFile)(JAVA, ['-version'], { env: plainEnv })).stderr;
    } catch {
        throw new Error(`Java ${JAVA_LEAST} or later is needed: '${JAVA} -version' failed`);
    }
    const version = /version "(\d+)/.exec(text);
    if (!version || Number(version[1]) < JAVA_LEAST) {
        throw new Error(`Java ${JAVA_LEAST} or later is needed; '${JAVA}' is: ${text.split('\n')[0]}`);
    }
}

module.exports = KafkaNode;
