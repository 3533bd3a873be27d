'use strict';

/**
 * Takes turns among the sockets of a process, and decides how long a match waits for company.
 *
 * A batch costs the same whether it holds one message or fifty. While messages are rare that does not matter, and each
 * goes out at once. When they keep coming, small batches would take all of the time, and waiting a little for the next
 * ones saves it. So the time that small batches take is written down as a debt, times REST: until it has passed, what is
 * new waits for company, but never longer than the socket's `maxDelay`. Small batches thereby take at most one part in
 * REST of the event loop's time for as long as `maxDelay` is long enough for that. A thousand messages a second to one
 * socket are far below, and never wait; the same to a hundred sockets are above, and go out two or three at a time.
 *
 * Batches that are full anyhow cause no debt, so a backlog goes at full speed. Timers of Node.js are of 1 ms: rests of
 * less are not taken, and add up.
 */

/** How long the event loop may be held up by deliveries in a row, in ms. */
const SLICE = 5;

/** How many times as long as small batches took the next ones wait. */
const REST = 4;

/** What one of them counts at most, in ms: if it took longer, the process was not running meanwhile. */
const LONGEST_SMALL = 0.1;

/** A batch that holds less than this part of what it could hold is small. */
const SMALL = 0.25;

/** The shortest rest that timers can measure, in ms. */
const SHORTEST_REST = 1;

const CLOCK = { now: () => performance.now(), setTimeout, setImmediate };

/**
 * One for all hubs. A task is a socket's delivery: { pump(), maxDelay }.
 *
 * pump() sends one batch. It returns 0 if there was none, else which part it held of what it could hold; then it is to be
 * called again. Must not throw. maxDelay: how long news for it may wait, in ms.
 */
class Scheduler {
    /** @param {{now: function(): number, setTimeout: Function, setImmediate: Function}} [clock] a test's, in ms */
    constructor(clock = CLOCK) {
        this.clock = clock;
        // A Set is walked in order of insertion, those included that are added on the way: a queue without duplicates.
        this.queue = new Set();
        this.running = false;
        this.immediate = false;
        /** those for which there is something new, while they wait for company */
        this.resting = new Set();
        this.restUntil = -Infinity;
        this.wakeAt = Infinity;
        this.run = this.run.bind(this);
    }

    /** @param {object} task to be pumped in the next turn of the event loop, with whatever else comes up in this one */
    add(task) {
        this.resting.delete(task);
        this.queue.add(task);
        this.runSoon();
    }

    /** @param {Iterable<object>} tasks for which there is something new: to be pumped at once, or after a rest */
    offer(tasks) {
        const now = this.clock.now();
        for (const task of tasks) {
            const rest = Math.min(this.restUntil - now, task.maxDelay);
            if (rest < SHORTEST_REST) {
                this.resting.delete(task);
                this.queue.add(task);
            } else if (!this.queue.has(task)) {
                this.resting.add(task);
                this.wakeIn(rest, now);
            }
        }
        if (this.queue.size > 0 && !this.running && !this.immediate) {
            this.run();
        }
    }

    /** @param {object} task is not to be pumped any more */
    remove(task) {
        this.queue.delete(task);
        this.resting.delete(task);
    }

    runSoon() {
        if (!this.running && !this.immediate) {
            this.immediate = true;
            this.clock.setImmediate(this.run);
        }
    }

    run() {
        this.immediate = false;
        this.running = true;
        const start = this.clock.now();
        let now = start;
        let sent = 0;
        let small = 0;
        let longest = 0;
        for (const task of this.queue) {
            this.queue.delete(task);
            const filled = task.pump();
            if (filled > 0) {
                this.queue.add(task);
                sent++;
                small += filled < SMALL;
                longest = Math.max(longest, task.maxDelay);
            }
            now = this.clock.now();
            if (now - start > SLICE) {
                break;
            }
        }
        this.running = false;
        if (small > 0) {
            const debt = Math.min((now - start) / sent, LONGEST_SMALL) * small * REST;
            this.restUntil = Math.min(Math.max(this.restUntil, start) + debt, now + longest);
        }
        if (this.queue.size > 0) {
            this.runSoon();
        }
    }

    /** Ends the rest of all in so many ms, if nothing does before: who must go first takes the others along. */
    wakeIn(rest, now) {
        if (now + rest < this.wakeAt) {
            const wakeAt = now + rest;
            this.wakeAt = wakeAt;
            this.clock.setTimeout(() => this.wake(wakeAt), Math.floor(rest));
        }
    }

    wake(wakeAt) {
        // Else an earlier one has come before this one.
        if (this.wakeAt === wakeAt) {
            this.wakeAt = Infinity;
            for (const task of this.resting) {
                this.queue.add(task);
            }
            this.resting.clear();
            if (this.queue.size > 0 && !this.running && !this.immediate) {
                this.run();
            }
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
