'use strict';

const assert = require('assert');
const { stages } = require('../lib/native');
const { JsonTexts, randomSource } = require('./support/json-texts');

const RECORD = { topic: 'edits', partition: 3, offset: 42, timestamp: 1460000000123, key: Buffer.from('k1'), value: null, headers: [] };
const METADATA = '{"topic":"edits","partition":3,"offset":42,"timestamp":1460000000123,"key":"k1"}';

const augment = (text, { field = '_kafka', join = false, ...record } = {}) =>
    stages.augment(Buffer.from(text), { ...RECORD, ...record }, field, join).toString();

/** The metadata that a record gets. */
const metadata = (record) => JSON.parse(augment('{}', record))._kafka;

describe('augment: the metadata stands last in the record\'s own text', () => {
    for (const [name, text, expected] of [
        ['an empty object', '{}', `{"_kafka":${METADATA}}`],
        ['an empty object with white space', ' { \n} ', ` {"_kafka":${METADATA} \n} `],
        ['an object', '{"a":1}', `{"a":1,"_kafka":${METADATA}}`],
        ['white space, kept', '{\n  "a": [ 1 ]\n}\n', `{\n  "a": [ 1 ],"_kafka":${METADATA}\n}\n`],
        ['numbers and escapes, kept', '{"a":1e400,"b":123456789012345678901,"c":"\\u0041\\ud800","a":0.10}',
            `{"a":1e400,"b":123456789012345678901,"c":"\\u0041\\ud800","a":0.10,"_kafka":${METADATA}}`],
        ['replaces the only member', '{"_kafka":1}', `{"_kafka":${METADATA}}`],
        ['replaces the first member', '{"_kafka":{"a":[1]},"b":2}', `{"b":2,"_kafka":${METADATA}}`],
        ['replaces a member in the middle', '{"a":1,"_kafka":"x","b":2}', `{"a":1,"b":2,"_kafka":${METADATA}}`],
        ['replaces the last member', '{"a":1,"_kafka":null}', `{"a":1,"_kafka":${METADATA}}`],
        ['replaces each member of that name', '{"_kafka":1,"a":1,"_kafka":2,"_kafka":3}', `{"a":1,"_kafka":${METADATA}}`],
        ['replaces all there is', '{"_kafka":1,"_kafka":2}', `{"_kafka":${METADATA}}`],
        ['replaces a name written with escapes', '{"a":1,"\\u005fk\\u0061fka":1}', `{"a":1,"_kafka":${METADATA}}`],
        ['leaves members of that name below', '{"a":{"_kafka":1}}', `{"a":{"_kafka":1},"_kafka":${METADATA}}`],
        ['an array goes as it is', '[ {"_kafka":1} ]', '[ {"_kafka":1} ]'],
    ]) {
        it(name, () => assert.strictEqual(augment(text), expected));
    }

    it('with a field of another name, or none', () => {
        assert.strictEqual(augment('{"a":1}', { field: 'a "b"' }), `{"a":1,"a \\"b\\"":${METADATA}}`);
        assert.strictEqual(augment('{"_kafka":1}', { field: '' }), '{"_kafka":1}');
    });

    it('ten thousand random objects against JSON.parse', () => {
        const texts = new JsonTexts(11);
        for (let i = 0; i < 10000; ++i) {
            const text = texts.space() + texts.object(2) + texts.space();
            const field = texts.pick(['_kafka', 'a', 'é', '💩', '__proto__']);
            const expected = JSON.parse(text);
            delete expected[field];
            Object.defineProperty(expected, field, { value: JSON.parse(METADATA), enumerable: true });
            const result = augment(text, { field });
            assert.strictEqual(JSON.stringify(JSON.parse(result)), JSON.stringify(expected), text);
            assert.strictEqual(stages.scan(Buffer.from(result)).verdict, 'object');
        }
    });
});

describe('augment: fields join an existing object', () => {
    const FIELDS = METADATA.slice(1, -1);
    for (const [name, text, expected] of [
        ['into an empty object', '{"meta":{}}', `{"meta":{${FIELDS}}}`],
        ['behind its members', '{"meta": {"id":"x" } ,"a":1}', `{"meta": {"id":"x",${FIELDS} } ,"a":1}`],
        ['replacing fields of the same names', '{"meta":{"topic":"t","id":"}\\"]","key":{"topic":[1,"}"]},"p\\u0061rtition":9,"off":true,"offset":1}}',
            `{"meta":{"id":"}\\"]","off":true,${FIELDS}}}`],
        ['leaving what lies deeper', '{"meta":{"a":{"topic":1},"b":[{"key":2}]}}', `{"meta":{"a":{"topic":1},"b":[{"key":2}],${FIELDS}}}`],
        ['into the last of that name', '{"meta":{"a":1},"meta":{"b":2}}', `{"meta":{"a":1},"meta":{"b":2,${FIELDS}}}`],
        ['replacing what is no object', '{"meta":5,"a":1}', `{"a":1,"meta":{${FIELDS}}}`],
        ['replacing what counts as no object', '{"meta":{"a":1},"meta":[2]}', `{"meta":{${FIELDS}}}`],
        ['as the last member if there is none', '{"a":1}', `{"a":1,"meta":{${FIELDS}}}`],
    ]) {
        it(name, () => assert.strictEqual(augment(text, { field: 'meta', join: true }), expected));
    }

    it('five thousand random objects against JSON.parse', () => {
        const texts = new JsonTexts(12);
        for (let i = 0; i < 5000; ++i) {
            const inner = texts.object(2).replace(/"(a|b|c|0)"/g, (_, c) => `"${{ a: 'topic', b: 'offset', c: 'key', 0: 'timestamp' }[c]}"`);
            const text = `{"x":${texts.value(1)},"meta"${texts.space()}:${texts.space()}${inner}${texts.space()}}`;
            const expected = JSON.parse(text);
            for (const [field, value] of Object.entries(JSON.parse(METADATA))) {
                delete expected.meta[field];
                expected.meta[field] = value;
            }
            assert.strictEqual(JSON.stringify(JSON.parse(augment(text, { field: 'meta', join: true }))), JSON.stringify(expected), text);
        }
    });
});

describe('augment: the metadata', () => {
    it('large offsets, no timestamp, no key, an empty key', () => {
        assert.strictEqual(metadata({ offset: Number.MAX_SAFE_INTEGER }).offset, Number.MAX_SAFE_INTEGER);
        assert.strictEqual(metadata({ timestamp: null }).timestamp, null);
        assert.strictEqual(metadata({ timestamp: 0 }).timestamp, 0);
        assert.strictEqual(metadata({ key: null }).key, null);
        assert.strictEqual(metadata({ key: Buffer.alloc(0) }).key, '');
        assert.deepStrictEqual(Object.keys(metadata({})), ['topic', 'partition', 'offset', 'timestamp', 'key']);
    });

    it('keys of any characters', () => {
        const key = '"\\/\b\f\n\r\t\u0000\u001e\u001f\u007f\u0085é\u2028\u2029日💩\ufeff\uffff';
        const text = augment('{}', { key: Buffer.from(key) });
        assert.strictEqual(JSON.parse(text)._kafka.key, key);
        assert.ok(Buffer.from(text).every((byte) => byte >= 0x20));
        assert.strictEqual(stages.scan(Buffer.from(text)).verdict, 'object');
    });

    it('each byte alone and each pair of bytes: as text if it is UTF-8, else as base64', () => {
        const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
        const random = randomSource(13);
        for (let i = 0; i < 6000; ++i) {
            const bytes = i < 256 ? Buffer.from([i]) : Buffer.from(Array.from({ length: 2 + (i % 4) }, () => random(256)));
            let expected = null;
            try {
                expected = decoder.decode(bytes);
            } catch { /* stays null */ }
            const { key, base64 } = metadata({ key: bytes });
            assert.deepStrictEqual([key, base64], expected === null ? [bytes.toString('base64'), ['key']] : [expected, undefined]);
        }
    });

    it('headers: text, null, arrays where a name repeats, in order', () => {
        const headers = [['z', Buffer.from('1')], ['a', null], ['z', Buffer.from('2')], ['', Buffer.from('')], ['z', null], ['a.b', Buffer.from('"')]];
        const { headers: result, base64 } = metadata({ headers });
        assert.strictEqual(JSON.stringify(result), '{"z":["1","2",null],"a":null,"":"","a.b":"\\""}');
        assert.strictEqual(base64, undefined);
    });

    it('header values that are not UTF-8 are base64, all of a name', () => {
        const headers = [['x', Buffer.from([0xff])], ['y', Buffer.from('text')], ['y', Buffer.from([0xc3])], ['y', null], ['w', Buffer.from('w')]];
        const { headers: result, base64 } = metadata({ key: Buffer.from([0x80, 0x81]), headers });
        assert.deepStrictEqual(result, { x: '/w==', y: [Buffer.from('text').toString('base64'), 'ww==', null], w: 'w' });
        assert.deepStrictEqual(base64, ['key', 'headers.x', 'headers.y']);
    });

    it('header names of any bytes', () => {
        const headers = [['__proto__', Buffer.from('p')], [Buffer.from([0x61, 0xff, 0xe2, 0x82]), Buffer.from('q')], ['"\n', Buffer.from('r')]];
        const { headers: result } = metadata({ headers });
        assert.deepStrictEqual(Object.entries(result), [['__proto__', 'p'], ['a\ufffd\ufffd\ufffd', 'q'], ['"\n', 'r']]);
    });

    it('fifty thousand headers', () => {
        const headers = Array.from({ length: 50000 }, (_, i) => [`h${i % 25000}`, Buffer.from(String(i))]);
        const { headers: result } = metadata({ headers });
        assert.strictEqual(Object.keys(result).length, 25000);
        assert.deepStrictEqual(result.h24999, ['24999', '49999']);
    });
});
