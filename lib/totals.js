'use strict';

/** What the sockets of this process (of this worker thread, rather) have done since it began. */
class Totals {
    constructor() {
        this.messagesSent = 0;
        this.bytesSent = 0;
        /** records that a deserializer could not make a message of */
        this.recordsUndecoded = 0;
        /** by the event's name */
        this.events = new Map();
        /** that went to clients, by their class: as many as there are classes */
        this.errors = new Map();
    }

    /**
     * @param {number} count of messages
     * @param {number} bytes of their frames
     */
    sent(count, bytes) {
        this.messagesSent += count;
        this.bytesSent += bytes;
    }

    /** @param {string} name of a client's event */
    event(name) {
        this.events.set(name, (this.events.get(name) ?? 0) + 1);
    }

    /** @param {string} name of an error's class */
    error(name) {
        this.errors.set(name, (this.errors.get(name) ?? 0) + 1);
    }
}

module.exports = { totals: new Totals() };
