'use strict';

const { KasockiError } = require('./errors');
const { readFilters } = require('./matcher');

/*
 * The option `filter`: what a server enforces on all messages of a socket. The core carries it out, before the client's own
 * filter is asked (src/engine/evaluator.cc). Nothing of it is ever shown to the client.
 */

/**
 * The server's own filter for one socket.
 *
 * @param {*} option a filter, or a function of the socket that gives one, or a Promise of one; undefined: none
 * @param {object} socket
 * @param {import('./asker').Asker} asker
 * @param {number} timeout how long the function may take, in ms
 * @return {Promise<string|undefined>} as the core takes it. Rejects with a KasockiError without details, whose `cause`
 *     is for the log
 */
async function readGuard(option, socket, asker, timeout) {
    if (option === undefined) {
        return undefined;
    }
    try {
        const { filter } = readFilters(typeof option === 'function' ? await asker.ask(option, [socket], timeout) : option);
        if (filter === null) {
            // What is off for a client is a mistake here. A function that forgot its return must not open everything.
            throw new TypeError('it is no filter ({} is the one that lets everything pass)');
        }
        return filter;
    } catch (thrown) {
        throw guardFault(thrown);
    }
}

/**
 * @param {*} cause
 * @return {KasockiError} that a client may see: it must not learn what the filter is
 */
function guardFault(cause) {
    return Object.defineProperty(new KasockiError('Option "filter" could not be applied'), 'cause', { value: cause });
}

module.exports = { readGuard, guardFault };
