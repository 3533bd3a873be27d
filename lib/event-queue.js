'use strict';

const { SLICE } = require('./scheduler');

/**
 * Carries out one socket's events in their order of arrival, each after the one before is decided. Those that come
 * before open() wait for it.
 */
class EventQueue {
    /**
     * @param {number} limit how many events may wait
     * @param {function(object): Promise<void>|undefined} carryOut decides one event; must not throw or reject
     */
    constructor(limit, carryOut) {
        this.limit = limit;
        this.carryOut = carryOut;
        this.waiting = [];
        /** an event is being carried out, or the queue is not open yet, or closed */
        this.busy = true;
        this.closed = false;
        this.goOn = this.goOn.bind(this);
    }

    /**
     * @param {object} event
     * @return {boolean} false: too many wait already
     */
    push(event) {
        if (this.waiting.length >= this.limit) {
            return false;
        }
        this.waiting.push(event);
        this.run();
        return true;
    }

    open() {
        this.goOn();
    }

    /** @return {object[]} the events that will not be carried out */
    close() {
        this.closed = true;
        return this.waiting.splice(0);
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
            const deciding = this.carryOut(this.waiting.shift());
            if (deciding !== undefined) {
                deciding.then(this.goOn);
            } else if (performance.now() > end) {
                setImmediate(this.goOn);
            } else {
                this.busy = this.closed;
            }
        }
    }
}

module.exports = { EventQueue };
