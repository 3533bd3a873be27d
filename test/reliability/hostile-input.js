'use strict';

// What a hostile or clumsy client sends: packets of engine.io's and socket.io's as text or bytes, by chance and from lists of what
// is known to hurt.

const { JsonTexts } = require('../support/json-texts.js');

/** Events that mean something, and some that mean nothing or something else. */
const EVENTS = ['subscribe', 'filter', 'consume', 'start', 'stop', 'pause', 'unsubscribe'];
const OTHER_EVENTS = ['message', 'ready', 'err', 'gap', '', '__proto__', 'constructor', 'toString', 'x'.repeat(5000)];

/** Regular expressions that other engines take long for, that RE2 lacks, or that are none. */
const PATTERNS = ['(a*)*b', '(a|a)*$', '(.*)*(.*)*x', '((a{30}){30}){30}', '[a-z]{1000}', 'a{1001}', '\\\\1', '(?=a)', '(?<!a)b', '(', '[', '*', '',
    '(?i)(?s).', '\\\\u{110000}', '\\\\p{L}*', '[^]', '()'.repeat(2000), '|'.repeat(3000), 'x'.repeat(60000)];

/** Filters and assignments written in full, as JSON. */
const ARGUMENTS = [
    '{"a.b.c":"x"}', '{"_kafka.offset":"/[02468]$/"}', '{"":1}', '{".":1}', '{"a":{}}', '{"a":{"b":1}}', '{"__proto__":1}', '{"n":1e400}', '{"n":-0}',
    '{"a":"\\ud800"}', '"$.n > 1 && @.x"', '"$..[?$..[?@.v==1]]"', '"$[?(@.a"', '[{"n":1},"$.n"]', '"latest"', '"/.*/"', '"/(/"', '"/"',
    '{"topics":["x"],"start":true}', '{"resume":"AAAA"}', '{"resume":"","slow":"wait"}', '{"assignments":[{}],"filter":"(","positions":-1}',
    '{"topics":["x"],"slow":{"skipTo":"latest","lag":1},"until":"end"}', '{"topics":[],"assignments":[]}', `${'['.repeat(3000)}${']'.repeat(3000)}`,
    `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`, `[${'"t",'.repeat(12000)}"t"]`, `{"a":[${'1,'.repeat(20000)}1]}`, `"${'x'.repeat(300000)}"`,
    `{${Array.from({ length: 3000 }, (_, i) => `"m${i}":${i}`)}}`,
];
const OFFSETS = ['0', '-1', '-2', '-3', '1', '1e3', '9007199254740991', '9007199254740992', '1e300', '0.5', '"0"', 'null', '"latest"', '"earliest"', '{}'];
const PARTITIONS = ['0', '0', '0', '-1', '1', '2147483647', '2147483648', '1e300', '0.1', '"0"', 'null', '[]'];

/** Not a packet, or one that should not come, in engine.io's and socket.io's grammar. */
const MALFORMED = [
    '', '4', '40', '40{"token":1}', '40{', '41', '42', '42[', '42[]', '42{}', '42null', '42"x"', '42[1]', '42[null]', '42[{}]', '42[["subscribe"]]', '42["newListener"]', '42["disconnect"]',
    '42["subscribe"', '42["subscribe",]', '42["filter",{"a":01}]', '42["filter","\u0000"]', '42/nowhere,["start"]', '42/,["start"]', '40/nowhere,',
    '42999999999999999999999["stop"]', '42-1["stop"]', '421e9["stop"]', '43["x"]', '431[]', '4399999[null,1]', '43', '44{"message":"x"}', '44', '45["x"]',
    '450-["start"]', '451-["filter",{"_placeholder":true,"num":0}]', '459999999-["filter"]', '451-["filter",{"_placeholder":true,"num":7}]',
    '451-["filter",{"_placeholder":true,"num":-1}]', '461-1[{"_placeholder":true,"num":0}]', '46', '47', '48', '49[]', '0', '0{"sid":"x"}', '1', '2', '2probe', '3',
    '3probe', '5', '6', '7', 'b', 'bAAAA', 'b!', ' ', '\u0000', '\ufeff42["stop"]', '💩', `42[${'['.repeat(100000)}`, `4${'2'.repeat(100000)}`,
];

class HostileInput {
    /**
     * @param {number} seed
     * @param {string[]} topics - some that exist
     */
    constructor(seed, topics) {
        this._json = new JsonTexts(seed);
        /** @type {(below: number) => number} */
        this.random = this._json.random;
        this._topics = topics;
    }

    /** @template T @param {T[]} list @returns {T} */
    pick(list) {
        return list[this.random(list.length)];
    }

    /** @returns {string} of an event that means something */
    event() {
        return this.pick(EVENTS);
    }

    /** @returns {string} an event's arguments as JSON, of any number and shape; begins with a comma or is empty */
    arguments() {
        const count = this.pick([0, 1, 1, 1, 1, 1, 1, 2, 3]);
        return Array.from({ length: count }, () => `,${this._argument()}`).join('');
    }

    _argument() {
        switch (this.random(8)) {
            case 0: return this.pick(ARGUMENTS);
            case 1: return `{${this._json.string(this.pick(['n', 'text', 'a.b', '_kafka.key', '0']))}:"/${this.pick(PATTERNS)}/"}`;
            case 2: return `[${Array.from({ length: 1 + this.random(4) }, () => this._assignment())}]`;
            case 3: return JSON.stringify(this.pick([...this._topics, 'no-such-topic', '__consumer_offsets', '../..', 'x'.repeat(250), '']));
            case 4: return this._json.object(3);
            case 5: return 'null';
            default: return this._json.value(4);
        }
    }

    _assignment() {
        const topic = this.pick([...this._topics, ...this._topics, 'no-such-topic']);
        return `{"topic":${JSON.stringify(topic)},"partition":${this.pick(PARTITIONS)},"offset":${this.pick(OFFSETS)}}`;
    }

    /** @returns {string} an event that is right, and makes work */
    useful() {
        const topic = JSON.stringify(this.pick(this._topics));
        return this.pick([
            `["subscribe",[{"topic":${topic},"partition":0,"offset":-2}]]`, `["subscribe",${topic}]`, '["start"]', '["start",null]', '["stop"]', '["consume"]',
            '["consume",null]', '["filter",{"n":"/1/"}]', '["filter",null]', '["filter",{"even":true}]', '["filter",{"text":"/^x*$/"}]',
        ]);
    }

    /** @returns {string} an event that nobody listens for */
    other() {
        return `42[${JSON.stringify(this.pick(OTHER_EVENTS))}${this.arguments()}]`;
    }

    /** @returns {string|Buffer} anything: most servers end the connection for it */
    malformed() {
        switch (this.random(4)) {
            case 0: return Buffer.from(this._json.value(2));
            case 1: return this._damaged(`42["${this.event()}"${this.arguments()}]`);
            default: return this.pick(MALFORMED);
        }
    }

    /** A text with some characters more, less, or others. */
    _damaged(text) {
        let damaged = text;
        for (let i = 0; i <= this.random(3); i++) {
            const at = this.random(damaged.length + 1);
            damaged = damaged.slice(0, at) + this.pick(['', '"', '[', '}', '\\', ',', '-', '9', '\u0000', '\ud800']) + damaged.slice(at + this.random(3));
        }
        return damaged;
    }

    /** @returns {Buffer} what is not even a frame, or not even HTTP */
    bytes() {
        const noise = Buffer.from(Array.from({ length: 1 + this.random(300) }, () => this.random(256)));
        return this.pick([
            noise,
            Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), // a text of 2^63 - 1 bytes
            Buffer.from([0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0]), // 65,535 bytes that do not come
            Buffer.from([0x81, 0x05, 1, 2, 3, 4, 5]), // not masked
            Buffer.from([0xf1, 0x80, 0, 0, 0, 0]), // reserved bits
            Buffer.from([0x83, 0x80, 0, 0, 0, 0]), // an opcode that is none
            Buffer.from([0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0]), // a ping that is too long
            Buffer.from([0x81, 0x84, 0, 0, 0, 0, 0xc3, 0x28, 0xff, 0xfe]), // not UTF-8
            Buffer.from([0x80, 0x81, 0, 0, 0, 0, 0x34]), // goes on with nothing
            Buffer.from([0x88, 0x81, 0, 0, 0, 0, 1]), // ends with half a code
        ]);
    }
}

module.exports = { HostileInput };
