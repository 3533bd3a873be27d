'use strict';

const { NotSubscribedError } = require('./errors');
const { SLICE, nextTurn } = require('./scheduler');

// Shared by all who have none: a Map or Set of its own takes 200 bytes. They stay empty.
const NO_NAMES = new Set();
const NO_TOPICS = new Map();
const NO_PARTITIONS = new Map();

/**
 * What one socket is subscribed to: topics by their names, and patterns, which find topics now and later.
 *
 * It decides nothing about who may see what: of the topics that it finds, those are given back to it by take() that the
 * socket may see.
 *
 * @typedef {import('./assignments').Assignment} Assignment
 */
class Subscription {
    /**
     * @param {Assignment[]} assignments as read by readSubscribe()
     * @param {object} [before] of a subscription that is resumed
     * @param {{pattern: Assignment, topic: string, assignments: Assignment[]}[]} [before.found] what its patterns had found
     * @param {string[]} [before.left] as the member here
     */
    constructor(assignments, { found = [], left = [] } = {}) {
        this.patterns = assignments.filter(({ pattern }) => pattern !== undefined);
        this.named = this.patterns.length === 0 ? assignments : assignments.filter(({ pattern }) => pattern === undefined);
        /**
         * what is subscribed, by the topic's name: { bounded, pattern, all, parts }, with the assignment of all partitions, and
         * those of single ones by their numbers
         */
        this.topics = new Map();
        for (const assignment of this.named) {
            this.add(assignment, undefined);
        }
        /** what patterns had found before: maybe not to be seen any more */
        this.found = found.length > 0 ? new Map(found.map(({ topic, ...rest }) => [topic, rest])) : NO_TOPICS;
        for (const { pattern, assignments: own } of this.found.values()) {
            own.forEach((assignment) => this.add(assignment, pattern));
        }
        /** names that the patterns have looked at */
        this.known = NO_NAMES;
        /** topics that a pattern had found and that were unsubscribed: it does not find them again */
        this.left = left.length > 0 ? new Set(left) : NO_NAMES;
        /** partitions that were assigned and are not read yet: { topic, partition, assignment } */
        this.awaited = [];
    }

    add(assignment, pattern) {
        const { topic: name, partition, until } = assignment;
        let topic = this.topics.get(name);
        if (topic === undefined) {
            topic = { bounded: true, pattern, all: undefined, parts: NO_PARTITIONS };
            this.topics.set(name, topic);
        }
        topic.bounded = topic.bounded && until !== undefined;
        if (partition < 0) {
            topic.all = assignment;
        } else if (topic.parts === NO_PARTITIONS) {
            topic.parts = new Map([[partition, assignment]]);
        } else {
            topic.parts.set(partition, assignment);
        }
    }

    /**
     * Of what is resumed: topics that the patterns had found are forgotten if they are not there for this socket any more.
     *
     * @param {Set<string>} visible
     * @return {Assignment[]} of those that are
     */
    recover(visible) {
        const recovered = [];
        for (const [topic, { assignments }] of this.found) {
            if (visible.has(topic)) {
                recovered.push(...assignments);
            } else {
                this.topics.delete(topic);
            }
        }
        return recovered;
    }

    /** @param {{topic: string, partition: number}[]} assigned all partitions of this subscription, as they are told to the client */
    expect(assigned) {
        this.awaited = assigned.map(({ topic, partition }) => {
            const { all, parts } = this.topics.get(topic);
            return { topic, partition, assignment: parts.get(partition) ?? all };
        });
    }

    /**
     * @param {{topic: string, partition: number}[]} positions of all that is read
     * @return {{topic: string, partition: number, assignment: Assignment}[]} what is still to come, for want of a leader
     */
    unbegun(positions) {
        if (this.awaited.length > 0) {
            const nameOf = ({ topic, partition }) => `${partition} ${topic}`;
            const begun = new Set(positions.map(nameOf));
            this.awaited = this.awaited.filter((part) => !begun.has(nameOf(part)) && this.topics.has(part.topic));
        }
        return this.awaited;
    }

    /** @return {boolean} topics that come later are looked for; the end as it is now leaves none to be found */
    get grows() {
        return this.patterns.some(({ until }) => until?.kind !== 'end');
    }

    /** @return {boolean} everything has an end */
    get bounded() {
        return [...this.topics.values()].every(({ bounded }) => bounded) && this.patterns.every(({ until }) => until !== undefined);
    }

    get isEmpty() {
        return this.topics.size === 0 && this.patterns.length === 0;
    }

    /**
     * Finds topics by the patterns, among names that were not looked at before. It gives the event loop back every few
     * milliseconds.
     *
     * @param {Set<string>} names of all topics
     * @return {Promise<string[]>}
     */
    async find(names) {
        const found = [];
        const before = this.known;
        if (names === before) {
            return found;
        }
        this.known = names;
        let end = performance.now() + SLICE;
        for (const name of names) {
            if (!before.has(name) && !this.topics.has(name) && this.patternOf(name) !== undefined) {
                found.push(name);
            }
            if (performance.now() > end) {
                await nextTurn();
                end = performance.now() + SLICE;
            }
        }
        return found;
    }

    /** @return {Assignment|undefined} of the first pattern that matches */
    patternOf(name) {
        return this.left.has(name) ? undefined : this.patterns.find(({ pattern }) => pattern.matches(name));
    }

    /**
     * @param {string[]} names as found
     * @return {Assignment[]} for each of them; they are subscribed from now on
     */
    take(names) {
        const assignments = [];
        for (const name of names) {
            // It may have been unsubscribed meanwhile.
            const found = this.topics.has(name) ? undefined : this.patternOf(name);
            if (found !== undefined) {
                const assignment = { ...found, topic: name };
                this.add(assignment, found);
                assignments.push(assignment);
            }
        }
        return assignments;
    }

    /**
     * @param {Set<string>} names of topics, and texts of patterns
     * @return {string[]} the topics that thereby end
     * @throws {NotSubscribedError} one of them is not subscribed; nothing has changed
     */
    drop(names) {
        const ending = new Set();
        const leaving = new Set();
        const patterns = new Set();
        for (const name of names) {
            const pattern = this.patterns.find(({ topic }) => topic === name);
            if (pattern !== undefined) {
                patterns.add(pattern);
            } else if (this.topics.has(name)) {
                ending.add(name);
            } else {
                throw new NotSubscribedError(`Not subscribed to topic "${name}"`);
            }
        }
        for (const [name, { pattern }] of this.topics) {
            if (patterns.has(pattern)) {
                ending.add(name);
            } else if (pattern !== undefined && ending.has(name)) {
                leaving.add(name);
            }
        }
        if (leaving.size > 0) {
            this.left = new Set([...this.left, ...leaving]);
        }
        this.patterns = this.patterns.filter((pattern) => !patterns.has(pattern));
        for (const name of ending) {
            this.topics.delete(name);
        }
        return [...ending];
    }
}

module.exports = { Subscription };
