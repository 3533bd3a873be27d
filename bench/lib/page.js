'use strict';

// docs/benchmarks.md and its plots, and the few numbers in the README, from what the benches found out last.

const fs = require('node:fs');
const path = require('node:path');

const { toSvg } = require('./svg.js');
const { show, toMarkdown } = require('./table.js');

const root = path.join(__dirname, '../..');
const GIB = 2 ** 30;
/** A machine that did much else beside. */
const BUSY = 0.5;

const day = (when) => `${when.slice(0, 10)} ${when.slice(11, 16)} UTC`;
const heading = (name) => name[0].toUpperCase() + name.slice(1).replaceAll('-', ' ');
const verdict = (met) => ({ true: 'met', false: '**missed**', null: 'not measured' }[met]);

/** What is the same for all of these results; of what differs, each value. */
function common(results, member) {
    return [...new Set(results.map(member))].join('; ');
}

function machineTable(results) {
    const names = [...new Set(results.flatMap(({ versions }) => Object.keys(versions)))];
    return toMarkdown({
        columns: ['', ''],
        rows: [
            ['processor', common(results, ({ machine }) => `${machine.cores} cores of ${machine.cpu}`)],
            ['memory', common(results, ({ machine }) => `${show(machine.memory / GIB)} GiB`)],
            ['system', common(results, ({ machine }) => machine.system)],
            ['kasocki', common(results, ({ commit }) => `commit ${commit}`)],
            ...names.map((name) => [name, common(results, ({ versions }) => versions[name])]),
        ],
    });
}

function section({ name, question, when, seconds, machine, tables, plots }) {
    const busy = machine.load / machine.cores > BUSY ? ` Other programs were running: the load was ${show(machine.load)}.` : '';
    return [
        `## ${heading(name)}\n`,
        `${question}\n`,
        ...tables.flatMap((table) => [`### ${table.title}\n`, toMarkdown(table), ...(table.note ? [`${table.note}\n`] : [])]),
        ...plots.map(({ file, title, x }) => `![${title} by ${x}](${file}.svg)\n`),
        `Measured ${day(when)} in ${show(Math.ceil(seconds / 60))} min.${busy}\n`,
    ].join('\n');
}

/**
 * @param {object[]} results - in the page's order
 * @returns {string} Markdown
 */
function toPage(results) {
    const marks = results.flatMap((result) => result.marks);
    return [
        '# Benchmarks\n',
        '<!-- Written by `npm run bench`: what is changed here by hand is lost. -->\n',
        'What Kasocki costs, beside what others do, on a real Kafka. All of this page is what this command measured and wrote:\n',
        '```sh\nnpm run bench\n```\n',
        'Each question is a program in `bench/`; `npm run bench -- latency` asks one of them again. The broker, the server and the clients '
        + 'are processes of their own on one machine. Ways that are compared take turns in the same run. A cell is a median, with the least '
        + 'and the most of all rounds in parentheses. CPU is that of all threads of the server\'s process, kernel time included.\n',
        'Numbers of different machines are not comparable; ratios of ways in one table are what to look at.\n',
        '## Marks\n',
        'What the project demands of itself, and what it was in this run.\n',
        toMarkdown({ columns: ['', 'mark', 'ours', ''], rows: marks.map(({ what, mark, ours, met }) => [what, mark, ours, verdict(met)]) }),
        '## The machine\n',
        machineTable(results),
        ...results.map(section),
    ].join('\n');
}

/** The README's part between two comments. */
const README_PART = /(<!-- npm run bench writes this -->\n)[^]*?(<!-- until here -->)/;

/**
 * Writes page, plots, and the README's part.
 *
 * @param {object[]} results
 */
function write(results) {
    fs.writeFileSync(path.join(root, 'docs/benchmarks.md'), toPage(results));
    for (const plot of results.flatMap((result) => result.plots)) {
        fs.writeFileSync(path.join(root, 'docs', `${plot.file}.svg`), toSvg(plot));
    }
    const readme = path.join(root, 'README.md');
    const headlines = results.flatMap((result) => result.headlines ?? []).map((table) => `\n${table.title}\n\n${toMarkdown(table)}\n`);
    if (headlines.length > 0) {
        const text = fs.readFileSync(readme, 'utf8');
        fs.writeFileSync(readme, text.replace(README_PART, (_, begin, end) => `${begin}${headlines.join('')}${end}`));
    }
}

module.exports = { toPage, write };
