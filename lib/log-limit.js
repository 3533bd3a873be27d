'use strict';

/** Between two lines of a kind, in ms. */
const INTERVAL = 1000;

/** Of so many kinds it is remembered when they were logged. More would be texts that somebody makes up. */
const MOST_KINDS = 100;

/** For faults that may come by the thousand: lets a line of each kind through once in a while. */
class LogLimit {
    constructor() {
        /** kind -> { at, count }: when a line passed, and how many did not since then */
        this.kinds = new Map();
    }

    /**
     * @param {string} kind
     * @param {number} [now] in ms
     * @return {number} how many lines this one stands for: itself and those that did not pass since the last one; 0: it
     *     does not pass
     */
    pass(kind, now = performance.now()) {
        const known = this.kinds.get(kind);
        if (known !== undefined && now - known.at < INTERVAL) {
            known.count++;
            return 0;
        }
        if (known === undefined && this.kinds.size >= MOST_KINDS) {
            this.kinds.clear();
        }
        this.kinds.set(kind, { at: now, count: 0 });
        return 1 + (known?.count ?? 0);
    }
}

/** A limit for each of the users' loggers. */
const limits = new WeakMap();

/**
 * @param {object} logger a user's
 * @return {LogLimit} the one that all who log to it share
 */
function limitOf(logger) {
    let limit = limits.get(logger);
    if (limit === undefined) {
        limit = new LogLimit();
        limits.set(logger, limit);
    }
    return limit;
}

module.exports = { LogLimit, limitOf };
