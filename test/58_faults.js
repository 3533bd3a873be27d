'use strict';

// A short run of the program of faults (test/reliability/faults.js), each kind of fault once. KASOCKI_FAULT_SEED repeats a run's decisions.

const assert = require('node:assert/strict');

const { run } = require('./reliability/faults.js');

const SEED = Number(process.env.KASOCKI_FAULT_SEED ?? Date.now() % 1e6);

describe(`faults of a cluster and of the network (seed ${SEED})`, function () {
    this.timeout(1200000);

    it('lose nothing, and nothing comes twice or out of order', async () => {
        const { faults, records, messages, lost, repeated, disordered, problems } = await run({ seed: SEED, rounds: 1 });
        assert.deepEqual(problems, []);
        assert.deepEqual([lost, repeated, disordered], [0, 0, 0]);
        assert.ok(Object.values(faults).every((times) => times === 1), JSON.stringify(faults));
        assert.ok(records > 0 && messages > records);
    });
});
