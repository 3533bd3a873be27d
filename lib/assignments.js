'use strict';

const { InvalidAssignmentError, LimitExceededError } = require('./errors');
const { isPlain } = require('./kinds');
const { ALL_PARTITIONS, BEGINNING, END, MAX_PARTITION } = require('./places');
const { readTime } = require('./time');
const { decodeToken } = require('./resume-token');
const { assignmentsOf, moveBehind } = require('./resume');
const { TopicPattern } = require('./topic-pattern');

/**
 * What the arguments of `subscribe` and `unsubscribe` mean, in whichever of their forms.
 *
 * @typedef {object} Subscribing what `subscribe` was asked
 * @property {Assignment[]} assignments
 * @property {boolean} object it was asked in the object form
 * @property {{argument: *}} [filter] to be set
 * @property {boolean} start whether to start as well
 * @property {number} [positions] how often the client wants to be told where it stands, in ms
 * @property {{found: object[], left: string[]}} [before] what Subscription has to know of the one that is resumed
 * @property {number} [skipLag] the slow policy: how many records a client may be behind before it skips to the end
 *
 * @typedef {import('./native').NativeAssignment & { pattern?: TopicPattern }} Assignment whose `topic` is a pattern's text,
 *     where there is a pattern
 */

/** Each is tried on every topic of the cluster. */
const MAX_PATTERNS = 100;
const NAMED_OFFSETS = { latest: END, earliest: BEGINNING };

/** Members of the object form; exactly one of the first must be there. */
const SOURCES = ['topics', 'assignments', 'resume'];
const MEMBERS = [...SOURCES, 'seen', 'filter', 'start', 'positions', 'slow'];

/** How often a client may be told where it stands, in ms. */
const MIN_POSITIONS = 100;
const MAX_POSITIONS = 3600000;

/**
 * Reads the argument of `subscribe`: a topic name, an array of names, an array of assignments, or an object that holds
 * one of these and more.
 *
 * @param {*} argument
 * @param {{assignments: number, tokenBytes: number}} limits
 * @return {Subscribing}
 * @throws {InvalidAssignmentError|LimitExceededError}
 */
function readSubscribe(argument, limits) {
    const reader = new Reader(argument, limits);
    return isPlain(argument) ? reader.readObject(argument) : { assignments: reader.readList(argument), object: false, start: false };
}

/**
 * Reads the argument of `unsubscribe`.
 *
 * @param {*} argument
 * @param {{assignments: number}} limits
 * @return {Set<string>|null} names; null: everything
 * @throws {InvalidAssignmentError|LimitExceededError}
 */
function readUnsubscribe(argument, { assignments: maxTopics }) {
    if (argument === undefined || argument === null) {
        return null;
    }
    const list = typeof argument === 'string' ? [argument] : argument;
    if (!Array.isArray(list) || list.length === 0 || !list.every((topic) => typeof topic === 'string')) {
        throw new InvalidAssignmentError('Give a topic name, an array of names, or nothing', { assignments: argument });
    }
    if (list.length > maxTopics) {
        throw new LimitExceededError(`More than ${maxTopics} topics at once`);
    }
    return new Set(list);
}

/** Reads one argument; every error shows it. */
class Reader {
    constructor(argument, limits) {
        this.argument = argument;
        this.limits = limits;
        this.maxAssignments = limits.assignments;
    }

    refuse(message) {
        return new InvalidAssignmentError(message, { assignments: this.argument });
    }

    /** @return {Subscribing} */
    readObject(object) {
        const given = Object.keys(object).filter((name) => own(object, name) !== undefined);
        const unknown = given.find((name) => !MEMBERS.includes(name));
        if (unknown !== undefined) {
            throw this.refuse(`There is no member "${unknown.slice(0, 100)}"`);
        }
        const sources = given.filter((name) => SOURCES.includes(name));
        if (sources.length !== 1) {
            throw this.refuse(`Give exactly one of the members ${SOURCES.join(', ')}`);
        }
        const source = own(object, sources[0]);
        const subscription = sources[0] === 'resume' ? this.readResume(source, own(object, 'seen')) : { assignments: this.readList(source) };
        if (sources[0] !== 'resume' && given.includes('seen')) {
            throw this.refuse('"seen" goes with "resume" alone');
        }
        if (sources[0] === 'assignments' && (typeof source === 'string' || typeof source[0] === 'string')) {
            throw this.refuse('"assignments" must be an array of objects; names go to "topics"');
        }
        if (sources[0] === 'topics' && typeof source !== 'string' && typeof source[0] !== 'string') {
            throw this.refuse('"topics" must be a topic name or an array of names; objects go to "assignments"');
        }
        const start = own(object, 'start') ?? false;
        if (typeof start !== 'boolean') {
            throw this.refuse('"start" must be true or false');
        }
        const positions = own(object, 'positions');
        if (positions !== undefined && !(Number.isInteger(positions) && positions >= MIN_POSITIONS && positions <= MAX_POSITIONS)) {
            throw this.refuse(`"positions" must be an integer from ${MIN_POSITIONS} to ${MAX_POSITIONS}, in ms`);
        }
        const subscribing = { ...subscription, object: true, start };
        if (positions !== undefined) {
            subscribing.positions = positions;
        }
        if (given.includes('filter')) {
            subscribing.filter = { argument: own(object, 'filter') };
        }
        const skipLag = this.readSlow(own(object, 'slow'));
        return skipLag === undefined ? subscribing : { ...subscribing, skipLag };
    }

    /** @return {{assignments: Assignment[], before: object}} */
    readResume(token, seen) {
        const content = decodeToken(token, this.limits);
        if (seen !== undefined) {
            moveBehind(content, this.readSeen(seen), this.maxAssignments);
        }
        const { assignments, found, left } = assignmentsOf(content);
        this.readPatterns(assignments.filter(({ pattern }) => pattern !== undefined));
        return { assignments, before: { found, left } };
    }

    /** @return {{topic: string, partition: number, offset: number, timestamp: number|undefined}[]} */
    readSeen(given) {
        if (!Array.isArray(given)) {
            throw this.refuse('"seen" must be an array of the metadata of messages');
        }
        if (given.length > this.maxAssignments) {
            throw new LimitExceededError(`More than ${this.maxAssignments} messages in "seen"`);
        }
        return given.map((value, i) => {
            const { topic, partition, offset, timestamp } = isPlain(value) ? value : {};
            const isSeen = typeof topic === 'string' &&
                Number.isInteger(partition) && partition >= 0 && partition <= MAX_PARTITION &&
                Number.isSafeInteger(offset) && offset >= 0 && offset < Number.MAX_SAFE_INTEGER;
            if (!isSeen) {
                throw this.refuse(`"seen" ${i}: "topic", "partition" and "offset" must be those of a message`);
            }
            const hasTime = Number.isSafeInteger(timestamp) && timestamp >= 0;
            return { topic, partition: partition + 0, offset: offset + 0, timestamp: hasTime ? timestamp : undefined };
        });
    }

    /** @return {number|undefined} undefined: a slow client waits for what comes */
    readSlow(given = 'wait') {
        if (given === 'wait') {
            return undefined;
        }
        const lag = isPlain(given) ? own(given, 'lag') : undefined;
        const known = isPlain(given) && Object.keys(given).every((name) => name === 'skipTo' || name === 'lag');
        if (!known || own(given, 'skipTo') !== 'latest' || !Number.isSafeInteger(lag) || lag < 1) {
            throw this.refuse('"slow" must be "wait" or { skipTo: "latest", lag: n }, with an integer from 1 to 2^53-1');
        }
        return lag;
    }

    /** @return {Assignment[]} */
    readList(given) {
        const list = typeof given === 'string' ? [given] : given;
        if (!Array.isArray(list)) {
            throw this.refuse('Give a topic name, an array of names, or an array of objects with a topic and a start');
        }
        if (list.length === 0) {
            throw this.refuse('The array of assignments is empty');
        }
        if (list.length > this.maxAssignments) {
            throw new LimitExceededError(`More than ${this.maxAssignments} assignments at once`);
        }
        const names = typeof list[0] === 'string';
        const seen = new PartitionSet();
        const result = [];
        for (let i = 0; i < list.length; i++) {
            if (names !== (typeof list[i] === 'string')) {
                throw this.refuse(`Assignment ${i}: an array holds either topic names or objects`);
            }
            const refuse = (problem) => this.refuse(`Assignment ${i}: ${problem}`);
            const assignment = names ? fromName(list[i]) : readAssignment(list[i], refuse);
            if (!seen.add(assignment)) {
                throw refuse('given twice');
            }
            result.push(assignment);
        }
        this.readPatterns(result.filter(({ topic }) => TopicPattern.is(topic)));
        return result;
    }

    readPatterns(assignments) {
        if (assignments.length > MAX_PATTERNS) {
            throw new LimitExceededError(`More than ${MAX_PATTERNS} patterns at once`);
        }
        for (const assignment of assignments) {
            if (assignment.partition !== ALL_PARTITIONS) {
                throw this.refuse('A pattern means all partitions: it takes no "partition"');
            }
            try {
                assignment.pattern = new TopicPattern(assignment.topic);
            } catch (error) {
                throw this.refuse(`A pattern of topics: ${error.message.replace(/^filter "topic": /, '')}`);
            }
        }
    }
}

/** Partitions, for telling those that are given twice. */
class PartitionSet {
    constructor() {
        this.topics = new Map();
    }

    /** @return {boolean} false: it is there already, by itself or with all of its topic */
    add({ topic, partition }) {
        const partitions = this.topics.get(topic);
        if (partitions === undefined) {
            this.topics.set(topic, new Set([partition]));
            return true;
        }
        if (partition === ALL_PARTITIONS || partitions.has(partition) || partitions.has(ALL_PARTITIONS)) {
            return false;
        }
        partitions.add(partition);
        return true;
    }
}

/** Of an assignment. */
const ASSIGNMENT_MEMBERS = ['topic', 'partition', 'offset', 'timestamp', 'last', 'until'];

/** @return {boolean} an assignment as the original took it: other members of it were ignored, and are */
function isOriginal(value) {
    return own(value, 'partition') !== undefined && typeof own(value, 'offset') === 'number' && own(value, 'until') === undefined;
}

function fromName(topic) {
    return { topic, partition: ALL_PARTITIONS, start: 'offset', value: END };
}

/**
 * @param {*} value
 * @param {function(string): Error} refuse
 * @return {Assignment}
 */
function readAssignment(value, refuse) {
    if (!isPlain(value)) {
        throw refuse('neither a topic name nor an object');
    }
    const topic = own(value, 'topic');
    if (typeof topic !== 'string') {
        throw refuse('"topic" must be a string');
    }
    const unknown = Object.keys(value).find((name) => !ASSIGNMENT_MEMBERS.includes(name) && own(value, name) !== undefined);
    if (unknown !== undefined && !isOriginal(value)) {
        throw refuse(`there is no member "${unknown.slice(0, 100)}"`);
    }
    const assignment = { topic, partition: readPartition(own(value, 'partition'), refuse), ...readStart(value, refuse) };
    const until = own(value, 'until');
    if (until !== undefined) {
        assignment.until = readUntil(until, refuse);
    }
    return assignment;
}

function readPartition(given, refuse) {
    if (given === undefined) {
        return ALL_PARTITIONS;
    }
    if (!Number.isInteger(given) || given < 0 || given > MAX_PARTITION) {
        throw refuse('"partition" must be an integer from 0 on, or missing for all of them');
    }
    return given + 0; // 0 of -0
}

/** How a start is written, by the member that does it: each gives the assignment's `value`. */
const STARTS = {
    offset(given, refuse) {
        const offset = typeof given === 'string' && Object.hasOwn(NAMED_OFFSETS, given) ? NAMED_OFFSETS[given] : given;
        if (!Number.isSafeInteger(offset) || offset < BEGINNING) {
            throw refuse('"offset" must be an integer from 0 to 2^53-1, or -1 or "latest" (the end), or -2 or "earliest" (the beginning)');
        }
        return offset;
    },
    timestamp: readTimestamp,
    last(given, refuse) {
        if (!Number.isSafeInteger(given) || given < 0) {
            throw refuse('"last" must be an integer from 0 to 2^53-1');
        }
        return given;
    }
};

function readStart(value, refuse) {
    const given = Object.keys(STARTS).filter((name) => own(value, name) !== undefined);
    if (given.length !== 1) {
        throw refuse('exactly one of "offset", "timestamp" and "last" must say where it starts');
    }
    const [start] = given;
    return { start, value: STARTS[start](own(value, start), refuse) + 0 };
}

/** The same for the bounds that are written as objects. */
const BOUNDS = {
    offset(given, refuse) {
        if (!Number.isSafeInteger(given) || given < 0) {
            throw refuse('the "offset" of "until" must be an integer from 0 to 2^53-1');
        }
        return given;
    },
    timestamp: readTimestamp
};

function readUntil(given, refuse) {
    if (given === 'end') {
        return { kind: 'end', value: 0 };
    }
    const kinds = isPlain(given) ? Object.keys(given).filter((name) => own(given, name) !== undefined) : [];
    if (kinds.length !== 1 || !Object.hasOwn(BOUNDS, kinds[0])) {
        throw refuse('"until" must be "end", or an object with either "offset" or "timestamp"');
    }
    const [kind] = kinds;
    return { kind, value: BOUNDS[kind](own(given, kind), refuse) + 0 };
}

function readTimestamp(given, refuse) {
    const time = readTime(given);
    if (time === undefined) {
        throw refuse('"timestamp" must be a number of ms since 1970, or a date and time in the form of ISO 8601');
    }
    return time;
}

function own(object, name) {
    return Object.prototype.hasOwnProperty.call(object, name) ? object[name] : undefined;
}

module.exports = { readSubscribe, readUnsubscribe };
