'use strict';

const { DeserializationError, fromThrown } = require('./errors');
const { isThenable } = require('./safely');
const { nextTurn, SLICE } = require('./scheduler');

/** Functions by numbers of their own: what a key of a map can hold of them. */
const ids = new WeakMap();
let lastId = 0;

/**
 * @param {Function} fn
 * @return {number} over 0; the same for the same function, for as long as the process lives
 */
function idOf(fn) {
    let id = ids.get(fn);
    if (id === undefined) {
        id = ++lastId;
        ids.set(fn, id);
    }
    return id;
}

/**
 * The users' own functions that a hub's sessions use now, deserializers and matchers, which the core knows by number and
 * calls by events. Equal numbers share results. So a function has one number for as long as somebody uses it, and a new one
 * when it comes back: questions about it that were still under way when its last user went were answered without it.
 */
class FunctionTable {
    constructor() {
        /** number -> { fn, users } */
        this.entries = new Map();
        /** function -> its number */
        this.numbers = new Map();
    }

    /**
     * @param {Function} fn
     * @return {number} over 0, to be released once for each time it was added
     */
    add(fn) {
        const known = this.numbers.get(fn);
        if (known !== undefined) {
            this.entries.get(known).users++;
            return known;
        }
        const number = ++lastId;
        this.numbers.set(fn, number);
        this.entries.set(number, { fn, users: 1 });
        return number;
    }

    /** @param {number} number */
    release(number) {
        const entry = this.entries.get(number);
        if (entry !== undefined && --entry.users === 0) {
            this.entries.delete(number);
            this.numbers.delete(entry.fn);
        }
    }

    /**
     * @param {number} number
     * @return {Function|undefined} undefined if nobody uses it any more
     */
    get(number) {
        return this.entries.get(number)?.fn;
    }
}

/**
 * Calls `step` for each item, handing the event loop back every few milliseconds.
 *
 * @param {Array} items
 * @param {function(*, number): void} step must not throw
 */
async function forEachInTurns(items, step) {
    let end = performance.now() + SLICE;
    for (let i = 0; i < items.length; i++) {
        step(items[i], i);
        if (performance.now() > end && i + 1 < items.length) {
            await nextTurn();
            end = performance.now() + SLICE;
        }
    }
}

/**
 * A record as a deserializer gets it, in node-rdkafka's form.
 *
 * @param {string} topic
 * @param {number} partition
 * @param {import('./native').NativeRecord} record
 * @return {object}
 */
function kafkaMessage(topic, partition, { offset, timestamp, key, value, headers }) {
    return {
        value,
        message: value,
        topic,
        partition,
        offset,
        key,
        timestamp,
        headers: headers.map(([name, bytes]) => ({ [name]: bytes })),
        size: value === null ? 0 : value.length
    };
}

/**
 * Has a deserializer make messages of records. Promises are waited for together; the results keep the records' order.
 *
 * @param {Function} deserializer
 * @param {{topic: string, partition: number, records: Array}} request
 * @param {function(DeserializationError, {topic: string, partition: number, offset: number}): void} onSkipped gets each
 *     record that could not be made a message
 * @return {Promise<Array<string|null>>} JSON texts; null: skip this one. Never rejects
 */
async function deserializeAll(deserializer, { topic, partition, records }, onSkipped) {
    const texts = new Array(records.length).fill(null);
    const pending = [];
    const fail = (thrown, { offset }) => {
        onSkipped(fromThrown(thrown, DeserializationError), { topic, partition, offset });
    };
    const settle = (value, record, i) => {
        try {
            texts[i] = toText(value);
        } catch (error) {
            fail(error, record);
        }
    };
    await forEachInTurns(records, (record, i) => {
        try {
            const value = deserializer(kafkaMessage(topic, partition, record));
            if (isThenable(value)) {
                // Wrapped, because a thenable of somebody's own may call back twice, or throw.
                pending.push(Promise.resolve(value).then(
                    (result) => settle(result, record, i),
                    (error) => fail(error, record)
                ));
            } else {
                settle(value, record, i);
            }
        } catch (error) {
            fail(error, record);
        }
    });
    await Promise.all(pending);
    return texts;
}

/**
 * @param {*} message what a deserializer returned
 * @return {string|null} null for a falsy one
 */
function toText(message) {
    if (!message) {
        return null;
    }
    const text = typeof message === 'object' ? JSON.stringify(message) : undefined;
    // A toJSON of its own may give anything.
    if (text === undefined || !/^[{[]/.test(text)) {
        throw new DeserializationError('The deserializer returned something that is no object');
    }
    return text;
}

/**
 * Asks a matcher about messages.
 *
 * @param {Function} matcher
 * @param {string[]} texts JSON
 * @param {function(Error): void} onError gets what the matcher threw; such a message does not match
 * @return {Promise<Uint8Array>} one byte a text: 1 matches. Never rejects
 */
async function matchAll(matcher, texts, onError) {
    const verdicts = new Uint8Array(texts.length);
    await forEachInTurns(texts, (text, i) => {
        try {
            const verdict = matcher(JSON.parse(text));
            if (isThenable(verdict)) {
                Promise.resolve(verdict).catch(() => {});
                throw new TypeError('The matcher returned a Promise; it must return a boolean');
            }
            verdicts[i] = verdict ? 1 : 0;
        } catch (error) {
            onError(fromThrown(error));
        }
    });
    return verdicts;
}

module.exports = { FunctionTable, deserializeAll, idOf, matchAll };
