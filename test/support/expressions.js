'use strict';

// Random expressions of RFC 9535, for documents of support/json-texts.js.

const { NAMES, STRINGS } = require('./json-texts.js');

/** Stands for `$`; what `$` has to be differs between those who evaluate. */
const ROOT = '\u0001';

/** Numbers as expressions write them. */
const NUMBERS = ['0', '-0', '1', '-1', '7', '42', '1234567', '0.5', '-0.0', '1e5', '1E+5', '1e-5', '3.14159265358979', '100000', '18446744073709551616', '1e400', '2.5'];

const INDEXES = ['0', '1', '2', '4', '-1', '-2', '-5', '9007199254740991', '-9007199254740991'];

/** I-Regexps that mean the same to JavaScript, once the dot is translated. */
const PATTERNS = ['', 'x', 'x*', 'x+', '.', '.*', '..', 'plain.*', '[a-z ]+', '[^x]*', 'é|日本', '(x|é)?', '\\\\p{L}*', '\\\\P{L}', '[\\\\p{Lu}x]*', 'x{64}', 'x{1,64}', 'x{63,}', '[^\\\\n]*', 'true|false',
    '.*\\\\\\\\.*', '\\\\[.*', '[\\\\[\\\\]{:},]*', '.{2}', '\\\\p{So}', '\\\\.', 'a-b', '[-a]', '[a-]', '[.]'];

/** What is no I-Regexp: it matches nothing. */
const NO_PATTERNS = ['(', '[', 'x**', '\\\\d', '(?:x)', 'x{2', '[b-a]', '\\\\p{Greek}', ']'];

class Expressions {
    /** @param {(n: number) => number} random */
    constructor(random) {
        this.random = random;
    }

    pick(list) {
        return list[this.random(list.length)];
    }

    blank() {
        return this.random(12) ? '' : this.pick([' ', '  ', '\n', '\t', '\r\n']);
    }

    join(parts) {
        return parts.map((part) => this.blank() + part).join('') + this.blank();
    }

    many(most, make) {
        return Array.from({ length: 1 + this.random(most) }, make);
    }

    /** A string literal, in one of many spellings. */
    string(characters) {
        const quote = this.pick(['\'', '"']);
        const text = JSON.stringify(characters).slice(1, -1).replaceAll('\\"', '"').replace(/['"]/g, (c) => (c === quote ? `\\${c}` : c));
        return quote + text.replace(/\\u....|\\.|[^]/gu, (c) => {
            if (c.length > 1 && c.startsWith('\\')) return c;
            return this.random(20) ? c : c.split('').map((unit) => '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0')).join('');
        }) + quote;
    }

    /**
     * @param {boolean} nested in a filter selector
     * @returns {string}
     */
    identifier(nested) {
        return this.random(nested ? 5 : 2) ? '@' : ROOT;
    }

    name() {
        const name = this.pick(NAMES);
        return /^[a-z_é💩][a-z0-9_é💩]*$/iu.test(name) && this.random(2) ? `.${name}` : `[${this.string(name)}]`;
    }

    step() {
        return this.random(4) ? this.name() : `[${this.pick(INDEXES)}]`;
    }

    /** A singular query. */
    singular(nested) {
        return this.identifier(nested) + Array.from({ length: this.random(3) }, () => this.blank() + this.step()).join('');
    }

    selector(depth) {
        switch (this.random(depth > 0 ? 7 : 6)) {
            case 0: return '*';
            case 1:
            case 2: return this.string(this.pick(NAMES));
            case 3: return this.pick(INDEXES);
            case 4: return this.slice();
            case 5: return '*';
            default: return '?' + this.blank() + this.logical(depth - 1, true);
        }
    }

    slice() {
        const part = () => (this.random(2) ? this.pick(['0', '1', '2', '3', '-1', '-2', '9007199254740991']) : '');
        const step = this.random(2) ? `:${this.random(3) ? this.pick(['1', '2', '-1', '-2', '0', '5', '9007199254740991', '-9007199254740991']) : ''}` : '';
        const start = part();
        const end = part();
        return [start, ':', end].filter(Boolean).map((text) => text + (text === end && step === '' ? '' : this.blank())).join('').trim() + step;
    }

    segment(depth) {
        if (this.random(3) === 0) return this.step();
        const descendant = this.random(4) === 0 ? '..' : '';
        if (this.random(4) === 0) return (descendant || '.') + '*';
        return descendant + '[' + this.many(this.random(5) ? 1 : 3, () => this.join([this.selector(depth)])).join(',') + ']';
    }

    /** Any query. */
    query(depth, nested, identifier = this.identifier(nested)) {
        return identifier + Array.from({ length: this.random(4) }, () => this.blank() + this.segment(depth)).join('');
    }

    literal() {
        switch (this.random(6)) {
            case 0: return this.pick(['true', 'false', 'null']);
            case 1:
            case 2: return this.pick(NUMBERS);
            default: return this.string(this.pick(STRINGS.filter((text) => text.isWellFormed())));
        }
    }

    comparable(depth, nested) {
        switch (this.random(8)) {
            case 0: return this.pick(['0', '1', '2', '3']);
            case 1:
            case 2: return this.literal();
            case 3: return `length(${this.join([this.random(4) ? this.singular(nested) : this.literal()])})`;
            case 4: return `count(${this.join([this.query(depth - 1, nested)])})`;
            case 5: return `value(${this.join([this.query(depth - 1, nested)])})`;
            default: return this.singular(nested);
        }
    }

    pattern(nested) {
        if (this.random(10) === 0) return this.singular(nested);
        const quote = this.pick(['\'', '"']);
        return quote + this.pick(this.random(8) ? PATTERNS : NO_PATTERNS) + quote;
    }

    test(depth, nested) {
        const negation = this.random(4) ? '' : `!${this.blank()}`;
        if (this.random(4)) return negation + this.query(depth - 1, nested);
        const subject = this.random(8) ? this.singular(nested) : this.literal();
        return `${negation}${this.pick(['match', 'search'])}(${this.join([subject])},${this.join([this.pattern(nested)])})`;
    }

    basic(depth, nested) {
        switch (this.random(depth > 0 ? 5 : 4)) {
            case 0:
            case 1: return this.test(depth, nested);
            case 2:
            case 3: {
                const op = this.pick(['==', '!=', '<', '<=', '>', '>=']);
                return this.join([this.comparable(depth, nested), op, this.comparable(depth, nested)]).trim();
            }
            default: return `${this.random(2) ? '!' : ''}(${this.join([this.logical(depth - 1, nested)])})`;
        }
    }

    /**
     * A logical expression.
     *
     * @param {number} depth of filters and parentheses in each other
     * @param {boolean} [nested] in a filter selector, where `@` is not the message
     * @returns {string} with ROOT for `$`
     */
    logical(depth, nested = false) {
        const chain = (op, make) => Array.from({ length: this.random(3) ? 1 : 2 + this.random(2) }, make)
            .reduce((a, b) => a + this.blank() + op + this.blank() + b);
        return chain('||', () => chain('&&', () => this.basic(depth, nested)));
    }
}

module.exports = { Expressions, ROOT };
