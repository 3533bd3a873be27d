'use strict';

// The benches work: each is run with very little, and its tables hold numbers. How fast anything is, is not asked here.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const { BENCHES } = require('../bench/run.js');
const { toPage } = require('../bench/lib/page.js');
const { load } = require('../bench/lib/results.js');
const { toSvg } = require('../bench/lib/svg.js');
const { toMarkdown } = require('../bench/lib/table.js');
const kafka = require('./support/kafka.js');

const folder = path.join(__dirname, '..', 'bench');
/** A number, alone or with its spread; or nothing, as of a peer that is not installed. */
const CELL = /^(–|-?[\d,.]+( \(-?[\d,.]+ to -?[\d,.]+\))?)$/;

/** The tables of a text: { columns, rows } of cells. */
function tablesOf(text) {
    const cells = (line) => line.slice(1, -1).split('|').map((cell) => cell.trim());
    return [...text.matchAll(/(^\|.*\|\n)+/gm)].map(([table]) => {
        const [columns, rule, ...rows] = table.trim().split('\n').map(cells);
        return { columns, numeric: rule.map((cell) => cell.endsWith(':')), rows };
    });
}

describe('the benches', function () {
    this.timeout(600000);
    before(kafka.start);

    it('are all that there are', () => {
        const programs = fs.readdirSync(folder).filter((name) => name.endsWith('.js') && name !== 'run.js').map((name) => path.parse(name).name);
        assert.deepEqual([...BENCHES].sort(), programs.sort());
    });

    for (const name of BENCHES) {
        it(`${name} fills its tables`, async () => {
            const { stdout } = await promisify(execFile)(process.execPath, [path.join(folder, `${name}.js`), '--quick'], {
                env: { ...process.env, KASOCKI_TEST_BROKERS: kafka.brokers },
            });
            const tables = tablesOf(stdout);
            const [result] = load([name], true);
            assert.ok(tables.length > 0 && tables.length === result.tables.length);
            let missing = false;
            for (const { columns, numeric, rows } of tables) {
                assert.ok(rows.length > 0 && numeric.includes(true));
                for (const row of rows) {
                    assert.equal(row.length, columns.length);
                    const numbers = row.filter((_, i) => numeric[i]);
                    numbers.forEach((cell) => assert.match(cell, CELL, row.join(' | ')));
                    const absent = / \((not installed|not compiled)\)/.test(row.join());
                    missing ||= absent;
                    assert.equal(numbers.some((cell) => cell !== '–'), !absent, row.join(' | '));
                }
            }
            // What a mark compares with may be missing; else each has been judged.
            result.marks.forEach(({ what, met }) => assert.ok(met !== null || missing, what));
        });
    }

    it('make a page with all tables, and plots', () => {
        const results = load(BENCHES, true);
        assert.equal(results.length, BENCHES.length);
        const page = toPage(results);
        for (const { tables, plots } of results) {
            tables.forEach((table) => assert.ok(page.includes(`### ${table.title}\n\n${toMarkdown(table)}`), table.title));
            for (const plot of plots) {
                const svg = toSvg(plot);
                assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
                assert.equal(svg.match(/<polyline /g).length, plot.lines.length);
                assert.ok(page.includes(`(${plot.file}.svg)`));
            }
        }
        assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/);
    });
});
