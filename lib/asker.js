'use strict';

const { AlreadyClosingError } = require('./errors');
const { isThenable } = require('./safely');

/** A user's function did not answer in time. */
class NoAnswer extends Error {}

/**
 * Asks a user's functions about one socket, and waits for their answers: as long as was said, and no longer than the
 * socket lives. An answer that comes later is nobody's any more.
 */
class Asker {
    constructor() {
        /** @type {Set<Function>|undefined} of those who wait; made for the first of them: most sockets have none */
        this.waiting = undefined;
        this.closed = false;
    }

    /**
     * @param {Function} fn
     * @param {Array} args
     * @param {number} timeout in ms
     * @return {Promise<*>} what it returned, or its Promise gave. Rejects with what it threw, a NoAnswer, or an
     *     AlreadyClosingError when the socket went
     */
    ask(fn, args, timeout) {
        return new Promise((resolve, reject) => {
            if (this.closed) {
                reject(gone());
                return;
            }
            // Wrapped, because a thenable of somebody's own may throw, or call back twice.
            const result = fn.apply(undefined, args);
            if (!isThenable(result)) {
                resolve(result);
                return;
            }
            const done = (settle) => (value) => {
                clearTimeout(timer);
                this.waiting.delete(giveUp);
                settle(value);
            };
            const giveUp = done(reject);
            const timer = setTimeout(() => giveUp(new NoAnswer(`no answer within ${Math.round(timeout)} ms`)), timeout);
            this.waiting ??= new Set();
            this.waiting.add(giveUp);
            Promise.resolve(result).then(done(resolve), done(reject));
        });
    }

    /** Nobody waits any more. */
    close() {
        this.closed = true;
        for (const giveUp of [...this.waiting ?? []]) {
            giveUp(gone());
        }
    }
}

function gone() {
    return new AlreadyClosingError('The socket is being closed');
}

module.exports = { Asker, NoAnswer };
