'use strict';

// What every bench is: a program that answers one question with tables.
//
//     module.exports = { name, question, async run(context) { ...; return { tables, marks, plots, headlines }; } };
//     runIfMain(module);
//
// It writes its tables to stdout, how far it is to stderr, and its result to bench/results, from where page.js takes it. With --quick it
// does the same with very little: that proves that it works, and nothing about speed.

const { parseArgs } = require('node:util');

const kafka = require('../../test/support/kafka.js');
const { end } = require('../../test/support/at_end.js');
const programs = require('./programs.js');
const { recordText } = require('./records.js');
const results = require('./results.js');
const { show, toMarkdown } = require('./table.js');

/**
 * @typedef {object} Context
 * @property {string} brokers
 * @property {boolean} quick
 * @property {number} rounds - how often each thing is measured
 * @property {number} seconds - how long one measurement should take, roughly
 * @property {(line: string) => void} progress
 * @property {(count: number, bytes?: number, more?: (n: number) => string) => Promise<string>} fill - makes a topic with so many records
 *     in partition 0
 *
 * @typedef {object} Mark - what the project demands of itself
 * @property {string} what
 * @property {string} mark - the demand
 * @property {string} ours
 * @property {?boolean} met - null: could not be measured
 *
 * @typedef {object} Plot
 * @property {string} file - in docs, without its ending
 * @property {string} title
 * @property {string} x
 * @property {string} y
 * @property {boolean} [logX]
 * @property {boolean} [logY]
 * @property {Array<{ name: string, points: [number, number][] }>} lines
 *
 * @typedef {object} Outcome
 * @property {import('./table.js').Table[]} tables
 * @property {Mark[]} [marks]
 * @property {Plot[]} [plots]
 * @property {import('./table.js').Table[]} [headlines] - for the README
 */

/** Those made here, to be deleted at the end. */
const topics = [];

/**
 * @param {number} count - of records
 * @param {number} [bytes] - of each
 * @param {(n: number) => string} [more] - their further members, see recordText()
 * @returns {Promise<string>} the topic
 */
async function fill(count, bytes = 300, more = undefined) {
    const topic = await kafka.createTopic({ topic: kafka.topicName('bench') });
    topics.push(topic);
    await kafka.produce(topic, (function* records() {
        for (let n = 0; n < count; n++) {
            yield recordText(n, bytes, more?.(n));
        }
    })());
    return topic;
}

/**
 * Carries a bench out.
 *
 * @param {{ name: string, question: string, run(context: Context): Promise<Outcome> }} bench
 * @param {{ quick: boolean }} options
 */
async function execute({ name, question, run }, { quick }) {
    programs.build();
    await kafka.start.call({ timeout() {} });
    const started = performance.now();
    const progress = (line) => process.stderr.write(`${name}: ${line}\n`);
    const context = { brokers: kafka.brokers, quick, rounds: quick ? 2 : 5, seconds: quick ? 0.05 : 1.5, progress, fill };
    try {
        const { tables, marks = [], plots = [], headlines = [] } = await run(context);
        const outcome = { name, question, quick, seconds: (performance.now() - started) / 1000, tables, marks, plots, headlines };
        process.stdout.write(toText(outcome));
        results.save(outcome);
    } finally {
        await kafka.deleteTopics(...topics);
    }
}

function toText({ name, question, tables, marks }) {
    const parts = [`${name}: ${question}\n`];
    for (const table of tables) {
        parts.push(`\n${table.title}\n\n${toMarkdown(table)}${table.note ? `\n${table.note}\n` : ''}`);
    }
    for (const { what, mark, ours, met } of marks) {
        parts.push(`\n${{ true: 'met', false: 'missed', null: 'not measured' }[met]}: ${what}: ${mark}; ours: ${ours}\n`);
    }
    return `${parts.join('')}\n`;
}

/**
 * Runs the bench that a module exports, if the module is the program.
 *
 * @param {NodeModule} module
 */
async function runIfMain(module) {
    if (require.main !== module) {
        return;
    }
    const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
    try {
        await execute(module.exports, values);
    } catch (error) {
        console.error(error);
        process.exitCode = 1;
    }
    await end();
    process.exit();
}

/**
 * @template Result
 * @typedef {{ measure(): Promise<Result>, close?(): Promise<void> }} Started - a way that is ready, and warm
 */

/**
 * Measures several ways of doing a thing by turns, so that what else the machine does meets all of them.
 *
 * @template Result
 * @param {Context} context
 * @param {Array<{ name: string, start(): Promise<Started<Result>> }>} ways
 * @returns {Promise<Map<string, Result[] | { missing: string }>>} by name; a peer that is not installed is missing
 */
async function takeTurns({ rounds, progress }, ways) {
    const taken = new Map();
    const running = [];
    try {
        for (const { name, start } of ways) {
            try {
                running.push({ name, ...await start() });
                taken.set(name, []);
            } catch (error) {
                if (!error.missing) {
                    throw new Error(`${name}: ${error.message}`, { cause: error });
                }
                taken.set(name, { missing: error.message });
                progress(`${name} is ${error.message}`);
            }
        }
        for (let round = 0; round < rounds; round++) {
            for (const { name, measure } of round % 2 === 0 ? running : [...running].reverse()) {
                taken.get(name).push(await measure());
            }
            progress(`round ${round + 1} of ${rounds}`);
        }
    } finally {
        await Promise.all(running.map(({ close }) => close?.()));
    }
    return taken;
}

/**
 * A mark as a comparison of numbers.
 *
 * @param {string} what
 * @param {string} mark
 * @param {?number} ours - null: could not be measured
 * @param {{ atMost?: number, atLeast?: number, unit?: string, why?: string }} demand - `why`: the number is missing
 * @returns {Mark}
 */
function judge(what, mark, ours, { atMost = Infinity, atLeast = -Infinity, unit = '', why = 'not measured' }) {
    if (ours === null || Number.isNaN(ours)) {
        return { what, mark, ours: why, met: null };
    }
    return { what, mark, ours: `${show(ours)}${unit && ` ${unit}`}`, met: ours <= atMost && ours >= atLeast };
}

module.exports = { judge, runIfMain, takeTurns };
