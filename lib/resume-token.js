'use strict';

const { createHash } = require('node:crypto');

const { InvalidAssignmentError, LimitExceededError } = require('./errors');
const { MAX_PARTITION } = require('./places');

/**
 * Tokens: a subscription and where it stands, as a text that a client keeps and gives back, here or to another process.
 * Nothing of them is kept on the server.
 *
 * A token is base64url of: a version, what follows, four bytes of its SHA-256. What follows is integers of seven bits a
 * byte, and texts with their lengths in front. Topics are in order, so that a name only says what differs from the one
 * before; partitions are in order, too; times are told from the earliest one. A partition takes about ten bytes.
 *
 * The digest is there for tokens that were cut or garbled on their way, not against forgery: whoever makes a token of his
 * own has written a `subscribe`, and gets no more by it than by any other. What a token names is looked at as if the
 * client had named it itself.
 *
 * @typedef {object} TokenContent
 * @property {Buffer|null} cluster fingerprint() of the cluster's id; null: unknown
 * @property {{text: string, until?: Until}[]} patterns that find more topics
 * @property {string[]} left topics that the patterns shall not find again
 * @property {TokenTopic[]} topics
 *
 * @typedef {object} TokenTopic
 * @property {string} name
 * @property {Buffer|null} id fingerprint() of the topic's id; null: unknown
 * @property {number} pattern place of the pattern that found it; -1: it was named
 * @property {boolean} all partitions that are added later join
 * @property {Until} [until] of those
 * @property {TokenPartition[]} partitions
 *
 * @typedef {object} TokenPartition
 * @property {number} partition
 * @property {'resume'|'offset'|'timestamp'|'last'} start as in a NativeAssignment, as are `value`, `epoch` and `time`. It is
 *     'resume' but for a partition that never began
 * @property {number} value
 * @property {number} [epoch]
 * @property {number} [time]
 * @property {Until} [until] as asked for
 * @property {number|null} bound the offset that `until` is, where that is known
 *
 * @typedef {{kind: 'offset'|'timestamp'|'end', value: number}} Until
 */

const VERSION = 1;
const DIGEST = 4;
const FINGERPRINT = 6;

const STARTS = ['resume', 'offset', 'timestamp', 'last'];
const BOUNDS = ['offset', 'timestamp', 'end'];
/** What a partition has beside its start, as bits of the byte that names the start. */
const HAS_UNTIL = 4;
const HAS_BOUND = 8;

const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;
/** Starts may be negative. */
const SHIFT = 2;
/** Of the eighth byte of an integer, which is the last: 8 * 7 bits are more than 53. */
const MAX_FACTOR = 128 ** 7;

/**
 * Enough of an id to tell it from others by.
 *
 * @param {Buffer|string|null} id
 * @return {Buffer|null} null where there is no id
 */
function fingerprint(id) {
    return id === null || id.length === 0 ? null : createHash('sha256').update(id).digest().subarray(0, FINGERPRINT);
}

/**
 * @param {TokenContent} content
 * @return {string}
 */
function encodeToken({ cluster, patterns, left, topics }) {
    const writer = new Writer();
    writer.fingerprint(cluster);
    writer.list(patterns, ({ text, until }) => {
        writer.text(text);
        writer.until(until);
    });
    writer.names([...left].sort(), () => {});
    const base = earliestTime(topics);
    writer.integer(base);
    const sorted = [...topics].sort((a, b) => (a.name < b.name ? -1 : 1));
    writer.names(sorted.map(({ name }) => name), (i) => {
        const { id, pattern, all, until, partitions } = sorted[i];
        writer.fingerprint(id);
        writer.integer((pattern + 1) * 2 + (all ? 1 : 0));
        if (all) {
            writer.until(until);
        }
        let next = 0;
        writer.list([...partitions].sort((a, b) => a.partition - b.partition), (partition) => {
            writer.integer(partition.partition - next);
            next = partition.partition + 1;
            writePartition(writer, partition, base);
        });
    });
    return writer.finish();
}

/** @return {number} the earliest time of all positions, 0 without any */
function earliestTime(topics) {
    let earliest = Infinity;
    for (const { partitions } of topics) {
        for (const { start, time } of partitions) {
            earliest = start === 'resume' && time >= 0 && time < earliest ? time : earliest;
        }
    }
    return earliest === Infinity ? 0 : earliest;
}

function writePartition(writer, { start, value, epoch, time, until, bound }, base) {
    writer.integer(STARTS.indexOf(start) + (until ? HAS_UNTIL : 0) + (bound === null ? 0 : HAS_BOUND));
    writer.integer(value + SHIFT);
    if (start === 'resume') {
        writer.integer(epoch + 1);
        writer.integer(time < 0 ? 0 : time - base + 1);
    }
    if (until) {
        writer.until(until);
    }
    if (bound !== null) {
        writer.integer(bound);
    }
}

/**
 * @param {*} token as a client gave it
 * @param {{assignments: number, tokenBytes: number}} limits
 * @return {TokenContent}
 * @throws {InvalidAssignmentError|LimitExceededError}
 */
function decodeToken(token, { assignments, tokenBytes }) {
    if (typeof token !== 'string') {
        throw new InvalidAssignmentError('"resume" must be a token, as `subscribe` and event `position` give it');
    }
    if (token.length > tokenBytes) {
        throw new LimitExceededError(`A token of more than ${tokenBytes} bytes`);
    }
    const reader = new TokenReader(token);
    let left = assignments;
    const count = () => {
        if (--left < 0) {
            throw new LimitExceededError(`More than ${assignments} assignments at once`);
        }
    };
    const cluster = reader.fingerprint();
    const patterns = reader.list(() => {
        count();
        return { text: reader.text(), until: reader.until() };
    });
    const names = reader.names((name) => {
        count();
        return name;
    });
    const base = reader.integer();
    const topics = reader.names((name) => {
        count();
        const id = reader.fingerprint();
        const kind = reader.integer();
        const all = kind % 2 === 1;
        const topic = { name, id, pattern: Math.floor(kind / 2) - 1, all, until: all ? reader.until() : undefined };
        let next = 0;
        topic.partitions = reader.list((i) => {
            if (i > 0) {
                count();
            }
            const partition = reader.integer(MAX_PARTITION - next) + next;
            next = partition + 1;
            return { partition, ...readPartition(reader, base) };
        });
        if (topic.pattern >= patterns.length || (topic.partitions.length === 0 && !all)) {
            throw reader.refuse();
        }
        return topic;
    });
    reader.finish();
    return { cluster, patterns, left: names, topics };
}

function readPartition(reader, base) {
    const flags = reader.integer(HAS_BOUND + HAS_UNTIL + STARTS.length - 1);
    const start = STARTS[flags % STARTS.length];
    const partition = { start, value: reader.integer() - SHIFT };
    if (partition.value < (start === 'offset' ? -SHIFT : 0)) {
        throw reader.refuse();
    }
    if (start === 'resume') {
        partition.epoch = reader.integer(2 ** 31) - 1;
        const time = reader.integer();
        partition.time = time === 0 ? -1 : reader.checked(base + time - 1);
    }
    if (flags & HAS_UNTIL) {
        partition.until = reader.until();
        if (partition.until === undefined) {
            throw reader.refuse();
        }
    }
    partition.bound = flags & HAS_BOUND ? reader.integer() : null;
    return partition;
}

/** Writes what TokenReader reads. */
class Writer {
    constructor() {
        this.bytes = Buffer.allocUnsafe(256);
        this.length = 0;
        this.integer(VERSION);
    }

    reserve(size) {
        if (this.length + size > this.bytes.length) {
            const larger = Buffer.allocUnsafe(2 * (this.length + size));
            this.bytes.copy(larger, 0, 0, this.length);
            this.bytes = larger;
        }
    }

    /** @param {number} value from 0 to 2^53-1 */
    integer(value) {
        this.reserve(8);
        while (value > 127) {
            this.bytes[this.length++] = (value % 128) + 128;
            value = Math.floor(value / 128);
        }
        this.bytes[this.length++] = value;
    }

    raw(bytes) {
        this.reserve(bytes.length);
        bytes.copy(this.bytes, this.length);
        this.length += bytes.length;
    }

    text(text) {
        const bytes = Buffer.from(text);
        this.integer(bytes.length);
        this.raw(bytes);
    }

    fingerprint(bytes) {
        this.raw(bytes ?? Buffer.alloc(FINGERPRINT));
    }

    until(until) {
        this.integer(until === undefined ? 0 : BOUNDS.indexOf(until.kind) + 1);
        if (until !== undefined && until.kind !== 'end') {
            this.integer(until.value);
        }
    }

    list(items, write) {
        this.integer(items.length);
        items.forEach(write);
    }

    /** @param {string[]} names in order, each once */
    names(names, write) {
        let before = '';
        this.list(names, (name, i) => {
            let shared = 0;
            while (shared < before.length && before[shared] === name[shared]) {
                shared++;
            }
            this.integer(shared);
            this.text(name.slice(shared));
            before = name;
            write(i);
        });
    }

    finish() {
        const body = this.bytes.subarray(0, this.length);
        return Buffer.concat([body, digestOf(body)]).toString('base64url');
    }
}

function digestOf(bytes) {
    return createHash('sha256').update(bytes).digest().subarray(0, DIGEST);
}

/** Reads a token of anybody's making: whatever is not as encodeToken() writes it is refused. */
class TokenReader {
    constructor(token) {
        const bytes = Buffer.from(token, 'base64url');
        this.at = 0;
        this.bytes = bytes.subarray(0, Math.max(0, bytes.length - DIGEST));
        // Buffer.from() passes over what is no base64url.
        if (bytes.toString('base64url') !== token || !digestOf(this.bytes).equals(bytes.subarray(this.bytes.length))) {
            throw this.refuse('it is not whole, or not the text that the server gave');
        }
        if (this.integer() !== VERSION) {
            throw this.refuse('it is of another version');
        }
    }

    refuse(reason = 'no server made it') {
        return new InvalidAssignmentError(`The token can't be read: ${reason}`);
    }

    checked(value, max = Number.MAX_SAFE_INTEGER) {
        if (value > max) {
            throw this.refuse();
        }
        return value;
    }

    integer(max) {
        let value = 0;
        for (let factor = 1; ; factor *= 128) {
            if (this.at >= this.bytes.length || factor > MAX_FACTOR) {
                throw this.refuse();
            }
            const byte = this.bytes[this.at++];
            value += (byte % 128) * factor;
            // One number, one form.
            if (byte === 0 && factor > 1) {
                throw this.refuse();
            }
            if (byte < 128) {
                return this.checked(value, max);
            }
            this.checked(value);
        }
    }

    raw(length) {
        if (this.at + length > this.bytes.length) {
            throw this.refuse();
        }
        this.at += length;
        return this.bytes.subarray(this.at - length, this.at);
    }

    text() {
        const bytes = this.raw(this.integer());
        const text = bytes.toString();
        if (!Buffer.from(text).equals(bytes)) {
            throw this.refuse();
        }
        return text;
    }

    fingerprint() {
        const bytes = this.raw(FINGERPRINT);
        return bytes.every((byte) => byte === 0) ? null : bytes;
    }

    until() {
        const kind = this.integer(BOUNDS.length);
        if (kind === 0) {
            return undefined;
        }
        return { kind: BOUNDS[kind - 1], value: BOUNDS[kind - 1] === 'end' ? 0 : this.integer() };
    }

    list(read) {
        const items = [];
        // Each takes a byte at least, so that a wrong number ends soon.
        for (let count = this.integer(); count > 0; count--) {
            items.push(read(items.length));
        }
        return items;
    }

    names(read) {
        let before = '';
        return this.list(() => {
            const shared = this.integer(before.length);
            const name = before.slice(0, shared) + this.text();
            if (!TOPIC_NAME.test(name) || !(name > before)) {
                throw this.refuse();
            }
            before = name;
            return read(name);
        });
    }

    finish() {
        if (this.at !== this.bytes.length) {
            throw this.refuse();
        }
    }
}

module.exports = { decodeToken, encodeToken, fingerprint };
