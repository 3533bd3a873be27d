'use strict';

// Tokens on a real Kafka: going on where another socket, or another process, was; where that place is gone; and event `position`.

const assert = require('node:assert/strict');

const { startKafka } = require('./broker');
const kafka = require('./support/kafka.js');
const { errorOf, newConfig, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { ackOf, collect, nextEvent, record } = require('./support/server.js');

/** A moment of the past that retention leaves alone, in ms. */
const BASE = Date.now() - 3600000;

describe('resume', function () {
    this.timeout(120000);
    before(kafka.start);

    // A hub each: what a hub knows of topics may be a second old.
    let server;
    beforeEach(async () => {
        server = await serve();
    });
    afterEach(() => server.close());

    /** Records with a number, spread over partitions, a tenth of a second from one to the next. */
    const numbered = (from, to, partitions = 1) => Array.from({ length: to - from }, (_, i) => (
        { value: { n: from + i }, partition: (from + i) % partitions, timestamp: BASE + (from + i) * 100 }
    ));
    const numbers = (messages) => messages.map(({ n }) => n);
    const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

    /** Subscribes in the object form, starts, and gets so many messages. @returns the result with `messages` and `assigned` */
    async function read(argument, count, { at = server } = {}) {
        const client = await readyClient(at);
        const events = record(client, 'message', 'assigned', 'gap', 'end');
        const result = await resultOf(client, 'subscribe', { start: true, ...argument });
        const of = (name) => events.filter(([event]) => event === name).map(([, value]) => value);
        await until(() => of('message').length >= count);
        client.disconnect();
        assert.deepEqual(client.errs, []);
        return { ...result, messages: of('message'), assigned: of('assigned').flat(), gaps: of('gap') };
    }

    /** Does it until it succeeds. */
    async function succeeds(action) {
        while (!(await action().then(() => true, () => false)));
    }

    /** The last position that tells of these offsets. */
    async function positionAt(events, offsets) {
        const found = () => events.findLast(([name, { assignments }]) => name === 'position' && offsets.every((offset, i) => assignments[i].offset === offset));
        await until(found);
        return found()[1];
    }

    describe('a token', () => {
        it('is in the result of the object form: of the start, and what was read since comes again', async () => {
            const topic = await kafka.createTopic({ partitions: 2 });
            await kafka.produce(topic, numbered(0, 10, 2));
            const first = await read({ assignments: [{ topic, partition: 0, offset: 2 }, { topic, partition: 1, last: 1 }] }, 4);
            assert.deepEqual(Object.keys(first).slice(0, 2), ['token', 'assignments']);
            assert.match(first.token, /^[\w-]+$/);
            const second = await read({ resume: first.token }, 4);
            assert.deepEqual(numbers(second.messages).sort(), numbers(first.messages).sort());
            assert.deepEqual(second.assignments, [{ topic, partition: 0, offset: 2 }, { topic, partition: 1, offset: 4 }]);
            assert.deepEqual(second.assigned, []);
        });

        it('of the end is of that end', async () => {
            const topic = await kafka.createTopic({ partitions: 3 });
            await kafka.produce(topic, numbered(0, 10, 3));
            const client = await readyClient(server);
            const { token, assignments } = await resultOf(client, 'subscribe', { topics: topic });
            assert.deepEqual(assignments.map(({ offset }) => offset), [-1, -1, -1]);
            await kafka.produce(topic, numbered(10, 13, 3));
            const { messages } = await read({ resume: token }, 3);
            assert.deepEqual(numbers(messages).sort(), [10, 11, 12]);
        });

        it('holds for other servers of the cluster, and moves behind messages that were seen', async () => {
            const topic = await kafka.createTopic({ partitions: 2 });
            await kafka.produce(topic, numbered(0, 1000, 2));
            const { token, messages } = await read({ assignments: [{ topic, offset: 0 }] }, 100);
            const last = new Map(messages.map(({ _kafka }) => [_kafka.partition, _kafka]));
            const got = messages.length;
            const other = await serve();
            const rest = await read({ resume: token, seen: [...last.values()] }, 1000 - got, { at: other });
            await other.close();
            assert.deepEqual([...numbers(messages), ...numbers(rest.messages)].sort((a, b) => a - b), range(0, 1000));
            assert.deepEqual(rest.assigned, []);
        });

        it('keeps the end of what was read, and tells of it again', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, numbered(0, 10));
            const { token } = await read({ assignments: [{ topic, offset: 0, until: 'end' }] }, 10);
            await kafka.produce(topic, numbered(10, 20));
            const client = await readyClient(server);
            const events = record(client, 'message', 'end');
            const seen = [{ topic, partition: 0, offset: 6 }];
            await resultOf(client, 'subscribe', { resume: token, seen, start: true });
            await until(() => events.at(-1)?.[0] === 'end');
            assert.deepEqual(numbers(events.slice(0, -1).map(([, message]) => message)), [7, 8, 9]);
            const again = await readyClient(server);
            const end = nextEvent(again, 'end');
            await resultOf(again, 'subscribe', { resume: token, seen: [{ topic, partition: 0, offset: 9 }] });
            assert.deepEqual(await end, [[{ topic, partition: 0, offset: 10 }]]);
        });

        it('reads partitions and topics of a pattern that came meanwhile from their beginnings', async () => {
            const prefix = kafka.topicName();
            const a = await kafka.createTopic({ topic: `${prefix}-a` });
            await kafka.produce(a, numbered(0, 5));
            const { token } = await read({ assignments: [{ topic: `/^${prefix}/`, offset: -2 }] }, 5);
            await kafka.addPartitions(a, 2);
            const b = await kafka.createTopic({ topic: `${prefix}-b` });
            await kafka.produce(b, numbered(10, 12));
            await succeeds(() => kafka.produce(a, [{ value: { n: 20 }, partition: 1 }]));
            const other = await serve();
            const client = await readyClient(other);
            const messages = collect(client, 'message', 3);
            await resultOf(client, 'subscribe', { resume: token, seen: [{ topic: a, partition: 0, offset: 4 }], start: true });
            assert.deepEqual(numbers(await messages).sort(), [10, 11, 20]);
            // Those that come later still join.
            const c = await kafka.createTopic({ topic: `${prefix}-c` });
            await kafka.produce(c, [{ value: { n: 30 } }]);
            assert.equal((await nextEvent(client, 'message'))[0].n, 30);
            await other.close();
        });

        it('sets a filter with it, and only if it is resumed', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, numbered(0, 10));
            const { token } = await read({ assignments: [{ topic, offset: 0 }] }, 10);
            const client = await readyClient(server);
            const messages = collect(client, 'message', 1);
            assert.equal((await errorOf(client, 'subscribe', { resume: `${token}A`, filter: { n: 3 } })).name, 'InvalidAssignmentError');
            assert.equal((await errorOf(client, 'subscribe', { resume: token, filter: { n: '/(/' } })).name, 'InvalidFilterError');
            await resultOf(client, 'subscribe', { resume: token, filter: { n: 7 }, start: true });
            assert.deepEqual(numbers(await messages), [7]);
        });

        it('is as good after its subscription ended and another began', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, numbered(0, 10));
            const client = await readyClient(server);
            const { token } = await resultOf(client, 'subscribe', { assignments: [{ topic, offset: 4 }] });
            assert.equal((await errorOf(client, 'subscribe', { resume: token })).name, 'AlreadySubscribedError');
            await resultOf(client, 'unsubscribe');
            await resultOf(client, 'subscribe', { resume: token });
            assert.equal((await resultOf(client, 'consume')).n, 4);
        });
    });

    describe('where the place is gone', () => {
        it('after a deletion goes on at the beginning of what is left, and says so', async () => {
            const topic = await kafka.createTopic({ partitions: 2 });
            await kafka.produce(topic, numbered(0, 20, 2));
            const { token } = await read({ assignments: [{ topic, offset: 0 }] }, 20);
            await kafka.deleteRecords(topic, { 0: 5 });
            const seen = [0, 1].map((partition) => ({ topic, partition, offset: 2 }));
            const { messages, assigned, assignments, gaps } = await read({ resume: token, seen }, 12);
            assert.deepEqual(gaps, [{ topic, partition: 0, from: 3, to: 5, reason: 'retention' }]);
            assert.deepEqual(numbers(messages).sort((a, b) => a - b), [7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
            assert.deepEqual(assigned, [{ topic, partition: 0, offset: 5, exact: false }]);
            assert.deepEqual(assignments, [{ topic, partition: 0, offset: 5 }, { topic, partition: 1, offset: 3 }]);
        });

        it('of a topic that was made anew goes by the time: at least once', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, numbered(0, 10));
            const { token, messages: [,,, , , last] } = await read({ assignments: [{ topic, offset: 0 }] }, 10);
            await kafka.deleteTopics(topic);
            await succeeds(() => kafka.createTopic({ topic }));
            // The same offsets, of other records.
            await kafka.produce(topic, numbered(3, 20));
            const other = await serve();
            const { messages, assigned } = await read({ resume: token, seen: [last._kafka] }, 15, { at: other });
            await other.close();
            assert.deepEqual(numbers(messages), range(5, 20));
            assert.deepEqual(assigned, [{ topic, partition: 0, offset: 2, exact: false }]);
        });

        it('on another cluster goes by the time: at least once', async () => {
            const broker = await startKafka();
            const mirror = await kafka.connect(broker.brokers);
            const other = await serve({ kafkaConfig: newConfig({ 'metadata.broker.list': broker.brokers }) });
            const topic = await kafka.createTopic({ partitions: 2 });
            await mirror.createTopic({ topic, partitions: 2 });
            await kafka.produce(topic, numbered(0, 200, 2));
            // As much, at other offsets, as a mirror has it.
            await mirror.produce(topic, [...numbered(50, 200, 2)]);
            const client = await readyClient(server);
            const events = record(client, 'position', 'message');
            await resultOf(client, 'subscribe', { assignments: [{ topic, offset: 0 }], positions: 100 });
            const seen = await Promise.all(Array.from({ length: 120 }, () => resultOf(client, 'consume')));
            const offsets = [0, 1].map((partition) => seen.filter(({ _kafka }) => _kafka.partition === partition).length);
            const { token } = await positionAt(events, offsets);
            // Partitions mix in any order, so each has its own rest.
            const rest = range(0, 200).filter((n) => !numbers(seen).includes(n));
            const { messages, assigned } = await read({ resume: token }, rest.filter((n) => n >= 50).length, { at: other });
            assert.deepEqual(rest.filter((n) => n >= 50 && !numbers(messages).includes(n)), []);
            assert.deepEqual(assigned.map(({ topic: name, partition, exact }) => [name, partition, exact]), [[topic, 0, false], [topic, 1, false]]);
            await other.close();
            await mirror.close();
            await broker.close();
        });
    });

    describe('topics', () => {
        it('that may not be seen any more are refused by name; what a pattern found is passed over', async () => {
            const prefix = kafka.topicName();
            const [a, b] = [await kafka.createTopic({ topic: `${prefix}-a` }), await kafka.createTopic({ topic: `${prefix}-b` })];
            await kafka.produce(a, numbered(0, 1));
            await kafka.produce(b, numbered(1, 2));
            const named = await read({ assignments: [{ topic: a, offset: 0 }, { topic: b, offset: 0 }] }, 2);
            const found = await read({ assignments: [{ topic: `/^${prefix}/`, offset: -2 }] }, 2);
            for (const more of [{ allowedTopics: [b] }, { authorize: (socket, topics) => topics.filter((topic) => topic === b) }]) {
                const strict = await serve(more);
                const client = await readyClient(strict);
                const error = await errorOf(client, 'subscribe', { resume: named.token });
                assert.equal(error.name, 'TopicNotAvailableError');
                assert.match(error.message, new RegExp(a));
                assert.deepEqual(error.availableTopics, [b]);
                assert.deepEqual((await resultOf(client, 'subscribe', { resume: found.token })).assignments.map(({ topic }) => topic), [b]);
                await strict.close();
            }
        });

        it('that are gone are refused by name', async () => {
            const topic = await kafka.createTopic();
            const { token } = await read({ topics: topic }, 0);
            await kafka.deleteTopics(topic);
            const other = await serve();
            const client = await readyClient(other);
            // Kafka takes its time to forget it.
            await succeeds(async () => {
                const [error] = await ackOf(client, 'subscribe', { resume: token });
                client.emit('unsubscribe');
                assert.equal(error?.name, 'TopicNotAvailableError');
            });
            await other.close();
        });

        it('internal ones are no more to be had by a token than by name', async () => {
            const { encodeToken } = require('../lib/resume-token.js');
            const partitions = [{ partition: 0, start: 'offset', value: 0, bound: null }];
            const topics = [{ name: '__consumer_offsets', id: null, pattern: -1, all: false, partitions }];
            const client = await readyClient(server);
            const error = await errorOf(client, 'subscribe', { resume: encodeToken({ cluster: null, patterns: [], left: [], topics }) });
            assert.equal(error.name, 'TopicNotAvailableError');
        });

        it('a token that is none is refused, and the socket goes on', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, numbered(0, 3));
            const client = await readyClient(server);
            const { token } = await resultOf(client, 'subscribe', { assignments: [{ topic, offset: 1 }] });
            await resultOf(client, 'unsubscribe');
            for (const resume of [token.slice(1), token.slice(0, -1), `${token.slice(0, 9)}-${token.slice(10)}`, '', 'AA', 5, null, [token], { token }, 'x'.repeat(100000)]) {
                const error = await errorOf(client, 'subscribe', { resume });
                assert.equal(error.name, 'InvalidAssignmentError');
            }
            assert.equal((await errorOf(client, 'subscribe', { resume: 'x'.repeat(600000) })).name, 'LimitExceededError');
            await resultOf(client, 'subscribe', { resume: token });
            assert.equal((await resultOf(client, 'consume')).n, 1);
        });
    });

    describe('position', () => {
        it('tells where the messages before it end', async () => {
            const topic = await kafka.createTopic({ partitions: 2 });
            await kafka.produce(topic, numbered(0, 5000, 2));
            const client = await readyClient(server);
            const events = record(client, 'message', 'position');
            await resultOf(client, 'subscribe', { assignments: [{ topic, offset: 0 }], positions: 100, start: true });
            await kafka.produce(topic, numbered(5000, 20000, 2));
            await positionAt(events, [10000, 10000]);
            const next = [0, 0];
            for (const [name, value] of events) {
                if (name === 'message') {
                    next[value._kafka.partition] = value._kafka.offset + 1;
                } else {
                    // Without a filter every offset is a message: neither ahead of them, nor behind.
                    assert.deepEqual(value.assignments.map(({ offset }) => offset), next);
                }
            }
            assert.deepEqual(next, [10000, 10000]);
        });

        it('moves under a filter that passes nothing', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, numbered(0, 3000));
            const client = await readyClient(server);
            const events = record(client, 'message', 'position');
            await resultOf(client, 'subscribe', { assignments: [{ topic, offset: 0 }], filter: { n: -1 }, positions: 100, start: true });
            const { token } = await positionAt(events, [3000]);
            await kafka.produce(topic, numbered(3000, 3001));
            const { messages } = await read({ resume: token }, 1);
            assert.deepEqual(numbers(messages), [3000]);
            assert.equal(events.filter(([name]) => name === 'message').length, 0);
        });

        it('comes from a server with connection state recovery, whatever was sent before', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, numbered(0, 3));
            const recovering = await serve({}, { connectionStateRecovery: {} });
            const client = await readyClient(recovering);
            const events = record(client, 'position');
            await resultOf(client, 'subscribe', { assignments: [{ topic, offset: 0 }], positions: 100 });
            assert.equal((await resultOf(client, 'consume')).n, 0);
            await positionAt(events, [1]);
            await recovering.close();
        });

        it('does not pass what waits for the client', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, numbered(0, 3000));
            const client = await readyClient(server);
            const events = record(client, 'position');
            await resultOf(client, 'subscribe', { assignments: [{ topic, offset: 0 }], positions: 100 });
            // Much is prepared when one is asked for.
            for (const n of range(0, 5)) {
                assert.equal((await resultOf(client, 'consume')).n, n);
                await positionAt(events, [n + 1]);
            }
            assert.equal(events.at(-1)[1].assignments[0].offset, 5);
        });

        it('comes at once when a filter changes, and when topics end, before the answer', async () => {
            const [a, b] = [await kafka.createTopic(), await kafka.createTopic()];
            await kafka.produce(a, numbered(0, 10));
            const client = await readyClient(server);
            const events = record(client, 'message', 'position');
            const assignments = [a, b].map((topic) => ({ topic, offset: 0 }));
            await resultOf(client, 'subscribe', { assignments, filter: { n: [1, 2] }, positions: 3600000, start: true });
            await until(() => events.length === 2);
            await resultOf(client, 'filter', { n: -1 });
            assert.equal(events.length, 3);
            assert.ok(events[2][1].assignments[0].offset >= 3);
            const { token } = await resultOf(client, 'unsubscribe', b).then(() => events.at(-1)[1]);
            assert.deepEqual((await read({ resume: token }, 0)).assignments.map(({ topic }) => topic), [a]);
        });

        it('comes no more when nothing moves, nor after the end of the subscription', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, numbered(0, 3));
            const client = await readyClient(server);
            const events = record(client, 'position');
            await resultOf(client, 'subscribe', { assignments: [{ topic, offset: 0 }], positions: 100, start: true });
            await positionAt(events, [3]);
            const before = events.length;
            await kafka.produce(topic, numbered(3, 4));
            await positionAt(events, [4]);
            assert.equal(events.length, before + 1);
            await resultOf(client, 'unsubscribe');
            await resultOf(client, 'subscribe', { assignments: [{ topic, offset: 1 }], positions: 100, start: true });
            await positionAt(events, [4]);
            assert.ok(events.slice(before + 1).every(([, { assignments: [{ offset }] }]) => offset <= 4));
        });
    });
});
