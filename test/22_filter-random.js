'use strict';

/** The native filter against the reference in JavaScript, on random filters and documents: see test/support/random-filters.js. */

const assert = require('assert');

const { createMatcher } = require('../lib/matcher');
const { referenceMatcher } = require('./reference-matcher');
const { NUMBERS, ROUNDS, Random, SEED, containerText, damage, deepText, filterFor, isBeyondV8, isScalar, isValidFilter, parse, regexText, spell } = require('./support/random-filters');

function compare(filters, text) {
    const document = parse(text);
    const expected = document !== undefined && !isScalar(document) && referenceMatcher(filters)(document);
    const actual = createMatcher(filters)(text);
    if (actual !== expected && !isBeyondV8(filters, text)) {
        assert.fail(`seed ${SEED}: native ${actual}, reference ${expected}\nfilter:   ${JSON.stringify(filters)}\ndocument: ${JSON.stringify(text)}`);
    }
    return actual;
}

describe('filter: native against reference', function () {
    this.timeout(600000);

    it('on random filters and documents', () => {
        const random = new Random(SEED);
        const counts = { matched: 0, refused: 0, damaged: 0 };
        for (let i = 0; i < 20000 * ROUNDS; i++) {
            const deepPath = random.chance(3) ? [] : undefined;
            let text = deepPath ? deepText(random, 1 + random.below(1000), deepPath) : containerText(random, 4, random.chance(85));
            const filters = filterFor(random, parse(text), deepPath);
            if (!isValidFilter(filters)) {
                continue;
            }
            if (random.chance(4)) {
                text = damage(random, text);
                counts.damaged++;
            }
            counts[compare(filters, text) ? 'matched' : 'refused']++;
        }
        // Were it otherwise, the comparison would say little.
        assert(counts.matched > 4000 * ROUNDS && counts.refused > 4000 * ROUNDS && counts.damaged > 400 * ROUNDS, JSON.stringify(counts));
    });

    it('on random patterns', () => {
        const random = new Random(SEED + 1);
        const counts = { matched: 0, refused: 0 };
        for (let i = 0; i < 20000 * ROUNDS; i++) {
            const isText = random.chance(70);
            const filters = { a: regexText(random, isText ? 3 : 2) };
            const texts = random.many(8, () => random.pick(['a', 'b', 'c', 'A', 'é', '😀', '1', ' ', '-', '/', '\n', '\r', '\u2028', '\ud83d', '.', 'é']));
            const value = isText ? spell(random, texts.join('')) : random.pick(NUMBERS);
            counts[compare(filters, `{"a":${value}}`) ? 'matched' : 'refused']++;
        }
        assert(counts.matched > 4000 * ROUNDS && counts.refused > 4000 * ROUNDS, JSON.stringify(counts));
    });

    it('on random numbers as texts', () => {
        const random = new Random(SEED + 2);
        const bits = new DataView(new ArrayBuffer(8));
        for (let i = 0; i < 20000 * ROUNDS; i++) {
            bits.setUint32(0, random.below(2 ** 32));
            bits.setUint32(4, random.below(2 ** 32));
            const number = random.chance(50) ? bits.getFloat64(0) : (random.below(2 ** 32) - 2 ** 31) / 10 ** random.below(30);
            if (!Number.isFinite(number)) {
                continue;
            }
            const text = random.pick([String(number), number.toExponential(), number.toExponential(20), number.toPrecision(17)]).replace(/^(-?)\./, '$10.');
            const printed = String(JSON.parse(text)).replace(/[.+]/g, '\\$&');
            assert.strictEqual(createMatcher({ a: `/^${printed}$/` })(`{"a":${text}}`), true, text);
            assert.strictEqual(createMatcher({ a: JSON.parse(text) })(`{"a":${text}}`), true, text);
        }
    });
});
