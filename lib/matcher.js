'use strict';

const { InvalidFilterError, LimitExceededError, fromNative, fromThrown } = require('./errors');
const { NativeMatcher } = require('./native');

/** What a filter may take up, by default. */
const FILTER_LIMITS = {
    /** bytes of a filter's JSON text; what is longer is refused before it becomes a text */
    filterBytes: 65536,
    /** steps of a filter's expressions on one message, see docs/filters.md */
    filterSteps: 100000,
    /** bytes of memory for one regular expression of a filter */
    regexProgram: 262144
};

/**
 * Reads filters as given by JavaScript: what JSON can't carry is refused rather than lost on the way.
 *
 * @param {*} filters `{ 'dotted.path': value }`, an expression, or an array of these; falsy, or a blank text: no filter
 * @param {number} [maxBytes] of its JSON text
 * @return {{filter: string|null, filters: object|string|Array|null}} the filter's JSON text for the core, and as it is
 *     shown; null: none
 * @throws {InvalidFilterError|LimitExceededError} of a value's type, or the size; what the text means is for the core to judge
 */
function readFilters(filters, maxBytes = FILTER_LIMITS.filterBytes) {
    const none = { filter: null, filters: null };
    if (!filters) {
        return none;
    }
    let clean;
    try {
        clean = copyFilters(filters, maxBytes);
    } catch (error) {
        // A getter or a proxy may throw anything.
        throw fromThrown(error, InvalidFilterError);
    }
    const shown = Array.isArray(clean) ? clean.map(trimmed).filter(Boolean) : trimmed(clean);
    if (shown === '' || (Array.isArray(shown) && shown.length === 0)) {
        return none;
    }
    // Parsed again: an ordinary object, in which a member "__proto__" is like any other.
    return { filter: JSON.stringify(clean), filters: JSON.parse(JSON.stringify(shown)) };
}

const trimmed = (filter) => (typeof filter === 'string' ? filter.trim() : filter);

/**
 * @param {object|string|Array} filters
 * @param {number} maxBytes
 * @return {object|string|Array} a copy: objects without a prototype, whose values are scalars and arrays of scalars
 * @throws {InvalidFilterError|LimitExceededError}
 */
function copyFilters(filters, maxBytes) {
    let room = maxBytes;
    // What is longer is refused before it becomes a text; the core counts exactly.
    const take = (length) => {
        room -= length;
        if (room < 0) {
            throw new LimitExceededError(`a filter is larger than ${maxBytes} bytes`);
        }
    };
    const refuse = (message) => new InvalidFilterError(message, { filters });
    const copy = (filter, fault) => {
        if (typeof filter === 'string') {
            take(filter.length);
            return filter;
        }
        if (!isPlainObject(filter)) {
            throw refuse(fault);
        }
        return copyObject(filter, take, refuse);
    };
    if (!Array.isArray(filters)) {
        return copy(
            filters,
            'a filter must be an object, { "dotted.path": value }, an expression as a string, or an array of these'
        );
    }
    if (filters.length === 0) {
        throw refuse('a filter must not be an empty array');
    }
    take(filters.length);
    return Array.from(filters, (item, i) => copy(item, `item ${i} of the array: neither an object nor a string`));
}

/** @return {object} a copy of a filter of the object language */
function copyObject(filter, take, refuse) {
    if (Object.getOwnPropertySymbols(filter).length > 0) {
        throw refuse('a symbol cannot be a path');
    }
    const scalar = (path, value) => {
        const fault = faultOf(value);
        if (fault !== undefined) {
            throw refuse(`filter ${quote(path)}: ${fault}`);
        }
        take(typeof value === 'string' ? value.length + 1 : 1);
        return value;
    };
    const copy = Object.create(null);
    for (const path of Object.keys(filter)) {
        take(path.length + 1);
        const value = filter[path];
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
 * Tells on an error of the core what filter it is about.
 *
 * @param {import('./errors').KasockiError} error with `item`, if it is about one of an array's
 * @param {object|string|Array} filters
 * @return {import('./errors').KasockiError} the same
 */
function aboutFilters(error, filters) {
    error.filters = filters;
    if (error.position !== undefined) {
        error.filter = error.item === undefined ? filters : filters[error.item];
    }
    return error;
}

/**
 * The built-in filter languages as a function.
 *
 *     const matches = createMatcher({ 'user.bot': false, wiki: '/^(de|en)wiki$/' });
 *     matches({ wiki: 'enwiki', user: { bot: false } }); // true
 *     createMatcher("$.user.bot == false && match($.wiki, '(de|en)wiki')")({ wiki: 'enwiki', user: { bot: false } }); // true
 *
 * The function takes a message as an object (as it would be sent: JSON.stringify decides), JSON text, or bytes of it. What
 * is not a JSON object or array does not match, nor does what takes too many steps; nothing throws. Its member `filters`
 * holds the filters, null for none.
 *
 * @param {object|string|Array} [filters] `{ 'dotted.path': value }`, an expression, or an array of these; falsy:
 *     everything matches
 * @param {{filterBytes?: number, filterSteps?: number, regexProgram?: number}} [limits] see FILTER_LIMITS
 * @return {function((object|string|Uint8Array)): boolean}
 * @throws {InvalidFilterError}
 */
function createMatcher(filters, limits) {
    const known = { ...FILTER_LIMITS, ...limits };
    let read;
    let native;
    try {
        read = readFilters(filters, known.filterBytes);
        native = new NativeMatcher(read.filter ?? '{}', known);
    } catch (thrown) {
        const error = thrown.kind === undefined ? thrown : aboutFilters(fromNative(thrown), filters);
        // Of whatever class: here, what is too large is a filter that can't be.
        throw error instanceof InvalidFilterError ? error : new InvalidFilterError(error.message, { filters, ...error });
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

module.exports = { FILTER_LIMITS, aboutFilters, createMatcher, readFilters };
