'use strict';

// What the arguments of `subscribe` and `unsubscribe` mean, and which are refused.

const assert = require('node:assert/strict');

const { readSubscribe, readUnsubscribe } = require('../lib/assignments');
const { readTime } = require('../lib/time');

const MAX = 10000;
const invalid = { name: 'InvalidAssignmentError' };
const tooMany = { name: 'LimitExceededError' };
const LIMITS = { assignments: MAX, tokenBytes: 10000 };
const read = (argument) => readSubscribe(argument, LIMITS);
const list = (argument) => read(argument).assignments;

/** As the core gets it. */
const from = (topic, partition, start, value) => ({ topic, partition, start, value });

describe('the argument of subscribe', () => {
    it('is a name, names, or assignments', () => {
        assert.deepEqual(read('a'), { assignments: [from('a', -1, 'offset', -1)], object: false, start: false });
        assert.deepEqual(list(['a', 'b']), [from('a', -1, 'offset', -1), from('b', -1, 'offset', -1)]);
        const max = Number.MAX_SAFE_INTEGER;
        assert.deepEqual(
            list([{ topic: 'a', partition: 0, offset: -2 }, { topic: 'b', partition: 2147483647, offset: max }]),
            [from('a', 0, 'offset', -2), from('b', 2147483647, 'offset', max)]
        );
    });

    it('has one start an assignment', () => {
        for (const [given, start, value] of [
            [{ offset: 'latest' }, 'offset', -1],
            [{ offset: 'earliest' }, 'offset', -2],
            [{ offset: 7 }, 'offset', 7],
            [{ timestamp: 1700000000000 }, 'timestamp', 1700000000000],
            [{ timestamp: 0.5 }, 'timestamp', 1],
            [{ timestamp: -1 }, 'timestamp', 0],
            [{ timestamp: '1970-01-01T00:00:01Z' }, 'timestamp', 1000],
            [{ last: 0 }, 'last', 0],
            [{ last: 1e9 }, 'last', 1e9],
            [{ offset: undefined, last: 5 }, 'last', 5],
        ]) {
            assert.deepEqual(list([{ topic: 'a', ...given }]), [from('a', -1, start, value)]);
            assert.deepEqual(list([{ topic: 'a', partition: 3, ...given }]), [from('a', 3, start, value)]);
        }
        for (const given of [
            {}, { offset: 1, last: 1 }, { offset: 1, timestamp: 1 }, { timestamp: 1, last: 1 }, { offset: -1, timestamp: 0, last: 0 },
        ]) {
            assert.throws(() => list([{ topic: 'a', partition: 0, ...given }]), invalid, JSON.stringify(given));
        }
    });

    it('has no members of other names, which may be misspelt, but where the original ignored them', () => {
        for (const [given, name] of [
            [{ partiton: 3, offset: 0 }, 'partiton'],
            [{ offset: 'earliest', untill: 'end' }, 'untill'],
            [{ partition: 0, last: 1, start: true }, 'start'],
            [{ partition: 0, offset: 0, until: 'end', slow: 'wait' }, 'slow'],
            [{ partition: 0, offset: 'latest', filter: null }, 'filter'],
        ]) {
            assert.throws(() => list([{ topic: 'a', ...given }]), { ...invalid, message: `Assignment 0: there is no member "${name}"` });
        }
        assert.throws(() => list([{ topic: 'a', ['x'.repeat(200)]: 1, last: 1 }]), { ...invalid, message: /member "x{100}"$/ });
        assert.deepEqual(list([{ topic: 'a', partition: 0, offset: 5, exact: false }]), [from('a', 0, 'offset', 5)]);
        assert.deepEqual(list([{ topic: 'a', last: 5, exact: undefined }]), [from('a', -1, 'last', 5)]);
    });

    it('has an end, or none', () => {
        for (const [until, kind, value] of [
            ['end', 'end', 0],
            [{ offset: 0 }, 'offset', 0],
            [{ offset: -0 }, 'offset', 0],
            [{ offset: Number.MAX_SAFE_INTEGER }, 'offset', Number.MAX_SAFE_INTEGER],
            [{ timestamp: 5, offset: undefined }, 'timestamp', 5],
            [{ timestamp: '1970-01-02' }, 'timestamp', 86400000],
        ]) {
            assert.deepEqual(list([{ topic: 'a', offset: 0, until }]), [{ ...from('a', -1, 'offset', 0), until: { kind, value } }]);
        }
        assert.deepEqual(list([{ topic: 'a', offset: 0, until: undefined }]), [from('a', -1, 'offset', 0)]);
        for (const until of [
            null, true, 0, 5, '', 'now', 'latest', {}, [], { offset: -1 }, { offset: 0.5 }, { offset: '1' }, { offset: 2 ** 53 }, { offset: null },
            { timestamp: 'x' }, { timestamp: null }, { timestamp: {} }, { offset: 1, timestamp: 1 }, { last: 1 }, { offset: 1, more: 1 }, { end: true },
            Object.create({ offset: 1 }), { toString: 1 }, Buffer.from('end'),
        ]) {
            assert.throws(() => list([{ topic: 'a', offset: 0, until }]), invalid, JSON.stringify(until));
        }
    });

    it('is an object with names or assignments, and a filter, and whether to start', () => {
        const assignments = [from('a', -1, 'offset', -1)];
        assert.deepEqual(read({ topics: 'a' }), { assignments, object: true, start: false });
        assert.deepEqual(read({ topics: ['a'], start: true }), { assignments, object: true, start: true });
        assert.deepEqual(read({ topics: ['a'], start: false, filter: null }), { assignments, object: true, start: false, filter: { argument: null } });
        assert.deepEqual(read({ topics: ['a'], positions: 100 }), { assignments, object: true, start: false, positions: 100 });
        assert.equal(read({ topics: ['a'], positions: 3600000, resume: undefined, seen: undefined }).positions, 3600000);
        const filter = { a: 1 };
        assert.deepEqual(read({ assignments: [{ topic: 'a', offset: -1 }], filter }), { assignments, object: true, start: false, filter: { argument: filter } });
        for (const argument of [
            {}, { topics: undefined }, { filter: {} }, { start: true }, { topics: 'a', assignments: [{ topic: 'a', offset: 0 }] },
            { topics: [] }, { topics: null }, { topics: 5 }, { topics: { 0: 'a' } }, { topics: [{ topic: 'a', offset: 0 }] }, { topics: ['a', 5] },
            { assignments: 'a' }, { assignments: ['a'] }, { assignments: {} }, { assignments: [] }, { assignments: [null] },
            { topics: 'a', start: 1 }, { topics: 'a', start: 'true' }, { topics: 'a', start: {} },
            ...[99, 3600001, 100.5, '1000', true, null, {}].map((positions) => ({ topics: 'a', positions })),
            { topics: 'a', seen: [] }, { assignments: [{ topic: 'a', offset: 0 }], seen: [] }, { topics: 'a', resume: 'a' }, { resume: null }, { resume: {} },
            { topics: 'a', filters: {} }, { topics: 'a', x: 1 }, { topic: 'a', partition: 0, offset: 0 },
            JSON.parse('{"topics":"a","__proto__":1}'), Object.create({ topics: 'a' }),
        ]) {
            assert.throws(() => read(argument), invalid, JSON.stringify(argument));
        }
    });

    it('has a slow policy: to wait, or to skip', () => {
        assert.equal(read({ topics: 'a', slow: 'wait' }).skipLag, undefined);
        assert.equal(read({ topics: 'a', slow: { skipTo: 'latest', lag: 5 } }).skipLag, 5);
        for (const slow of ['skip', null, 5, true, ['wait'], {}, { skipTo: 'latest' }, { skipTo: 'earliest', lag: 5 }, { skipTo: 'latest', lag: 0.5 }]) {
            assert.throws(() => read({ topics: 'a', slow }), { name: 'InvalidAssignmentError', message: /"slow"/ });
        }
    });

    it('gives nothing but what it names', () => {
        const hostile = JSON.parse('[{"topic":"a","partition":0,"offset":1,"__proto__":{"x":1},"more":2}]');
        assert.deepEqual(list(hostile), [from('a', 0, 'offset', 1)]);
        const [zero] = list([{ topic: 'a', partition: -0, offset: -0 }]);
        assert.ok(Object.is(zero.partition, 0) && Object.is(zero.value, 0));
        assert.ok(Object.is(list([{ topic: 'a', last: -0 }])[0].value, 0));
        assert.ok(Object.is(list([{ topic: 'a', timestamp: -0 }])[0].value, 0));
    });

    it('is none of these', () => {
        const one = { topic: 'a', partition: 0, offset: 0 };
        for (const argument of [
            undefined, null, 0, 1, NaN, true, false, one, Buffer.from('a'), () => 1,
            [], ['a', one], [one, 'a'], [null], [undefined], [1], [['a']], [[]], [{}], [Buffer.from('a')], ['a', null], [one, null],
            [Object.create(one)],
        ]) {
            assert.throws(() => read(argument), invalid, JSON.stringify(argument));
        }
    });

    it('may name patterns of topics', () => {
        for (const [argument, start, value] of [['/^a/', 'offset', -1], [{ topics: ['/^a/'] }, 'offset', -1], [[{ topic: '/^a/', last: 5 }], 'last', 5]]) {
            const [{ pattern, ...assignment }] = list(argument);
            assert.deepEqual(assignment, from('/^a/', -1, start, value));
            assert.deepEqual(['abc', 'a', 'b', 'ba'].map((name) => pattern.matches(name)), [true, true, false, false]);
        }
        assert.equal(list(['a/', '/a', '/', 'a']).filter(({ pattern }) => pattern).length, 0);
        assert.equal(list(['//'])[0].pattern.matches('x'), true);
        for (const argument of ['/(/', '/(?=a)/', `/${'a'.repeat(1000)}/`, [{ topic: '/a/', partition: 0, offset: 0 }], ['/a/', '/a/']]) {
            assert.throws(() => list(argument), invalid);
        }
        assert.throws(() => list(Array.from({ length: 101 }, (_, i) => `/${i}/`)), tooMany);
        assert.equal(list(Array.from({ length: 100 }, (_, i) => `/${i}/`)).length, 100);
    });

    it('names no partition twice', () => {
        const at = (partition, offset = 0) => ({ topic: 'a', partition, offset });
        for (const argument of [['a', 'b', 'a'], [at(1), at(1, 5)], [at(1), { topic: 'a', last: 5 }], [{ topic: 'a', last: 5 }, at(1)]]) {
            assert.throws(() => read(argument), invalid);
        }
        assert.equal(list([at(1), at(11, 5), { topic: 'b', offset: 0 }]).length, 3);
    });

    it('has members of the right types', () => {
        const bad = {
            offset: [-3, -1e300, 0.5, NaN, Infinity, 1e300, 2 ** 53, '0', '', 'end', '__proto__', 'toString', null, [], {}, true, 10n],
            timestamp: [NaN, Infinity, 1e300, '', '0', 'now', 'yesterday', '2024', '2024-02-30', '2024-13-01', '2024-01-01T25:00Z', '1700000000000', null, [], {}, true, 10n],
            last: [-1, 0.5, NaN, Infinity, 1e300, 2 ** 53, '1', '', null, [], {}, true, 10n],
        };
        for (const [name, values] of Object.entries(bad)) {
            for (const value of values) {
                assert.throws(() => list([{ topic: 'a', partition: 0, [name]: value }]), invalid, `${name} ${String(value)}`);
            }
        }
        for (const partition of [-1, -2, 0.5, NaN, Infinity, 2 ** 31, '0', null, [], {}, false]) {
            assert.throws(() => list([{ topic: 'a', partition, offset: 0 }]), invalid, String(partition));
        }
        for (const topic of [null, undefined, 5, {}, [], ['a'], true]) {
            assert.throws(() => list([{ topic, partition: 0, offset: 0 }]), invalid, String(topic));
        }
    });

    it('has no more than the limit', () => {
        const names = Array.from({ length: MAX + 1 }, (_, i) => `t${i}`);
        for (const argument of [names, { topics: names }]) {
            assert.throws(() => read(argument), tooMany);
        }
        assert.equal(list(names.slice(1)).length, MAX);
    });
});

describe('the argument of unsubscribe', () => {
    it('is nothing, a name, or names', () => {
        assert.equal(readUnsubscribe(undefined, LIMITS), null);
        assert.equal(readUnsubscribe(null, LIMITS), null);
        assert.deepEqual(readUnsubscribe('a', LIMITS), new Set(['a']));
        assert.deepEqual(readUnsubscribe(['a', 'b', 'a'], LIMITS), new Set(['a', 'b']));
        for (const argument of [0, 5, true, false, {}, [], [5], ['a', null], [['a']], [{ topic: 'a' }], Buffer.from('a')]) {
            assert.throws(() => readUnsubscribe(argument, LIMITS), invalid, JSON.stringify(argument));
        }
        assert.throws(() => readUnsubscribe(Array(MAX + 1).fill('a'), LIMITS), tooMany);
    });
});

describe('a time', () => {
    it('is a number of ms, or ISO 8601', () => {
        for (const [given, expected] of [
            [0, 0], [1700000000000, 1700000000000], [1.2, 2], [-5, 0], [8.64e15, 8.64e15],
            ['2024-02-29', Date.UTC(2024, 1, 29)],
            ['2024-02-29T12:30', Date.UTC(2024, 1, 29, 12, 30)],
            ['2024-02-29T12:30:15', Date.UTC(2024, 1, 29, 12, 30, 15)],
            ['2024-02-29T12:30:15Z', Date.UTC(2024, 1, 29, 12, 30, 15)],
            ['2024-02-29T12:30:15.5Z', Date.UTC(2024, 1, 29, 12, 30, 15, 500)],
            ['2024-02-29T12:30:15,123456789Z', Date.UTC(2024, 1, 29, 12, 30, 15, 124)],
            ['2024-02-29T12:30+02:00', Date.UTC(2024, 1, 29, 10, 30)],
            ['2024-02-29T12:30:00-0330', Date.UTC(2024, 1, 29, 16, 0)],
            ['2024-02-29T12:30:00+05', Date.UTC(2024, 1, 29, 7, 30)],
            ['2024-12-31T24:00Z', Date.UTC(2025, 0, 1)],
            ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
            ['1969-12-31T23:59:59Z', 0],
        ]) {
            assert.equal(readTime(given), expected, String(given));
        }
    });

    it('is what toISOString() makes of any moment', () => {
        for (let time = 1; time < 4e12; time = Math.floor(time * 1.001) + 1) {
            assert.equal(readTime(new Date(time).toISOString()), time);
        }
    });

    it('is no other thing', () => {
        for (const given of [
            NaN, Infinity, -Infinity, 8.64e15 + 2, 9e15, 1e300, '', ' ', '0', '1700000000000', '2024', '2024-02', '2024-2-9', '2024-02-30', '2023-02-29',
            '2024-00-01', '2024-13-01', '2024-01-00', '2024-01-01T24:01', '2024-01-01T25:00', '2024-01-01T12', '2024-01-01T12:60', '2024-01-01T12:00:61',
            '2024-01-01 12:00', '2024-01-01T12:00z', '2024-01-01T12:00+24:00', '2024-01-01T12:00+01:60', '2024-01-01T12:00:00.Z', '20240101', '+002024-01-01',
            '2024-01-01Z', ' 2024-01-01', '2024-01-01\n', 'x'.repeat(100000), null, undefined, true, {}, [], [0], 5n, new Date(0),
        ]) {
            assert.equal(readTime(given), undefined, String(given).slice(0, 50));
        }
    });
});
