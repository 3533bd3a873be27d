'use strict';

// Tokens: what goes in comes out; what nobody made is refused, whatever it is, at once. And what becomes of one.

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');

const { readSubscribe } = require('../lib/assignments.js');
const { InvalidAssignmentError, KasockiError, LimitExceededError } = require('../lib/errors.js');
const { Positions } = require('../lib/positions.js');
const { contentOf, fit } = require('../lib/resume.js');
const { decodeToken, encodeToken, fingerprint } = require('../lib/resume-token.js');
const { Subscription } = require('../lib/subscription.js');
const { ROUNDS, Random, SEED } = require('./support/random-filters.js');

const LIMITS = { assignments: 10000, tokenBytes: 512 * 1024 };
const MAX = Number.MAX_SAFE_INTEGER;

function randomContent(random) {
    const below = (n) => random.below(n);
    const oneOf = (list) => random.pick(list);
    const name = () => oneOf(['a', 'orders-', 'orders-eu.', 'x_', 'A.'.repeat(20)]) + below(30);
    const integer = () => oneOf([0, 1, 127, 128, 16383, 16384, 2 ** 31, 2 ** 32, 2 ** 49, MAX - 1, MAX, below(1000)]);
    const until = () => oneOf([undefined, { kind: 'offset', value: integer() }, { kind: 'timestamp', value: integer() }, { kind: 'end', value: 0 }]);
    const id = () => oneOf([null, fingerprint(Buffer.from([below(256)]))]);
    const times = oneOf([[-1], [-1, 0, 5], [1.7e12, 1.7e12 + 1, -1, 1.8e12]]);
    const partitions = () => [...new Set(Array.from({ length: below(6) }, () => oneOf([0, 1, 2, 3, 200, 2 ** 31 - 1])))]
        .sort((a, b) => a - b)
        .map((partition) => {
            const start = oneOf(['resume', 'resume', 'resume', 'offset', 'timestamp', 'last']);
            const asked = until();
            return {
                partition,
                start,
                value: start === 'offset' ? oneOf([-2, -1, 7]) : Math.min(integer(), MAX - 2),
                ...(start === 'resume' && { epoch: oneOf([-1, 0, 5, 2 ** 31 - 1]), time: oneOf(times) }),
                ...(asked && { until: asked }),
                bound: oneOf([null, integer()])
            };
        });
    const patterns = Array.from({ length: below(4) }, () => ({ text: oneOf(['/a/', '/^ö😀/', `/${'a'.repeat(300)}/`]), until: until() }));
    const names = (count) => [...new Set(Array.from({ length: count }, name))].sort();
    const topics = names(below(8)).map((topic) => {
        const all = below(2) === 1;
        const parts = partitions();
        const kept = all || parts.length > 0 ? parts : [{ partition: 0, start: 'offset', value: -1, bound: null }];
        return { name: topic, id: id(), pattern: below(patterns.length + 1) - 1, all, until: all ? until() : undefined, partitions: kept };
    });
    return { cluster: id(), patterns, left: names(below(4)), topics };
}

/** A token of any bytes with the digest that they need. */
function signed(bytes) {
    return Buffer.concat([bytes, createHash('sha256').update(bytes).digest().subarray(0, 4)]).toString('base64url');
}

function refused(token, Class = InvalidAssignmentError) {
    assert.throws(() => decodeToken(token, LIMITS), Class, String(token).slice(0, 100));
}

describe('tokens', () => {
    const random = new Random(SEED);
    const below = (n) => random.below(n);
    const oneOf = (list) => random.pick(list);

    it('come out as they went in', () => {
        for (let i = 0; i < 2000 * ROUNDS; i++) {
            const content = randomContent(random);
            const token = encodeToken(content);
            assert.match(token, /^[\w-]+$/);
            assert.deepEqual(decodeToken(token, LIMITS), content);
        }
    });

    it('do not depend on order, and are short', () => {
        const partitions = Array.from({ length: 1000 }, (_, partition) => (
            { partition, start: 'resume', value: 1e9 + partition, epoch: 3, time: 1.7e12 + partition, bound: null }
        ));
        const topics = ['b', 'a'].map((name) => ({ name, id: null, pattern: -1, all: true, until: undefined, partitions }));
        const content = { cluster: null, patterns: [], left: ['y', 'x'], topics };
        const token = encodeToken(content);
        const turned = topics.map((topic) => ({ ...topic, partitions: [...partitions].reverse() })).reverse();
        assert.equal(encodeToken({ ...content, left: ['x', 'y'], topics: turned }), token);
        assert.ok(token.length / 2000 < 16, `${token.length / 2000} bytes a partition`);
    });

    it('are refused if they are cut, garbled, or not texts', () => {
        for (let i = 0; i < 20; i++) {
            const token = encodeToken(randomContent(random));
            for (let length = 0; length < token.length; length++) {
                refused(token.slice(0, length));
                refused(token.slice(0, length) + (token[length] === 'A' ? 'B' : 'A') + token.slice(length + 1));
                refused(token.slice(0, length) + oneOf([' ', '=', '\0', '+', '/', 'é', '-_']) + token.slice(length));
            }
        }
        for (const token of [undefined, null, 0, 1.5, true, {}, [], ['AQ'], Buffer.from('AQ'), Symbol.iterator, () => 1, '', ' ', '=', '😀', '\ud800', 'null']) {
            refused(token);
        }
        refused('A'.repeat(LIMITS.tokenBytes));
        refused('A'.repeat(LIMITS.tokenBytes + 1), LimitExceededError);
    });

    it('of another version are refused', () => {
        const bytes = Buffer.from(encodeToken({ cluster: null, patterns: [], left: [], topics: [] }), 'base64url').subarray(0, -4);
        assert.equal(signed(bytes), encodeToken({ cluster: null, patterns: [], left: [], topics: [] }));
        bytes[0] = 2;
        assert.throws(() => decodeToken(signed(bytes), LIMITS), /of another version/);
    });

    it('that somebody made himself are understood or refused, at once', () => {
        const check = (bytes) => {
            const token = signed(bytes);
            let content;
            try {
                content = decodeToken(token, LIMITS);
            } catch (error) {
                assert.ok(error instanceof KasockiError, error.stack);
                return;
            }
            assert.deepEqual(decodeToken(encodeToken(content), LIMITS), content);
            // It can only be what could have been asked for.
            try {
                const { assignments } = readSubscribe({ resume: token }, LIMITS);
                assert.ok(assignments.every(({ topic, partition }) => typeof topic === 'string' && Number.isInteger(partition)));
            } catch (error) {
                assert.ok(error instanceof KasockiError, error.stack);
            }
        };
        for (let i = 0; i < 2000 * ROUNDS; i++) {
            const bytes = Buffer.from(encodeToken(randomContent(random)), 'base64url').subarray(0, -4);
            for (let changes = below(3) + 1; changes > 0; changes--) {
                bytes[1 + below(bytes.length - 1)] = oneOf([0, 1, 127, 128, 255, below(256)]);
            }
            check(oneOf([bytes, bytes.subarray(0, below(bytes.length)), Buffer.concat([bytes, Buffer.from([below(256)])])]));
        }
        // Large numbers of things that are not there, and numbers without an end.
        const begin = [1, 0, 0, 0, 0, 0, 0];
        const most = [...Array(7).fill(255), 15];
        for (const rest of [most, Array(10000).fill(128), Array(10000).fill(255), [...Array(8).fill(128), 1], [128, 0]]) {
            for (const lead of [begin, [...begin, 0], [...begin, 0, 0], [...begin, 0, 0, 0]]) {
                refused(signed(Buffer.from([...lead, ...rest])));
            }
        }
    });

    it('of more than may be subscribed are refused', () => {
        const partition = { start: 'resume', value: 0, epoch: -1, time: -1, bound: null };
        const partitions = Array.from({ length: 10001 }, (_, i) => ({ ...partition, partition: i }));
        const topic = { name: 'a', id: null, pattern: -1, all: false, until: undefined };
        const content = { cluster: null, patterns: [], left: [], topics: [{ ...topic, partitions }] };
        refused(encodeToken(content), LimitExceededError);
        content.topics[0].partitions = partitions.slice(1);
        assert.equal(decodeToken(encodeToken(content), LIMITS).topics[0].partitions.length, 10000);
    });
});

describe('what is resumed', () => {
    const cluster = fingerprint('cluster');
    const identity = (id = 'id', of = cluster) => ({ cluster: of, topics: new Map(['a', 'b', 'c-1', 'c-2', 'c-3'].map((name) => [name, id && fingerprint(id + name)])) });
    const position = (topic, partition, offset, more = {}) => ({ topic, partition, offset, epoch: 3, time: 1000 + offset, until: null, ...more });

    /** Subscribes, moves on, and makes a token of it. */
    function tokenOf(argument, positions, { find = [], expected = positions, identity: logs = identity() } = {}) {
        const { assignments } = readSubscribe(argument, LIMITS);
        const subscription = new Subscription(assignments);
        subscription.take(find);
        subscription.expect(expected);
        return encodeToken(contentOf(subscription, positions, logs));
    }

    /** What the core is asked for. */
    function asked(token, { seen, visible = ['a', 'b', 'c-1', 'c-2', 'c-3'], logs = identity() } = {}) {
        const { assignments, before } = readSubscribe(seen ? { resume: token, seen } : { resume: token }, LIMITS);
        const subscription = new Subscription(assignments, before);
        const found = [...subscription.named, ...subscription.recover(new Set(visible)), ...subscription.take(visible)];
        return fit(found, logs).map(({ topic, partition, start, value, epoch, time, until }) => (
            [topic, partition, start, value, ...(start === 'resume' ? [epoch, time] : []), ...(until ? [until] : [])]
        ));
    }

    it('goes on where it was, in partitions that are new from the beginning', () => {
        const token = tokenOf({ topics: ['a', 'b'] }, [position('a', 0, 5), position('a', 1, 7), position('b', 0, 9)]);
        assert.deepEqual(asked(token), [
            ['a', 0, 'resume', 5, 3, 1005], ['a', 1, 'resume', 7, 3, 1007], ['a', -1, 'offset', -2],
            ['b', 0, 'resume', 9, 3, 1009], ['b', -1, 'offset', -2],
        ]);
    });

    it('does not grow where it did not', () => {
        const token = tokenOf([{ topic: 'a', partition: 1, offset: 0 }, { topic: 'b', offset: 0, until: 'end' }], [position('a', 1, 7), position('b', 0, 9, { until: 20 })]);
        assert.deepEqual(asked(token), [['a', 1, 'resume', 7, 3, 1007], ['b', 0, 'resume', 9, 3, 1009, { kind: 'offset', value: 20 }]]);
    });

    it('keeps its end: the offset that it is, or as it was said where that offset means nothing', () => {
        for (const until of [{ timestamp: 5000 }, { offset: 30 }, 'end']) {
            const token = tokenOf([{ topic: 'a', partition: 0, offset: 0, until }], [position('a', 0, 7, { until: 20 })]);
            assert.deepEqual(asked(token), [['a', 0, 'resume', 7, 3, 1007, { kind: 'offset', value: 20 }]]);
            const [[kind, value]] = typeof until === 'string' ? [[until, 0]] : Object.entries(until);
            assert.deepEqual(asked(token, { logs: identity('other') }), [['a', 0, 'resume', -1, 3, 1007, { kind, value }]]);
            // Still to be found.
            const open = tokenOf([{ topic: 'a', partition: 0, offset: 0, until }], [position('a', 0, 7)]);
            assert.deepEqual(asked(open), [['a', 0, 'resume', 7, 3, 1007, { kind, value }]]);
        }
    });

    it('begins as it was asked to, where it had not begun', () => {
        const partitions = [0, 1].map((partition) => ({ topic: 'a', partition }));
        for (const [start, kind, value] of [[{ offset: -1 }, 'offset', -1], [{ offset: -2 }, 'offset', -2], [{ timestamp: 77 }, 'timestamp', 77], [{ last: 5 }, 'last', 5]]) {
            const token = tokenOf([{ topic: 'a', ...start }], [position('a', 1, 7)], { expected: partitions });
            assert.deepEqual(asked(token), [['a', 0, kind, value], ['a', 1, 'resume', 7, 3, 1007], ['a', -1, 'offset', -2]]);
        }
    });

    it('keeps its patterns: what they found and what left, and finds what is new', () => {
        const { assignments } = readSubscribe([{ topic: '/^c/', offset: -1 }], LIMITS);
        const subscription = new Subscription(assignments);
        subscription.take(['c-1', 'c-2']);
        subscription.drop(new Set(['c-2']));
        const token = encodeToken(contentOf(subscription, [position('c-1', 0, 7)], identity()));
        assert.deepEqual(asked(token), [['c-1', 0, 'resume', 7, 3, 1007], ['c-1', -1, 'offset', -2], ['c-3', -1, 'offset', -2]]);
        // What a pattern found may be gone.
        assert.deepEqual(asked(token, { visible: ['a', 'c-3'] }), [['c-3', -1, 'offset', -2]]);
    });

    it('goes by time where the topic is another one, or may be', () => {
        const of = (id, where) => tokenOf({ topics: 'a' }, [position('a', 0, 5)], { identity: identity(id, where) });
        const offset = (token, id, where) => asked(token, { logs: identity(id, where) })[0][3];
        const other = fingerprint('other');
        assert.equal(offset(of('id', cluster), 'id', cluster), 5);
        assert.equal(offset(of('id', cluster), 'id', other), 5, 'its id says that it is the same');
        assert.equal(offset(of('id', cluster), 'new', cluster), -1);
        assert.equal(offset(of('id', cluster), null, cluster), 5);
        assert.equal(offset(of(null, cluster), 'id', cluster), 5);
        assert.equal(offset(of(null, cluster), null, other), -1);
        assert.equal(offset(of(null, null), null, null), -1);
        assert.equal(offset(of('id', null), null, null), -1);
    });

    it('moves behind messages that were seen', () => {
        const token = tokenOf([{ topic: 'a', offset: -1 }, { topic: 'b', partition: 0, offset: 0 }, { topic: '/^c/', offset: -1 }], [position('a', 0, 5), position('b', 0, 9)]);
        const seen = (topic, partition, offset, more) => ({ topic, partition, offset, key: null, headers: { x: 'y' }, ...more });
        assert.deepEqual(asked(token, { seen: [seen('a', 0, 4), seen('b', 0, 20, { timestamp: 5000 }), seen('a', 3, 0, { timestamp: 77 }), seen('c-2', 1, 6)], visible: ['a', 'b', 'c-2'] }), [
            ['a', 0, 'resume', 5, 3, 1005], ['a', 3, 'resume', 1, -1, 77], ['a', -1, 'offset', -2],
            ['b', 0, 'resume', 21, 3, 5000],
            ['c-2', 1, 'resume', 7, -1, -1], ['c-2', -1, 'offset', -2],
        ]);
        assert.deepEqual(asked(token, { seen: [seen('a', 0, 10), seen('a', 0, 12), seen('a', 0, 11)] })[0], ['a', 0, 'resume', 13, 3, 1005]);
        for (const wrong of [[seen('x', 0, 1)], [seen('b', 1, 1)], {}, 'a', [null], [{}], [seen('a', -1, 1)], [seen('a', 0, -1)], [seen('a', 0, 2 ** 53)], [seen('a', 0.5, 1)], [seen('a', 0, '1')], [seen(5, 0, 1)]]) {
            assert.throws(() => asked(token, { seen: wrong }), InvalidAssignmentError, JSON.stringify(wrong));
        }
        const many = Array.from({ length: 10001 }, (_, i) => seen('a', i, 1));
        assert.throws(() => asked(token, { seen: many }), LimitExceededError);
    });
});

describe('positions', () => {
    /** A session that moves when it is told to, and a sender that has room when it is told to. */
    function setUp(count, tokenBytes = LIMITS.tokenBytes) {
        const { assignments } = readSubscribe({ topics: 'a' }, LIMITS);
        const subscription = new Subscription(assignments);
        const state = { offset: 5, moved: true, room: true, told: [] };
        const session = {
            takePositions() {
                const { moved, offset } = state;
                state.moved = false;
                const one = (partition) => ({ topic: 'a', partition, offset, epoch: 1, time: 1, until: null });
                return moved ? Array.from({ length: count }, (_, partition) => one(partition)) : null;
            }
        };
        const sender = { hasRoomForEvent: () => state.room, tell: (name, data, bytes) => state.told.push([name, data, bytes]) };
        const positions = new Positions(subscription, session, { cluster: null, topics: new Map() }, tokenBytes);
        positions.take();
        positions.begin(3600000, sender);
        return { state, positions };
    }

    it('are told when they have moved, and there is room for it', () => {
        const { state, positions } = setUp(1);
        positions.tell();
        assert.equal(state.told.length, 0);
        state.moved = true;
        state.room = false;
        for (let i = 0; i < 1000; i++) {
            positions.tell();
        }
        assert.equal(state.told.length, 0);
        // What moved meanwhile is told in one.
        state.room = true;
        state.offset = 9;
        positions.tell();
        positions.tell();
        assert.deepEqual(state.told.map(([name, { assignments }]) => [name, assignments]), [['position', [{ topic: 'a', partition: 0, offset: 9 }]]]);
        const [[, { token }, bytes]] = state.told;
        assert.ok(bytes >= token.length);
        positions.close();
    });

    it('of thousands of partitions are not told at once again, and without a token that would be too long', () => {
        const { state, positions } = setUp(10000, 1000);
        state.moved = true;
        positions.hurry();
        assert.equal(state.told.length, 0);
        positions.toldAt -= 10000;
        positions.hurry();
        assert.equal(state.told.length, 1);
        assert.equal(state.told[0][1].token, null);
        positions.close();
        positions.toldAt -= 10000;
        state.moved = true;
        positions.hurry();
        assert.equal(state.told.length, 1);
    });
});
