'use strict';

const assert = require('node:assert');

const { stages } = require('../lib/native');
const { JsonTexts, NAMES, randomSource } = require('./support/json-texts');

const { KASOCKI_TEST_SEED: SEED = '13', KASOCKI_TEST_ROUNDS: ROUNDS = '200' } = process.env;

/** What is left of a text: the text itself where nothing is cut. */
function cut(text, mode, ...paths) {
    const [left] = stages.cut([Buffer.from(text)], mode, paths.map((path) => (Array.isArray(path) ? path : path.split('.'))));
    return left === null ? text : left.toString();
}

const drop = (text, ...paths) => cut(text, 'drop', ...paths);
const only = (text, ...paths) => cut(text, 'only', ...paths);

/** The reference: what a path is to the value at a place (names and indexes from the root): 'whole', 'through', or nothing. */
function relation(place, path, i = 0, k = 0) {
    if (k === path.length) {
        return 'whole';
    }
    if (i === place.length) {
        return 'through';
    }
    if (typeof place[i] === 'string') {
        return place[i] === path[k] ? relation(place, path, i + 1, k + 1) : undefined;
    }
    if (/^(0|[1-9][0-9]*)$/.test(path[k])) {
        return place[i] === Number(path[k]) ? relation(place, path, i + 1, k + 1) : undefined;
    }
    return relation(place, path, i + 1, k);
}

/**
 * A text as nested arrays that lose nothing: ['{', [name, value], ...], ['[', value, ...], or a scalar's own text. Of
 * names that repeat each one is there.
 */
function parse(text) {
    const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g);
    let at = 0;
    const value = () => {
        const token = tokens[at++];
        if (token !== '{' && token !== '[') {
            return token;
        }
        const items = [token];
        while (!'}]'.includes(tokens[at])) {
            items.push(token === '[' ? value() : member());
            at += tokens[at] === ',' ? 1 : 0;
        }
        at++;
        return items;
    };
    const member = () => {
        const name = JSON.parse(tokens[at]);
        at += 2;
        return [name, value()];
    };
    return value();
}

function reference([kind, ...items], mode, paths, place = []) {
    const left = (item, at) => {
        const relations = paths.map((path) => relation(at, path));
        const whole = relations.includes('whole');
        if (whole) {
            return mode === 'drop' ? undefined : item;
        }
        const inside = Array.isArray(item) && relations.includes('through');
        return inside ? reference(item, mode, paths, at) : mode === 'drop' ? item : undefined;
    };
    if (kind === '[') {
        return [kind, ...items.map((item, i) => left(item, [...place, i]) ?? 'null')];
    }
    const members = items.map(([name, item]) => [name, left(item, [...place, name])]);
    return [kind, ...members.filter(([, item]) => item !== undefined)];
}

describe('fields: drop', () => {
    for (const [name, text, paths, expected] of [
        ['the only member', '{"a":1}', ['a'], '{}'],
        ['the first member', '{"a":1,"b":2}', ['a'], '{"b":2}'],
        ['the last member', '{"a":1,"b":2}', ['b'], '{"a":1}'],
        ['a member in the middle', '{"a":1,"b":2,"c":3}', ['b'], '{"a":1,"c":3}'],
        ['several side by side', '{"a":1,"b":2,"c":3,"d":4}', ['b', 'c'], '{"a":1,"d":4}'],
        ['all', '{"a":1,"b":2}', ['b', 'a'], '{}'],
        ['every duplicate', '{"a":1,"b":2,"a":3,"a":4}', ['a'], '{"b":2}'],
        ['duplicates on the way', '{"a":{"x":1,"y":2},"a":{"x":3}}', ['a.x'], '{"a":{"y":2},"a":{}}'],
        ['a name written with escapes', '{"\\u0061":1,"b":2}', ['a'], '{"b":2}'],
        ['a long name', `{"${'n'.repeat(70)}":1,"${'n'.repeat(69)}m":2}`, ['n'.repeat(70)], `{"${'n'.repeat(69)}m":2}`],
        ['__proto__', '{"__proto__":{"x":1},"b":2}', ['__proto__'], '{"b":2}'],
        ['below', '{"a":{"b":{"c":1,"d":2}},"c":3}', ['a.b.c'], '{"a":{"b":{"d":2}},"c":3}'],
        ['what is not there', '{"a":{"b":1},"c":[1]}', ['a.c', 'b', 'c.x', 'c.5', 'a.b.c'], '{"a":{"b":1},"c":[1]}'],
        ['an element: null stands in its place', '{"a":[1,2,3]}', ['a.1'], '{"a":[1,null,3]}'],
        ['elements by canonical index alone', '{"a":[1,2]}', ['a.00', 'a.-1', 'a.length', 'a.1e0'], '{"a":[1,2]}'],
        ['a member whose name is an index', '{"a":{"0":1,"1":2}}', ['a.0'], '{"a":{"1":2}}'],
        ['through an array', '{"a":[{"x":1,"y":2},{"x":3}]}', ['a.x'], '{"a":[{"y":2},{}]}'],
        ['through arrays in arrays', '{"a":[[{"x":1}],[[{"x":2,"y":3}]]]}', ['a.x'], '{"a":[[{}],[[{"y":3}]]]}'],
        ['of one element', '{"a":[{"x":1},{"x":2}]}', ['a.1.x'], '{"a":[{"x":1},{}]}'],
        ['an index does not go through', '{"a":[[1,2],{"0":3}]}', ['a.0'], '{"a":[null,{"0":3}]}'],
        ['an index, and a name through the same array', '{"a":[{"x":1,"y":2},{"x":3,"y":4}]}', ['a.0.x', 'a.y'], '{"a":[{},{"x":3}]}'],
        ['a message that is an array', '[{"a":1,"b":2},[{"a":3}],4]', ['a', '2'], '[{"b":2},[{}],null]'],
        ['white space, as far as it stays', ' {\n "a" : 1 ,\n "b" : [ 2 , 3 ] ,\n "c" : 4 }\n', ['a', 'b.0'], ' {"b" : [ null , 3 ] ,\n "c" : 4 }\n'],
        ['white space behind the last one kept', '{ "a" : 1 , "b" : 2 }', ['b'], '{ "a" : 1}'],
        ['and keeps numbers, escapes and duplicates', '{"a":1e400,"x":0,"b":123456789012345678901,"c":"\\u0041\\ud800","a":0.10}', ['x'],
            '{"a":1e400,"b":123456789012345678901,"c":"\\u0041\\ud800","a":0.10}'],
        ['brackets, commas and quotes in strings', '{"s":"{[,\\"}]","x":"]}\\\\","t":1}', ['x'], '{"s":"{[,\\"}]","t":1}'],
        ['a whole path and one below it', '{"a":{"b":1,"c":2},"d":3}', ['a.b', 'a'], '{"d":3}'],
        ['an empty name', '{"":1,"a":{"":2,"b":3}}', [[''], ['a', '']], '{"a":{"b":3}}'],
    ]) {
        it(name, () => assert.strictEqual(drop(text, ...paths), expected));
    }

    it('copies nothing where nothing is cut', () => {
        assert.deepStrictEqual(stages.cut([Buffer.from('{"a":1}')], 'drop', [['b']]), [null]);
        assert.deepStrictEqual(stages.cut([Buffer.from('{"a":1}')], 'only', [['a']]), [null]);
    });
});

describe('fields: only', () => {
    for (const [name, text, paths, expected] of [
        ['one member', '{"a":1,"b":2,"c":3}', ['b'], '{"b":2}'],
        ['none', '{"a":1,"b":[2]}', ['c'], '{}'],
        ['several, in their own order', '{"a":1,"b":2,"c":3,"d":4}', ['d', 'a'], '{"a":1,"d":4}'],
        ['all of what a path ends at', '{"a":{"b":[1,{"c":2}]},"b":3}', ['a'], '{"a":{"b":[1,{"c":2}]}}'],
        ['below', '{"a":{"b":1,"c":2},"b":3}', ['a.b'], '{"a":{"b":1}}'],
        ['what a path leads through, emptied', '{"a":{"c":2},"b":3}', ['a.b'], '{"a":{}}'],
        ['no scalar where a path leads on', '{"a":"secret","b":3}', ['a.b', 'b'], '{"b":3}'],
        ['through arrays: what has no members there is null', '{"a":[{"x":1,"y":2},"secret",[{"x":3}],5]}', ['a.x'],
            '{"a":[{"x":1},null,[{"x":3}],null]}'],
        ['elements by index', '{"a":[1,[2],{"b":3},4]}', ['a.1', 'a.3'], '{"a":[null,[2],null,4]}'],
        ['every duplicate', '{"a":1,"b":2,"a":3}', ['a'], '{"a":1,"a":3}'],
        ['of a message that is an array', '[{"a":1,"b":2},"secret"]', ['a'], '[{"a":1},null]'],
        ['__proto__', '{"__proto__":1,"constructor":2}', ['constructor'], '{"constructor":2}'],
    ]) {
        it(name, () => assert.strictEqual(only(text, ...paths), expected));
    }
});

describe('fields: against a reference', () => {
    it(`random documents and paths (seed ${SEED}, ${ROUNDS} rounds)`, function () {
        this.timeout(120000);
        const texts = new JsonTexts(Number(SEED));
        const random = randomSource(Number(SEED) + 1);
        // Of few names, so that paths often lead somewhere; and all the others.
        const segment = () => (random(4) ? ['a', 'b', 'c', '0', '1', '_kafka'][random(6)] : NAMES[random(NAMES.length)]);
        let cuts = 0;
        for (let round = 0; round < Number(ROUNDS); round++) {
            const mode = random(2) ? 'drop' : 'only';
            const paths = Array.from({ length: 1 + random(6) }, () => Array.from({ length: 1 + random(3) }, segment));
            const documents = Array.from({ length: 50 }, () => texts.document(5));
            const results = stages.cut(documents.map((text) => Buffer.from(text)), mode, paths);
            results.forEach((result, i) => {
                const context = `${mode} ${JSON.stringify(paths)} of ${documents[i]}`;
                const left = result === null ? documents[i] : result.toString();
                cuts += result === null ? 0 : 1;
                assert.deepStrictEqual(parse(left), reference(parse(documents[i]), mode, paths), context);
                JSON.parse(left);
            });
        }
        assert.ok(cuts > Number(ROUNDS), `only ${cuts} documents were cut`);
    });

    it('goes as deep as a record may', () => {
        const depth = 1024;
        const nested = (inner) => '{"a":'.repeat(depth - 1) + inner + '}'.repeat(depth - 1);
        const path = Array(depth - 1).fill('a');
        assert.strictEqual(drop(nested('{"x":1,"y":2}'), [...path, 'x']), nested('{"y":2}'));
        assert.strictEqual(drop(nested('{"x":1}'), path), nested('').replace('"a":}', '}'));
        const arrays = '['.repeat(depth - 1) + '{"x":1}' + ']'.repeat(depth - 1);
        assert.strictEqual(drop(arrays, 'x'), '['.repeat(depth - 1) + '{}' + ']'.repeat(depth - 1));
        assert.strictEqual(only('['.repeat(depth) + ']'.repeat(depth), 'x'), '['.repeat(depth) + ']'.repeat(depth));
    });

    it('takes thousands of paths', () => {
        const names = Array.from({ length: 5000 }, (_, i) => `name${i}`);
        const text = `{${names.map((name) => `"${name}":1,"x${name}":2`).join()}}`;
        assert.strictEqual(drop(text, ...names), `{${names.map((name) => `"x${name}":2`).join()}}`);
        assert.strictEqual(only(text, ...names), `{${names.map((name) => `"${name}":1`).join()}}`);
    });
});
