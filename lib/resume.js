'use strict';

const { InvalidAssignmentError, LimitExceededError } = require('./errors');
const { ALL_PARTITIONS, BEGINNING } = require('./places');
const { TopicPattern } = require('./topic-pattern');

/**
 * From a subscription and its positions to what a token says of them (resume-token.js), and back to assignments.
 *
 * @typedef {import('./resume-token').TokenContent} TokenContent
 * @typedef {import('./assignments').Assignment} Assignment
 *
 * @typedef {object} Identity what tells a log from others of the same name
 * @property {Buffer|null} cluster fingerprint of the cluster's id
 * @property {Map<string, Buffer|null>} topics the same of topics' ids
 */

/**
 * @param {import('./subscription').Subscription} subscription
 * @param {import('./native').NativePosition[]} positions of all that it has begun to read
 * @param {Identity} identity
 * @return {TokenContent}
 */
function contentOf(subscription, positions, identity) {
    // What ends at the end as it was does not grow, so its partitions are named one by one.
    const growing = ({ until }) => until?.kind !== 'end';
    const patterns = subscription.patterns.filter(growing);
    const topics = new Map();
    for (const [name, { all, pattern }] of subscription.topics) {
        topics.set(name, {
            name,
            id: identity.topics.get(name) ?? null,
            pattern: patterns.indexOf(pattern),
            all: all !== undefined && growing(all),
            until: all?.until,
            partitions: []
        });
    }
    for (const { topic, partition, offset, epoch, time, until } of positions) {
        const { all, parts } = subscription.topics.get(topic);
        const asked = (parts.get(partition) ?? all).until;
        topics.get(topic).partitions.push({ partition, start: 'resume', value: offset, epoch, time, until: asked, bound: until });
    }
    for (const { topic, partition, assignment } of subscription.unbegun(positions)) {
        const { start, value, epoch, time, until } = assignment;
        topics.get(topic).partitions.push({ partition, start, value, epoch, time, until, bound: null });
    }
    return {
        cluster: identity.cluster,
        patterns: patterns.map(({ topic, until }) => ({ text: topic, until })),
        left: subscription.left,
        topics: [...topics.values()].filter(({ all, partitions }) => all || partitions.length > 0)
    };
}

/**
 * What a token's subscription is made of, as far as it can be told without Kafka.
 *
 * @param {TokenContent} content
 * @return {{assignments: Assignment[], found: {pattern: Assignment, topic: string, assignments: Assignment[]}[], left: string[]}}
 *     `found`: topics of the patterns among the assignments
 * @throws {InvalidAssignmentError}
 */
function assignmentsOf({ cluster, patterns, left, topics }) {
    const finders = patterns.map(({ text, until }) => ({ ...beginning(text, until), pattern: readPattern(text) }));
    const assignments = [...finders];
    const found = [];
    for (const { name, id, pattern, all, until, partitions } of topics) {
        const own = partitions.map(({ partition, ...position }) => ({ topic: name, partition, ...position, id, cluster }));
        if (all) {
            own.push(beginning(name, until));
        }
        if (pattern < 0) {
            assignments.push(...own);
        } else {
            found.push({ pattern: finders[pattern], topic: name, assignments: own });
        }
    }
    return { assignments, found, left };
}

/** What joins later begins at its beginning: here all that the token does not name is later. */
function beginning(topic, until) {
    return { topic, partition: ALL_PARTITIONS, start: 'offset', value: BEGINNING, until };
}

function readPattern(text) {
    try {
        if (TopicPattern.is(text)) {
            return new TopicPattern(text);
        }
    } catch {
        // A server would not have put it there.
    }
    throw new InvalidAssignmentError('The token can\'t be read: it has a pattern that is none');
}

/**
 * Moves the positions of a token to behind messages that came after it.
 *
 * @param {TokenContent} content is changed
 * @param {{topic: string, partition: number, offset: number, timestamp: number|undefined}[]} seen
 * @param {number} maxAssignments
 * @throws {InvalidAssignmentError} something is not of the token's subscription
 */
function moveBehind(content, seen, maxAssignments) {
    const topics = new Map(content.topics.map((topic) => [topic.name, topic]));
    const left = new Set(content.left);
    const patterns = content.patterns.map(({ text }) => readPattern(text));
    const index = new Map();
    let count = 0;
    for (const { topic: name, partition, offset, timestamp } of seen) {
        let topic = topics.get(name);
        if (topic === undefined) {
            const pattern = left.has(name) ? -1 : patterns.findIndex((finder) => finder.matches(name));
            topic = { name, id: null, pattern, all: pattern >= 0, until: content.patterns[pattern]?.until, partitions: [] };
        }
        if (!index.has(name)) {
            index.set(name, new Map(topic.partitions.map((position) => [position.partition, position])));
        }
        const positions = index.get(name);
        let position = positions.get(partition);
        if (position === undefined) {
            if (!topic.all) {
                throw new InvalidAssignmentError(`"seen": the token does not hold partition ${partition} of topic "${name.slice(0, 249)}"`);
            }
            if (++count > maxAssignments) {
                throw new LimitExceededError(`More than ${maxAssignments} assignments at once`);
            }
            position = { partition, start: 'resume', value: 0, epoch: -1, time: -1, until: topic.until, bound: null };
            positions.set(partition, position);
            topic.partitions.push(position);
        }
        if (!topics.has(name)) {
            topics.set(name, topic);
            content.topics.push(topic);
        }
        if (position.start !== 'resume' || offset + 1 > position.value) {
            const time = timestamp ?? (position.start === 'resume' ? position.time : -1);
            Object.assign(position, { epoch: -1, ...position, start: 'resume', value: offset + 1, time });
        }
    }
}

/**
 * Assignments for the core: where the log is not the one that the token tells of, its offset means nothing, nor does a
 * bound that was found in it.
 *
 * @param {Assignment[]} assignments
 * @param {Identity} identity of the logs as they are now
 * @return {Assignment[]}
 */
function fit(assignments, identity) {
    return assignments.map((assignment) => {
        if (assignment.start !== 'resume') {
            return assignment;
        }
        const { topic, id, cluster, bound, until } = assignment;
        const now = identity.topics.get(topic) ?? null;
        // Ids of topics are unique; where one is not known, a name of the same cluster has to do.
        const same = id !== null && now !== null ? id.equals(now) : cluster !== null && identity.cluster?.equals(cluster) === true;
        if (!same) {
            return { ...assignment, value: -1, until };
        }
        return bound === null ? assignment : { ...assignment, until: { kind: 'offset', value: bound } };
    });
}

module.exports = { assignmentsOf, contentOf, fit, moveBehind };
