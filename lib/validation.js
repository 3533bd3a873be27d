'use strict';

const { KasockiError } = require('./errors');
const { defaultLogger } = require('./logger');

/** The options of a Kasocki with their defaults. `undefined` and `null` both mean: the default. */
const DEFAULTS = {
    kafkaConfig: undefined,
    /** names of topics that may be subscribed; absent: every one but internal ones */
    allowedTopics: undefined,
    logger: defaultLogger,
    deserializer: undefined,
    matcherFactory: undefined,
    /** name of the metadata member; false: none */
    metadataField: '_kafka',
    kafkaEventHandlers: {},
    statsd: undefined,
    /** ms that a start may take */
    connectTimeout: 10000,
    /** ms that a hub without sockets is kept */
    hubIdle: 30000,
    limits: {}
};

/** What one socket may take up, by default. */
const LIMITS = {
    /** assignments of one subscribe */
    assignments: 10000,
    /** consumes that wait for a message */
    consumes: 1000,
    /** events that wait for their turn */
    events: 1000,
    /** bytes of messages that are under way to the client */
    bytesInFlight: 256 * 1024,
    /** bytes of answers that a client has not read; past it the connection is closed */
    backlog: 16 * 1024 * 1024,
    /** arrays and objects within each other in a record */
    depth: 1024,
    /** messages a second, with socket.io's connectionStateRecovery, which keeps every one in memory for minutes */
    recoverableMessages: 1000
};

const MAX_TIMER = 2 ** 31 - 1;
const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

const isFunction = (value) => typeof value === 'function';
const isObject = (value) => typeof value === 'object' && value !== null;
const isPlain = (value) => isObject(value) && !Array.isArray(value) && !ArrayBuffer.isView(value);
const isTime = (value) => typeof value === 'number' && value >= 0 && value <= MAX_TIMER;
const isTopicName = (value) => typeof value === 'string' && TOPIC_NAME.test(value);

/** Each option: what it must be, and the test of it. */
const OPTION_RULES = {
    kafkaConfig: ['an object', isPlain],
    allowedTopics: ['an array of topic names', (value) => Array.isArray(value) && value.every(isTopicName)],
    logger: ['a logger with methods such as warn and error', (value) => isObject(value) || isFunction(value)],
    deserializer: ['a function', isFunction],
    matcherFactory: ['a function', isFunction],
    metadataField: ['a name, or false', (value) => value === false || (typeof value === 'string' && value !== '')],
    kafkaEventHandlers: ['an object of functions', (value) => isPlain(value) && Object.values(value).every(isFunction)],
    statsd: [
        'a statsd client with methods increment and gauge',
        (value) => isObject(value) && isFunction(value.increment) && isFunction(value.gauge)
    ],
    connectTimeout: ['a number of milliseconds over 0', (value) => isTime(value) && value > 0],
    hubIdle: ['a number of milliseconds', isTime],
    limits: ['an object', isPlain]
};

/**
 * @param {*} [given] as given to the constructor
 * @return {{options: object, error: KasockiError|undefined}} every option, the default for one that can't be, and the
 *     error that names the first such. `options.allowedTopics` is a Set
 */
function readOptions(given) {
    const options = { ...DEFAULTS, limits: { ...LIMITS } };
    let error;
    const refuse = (message) => {
        error ??= new KasockiError(message);
    };
    if (given !== undefined && given !== null && !isPlain(given)) {
        refuse('The options must be an object');
        given = undefined;
    }
    refuseUnknown(given, OPTION_RULES, 'option', refuse);
    for (const [name, [wanted, test]] of Object.entries(OPTION_RULES)) {
        const value = read(given, name);
        if (value === undefined) {
            continue;
        }
        if (!test(value)) {
            refuse(`Option "${name}" must be ${wanted}`);
        } else if (name === 'limits') {
            readLimits(value, options.limits, refuse);
        } else {
            options[name] = name === 'allowedTopics' ? new Set(value) : value;
        }
    }
    return { options, error };
}

/** A misspelt `allowedTopics` that went unnoticed would open every topic: names that mean nothing are refused. */
function refuseUnknown(given, known, what, refuse) {
    for (const name of Object.keys(given ?? {})) {
        if (!Object.hasOwn(known, name)) {
            refuse(`There is no ${what} "${name.slice(0, 100)}"`);
        }
    }
}

function readLimits(given, limits, refuse) {
    refuseUnknown(given, LIMITS, 'limit', refuse);
    for (const name of Object.keys(LIMITS)) {
        const value = read(given, name);
        if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
            refuse(`Option "limits.${name}" must be an integer over 0`);
        } else if (value !== undefined) {
            limits[name] = value;
        }
    }
}

/** @return {*} a member; undefined for null as well, and for one whose getter throws */
function read(object, name) {
    try {
        return object?.[name] ?? undefined;
    } catch {
        return undefined;
    }
}

/**
 * @param {string} topic
 * @param {Set<string>} [allowedTopics]
 * @return {boolean} whether a socket with that option may subscribe to it; without one, to all but Kafka's own (`__*`)
 */
function isAllowedTopic(topic, allowedTopics) {
    return isTopicName(topic) && (allowedTopics === undefined ? !topic.startsWith('__') : allowedTopics.has(topic));
}

/**
 * Takes an event's arguments apart. socket.io puts the ack last, if the client asked for one.
 *
 * @param {Array} args
 * @return {{argument: *, ack: Function|undefined}}
 */
function readEvent(args) {
    const last = args[args.length - 1];
    const ack = typeof last === 'function' ? last : undefined;
    const argument = ack !== undefined && args.length === 1 ? undefined : args[0];
    return { argument, ack };
}

/**
 * @param {*} value
 * @return {boolean} looks like a socket.io socket
 */
function isSocket(value) {
    return isObject(value) && ['on', 'emit', 'disconnect'].every((method) => isFunction(value[method]));
}

module.exports = { LIMITS, readOptions, readEvent, isAllowedTopic, isSocket };
