'use strict';

const { roughSize } = require('./rough-size');
const { SLICE } = require('./scheduler');

/**
 * Carries out one socket's events in their order of arrival, each after the one before is decided. Those that come
 * before open() wait for it.
 */
class EventQueue {
    /**
     * @param {number} limit how many events may wait
     * @param {number} maxBytes what they may take, about
     * @param {object} owner
     * @param {function(object): Promise<void>|undefined} owner.carryOut decides one event; must not throw or reject
     */
    constructor(limit, maxBytes, owner) {
        this.limit = limit;
        this.maxBytes = maxBytes;
        this.owner = owner;
        this.waiting = [];
        /** what those that wait take */
        this.bytes = 0;
        /** an event is being carried out, or the queue is not open yet, or closed */
        this.busy = true;
        this.closed = false;
    }

    /**
     * @param {{argument: *}} event
     * @return {string|undefined} why there is no room for it, for it would have to wait
     */
    push(event) {
        if (this.waiting.length >= this.limit) {
            return `More than ${this.limit} events are waiting`;
        }
        // What is carried out at once takes no room.
        const bytes = this.busy ? this.sizeOf(event.argument) : 0;
        if (this.bytes + bytes > this.maxBytes) {
            return `The events that are waiting take more than ${this.maxBytes} bytes`;
        }
        this.bytes += bytes;
        this.waiting.push({ event, bytes });
        this.run();
        return undefined;
    }

    sizeOf(argument) {
        try {
            return roughSize(argument, this.maxBytes);
        } catch {
            // A getter or a proxy of the server's own making. Who carries the event out will say so.
            return 0;
        }
    }

    open() {
        this.goOn();
    }

    /** @return {object[]} the events that will not be carried out */
    close() {
        this.closed = true;
        return this.waiting.splice(0).map(({ event }) => event);
    }

    goOn() {
        this.busy = this.closed;
        this.run();
    }

    run() {
        const end = performance.now() + SLICE;
        while (!this.busy && this.waiting.length > 0) {
            // Busy during the call as well, for an event that an event brings about.
            this.busy = true;
            const { event, bytes } = this.waiting.shift();
            this.bytes -= bytes;
            if (this.waiting.length === 0) {
                // An array that has been filled keeps its room.
                this.waiting = [];
            }
            const deciding = this.owner.carryOut(event);
            if (deciding !== undefined) {
                deciding.then(() => this.goOn());
            } else if (performance.now() > end) {
                setImmediate(() => this.goOn());
            } else {
                this.busy = this.closed;
            }
        }
    }
}

module.exports = { EventQueue };
