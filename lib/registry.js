'use strict';

const { AlreadyClosingError, LimitExceededError } = require('./errors');

/**
 * What a Kasocki is to the others of its process (of its worker thread, rather): a place among those that are served.
 *
 * @typedef {object} Resident
 * @property {function(Error): void} end is told to end its socket
 * @property {function(): {events: number, consumes: number}} waiting what waits for it
 */

/** All sockets that are being served, and whether new ones are. */
class Registry {
    constructor() {
        /** @type {Set<Resident>} */
        this.residents = new Set();
        this.closing = false;
    }

    /**
     * @param {Resident} resident
     * @param {number} limit how many there may be, this one included
     * @return {Error|undefined} why there is no place for it; its `healable` says that there may be one later
     */
    admit(resident, limit) {
        let refusal;
        if (this.closing) {
            refusal = new AlreadyClosingError('The server is closing');
        } else if (this.residents.size >= limit) {
            refusal = new LimitExceededError(`More than ${limit} sockets at once`);
        } else {
            this.residents.add(resident);
            return undefined;
        }
        return Object.assign(refusal, { healable: true });
    }

    /** @param {Resident} resident */
    leave(resident) {
        this.residents.delete(resident);
    }
}

module.exports = { registry: new Registry() };
