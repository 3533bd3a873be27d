'use strict';

const { InvalidFilterError, LimitExceededError, fromThrown } = require('./errors');
const { NativeMatcher } = require('./native');

/** Bytes of a filter's JSON text, unless a limit says otherwise; what is longer is refused before it becomes a text. */
const MAX_BYTES = 65536;

/**
 * Reads filters in the object language as given by JavaScript: what JSON can't carry is refused rather than lost on the way.
 *
 * @param {*} filters `{ 'dotted.path': value }`; falsy: no filter
 * @param {number} [maxBytes] of its JSON text
 * @return {{filter: string|null, filters: object|null}} the filter's JSON text, and as it is shown; null: none
 * @throws {InvalidFilterError|LimitExceededError} of a value's type, or the size; what the text means is for the core to judge
 */
function readFilters(filters, maxBytes = MAX_BYTES) {
    if (!filters) {
        return { filter: null, filters: null };
    }
    let clean;
    try {
        clean = copyFilters(filters, maxBytes);
    } catch (error) {
        // A getter or a proxy may throw anything.
        throw fromThrown(error, InvalidFilterError);
    }
    const filter = JSON.stringify(clean);
    // Parsed again: an ordinary object, in which a member "__proto__" is like any other.
    return { filter, filters: JSON.parse(filter) };
}

/**
 * @param {object} filters
 * @param {number} maxBytes
 * @return {object} a copy without a prototype, whose values are scalars and arrays of scalars
 * @throws {InvalidFilterError|LimitExceededError}
 */
function copyFilters(filters, maxBytes) {
    const refuse = (message) => new InvalidFilterError(message, { filters });
    if (!isPlainObject(filters)) {
        throw refuse('a filter must be an object: { "dotted.path": value }');
    }
    if (Object.getOwnPropertySymbols(filters).length > 0) {
        throw refuse('a symbol cannot be a path');
    }
    let room = maxBytes;
    const take = (length) => {
        room -= length;
        if (room < 0) {
            throw new LimitExceededError(`a filter is larger than ${maxBytes} bytes`);
        }
    };
    const scalar = (path, value) => {
        const fault = faultOf(value);
        if (fault !== undefined) {
            throw refuse(`filter ${quote(path)}: ${fault}`);
        }
        take(typeof value === 'string' ? value.length + 1 : 1);
        return value;
    };
    const copy = Object.create(null);
    for (const path of Object.keys(filters)) {
        take(path.length + 1);
        const value = filters[path];
        if (!Array.isArray(value)) {
            copy[path] = scalar(path, value);
            continue;
        }
        take(value.length);
        copy[path] = Array.from(value, (item) => {
            if (typeof item === 'object' && item !== null) {
                throw refuse(`filter ${quote(path)}: the items of an array must be strings, numbers, booleans or null`);
            }
            return scalar(path, item);
        });
    }
    return copy;
}

/**
 * @param {*} value of a filter
 * @return {string|undefined} what is wrong with it, if it is no scalar of JSON
 */
function faultOf(value) {
    switch (typeof value) {
        case 'string':
        case 'boolean':
            return undefined;
        case 'number':
            return Number.isFinite(value) ? undefined : `${value} is not a number of JSON`;
        case 'undefined':
            return 'it has no value';
        case 'object':
            if (value === null) {
                return undefined;
            }
            return value instanceof RegExp
                ? "write a regular expression as a string: '/pattern/'"
                : "an object cannot be a filter's value (write a dotted path)";
        default:
            return `a ${typeof value} cannot be a filter's value`;
    }
}

function isPlainObject(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return false;
    }
    const prototype = Object.getPrototypeOf(value);
    // Object.prototype, of whichever realm.
    return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function quote(path) {
    return JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}...` : path);
}

/**
 * The built-in filter language as a function.
 *
 *     const matches = createMatcher({ 'user.bot': false, wiki: '/^(de|en)wiki$/' });
 *     matches({ wiki: 'enwiki', user: { bot: false } }); // true
 *
 * The function takes a message as an object (as it would be sent: JSON.stringify decides), JSON text, or bytes of it. What
 * is not a JSON object or array does not match, nor does anything throw. Its member `filters` holds the filters, null for none.
 *
 * @param {object} [filters] `{ 'dotted.path': value }`; falsy: everything matches
 * @return {function((object|string|Uint8Array)): boolean}
 * @throws {InvalidFilterError}
 */
function createMatcher(filters) {
    let read;
    let native;
    try {
        read = readFilters(filters);
        native = new NativeMatcher(read.filter ?? '{}');
    } catch (error) {
        // Of whatever class: here, what is too large is a filter that can't be.
        throw error instanceof InvalidFilterError ? error : new InvalidFilterError(error.message, { filters });
    }
    const matches = (message) => {
        const text = textOf(message);
        return text !== undefined && native.matches(text);
    };
    matches.filters = read.filters;
    return matches;
}

/**
 * @param {*} message
 * @return {string|Uint8Array|undefined} undefined: it is no JSON
 */
function textOf(message) {
    if (typeof message === 'string') {
        return escapeLoneSurrogates(message);
    }
    if (typeof message !== 'object' || message === null) {
        return undefined;
    }
    try {
        if (ArrayBuffer.isView(message)) {
            return new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
        }
        return JSON.stringify(message);
    } catch {
        // A circle, a bigint, a toJSON that throws, a buffer that was given away.
        return undefined;
    }
}

/**
 * UTF-8 has no lone surrogates; JSON text in a JavaScript string may hold them as they are.
 *
 * @param {string} text
 * @return {string} with each written as \uXXXX, but where a backslash stands in front of it: that is no JSON, and stays so
 */
function escapeLoneSurrogates(text) {
    if (!/\p{Surrogate}/u.test(text)) {
        return text;
    }
    return text.replace(/\\\\|\\?\p{Surrogate}/gu, (found) =>
        found.startsWith('\\') ? found : `\\u${found.charCodeAt(0).toString(16)}`
    );
}

module.exports = { createMatcher, readFilters };
