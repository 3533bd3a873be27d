'use strict';

/** How long the event loop may be held up by deliveries in a row, in ms. */
const SLICE = 5;

/**
 * Takes turns among the sockets of a process that have something to send: one batch each, again and again, handing the
 * event loop back every few milliseconds. One for all hubs.
 */
class Scheduler {
    constructor() {
        // A Set is walked in order of insertion, those included that are added on the way: a queue without duplicates.
        this.queue = new Set();
        this.running = false;
        this.immediate = false;
        this.run = this.run.bind(this);
    }

    /**
     * To be pumped in the next turn of the event loop, with whatever else comes up in this one.
     *
     * @param {{pump: function(): boolean}} task pump() sends one batch; true: call it again. Must not throw
     */
    add(task) {
        this.queue.add(task);
        if (!this.running && !this.immediate) {
            this.immediate = true;
            setImmediate(this.run);
        }
    }

    /**
     * To be pumped at once, unless others wait.
     *
     * @param {Iterable<{pump: function(): boolean}>} tasks
     */
    addNow(tasks) {
        for (const task of tasks) {
            this.queue.add(task);
        }
        if (!this.running && !this.immediate) {
            this.run();
        }
    }

    /** @param {object} task is not to be pumped any more */
    remove(task) {
        this.queue.delete(task);
    }

    run() {
        this.immediate = false;
        this.running = true;
        const end = performance.now() + SLICE;
        for (const task of this.queue) {
            this.queue.delete(task);
            if (task.pump()) {
                this.queue.add(task);
            }
            if (performance.now() > end) {
                break;
            }
        }
        this.running = false;
        if (this.queue.size > 0) {
            this.immediate = true;
            setImmediate(this.run);
        }
    }
}

/** @return {Promise<void>} resolves in the next turn of the event loop */
function nextTurn() {
    return new Promise((resolve) => {
        setImmediate(resolve);
    });
}

module.exports = { Scheduler, scheduler: new Scheduler(), nextTurn, SLICE };
