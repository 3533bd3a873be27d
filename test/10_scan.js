'use strict';

// What the scanner calls valid is compared with JSON.parse, and what it picks up with JSON.parse and a walk over its result.

const assert = require('assert');
const { stages } = require('../lib/native');
const { JsonTexts, NAMES, NUMBERS, STRINGS } = require('./support/json-texts');

const bytes = (text) => Buffer.from(text);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * @param {Uint8Array} text
 * @returns {string} what the scanner should say of it
 */
function verdictOfJson(text) {
    let value;
    try {
        value = JSON.parse(utf8.decode(text));
    } catch {
        return 'invalid';
    }
    return Array.isArray(value) ? 'array' : value !== null && typeof value === 'object' ? 'object' : 'scalar';
}

/**
 * @param {string | Uint8Array} text
 * @param {string | Uint8Array} [padding] what stands behind the text
 */
function compare(text, padding) {
    const buffer = bytes(text);
    const expected = verdictOfJson(buffer);
    const { verdict, reason } = stages.scan(buffer, undefined, padding && bytes(padding));
    if (verdict !== expected || (verdict === 'invalid') !== /^.+ at byte \d+$/.test(reason)) {
        assert.fail(`${verdict} (${reason}), not ${expected}: ${JSON.stringify(buffer.toString('latin1'))}`);
    }
}

/** A text alone, as an element, as a member's value, as a name, and with white space around. */
function compareEverywhere(text) {
    const buffer = bytes(text);
    const around = (before, after) => compare(Buffer.concat([bytes(before), buffer, bytes(after)]));
    for (const [before, after] of [['', ''], [' ', ''], ['', '\n'], ['\t', ' '.repeat(130)], ['[', ']'], ['[1,', ',2]'], ['[ ', ' ]'],
        ['{"a":', '}'], ['{"a":', ',"b":0}'], ['{"a": ', '\r\n}'], ['{', ':1}'], ['{"a":1,', ':1}'], ['{"a":[', ']}'], ['[[[', ']]]'],
        ['["', '"]'], ['{"', '":1}'], ['', ']'], ['[', ''], ['', ',1'], ['"a"', ''], ['1', ''], ['', '1'], ['', '"'], ['null', '']]) {
        around(before, after);
    }
}

const SAMPLE = '{"id":12345678901234567890,"kind":"edit \\"x\\" \\u00e9\\ud83d\\ude00","ok":true,"no":false,"nil":null,' +
    '"price":-12.50e+3,"tags":["a",["b",{}],[], 0.1],"user":{"name":"J\u00fcrgen \u{1f4a9}","roles":{"admin":[true,null]}}, "z" : 1e400}\n';

describe('scan: valid is what JSON.parse accepts', () => {
    it('all kinds of tokens, right and wrong', () => {
        const tokens = ['', '{}', '[]', '{ }', '[\n]', 'true', 'false', 'null', 'tru', 'truee', 'True', 'TRUE', 'nul', 'nulll', 'fals', 'falsee',
            'true1', 'true"', 'undefined', 'NaN', 'Infinity', '-Infinity', ...NUMBERS, '-', '+1', '--1', '01', '-01', '00', '1.', '.5', '-.5', '1.e1',
            '1e', '1e+', '1E-', '1e1.5', '1ee5', '0x10', '1_000', '1a', '12345678a', '1234567.', '1 2', '1-', '1+1', '9'.repeat(1000), '0.' + '1'.repeat(1000),
            '"a"', '""', '"', '"a', 'a"', "'a'", '"a""b"', '"a"b', 'b"a"', '1"a"', '"a" "b"', '"\\', '"\\"', '"\\\\"', '"\\\\\\"', '"\\a"', '"\\u"', '"\\u12"', '"\\u123"',
            '"\\u123g"', '"\\u1234"', '"\\uABCD\\uabcd"', '"\\U1234"', '"\\u 123"', '"\\ud800"', '"\\udfff\\ud800"', '"\\x41"', '"\\0"', '"\\\'"', '"\\/\\b\\f\\n\\r\\t"', '\\', '\\"a"',
            '\\u0020', '1\\', 'true\\', '"a"\\', '"\\\n"', '"\\\u00e9"', ',', ':', '[,]', '[1,]', '[,1]', '[1,,2]', '[1 2]', '[1:2]', '{,}', '{"a"}', '{"a":}', '{"a":1,}',
            '{"a":1 "b":2}', '{"a":1,,"b":2}', '{"a"::1}', '{"a",1}', '{a:1}', '{1:1}', '{null:1}', '{[]:1}', '{{}:1}', '{:1}', '{"a":1:2}', '{"a":1]', '[1}', '[[]', '[]]',
            '{}}', '{{}}', '}{', '][', '[}', '{]', '{}{}', '[][]', '{},{}', '/**/1', '1//', '#', '[1]/**/', '(1)', '\ufeff', '\ufeff{}', '{}\ufeff', '\u00a0', '\u2028', '\u3000',
            '\u000b', '\u000c', '\u001a', '\u001e', '\u007f', '\u0000', '\u0085', '[1\u000c2]', '[1\u000c,2]', '{"a"\u001a1}', '[1\u001a2]', '1\u000c', '{}\u0000', '{}\u000c'];
        for (const token of tokens) compareEverywhere(token);
        for (const token of STRINGS) compareEverywhere(JSON.stringify(token));
    });

    it('each byte as a token, in a string, behind a backslash, as white space, in a number', () => {
        for (let byte = 0; byte < 256; ++byte) {
            const c = Buffer.from([byte]);
            for (const [before, after] of [['', ''], ['[', ']'], ['["', '"]'], ['["\\', '"]'], ['["a', 'b"]'], ['["\\u00', '0"]'], ['{"', '":1}'], ['[1', ',2]'], ['[1,', '2]'],
                ['["a"', ']'], ['{"a"', ':1}'], ['{"a":', '1}'], ['{"a":1', '}'], ['[1.', '5]'], ['[1e', '5]'], ['[tru', 'e]'], ['[true', ']'], ['[null', ',1]'], ['', '{}'], ['{}', '']]) {
                compare(Buffer.concat([bytes(before), c, bytes(after)]));
            }
        }
    });

    it('UTF-8, well-formed and not', () => {
        const sequences = ['c280', 'c0af', 'c1bf', 'c2', 'c2c2', 'dfbf', 'e0a080', 'e09fbf', 'e0a0', 'e0', 'ed9fbf', 'eda080', 'edbfbf', 'ee8080', 'efbfbf', 'efbbbf',
            'f0908080', 'f08fbfbf', 'f09080', 'f48fbfbf', 'f4908080', 'f5808080', 'f8888080', 'ff', 'fe', '80', 'bf', 'c3a9a9', 'eda0bdedb2a9'];
        for (const sequence of sequences) {
            const text = Buffer.from(sequence, 'hex');
            compareEverywhere(text);
            // At the end of simdjson's blocks, and just behind them.
            for (let length = 50; length < 70; ++length) compare(Buffer.concat([bytes(`["${'x'.repeat(length)}`), text, bytes('"]')]));
        }
    });

    it('strings with escaped quotes and backslashes at each place of a block', () => {
        for (let length = 0; length < 140; ++length) {
            const fill = 'x'.repeat(length);
            for (const escape of ['\\"', '\\\\', '\\\\\\"', '\\u0041', '\\\\"', '\\"\\', '\\n', '\\', '"', '\\u004', '\u0001', '\u00e9']) {
                compare(`["${fill}${escape}",1]`);
                compare(`{"${fill}${escape}":"${escape}"}`);
            }
        }
    });

    it('a document cut at each byte, whatever stands behind it', () => {
        const sample = bytes(SAMPLE);
        for (let length = 0; length <= sample.length; ++length) {
            compare(sample.subarray(0, length));
            if (length < sample.length) compare(sample.subarray(0, length), sample.subarray(length));
        }
        for (const text of ['true', 'false', 'null', '12345678', '1.5', '1e5', '"text"', '[true]', '[1]', '{"a":1}']) {
            for (let length = 0; length < text.length; ++length) {
                compare(text.slice(0, length), text.slice(length));
                compare(text.slice(0, length), text.slice(length) + ' ');
            }
            for (const padding of ['0', '1', '}', ']', '"', '\\', ',', ':', ' ', 'e', '.', '\u0000', '\xff']) compare(text, padding);
        }
    });

    it('a document with each byte replaced, removed, doubled', () => {
        const sample = bytes(SAMPLE);
        const replacements = bytes('\u0000\u0001\t\n\f\r\u001a\u001e !"#\'+,-./0123459:;AEF[\\]_`abefnrtu{|}~\u007f').toString('latin1') + '\x80\xbf\xc3\xed\xf4\xff';
        for (let i = 0; i < sample.length; ++i) {
            for (const c of Buffer.from(replacements, 'latin1')) {
                const mutant = Buffer.from(sample);
                mutant[i] = c;
                compare(mutant);
            }
            compare(Buffer.concat([sample.subarray(0, i), sample.subarray(i + 1)]));
            compare(Buffer.concat([sample.subarray(0, i + 1), sample.subarray(i)]));
        }
    });

    it('thirty thousand random documents, most of them damaged', () => {
        const texts = new JsonTexts(20160401);
        const { random } = texts;
        const damage = bytes('{}[]",:\\ \n\f0-.eEtfnu1a\u0000\u001f');
        for (let i = 0; i < 30000; ++i) {
            let text = bytes(texts.document(3));
            for (let k = random(4); k > 0 && text.length > 0; --k) {
                const at = random(text.length);
                const to = Math.min(text.length, at + random(3));
                const with_ = random(8) ? damage[random(damage.length)] : random(256);
                text = Buffer.concat([text.subarray(0, at), Buffer.from(random(2) ? [with_] : []), text.subarray(to)]);
            }
            compare(text);
        }
    });

    it('texts of many megabytes', () => {
        const row = JSON.stringify({ a: [1, 2.5, 'x\\"y'], b: { c: null } });
        const large = `[${Array(200000).fill(row).join(',\n')}]`;
        assert.strictEqual(stages.scan(bytes(large)).verdict, 'array');
        assert.strictEqual(stages.scan(bytes(large.slice(0, -1))).verdict, 'invalid');
        assert.strictEqual(stages.scan(bytes(`["${'\\n'.repeat(3000000)}"]`)).verdict, 'array');
        assert.strictEqual(stages.scan(bytes(`[${'7'.repeat(5000000)}]`)).verdict, 'array');
        assert.strictEqual(stages.scan(bytes(' '.repeat(5000000))).verdict, 'invalid');
    });
});

describe('scan: depth', () => {
    const nested = (depth, open, close) => open.repeat(depth) + close.repeat(depth);

    it('1024 levels are valid, 1025 are not', () => {
        for (const [open, close] of [['[', ']'], ['{"a":', '}'], [' [ ', '\n]']]) {
            for (const depth of [1, 2, 63, 64, 65, 1023, 1024]) {
                const text = open[0] === '{' ? nested(depth, open, close).replace(':}', ':0}') : nested(depth, open, close);
                compare(text);
                assert.notStrictEqual(stages.scan(bytes(text)).verdict, 'invalid');
            }
            const { verdict, reason } = stages.scan(bytes(nested(1025, open, close).replace(':}', ':0}')));
            assert.strictEqual(verdict, 'invalid');
            assert.match(reason, /^nested too deep at byte \d+$/);
        }
        assert.strictEqual(stages.scan(bytes(nested(512, '[{"a":', '}]').replace(':}', ':0}'))).verdict, 'array');
        assert.strictEqual(stages.scan(bytes(nested(512, '[{"a":', '}]').replace(':}', ':[]}'))).verdict, 'invalid');
    });

    it('the limit can be set', () => {
        assert.strictEqual(stages.scan(bytes('[[]]'), 2).verdict, 'array');
        assert.strictEqual(stages.scan(bytes('[[1]]'), 1).verdict, 'invalid');
        assert.strictEqual(stages.scan(bytes('[]'), 0).verdict, 'invalid');
        assert.strictEqual(stages.scan(bytes('1'), 0).verdict, 'scalar');
        assert.strictEqual(stages.scan(bytes(nested(100000, '[', ']')), 100000).verdict, 'array');
    });

    it('counts levels on a wanted path as well', () => {
        const path = Array(1030).fill('a');
        const object = (depth) => nested(depth, '{"a":', '}').replace(':}', ':0}');
        const [at1024, at1025] = stages.pick([bytes(object(1024)), bytes(object(1025))], [path.slice(0, 1024), path.slice(0, 3)]);
        assert.strictEqual(at1024.verdict, 'object');
        assert.strictEqual(at1024.values[0].text.toString(), '0');
        assert.strictEqual(at1024.values[1].text.toString(), object(1021));
        assert.strictEqual(at1025.verdict, 'invalid');
        assert.strictEqual(at1025.values[1].kind, 'missing');
        const [mixed] = stages.pick([bytes(`{"a":${nested(1024, '[', ']')}}`)], [['a', '0']]);
        assert.match(mixed.reason, /nested too deep/);
    });

    it('a million open brackets are refused', () => {
        for (const open of ['[', '{"a":', '[{"":']) assert.strictEqual(stages.scan(bytes(open.repeat(1000000))).verdict, 'invalid');
    });
});

describe('scan: reasons', () => {
    for (const [text, reason] of [
        ['', 'no value at byte 0'],
        [' \n', 'no value at byte 2'],
        ['{"a":01}', 'invalid number at byte 5'],
        ['[1.]', 'invalid number at byte 1'],
        ['[tru]', 'a value expected at byte 1'],
        ['\ufeff{}', 'a value expected at byte 0'],
        ['{"a" 1}', 'a colon expected at byte 5'],
        ['{1:1}', "a member's name expected at byte 1"],
        ['{"a":1,}', "a member's name expected at byte 7"],
        ['[1 2]', 'a comma or a closing bracket expected at byte 3'],
        ['[1}', 'a closing bracket expected at byte 2'],
        ['[[1]', 'a closing bracket expected at byte 3'],
        ['{"a":1} 2', 'a closing bracket expected at byte 8'],
        ['[1]]', 'text behind the end at byte 3'],
        ['"a" 1', 'text behind the end at byte 4'],
        ['["\\x"]', 'invalid escape at byte 2'],
        ['["a\tb"]', 'a control character in a string at byte 3'],
        ['[1,"ab', 'a string without an end at byte 3'],
        [Buffer.from([0x22, 0x61, 0xff, 0x22]), 'invalid UTF-8 at byte 2'],
    ]) {
        it(reason, () => assert.deepStrictEqual(stages.scan(bytes(text)), { verdict: 'invalid', reason }));
    }
});

/** JavaScript's string as WTF-8: a lone surrogate as its three bytes. */
function wtf8(string) {
    return Buffer.concat(Array.from(string, (c) => {
        const point = c.codePointAt(0);
        return point < 0xd800 || point > 0xdfff ? bytes(c) : Buffer.from([0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)]);
    }));
}

const MISSING = Symbol('missing');

/** What stands at a path: own members and elements only. */
function valueAt(value, path) {
    for (const name of path) {
        if (Array.isArray(value)) {
            if (!/^(0|[1-9][0-9]*)$/.test(name) || Number(name) >= value.length) return MISSING;
        } else if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) {
            return MISSING;
        }
        value = value[name];
    }
    return value;
}

/** Compares what was picked up with the value that JSON.parse gives. */
function assertPicked(picked, expected) {
    if (expected === MISSING) {
        assert.deepStrictEqual(picked, { kind: 'missing', escaped: false, text: Buffer.alloc(0) });
        return;
    }
    let kind = typeof expected;
    if (kind === 'boolean' || expected === null) kind = String(expected);
    else if (Array.isArray(expected)) kind = 'array';
    assert.strictEqual(picked.kind, kind);
    const text = picked.text.toString();
    assert.strictEqual(JSON.stringify(JSON.parse(kind === 'string' ? `"${text}"` : text)), JSON.stringify(expected));
    if (kind === 'string') {
        assert.strictEqual(picked.escaped, text.includes('\\'));
        assert.deepStrictEqual(picked.characters, wtf8(expected));
    } else {
        assert.strictEqual(text, text.trim());
    }
    if (picked.elements) {
        assert.strictEqual(picked.elements.length, expected.length);
        picked.elements.forEach((element, i) => assertPicked(element, expected[i]));
    }
}

describe('scan: picks up what stands at wanted paths', () => {
    const pickOne = (text, ...paths) => stages.pick([bytes(text)], paths)[0].values;
    const texts = (values) => values.map((value) => (value.kind === 'missing' ? null : value.text.toString()));

    it('members, elements, containers', () => {
        const values = pickOne('{"a":{"b":[10, {"c":"x"} ,"y"]},"d": null }', ['a', 'b', '1', 'c'], ['a', 'b', '0'], ['a', 'b'], ['a'], ['d'], ['d', 'e'],
            ['a', 'b', '3'], ['a', 'b', 'length'], ['e'], ['a', 'b', '01'], ['a', 'b', '-0'], ['a', 'b', '2', '0']);
        assert.deepStrictEqual(texts(values), ['x', '10', '[10, {"c":"x"} ,"y"]', '{"b":[10, {"c":"x"} ,"y"]}', 'null', null, null, null, null, null, null, null]);
        assert.deepStrictEqual(values[2].elements.map((element) => element.text.toString()), ['10', '{"c":"x"}', 'y']);
        assert.deepStrictEqual(texts(pickOne('[[1,2],[3]]', ['1', '0'], ['0', '1'], ['0'], ['2'])), ['3', '2', '[1,2]', null]);
    });

    it('of duplicate names the last counts, also for what is below', () => {
        assert.deepStrictEqual(texts(pickOne('{"a":1,"a":2}', ['a'])), ['2']);
        assert.deepStrictEqual(texts(pickOne('{"a":{"b":1},"a":{"c":2}}', ['a', 'b'], ['a', 'c'])), [null, '2']);
        assert.deepStrictEqual(texts(pickOne('{"a":{"b":{"c":1}},"a":5}', ['a', 'b', 'c'], ['a', 'b'], ['a'])), [null, null, '5']);
        assert.deepStrictEqual(texts(pickOne('{"a":{"b":{"c":1},"b":{}},"x":1}', ['a', 'b', 'c'], ['x'])), [null, '1']);
        assert.deepStrictEqual(texts(pickOne('{"a":[1,2],"a":[3]}', ['a', '0'], ['a', '1'])), ['3', null]);
        assert.deepStrictEqual(texts(pickOne('{"a":{"b":{"c":1}},"a":{"b":{"d":1}},"a":{"b":{"c":3}}}', ['a', 'b', 'c'], ['a', 'b', 'd'])), ['3', null]);
        assert.deepStrictEqual(texts(pickOne('{"a":{"b":1},"\\u0061":{}}', ['a', 'b'])), [null]);
    });

    it('names written with escapes, empty names, names of any characters', () => {
        assert.deepStrictEqual(texts(pickOne('{"\\u005fkafka":{"\\u006B\\/":1}}', ['_kafka', 'k/'])), ['1']);
        assert.deepStrictEqual(texts(pickOne('{"":{"":1}}', ['', ''], [''])), ['1', '{"":1}']);
        assert.deepStrictEqual(texts(pickOne('{"a\\u0000b":1,"\\ud83d\\udca9":2,"\\ud800":3,"\\\\":4}', ['a\u0000b'], ['💩'], [wtf8('\ud800')], ['\\'])), ['1', '2', '3', '4']);
        assert.deepStrictEqual(texts(pickOne('{"__proto__":{"x":1}}', ['__proto__', 'x'], ['toString'], ['constructor', 'name'])), ['1', null, null]);
    });

    it('escaped code units in any order: pairs become one character, the others stay alone', () => {
        const units = ['\\u0000', '\\u0041', '\\u07ff', '\\u0800', '\\uD7FF', '\\ud800', '\\udbFF', '\\udc00', '\\uDfff', '\\ue000', '\\uffff', 'x', '\\n', 'é'];
        const strings = units.flatMap((a) => units.flatMap((b) => units.map((c) => `"${a}${b}${c}"`)));
        const [{ values }] = stages.pick([bytes(`{"s":[${strings.join(',')}]}`)], [['s']]);
        values[0].elements.forEach((element, i) => assertPicked(element, JSON.parse(strings[i])));
        assert.strictEqual(values[0].elements.length, strings.length);
    });

    it('the same path twice has one id', () => {
        assert.deepStrictEqual(texts(pickOne('{"a":1,"b":2}', ['a'], ['b'], ['a'])), ['1', '2', '1']);
    });

    it('among thousands of paths', () => {
        const paths = Array.from({ length: 3000 }, (_, i) => [`name${i}`, `a much longer name ${i % 7}`]);
        const text = JSON.stringify(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`name${i}`, { [`a much longer name ${i % 5}`]: i }])));
        stages.pick([bytes(text)], paths)[0].values.forEach((value, i) => assertPicked(value, i % 7 === i % 5 ? i : MISSING));
    });

    it('nothing from an invalid text, and nothing left over from the text before', () => {
        const results = stages.pick(['{"a":1,"_kafka":1}', '{"a":1,"_kafka":1', '{"a":1,"_kafka":1}x}', '{"a":1,"_kafka":"\u0001"}', '{}', ''].map(bytes), [['a']], '_kafka');
        assert.deepStrictEqual(results.map((result) => [result.verdict, result.values[0].kind, result.members.length]),
            [['object', 'number', 1], ['invalid', 'missing', 0], ['invalid', 'missing', 0], ['invalid', 'missing', 0], ['object', 'missing', 0], ['invalid', 'missing', 0]]);
    });

    it('the end of an unclosed text is noticed at its last bracket', () => {
        for (const text of ['{"a":{"b":1}', '{"a":{"b":[1]}', '[[0],[1]', '{"x":{"y":{}}', '{"x":{"z":{}}', '[{"x":1}']) {
            const reason = `a closing bracket expected at byte ${text.length - 1}`;
            assert.strictEqual(stages.pick([bytes(text)], [['x', 'y'], ['0', 'x'], ['1', '0']])[0].reason, reason, text);
        }
    });

    it('ten thousand random documents against JSON.parse', () => {
        const source = new JsonTexts(69270);
        for (let round = 0; round < 100; ++round) {
            const path = () => Array.from({ length: 1 + source.random(3) }, () => source.pick(NAMES));
            const paths = Array.from({ length: 1 + source.random(12) }, path);
            const documents = Array.from({ length: 100 }, () => source.document(3));
            const results = stages.pick(documents.map(bytes), paths, source.pick(['', '_kafka', 'a']));
            documents.forEach((text, i) => {
                const parsed = JSON.parse(text);
                assert.strictEqual(results[i].verdict, Array.isArray(parsed) ? 'array' : 'object', text);
                paths.forEach((names, k) => {
                    try {
                        assertPicked(results[i].values[k], valueAt(parsed, names));
                    } catch (error) {
                        error.message += `\nat ${JSON.stringify(names)} of ${text}`;
                        throw error;
                    }
                });
            });
        }
    });
});

describe('scan: members of a watched name', () => {
    const members = (text, watched) => stages.pick([bytes(text)], [['x']], watched)[0].members.map(({ begin, end, value }) =>
        [bytes(text).subarray(begin, end).toString(), value.kind, value.text.toString()]);

    it('all of them at the top level, in order, and none below', () => {
        assert.deepStrictEqual(members('{"k":1,"x":{"k":2},"k" : "s\\n" ,"\\u006b":{"k":[3]},"kk":0,"k":[ ] }', 'k'),
            [['"k":1', 'number', '1'], ['"k" : "s\\n"', 'string', 's\\n'], ['"\\u006b":{"k":[3]}', 'object', '{"k":[3]}'], ['"k":[ ]', 'array', '[ ]']]);
        assert.deepStrictEqual(members('{"x":{"y":1},"x":true}', 'x'), [['"x":{"y":1}', 'object', '{"y":1}'], ['"x":true', 'true', 'true']]);
        assert.deepStrictEqual(members('[{"k":1}]', 'k'), []);
        assert.deepStrictEqual(members('{"k":1}', ''), []);
    });

    it('also where a path leads through them', () => {
        const text = '{"k":{"b":1},"k":{"b":[2]}}';
        const [{ values, members: spans }] = stages.pick([bytes(text)], [['k', 'b']], 'k');
        assert.strictEqual(values[0].text.toString(), '[2]');
        assert.deepStrictEqual(spans.map(({ begin, end }) => text.slice(begin, end)), ['"k":{"b":1}', '"k":{"b":[2]}']);
        const [without] = stages.pick([bytes(text)], [], 'k');
        assert.deepStrictEqual(without.members, spans);
    });
});
