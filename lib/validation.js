'use strict';

const { KasockiError } = require('./errors');
const { faultIn, isFields } = require('./fields');
const { isFunction, isObject, isPlain } = require('./kinds');
const { defaultLogger } = require('./logger');
const { FILTER_LIMITS } = require('./matcher');

/** The options of a Kasocki with their defaults. `undefined` and `null` both mean: the default. */
const DEFAULTS = {
    kafkaConfig: undefined,
    /** names of topics that may be subscribed; absent: every one but internal ones */
    allowedTopics: undefined,
    /** function (socket, topics) that gives those of them that this socket may see, or a Promise of them */
    authorize: undefined,
    /** a filter that every message must pass too, or a function of the socket that gives one */
    filter: undefined,
    /** { only: [...] } or { drop: [...] }: paths, see fields.js */
    fields: undefined,
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
    limits: {},
    batch: {}
};

/** What one socket may take up, by default; the last three count what all sockets of the process take up together. */
const LIMITS = {
    /** assignments of one subscribe */
    assignments: 10000,
    /** bytes of a token */
    tokenBytes: 512 * 1024,
    ...FILTER_LIMITS,
    /** consumes that wait for a message */
    consumes: 1000,
    /** events that wait for their turn, and what they take in bytes */
    events: 1000,
    eventBytes: 4 * 1024 * 1024,
    /** events a second, and as many at once after a quiet second */
    eventsPerSecond: 100000,
    /** bytes of messages that are under way to the client */
    bytesInFlight: 256 * 1024,
    /** bytes of answers that a client has not read; past it the connection is closed */
    backlog: 16 * 1024 * 1024,
    /** arrays and objects within each other in a record */
    depth: 1024,
    /** messages a second, with socket.io's connectionStateRecovery, which keeps every one in memory for minutes */
    recoverableMessages: 1000,
    /** sockets at once */
    sockets: 100000,
    /** hubs, that is, distinct configurations of Kafka at once */
    hubs: 100,
    /** bytes of records that readers hold */
    bufferBytes: 1024 * 1024 * 1024
};

/** How messages are put together, by default. */
const BATCH = {
    /** ms that a message may wait for company, when messages keep coming */
    maxDelay: 2,
    /** bytes that are put into one buffer; a larger message travels alone */
    maxBytes: 64 * 1024
};

/** What librdkafka tells of, by node-rdkafka's names. */
const KAFKA_EVENTS = ['event.error', 'event.log', 'event.stats', 'event.throttle'];

const MAX_TIMER = 2 ** 31 - 1;
const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

const isTime = (value) => typeof value === 'number' && value >= 0 && value <= MAX_TIMER;
const isTopicName = (value) => typeof value === 'string' && TOPIC_NAME.test(value);

/** Each option: what it must be, and the test of it. */
const OPTION_RULES = {
    kafkaConfig: ['an object', isPlain],
    allowedTopics: ['an array of topic names (no patterns)', (value) => Array.isArray(value) && value.every(isTopicName)],
    authorize: ['a function', isFunction],
    filter: ['a filter, or a function that gives one', (value) => isObject(value) || isFunction(value) || typeof value === 'string'],
    fields: ['{ only: [...] } or { drop: [...] }, with an array of paths, none of them empty; only, of one at least', isFields],
    logger: ['a logger with methods such as warn and error', (value) => isObject(value) || isFunction(value)],
    deserializer: ['a function', isFunction],
    matcherFactory: ['a function', isFunction],
    metadataField: ['a name, or false', (value) => value === false || (typeof value === 'string' && value !== '')],
    kafkaEventHandlers: ['an object of functions, by names of events', (value) => isPlain(value) && Object.values(value).every(isFunction)],
    statsd: [
        'a statsd client with methods increment and gauge',
        (value) => isObject(value) && isFunction(value.increment) && isFunction(value.gauge)
    ],
    connectTimeout: ['a number of milliseconds over 0', (value) => isTime(value) && value > 0],
    hubIdle: ['a number of milliseconds', isTime],
    limits: ['an object', isPlain],
    batch: ['an object', isPlain]
};

const isCount = (value) => Number.isSafeInteger(value) && value > 0;

/** The same of the members of `batch`. */
const BATCH_RULES = {
    maxDelay: ['a number of milliseconds', isTime],
    maxBytes: ['an integer over 0', isCount]
};

/**
 * @param {*} [given] as given to the constructor
 * @return {{options: object, error: KasockiError|undefined}} every option, the default for one that can't be, and the
 *     error that names the first such. `options.allowedTopics` is a Set
 */
function readOptions(given) {
    const options = { ...DEFAULTS, limits: { ...LIMITS }, batch: { ...BATCH } };
    let error;
    const refuse = (message, cause) => {
        error ??= new KasockiError(message, cause && { cause });
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
        } else if (name === 'batch') {
            readBatch(value, options.batch, refuse);
        } else {
            options[name] = name === 'allowedTopics' ? new Set(value) : value;
        }
    }
    refuseMisspeltEvents(options.kafkaEventHandlers, refuse);
    const fault = options.fields && faultIn(options.fields, options.metadataField);
    if (fault !== undefined) {
        refuse(fault.message, new TypeError(`the path is "${fault.path}"`));
    }
    if (lastOptions === undefined || !haveEqual(options, lastOptions, isSameOption)) {
        lastOptions = options;
    }
    return { options: lastOptions, error };
}

/** Those of the last socket. Sockets with the same options share them: they are half a kilobyte. */
let lastOptions;

/** @return {boolean} the two mean the same: what holds names and values has equal ones, all else is identical */
function isSameOption(one, other, name) {
    if (name === 'limits' || name === 'batch') {
        return haveEqual(one, other, Object.is);
    }
    if (name === 'kafkaConfig') {
        return isSameConfig(one, other);
    }
    if (one instanceof Set && other instanceof Set) {
        return one.size === other.size && [...one].every((item) => other.has(item));
    }
    return Object.is(one, other);
}

/** @return {boolean} of librdkafka's properties, and of those of topics among them, as they are written anew for each socket */
function isSameConfig(one, other) {
    if (Object.is(one, other)) {
        return true;
    }
    try {
        return isPlain(one) && isPlain(other) && haveEqual(one, other, isSameConfig);
    } catch {
        // A getter or a proxy of the user's own.
        return false;
    }
}

function haveEqual(one, other, areEqual) {
    const names = Object.keys(one);
    return names.length === Object.keys(other).length &&
        names.every((name) => Object.hasOwn(other, name) && areEqual(one[name], other[name], name));
}

/** A misspelt `allowedTopics` that went unnoticed would open every topic: names that mean nothing are refused. */
function refuseUnknown(given, known, what, refuse) {
    for (const name of Object.keys(given ?? {})) {
        if (!Object.hasOwn(known, name)) {
            refuse(`There is no ${what} "${name.slice(0, 100)}"`);
        }
    }
}

/** Events of node-rdkafka that never come here (`ready`, `data` ...) harm nobody. */
function refuseMisspeltEvents(handlers, refuse) {
    const unknown = Object.keys(handlers).find((name) => name.startsWith('event.') && !KAFKA_EVENTS.includes(name));
    if (unknown !== undefined) {
        refuse(`Option "kafkaEventHandlers": there is no event "${unknown.slice(0, 100)}", but ${KAFKA_EVENTS.join(', ')}`);
    }
}

function readLimits(given, limits, refuse) {
    refuseUnknown(given, LIMITS, 'limit', refuse);
    for (const name of Object.keys(LIMITS)) {
        const value = read(given, name);
        if (value !== undefined && !isCount(value)) {
            refuse(`Option "limits.${name}" must be an integer over 0`);
        } else if (value !== undefined) {
            limits[name] = value;
        }
    }
}

function readBatch(given, batch, refuse) {
    refuseUnknown(given, BATCH_RULES, 'batch option', refuse);
    for (const [name, [wanted, test]] of Object.entries(BATCH_RULES)) {
        const value = read(given, name);
        if (value !== undefined && !test(value)) {
            refuse(`Option "batch.${name}" must be ${wanted}`);
        } else if (value !== undefined) {
            batch[name] = value;
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

module.exports = { LIMITS, BATCH, readOptions, readEvent, isAllowedTopic, isSocket };
