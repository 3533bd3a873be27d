'use strict';

/**
 * A seeded source of random numbers (mulberry32), so that a failure comes again.
 *
 * @param {number} seed
 * @returns {(n: number) => number} a function that gives an integer in [0, n)
 */
function randomSource(seed) {
    let state = seed;
    return (n) => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
    };
}

/** Names that random objects draw from: few, so that they repeat; among them those that trip lookups. */
const NAMES = ['a', 'b', 'c', '_kafka', 'eightchr', 'eightchrs', 'eightchrz', '0', '1', '10', '01', '', '__proto__',
    'constructor', 'a.b', 'é', '\u0000', '💩', 'n'.repeat(70), 'n'.repeat(69) + 'm'];

const NUMBERS = ['0', '-0', '7', '-1', '42', '1234567', '12345678', '123456789', '1234567890123456', '18446744073709551616',
    '1'.repeat(400), '0.5', '-0.0', '3.14159265358979', '1e5', '1E+5', '1e-5', '1e400', '-1e400', '0e0', '2.50', '1.0E2'];

const STRINGS = ['', 'x', 'plain text', 'x'.repeat(63), 'x'.repeat(64), 'x'.repeat(130), 'é', '日本', '💩', '\ufeff', '\u2028',
    'quote " and \\ backslash', '\ud800', '\udc00\ud800', '/', '\u0000\u001f\u007f', 'true', '[{,:}]', '\\"'];

const SPACES = ['', '', '', '', '', '', ' ', '\n', '\r\n\t', ' '.repeat(70)];

/**
 * Texts of random JSON values: names repeat, names and strings are written with and without escapes, white space is anywhere.
 */
class JsonTexts {
    /** @param {number} seed */
    constructor(seed) {
        this.random = randomSource(seed);
    }

    pick(list) {
        return list[this.random(list.length)];
    }

    space() {
        return this.pick(SPACES);
    }

    /**
     * @param {string} characters
     * @returns {string} a JSON string of them
     */
    string(characters) {
        const text = JSON.stringify(characters);
        if (this.random(3) > 0) return text;
        // Some characters as \uXXXX, in either case of the hex digits.
        return text.replace(/\\u....|\\.|[^]/gu, (c) => {
            if (c[0] === '\\' || c === '"' || this.random(3) > 0) return c;
            const escapes = c.split('').map((unit) => '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0')).join('');
            return this.random(2) ? escapes : escapes.toUpperCase().replaceAll('\\U', '\\u');
        });
    }

    /**
     * @param {number} depth levels of arrays and objects at most
     * @returns {string}
     */
    value(depth) {
        switch (this.random(depth > 0 ? 8 : 4)) {
            case 0: return this.pick(['true', 'false', 'null']);
            case 1: return this.pick(NUMBERS);
            case 2:
            case 3: return this.string(this.pick(STRINGS));
            case 4:
            case 5: return this.array(depth);
            default: return this.object(depth);
        }
    }

    array(depth) {
        const items = Array.from({ length: this.random(5) }, () => this.space() + this.value(depth - 1) + this.space());
        return '[' + (items.join(',') || this.space()) + ']';
    }

    object(depth) {
        const items = Array.from({ length: this.random(6) }, () => this.space() + this.string(this.pick(NAMES)) + this.space() +
            ':' + this.space() + this.value(depth - 1) + this.space());
        return '{' + (items.join(',') || this.space()) + '}';
    }

    /**
     * An object or array, as records are.
     *
     * @param {number} depth
     * @returns {string}
     */
    document(depth) {
        return this.space() + (this.random(4) ? this.object(depth) : this.array(depth)) + this.space();
    }
}

module.exports = { JsonTexts, randomSource, NAMES, NUMBERS, STRINGS };
