'use strict';

// A short run of the program of faults (test/reliability/faults.js), each kind of fault once. KASOCKI_FAULT_SEED repeats a run's decisions.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { check } = require('./reliability/check.js');
const { run } = require('./reliability/faults.js');
const { pageOf } = require('./reliability/page.js');

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

describe('docs/reliability.md', () => {
    const names = ['faults', 'hostile', 'lifecycles', 'soak', 'fuzz'];
    const page = fs.readFileSync(path.join(__dirname, '../docs/reliability.md'), 'utf8');
    const results = (more) => new Map(names.map((name) => [name, more[name] ?? null]));

    it('stays as it is where nothing has been run', () => {
        assert.equal(pageOf(names, results({}), page), page);
    });

    it('has what was run last, and of other programs what it had', () => {
        const hostile = {
            name: 'hostile', options: { seed: 1 }, when: '2026-01-02T03:04:05.678Z', plots: [], problems: ['one\nmore of it'],
            machine: { load: 0, cores: 2, cpu: 'a CPU', system: 'a system' }, versions: { 'Node.js': '1.2.3' },
            tables: [{ title: 'A table', columns: ['what', 'count'], rows: [['things', 5]] }],
        };
        const changed = pageOf(names, results({ hostile }), page);
        const sections = (text) => text.split(/^(?=## )/m);
        const differs = sections(changed).filter((section, i) => section !== sections(page)[i]);
        assert.equal(sections(changed).length, sections(page).length);
        assert.deepEqual(differs.map((section) => section.split('\n')[0]), ['# Reliability', '## Hostile']);
        assert.match(changed, /\| `hostile` \| [^|]+ \| \*\*broken\*\*: 1 problems \|\n/);
        assert.match(differs[1], /### A table\n\n[^]*\| things \| 5 \|\n[^]*\n- one\n[^]*2026-01-02 03:04 UTC, Node.js 1.2.3, 2 cores of a CPU, a system.\n/);
    });
});
