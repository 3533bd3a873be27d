'use strict';

/**
 * The errors that a client can be told of, and their form on the wire.
 *
 * A message or a detail may be shown to a browser: it holds no stack, broker address, path or configuration value.
 */

/** Bytes of a message or of a detail's JSON text that are sent at most. */
const MAX_TEXT = 1024;

/** Names of the details that are sent; anything else on an error stays on the server. */
const DETAILS = ['code', 'originalName', 'assignments', 'filters', 'filter', 'position', 'allowedTopics', 'availableTopics'];

/** The base of all errors of this package. */
class KasockiError extends Error {
    /**
     * @param {string} message
     * @param {object} [details] members to be set on the error; see DETAILS for those that a client sees
     */
    constructor(message, details) {
        super(message);
        Object.assign(this, details);
    }

    get name() {
        return this.constructor.name;
    }

    get origin() {
        return 'Kasocki';
    }
}

/** `subscribe` was given something that is no assignment, or one that can't be. */
class InvalidAssignmentError extends KasockiError {}

/** A topic that does not exist, or that this socket may not subscribe to. */
class TopicNotAvailableError extends KasockiError {}

/** `subscribe` while there is a subscription. */
class AlreadySubscribedError extends KasockiError {}

/** A filter that does not compile. */
class InvalidFilterError extends KasockiError {}

/** A filter took more steps on a message than `limits.filterSteps`: the message was taken for one that does not match. */
class FilterBudgetError extends KasockiError {}

/** `start`, `consume` or `unsubscribe` without a subscription. */
class NotSubscribedError extends KasockiError {}

/** `start` while started. */
class AlreadyStartedError extends KasockiError {}

/** Any event while the socket is being closed. */
class AlreadyClosingError extends KasockiError {}

/** A record that could not be made a message. Logged, never sent. */
class DeserializationError extends KasockiError {}

/** The server's `authorize` failed: it threw, took too long, or gave no array. */
class AuthorizationError extends KasockiError {}

/** More than a documented limit allows. */
class LimitExceededError extends KasockiError {}

/** Kafka or librdkafka reported it; `code` is librdkafka's name of the error, such as `_TRANSPORT`. */
class KafkaError extends KasockiError {
    /**
     * @param {string} message
     * @param {string} code
     * @param {object} [details]
     */
    constructor(message, code, details) {
        super(message, { ...details, code });
    }
}

const CLASS_OF_KIND = {
    InvalidFilter: InvalidFilterError,
    FilterBudget: FilterBudgetError,
    InvalidAssignment: InvalidAssignmentError,
    TopicNotAvailable: TopicNotAvailableError,
    LimitExceeded: LimitExceededError,
    Closed: AlreadyClosingError
};

/**
 * @param {import('./native').NativeError} error of the core
 * @param {object} [details]
 * @return {KasockiError}
 */
function fromNative(error, details) {
    const Class = CLASS_OF_KIND[error.kind];
    if (Class) {
        const { message, position, item } = error;
        return new Class(message, { ...details, ...(position !== undefined && { position }), ...(item !== undefined && { item }) });
    }
    const code = error.code || (error.kind === 'Configuration' ? '_INVALID_ARG' : '_FAIL');
    return new KafkaError(error.message, code, details);
}

/**
 * What was thrown at us as an error of ours.
 *
 * @param {*} thrown
 * @param {Function} [Class] what it becomes unless it is a KasockiError already
 * @param {object} [details]
 * @return {KasockiError}
 */
function fromThrown(thrown, Class = KasockiError, details = undefined) {
    if (thrown instanceof KasockiError) {
        return thrown;
    }
    let message = 'unknown error';
    let originalName;
    try {
        message = thrown instanceof Error ? String(thrown.message) : String(thrown);
        originalName = thrown instanceof Error ? String(thrown.name) : typeof thrown;
    } catch {
        // An error whose members can't be read has none.
    }
    return new Class(message, { ...details, originalName });
}

/**
 * Cuts a text to a number of UTF-8 bytes, without tearing a character.
 *
 * @param {string} text
 * @param {number} [bytes]
 * @return {string}
 */
function cutText(text, bytes = MAX_TEXT) {
    if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) {
        return text;
    }
    const cut = Buffer.from(text.slice(0, bytes)).subarray(0, bytes - 3).toString();
    return cut.replace(/\ufffd$/, '') + '…';
}

/**
 * A detail as it is sent: the value itself if its JSON text is short, else the beginning of that text.
 *
 * @param {*} value
 * @return {*}
 */
function cutDetail(value) {
    let text;
    try {
        text = JSON.stringify(value);
    } catch {
        return '(not serializable)';
    }
    if (text === undefined) {
        return undefined;
    }
    // Parsed again, because what the client gave may hold Buffers, which would make a binary packet of an error.
    return Buffer.byteLength(text) <= MAX_TEXT ? JSON.parse(text) : cutText(text);
}

/**
 * The error object that a client gets.
 *
 * @param {KasockiError} error
 * @param {string} socketId
 * @param {string} [socketEvent] the client's event that it answers
 * @return {object} plain data: { message, name, origin, socket, socketEvent?, ...details }
 */
function serializeError(error, socketId, socketEvent) {
    const result = { message: cutText(error.message), name: error.name, origin: error.origin, socket: socketId };
    if (socketEvent !== undefined) {
        result.socketEvent = socketEvent;
    }
    for (const name of DETAILS) {
        const value = Object.prototype.hasOwnProperty.call(error, name) ? cutDetail(error[name]) : undefined;
        if (value !== undefined) {
            result[name] = value;
        }
    }
    return result;
}

module.exports = {
    classes: {
        KasockiError,
        InvalidAssignmentError,
        TopicNotAvailableError,
        AlreadySubscribedError,
        InvalidFilterError,
        FilterBudgetError,
        NotSubscribedError,
        AlreadyStartedError,
        AlreadyClosingError,
        DeserializationError,
        AuthorizationError,
        KafkaError,
        LimitExceededError
    },
    fromNative,
    fromThrown,
    cutText,
    serializeError
};
Object.assign(module.exports, module.exports.classes);
