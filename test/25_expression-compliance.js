'use strict';

// The JSONPath compliance test suite (github.com/jsonpath-standard/jsonpath-compliance-test-suite) on the native engine. It
// comes with the npm package of an implementation; nothing of it is copied here.

const assert = require('node:assert/strict');
const path = require('node:path');

const { createMatcher } = require('../lib/matcher');
const { stages } = require('../lib/native');
const { InvalidFilterError } = require('../lib/errors');

const folder = path.join(path.dirname(require.resolve('jsonpath-rfc9535/package.json')), 'src/__tests__/jsonpath-compliance-test-suite');
const { tests } = require(path.join(folder, 'cts.json'));

/** Where something else comes out than the suite says, by name: what, and why. */
const SETTLED = {
    'functions, match, explicit caret': {
        result: [],
        reason: 'RFC 9485, 3 and 4: ^ is a NormalChar, and patterns mean what they mean to XSD, which has no anchors',
    },
    'functions, match, explicit dollar': {
        result: [],
        reason: 'the same of $',
    },
    'basic, no leading whitespace': { valid: true, reason: 'a filter is trimmed; the RFC is about what is left' },
    'basic, no trailing whitespace': { valid: true, reason: 'the same' },
};

/** Nodelists are compared as sets with repeats: in which order an object's members come is open in the RFC. */
const sorted = (values) => JSON.stringify(values.map((value) => JSON.stringify(value)).sort());

describe('expression: the JSONPath compliance test suite', () => {
    it('is there', () => {
        assert(tests.length > 600, String(tests.length));
        for (const name of Object.keys(SETTLED)) assert(tests.some((test) => test.name === name), name);
    });

    for (const { name, selector, document, result, results, invalid_selector: invalid } of tests) {
        it(name, () => {
            if (SETTLED[name]?.valid) {
                assert.doesNotThrow(() => createMatcher(selector));
                return;
            }
            if (invalid) {
                assert.throws(() => createMatcher(selector), InvalidFilterError);
                return;
            }
            const { complete, nodes } = stages.select(JSON.stringify(selector), JSON.stringify(document));
            assert.equal(complete, true);
            const expected = SETTLED[name] ? [SETTLED[name].result] : results ?? [result];
            const selected = nodes.map((node) => JSON.parse(node));
            assert(expected.some((values) => sorted(values) === sorted(selected)), `${JSON.stringify(selected)}, not ${JSON.stringify(expected)}`);
            // As a filter it asks whether anything is selected; a message is an object or an array.
            if (typeof document === 'object' && document !== null) assert.equal(createMatcher(selector)(document), selected.length > 0);
        });
    }
});
