'use strict';

const assert = require('assert');

const { createMatcher } = require('../lib/matcher');
const { NativeMatcher } = require('../lib/native');
const { InvalidFilterError } = require('../lib/errors');
const { referenceMatcher } = require('./reference-matcher');

/** [filters, message, whether it matches]; a message is a value or, as { text }, JSON text. */
const CASES = [
    // literals are strictly equal
    [{ a: 'x' }, { a: 'x' }, true],
    [{ a: 'x' }, { a: 'xx' }, false],
    [{ a: 'x' }, { a: '' }, false],
    [{ a: '' }, { a: '' }, true],
    [{ a: '1' }, { a: 1 }, false],
    [{ a: 1 }, { a: '1' }, false],
    [{ a: 1 }, { a: true }, false],
    [{ a: true }, { a: true }, true],
    [{ a: true }, { a: false }, false],
    [{ a: false }, { a: null }, false],
    [{ a: false }, { a: 0 }, false],
    [{ a: null }, { a: null }, true],
    [{ a: null }, {}, false],
    [{ a: null }, { a: 'null' }, false],
    [{ a: 'x' }, { a: ['x'] }, false],
    [{ a: 'x' }, { a: { x: 1 } }, false],
    [{ a: null }, { a: {} }, false],
    [{ a: 'é😀' }, { text: '{"a":"\\u00e9\\ud83d\\ude00"}' }, true],
    [{ a: 'a/"\\' }, { text: '{"a":"a\\/\\"\\\\"}' }, true],
    [{ a: 'a\n\u2028' }, { text: '{"a":"a\\n\u2028"}' }, true],
    [{ a: 'ab' }, { text: '{"a":"\\u0061"}' }, false],
    [{ a: '\\n' }, { text: '{"a":"\\n"}' }, false],
    [{ a: '\ud800' }, { text: '{"a":"\\ud800"}' }, true],
    [{ a: '\ud800' }, { text: '{"a":"\ud800"}' }, true],
    [{ a: '\ud800' }, { text: '{"a":"\\udc00"}' }, false],
    [{ a: '\ufffd' }, { text: '{"a":"\\ud800"}' }, false],
    // numbers are doubles, however they are written
    [{ a: 1 }, { text: '{"a":1.0}' }, true],
    [{ a: 1 }, { text: '{"a":10e-1}' }, true],
    [{ a: 100 }, { text: '{"a":1E+2}' }, true],
    [{ a: 0 }, { text: '{"a":-0}' }, true],
    [{ a: -0 }, { text: '{"a":0.0}' }, true],
    [{ a: 0 }, { text: '{"a":1e-400}' }, true],
    [{ a: 0 }, { text: '{"a":-0.0000e99999999999999999999}' }, true],
    [{ a: 0 }, { text: '{"a":5e-324}' }, false],
    [{ a: 5e-324 }, { text: '{"a":4.9406564584124654e-324}' }, true],
    [{ a: 2 ** 53 }, { text: '{"a":9007199254740993}' }, true],
    [{ a: 1e30 }, { text: '{"a":1000000000000000000000000000000}' }, true],
    [{ a: 0.1 }, { text: '{"a":0.1000000000000000055511151231257827}' }, true],
    [{ a: 0.1 }, { text: '{"a":0.10000000000000002}' }, false],
    [{ a: 1.7976931348623157e308 }, { text: '{"a":1e400}' }, false],
    [{ a: -1 }, { a: 1 }, false],
    // paths
    [{ 'a.b.c': 1 }, { a: { b: { c: 1 } } }, true],
    [{ 'a.b.c': 1 }, { a: { b: 1 } }, false],
    [{ 'a.b.c': 1 }, { a: null }, false],
    [{ 'a.b.c': 1 }, { 'a.b.c': 1 }, false],
    [{ 'a.0': 1 }, { a: [1, 2] }, true],
    [{ 'a.1.b': 2 }, { a: [{ b: 1 }, { b: 2 }] }, true],
    [{ 'a.2': 1 }, { a: [1, 2] }, false],
    [{ 'a.01': 2 }, { a: [1, 2] }, false],
    [{ 'a.-1': 2 }, { a: [1, 2] }, false],
    [{ 'a.0': 1 }, { a: { 0: 1 } }, true],
    [{ 'a.01': 1 }, { a: { '01': 1 } }, true],
    [{ 'a.length': 2 }, { a: [1, 2] }, false],
    [{ 'a.length': 2 }, { a: 'xx' }, false],
    [{ 'a.0': 'x' }, { a: 'xx' }, false],
    [{ 0: 1 }, [1, 2], true],
    [{ '': 1 }, { '': 1 }, true],
    [{ 'a..b': 1 }, { a: { '': { b: 1 } } }, true],
    [{ 'a.': 1 }, { a: { '': 1 } }, true],
    [{ '.': 1 }, { '': { '': 1 } }, true],
    [{ 'a..b': 1 }, { a: { b: 1 } }, false],
    [{ é: 1 }, { text: '{"\\u00e9":1}' }, true],
    [{ '\ud800': 1 }, { text: '{"\\ud800":1}' }, true],
    [{ a: 2 }, { text: '{"a":1,"a":2}' }, true],
    [{ a: 1 }, { text: '{"a":1,"a":2}' }, false],
    [{ 'a.b': 1 }, { text: '{"a":{"b":1},"a":{"c":1}}' }, false],
    [{ 'a.b': 1 }, { text: '{"a":{"b":1},"\\u0061":3}' }, false],
    [{ a: 1, b: 2 }, { a: 1, b: 2, c: 3 }, true],
    [{ a: 1, b: 2 }, { a: 1 }, false],
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, false],
    // own members only
    [{ constructor: '/./' }, {}, false],
    [{ 'toString.name': 'toString' }, {}, false],
    [{ __proto__: null, ['__proto__']: 1 }, { text: '{"__proto__":1}' }, true],
    [{ '__proto__.x': 1 }, { text: '{"__proto__":{"x":1}}' }, true],
    [{ x: 1 }, { text: '{"__proto__":{"x":1}}' }, false],
    [{ hasOwnProperty: 1 }, { text: '{"hasOwnProperty":1}' }, true],
    // regular expressions
    [{ a: '/^(green|blue).*/' }, { a: 'greenish' }, true],
    [{ a: '/^(green|blue).*/' }, { a: 'a green one' }, false],
    [{ a: '/ree/' }, { a: 'green' }, true],
    [{ a: '/^\\d+$/' }, { a: 42 }, true],
    [{ a: '/^1000000000000000000000$/' }, { text: '{"a":1e20}' }, false],
    [{ a: '/^100000000000000000000$/' }, { text: '{"a":1e20}' }, true],
    [{ a: '/^1e\\+21$/' }, { text: '{"a":1000000000000000000000}' }, true],
    [{ a: '/^0.000001$/' }, { text: '{"a":1e-6}' }, true],
    [{ a: '/^1e-7$/' }, { text: '{"a":0.0000001}' }, true],
    [{ a: '/^-1\\.5e-10$/' }, { text: '{"a":-0.00000000015}' }, true],
    [{ a: '/^0$/' }, { text: '{"a":-0}' }, true],
    [{ a: '/^-Infinity$/' }, { text: '{"a":-1e400}' }, true],
    [{ a: '/^1$/' }, { text: '{"a":1.00}' }, true],
    [{ a: '/^true$/' }, { a: true }, true],
    [{ a: '/als/' }, { a: false }, true],
    [{ a: '/null/' }, { a: null }, false],
    [{ a: '/undefined/' }, {}, false],
    [{ a: '/object/' }, { a: {} }, false],
    [{ a: '/^b/' }, { a: ['ab', 'bc'] }, true],
    [{ a: '/^b/' }, { a: ['ab', null, {}, ['bc']] }, false],
    [{ a: '/^,/' }, { a: [1, 2] }, false],
    [{ a: '/^2$/' }, { a: [1, 2] }, true],
    [{ a: '/./' }, { a: [] }, false],
    [{ a: '//' }, { a: '' }, true],
    [{ a: '//' }, { a: 1 }, true],
    [{ a: '//' }, { a: [] }, false],
    [{ a: '//' }, { a: null }, false],
    [{ a: '/' }, { a: '/' }, true],
    [{ a: '/' }, { a: 'x/' }, false],
    [{ a: '/x' }, { a: '/x' }, true],
    [{ a: '/x/ ' }, { a: 'x' }, false],
    [{ a: '/^a\nb$/' }, { text: '{"a":"a\\nb"}' }, true],
    [{ a: '/^\ud800$/' }, { text: '{"a":"\\ud800"}' }, true],
    [{ a: '/^.$/' }, { text: '{"a":"\\ud800"}' }, true],
    // arrays
    [{ a: ['x', 'y'] }, { a: 'y' }, true],
    [{ a: ['x', 'y'] }, { a: 'z' }, false],
    [{ a: [1, true, null] }, { a: null }, true],
    [{ a: [1, true, null] }, { a: true }, true],
    [{ a: [1, true, null] }, { a: '1' }, false],
    [{ a: [1, true, null] }, {}, false],
    [{ a: ['x', 'y'] }, { a: ['y', 'z', 'x'] }, true],
    [{ a: ['x', 'y'] }, { a: ['y', 'z'] }, false],
    [{ a: ['x', 'x'] }, { a: ['x'] }, true],
    [{ a: ['x', 1, null, false] }, { a: [false, null, 1, 'x', {}] }, true],
    [{ a: ['x'] }, { a: [['x']] }, false],
    [{ a: ['x'] }, { a: { x: 'x' } }, false],
    [{ a: [] }, { a: [] }, true],
    [{ a: [] }, { a: ['x'] }, true],
    [{ a: [] }, { a: 'x' }, false],
    [{ a: [] }, {}, false],
    [{ a: ['/x/'] }, { a: 'x' }, false],
    [{ a: ['/x/'] }, { a: '/x/' }, true],
    [{ a: ['/x/'] }, { a: ['/x/'] }, true],
    [{ a: ['é'] }, { text: '{"a":["\\u00e9"]}' }, true],
    [{ a: [0] }, { text: '{"a":[-0.0]}' }, true]
];

const text = (message) => (typeof message.text === 'string' ? message.text : JSON.stringify(message));

describe('filter: the object language', () => {
    for (const [filters, message, expected] of CASES) {
        it(`${JSON.stringify(filters)} ${expected ? 'matches' : 'refuses'} ${text(message)}`, () => {
            const matches = createMatcher(filters);
            assert.strictEqual(matches(text(message)), expected, 'text');
            assert.strictEqual(referenceMatcher(filters)(JSON.parse(text(message))), expected, 'the reference');
        });
    }

    it('takes an object, text, a Buffer, any view of bytes', () => {
        const matches = createMatcher({ 'a.b': 'é' });
        const bytes = Buffer.from('{"a":{"b":"é"}}');
        const padded = Buffer.concat([Buffer.from('[['), bytes, Buffer.from(']]')]);
        assert.strictEqual(matches({ a: { b: 'é' } }), true);
        assert.strictEqual(matches(bytes), true);
        assert.strictEqual(matches(new Uint8Array(bytes)), true);
        assert.strictEqual(matches(new DataView(padded.buffer, padded.byteOffset + 2, bytes.length)), true);
        assert.strictEqual(matches(padded), false);
    });

    it('does not match what is no JSON object or array', () => {
        const circular = {};
        circular.self = circular;
        const messages = [
            undefined, null, true, 1, 1n, Symbol('x'), () => {}, '', 'x', '1', 'null', '"a"', '{', '{"a":1}x', '{"a":01}', '\ufeff{}',
            '{"a":"\\\ud800"}', Buffer.from(''), Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), circular, { a: 1n },
            { toJSON() {} }
        ];
        const gone = Uint8Array.from(Buffer.from('{}'));
        structuredClone(gone, { transfer: [gone.buffer] });
        messages.push(gone);
        const matches = createMatcher({});
        for (const message of messages) {
            assert.strictEqual(matches(message), false);
        }
        assert.strictEqual(matches('{}'), true);
        assert.strictEqual(matches(' [1] '), true);
    });

    it('a falsy filter and {} match every message', () => {
        for (const filters of [undefined, null, false, 0, '', NaN, {}]) {
            const matches = createMatcher(filters);
            assert.strictEqual(matches({ a: 1 }), true);
            assert.strictEqual(matches([]), true);
            assert.deepStrictEqual(matches.filters, filters ? {} : null);
        }
    });

    it('shows its filters', () => {
        const filters = { 'a.b': '/x/', c: [1, 'y'], d: null };
        const matches = createMatcher(filters);
        assert.deepStrictEqual(matches.filters, filters);
        assert.notStrictEqual(matches.filters, filters);
        const own = createMatcher(JSON.parse('{"__proto__":1}')).filters;
        assert.deepStrictEqual(Object.keys(own), ['__proto__']);
    });

    it('does not see later changes of what it was given', () => {
        const filters = { a: [1] };
        const matches = createMatcher(filters);
        filters.a.push(2);
        filters.b = 1;
        assert.strictEqual(matches({ a: [1] }), true);
    });

    it('1e400 in a filter is Infinity, as JSON.parse has it', () => {
        const matcher = new NativeMatcher('{"a":1e400}');
        assert.strictEqual(matcher.matches('{"a":1e999}'), true);
        assert.strictEqual(matcher.matches('{"a":-1e999}'), false);
        assert.strictEqual(matcher.matches('{"a":1.7976931348623157e308}'), false);
    });

    it('of a repeated path in a filter the last counts; an escaped slash is a slash', () => {
        const matcher = new NativeMatcher(' { "a" : 1 , "\\u0061" : "\\/^x\\/" , "b" : [ 1 , "]" ] } ');
        assert.strictEqual(matcher.matches('{"a":"xy","b":"]"}'), true);
        assert.strictEqual(matcher.matches('{"a":1,"b":"]"}'), false);
    });

    it('finds the items of a long array in a longer one', () => {
        const items = Array.from({ length: 5000 }, (_, i) => (i % 2 ? `s${i}` : i));
        const elements = [...items, ...Array.from({ length: 50000 }, (_, i) => -i - 1)].reverse();
        const matches = createMatcher({ a: items });
        assert.strictEqual(matches({ a: elements }), true);
        assert.strictEqual(matches({ a: elements.filter((element) => element !== 's4711') }), false);
    });

    it('follows a path of 900 names through as many objects', () => {
        const depth = 900;
        const message = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
        assert.strictEqual(createMatcher({ [Array(depth).fill('a').join('.')]: 1 })(message), true);
        assert.strictEqual(createMatcher({ [Array(depth + 1).fill('a').join('.')]: 1 })(message), false);
    });
});

describe('filter: what is no filter', () => {
    const refused = (filters, pattern) =>
        assert.throws(
            () => createMatcher(filters),
            (error) => {
                assert(error instanceof InvalidFilterError, String(error));
                assert.match(error.message, pattern);
                assert.strictEqual(error.name, 'InvalidFilterError');
                return true;
            }
        );

    it('values of other types', () => {
        refused({ a: undefined }, /filter "a": it has no value/);
        refused({ a: NaN }, /filter "a": NaN is not a number of JSON/);
        refused({ a: -Infinity }, /-Infinity is not a number of JSON/);
        refused({ a: () => {} }, /a function cannot be/);
        refused({ a: Symbol('x') }, /a symbol cannot be/);
        refused({ a: 1n }, /a bigint cannot be/);
        refused({ a: {} }, /filter "a": an object cannot be a filter's value/);
        refused({ a: new Date() }, /an object cannot be/);
        refused({ a: Buffer.from('x') }, /an object cannot be/);
        refused({ a: Object('x') }, /an object cannot be/);
        refused({ a: /x/ }, /write a regular expression as a string/);
        refused({ a: [[1]] }, /items of an array must be/);
        refused({ a: [{}] }, /items of an array must be/);
        refused({ a: [undefined] }, /it has no value/);
        // eslint-disable-next-line no-sparse-arrays
        refused({ a: [1, , 2] }, /it has no value/);
        refused({ [Symbol('x')]: 1 }, /a symbol cannot be a path/);
    });

    it('filters of other types', () => {
        for (const filters of [true, 1, Symbol('x'), () => {}, new Map(), new Date(), Buffer.from('x'), new (class A {})()]) {
            refused(filters, /must be an object/);
            refused([{ a: 1 }, filters], /item 1 of the array: neither an object nor a string/);
        }
        refused([], /must not be an empty array/);
        refused([{ a: 1 }, null], /item 1 of the array/);
        refused([[{ a: 1 }]], /item 0 of the array/);
        // eslint-disable-next-line no-sparse-arrays
        refused([, { a: 1 }], /item 0 of the array/);
    });

    it('cycles, getters and proxies that throw', () => {
        const circular = {};
        circular.a = circular;
        refused(circular, /an object cannot be/);
        const items = [];
        items.push(items);
        refused({ a: items }, /items of an array must be/);
        refused({ get a() { throw new Error('no such luck'); } }, /no such luck/);
        refused(new Proxy({}, { ownKeys() { throw 'thrown text'; } }), /thrown text/);
    });

    it('too much of it', () => {
        for (const filters of [
            { a: 'x'.repeat(65536) },
            { a: 'é'.repeat(40000) },
            { ['x'.repeat(65536)]: 1 },
            { a: new Array(2 ** 32 - 1) },
            { a: new Array(40000).fill(1) },
            new Array(2 ** 32 - 1),
            new Array(40000).fill({ a: 1 })
        ]) {
            refused(filters, /larger than 65536 bytes/);
        }
        refused(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [i, 1])), /more paths than 1000/);
        refused({ [Array(1025).fill('a').join('.')]: 1 }, /more segments than 1024/);
        refused(Object.fromEntries(Array.from({ length: 33 }, (_, i) => [i, '/x/'])), /more regular expressions than 32/);
        refused(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [i, '/\\p{L}{1,5}/'])), /too complex taken together/);
        assert(createMatcher(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [i, 1]))));
        assert(createMatcher({ [Array(1024).fill('a').join('.')]: 1 }));
    });

    it('a regular expression that RE2 cannot run: the error names path, pattern, fault and place', () => {
        refused({ 'a.b': '/x(?=y)/' }, /^filter "a\.b": regular expression \/x\(\?=y\)\/: RE2 has no look-ahead, at character 2$/);
    });

    it('a text that is no filter', () => {
        for (const text of ['', '{', '[]', '[1]', '[[]]', 'null', '1', '"x"', '{"a":1,}', '{"a":{"b":1}}', '{"a":[{}]}', '{"a":[[]]}']) {
            assert.throws(() => new NativeMatcher(text), { kind: 'InvalidFilter' }, text);
        }
        assert.throws(() => new NativeMatcher(), TypeError);
        assert.throws(() => new NativeMatcher({}), TypeError);
        assert.throws(() => new NativeMatcher('{}').matches(1), TypeError);
    });
});
