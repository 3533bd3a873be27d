'use strict';

// What is our own about expressions: they share a form with the object language, what they may take is counted, and no text
// and no message gets them out of hand.

const assert = require('node:assert/strict');

const { createMatcher } = require('../lib/matcher');
const { stages } = require('../lib/native');
const { InvalidFilterError } = require('../lib/errors');

const canonical = (filter) => stages.filter(JSON.stringify(filter)).canonical.toString();

describe('expression: one form with the object language', () => {
    for (const [what, ...filters] of [
        ['a comparison with a literal', { a: 1 }, '$.a == 1', '1.0 == @[\'a\']', '1e0==$["\\u0061"]', '!($.a != 1)', '(($.a==1))', ['$.a==1'], [{ a: 1 }, '', { a: 1.0 }], '$.a==1&&$.a==1', '$.a==1||1==$.a', '$.a == 1 && 1 == 1'],
        ['several of them', { 'a': 1, 'b.c': 'x' }, '$.b.c == "x" && $.a == 1', [{ a: 1 }, '$.b[\'c\']==\'\\u0078\''], [{ a: 1, 'b.c': 'x' }, '$.a == 1'], '!($.a != 1 || "x" != $.b.c)'],
        ['null, true, false', { a: null, b: true, c: false }, '$.a == null && $.b == true && $.c == false'],
        ['and, or, not', '$.a < 1 || !$.b', '1 > $.a || !$.b', '!($.b && !($.a < 1))', '!$.b || $.a < 1 || $.a < 1', '((!$.b) || (1 > @.a))'],
        ['inequality', '$.a != 1', '!($.a == 1)', '!(1.0 == @.a)', '1 != $.a'],
        ['a query', '$[?@.x, \'a\', *]', '$[*, "a", ?(@.x)]', '@[*,\'a\',?!(!@.x)]'],
        ['a slice', '$.a[:]', '$.a[::]', '$.a[0::1]', '$.a[0:]'],
        ['an empty slice', '$.a[1:2:0]', '$.a[::0]'],
        ['everything', {}, '$', '@', '1 == 1', '$ || $.a', '\'a\' < \'b\'', '', ['', {}, '$'], '!(1 > 2)', '!match($.a, \'(\')'],
        ['nothing', '1 == 2', '!$', '$.a && 1 > 2', 'match($.a, 1)', 'search($.a, \'[\')'],
    ]) {
        it(`equal, however written: ${what}`, () => {
            for (const filter of filters) assert.equal(canonical(filter), canonical(filters[0]), JSON.stringify(filter));
        });
    }

    it('not equal: what differs on some message', () => {
        for (const [one, other, message] of [
            [{ 'tags.0': 1 }, '$.tags[0] == 1', { tags: { 0: 1 } }],
            ['$.tags[0] == 1', '$.tags[\'0\'] == 1', { tags: [1] }],
            [{ a: ['x'] }, '$.a == \'x\'', { a: ['x'] }],
            [{ a: '/x/' }, 'search($.a, \'x\')', { a: ['x'] }],
            ['$.a', '$.a == null', { a: 1 }],
            ['$.a < 1', '!($.a >= 1)', { a: 'x' }],
            ['count($[\'a\',\'a\']) == 2', 'count($[\'a\']) == 2', { a: 1 }],
            ['$..a', '$.a', { b: { a: 1 } }],
            ['match($.a, \'x\')', 'search($.a, \'x\')', { a: 'xx' }],
            ['$.a && $.b', '$.a || $.b', { a: 1 }],
            ['$.a == \'1\'', '$.a == 1', { a: 1 }],
            ['$[?@.x && @.x == $.y]', '$[?@.x && @.x == @.y]', { y: 1, z: { x: 1 } }],
        ]) {
            assert.notEqual(canonical(one), canonical(other));
            assert.notEqual(createMatcher(one)(message), createMatcher(other)(message), JSON.stringify(one));
        }
    });

    it('an array of filters: all must hold', () => {
        const matches = createMatcher([{ a: ['x', 'y'] }, '$.b > 1', ' ', '!$.c || $.c == null']);
        assert.deepEqual(matches.filters, [{ a: ['x', 'y'] }, '$.b > 1', '!$.c || $.c == null']);
        assert.deepEqual([{ a: 'x', b: 2 }, { a: 'z', b: 2 }, { a: 'x', b: 1 }, { a: 'y', b: 3, c: 1 }, { a: 'y', b: 3, c: null }].map(matches), [true, false, false, false, true]);
    });

    it('what is blank is none', () => {
        for (const filter of ['', ' ', '\n\t\u00a0\ufeff', ['', '  '], null, undefined, false, 0]) {
            const matches = createMatcher(filter);
            assert.equal(matches.filters, null);
            assert.equal(matches({}), true);
        }
        assert.throws(() => createMatcher([]), /must not be an empty array/);
    });
});

describe('expression: steps', () => {
    const MESSAGE = JSON.stringify({
        list: Array.from({ length: 20 }, (_, v) => ({ v, text: 'x'.repeat(100 * v), deep: [[[{ v: -1 }]]] })), pattern: 'x{1,200}', same: [{ x: 1, y: ['é'] }, { y: ['\u00e9'], x: 1.0 }],
    });

    it('are the same each time, and exact: one less is too few', () => {
        for (const query of ['$..v', '$.list[?@.v > 10]', '$.list[?count($..[?@.v == 1]) > 0]', '$.list[::-2].text', '$.list[-3]', '$..[?length(@.text) > 500]', '$.list[?match(@.text, $.pattern)]',
            '$.list[?search(@.text, "x{60}")]', '$.same[?@ == $.same[0]]', '$[\'list\', \'same\'][*][*]']) {
            const run = (filterSteps) => stages.select(JSON.stringify(query), MESSAGE, { filterSteps });
            const { steps, nodes, complete } = run(1e6);
            assert.ok(complete && nodes.length > 0 && steps > 0, query);
            assert.deepEqual(run(steps), { steps, nodes, complete });
            assert.equal(run(steps - 1).complete, false, query);
        }
    });

    it('bound what no check of the expression could', () => {
        const leaves = (count) => ({ all: Array.from({ length: count }, () => ({ v: 1 })) });
        const quadratic = '$..[?$..[?@.v==1]]';
        assert.equal(createMatcher('$..[?count($..[?@.v==1]) > 0]')(leaves(10)), true);
        assert.equal(createMatcher('$..[?count($..[?@.v==2]) > 0]')(leaves(1000)), false);
        // What is undecided does not match, and neither does its opposite.
        for (const expression of [`!(${quadratic.replace('1]]', '2]]')})`, quadratic.replace('1]]', '2]]')]) {
            const { complete } = stages.select(JSON.stringify(quadratic.replace('1]]', '2]]')), JSON.stringify(leaves(1000)));
            assert.equal(complete, false);
            assert.equal(createMatcher(expression)(leaves(1000)), false);
        }
        assert.equal(createMatcher(`!(${quadratic.replace('1]]', '2]]')})`, { filterSteps: 1e9 })(leaves(1000)), true);
    });

    it('are enough to go over a large message', () => {
        const large = JSON.stringify({ rows: Array.from({ length: 3000 }, (_, id) => ({ id, name: 'n'.repeat(200), tags: ['a', 'b'] })), error: 'x' });
        assert.ok(large.length > 700000);
        assert.equal(createMatcher('$..error')(large), true);
        assert.equal(createMatcher('$.rows[?@.id == 2999 && @.tags[?@ == "b"]]')(large), true);
    });

    it('a pattern from the message: up to 256 bytes, and paid for once', () => {
        const matches = createMatcher('search($.a, $.p)');
        for (const [length, expected] of [[256, true], [257, false]]) assert.equal(matches({ a: 'x'.repeat(300), p: 'x'.repeat(length) }), expected);
        assert.equal(matches({ a: 'é'.repeat(300), p: 'é'.repeat(129) }), false);
        const steps = (count) => stages.select(JSON.stringify('$.list[?search(@, $.p)]'), JSON.stringify({ list: Array(count).fill('x'), p: '\\p{L}{1,20}' })).steps;
        assert.ok(steps(1) > 1000 && steps(100) < 2 * steps(1), `${steps(1)} ${steps(100)}`);
    });
});

describe('expression: hostile input', () => {
    const LARGE = { filterBytes: 1e7 };

    it('long texts of any kind compile or are refused, by name and with a place in them', () => {
        const pieces = ['(', ')', '[', ']', '$', '@', '.', '..', '*', '?', '!', '&&', '||', '==', '<', '\'', '"', '\\', '\\u', '\\ud83d', '0', '9', '-', '1e', ',', ':', ' ', '\n', 'a', 'é', '💩', '\0', '\ufffd',
            '$.a&&', '$.a||', '!(', '$[', '$[?', '$[?@', '$[?(', '$[0', '$[0,', '$.a', '$..', '$..*', '$[*]', '[*]', '$[?@.a==', 'count(', 'count($', 'length(', 'value($..', 'match(', 'match($.a,', 'true', 'null==', '1==', '\'a\'==', '$.a==1&&', '$.a[0]==1||'];
        let refused = 0;
        for (const piece of pieces) {
            for (const [before, after] of [['', ''], ['$.a', ''], ['$[?', ']'], ['$.a == \'', '\'']]) {
                const expression = before + piece.repeat(Math.ceil(100000 / piece.length)) + after;
                try {
                    createMatcher(expression, LARGE);
                } catch (error) {
                    assert.ok(error instanceof InvalidFilterError, piece);
                    assert.ok(error.message.length < 500, error.message);
                    assert.ok(error.position === undefined ? /than|limit/.test(error.message) : error.position >= 0 && error.position <= expression.length, error.message);
                    refused++;
                }
            }
        }
        assert.ok(refused > pieces.length);
    });

    it('nested ten thousand deep: refused where it becomes too deep', () => {
        const N = 10000;
        for (const [open, close, inner, before = ''] of [['(', ')', '$.a'], ['!(', ')', '$.a'], ['$[?', ']', '@'], ['[?@', ']', '', '$'], ['count($[?', ']) == 1', '@'], ['$[?length(value(@[?', '])) == 1]', '@']]) {
            const expression = before + open.repeat(N) + inner + close.repeat(N);
            assert.throws(() => createMatcher(expression, LARGE), (error) => {
                assert.ok(error instanceof InvalidFilterError);
                assert.match(error.message, /deeper than 50 levels/);
                return error.position > 0 && error.position < 60 * open.length;
            }, open);
            const fits = before + open.repeat(12) + inner + close.repeat(12);
            assert.doesNotThrow(() => createMatcher(fits), fits);
        }
        assert.throws(() => createMatcher(`$${'..*'.repeat(60)}`), /deeper than 50 levels/);
        assert.throws(() => createMatcher(`$${'.a'.repeat(N)}`, LARGE), /more segments than 1024/);
        assert.throws(() => createMatcher(Array.from({ length: N }, (_, i) => `$.a${i} == 1`).join('&&'), LARGE), /more paths than 1000/);
    });

    it('messages nested as deep as messages may be', () => {
        const deep = (open, inner, close) => `{"a":${open.repeat(1000)}${inner}${close.repeat(1000)}}`;
        const text = deep('[', '{"x":1}', ']');
        assert.equal(createMatcher('$..x')(text), true);
        assert.equal(createMatcher('$..y')(text), false);
        assert.equal(createMatcher('$..[?@.x == 1]')(text), true);
        assert.equal(createMatcher('$.a == $.b')(`{"a":${'['.repeat(1000)}1${']'.repeat(1000)},"b":${'['.repeat(1000)}1.0${']'.repeat(1000)}}`), true);
        assert.equal(createMatcher('count($..*) == 1001')(deep('{"a":', '1', '}')), true);
    });

    it('any character, in names and in texts, written as it is and escaped', () => {
        const characters = [];
        for (let c = 0; c <= 0x10ffff; c += c < 0x800 ? 1 : 997) {
            if (c < 0xd800 || c > 0xdfff) characters.push(String.fromCodePoint(c));
        }
        for (const character of characters) {
            const escaped = character.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
            const plain = character < ' ' || character === '\'' || character === '\\' ? escaped : character;
            for (const [name, text] of [[plain, escaped], [escaped, plain]]) {
                const expression = `$['${name}'] == 'x${text}'`;
                assert.equal(createMatcher(expression)({ [character]: `x${character}` }), true, expression);
                assert.equal(createMatcher(expression)({ [character]: 'x' }), false, expression);
            }
        }
        // A place is counted as JavaScript counts, whatever stands before it.
        assert.throws(() => createMatcher('$[\'😀é\u{10ffff}\'] = 1'), { position: 11 });
    });

    it('numbers beyond doubles', () => {
        const of = (number) => createMatcher(`$.a == ${number}`);
        for (const number of ['1e99999', '9'.repeat(10000), `${'9'.repeat(400)}.5`, '1e309']) {
            assert.equal(of(number)('{"a":1e400}'), true);
            assert.equal(of(number)('{"a":-1e400}'), false);
            assert.equal(of(`-${number}`)('{"a":-1e999}'), true);
        }
        for (const number of ['1e-99999', `0.${'0'.repeat(10000)}1`, '-0', '0e99999']) assert.equal(of(number)({ a: 0 }), true);
        assert.equal(of('9007199254740993')('{"a":9007199254740992}'), true);
        for (const index of ['9'.repeat(100), `-${'9'.repeat(100)}`, '9007199254740992']) {
            for (const selector of [index, `${index}:`, `:${index}`, `::${index}`]) assert.throws(() => createMatcher(`$[${selector}]`), /beyond 2\^53 - 1/);
        }
    });

    it('patterns that explode elsewhere', () => {
        const a = 'a'.repeat(100000);
        for (const pattern of ['(a*)*b', '(a|aa)+b', '(a|a?)+b', '((a+)+)+b', '(.*a){20}b', '(a?){50}(a){50}b']) {
            assert.equal(createMatcher(`search($.a, '${pattern}')`)({ a }), false, pattern);
            assert.equal(createMatcher('search($.a, $.p)')({ a, p: pattern }), false, pattern);
        }
        for (const pattern of ['((a{100}){100}){100}', '(a{0,1000}){0,1000}', '(\\\\p{L}{1000}){1000}']) {
            assert.throws(() => createMatcher(`search($.a, '${pattern}')`), InvalidFilterError);
            assert.equal(createMatcher('search($.a, $.p)')({ a, p: pattern.replaceAll('\\\\', '\\') }), false);
        }
        assert.throws(() => createMatcher(`search($.a, '${'('.repeat(50000)}${')'.repeat(50000)}')`, LARGE), /nested too deeply/);
        assert.throws(() => createMatcher(`search($.a, '[${'\\\\p{L}'.repeat(10000)}]')`, LARGE), InvalidFilterError);
    });
});
