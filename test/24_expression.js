'use strict';

// Filter expressions: RFC 9535 section by section, then what is our own about them. What the two JavaScript libraries say
// is asked in 26_expression-random.js, the RFC's compliance test suite in 25_expression-compliance.js.

const assert = require('node:assert/strict');

const { createMatcher } = require('../lib/matcher');
const { stages } = require('../lib/native');
const { InvalidFilterError } = require('../lib/errors');

/** The RFC's figure 1 (in section 1.5), as a message. */
const STORE = {
    store: {
        book: [
            { category: 'reference', author: 'Nigel Rees', title: 'Sayings of the Century', price: 8.95 },
            { category: 'fiction', author: 'Evelyn Waugh', title: 'Sword of Honour', price: 12.99 },
            { category: 'fiction', author: 'Herman Melville', title: 'Moby Dick', isbn: '0-553-21311-3', price: 8.99 },
            { category: 'fiction', author: 'J. R. R. Tolkien', title: 'The Lord of the Rings', isbn: '0-395-19395-8', price: 22.99 },
        ],
        bicycle: { color: 'red', price: 399 },
    },
};

/**
 * What a query selects.
 *
 * @param {string} query
 * @param {*} document a value, or { text }: JSON text
 * @returns {string[]} JSON texts, sorted
 */
function select(query, document) {
    const text = typeof document?.text === 'string' ? document.text : JSON.stringify(document);
    const { complete, nodes } = stages.select(JSON.stringify(query), text);
    assert.equal(complete, true, query);
    return nodes.map(String).sort();
}

const selects = (query, document, values) =>
    assert.deepEqual(select(query, document), values.map((value) => JSON.stringify(value)).sort(), `${query} on ${JSON.stringify(document)}`);

const holds = (expression, message, expected = true) => {
    const text = typeof message?.text === 'string' ? message.text : JSON.stringify(message);
    assert.equal(createMatcher(expression)(text), expected, `${expression} on ${text}`);
};

/** `position` is where the fault is. */
const refused = (expression, position, about) =>
    assert.throws(() => createMatcher(expression), (error) => {
        assert(error instanceof InvalidFilterError, String(error));
        assert.equal(error.position, position, `${expression}: ${error.message}`);
        assert.match(error.message, about);
        if (position !== undefined) assert(error.message.includes(`position ${position}: `), error.message);
        return true;
    });

describe('expression: RFC 9535', () => {
    it('1.5: the examples of table 2', () => {
        const { book, bicycle } = STORE.store;
        selects('$.store.book[*].author', STORE, book.map(({ author }) => author));
        selects('$..author', STORE, book.map(({ author }) => author));
        selects('$.store.*', STORE, [book, bicycle]);
        selects('$.store..price', STORE, [399, ...book.map(({ price }) => price)]);
        selects('$..book[2]', STORE, [book[2]]);
        selects('$..book[2].author', STORE, ['Herman Melville']);
        selects('$..book[2].publisher', STORE, []);
        selects('$..book[-1]', STORE, [book[3]]);
        selects('$..book[0,1]', STORE, [book[0], book[1]]);
        selects('$..book[:2]', STORE, [book[0], book[1]]);
        selects('$..book[?@.isbn]', STORE, [book[2], book[3]]);
        selects('$..book[?@.price<10]', STORE, [book[0], book[2]]);
        assert.equal(select('$..*', STORE).length, 27);
    });

    it('2.1.1: blanks between segments and around operators, not elsewhere', () => {
        for (const expression of ['$.a==1', ' $.a == 1 ', '$ .a\n==\t1', '$ [ "a" ]', '(\n$.a == 1 )', '!( $.b )', '! $.b', '$.a == 1\r\n&&\t$.c == null']) {
            holds(expression, { a: 1, c: null });
        }
        refused('$. a == 1', 2, /a name or \* expected behind the dot, not {2}/);
        refused('$.a = = 1', 4, /&&, \|\| or the end expected, not =/);
        refused('$.a & & $.b', 4, /expected, not &/);
        refused('count ($.*) == 1', 0, /count is no literal .* and no query/);
        // Not a blank, but a letter as all that is not ASCII.
        holds('$.a\u00a0== 1', { 'a\u00a0': 1 });
    });

    it('2.2: $ is the message, and so is @ outside of filter selectors', () => {
        holds('$', {});
        holds('@', []);
        holds('$ == @', { a: [1] });
        holds('@.a == 1 && $.a == 1', { a: 1 });
        holds('$[?@ == 1]', { a: 1 });
        holds('@[?@ == $.b]', { a: 1, b: 2, c: 2 });
        holds('$[?@.x == $.b]', { a: { x: 2 }, b: 2 });
        holds('$[?@.x == @.b]', { a: { x: 2 }, b: { x: 2 } }, false);
    });

    it('2.3.1: names', () => {
        const message = { 'o': { 'j j': { 'k.k': 3 } }, '\'': { '@': 2 }, '"': 1, '\\': 4, 'é': 5, '😀': 6, '': 7, '\u0000': 8, '0': 9, 'a/b': 10, 'x\ty': 11 };
        for (const [query, ...values] of [
            ['$.o[\'j j\']', { 'k.k': 3 }], ['$.o["j j"]["k.k"]', 3], ['$["\'"]["@"]', 2], ['$[\'\\\'\'][\'@\']', 2], ['$["\\""]', 1], ['$[\'"\']', 1],
            ['$["\\\\"]', 4], ['$.é', 5], ['$["\\u00e9"]', 5], ['$["\\u00E9"]', 5], ['$.😀', 6], ['$["\\ud83d\\ude00"]', 6], ['$[""]', 7], ['$["\\u0000"]', 8],
            ['$["0"]', 9], ['$["a\\/b"]', 10], ['$["x\\ty"]', 11], ['$.x'], ['$["o"]["x"]'], ['$.o.j'], ['$["constructor"]'], ['$.__proto__'],
        ]) {
            selects(query, message, values);
        }
        selects('$["\\b\\f\\n\\r\\t"]', { '\b\f\n\r\t': 1 }, [1]);
        selects('$.a', [{ a: 1 }], []);
        selects('$["0"]', ['x'], []);
        selects('$.length', ['x'], []);
        refused('$["a]', 2, /a string without an end/);
        refused('$["a\n"]', 4, /a control character/);
        refused('$["\\x"]', 3, /no such escape/);
        refused('$[\'\\"\']', 3, /no such escape/);
        refused('$["\\u12g4"]', 3, /four hexadecimal digits/);
        refused('$["\\ud800"]', 3, /lone surrogate/);
        refused('$["\\udc00"]', 3, /lone surrogate/);
        refused('$["\\ud800\\u0041"]', 3, /lone surrogate/);
        refused('$["\ud800"]', 3, /lone surrogate/);
        refused('$.1a', 2, /a name or \* expected behind the dot, not 1/);
        refused('$.', 2, /but it ends here/);
        refused('$[', 2, /but it ends here/);
        refused('$[a]', 2, /a selector expected/);
        refused('$["a"', 5, /a comma or \] expected, but it ends here/);
        refused('$["a",]', 6, /a selector expected/);
        refused('$[]', 2, /a selector expected/);
    });

    it('2.3.2: wildcards', () => {
        const message = { o: { j: 1, k: 2 }, a: [5, 3] };
        selects('$[*]', message, [[5, 3], { j: 1, k: 2 }]);
        selects('$.o[*]', message, [1, 2]);
        selects('$.o[*, *]', message, [1, 2, 1, 2]);
        selects('$.a[*]', message, [5, 3]);
        selects('$.a.*', message, [5, 3]);
        selects('$.o.j.*', message, []);
        selects('$.*', {}, []);
    });

    it('2.3.3: indexes, from the end as well', () => {
        const message = ['a', 'b', { 0: 'c' }];
        for (const [query, ...values] of [
            ['$[0]', 'a'], ['$[1]', 'b'], ['$[-1]', { 0: 'c' }], ['$[-3]', 'a'], ['$[-4]'], ['$[3]'], ['$[2][0]'], ['$[2]["0"]', 'c'], ['$[0][0]'],
            ['$[9007199254740991]'], ['$[-9007199254740991]'], ['$[4294967295]'], ['$[4294967296]'], ['$[0,0,-1]', 'a', 'a', { 0: 'c' }],
        ]) {
            selects(query, message, values);
        }
        selects('$[0]', { 0: 'x' }, []);
        selects('$.a[1].b', { a: [{ b: 1 }, { b: 2 }] }, [2]);
        refused('$[9007199254740992]', 2, /beyond 2\^53 - 1/);
        refused('$[-9007199254740992]', 2, /beyond 2\^53 - 1/);
        refused('$[01]', 2, /zero in front/);
        refused('$[-0]', 2, /not -0/);
        refused('$[-]', 3, /a digit expected/);
        refused('$[1.0]', 3, /a comma or \] expected/);
        refused('$[+1]', 2, /a selector expected/);
    });

    it('2.3.4: slices', () => {
        const message = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
        for (const [query, values] of [
            ['$[1:3]', 'bc'], ['$[5:]', 'fg'], ['$[1:5:2]', 'bd'], ['$[5:1:-2]', 'fd'], ['$[::-1]', 'gfedcba'], ['$[:]', 'abcdefg'], ['$[::]', 'abcdefg'],
            ['$[:2]', 'ab'], ['$[-2:]', 'fg'], ['$[:-5]', 'ab'], ['$[-100:2]', 'ab'], ['$[5:100]', 'fg'], ['$[3:3]', ''], ['$[4:2]', ''], ['$[::0]', ''], ['$[1:3:0]', ''],
            ['$[::3]', 'adg'], ['$[100:0:-3]', 'gd'], ['$[:2:-1]', 'gfed'], ['$[2::-1]', 'cba'], ['$[-1:-3:-1]', 'gf'], ['$[ 1 : 5 : 2 ]', 'bd'], ['$[1:5 :2]', 'bd'],
            ['$[0:9007199254740991:9007199254740991]', 'a'], ['$[6:-9007199254740991:-9007199254740991]', 'g'], ['$[1:3,1]', 'bcb'],
        ]) {
            selects(query, message, [...values]);
        }
        selects('$[:]', [], []);
        selects('$[::-1]', [], []);
        selects('$[:]', { 0: 'a' }, []);
        refused('$[1:2:3:4]', 7, /a comma or \] expected/);
        refused('$[::9007199254740992]', 4, /beyond 2\^53 - 1/);
    });

    it('2.3.5: filter selectors: the examples of table 12', () => {
        const message = {
            a: [3, 5, 1, 2, 4, 6, { b: 'j' }, { b: 'k' }, { b: {} }, { b: 'kilo' }],
            o: { p: 1, q: 2, r: 3, s: 5, t: { u: 6 } },
            e: 'f',
        };
        selects('$.a[?@.b == \'kilo\']', message, [{ b: 'kilo' }]);
        selects('$.a[?(@.b == \'kilo\')]', message, [{ b: 'kilo' }]);
        selects('$.a[?@>3.5]', message, [5, 4, 6]);
        selects('$.a[?@.b]', message, [{ b: 'j' }, { b: 'k' }, { b: {} }, { b: 'kilo' }]);
        selects('$[?@.*]', message, [message.a, message.o]);
        selects('$[?@[?@.b]]', message, [message.a]);
        selects('$.o[?@<3, ?@<3]', message, [1, 2, 2, 1]);
        selects('$.a[?@<2 || @.b == "k"]', message, [1, { b: 'k' }]);
        selects('$.a[?match(@.b, "[jk]")]', message, [{ b: 'j' }, { b: 'k' }]);
        selects('$.a[?search(@.b, "[jk]")]', message, [{ b: 'j' }, { b: 'k' }, { b: 'kilo' }]);
        selects('$.o[?@>1 && @<4]', message, [2, 3]);
        selects('$.o[?@.u || @.x]', message, [{ u: 6 }]);
        selects('$.a[?@.b == $.x]', message, [3, 5, 1, 2, 4, 6]);
        selects('$.a[?@ == @]', message, message.a);
    });

    it('2.3.5.2.2: comparisons: the examples of table 11', () => {
        const message = { obj: { x: 'y' }, arr: [2, 3] };
        for (const [comparison, expected] of [
            ['$.absent1 == $.absent2', true], ['$.absent1 <= $.absent2', true], ['$.absent == \'g\'', false], ['$.absent1 != $.absent2', false], ['$.absent != \'g\'', true],
            ['1 <= 2', true], ['1 > 2', false], ['13 == \'13\'', false], ['\'a\' <= \'b\'', true], ['\'a\' > \'b\'', false], ['$.obj == $.arr', false], ['$.obj != $.arr', true],
            ['$.obj == $.obj', true], ['$.obj != $.obj', false], ['$.arr == $.arr', true], ['$.arr != $.arr', false], ['$.obj == 17', false], ['$.obj != 17', true],
            ['$.obj <= $.arr', false], ['$.obj < $.arr', false], ['$.obj <= $.obj', true], ['$.arr <= $.arr', true], ['1 <= $.arr', false], ['1 >= $.arr', false],
            ['1 > $.arr', false], ['1 < $.arr', false], ['true <= true', true], ['true > true', false],
        ]) {
            holds(comparison, message, expected);
        }
    });

    it('compares numbers as doubles, however they are written', () => {
        const of = (number) => ({ text: `{"a":${number}}` });
        for (const [literal, ...texts] of [
            ['1', '1', '1.0', '1e0', '10e-1', '0.1E+1'], ['0', '-0', '0.0', '1e-400', '-0e5'], ['-0', '0', '-0'], ['100', '1e2', '1E+2'], ['1e2', '100'],
            ['9007199254740992', '9007199254740993'], ['1e400', '1e400', '1e309', '2e308'], ['0.1', '0.1000000000000000055511151231257827'], ['1E3', '1000'],
        ]) {
            for (const text of texts) holds(`$.a == ${literal}`, of(text));
        }
        holds('$.a < 10', of('9.99'));
        holds('$.a < 10', of('10'), false);
        holds('$.a <= 10', of('1e1'));
        holds('$.a > -1', of('-1.5'), false);
        holds('$.a >= -1.5', of('-15e-1'));
        holds('$.a > 1', { a: '2' }, false);
        holds('$.a < 1e400', of('1.7976931348623157e308'));
        for (const [number, at] of [['01', 7], ['-01', 7], ['1.', 9], ['1e', 9], ['-', 8], ['1e+', 10]]) {
            refused(`$.a == ${number}`, at, /zero in front|a digit expected/);
        }
        refused('$.a == .5', 7, /expected, not \./);
        refused('$.a == +1', 7, /expected, not \+/);
        refused('$.a == 0x10', 8, /expected, not x/);
        refused('$.a == Infinity', 7, /expected, not I/);
    });

    it('compares strings by Unicode scalar values', () => {
        const ordered = ['', '\u0000', 'A', 'a', 'aa', 'b', 'é', 'ÿ', '\uffff', '😀', '\u{10ffff}'];
        ordered.forEach((a, i) => ordered.forEach((b, k) => {
            const message = { a, b };
            holds('$.a < $.b', message, i < k);
            holds('$.a <= $.b', message, i <= k);
            holds('$.a == $.b', message, i === k);
            holds(`$.a > ${JSON.stringify(b)}`, message, i > k);
            // the same, written with escapes
            const text = JSON.stringify(message).replace(/[^\x00-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).replaceAll('a"', '\\u0061"').replaceAll('"\\u0061":', '"a":');
            holds('$.a < $.b', { text }, i < k);
            holds('$.a == $.b', { text }, i === k);
        }));
        holds('$.a == "a\\u00e9"', { text: '{"a":"\\u0061\\u00E9"}' });
        holds('$.a == $.b', { text: '{"a":"\\ud800","b":"\\ud800"}' });
        holds('$.a == $.b', { text: '{"a":"\\ud800","b":"\\ufffd"}' }, false);
    });

    it('compares arrays and objects deeply; the order of members does not count, of repeated names the last does', () => {
        for (const [a, b, equal] of [
            ['[]', '[]', true], ['{}', '{}', true], ['[]', '{}', false], ['[1,[2,{"x":null}]]', '[1.0, [2e0,{"x":null}]]', true], ['[1,2]', '[2,1]', false], ['[1]', '[1,1]', false],
            ['[1,1]', '[1]', false], ['{"x":1,"y":2}', '{"y":2,"x":1}', true], ['{"x":1,"y":2}', '{"x":1}', false], ['{"x":1}', '{"x":1,"y":2}', false], ['{"x":1}', '{"y":1}', false],
            ['{"x":1,"x":2}', '{"x":2}', true], ['{"x":2}', '{"x":1,"x":2}', true], ['{"x":1,"x":2}', '{"x":1}', false], ['{"x":1,"y":0,"x":2}', '{"y":0,"x":2}', true],
            ['{"x":{"y":1},"x":{}}', '{"x":{}}', true], ['{"\\u0078":1}', '{"x":1}', true], ['{"a":[{"b":{"c":[]}}]}', '{"a":[{"b":{"c":[]}}]}', true],
            ['{"a":[{"b":{"c":[]}}]}', '{"a":[{"b":{"c":[0]}}]}', false], ['["\\u0061"]', '["a"]', true], ['[null]', '[false]', false], ['[[]]', '[{}]', false],
        ]) {
            holds('$.a == $.b', { text: `{"a":${a},"b":${b}}` }, equal);
            holds('$.b == $.a', { text: `{"a":${a},"b":${b}}` }, equal);
            holds('$.a != $.b', { text: `{"a":${a},"b":${b}}` }, !equal);
        }
        const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`n${i}`, [i]]));
        holds('$.a == $.b', { a: many, b: Object.fromEntries(Object.entries(many).reverse()) });
        holds('$.a == $.b', { a: many, b: { ...many, n50: [0] } }, false);
        const deep = `${'['.repeat(1000)}${']'.repeat(1000)}`;
        holds('$.a == $.b', { text: `{"a":${deep},"b":${deep}}` });
        holds('$.a == $.b', { text: `{"a":${deep},"b":[${deep}]}` }, false);
    });

    it('2.3.5.1: && before ||, ! before both', () => {
        for (let bits = 0; bits < 8; bits++) {
            const [a, b, c] = [bits & 1, bits & 2, bits & 4].map(Boolean);
            const message = { a, b, c };
            const term = (name) => `$.${name} == true`;
            holds(`${term('a')} || ${term('b')} && ${term('c')}`, message, a || (b && c));
            holds(`${term('a')} && ${term('b')} || ${term('c')}`, message, (a && b) || c);
            holds(`(${term('a')} || ${term('b')}) && ${term('c')}`, message, (a || b) && c);
            holds(`!(${term('a')}) && ${term('b')} || ${term('c')}`, message, (!a && b) || c);
            holds(`!(${term('a')} && (${term('b')} || !(${term('c')})))`, message, !(a && (b || !c)));
            holds(`${term('a')} && ${term('b')} && ${term('c')}`, message, a && b && c);
            holds(`${term('a')} || ${term('b')} || ${term('c')}`, message, a || b || c);
            // with that which has to be walked for
            holds(`$[?@ == true] && !($.a == $[0]) || $..c == true`.replace('$..c == true', 'value($..c) == true'), message, (a || b || c) || c);
        }
    });

    it('a query alone asks whether it selects something, be it null or false', () => {
        for (const value of [null, false, 0, '', [], {}]) {
            holds('$.a', { a: value });
            holds('!$.a', { a: value }, false);
            holds('$[?@ == null || true == true]', { a: value });
        }
        holds('$.a', {}, false);
        holds('!$.a.b', { a: null });
        holds('$.a[0]', { a: [null] });
        holds('$.a[0]', { a: { 0: 1 } }, false);
    });

    it('2.4.3: what is well-typed, and what is not', () => {
        // the RFC's table 13
        for (const expression of [
            'length(@) < 3', 'count(@.*) == 1', 'count(@.timezone) == 1', 'match(@.timezone, \'Europe/.*\')', 'value(@..color) == "red"',
            'length(value($..a)) == 1', 'match(value($..a), value($..b))', 'length("abc") == 3', 'length(1) == 1', 'count($) == 1', 'search($.a, $.b)', 'value($.a) == value(@.b)',
        ]) {
            assert.doesNotThrow(() => createMatcher(expression), expression);
        }
        refused('length(@.*) < 3', 7, /may select several nodes can't stand as an argument of length\(\)/);
        refused('count(1) == 1', 6, /count\(\) takes a query/);
        refused('count(foo(@.*)) == 1', 6, /no function foo\(\)/);
        refused('count(length(@.a)) == 1', 6, /count\(\) takes a query/);
        refused('match(@.timezone, \'Europe/.*\') == true', 0, /what match\(\) gives can't be compared/);
        refused('true == search($.a, "x")', 8, /what search\(\) gives can't be compared/);
        refused('value(@..color)', 0, /what value\(\) gives must be compared/);
        refused('!length(@.a)', 1, /what length\(\) gives must be compared/);
        refused('count($.*)', 0, /must be compared/);
        refused('length(match($.a, "x")) == 1', 7, /what match\(\) gives is no argument of length\(\)/);
        refused('length($.a == 1) == 1', 7, /an argument of length\(\) is no condition/);
        refused('length($.a && $.b) == 1', 7, /no condition/);
        refused('length(!$.a) == 1', 7, /no condition/);
        refused('length(($.a)) == 1', 7, /no condition/);
        refused('length() == 1', 7, /length\(\) takes one argument/);
        refused('length($.a, $.b) == 1', 12, /length\(\) takes one argument/);
        refused('match($.a)', 9, /match\(\) takes two arguments/);
        refused('match($.a, "x", "y")', 16, /match\(\) takes two arguments/);
        refused('match($.a, )', 11, /an argument expected/);
        refused('match($.a "x")', 10, /a comma or \) expected/);
        refused('length($.a', 10, /but it ends here/);
        refused('LENGTH($.a) == 1', 0, /expected, not L/);
        refused('size($.a) == 1', 0, /there is no function size\(\)/);
        for (const query of ['$.*', '$..a', '$[0:1]', '$["a","b"]', '$[?@.a]', '$.a[0,0]', '@[*].b']) {
            refused(`${query} == 1`, 0, /may select several nodes can't stand in a comparison/);
            refused(`1 < ${query}`, 4, /may select several nodes can't stand in a comparison/);
        }
        refused('$[ "a"] == 1', 0, /no blanks inside of its brackets/);
        refused('1', 0, /a literal alone is neither true nor false/);
        refused('!"x"', 1, /a literal alone/);
        refused('$.a && true', 7, /a literal alone/);
        refused('True == 1', 0, /expected, not T/);
        refused('nul == 1', 0, /nul is no literal/);
        refused('$.a == abc', 7, /abc is no literal \(strings have quotes\)/);
        refused('!$.a == 1', 5, /! negates a test/);
        refused('($.a) == 1', 6, /what stands in parentheses is true or false/);
        refused('$.a == ($.b)', 7, /expected, not \(/);
        refused('$.a == 1 == 2', 9, /&&, \|\| or the end expected, not =/);
        refused('!!$.a', 1, /expected, not !/);
        refused('($.a', 4, /&&, \|\| or \) expected, but it ends here/);
        refused('$.a)', 3, /the end expected, not \)/);
        refused('$.a ||', 6, /but it ends here/);
        refused('&& $.a', 0, /expected, not &/);
        refused('$.a and $.b', 4, /the end expected, not a/);
        refused('{"a":1}', 0, /expected, not \{/);
        refused('a.b == 1', 0, /a is no literal/);
        refused('/x/', 0, /expected, not \//);
    });

    it('says how what other languages have is written here', () => {
        refused('$.a = 1', 4, /, not =; equality is ==$/);
        refused('$.a === 1', 6, /, not =; equality is ==$/);
        refused('$.a =~ "x"', 4, /, not =; a pattern is looked for by search\(\) or match\(\)$/);
        refused('$.a and $.b', 4, /, not a; and is &&$/);
        refused('($.a OR $.b)', 5, /, not O; or is \|\|$/);
        refused('$.a & $.b', 4, /, not &; and is &&$/);
        refused('$.a | $.b', 4, /, not \|; or is \|\|$/);
        refused('not $.a', 0, /not is no literal .*; a negation begins with !$/);
        refused('$.a == True', 7, /, not T; literals are true, false and null$/);
        refused('$.a == None', 7, /, not N; literals are true, false and null$/);
        // These only begin as they do.
        refused('$.a order', 4, /, not o$/);
        refused('$.a == 1 == 2', 9, /, not =$/);
        refused('&& $.a', 0, /, not &$/);
        refused('notes == 1', 0, /or @\)$/);
    });

    it('2.4.4: length', () => {
        for (const [value, length] of [['', 0], ['abc', 3], ['é', 1], ['😀😀', 2], ['e\u0301', 2], [[], 0], [[1, [2, 3]], 2], [{}, 0], [{ a: 1, b: 2 }, 2]]) {
            holds('length($.a) == $.n', { a: value, n: length });
            holds('length($.a) != $.n', { a: value, n: length }, false);
        }
        for (const value of [1, true, null]) {
            holds('length($.a) == $.absent', { a: value });
            holds('length($.a) >= 0', { a: value }, false);
        }
        holds('length($.absent) == 0', {}, false);
        holds('length($.a) == 2', { text: '{"a":"\\ud83d\\ude00\\u0041"}' });
        holds('length($.a) == 1', { text: '{"a":"\\ud800"}' });
        holds('length($.a) == 2', { text: '{"a":{"x":1,"y":2,"x":3}}' });
        holds('length("é😀") == 2', {});
    });

    it('2.4.5: count; of repeated nodes each counts', () => {
        holds('count($.*) == 2', { a: 1, b: 2 });
        holds('count($["a","a","x"]) == 2', { a: 1 });
        holds('count($.a[*].x) == 2', { a: [{ x: 1 }, {}, { x: 2 }] });
        holds('count($..x) == 3', { x: { x: { x: 1 } } });
        holds('count($.absent) == 0', {});
        holds('count($.*) == 1', { text: '{"a":1,"a":2}' });
        holds('count($..*) == 4', { text: '{"a":[1,2],"b":[[]],"a":[3]}' });
    });

    it('2.4.6 and 2.4.7: match is of the whole string, search of a part; both of strings alone', () => {
        holds('match($.a, "b.d")', { a: 'bcd' });
        holds('match($.a, "b.d")', { a: 'abcd' }, false);
        holds('match($.a, "b.d|x")', { a: 'bcdx' }, false);
        holds('search($.a, "b.d")', { a: 'abcde' });
        holds('search($.a, "b.d")', { a: 'bd' }, false);
        for (const value of [1, true, null, ['bcd'], { x: 'bcd' }]) {
            holds('search($.a, ".*")', { a: value }, false);
            holds('!search($.a, ".*")', { a: value });
        }
        holds('search($.absent, ".*")', {}, false);
        holds('match($.a, $.p)', { a: 'abc', p: 'a.c' });
        holds('match($.a, $.p)', { a: 'abc', p: 'a' }, false);
        holds('match($.a, $.p)', { a: '1', p: 1 }, false);
        holds('$.list[?match(@, $.p)]', { list: ['x', 'yy'], p: 'y{2}' });
        holds('match("abc", "a.c")', {});
        holds('match($.a, 1)', { a: '1' }, false);
        // What is no I-Regexp matches nothing, as the RFC has it.
        for (const pattern of ['(', '[', '*', 'a**', '\\d', '(?:a)', '(?=a)', 'a*?', '\\', 'a{2', 'a{,2}', '[b-a]', ']', '}', '\\p{Greek}', '\\pL', '\\$', '[]', '[a', '{2}']) {
            const literal = JSON.stringify(pattern);
            holds(`search($.a, ${literal})`, { a: `a1${pattern}` }, false);
            holds('search($.a, $.p)', { a: `a1${pattern}`, p: pattern }, false);
        }
    });

    it('2.4.8: value', () => {
        holds('value($..color) == "red"', { x: { color: 'red' } });
        holds('value($..color) == "red"', { x: { color: 'red' }, color: 'red' }, false);
        holds('value($.*) == $.absent', { a: 1, b: 1 });
        holds('value($.absent) == $.absent', {});
        holds('length(value($..a)) == 2', { b: { a: [1, 2] } });
        holds('value($.a) == 1', { a: 1 });
    });

    it('2.5: child and descendant segments', () => {
        const message = { o: { j: 1, k: 2 }, a: [5, 3, [{ j: 4 }, { k: 6 }]] };
        selects('$..j', message, [1, 4]);
        selects('$..[0]', message, [5, { j: 4 }]);
        assert.equal(select('$..*', message).length, 11);
        selects('$..o', message, [{ j: 1, k: 2 }]);
        selects('$.o..[*, *]', message, [1, 2, 1, 2]);
        selects('$.a..[0, 1]', message, [5, 3, { j: 4 }, { k: 6 }]);
        selects('$..["j","k"]', message, [1, 2, 4, 6]);
        selects('$..[?@.j]', message, [{ j: 1, k: 2 }, { j: 4 }]);
        selects('$..a..j', message, [4]);
        selects('$..[-1:]', message, [[{ j: 4 }, { k: 6 }], { k: 6 }]);
        selects('$.o.j..*', message, []);
        selects('$..*..*', { a: { b: { c: 1 } } }, [{ c: 1 }, 1, 1]);
        refused('$..', 3, /a name, \* or \[ expected behind \.\./);
        refused('$...a', 3, /expected behind \.\., not \./);
        refused('$.. a', 3, /expected behind \.\./);
        refused('$.[0]', 2, /a name or \* expected behind the dot/);
    });

    it('of members that share a name only the last is there, with all that is in it', () => {
        const text = '{"a":{"x":1,"deep":{"y":1}},"b":[{"c":1,"c":{"y":2}}],"a":{"z":3}}';
        for (const [query, ...nodes] of [
            ['$.a', '{"z":3}'], ['$.a.x'], ['$..x'], ['$..y', '2'], ['$..c', '{"y":2}'], ['$.*', '[{"c":1,"c":{"y":2}}]', '{"z":3}'], ['$.b[0].*', '{"y":2}'], ['$..[?@.z]', '{"z":3}'],
            ['$["a"].*', '3'], ['$.b[0].c', '{"y":2}'], ['$..deep'],
        ]) {
            assert.deepEqual(select(query, { text }), nodes.sort(), query);
        }
        const many = Array.from({ length: 60 }, (_, i) => `"n${i % 40}":${i}`).join(',');
        assert.deepEqual(select('$.*', { text: `{${many}}` }), Array.from({ length: 40 }, (_, i) => String(i < 20 ? i + 40 : i)).sort());
        assert.deepEqual(select('$.*', { text: '{"\\u0061":1,"b":2,"a":3,"\\u0062":4}' }), ['3', '4']);
    });

    it('2.6: null is a value, not nothing', () => {
        const message = { a: null, b: [null], c: [{}], null: 1 };
        selects('$.a', message, [null]);
        selects('$.a[0]', message, []);
        selects('$.a.d', message, []);
        selects('$.b[0]', message, [null]);
        selects('$.b[*]', message, [null]);
        selects('$.b[?@]', message, [null]);
        selects('$.b[?@==null]', message, [null]);
        selects('$.c[?@.d==null]', message, []);
        selects('$.null', message, [1]);
        holds('$.a == null', { a: null });
        holds('$.a == null', {}, false);
        holds('$.a != null', {});
    });
});

describe('expression: I-Regexp (RFC 9485) by its exact meaning', () => {
    const whole = (pattern) => (text) => createMatcher('match($.a, $.p)')({ a: text, p: pattern });

    it('characters are themselves, ^ and $ as well; the dot is all but line ends', () => {
        for (const [pattern, yes, no] of [
            ['a^b$', ['a^b$'], ['ab']], ['^a', ['^a'], ['a']], ['a$', ['a$'], ['a']], ['.', ['a', '😀', '\u2028', '\u0085'], ['\n', '\r', '', 'ab']],
            ['a-b', ['a-b'], []], ['a,b', ['a,b'], []], ['"/#&!', ['"/#&!'], []], ['\\(\\)\\*\\+\\-\\.\\?\\[\\\\\\]\\^\\{\\|\\}', ['()*+-.?[\\]^{|}'], []],
            ['\\n\\r\\t', ['\n\r\t'], ['nrt']], ['é😀', ['é😀'], ['e😀']], ['', [''], ['a']], ['a|', ['a', ''], ['b']], ['()', [''], ['a']], ['(a|b)c', ['ac', 'bc'], ['c']],
        ]) {
            for (const text of yes) assert.equal(whole(pattern)(text), true, `${pattern} ${JSON.stringify(text)}`);
            for (const text of no) assert.equal(whole(pattern)(text), false, `${pattern} ${JSON.stringify(text)}`);
        }
    });

    it('quantifiers and classes', () => {
        for (const [pattern, yes, no] of [
            ['ab*', ['a', 'abb'], ['b']], ['ab+', ['ab'], ['a']], ['ab?', ['a', 'ab'], ['abb']], ['a{2}', ['aa'], ['a', 'aaa']], ['a{1,2}', ['a', 'aa'], ['', 'aaa']], ['a{2,}', ['aa', 'aaa'], ['a']],
            ['a{0}', [''], ['a']], ['a{02}', ['aa'], ['a']], ['(ab){2}', ['abab'], ['ab']], ['[abc]', ['b'], ['d']], ['[^abc]', ['d', '\n', '😀'], ['a']], ['[a-c]', ['b'], ['d', '-']], ['[-a]', ['-', 'a'], ['b']],
            ['[a-]', ['-', 'a'], ['b']], ['[^-]', ['a'], ['-']], ['[^a-]', ['b'], ['a', '-']], ['[.]', ['.'], ['a']], ['[$^]', ['$', '^'], ['a']], ['[^^]', ['a'], ['^']], ['[^]', ['^'], ['a']], ['[(*+?|{})]', ['(', '*', '|', '}'], ['a']],
            ['[\\]\\[\\\\]', [']', '[', '\\'], ['a']], ['[é-ü]', ['ê'], ['e']], ['[a-c-]', ['b', '-'], ['d']], ['[\\-x]', ['-', 'x'], ['\\']],
        ]) {
            for (const text of yes) assert.equal(whole(pattern)(text), true, `${pattern} ${JSON.stringify(text)}`);
            for (const text of no) assert.equal(whole(pattern)(text), false, `${pattern} ${JSON.stringify(text)}`);
        }
        for (const pattern of ['[a-c-e]', '[--a]', '[a--]', '[a[b]', '[\\d]', '[\\p{L}-z]', '[a-\\p{L}]', 'a{2,1}', 'a{1,2', 'a{a}', '[b-a]', 'a|*', '(*a)', '\\p{l}', '\\p{Cs}', '\\p{Lx}', '\\p{L', '\\p']) {
            assert.equal(stages.translateIRegexp(pattern, true), null, pattern);
        }
    });

    it('categories: as JavaScript has them, those of unassigned characters too', () => {
        const tester = (pattern) => {
            const native = createMatcher(`match($.a, ${JSON.stringify(pattern)})`);
            return (text) => native(`{"a":"${text === '"' || text === '\\' ? '\\' : ''}${text}"}`);
        };
        const characters = [];
        for (let c = 0x20; c <= 0x10ffff; c += c < 0x3000 ? 1 : 97) {
            if (c < 0xd800 || c > 0xdfff) characters.push(String.fromCodePoint(c));
        }
        // Not those that are assigned in one of the two tables and not yet in the other, nor U+0295, which was reclassified.
        const unassigned = tester('\\p{Cn}');
        const known = characters.filter((text) => text !== '\u0295' && /\p{Cn}/u.test(text) === unassigned(text));
        assert(known.length > characters.length * 0.9);
        for (const name of [
            'L', 'Ll', 'Lu', 'Lt', 'Lm', 'Lo', 'M', 'Mn', 'Mc', 'Me', 'N', 'Nd', 'Nl', 'No', 'P', 'Pc', 'Pd', 'Ps', 'Pe', 'Pi', 'Pf', 'Po', 'Z', 'Zs', 'Zl', 'Zp',
            'S', 'Sm', 'Sc', 'Sk', 'So', 'C', 'Cc', 'Cf', 'Co', 'Cn',
        ]) {
            const inClasses = [`[\\p{${name}}x]`, `[^\\p{${name}}x]`, `[^\\P{${name}}x]`];
            for (const pattern of [`\\p{${name}}`, `\\P{${name}}`, ...(/^(L|C|Cn)$/.test(name) ? inClasses : [])]) {
                const native = tester(pattern);
                const engine = new RegExp(`^(?:${pattern})$`, 'u');
                const wrong = known.filter((text) => native(text) !== engine.test(text));
                assert.deepEqual(wrong.map((text) => text.codePointAt(0).toString(16)), [], pattern);
            }
        }
    });

    it('what RE2 cannot do is refused in a literal, at its place, and false in a message', () => {
        refused('$.x || match($.a, "a{1001}")', 18, /RE2 repeats at most 1000 times/);
        refused('search($.a, "((((a{100}){100}){100}){100})")', 12, /repeats at most 1000 times/);
        refused(`search($.a, "${'('.repeat(300)}${')'.repeat(300)}")`, 12, /nested too deeply/);
        refused(`search($.a, "${'a?'.repeat(9000)}")`, 12, /too complex/);
        refused('search($.a, "(\\\\p{L}{1,1000}){1,1}")', 12, /too large/);
        holds('search($.a, $.p)', { a: 'a', p: 'a{1001}|a' }, false);
        const many = Array.from({ length: 33 }, (_, i) => `search($.a, "${i}")`).join('||');
        refused(many, many.indexOf('"32"'), /more regular expressions than 32/);
        const costly = Array.from({ length: 30 }, (_, i) => `match($.a, "${i}\\\\p{L}{1,5}")`).join('||');
        assert.throws(() => createMatcher(costly), /too complex taken together/);
    });

    it('takes time linear in the text where backtracking would take exponential', () => {
        holds('match($.a, "(a+)+")', { a: `${'a'.repeat(50000)}b` }, false);
        holds('search($.a, "(x|xx)+y")', { a: 'x'.repeat(50000) }, false);
    });

    it('writes what RE2 reads', () => {
        assert.equal(stages.translateIRegexp('^a.$', true), '\\A(?:\\^a[^\\n\\r]\\$)\\z');
        assert.equal(stages.translateIRegexp('(x|[^y-z]{2})', false), '(?:x|[^yz]{2})');
        assert.equal(stages.translateIRegexp('\\p{Lu}', false), '[\\p{Lu}]');
    });
});
