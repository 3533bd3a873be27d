'use strict';

/**
 * Many filters evaluated together find what each of them finds alone: random ones, and the shapes that the index treats
 * each in its own way. See test/support/random-filters.js for seed and rounds.
 */

const assert = require('assert');

const { createMatcher } = require('../lib/matcher');
const { stages } = require('../lib/native');
const { ROUNDS, Random, SEED, containerText, damage, filterFor, isValidFilter, parse, regexText, spell } = require('./support/random-filters');

/** The text as a filter sees it, with the metadata that the stage gives its records; as it is if it is not valid. */
function withMetadata(text, offset) {
    try {
        return stages.augment(Buffer.from(text), { topic: 'topic', partition: 0, offset, timestamp: null, key: null, value: null, headers: [] }, '_kafka', false);
    } catch {
        return Buffer.from(text);
    }
}

/** Evaluates rounds of filters together and compares each with the filter alone. */
function compare(filters, texts, rounds, note = '') {
    const jsons = filters.map((filter) => JSON.stringify(filter));
    const seen = texts.map(withMetadata);
    const alone = filters.map((filter) => {
        const matches = createMatcher(filter);
        return seen.flatMap((text, i) => (matches(text) ? [i] : []));
    });
    const { rounds: found, evaluations, tried } = stages.evaluate(texts, jsons, rounds);
    let matched = 0;
    rounds.forEach((round, r) => round.forEach((filter, i) => {
        matched += alone[filter].length;
        if (found[r][i].join() !== alone[filter].join()) {
            assert.fail(`${note} round ${r} of ${JSON.stringify(rounds.map((list) => list.length))}: together ${found[r][i]}, alone ${alone[filter]}\n` +
                `filter: ${jsons[filter]}\ntexts: ${JSON.stringify(texts)}`);
        }
    }));
    return { matched, evaluations, tried };
}

/** Lists of filters as they come and go: few, many, all, all again, and ever more. */
function someRounds(random, count) {
    const all = Array.from({ length: count }, (_, i) => i);
    const part = (percent) => all.filter(() => random.chance(percent));
    const shuffled = [...all].sort(() => random.below(3) - 1);
    return [part(8), part(40), all, shuffled, all, [0], part(60), all.slice(0, count / 2), all.slice(0, count / 2 + 1), all];
}

describe('filters together', function () {
    this.timeout(600000);

    it('on random filters and documents', () => {
        const random = new Random(SEED + 3);
        const totals = { pairs: 0, matched: 0 };
        for (let batch = 0; batch < 120 * ROUNDS; batch++) {
            const texts = Array.from({ length: 12 }, () => containerText(random, 4, random.chance(85)));
            const documents = texts.map(parse).filter((document) => document !== undefined);
            const filters = Array.from({ length: 90 }, () => filterFor(random, random.pick(documents))).filter(isValidFilter);
            if (random.chance(50)) {
                texts.push(damage(random, random.pick(texts)), '17', '');
            }
            const rounds = someRounds(random, filters.length);
            totals.matched += compare(filters, texts, rounds, `seed ${SEED}, batch ${batch},`).matched;
            totals.pairs += rounds.reduce((sum, round) => sum + round.length, 0) * texts.length;
        }
        assert(totals.pairs > 500000 * ROUNDS && totals.matched > totals.pairs / 20, JSON.stringify(totals));
    });

    it('on random patterns at one path', () => {
        const random = new Random(SEED + 4);
        let matched = 0;
        for (let batch = 0; batch < 40 * ROUNDS; batch++) {
            const filters = Array.from({ length: 120 }, () => ({ a: regexText(random) })).filter(isValidFilter);
            const piece = () => random.pick(['a', 'b', 'c', 'A', 'é', 'É', '😀', '1', '0', ' ', '-', '/', '\n', 'ab', 'true', 'k', '\u212a', 'e']);
            const texts = Array.from({ length: 16 }, () => {
                const value = spell(random, random.many(8, piece).join(''));
                return `{"a":${random.pick([value, value, `[1,${value},"b"]`, String(random.below(200)), 'true', 'null', '[]', `{"a":${value}}`])}}`;
            });
            matched += compare(filters, texts, someRounds(random, filters.length), `seed ${SEED}, batch ${batch},`).matched;
        }
        assert(matched > 10000 * ROUNDS);
    });

    it('on patterns whose literals are spelled in many ways', () => {
        const patterns = [
            'fish', '(?i)fish', 'gr(e|a)y fish', 'gr[ea]y fish', 'colou?r', 'a{3}b', '(ab){2,}c', '(foo|ba[rz])+qux', 'x*yz', '^ab', 'yz$', '(?:|a)bc', 'ab|', '(?i)straße', '(?i)Σίσυφος',
            '(?i)k', '(?i)sk', '(?i:k)elvin', '(?-i:K)elvin', '(?i)(?-i:Kel)VIN', '\\u{1F600}', '[\\u{1F600}-\\u{1F602}]!', '(?i)ǆ', 'é', '(?i)É', '\\bfish\\b', 'fi\\Bsh', 'f.sh', 'f[^]sh', '[]fish',
            '\\ud800', 'a\\ud800b', '(fish|\\d+)', '(fish|cat|dog|cow|pig|hen|ant|bee|fox|owl|elk|emu|yak|rat|ram|ewe|hog)!', '[abcdefghij]x', '[abcdefgh]x', '(?i)[ks]z', '((((a)b)c)d)e',
            '(one|two)(three|four)(five|six)(seven|eight)(nine|ten)', 'a'.repeat(60), '.*abc.*', '1e\\+21', '^true$', '[A-Z]{2}[0-9]', '^.$', '',
        ];
        const values = [
            'fish', 'FISH', 'fiSh', 'a fishy', 'grey fish', 'gray fish', 'groy fish', 'color', 'colour', 'aaab', 'aab', 'ababc', 'abc', 'foobarqux', 'bazqux', 'bayqux', 'yz', 'xxyz', 'bc', 'STRASSE', 'STRAẞE',
            'straße', 'ΣΊΣΥΦΟΣ', 'σίσυφοσ', 'k', 'K', '\u212a', 's\u212a', 'ſk', 'ſ\u212a', '\u212aelvin', 'Kelvin', 'kelVIN', 'KelVin', '😀', '😁!', 'ǅ', 'Ǆ', 'é', 'É', 'e\u0301', 'fi sh', 'f\nsh', 'f😀sh', '\ud800', 'a\ud800b',
            '12', 'a yak!', 'ix', 'jx', 'sz', '\u212az', 'abcde', 'onethreefiveseventen', 'twofoursixeightnine', 'a'.repeat(59), 'a'.repeat(61), 'xabcx', 'AB1', '', 'A',
        ];
        const filters = patterns.flatMap((pattern) => [{ a: `/${pattern}/` }, { a: `/${pattern}/`, b: 1 }]);
        const spelled = values.flatMap((value) => [JSON.stringify(value), `"${[...Array(value.length).keys()].map((i) => `\\u${value.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`]);
        const texts = [...spelled, '1e21', '12', 'true', 'false', 'null', '[12,true,"grey fish"]', '["x",["fish"],{"a":"fish"}]'].map((value, i) => `{"a":${value},"b":${i % 2}}`);
        const all = [...filters.keys()];
        assert(compare(filters, texts, [all, all, all.slice(3)]).matched > 500);
    });

    it('on scalars, sets and arrays that are equal in JavaScript\'s sense', () => {
        const scalars = [0, -0, 1, 1.5, 1e21, 5e-324, 2 ** 53, 'a', 'A', '1', '', 'true', 'null', '\u0000', 'é', true, false, null];
        const sets = scalars.flatMap((scalar, i) => [[scalar], [scalar, scalars[(i + 5) % scalars.length]], [scalar, 'x', 'y', 7]]);
        const filters = [...scalars, ...sets, [], Array.from({ length: 1500 }, (_, i) => i)].flatMap((value) => [{ a: value }, { 'a.0': value }, { a: value, b: false }]).concat([{}]);
        const tokens = ['0', '-0', '0e5', '-0.0', '1', '1.0', '10e-1', '15e-1', '1000000000000000000000', '4e-324', '9007199254740993', '"a"', '"\\u0061"', '"A"', '"1"', '""', '"true"', '"\\u0000"', '"é"', '"\\u00e9"', 'true', 'false', 'null'];
        const arrays = ['[]', '{}', '[[]]', '["a",1]', '[1,1,1]', '[0,"1",true]', '["y","x",7,"a"]', '[7,"x","y",1.0]', `[${Array.from({ length: 1500 }, (_, i) => 1499 - i).join()}]`, '[1499]', '1499'];
        const texts = [...tokens, ...arrays].map((value, i) => `{"a":${value},"b":${i % 2 === 0}}`);
        const all = [...filters.keys()];
        assert(compare(filters, texts, [all, all]).matched > 300);
    });

    it('on filters that look at the metadata, beside others', () => {
        const filters = Array.from({ length: 40 }, (_, i) => ({ '_kafka.offset': i, ...(i % 3 === 0 && { n: i % 2 }) })).concat(Array.from({ length: 40 }, (_, i) => ({ n: i % 2, m: i })));
        const texts = Array.from({ length: 60 }, (_, i) => `{"n":${i % 2},"m":${i % 50},"_kafka":{"offset":${59 - i}}}`);
        const all = [...filters.keys()];
        assert(compare(filters, texts, [all, all.slice(40), all.slice(0, 40), all]).matched > 60);
    });

    describe('are not tried one by one', () => {
        const COUNT = 1000;
        const texts = Array.from({ length: 100 }, (_, i) => JSON.stringify({ user: `user-${i}`, type: 'edit', bot: i % 2 === 0, n: i, tags: ['mobile', `t${i}`], list: Array.from({ length: 100 }, (_, k) => (k === i ? 'here' : k)), title: `Title number ${i} of many` }));
        const shapes = {
            'equality at one path': (i) => ({ user: `user-${i}` }),
            'numbers at one path': (i) => ({ n: i }),
            'equality within conjunctions': (i) => ({ bot: true, type: 'edit', user: `user-${i}` }),
            'sets at one path': (i) => ({ user: [`user-${i}`, `nobody-${i}`] }),
            'sets on arrays': (i) => ({ tags: ['mobile', `t${i}`] }),
            'patterns with a literal': (i) => ({ title: `/number ${i} of/` }),
            'patterns with a literal, in any case': (i) => ({ title: `/(?i)NUMBER ${i} OF/` }),
            'elements of an array': (i) => ({ [`list.${i}`]: 'here' }),
            'a path each': (i) => ({ [`path-${i}`]: 1 }),
        };
        for (const [name, shape] of Object.entries(shapes)) {
            it(name, () => {
                const filters = Array.from({ length: COUNT }, (_, i) => shape(i));
                const all = [...filters.keys()];
                const { matched, evaluations, tried } = compare(filters, texts, [all]);
                assert.strictEqual(evaluations, COUNT * texts.length);
                assert(tried >= matched && tried <= matched + 20 * texts.length, `${tried} tried, ${matched} matched`);
            });
        }

        it('patterns without a literal, once they are in groups', () => {
            const filters = Array.from({ length: 256 }, (_, i) => ({ title: `/^[A-Z][a-z]+ [${'abcdefghijklmnop'[i >> 4]}-z]?.{${i % 16}}[0-9]+$/` }));
            const all = [...filters.keys()];
            const rounds = Array.from({ length: 20 }, () => all);
            const before = compare(filters, texts, [all]);
            const { evaluations, tried } = compare(filters, texts, rounds);
            assert.strictEqual(evaluations, 20 * before.evaluations);
            assert(tried < 10 * before.tried, `${tried} tried, ${before.tried} in the first round`);
        });
    });
});
