'use strict';

// The soak (test/reliability/soak.js) at its shortest. KASOCKI_FAULT_SEED repeats a run's decisions.

const assert = require('node:assert/strict');

const { run } = require('./reliability/soak.js');

const SEED = Number(process.env.KASOCKI_FAULT_SEED ?? Date.now() % 1e6);

describe(`faults, sockets that come and go, and hostile clients at once (seed ${SEED})`, function () {
    this.timeout(1200000);

    it('lose nothing, and memory does not grow', async () => {
        const { problems, tables, plots } = await run({ minutes: 1, seed: SEED });
        assert.deepEqual(problems, []);
        const [, [[records, messages, , ...wrong]], [, [, guests], [, attacks]]] = tables.map(({ rows }) => rows);
        assert.deepEqual(wrong, [0, 0, 0]);
        assert.ok(records > 0 && messages > records && guests > 0 && attacks > 0, JSON.stringify(tables));
        assert.ok(plots.every(({ lines }) => lines.every(({ points }) => points.length >= 3 && points.flat().every(Number.isFinite))));
    });

    it('cannot be told of less than a minute', async () => {
        await assert.rejects(run({ minutes: 0.9, seed: SEED }), { name: 'RangeError', message: /^minutes must be 1 or more/ });
    });
});
