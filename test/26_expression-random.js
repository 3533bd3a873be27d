'use strict';

// The native expressions against two implementations of RFC 9535 in JavaScript, on random expressions and documents.
// KASOCKI_TEST_SEED=n repeats or varies a run, KASOCKI_TEST_ROUNDS=n makes it longer.

const assert = require('node:assert/strict');

const { JSONPathEnvironment } = require('json-p3');
const { JSONPathJS } = require('jsonpath-js');

const { createMatcher } = require('../lib/matcher');
const { stages } = require('../lib/native');
const { Expressions, ROOT } = require('./support/expressions.js');
const { JsonTexts, randomSource } = require('./support/json-texts.js');

const SEED = Number(process.env.KASOCKI_TEST_SEED ?? 9535);
const ROUNDS = Number(process.env.KASOCKI_TEST_ROUNDS ?? 1);

const environment = new JSONPathEnvironment();

/** The other implementations: what a query selects of a value. */
const OTHERS = {
    'json-p3': (query, value) => environment.query(query, value).values(),
    'jsonpath-js': (query, value) => new JSONPathJS(query).find(value),
};

/**
 * Where the others are known to differ from the text of the RFCs, each with the section that settles it. What tells that
 * a row is the reason for a difference:
 *
 *   refuses     their error, where they refuse what is valid
 *   accepts     what they accept has this in it, and is not valid
 *   answers     they answer, and the expression has this in it (escapes resolved), and the document has `document` in it
 *   characters  they answer, and expression or document has this in it
 */
const SETTLED = [
    {
        library: 'json-p3', refuses: /invalid character/,
        reason: 'a control character in a string literal may be written as \\u00XX: RFC 9535, 2.3.1.1, hexchar',
    },
    {
        library: 'json-p3', refuses: /invalid number literal '0[.e]/i,
        reason: 'a number may begin with 0 and a fraction or an exponent: 2.3.5.1, int, frac, exp',
    },
    {
        library: 'json-p3', refuses: /unexpected filter selector token|unexpected token in bracketed selection/,
        reason: 'a filter selector may be followed by other selectors: 2.5.1.1, bracketed-selection',
    },
    {
        library: 'json-p3', accepts: /-0\d|\d[-+]/,
        reason: 'a number has its sign in front, and no zero: 2.3.5.1, int',
    },
    {
        library: 'json-p3', accepts: /!(?!=)/,
        reason: '! stands before a parenthesis, a query or a function, and once: 2.3.5.1, basic-expr',
    },
    {
        library: 'json-p3', accepts: /\.[^\s.[\]()]+-/,
        reason: 'a name in dot notation has no dash: 2.5.1.1, name-char',
    },
    {
        library: 'json-p3', accepts: /,\s*\)/,
        reason: 'no comma behind the last argument: 2.4, function-expr',
    },
    {
        library: 'json-p3', answers: /(?:match|search)\(/,
        reason: 'match() and search() are false where the first argument is no string: 2.4.6',
    },
    {
        library: 'json-p3', answers: /\?[^]*\$/,
        reason: '$ is the message in a filter selector in a filter selector as well: 2.2',
    },
    {
        library: 'jsonpath-js', refuses: /^Invalid regular expression/,
        reason: 'match() and search() are false where the second argument is no I-Regexp: 2.4.6',
    },
    {
        library: 'jsonpath-js', refuses: /^Index must be within the range/,
        reason: 'the range of 2.1 is that of indexes and steps; a literal may be any number: 2.3.5.1',
    },
    {
        library: 'jsonpath-js', accepts: /[a-z][a-z0-9_]*\(/,
        reason: 'a function that there is not: 2.4, "whose name is not registered"',
    },
    {
        library: 'jsonpath-js', answers: /(?:match|search)\(/,
        reason: 'a pattern that RegExp takes and RFC 9485, 3 does not, such as \\d or (?:x), is no I-Regexp: 2.4.6',
    },
    {
        library: 'jsonpath-js', answers: /constructor|__proto__/,
        reason: 'a message has no members but its own: 2.3.1.2',
    },
    {
        library: 'jsonpath-js', answers: /[=<>]/, document: /null/,
        reason: 'Nothing is not equal to null: 2.4.1, 2.3.5.2.2',
    },
    {
        library: 'json-p3', characters: /[\ud800-\udfff]|\\ud[89ab]/i,
        reason: 'strings are compared, and their length counted, by Unicode scalar values: 2.3.5.2.2, 2.4.4',
    },
    {
        library: 'jsonpath-js', characters: /[\ud800-\udfff]|\\ud[89ab]/i,
        reason: 'the same',
    },
];

const attempt = (f) => {
    try {
        return { value: f() };
    } catch (error) {
        return { error: error.message };
    }
};

/** Neither an object's members nor the nodes of different members have an order. */
const canonical = (value) => JSON.stringify(value, (_, item) => (
    typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)) : item));
const sorted = (values) => values.map(canonical).sort().join();

const unescaped = (expression) => expression.replace(/\\u(0[0-9a-f]{3})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));

/** What a case showed: how often each row of SETTLED came up, and how often all agreed. */
class Tally {
    constructor() {
        this.agreed = Object.fromEntries(Object.keys(OTHERS).map((library) => [library, 0]));
        this.settled = new Map(SETTLED.map((row) => [row, 0]));
        this.cases = 0;
        /** where none of the others agreed */
        this.alone = 0;
    }

    /**
     * Compares an answer of ours with those of the others, and looks for the reason where they differ.
     *
     * @param {*} ours undefined: refused
     * @param {function(Function): *} ask calls one of the others; may throw
     */
    compare(ours, ask, expression, text) {
        this.cases++;
        let differing = 0;
        for (const [library, query] of Object.entries(OTHERS)) {
            const { value, error } = attempt(() => ask(query));
            if (error === undefined ? value === ours : ours === undefined) {
                this.agreed[library]++;
                continue;
            }
            const explains = ({ refuses, accepts, answers, document = /^/, characters }) => {
                if (error !== undefined) return refuses?.test(error);
                if (ours === undefined) return accepts?.test(expression);
                return (answers?.test(unescaped(expression)) && document.test(text)) || characters?.test(expression + text);
            };
            const row = SETTLED.find((candidate) => candidate.library === library && explains(candidate));
            const difference = `seed ${SEED}: native ${ours ?? 'refuses'}, ${library} ${error ?? value}\nexpression: ${JSON.stringify(expression)}\ndocument:   ${JSON.stringify(text)}`;
            assert(row !== undefined, difference);
            differing++;
            this.settled.set(row, this.settled.get(row) + 1);
        }
        this.alone += differing === Object.keys(OTHERS).length ? 1 : 0;
    }

    /** Were it otherwise, the comparison would say little, or a reason would have gone. */
    check(least) {
        const shown = `seed ${SEED}: ${this.cases} cases, agreed ${JSON.stringify(this.agreed)}, alone ${this.alone}, settled ${JSON.stringify([...this.settled.values()])}`;
        console.log(`      ${shown}`);
        for (const library of Object.keys(OTHERS)) assert(this.agreed[library] > least * this.cases, shown);
        assert(this.alone < 0.02 * this.cases, shown);
    }
}

describe('expression: native against two implementations in JavaScript', function () {
    this.timeout(600000);

    it('logical expressions: whether they hold', () => {
        const texts = new JsonTexts(SEED);
        const expressions = new Expressions(randomSource(SEED + 1));
        const tally = new Tally();
        const counts = { true: 0, false: 0 };
        while (tally.cases < 10000 * ROUNDS) {
            const text = texts.document(3);
            const logical = expressions.logical(2);
            const own = logical.replaceAll(ROOT, '$');
            const holds = createMatcher(own)(text);
            counts[holds]++;
            // There `$` is what the query is applied to: an object that holds the message.
            const wrapped = { message: JSON.parse(text) };
            const query = `$[?${logical.replaceAll(ROOT, '$.message')}]`;
            tally.compare(holds, (other) => other(query, wrapped).length > 0, own, text);
        }
        assert(counts.true > 2000 * ROUNDS && counts.false > 2000 * ROUNDS, JSON.stringify(counts));
        tally.check(0.8);
    });

    it('queries: what they select', () => {
        const texts = new JsonTexts(SEED + 2);
        const expressions = new Expressions(randomSource(SEED + 3));
        const tally = new Tally();
        let selected = 0;
        while (tally.cases < 10000 * ROUNDS) {
            const text = texts.document(3);
            const value = JSON.parse(text);
            const query = expressions.query(2, true, ROOT).replaceAll(ROOT, '$');
            const { complete, nodes } = stages.select(JSON.stringify(query), text.toWellFormed());
            assert.equal(complete, true);
            selected += nodes.length > 0 ? 1 : 0;
            tally.compare(sorted(nodes.map((node) => JSON.parse(node))), (other) => sorted(other(query, value)), query, text);
        }
        assert(selected > 2500 * ROUNDS, String(selected));
        tally.check(0.8);
    });

    it('damaged expressions: what one refuses, the others refuse', () => {
        const expressions = new Expressions(randomSource(SEED + 4));
        const random = randomSource(SEED + 5);
        // No comma and no ]: behind either the others would read on in the brackets around it.
        const damages = ['', '.', '[', '(', ')', '\'', '!', '=', '&', '|', '@', '$', '0', '-', ':', '?', '*', 'a', '\\'];
        const tally = new Tally();
        let refused = 0;
        while (tally.cases < 5000 * ROUNDS) {
            const text = expressions.logical(1).replaceAll(ROOT, '$');
            const at = random(text.length + 1);
            const damaged = text.slice(0, at) + damages[random(damages.length)] + text.slice(at + random(2));
            if (damaged.trim() === '' || !damaged.isWellFormed()) continue;
            const ours = attempt(() => createMatcher(damaged) && 'valid');
            refused += ours.error === undefined ? 0 : 1;
            tally.compare(ours.value, (other) => other(`$[?${damaged}]`, []) && 'valid', damaged, '');
        }
        assert(refused > 1000 * ROUNDS && refused < 4500 * ROUNDS, String(refused));
        tally.check(0.8);
    });
});
