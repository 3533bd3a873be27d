'use strict';

/** Random JSON texts and filters, nasty ones preferred. KASOCKI_TEST_SEED=n repeats or varies a run, KASOCKI_TEST_ROUNDS=n makes it longer. */

const { referenceMatcher } = require('../reference-matcher');

const SEED = Number(process.env.KASOCKI_TEST_SEED ?? 20160511);
const ROUNDS = Number(process.env.KASOCKI_TEST_ROUNDS ?? 1);

/** A small generator of pseudo-random numbers (mulberry32), so that a seed says all. */
class Random {
    constructor(seed) {
        this.state = seed >>> 0;
    }

    /** An integer from 0 to below n. */
    below(n) {
        this.state = (this.state + 0x6d2b79f5) >>> 0;
        let t = this.state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
    }

    chance(percent) {
        return this.below(100) < percent;
    }

    pick(list) {
        return list[this.below(list.length)];
    }

    many(most, make) {
        return Array.from({ length: this.below(most + 1) }, make);
    }
}

const NAMES = [
    'a', 'b', 'c', 'a', 'b', 'c', '', '0', '1', '01', '-1', '4294967295', 'length', '__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', 'a.b', '.',
    'é', '😀', '\ud800', '\udc00', '"', '\\', '/', 'a b', '\u0000', '\n', '\u2028', '_kafka', 'x'.repeat(100)
];
const STRINGS = [
    '', 'a', 'b', 'ab', 'abc', 'A', '/', '//', '/a/', '1', 'true', 'null', 'é', 'e\u0301', '😀', '\ud83d', '\ude00', '\ude00\ud83d', '"', '\\', '\\\\', '\n', '\u0000', '\u2028',
    '\ufeff', '\ufffd', '\u{10ffff}', 'a'.repeat(63), 'a'.repeat(64), 'a'.repeat(65), 'é'.repeat(33), '__proto__', '1e21', 'Infinity'
];
const NUMBERS = [
    '0', '-0', '0.0', '-0e5', '1', '1.0', '1e0', '10e-1', '100E-2', '1E+0', '-1', '2', '1.5', '15e-1', '0.1', '0.10000000000000001', '0.1e0', '1e21', '1e20', '100000000000000000000',
    '999999999999999868928', '1e-6', '1e-7', '0.000001', '0.0000001', '123456789012345', '1234567890123456', '12345678901234567890', '9007199254740991', '9007199254740992',
    '9007199254740993', '9007199254740994', '-9223372036854775808', '18446744073709551616', '5e-324', '4e-324', '2e-324', '1e-400', '-1e-400', '2.2250738585072011e-308',
    '1.7976931348623157e308', '1.7976931348623159e308', '1e308', '1e309', '1e400', '-1e400', '1e99999999999999999999', '0e99999999999999999999', '1e-99999999999999999999',
    '0.' + '0'.repeat(400) + '1e401', '1' + '0'.repeat(400) + 'e-400', '123.456e5', '3.141592653589793', '3.1415926535897931'
];

/** A string's JSON text, spelled in one of many ways. */
function spell(random, text) {
    let out = '"';
    for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        const escape = `\\u${unit.toString(16).padStart(4, '0')}`;
        const short = JSON.stringify(text[i]).slice(1, -1);
        if (random.chance(10)) {
            out += random.chance(50) ? escape : escape.toUpperCase().replace('\\U', '\\u');
        } else if (text[i] === '/' && random.chance(30)) {
            out += '\\/';
        } else {
            // Half of a pair as it is: whether it joins with the next is then the text's own affair.
            out += unit >= 0xd800 && unit <= 0xdfff ? text[i] : short;
        }
    }
    return `${out}"`;
}

const space = (random) => (random.chance(8) ? random.pick([' ', '\n', '\t\r\n', '   ']) : '');

function documentText(random, depth) {
    const wrap = (text) => space(random) + text + space(random);
    const kind = random.below(depth > 0 ? 10 : 6);
    if (kind < 2) {
        return wrap(random.pick(NUMBERS));
    }
    if (kind < 5) {
        return wrap(kind === 4 ? random.pick(['null', 'true', 'false']) : spell(random, random.pick(STRINGS)));
    }
    if (kind === 5) {
        return random.pick(['{}', '[]', '{ }', '[ ]']);
    }
    return containerText(random, depth, kind < 8);
}

function containerText(random, depth, isObject) {
    const parts = random.many(5, () => {
        const value = documentText(random, depth - 1);
        return isObject ? `${space(random)}${spell(random, random.pick(NAMES))}${space(random)}:${value}` : value;
    });
    return isObject ? `{${parts.join(',')}}` : `[${parts.join(',')}]`;
}

/** A document deep in `depth` containers, as a path leads to it. */
function deepText(random, depth, path) {
    let text = documentText(random, 1);
    for (let i = 0; i < depth; i++) {
        const name = random.pick(['a', '', '__proto__', '0']);
        const isArray = name === '0' && random.chance(50);
        path.unshift(name);
        text = isArray ? `[${text}]` : `{${spell(random, name)}:${text}}`;
    }
    return text;
}

/** A pattern with the same meaning in both engines, and a chance to match the texts above. */
function pattern(random, depth, withBoundaries) {
    const atom = () => {
        const kind = random.below(depth > 0 ? 13 : 10);
        if (kind < 4) {
            return random.pick(['a', 'b', 'c', '1', '0', 'e', 'é', '😀', 'A', 'true', ' ', '\\/', '\\.', '-', '\\n', '\\u00e9', '\\ud83d\\ude00', '\\u{1f600}', '\\x61', '\\cJ']);
        }
        if (kind < 6) {
            return random.pick(['.', '\\d', '\\D', '\\w', '\\W', '\\s', '\\S', '[^]', '[]', '[ab]', '[^ab]', '[a-f0-9]', '[^\\d]', '[\\s\\S]', '[\\w.-]', '[é-ü]', '[^\\u0000-\\u{ffff}]', '\\p{L}']);
        }
        if (kind < 8) {
            return random.pick(['a', 'b', 'ab']);
        }
        if (kind === 8) {
            return random.pick(withBoundaries ? ['^', '$', '\\b', '\\B'] : ['^', '$']);
        }
        if (kind === 9) {
            return '(?:)';
        }
        return random.pick(['(', '(?:', '(?<n>']) + pattern(random, depth - 1, withBoundaries) + ')';
    };
    const term = () => {
        const text = atom();
        const quantifiable = !['^', '$', '\\b', '\\B', 'ab', 'true'].includes(text);
        return quantifiable && random.chance(30) ? text + random.pick(['*', '+', '?', '{2}', '{0}', '{1,2}', '{2,}', '*?', '+?', '??', '{0,3}?']) : text;
    };
    return Array.from({ length: 1 + random.below(random.chance(30) ? 3 : 1) }, () => random.many(3, term).join('')).join('|');
}

/**
 * A regular expression that JavaScript takes: a group's name must not repeat, and repeats in repeats cost its engine
 * exponential time.
 */
function regexText(random, mostRepeats = 2) {
    const flags = random.pick(['', '', '', '(?i)', '(?s)', '(?is)']);
    let body;
    do {
        body = pattern(random, 3, !flags.includes('i'));
    } while (body.split(/[*+]|,\}/).length - 1 > mostRepeats);
    let names = 0;
    return `/${flags}${body.replace(/\(\?<n>/g, () => `(?<n${names++}>`)}/`;
}

/** All paths through a parsed document, with what stands there. */
function pathsOf(value, path = [], found = []) {
    if (path.length > 0) {
        found.push([path.join('.'), value]);
    }
    if (typeof value === 'object' && value !== null) {
        for (const name of Object.keys(value)) {
            pathsOf(value[name], [...path, name], found);
        }
    }
    return found;
}

const isScalar = (value) => typeof value !== 'object' || value === null;
const isCarried = (value) => isScalar(value) && (typeof value !== 'number' || Number.isFinite(value));

function scalar(random) {
    const kind = random.below(10);
    if (kind < 4) {
        return random.pick(STRINGS);
    }
    return kind < 8 ? Number.parseFloat(random.pick(NUMBERS.filter((text) => isCarried(JSON.parse(text))))) : random.pick([null, true, false]);
}

/** A filter that has a good chance to match. */
function filterFor(random, document, deepPath) {
    const paths = isScalar(document) ? [] : deepPath ? [[deepPath.join('.'), undefined]] : pathsOf(document);
    // Nor are long texts for the random patterns on JavaScript's engine.
    const isLong = /a{60}|é{30}/.test(JSON.stringify(document));
    const filters = Object.create(null);
    const count = random.chance(60) ? 1 : random.below(4);
    for (let i = 0; i < count; i++) {
        const [path, value] = paths.length > 0 && random.chance(90) ? random.pick(paths) : [random.many(3, () => random.pick(NAMES)).join('.'), undefined];
        const kind = random.below(10);
        const likely = Array.isArray(value) ? value.filter(isCarried) : [value].filter((v) => v !== undefined && isCarried(v));
        if (kind < 4) {
            filters[path] = likely.length > 0 && random.chance(70) ? random.pick(likely) : scalar(random);
        } else if (kind < 7 && !isLong) {
            filters[path] = regexText(random);
        } else {
            filters[path] = likely.filter(() => random.chance(70)).concat(random.chance(40) ? random.many(3, () => scalar(random)) : []);
        }
    }
    return filters;
}

/** Damages a JSON text in one place. */
function damage(random, text) {
    const at = random.below(text.length + 1);
    return text.slice(0, at) + random.pick(['', ',', ':', '"', '{', ']', '0', '\\', 'e', '\u0001', '\ud800']) + text.slice(at + random.below(2));
}

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

/** JavaScript's engine may refuse a text that is no pattern: two bare slashes among the literals, say. */
function isValidFilter(filters) {
    try {
        referenceMatcher(filters)(Object.fromEntries(Object.keys(filters).map((path) => [path, 'x'])));
        return true;
    } catch {
        return false;
    }
}

/** V8 lets \B match between the halves of a surrogate pair; the specification does not. */
const isBeyondV8 = (filters, text) => /\\B/.test(JSON.stringify(filters)) && /[\u{10000}-\u{10ffff}]|\\ud[89ab]/iu.test(text);

module.exports = {
    ROUNDS, SEED, NUMBERS, NAMES, Random, STRINGS,
    containerText, damage, deepText, filterFor, isBeyondV8, isCarried, isScalar, isValidFilter, parse, pathsOf, pattern, regexText, scalar, spell
};
