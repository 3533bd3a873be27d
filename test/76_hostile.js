'use strict';

// A short run of the program of hostile clients (test/reliability/hostile.js). KASOCKI_HOSTILE_SEED repeats a run's decisions.

const assert = require('node:assert/strict');

const { run } = require('./reliability/hostile.js');

const SEED = Number(process.env.KASOCKI_HOSTILE_SEED ?? Date.now() % 1e6);

describe(`hostile clients (seed ${SEED})`, function () {
    this.timeout(300000);

    it('get named errors or are cut off; healthy ones get what is theirs; memory, threads and the event loop stay within bounds', async () => {
        const { counts, problems } = await run({ seed: SEED, seconds: 15, clients: 12 });
        assert.deepEqual(problems, []);
        assert.ok(counts.malformed > 0 && counts.results > 0 && Object.keys(counts.errors).length > 4, JSON.stringify(counts));
    });
});
