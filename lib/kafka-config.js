'use strict';

const tls = require('tls');
const { KafkaError } = require('./errors');
const { idOf } = require('./functions');

/**
 * What would make Kafka keep state for us. It has no effect here, so it must not tell hubs apart either (a group.id is
 * often different for each socket).
 */
const STATE_KEEPERS = new Set([
    'group.id',
    'group.instance.id',
    'group.protocol',
    'group.remote.assignor',
    'partition.assignment.strategy',
    'enable.auto.commit',
    'enable.auto.offset.store',
    'auto.commit.enable',
    'auto.commit.interval.ms',
    'offset.store.method',
    'offset.store.path',
    'offset.store.sync.interval.ms',
    'rebalance_cb',
    'offset_commit_cb'
]);

const OFFSET_RESETS = {
    smallest: 'earliest',
    earliest: 'earliest',
    beginning: 'earliest',
    largest: 'latest',
    latest: 'latest',
    end: 'latest',
    error: 'error'
};

/** Node's root certificates as one PEM text; made when first needed. */
let rootCertificates;

/**
 * @param {string} name
 * @param {string} problem
 * @return {KafkaError} names the property, never its value
 */
function refused(name, problem) {
    return new KafkaError(`Configuration property "${name}" ${problem}`, '_INVALID_ARG');
}

/**
 * @param {string} name
 * @param {*} value
 * @return {string|undefined} the value as librdkafka's text; undefined: as if not given
 */
function toText(name, value) {
    switch (typeof value) {
        case 'undefined':
            return undefined;
        case 'string':
            if (value.includes('\0')) {
                throw refused(name, 'contains a NUL character');
            }
            return value;
        case 'boolean':
            return String(value);
        case 'number':
            if (!Number.isFinite(value)) {
                throw refused(name, 'is not a finite number');
            }
            return String(value);
        default:
            throw refused(name, `must be a text, a number or a boolean, not ${value === null ? 'null' : typeof value}`);
    }
}

/**
 * @param {object} properties
 * @return {Map<string, string>}
 */
function flatten(properties) {
    const result = new Map();
    for (const [key, value] of Object.entries(properties)) {
        // Two names of one property: the later one counts, as in librdkafka.
        const name = key === 'metadata.broker.list' ? 'bootstrap.servers' : key;
        if (STATE_KEEPERS.has(name)) {
            continue;
        }
        const text = toText(key, value);
        if (text !== undefined) {
            result.set(name, text);
        }
    }
    return result;
}

/**
 * @param {*} value
 * @return {boolean} an object of properties
 */
function isProperties(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param {Map<string, string>} global
 * @return {boolean} TLS is on and nobody said which authorities to trust
 */
function needsRootCertificates(global) {
    const encrypted = /ssl/i.test(global.get('security.protocol') ?? '');
    return encrypted && ![...global.keys()].some((name) => name.startsWith('ssl.ca.'));
}

const sorted = (map) => [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/**
 * Makes of the option `kafkaConfig` what the core takes.
 *
 * @param {object} [kafkaConfig] librdkafka's properties; `default_topic_config` holds topic-level ones, and
 *     `oauthbearer_token_refresh_cb` is a function
 * @return {{key: string, native: import('./native').NativeHubOptions, getToken: Function|undefined}} `key` is equal for
 *     configurations that can share a hub. It holds passwords
 * @throws {KafkaError} `_INVALID_ARG`: a value that can't be a property's
 */
function readKafkaConfig(kafkaConfig = {}) {
    if (!isProperties(kafkaConfig)) {
        throw new KafkaError('Option "kafkaConfig" must be an object', '_INVALID_ARG');
    }
    if (kafkaConfig.default_topic_conf !== undefined) {
        throw refused('default_topic_conf', 'is called "default_topic_config" here');
    }
    const { default_topic_config: topicConfig = {}, oauthbearer_token_refresh_cb: getToken, ...globalConfig } = kafkaConfig;
    if (!isProperties(topicConfig)) {
        throw refused('default_topic_config', 'must be an object');
    }
    if (getToken !== undefined && typeof getToken !== 'function') {
        throw refused('oauthbearer_token_refresh_cb', 'must be a function');
    }
    const global = flatten(globalConfig);
    const topic = flatten(topicConfig);
    if (!global.has('bootstrap.servers')) {
        global.set('bootstrap.servers', 'localhost:9092');
    }
    if (!/[^\s,]/.test(global.get('bootstrap.servers'))) {
        throw refused('bootstrap.servers', 'names no broker');
    }

    // librdkafka takes topic properties among the global ones too; those of default_topic_config count first.
    const resetText = topic.get('auto.offset.reset') ?? global.get('auto.offset.reset') ?? 'latest';
    topic.delete('auto.offset.reset');
    global.delete('auto.offset.reset');
    if (!Object.prototype.hasOwnProperty.call(OFFSET_RESETS, resetText)) {
        throw refused('auto.offset.reset', `must be one of ${Object.keys(OFFSET_RESETS).join(', ')}`);
    }
    const autoOffsetReset = OFFSET_RESETS[resetText];

    const distinguishing = new Map(global);
    distinguishing.delete('client.id');
    const key = JSON.stringify([sorted(distinguishing), sorted(topic), autoOffsetReset, getToken ? idOf(getToken) : 0]);
    if (needsRootCertificates(global)) {
        rootCertificates ??= tls.rootCertificates.join('\n');
        global.set('ssl.ca.pem', rootCertificates);
    }
    return { key, native: { global: [...global], topic: [...topic], autoOffsetReset }, getToken };
}

module.exports = { readKafkaConfig };
