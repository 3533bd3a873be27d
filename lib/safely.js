'use strict';

/**
 * Calls a function that a user gave. Whatever it throws, or its Promise rejects with, is swallowed or handed on: it
 * never becomes an uncaught exception or an unhandled rejection.
 *
 * @param {Function} fn
 * @param {*} self
 * @param {Array} args
 * @param {function(*): void} [onError] gets what was thrown or rejected with
 * @return {*} what it returned; undefined if it threw
 */
function callSafely(fn, self, args, onError = ignore) {
    let result;
    try {
        result = fn.apply(self, args);
        if (isThenable(result)) {
            result.then(ignore, onError);
        }
    } catch (error) {
        onError(error);
        return undefined;
    }
    return result;
}

/**
 * @param {*} value
 * @return {boolean} has a `then` method
 */
function isThenable(value) {
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
    return isObject && typeof value.then === 'function';
}

function ignore() {}

module.exports = { callSafely, isThenable };
