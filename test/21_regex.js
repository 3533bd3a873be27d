'use strict';

const assert = require('assert');

const { createMatcher } = require('../lib/matcher');
const { stages } = require('../lib/native');
const { InvalidFilterError } = require('../lib/errors');

/** A text for each code point that some class might treat in a way of its own. */
const CHARACTERS = [];
for (let c = 0; c <= 0x3100; c++) {
    CHARACTERS.push(String.fromCodePoint(c));
}
for (const c of [0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xfefe, 0xfeff, 0xff00, 0xfffd, 0xffff, 0x10000, 0x10400, 0x1f600, 0x10ffff]) {
    CHARACTERS.push(String.fromCodePoint(c));
}

/** Those of which every version of Unicode that matters says the same; RE2 and JavaScript's engine know different ones. */
const OLD_CHARACTERS = CHARACTERS.filter((text) => {
    const c = text.codePointAt(0);
    return c < 0x180 || (c >= 0x340 && c < 0x480) || (c >= 0x2000 && c < 0x2070) || c === 0x20ac || c > 0x3000;
});

/** Patterns of one character, whose verdict on every character must be JavaScript's. [pattern, flags] */
const CLASSES = [
    '.', '\\s', '\\S', '\\d', '\\D', '\\w', '\\W', '[^]', '[]', '[\\s\\S]', '[^\\s\\S]', '[^\\w]', '[\\W\\d]', '[^\\S]', '[\\s\\d_-]', '[^\\d\\s]',
    '[a-z]', '[^a-z]', '[\\u0000-\\uffff]', '[\\u{10000}-\\u{10ffff}]', '[\\ud83d\\ude00-\\ud83d\\ude4f]', '[^\\ud83d\\ude00]', '\\ud800', '[\\ud800-\\udfff]',
    '\\u00e9', '\\u{e9}', '\\xe9', 'é', '\\t', '\\n', '\\v', '\\f', '\\r', '\\0', '\\cA', '\\cz', '[\\b]', '\\/', '\\.', '\\^', '\\\\', '[\\]]', '[\\^]', '[\\-]',
    '[.]', '[*]', '[$]', '[[]', '[:alpha:]', '[a-]', '[-a]', '[+--]', '[!-~]', '(?:a|b|é)', '\\p{L}', '\\P{L}', '\\p{Lu}', '[\\p{Lu}\\p{Nd}]', '[^\\p{L}]', '[^\\P{L}]',
    '\\p{Script=Greek}', '\\P{Script=Greek}', '\\p{sc=Cyrillic}', '\\p{General_Category=Decimal_Number}', '\\p{gc=Sc}', '\\p{Letter}', '\\p{Surrogate}',
    '\\p{ASCII}', '\\P{ASCII}', '\\p{Any}', '\\P{Any}', '[\\P{ASCII}\\p{Lu}]'
].map((pattern) => [pattern, '']).concat([
    ['.', 's'], ['[^]', 's'], ['k', 'i'], ['K', 'i'], ['[a-z]', 'i'], ['[^a-z]', 'i'], ['\\w', 'i'], ['\\W', 'i'], ['[\\W]', 'i'], ['[^\\W]', 'i'], ['[^\\w]', 'i'],
    ['\\S', 'i'], ['\\D', 'i'], ['[\\Dx]', 'i'], ['é', 'i'], ['[à-þ]', 'i'], ['ß', 'i'], ['σ', 'i'], ['µ', 'i'], ['\\u0130', 'i'], ['[^\\u0131]', 'i'], ['\\u{10400}', 'i'],
    ['\\p{Lu}', 'i'], ['[^\\p{Ll}]', 'i'], ['[^\\p{L}]', 'i'], ['\\P{N}', 'i'], ['\\P{So}', 'i'], ['\\p{Script=Greek}', 'i'], ['\\P{Script=Latin}', 'i'], ['\\p{L}', 'i'], ['\\p{M}', 'i'], ['.', 'i'], ['[^]', 'is']
]);

/** [pattern, texts that match, texts that don't]: each checked against JavaScript's engine, too. */
const PATTERNS = [
    ['^a', ['a', 'ab'], ['ba', 'b\na', '']],
    ['a$', ['a', 'ba'], ['a\n', 'ab', 'a\nb']],
    ['^$', [''], ['\n', 'a']],
    ['^(?:a|b)+$', ['a', 'abba'], ['', 'abc']],
    ['^(a)(b)?$', ['a', 'ab'], ['b', 'abb']],
    ['^(?<year>\\d{4})-(?<month>\\d\\d)$', ['2016-05'], ['16-05']],
    ['^(?<$a_1é>x)$', ['x'], ['y']],
    ['\\bfoo\\b', ['foo', 'a foo b', 'é foo', 'éfoo'], ['food', 'afoo', '_foo']],
    ['\\Bo', ['foo'], ['o', ' o']],
    ['\\B', ['', 'ab', '--', '-😀'], ['a', 'a\u2028b', 'é'.normalize('NFD')[0]]],
    ['(?:x|\\B)', ['x', 'ab'], ['a', 'a\u2028b']],
    ['^a{2}$', ['aa'], ['a', 'aaa']],
    ['^a{02}b{0,01}$', ['aa', 'aab'], ['a{02}', 'aabb']],
    ['^a{2,}$', ['aa', 'aaa'], ['a']],
    ['^a{1,2}$', ['a', 'aa'], ['', 'aaa']],
    ['^a{0}$', [''], ['a']],
    ['^a{0,1000}$', ['', 'a'.repeat(1000)], ['a'.repeat(1001)]],
    ['^a+?b*?c??$', ['a', 'aab', 'abc'], ['c', 'ba']],
    ['^.{2}$', ['ab', '😀é'], ['😀', 'a\u2028', 'a\r']],
    ['^[^]{2}$', ['a\n', '\u2028😀'], ['😀']],
    ['^😀+$', ['😀', '😀😀'], ['😀\ude00', '']],
    ['^\\ud83d\\ude00{2}$', ['😀😀'], ['😀']],
    ['^[😀-😂]$', ['😁'], ['😄', '\ud83d']],
    ['\\ude00', ['\ude00', 'a\ude00'], ['😀']],
    ['a|', ['', 'a', 'b'], []],
    ['^(|a)$', ['', 'a'], ['b']],
    ['^(?:)$', [''], ['a']],
    ['', ['', 'a'], []],
    ['^(?:a*)*$', ['', 'aaa'], ['b']],
    ['^(?:^a|b)*$', ['', 'a', 'ab', 'bbb'], ['ba']],
    ['^\\x41\\u0042\\u{43}$', ['ABC'], ['abc']],
    ['^a.c$', ['abc', 'a😀c'], ['a\nc']],
    ['^\\$\\(\\)\\*\\+\\?\\[\\]\\{\\|\\}$', ['$()*+?[]{|}'], ['']],
    ['^[\\w.]+@\\w+\\.\\w{2,}$', ['a.b@example.org'], ['a@b', 'é@example.org']]
];

/** What JavaScript's engine accepts only without its u flag. [pattern, texts that match, texts that don't] */
const LENIENT = [
    ['^a{$', ['a{'], ['a']],
    ['^a{,5}$', ['a{,5}'], ['aa']],
    ['^{$', ['{'], []],
    ['^}]$', ['}]'], []],
    ['^a{1,b}$', ['a{1,b}'], []],
    ['^\\-\\_\\!\\é\\a\\A\\z\\Q\\E\\C$', ['-_!éaAzQEC'], ['']],
    ['^\\pL$', ['pL'], ['L']],
    ['^\\07\\12\\101$', ['\x07\nA'], []],
    ['^\\400$', [' 0'], []],
    ['^\\8\\9$', ['89'], []],
    ['^[\\1-\\3]$', ['\x02'], ['1']],
    ['^\\1$', ['\x01'], ['1']],
    ['^\\c$', ['\\c'], ['c']],
    ['^[\\c1]$', ['\x11'], ['c']],
    ['^[\\c!]+$', ['\\c!'], []],
    ['^\\xz\\uz$', ['xzuz'], []],
    ['^[\\w-z]+$', ['a-z'], ['!']],
    ['^[!-\\d]+$', ['!-1'], ['"']],
    ['^\\k$', ['k'], []],
    ['^[\\B]$', ['B'], ['b']],
    ['^]$', [']'], []]
];

/** [pattern, what the error says] */
const REFUSED = [
    ['a(?=b)', /^regular expression \/a\(\?=b\)\/: RE2 has no look-ahead, at character 2$/],
    ['(?!b)', /RE2 has no look-ahead, at character 1/],
    ['éé(?<=b)', /RE2 has no look-behind, at character 3/],
    ['(?<!b)', /RE2 has no look-behind/],
    ['(a)\\1', /RE2 has no back-references, at character 4/],
    ['\\2(a)(b)', /RE2 has no back-references, at character 1/],
    ['(?<n>a)\\k<n>', /RE2 has no back-references/],
    ['a{1001}', /RE2 repeats at most 1000 times: \{1001\}, at character 2/],
    ['a{0,1001}', /RE2 repeats at most 1000 times/],
    ['a{99999999999999999999,}', /RE2 repeats at most 1000 times/],
    ['(a{100}){100}', /RE2 repeats at most 1000 times, repeats in repeats multiplied/],
    ['a{2,1}', /out of order/],
    ['[b-a]', /a range out of order, at character 2/],
    ['(', /a group without its \), at character 1/],
    ['a)', /unmatched \), at character 2/],
    ['[a', /a class without its \]/],
    ['[\\', /ends with a backslash/],
    ['\\', /ends with a backslash/],
    ['*', /nothing to repeat/],
    ['a**', /nothing to repeat, at character 3/],
    ['a|+', /nothing to repeat/],
    ['^*', /nothing to repeat/],
    ['\\b+', /nothing to repeat/],
    ['{2}', /nothing to repeat/],
    ['a{2}{3}', /nothing to repeat/],
    ['a+??', /nothing to repeat/],
    ['(?a)', /unknown kind of group/],
    ['(?', /unknown kind of group/],
    ['(?<>a)', /invalid name/],
    ['(?<1>a)', /invalid name/],
    ['(?<a', /invalid name/],
    ['(?P<a>b)', /unknown kind of group/],
    ['(?m)a', /the flag m does not work/],
    ['a(?i)', /in front of the whole pattern only/],
    ['(?i-i:a)', /a flag twice/],
    ['(?-:a)', /unknown kind of group/],
    ['\\p{Nonsense}', /\\p\{Nonsense\}: RE2 has no such property/],
    ['\\p{Greek}', /scripts are written Script=Greek/],
    ['\\p{Script=Nonsense}', /RE2 has no such property/],
    ['\\p{Script=L}', /no such script/],
    ['\\p{Script=Any}', /no such script/],
    ['\\p{Script_Extensions=Greek}', /only the properties Script and General_Category/],
    ['\\p{Alphabetic}', /RE2 has no such property/],
    ['\\p{L', /a property without its \}/],
    ['(?i)\\P{Lu}', /cannot negate it so while case is ignored \(write \[\^\\p\{Lu\}\]\)/],
    ['\\u{110000}', /no code point beyond 10FFFF/],
    ['('.repeat(300) + ')'.repeat(300), /nested too deeply/],
    ['\\p{L}{1,1000}', /too large/],
    ['a{1000}'.repeat(300), /too complex/],
    ['a?'.repeat(9000), /too complex/],
    ['a{0,1000}'.repeat(9), /too complex/],
    ['(?i)' + '\\p{L}|'.repeat(100), /too complex/]
];

const search = (pattern) => {
    const matches = createMatcher({ a: `/${pattern}/` });
    return (text) => matches({ a: text });
};
const escaped = (text) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);

describe('regex: JavaScript\'s patterns on RE2', () => {
    for (const [pattern, flags] of CLASSES) {
        it(`/${pattern}/${flags} stands for the same characters as in JavaScript`, () => {
            const engine = new RegExp(`^(?:${pattern})$`, `u${flags}`);
            const native = search(`${flags ? `(?${flags})` : ''}^(?:${pattern})$`);
            const characters = /\\p/i.test(pattern) ? OLD_CHARACTERS : CHARACTERS;
            const wrong = characters.filter((text) => native(text) !== engine.test(text));
            assert.deepStrictEqual(wrong.map((text) => text.codePointAt(0).toString(16)), []);
        });
    }

    for (const [pattern, yes, no] of PATTERNS) {
        it(`/${pattern}/`, () => {
            const native = search(pattern);
            const engine = new RegExp(pattern, 'u');
            for (const text of [...yes, ...no]) {
                assert.strictEqual(native(text), yes.includes(text), escaped(text));
                assert.strictEqual(engine.test(text), yes.includes(text), `JavaScript: ${escaped(text)}`);
            }
        });
    }

    for (const [pattern, yes, no] of LENIENT) {
        it(`/${pattern}/, as JavaScript without flags`, () => {
            const native = search(pattern);
            const engine = new RegExp(pattern);
            assert.throws(() => new RegExp(pattern, 'u'), SyntaxError);
            for (const text of [...yes, ...no]) {
                assert.strictEqual(native(text), yes.includes(text), escaped(text));
                assert.strictEqual(engine.test(text), yes.includes(text), `JavaScript: ${escaped(text)}`);
            }
        });
    }

    it('takes flags in front, and those of ECMAScript 2025 in a group', () => {
        for (const [pattern, yes, no] of [
            ['(?i)^straße$', ['STRAßE', 'Straße'], ['strasse']],
            ['(?s)^a.b$', ['a\nb'], ['anb ']],
            ['(?is)^A.B$', ['a\nb'], ['ab']],
            ['(?i)(?s)^A.B$', ['a\nb'], ['ab']],
            ['^a(?i:b)c$', ['abc', 'aBc'], ['Abc', 'abC']],
            ['(?i)^a(?-i:b)c$', ['abc', 'AbC'], ['aBc']],
            ['^.(?s:.).$', ['a\nb'], ['\nab', 'ab\n']],
            ['^(?s-i:.)$', ['\n'], ['']]
        ]) {
            const native = search(pattern);
            for (const text of [...yes, ...no]) {
                assert.strictEqual(native(text), yes.includes(text), `${pattern} ${escaped(text)}`);
            }
        }
    });

    for (const [pattern, fault] of REFUSED) {
        it(`refuses ${escaped(pattern)}`, () => {
            assert.throws(
                () => createMatcher({ a: `/${pattern}/` }),
                (error) => {
                    assert(error instanceof InvalidFilterError);
                    assert.match(error.message.replace('filter "a": ', ''), fault);
                    assert(Buffer.byteLength(error.message) < 500);
                    return true;
                }
            );
        });
    }

    it('writes what RE2 reads', () => {
        const { translateRegex } = stages;
        assert.strictEqual(translateRegex('^(a|b)[^]$'), '\\A(?:a|b)(?s:.)\\z');
        assert.strictEqual(translateRegex('(?i)é.'), '(?i)\\x{e9}[^\\n\\r\\x{2028}\\x{2029}]');
        assert.strictEqual(translateRegex('[z\\wa-c]*?'), '[0-9A-Z_a-z]*?');
        assert.strictEqual(translateRegex('\\pL{'), 'pL\\{');
        assert.throws(() => translateRegex('(?=a)'), /RE2 has no look-ahead/);
        assert.throws(() => translateRegex(1), TypeError);
    });

    it('takes time linear in the text where backtracking would take exponential', () => {
        assert.strictEqual(search('^(a+)+$')(`${'a'.repeat(100000)}b`), false);
    });

    it('goes on without RE2\'s state cache where that would grow too large', () => {
        // 2^16 states; the text visits more of them than fit.
        const bits = [];
        for (let i = 0, x = 1; i < 20000; i++) {
            x = (x * 1103515245 + 12345) % 2147483648;
            bits.push(x & 65536 ? 'a' : 'b');
        }
        const text = bits.join('');
        const pattern = 'a[ab]{15}c';
        assert.strictEqual(search(pattern)(`${text}`), false);
        assert.strictEqual(search(pattern)(`${text}a${'b'.repeat(15)}c`), true);
    });

    it('does not search where text times program could hold up everyone', () => {
        const pattern = 'a(?:[ab]{900})c';
        assert.strictEqual(search(pattern)(`a${'b'.repeat(900)}c`), true);
        assert.strictEqual(search(pattern)(`a${'b'.repeat(900)}c${'d'.repeat(1e6)}`), false);
        assert.strictEqual(search('bc')(`a${'b'.repeat(900)}c${'d'.repeat(1e6)}`), true);
    });
});
