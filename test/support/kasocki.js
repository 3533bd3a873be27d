'use strict';

// Sockets with a Kasocki on the Kafka of the tests, and what tests of them ask again and again.
//
//     const server = await serve({ metadataField: 'meta' });
//     const client = await readyClient(server);
//     await subscribed(client, [{ topic, partition: 0, offset: 0 }]);

const Kasocki = require('../..');
const { hubs } = require('../../lib/hub.js');
const kafka = require('./kafka.js');
const { ackOf, startServer } = require('./server.js');

/** How many configurations there were. */
let count = 0;

/**
 * A configuration equal to no other one: its hub is new, and so is what the hub knows of topics.
 *
 * @param {object} [more] - properties
 * @returns {object} the option `kafkaConfig`
 */
function newConfig(more = {}) {
    return {
        'metadata.broker.list': kafka.brokers,
        'topic.metadata.refresh.interval.ms': 300000 + ++count,
        ...more,
    };
}

/**
 * Starts a server whose sockets get a Kasocki, all of them on one new hub that ends with the last of them.
 *
 * @param {object} [options] - of Kasocki. `logger` is by default a memoryLogger()
 * @param {object} [serverOptions] - as of startServer(), and `namespace`
 * @returns {Promise<import('./server.js').TestServer & {
 *     options: object,        as the sockets get them; may be changed for those to come
 *     kasockis: Kasocki[],    grows
 *     native(): object,       the core's hub
 * }>}
 */
async function serve(options = {}, { namespace, ...serverOptions } = {}) {
    const given = { kafkaConfig: options.kafkaConfig ?? newConfig(), hubIdle: 0, logger: memoryLogger(), ...options };
    const before = new Set(hubs.keys());
    const kasockis = [];
    const attach = (socket) => kasockis.push(new Kasocki(socket, given));
    const server = await startServer(namespace ? () => {} : attach, serverOptions);
    if (namespace) {
        server.io.of(namespace).on('connection', attach);
    }
    const native = () => {
        const keys = [...hubs.keys()].filter((key) => !before.has(key));
        if (keys.length !== 1) {
            throw new Error(`${keys.length} hubs instead of one`);
        }
        return hubs.get(keys[0]).native;
    };
    return Object.assign(server, { options: given, kasockis, native });
}

/**
 * Connects a client and waits until it is ready.
 *
 * @param {object} server - of serve()
 * @param {object} [options] - as of server.connect()
 * @returns {Promise<import('socket.io-client').Socket & {
 *     topics: string[],    as `ready` told them
 *     errs: object[],      grows: every `err`
 * }>}
 * @throws {Error} where `err` comes first
 */
function readyClient(server, options) {
    const client = Object.assign(server.connect(options), { topics: null, errs: [] });
    client.on('err', (error) => client.errs.push(error));
    return new Promise((resolve, reject) => {
        client.once('ready', (topics) => resolve(Object.assign(client, { topics })));
        client.once('err', (error) => reject(new Error(`${error.name}: ${error.message}`)));
        client.once('connect_error', reject);
    });
}

/**
 * @param {object} client
 * @param {string} event
 * @param {...any} args
 * @returns {Promise<any>} the event's result
 * @throws {Error} where the acknowledgement is an error
 */
async function resultOf(client, event, ...args) {
    const [error, result] = await ackOf(client, event, ...args);
    if (error) {
        throw new Error(`${event}: ${error.name}: ${error.message}`);
    }
    return result;
}

/**
 * @param {object} client
 * @param {...any} args
 * @returns {Promise<object>} the event's error
 * @throws {Error} where there is none
 */
async function errorOf(client, event, ...args) {
    const [error, result] = await ackOf(client, event, ...args);
    if (!error || result !== null) {
        throw new Error(`${event} gave ${JSON.stringify([error, result])} instead of an error`);
    }
    return error;
}

/**
 * A bunyan-shaped logger that keeps what it is told.
 *
 * @param {object[]} [lines]
 * @param {object} [fields]
 * @returns {object} with `lines`, which grows: { level, text, ...fields }
 */
function memoryLogger(lines = [], fields = {}) {
    const logger = { lines, child: (more) => memoryLogger(lines, { ...fields, ...more }) };
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) {
        logger[level] = (given, text) => lines.push({ level, text, ...fields, ...given });
    }
    return logger;
}

/**
 * Waits, turn by turn of the event loop, until something holds that no event tells of.
 *
 * @param {() => boolean} condition
 */
async function until(condition) {
    while (!condition()) {
        await new Promise((resolve) => setImmediate(resolve));
    }
}

module.exports = { Kasocki, errorOf, hubs, memoryLogger, newConfig, readyClient, resultOf, serve, until };
