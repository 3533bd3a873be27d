'use strict';

/**
 * The filter language in plain JavaScript, as short as it can be: what the native one must agree with.
 * It sees a parsed message, and runs regular expressions on JavaScript's own engine.
 */

const own = (object, name) => Object.prototype.hasOwnProperty.call(object, name);
const isIndex = (name) => /^(0|[1-9][0-9]*)$/.test(name);

function valueAt(message, path) {
    let value = message;
    for (const name of path.split('.')) {
        const isThere = typeof value === 'object' && value !== null && own(value, name);
        if (!isThere || (Array.isArray(value) && !isIndex(name))) {
            return undefined;
        }
        value = value[name];
    }
    return value;
}

function toRegExp(text) {
    const [, flags, pattern] = /^((?:\(\?[is]+\))*)([^]*)$/.exec(text.slice(1, -1));
    return new RegExp(pattern, 'u' + (flags.includes('i') ? 'i' : '') + (flags.includes('s') ? 's' : ''));
}

function holds(wanted, value) {
    if (Array.isArray(wanted)) {
        return Array.isArray(value) ? wanted.every((item) => value.includes(item)) : wanted.includes(value);
    }
    if (typeof wanted === 'string' && wanted.length > 1 && wanted.startsWith('/') && wanted.endsWith('/')) {
        const regex = toRegExp(wanted);
        const isText = (scalar) => ['string', 'number', 'boolean'].includes(typeof scalar);
        return (Array.isArray(value) ? value : [value]).some((scalar) => isText(scalar) && regex.test(String(scalar)));
    }
    return wanted === value;
}

/** @return {function(object): boolean} */
function referenceMatcher(filters) {
    return (message) => Object.keys(filters).every((path) => holds(filters[path], valueAt(message, path)));
}

module.exports = { referenceMatcher };
