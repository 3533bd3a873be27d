'use strict';

// docs/reliability.md and its plots, from what the programs of this folder found out last. What the page has of a program that has not
// been run in this checkout, stays.

const fs = require('node:fs');
const path = require('node:path');

const { toSvg } = require('../../bench/lib/svg.js');
const { show, toMarkdown } = require('../../bench/lib/table.js');
const { RESULTS } = require('./program.js');

const docs = path.join(__dirname, '../../docs');

/** What is promised, the program that tries to break it, and the tests that do so in other ways. */
const PROMISES = [
    ['A connected socket gets each of its records once, in the order of the partition, whatever happens to brokers, to the network and to topics; where '
        + 'records were deleted before it got them, it is told which', 'faults', '45, 53, 54, 55, 58, 72'],
    ['Whatever clients send, others are served; errors have names; memory, threads and the event loop stay within bounds', 'hostile', '48, 61, 65, 76'],
    ['Sockets leave nothing behind; a crowd is served; Kafka may come later than its clients', 'lifecycles', '47, 57, 77'],
    ['All of that at once, for long: memory does not grow', 'soak', '55, 56, 78'],
    ['No bytes of a record or a filter break the core', 'fuzz', '10 to 23'],
];

/** How each program goes about it. */
const METHODS = {
    faults: 'Three brokers, the network to them through proxies, fifty sockets with all kinds of filters and ways of reading, producers that number their '
        + 'records; a topic that grows by partitions, one whose records are deleted while sockets wait for them, one that is deleted and made again. '
        + 'Faults follow each other in an order by chance; after each the streams must flow again. In the end the offsets and the gaps that each socket '
        + 'was told are compared with the logs as another client reads them.',
    hostile: 'Clients that flood a server with adversarial arguments, malformed packets and bytes that are no packets, over WebSockets, long-polling and '
        + 'bare TCP; healthy clients beside them, which must get exactly their records. Delays contain the load of the flood on the same machine.',
    lifecycles: 'Connections that come and go in all ways, then what the server still holds; sockets that arrive all at once; clients that come again '
        + 'and again while there is no Kafka.',
    soak: 'The faults, with sockets that come and go and hostile clients beside them. One sample in ten is taken after a collection of garbage, and '
        + 'by those memory is judged.',
    fuzz: 'libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer on the parts of the core that see foreign bytes; results are compared with '
        + 'another implementation where there is one.',
};

/** @returns {?object} the latest result of a program */
function load(name) {
    const file = path.join(RESULTS, `${name}.json`);
    return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : null;
}

/** A machine that did much else beside, by its load for each core. */
const BUSY = 0.5;

const day = (when) => `${when.slice(0, 10)} ${when.slice(11, 16)} UTC`;
const titleOf = (name) => `## ${name[0].toUpperCase()}${name.slice(1)}`;
const verdict = (result) => (result.problems.length === 0 ? 'kept' : `**broken**: ${result.problems.length} problems`);

function section({ name, options, when, machine, versions, tables, plots, problems }) {
    const busy = machine.load / machine.cores > BUSY ? ` Other programs were running: the load was ${show(machine.load)} when it began.` : '';
    const asked = Object.entries(options).map(([option, value]) => `--${option} ${value}`).join(' ');
    return [
        `${titleOf(name)}\n`,
        `${METHODS[name]}\n`,
        `\`\`\`sh\nnode test/reliability/${name}.js ${asked}\n\`\`\`\n`,
        ...tables.flatMap((table) => [`### ${table.title}\n`, toMarkdown(table)]),
        ...plots.map(({ file, title, x }) => `![${title} by ${x}](reliability-${file}.svg)\n`),
        problems.length > 0 ? `Problems:\n\n${problems.map((problem) => `- ${problem.split('\n')[0]}\n`).join('')}` : '',
        `${day(when)}, Node.js ${versions['Node.js']}, ${machine.cores} cores of ${machine.cpu}, ${machine.system}.${busy}\n`,
    ].filter(Boolean).join('\n');
}

/**
 * What a page has of a program.
 *
 * @param {string} page
 * @param {string} name
 * @returns {{ outcome: string|undefined, section: string|undefined }}
 */
function partsOf(page, name) {
    const [, outcome] = new RegExp(`^\\|[^|]*\\| \`${name}\` \\|[^|]*\\| (.*) \\|$`, 'm').exec(page) ?? [];
    const section = page.split(/^(?=## )/m).find((part) => part.startsWith(`${titleOf(name)}\n`));
    return { outcome, section: section && `${section.trimEnd()}\n` };
}

/**
 * The page as it is now.
 *
 * @param {string[]} names - of programs, in the page's order
 * @param {Map<string, ?object>} results - by program
 * @param {string} before - the page as it was
 * @returns {string}
 */
function pageOf(names, results, before) {
    const parts = new Map(names.map((name) => {
        const result = results.get(name);
        return [name, result === null ? partsOf(before, name) : { outcome: verdict(result), section: section(result) }];
    }));
    const rows = PROMISES.map(([promise, name, tests]) => [promise, `\`${name}\``, tests, parts.get(name).outcome ?? 'not measured yet']);
    return [
        '# Reliability\n',
        '<!-- Written by `npm run reliability`: what is changed here by hand is lost. -->\n',
        'What is promised, how it is tested, and what came of it. Each part is a program in `test/reliability` that tries to break a promise and '
            + 'prints what it did; it takes a seed and says how long. This page is what they wrote:\n',
        '```sh\nnpm run reliability\nnpm run reliability -- faults hostile\n```\n',
        'Short forms of them are among the tests, whose files are named by their numbers.\n',
        toMarkdown({ columns: ['promise', 'program', 'tests', 'outcome'], rows }),
        ...[...parts.values()].map((part) => part.section).filter(Boolean),
    ].join('\n');
}

/**
 * Writes the page and its plots.
 *
 * @param {string[]} names - of programs, in the page's order
 */
function write(names) {
    const results = new Map(names.map((name) => [name, load(name)]));
    const file = path.join(docs, 'reliability.md');
    fs.writeFileSync(file, pageOf(names, results, fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''));
    for (const plot of [...results.values()].flatMap((result) => result?.plots ?? [])) {
        fs.writeFileSync(path.join(docs, `reliability-${plot.file}.svg`), toSvg(plot));
    }
}

module.exports = { pageOf, write };
