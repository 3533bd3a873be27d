'use strict';

// A short run of the program of faults (test/reliability/faults.js), each kind of fault once. KASOCKI_FAULT_SEED repeats a run's decisions.

const assert = require('node:assert/strict');

const { check } = require('./reliability/check.js');
const { run } = require('./reliability/faults.js');

const SEED = Number(process.env.KASOCKI_FAULT_SEED ?? Date.now() % 1e6);

describe(`faults of a cluster, of the network and of topics (seed ${SEED})`, function () {
    this.timeout(1200000);

    it('lose nothing, nothing comes twice or out of order, and what is deleted leaves a gap', async () => {
        const { faults, records, messages, gaps, lost, repeated, disordered, problems } = await run({ seed: SEED, rounds: 1 });
        assert.deepEqual(problems, []);
        assert.deepEqual([lost, repeated, disordered], [0, 0, 0]);
        assert.ok(Object.values(faults).every((times) => times === 1), JSON.stringify(faults));
        assert.ok(records > 0 && messages > records);
        // At least of the topic that was made again.
        assert.ok(gaps > 0);
    });
});

describe('the check of what sockets got', () => {
    /** Twice five records, of which the even ones pass; the topic was made again in between, and then lost its first three. */
    const life = Array.from({ length: 5 }, (_, offset) => ({ offset, record: { n: offset } }));
    const log = { topic: 'topic', lives: [[life], [life]], deleted: [[3]] };
    const retention = (from, to) => ({ from, to, reason: 'retention' });
    const again = (from, to = 0) => ({ from, to, reason: 'truncated' });

    function checked(...events) {
        const reader = { startOf: () => 0, passes: ({ n }) => n % 2 === 0, events: () => events, toString: () => 'a socket' };
        const { lost, repeated, disordered, gaps, problems } = check([log], [reader]);
        return [lost, repeated, disordered, gaps, problems.length];
    }

    for (const [text, events, expected] of [
        ['takes what is right', [0, 2, 4, again(5), 0, 2, 4], [0, 0, 0, 1, 0]],
        ['takes gaps of what was deleted', [0, again(1), 0, retention(1, 3), 4], [0, 0, 0, 2, 0]],
        ['takes a leap into the next life', [0, 2, again(4, 3), 4], [0, 0, 0, 1, 0]],
        ['sees what is lost, before a message, before a gap and at the end', [0, 4, again(5), retention(1, 3)], [3, 0, 0, 2, 3]],
        ['sees what came twice', [0, 2, 2, 4, again(5), 0, 2, 4, 0], [0, 2, 0, 1, 2]],
        ['sees what came out of order', [0, 4, 2, again(5), 0, 2, 4], [0, 0, 1, 1, 2]],
        ['sees what should not have come', [0, 1, 2, 4, again(5), 0, 2, 4, 5], [0, 0, 0, 1, 2]],
        ['sees a gap of what was not deleted', [0, retention(1, 3), 4, again(5), 0, 2, 4], [1, 0, 0, 2, 2]],
        ['sees a gap that goes too far', [0, 2, 4, again(5), 0, retention(1, 4), 4], [1, 0, 0, 2, 2]],
        ['sees a gap of what had come', [0, 2, 4, again(5), 0, 2, retention(2, 3), 4], [0, 0, 0, 2, 1]],
        ['sees a gap of a life that never was', [0, 2, 4, again(5), 0, 2, 4, again(5)], [0, 0, 0, 2, 1]],
        ['sees that nobody told of the next life', [0, 2, 4], [3, 0, 0, 0, 2]],
    ]) {
        it(text, () => {
            assert.deepEqual(checked(...events), expected);
        });
    }
});
