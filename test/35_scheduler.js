'use strict';

// Whose turn it is, and how long a message waits for company, on a clock that only the tests move.

const assert = require('node:assert/strict');

const { Scheduler, SLICE } = require('../lib/scheduler.js');

/** What a test moves by hand: time in ms, timers, immediates. */
class Clock {
    constructor() {
        this.time = 1000;
        this.timers = [];
        this.immediates = [];
        this.now = () => this.time;
        this.setTimeout = (callback, delay) => this.timers.push({ callback, at: this.time + delay });
        this.setImmediate = (callback) => this.immediates.push(callback);
    }

    /** One turn of the event loop. */
    turn() {
        this.immediates.splice(0).forEach((callback) => callback());
    }

    /** Lets time pass, to each timer and immediate that is due. */
    pass(ms) {
        const end = this.time + ms;
        for (;;) {
            this.turn();
            const [next] = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
            if (!next) {
                break;
            }
            this.timers.splice(this.timers.indexOf(next), 1);
            this.time = Math.max(this.time, next.at);
            next.callback();
        }
        this.time = Math.max(this.time, end);
        this.turn();
    }
}

/** A socket's delivery: batches that take so long and hold so much of what they could hold. */
class Task {
    constructor(clock, { batches = 0, cost = 0.1, filled = 0.01, maxDelay = 2, log = [], name = '' } = {}) {
        Object.assign(this, { clock, batches, cost, filled, maxDelay, log, name, pumped: [] });
    }

    pump() {
        if (this.batches === 0) {
            return 0;
        }
        this.pumped.push(this.clock.time);
        this.log.push(this.name);
        this.clock.time += this.cost;
        this.batches--;
        return this.filled;
    }
}

describe('scheduler', () => {
    let clock;
    let scheduler;
    beforeEach(() => {
        clock = new Clock();
        scheduler = new Scheduler(clock);
    });

    /** Offers a task one batch every `interval` ms, and returns when each was sent. */
    function follow(task, interval, count) {
        const offered = [];
        for (let i = 0; i < count; i++) {
            offered.push(clock.time);
            // As the core does: nothing more is said of a task until it has been pumped dry.
            if (task.batches++ === 0) {
                scheduler.offer([task]);
            } else {
                task.batches = 1; // it joins the batch that waits
            }
            clock.pass(interval);
        }
        clock.pass(100);
        return offered;
    }

    /** @returns {Task} one that has just sent many small batches in a row: what comes now waits */
    function afterBurst(maxDelay) {
        const task = new Task(clock, { batches: SLICE * 10 - 5, maxDelay });
        scheduler.offer([task]);
        return task;
    }

    it('takes turns, a batch each, and the next turn of the event loop for what is added', () => {
        const log = [];
        const tasks = ['a', 'b', 'c'].map((name, i) => new Task(clock, { batches: 3 - i, log, name, filled: 1 }));
        tasks.forEach((task) => scheduler.add(task));
        assert.deepEqual(log, []);
        clock.turn();
        assert.equal(log.join(''), 'abcaba');
    });

    it('gives the event loop back after some ms', () => {
        const task = new Task(clock, { batches: 100, filled: 1, cost: 1 });
        scheduler.add(task);
        for (let turn = 1; task.batches > 0; turn++) {
            clock.turn();
            assert.ok(100 - task.batches <= turn * (SLICE + 1), `${100 - task.batches} after ${turn} turns`);
        }
    });

    it('pumps nothing that was removed, waiting or resting', () => {
        const busy = afterBurst(2);
        const [waiting, resting] = [new Task(clock, { batches: 1 }), new Task(clock, { batches: 1 })];
        scheduler.add(waiting);
        scheduler.offer([resting]);
        scheduler.remove(waiting);
        scheduler.remove(resting);
        clock.pass(100);
        assert.deepEqual([busy.batches, waiting.batches, resting.batches], [0, 1, 1]);
    });

    describe('while messages are rare', () => {
        it('sends each at once', () => {
            const task = new Task(clock);
            const offered = follow(task, 1.2, 50);
            assert.deepEqual(task.pumped, offered);
            assert.equal(clock.timers.length, 0);
        });

        it('sends the first after a burst at once', () => {
            const task = new Task(clock, { cost: 0.5 });
            follow(task, 0.1, 50);
            task.pumped.length = 0;
            assert.deepEqual(follow(task, 50, 3), task.pumped);
        });
    });

    describe('while messages keep coming', () => {
        it('lets them wait for company, so that small batches take little of the time', () => {
            const task = new Task(clock, { cost: 0.1 });
            const start = clock.time;
            follow(task, 0.1, 1000);
            const spent = task.pumped.length * task.cost;
            const time = clock.time - 100 - start;
            assert.ok(spent / time < 0.3, `${task.pumped.length} batches take ${spent} of ${time} ms`);
        });

        it('but none longer than its socket allows', () => {
            for (const maxDelay of [2, 5, 10]) {
                let longest = 0;
                for (let i = 0; i < 20; i++) {
                    const task = afterBurst(maxDelay);
                    clock.pass(0.5);
                    const offered = clock.time;
                    task.batches = 1;
                    scheduler.offer([task]);
                    while (task.batches > 0) {
                        clock.pass(0.5);
                    }
                    longest = Math.max(longest, task.pumped.at(-1) - offered);
                }
                assert.ok(longest <= maxDelay && longest >= maxDelay - 1, `${longest} of ${maxDelay} ms`);
                clock.pass(100);
            }
        });

        it('and takes no batch for dearer than batches are: others may have had the processor', () => {
            const task = new Task(clock, { cost: 20, batches: 1 });
            scheduler.offer([task]);
            clock.turn();
            task.batches = 1;
            scheduler.offer([task]);
            assert.equal(task.batches, 0);
        });

        it('and never where maxDelay is 0', () => {
            const task = afterBurst(0);
            for (let i = 0; i < 20; i++) {
                task.batches = 1;
                scheduler.offer([task]);
                assert.equal(task.batches, 0);
            }
        });

        it('takes the others along when the first one must go', () => {
            afterBurst(100);
            const patient = new Task(clock, { batches: 1, maxDelay: 100 });
            const hasty = new Task(clock, { batches: 1, maxDelay: 3 });
            scheduler.offer([patient]);
            clock.pass(1);
            scheduler.offer([hasty]);
            clock.pass(2);
            assert.deepEqual([patient.batches, hasty.batches], [1, 1]);
            clock.pass(1);
            assert.deepEqual([patient.batches, hasty.batches], [0, 0]);
        });

        it('does not wait for room that was missing, nor with what was asked for', () => {
            afterBurst(100);
            const task = new Task(clock, { batches: 1, maxDelay: 100 });
            scheduler.offer([task]);
            scheduler.add(task);
            clock.turn();
            assert.equal(task.batches, 0);
        });
    });

    it('never waits where batches are full anyhow', () => {
        const task = new Task(clock, { cost: 1, filled: 0.9 });
        for (let i = 0; i < 50; i++) {
            task.batches = 2;
            scheduler.offer([task]);
            clock.turn();
            assert.equal(task.batches, 0);
        }
        assert.equal(clock.timers.length, 0);
    });
});
