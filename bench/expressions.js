'use strict';

/*
 * What a filter costs for a record: as an expression, beside the same in the object language, in two JavaScript libraries
 * of JSONPath, and in JSON.parse with a condition written by hand.
 *
 *   node bench/expressions.js [--records n] [--seconds s] [--json]
 *
 * Prints a table of nanoseconds for a record. The native columns are the engine's own pass over records in memory: check
 * that the text is JSON, filter, encode what matches. All ways are run in turns, so that what disturbs one disturbs the
 * others, and the median of the rounds is what counts. How often the filter matches is checked to be the same everywhere.
 */

const os = require('os');
const { parseArgs } = require('util');

const { JSONPathEnvironment } = require('json-p3');
const { JSONPathJS } = require('jsonpath-js');

const { stages } = require('../lib/native');
const { randomSource } = require('../test/support/json-texts.js');

const { values: options } = parseArgs({
    options: { records: { type: 'string', default: '2000' }, seconds: { type: 'string', default: '2' }, json: { type: 'boolean', default: false } },
});
const RECORDS = Number(options.records);
const SECONDS = Number(options.seconds);

/** Each: a name, the object language's form (if it has one), the expression, and the condition by hand. */
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

/** The ways to filter: each gives a function that passes all records once and returns how many match. */
function waysOf([, object, expression, condition], texts) {
    const native = (filter) => () => stages.evaluate(texts, [JSON.stringify(filter)], [[0]]).rounds[0][0].length;
    const environment = new JSONPathEnvironment();
    // There `$` is an array that the message is in. (None of these has `$` where `@` is something else.)
    const selector = `$[?${expression.replaceAll('$', '@')}]`;
    const query = environment.compile(selector);
    const other = new JSONPathJS(selector);
    const count = (matches) => () => {
        let matching = 0;
        for (const text of texts) matching += matches(JSON.parse(text)) ? 1 : 0;
        return matching;
    };
    return {
        ...(object && { object: native(object) }),
        expression: native(expression),
        byHand: count(condition),
        jsonP3: count((message) => query.query([message]).length > 0),
        jsonpathJs: count((message) => other.find([message]).length > 0),
    };
}

/**
 * The native pass, but for what a call of it costs besides (records are copied, filters compiled): one call of many
 * rounds less one of a single round.
 */
function nativeTime(filter, texts, rounds) {
    const once = [JSON.stringify(filter)];
    const time = (n) => {
        const begin = process.hrtime.bigint();
        stages.evaluate(texts, once, Array(n).fill([0]));
        return Number(process.hrtime.bigint() - begin);
    };
    return (time(rounds + 1) - time(1)) / rounds;
}

function timeOf(pass) {
    const begin = process.hrtime.bigint();
    pass();
    return Number(process.hrtime.bigint() - begin);
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

function measure(filter, texts) {
    const [name, object, expression] = filter;
    const ways = waysOf(filter, texts);
    const matching = ways.expression();
    for (const [way, pass] of Object.entries(ways)) {
        if (pass() !== matching) throw new Error(`${name}: ${way} finds ${pass()}, the expression ${matching}`);
    }
    const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
    const end = performance.now() + SECONDS * 1000;
    do {
        for (const [way, pass] of Object.entries(ways)) {
            const native = { object, expression }[way];
            times[way].push((native !== undefined ? nativeTime(native, texts, 10) : timeOf(pass)) / texts.length);
        }
    } while (performance.now() < end);
    return { name, expression, matching, times: Object.fromEntries(Object.entries(times).map(([way, list]) => [way, median(list)])) };
}

const texts = makeRecords(RECORDS);
const bytes = Math.round(texts.reduce((sum, text) => sum + text.length, 0) / texts.length);
const results = FILTERS.map((filter) => measure(filter, texts));
if (options.json) {
    console.log(JSON.stringify({ records: RECORDS, bytes, cpu: os.cpus()[0].model, node: process.version, results }));
} else {
    console.log(`Nanoseconds for a record of ${bytes} bytes on average; Node.js ${process.version}, ${os.cpus()[0].model}.\n`);
    console.log('| filter | expression | matches | object language | expression | JSON.parse and a condition | json-p3 | jsonpath-js |');
    console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |');
    for (const { name, expression, matching, times } of results) {
        const cell = (way) => (times[way] === undefined ? '' : Math.round(times[way]).toLocaleString('en'));
        const share = `${(100 * matching / RECORDS).toFixed(1)} %`;
        const columns = ['object', 'expression', 'byHand', 'jsonP3', 'jsonpathJs'].map(cell);
        console.log(`| ${[name, `\`${expression.replaceAll('|', '\\|')}\``, share, ...columns].join(' | ')} |`);
    }
}
