'use strict';

// What does a filter cost a record: as an expression, the same in the object language, in two JavaScript libraries of JSONPath, and as
// JSON.parse with a condition written by hand?
//
// Each way is alone in this process, on records in memory. Ours is the engine's own pass over a chunk: check that the text is JSON, filter,
// encode what matches. The others parse, which for them is to check, and filter.

const { JSONPathEnvironment } = require('json-p3');
const { JSONPathJS } = require('jsonpath-js');

const { stages } = require('../lib/native');
const { randomSource } = require('../test/support/json-texts.js');
const { judge, runIfMain, takeTurns } = require('./lib/bench.js');
const { medianOf, ratio } = require('./lib/report.js');
const { spreadOf } = require('./lib/stats.js');

const RECORDS = 2000;
const QUICK_RECORDS = 100;
/** Passes of a native call, less the one that is taken off for what a call costs besides: copying records, compiling the filter. */
const PASSES = 10;

/** Each: a name, the object language's form if it has one, the expression, and the condition by hand. */
const FILTERS = [
    ['one equality', { type: 'new' }, "$.type == 'new'", (m) => m.type === 'new'],
    ['three equalities', { 'type': 'edit', 'user.bot': false, 'wiki': 'w3' }, "$.type == 'edit' && $.user.bot == false && $.wiki == 'w3'",
        (m) => m.type === 'edit' && m.user?.bot === false && m.wiki === 'w3'],
    ['one of several', { wiki: ['w1', 'w2', 'w3'] }, "$.wiki == 'w1' || $.wiki == 'w2' || $.wiki == 'w3'", (m) => m.wiki === 'w1' || m.wiki === 'w2' || m.wiki === 'w3'],
    ['a pattern', { title: '/7[0-4] /' }, "search($.title, '7[0-4] ')", (m) => typeof m.title === 'string' && /7[0-4] /.test(m.title)],
    ['a comparison', undefined, '$.length.new > 9500', (m) => typeof m.length?.new === 'number' && m.length.new > 9500],
    ['a comparison and an absence', undefined, '$.length.new < 500 && !$.user.blocked', (m) => typeof m.length?.new === 'number' && m.length.new < 500 && m.user?.blocked === undefined],
    ['an element', undefined, "$.tags[?@ == 't7']", (m) => Array.isArray(m.tags) && m.tags.includes('t7')],
    ['a member of elements', undefined, "$.changes[?@.field == 'f3' && @.size > 50]",
        (m) => Array.isArray(m.changes) && m.changes.some((change) => change?.field === 'f3' && change.size > 50)],
    ['anywhere', undefined, '$..error', (m) => hasAnywhere(m, 'error')],
];

function hasAnywhere(value, name) {
    if (typeof value !== 'object' || value === null) return false;
    if (!Array.isArray(value) && Object.hasOwn(value, name)) return true;
    return Object.values(value).some((child) => hasAnywhere(child, name));
}

/** Records as an event stream of a wiki has them. */
function makeRecords(count) {
    const random = randomSource(1);
    return Array.from({ length: count }, (_, id) => JSON.stringify({
        id,
        type: ['edit', 'edit', 'edit', 'edit', 'log', 'categorize', 'edit', 'edit', 'edit', 'new'][random(10)],
        wiki: `w${random(20)}`,
        title: `Page ${random(10000)} of some chapter`,
        user: { name: `User ${random(1000)}`, bot: random(3) === 0, ...(random(50) === 0 ? { blocked: true } : {}) },
        length: { old: random(10000), new: random(10000) },
        tags: Array.from({ length: random(5) }, () => `t${random(40)}`),
        changes: Array.from({ length: random(4) }, () => ({ field: `f${random(10)}`, size: random(100), by: { tool: 'x', version: [1, random(9)] } })),
        comment: 'a comment as people write them, of about sixty characters ...',
        meta: { domain: 'en.example.org', dt: new Date(1.7e12 + id).toISOString(), stream: 'changes', ...(random(100) === 0 ? { error: 'e' } : {}) },
    }));
}

const WAYS = {
    object: 'object language',
    expression: 'expression',
    byHand: 'JSON.parse and a condition',
    jsonP3: 'json-p3',
    jsonpathJs: 'jsonpath-js',
};

/** @returns {number} nanoseconds of CPU, of all threads, that something takes */
function cpuOf(work) {
    const begin = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(begin);
    return (user + system) * 1000;
}

/** One of our languages: a pass is nanoseconds. */
function native(filter, texts) {
    const text = JSON.stringify(filter);
    const passes = (count) => stages.evaluate(texts, [text], Array(count).fill([0])).rounds;
    return {
        matching: () => passes(1)[0][0].length,
        pass: () => (cpuOf(() => passes(PASSES + 1)) - cpuOf(() => passes(1))) / PASSES,
    };
}

/** A function of the parsed record. */
function parsed(matches, texts) {
    const matching = () => texts.reduce((count, text) => count + (matches(JSON.parse(text)) ? 1 : 0), 0);
    return { matching, pass: () => cpuOf(matching) };
}

/** By the names of WAYS. */
function waysOf([, object, expression, condition], texts) {
    // There `$` is an array that the message is in. (None of these has `$` where `@` is something else.)
    const selector = `$[?${expression.replaceAll('$', '@')}]`;
    const query = new JSONPathEnvironment().compile(selector);
    const other = new JSONPathJS(selector);
    return {
        ...(object && { object: native(object, texts) }),
        expression: native(expression, texts),
        byHand: parsed(condition, texts),
        jsonP3: parsed((message) => query.query([message]).length > 0, texts),
        jsonpathJs: parsed((message) => other.find([message]).length > 0, texts),
    };
}

/** As a way of takeTurns(): passes for a while, and what one of them costs a record. */
function wayOf([name, { pass }], texts, seconds) {
    const measure = async () => {
        const end = performance.now() + seconds * 1000;
        let [sum, count] = [0, 0];
        do {
            sum += pass();
            count++;
        } while (performance.now() < end);
        return { cpu: sum / count / texts.length };
    };
    return {
        name,
        async start() {
            await measure();
            return { measure };
        },
    };
}

/** As code in a table, where a bar would end the cell. */
const code = (expression) => (expression.includes('|') ? `<code>${expression.replaceAll('|', '&#124;').replaceAll('<', '&lt;')}</code>` : `\`${expression}\``);

async function run(context) {
    const { quick, seconds, progress } = context;
    const texts = makeRecords(quick ? QUICK_RECORDS : RECORDS);
    const bytes = Math.round(texts.reduce((sum, text) => sum + text.length, 0) / texts.length);
    const measured = [];
    for (const filter of FILTERS) {
        const [name, , expression] = filter;
        const ways = waysOf(filter, texts);
        const matching = ways.expression.matching();
        for (const [way, { matching: count }] of Object.entries(ways)) {
            if (count() !== matching) {
                throw new Error(`${name}: ${WAYS[way]} finds ${count()} records, the expression ${matching}`);
            }
        }
        const quiet = { ...context, progress() {} };
        const taken = await takeTurns(quiet, Object.entries(ways).map((way) => wayOf(way, texts, seconds / 10)));
        progress(name);
        measured.push({ name, expression, matching, taken });
    }
    const worst = (numbers) => Math.max(...numbers.filter((number) => !Number.isNaN(number)));
    const ratios = (one, other, filters = measured) => worst(filters.map(({ taken }) => ratio(taken.get(one), taken.get(other), 'cpu')));
    return {
        tables: [{
            title: 'One filter, CPU a record in ns',
            columns: ['filter', 'expression', 'matching, %', ...Object.values(WAYS)],
            rows: measured.map(({ name, expression, matching, taken }) => [
                name, code(expression), 100 * matching / texts.length, ...Object.keys(WAYS).map((way) => (taken.has(way) ? spreadOf(taken.get(way), 'cpu') : null)),
            ]),
            note: `Records of ${bytes} bytes on average, in memory. Not every filter can be written in the object language.`,
        }],
        marks: [
            judge('equalities as an expression', 'at most 1.2 times the CPU of the same in the object language', ratios('expression', 'object', measured.slice(0, 2)), { atMost: 1.2, unit: 'times' }),
            judge('an expression, whatever it asks', 'at most half the CPU of JSON.parse and a condition by hand', ratios('expression', 'byHand'), { atMost: 0.5, unit: 'times' }),
            judge('the slowest expression of these', 'at most 2 µs a record', worst(measured.map(({ taken }) => medianOf(taken.get('expression'), 'cpu'))) / 1000, { atMost: 2, unit: 'µs' }),
        ],
    };
}

module.exports = {
    name: 'expressions',
    question: 'What does a filter cost as an expression, beside the object language, JavaScript libraries, and a condition written by hand?',
    run,
};
runIfMain(module);
