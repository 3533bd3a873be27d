'use strict';

// Offsets that a subscription will never get: event `gap` tells them exactly, once, in order with the messages. What never was a record
// for anybody (aborted transactions, transaction markers, compaction) is no gap.

const assert = require('node:assert/strict');

const { startKafka } = require('./broker');
const kafka = require('./support/kafka.js');
const { errorOf, hubs, newConfig, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const RawClient = require('./support/raw-client.js');
const { record } = require('./support/server.js');

const numbered = (from, to, more) => Array.from({ length: to - from }, (_, i) => ({ value: { n: from + i }, ...more?.(from + i) }));
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

/** Messages as their numbers, gaps as they are. */
const told = (events) => events.map(([name, value]) => (name === 'message' ? value.n : value));

describe('gaps', function () {
    this.timeout(120000);
    before(kafka.start);

    let server;
    let topic;
    beforeEach(async () => {
        server = await serve();
        topic = await kafka.createTopic();
    });
    afterEach(() => server.close());

    async function watched(options) {
        const client = await readyClient(server, options);
        return { client, events: record(client, 'message', 'gap', 'end') };
    }
    const hasNumber = (events, n) => () => events.some(([name, value]) => name === 'message' && value.n === n);

    it('records deleted below a socket that has not started: before the first message, by emits as well as by consume', async () => {
        await kafka.produce(topic, numbered(0, 100));
        const pushed = await watched();
        const pulled = await watched();
        for (const { client } of [pushed, pulled]) {
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 10 }]);
        }
        await kafka.deleteRecords(topic, { 0: 60 });
        const gap = { topic, partition: 0, from: 10, to: 60, reason: 'retention' };
        await resultOf(pushed.client, 'start');
        await until(hasNumber(pushed.events, 99));
        assert.deepEqual(told(pushed.events), [gap, ...range(60, 100)]);
        assert.equal((await resultOf(pulled.client, 'consume')).n, 60);
        assert.equal((await resultOf(pulled.client, 'consume')).n, 61);
        assert.deepEqual(told(pulled.events), [gap]);
    });

    it('in every transport', async () => {
        await kafka.produce(topic, numbered(0, 20));
        const clients = await Promise.all([['polling'], ['websocket'], ['polling', 'websocket']].map((transports) => watched({ transports })));
        await Promise.all(clients.map(({ client }) => resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }])));
        await kafka.deleteRecords(topic, { 0: 5 });
        await Promise.all(clients.map(({ client }) => resultOf(client, 'start')));
        for (const { events } of clients) {
            await until(hasNumber(events, 19));
            assert.deepEqual(told(events), [{ topic, partition: 0, from: 0, to: 5, reason: 'retention' }, ...range(5, 20)]);
        }
    });

    it('records deleted while a socket has stopped in the middle: everything is delivered or in the gap', async () => {
        await kafka.produce(topic, numbered(0, 1000));
        const { client, events } = await watched();
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        for (let n = 0; n < 5; n++) {
            await resultOf(client, 'consume');
        }
        await kafka.deleteRecords(topic, { 0: 900 });
        // The server has read them before and may still hold them: then there is nothing to tell of.
        await resultOf(client, 'start');
        await until(hasNumber(events, 999));
        const seen = told(events).flatMap((one) => (typeof one === 'number' ? one : range(one.from, one.to)));
        assert.deepEqual(seen, range(5, 1000));
    });

    it('a start that is not in the log any more, wherever auto.offset.reset leads', async () => {
        await kafka.produce(topic, numbered(0, 100));
        await kafka.deleteRecords(topic, { 0: 40 });
        for (const [reset, offset, gap] of [
            ['latest', 10, { from: 10, to: 100, reason: 'retention' }],
            ['earliest', 10, { from: 10, to: 40, reason: 'retention' }],
            ['latest', 500, { from: 500, to: 100, reason: 'truncated' }],
            ['earliest', 500, { from: 500, to: 40, reason: 'truncated' }],
        ]) {
            const other = await serve({ kafkaConfig: newConfig({ default_topic_config: { 'auto.offset.reset': reset } }) });
            const client = await readyClient(other);
            const events = record(client, 'gap', 'end');
            const { assignments } = await resultOf(client, 'subscribe', { assignments: [{ topic, partition: 0, offset }] });
            assert.deepEqual(assignments, [{ topic, partition: 0, offset }]);
            await until(() => events.length === 1);
            assert.deepEqual(told(events), [{ topic, partition: 0, ...gap }]);
            await other.close();
        }
        const { client, events } = await watched();
        // What was not asked for as an offset is not missing.
        await resultOf(client, 'subscribe', [{ topic, timestamp: 0, until: 'end' }]);
        await resultOf(client, 'start');
        await until(() => events.at(-1)?.[0] === 'end');
        assert.deepEqual(told(events).slice(0, -1), range(40, 100));
    });

    it('a bound in deleted records: the gap ends there', async () => {
        await kafka.produce(topic, numbered(0, 100));
        const { client, events } = await watched();
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 10, until: { offset: 30 } }]);
        await kafka.deleteRecords(topic, { 0: 60 });
        await resultOf(client, 'start');
        await until(() => events.length === 2);
        assert.deepEqual(events, [
            ['gap', { topic, partition: 0, from: 10, to: 30, reason: 'retention' }],
            ['end', [{ topic, partition: 0, offset: 30 }]],
        ]);
    });

    it('a topic made anew with fewer records: the offsets come again', async () => {
        await kafka.produce(topic, numbered(0, 50));
        const { client, events } = await watched();
        await resultOf(client, 'subscribe', { assignments: [{ topic, partition: 0, offset: 0 }], start: true });
        await until(hasNumber(events, 49));
        await kafka.deleteTopics(topic);
        await kafka.createTopic({ topic });
        await kafka.produce(topic, numbered(1000, 1010));
        // Where the new one ended when that was found out.
        await until(() => events[50]?.[0] === 'gap');
        const { to } = events[50][1];
        assert.deepEqual(events[50][1], { topic, partition: 0, from: 50, to, reason: 'truncated' });
        assert.ok(to <= 10);
        await kafka.produce(topic, numbered(1010, 1020));
        await until(hasNumber(events, 1019));
        assert.deepEqual(told(events).slice(51), range(1000 + to, 1020));
    });

    /** Deletes a topic and makes it again, with so many records. Its hub knows the old one's id. */
    async function makeAnew(count) {
        await [...hubs.values()].at(-1).identify([topic]);
        await kafka.deleteTopics(topic);
        await kafka.createTopic({ topic });
        await kafka.produce(topic, numbered(1000, 1000 + count));
    }

    it('a topic made anew with more records, for a socket that has not started: all of it', async () => {
        await kafka.produce(topic, numbered(0, 50));
        const { client, events } = await watched();
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 10 }]);
        await makeAnew(100);
        await until(() => events.length > 0);
        await resultOf(client, 'start');
        await until(hasNumber(events, 1099));
        assert.deepEqual(told(events), [{ topic, partition: 0, from: 10, to: 0, reason: 'truncated' }, ...range(1000, 1100)]);
        // And who comes now gets what he asks for.
        const later = await watched();
        await resultOf(later.client, 'subscribe', { assignments: [{ topic, partition: 0, offset: 90 }], start: true });
        await until(hasNumber(later.events, 1099));
        await kafka.produce(topic, numbered(1100, 1101));
        await until(hasNumber(later.events, 1100));
        assert.deepEqual(told(later.events), range(1090, 1101));
        assert.deepEqual(told(events).slice(1), range(1000, 1101));
    });

    it('a topic made anew with more records, for a socket that reads: all of it', async () => {
        await kafka.produce(topic, numbered(0, 50));
        const { client, events } = await watched();
        await resultOf(client, 'subscribe', { assignments: [{ topic, partition: 0, offset: 0 }], start: true });
        await until(hasNumber(events, 49));
        await makeAnew(1000);
        const isGap = ([name]) => name === 'gap';
        await until(() => events.some(isGap));
        const index = events.findIndex(isGap);
        // Before it was noticed, some may have come as if they were the old one's.
        const early = told(events.slice(50, index));
        assert.deepEqual(early, range(1050, 1050 + early.length));
        assert.deepEqual(events[index][1], { topic, partition: 0, from: 50 + early.length, to: 0, reason: 'truncated' });
        await until(() => events.length > index + 1 && events.at(-1)[1].n === 1999);
        assert.deepEqual(told(events.slice(index + 1)), range(1000, 2000));
    });

    it('aborted records, markers and what compaction removed are none', async () => {
        const compacted = await kafka.createTopic({
            config: { 'cleanup.policy': 'compact', 'segment.ms': 50, 'min.cleanable.dirty.ratio': 0.001, 'min.compaction.lag.ms': 0, 'max.compaction.lag.ms': 50 },
        });
        await kafka.produce(topic, numbered(0, 2));
        for (const [how, from] of [['abort', 100], ['commit', 2], ['abort', 200]]) {
            const transaction = await kafka.transaction();
            await transaction.produce(topic, numbered(from, from + 3));
            await transaction[how]();
        }
        await kafka.produce(topic, numbered(5, 6));
        let last = 500;
        await kafka.produce(compacted, numbered(0, last, (n) => ({ key: String(n % 5) })));
        // Each further record rolls the log, and sooner or later the cleaner comes.
        for (let left = last; left > 250; last++) {
            await kafka.produce(compacted, numbered(last, last + 1, (n) => ({ key: String(n % 5) })));
            const reader = await watched();
            await resultOf(reader.client, 'subscribe', { assignments: [{ topic: compacted, offset: 0, until: 'end' }], start: true });
            await until(() => reader.events.at(-1)?.[0] === 'end');
            left = reader.events.length;
            assert.ok(reader.events.every(([name]) => name !== 'gap'));
            reader.client.disconnect();
        }
        const { client, events } = await watched();
        await resultOf(client, 'subscribe', { assignments: [{ topic, offset: 0, until: 'end' }], start: true });
        await until(() => events.at(-1)?.[0] === 'end');
        assert.deepEqual(told(events).slice(0, -1), range(0, 6));
    });

    it('an ended subscription tells of none', async () => {
        await kafka.produce(topic, numbered(0, 100));
        const { client, events } = await watched();
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 10 }]);
        await kafka.deleteRecords(topic, { 0: 60 });
        await resultOf(client, 'unsubscribe');
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 70 }]);
        await resultOf(client, 'start');
        await until(hasNumber(events, 99));
        assert.deepEqual(told(events), range(70, 100));
    });
});

describe('a topic made anew whose leader had changed', function () {
    this.timeout(180000);

    let node;
    before(async () => {
        node = await startKafka();
    });
    after(() => node.close());

    it('is read on: its leader epochs begin again', async () => {
        const outside = await kafka.connect(node.brokers);
        const topic = await outside.createTopic();
        await outside.produce(topic, numbered(0, 10));
        await node.restart();
        const server = await serve({ kafkaConfig: { 'metadata.broker.list': node.brokers, 'reconnect.backoff.max.ms': 500 } });
        const clients = await Promise.all([readyClient(server), readyClient(server)]);
        const heard = clients.map((client) => record(client, 'message', 'gap'));
        const [, stopped] = clients;
        const has = (events, n) => events.some(([name, value]) => name === 'message' && value.n === n);
        for (const client of clients) {
            await resultOf(client, 'subscribe', { assignments: [{ topic, partition: 0, offset: 0 }], start: true });
        }
        await until(() => heard.every((events) => has(events, 9)));
        // The one follows the end, the other one will catch up.
        await resultOf(stopped, 'stop');

        await outside.deleteTopics(topic);
        await outside.createTopic({ topic });
        await outside.produce(topic, numbered(1000, 1010));
        await until(() => heard[0].some(([name]) => name === 'gap'));
        await outside.produce(topic, numbered(1010, 1020));
        await until(() => has(heard[0], 1019));
        await resultOf(stopped, 'start');
        await until(() => has(heard[1], 1019));
        await server.close();
        await outside.close();
    });
});

describe('slow policies', function () {
    this.timeout(120000);
    before(kafka.start);

    let server;
    let topic;
    beforeEach(async () => {
        server = await serve();
        topic = await kafka.createTopic();
    });
    afterEach(() => server.close());

    async function subscribed(slow, assignment, start = true) {
        const client = await readyClient(server);
        const events = record(client, 'message', 'gap', 'end');
        await resultOf(client, 'subscribe', { assignments: [{ topic, partition: 0, ...assignment }], start, slow });
        return { client, events };
    }
    const atNumber = (events, n) => () => events.at(-1)?.[1].n === n;

    it('skipTo: who is more behind than that goes to the end, and is told; who is not gets everything', async () => {
        await kafka.produce(topic, numbered(0, 1000));
        const slow = { skipTo: 'latest', lag: 500 };
        const [far, near, waits, byDefault] = await Promise.all([
            subscribed(slow, { offset: 499 }), subscribed(slow, { offset: 500 }), subscribed('wait', { offset: 0 }), subscribed(undefined, { offset: 0 }),
        ]);
        await until(atNumber(near.events, 999));
        await until(atNumber(waits.events, 999));
        await until(atNumber(byDefault.events, 999));
        await until(() => far.events.length > 0);
        await kafka.produce(topic, numbered(1000, 1001));
        await until(atNumber(far.events, 1000));
        await until(atNumber(near.events, 1000));
        assert.deepEqual(told(far.events), [{ topic, partition: 0, from: 499, to: 1000, reason: 'skipped' }, 1000]);
        assert.deepEqual(told(near.events), range(500, 1001));
        assert.deepEqual(told(waits.events).slice(0, 1000), range(0, 1000));
        assert.deepEqual(told(byDefault.events).slice(0, 1000), range(0, 1000));
    });

    it('skipTo: a stop of any length costs what came meanwhile, if that is too much', async () => {
        const { client, events } = await subscribed({ skipTo: 'latest', lag: 100 }, { offset: 'latest' });
        const other = await subscribed(undefined, { offset: 'latest' });
        for (const [from, count] of [[0, 100], [100, 101], [201, 50]]) {
            await resultOf(client, 'stop');
            await kafka.produce(topic, numbered(from, from + count));
            // Then it is known how far it is behind.
            await until(atNumber(other.events, from + count - 1));
            await resultOf(client, 'start');
            await until(() => events.some(([name, value]) => (name === 'gap' ? value.to : value.n + 1) === from + count));
        }
        assert.deepEqual(told(events), [...range(0, 100), { topic, partition: 0, from: 100, to: 201, reason: 'skipped' }, ...range(201, 251)]);
    });

    it('skipTo: a client that reads nothing for a while gets what was on its way, a gap, and what is new', async () => {
        const COUNT = 20000;
        const client = await RawClient.connect(server.url);
        await client.ackOf('subscribe', { assignments: [{ topic, partition: 0, offset: 'latest' }], start: true, slow: { skipTo: 'latest', lag: 50 } });
        const events = [];
        client.onEvent = (packet) => events.push(JSON.parse(packet.toString('utf8', 2)));
        client.pause();
        await kafka.produce(topic, numbered(0, COUNT, () => ({ headers: { x: 'x'.repeat(1000) } })));
        // Another one that has everything knows that there was time for it.
        const other = await subscribed(undefined, { offset: 0 });
        await until(atNumber(other.events, COUNT - 1));
        client.resume();
        let n = COUNT;
        while (!(events.at(-1)?.[1].n >= COUNT)) {
            await kafka.produce(topic, numbered(n, ++n));
            await until(atNumber(other.events, n - 1));
        }
        await until(() => events.at(-1)[1].n === n - 1);
        let next = 0;
        for (const [name, value] of events) {
            assert.equal(name === 'gap' ? value.from : value.n, next);
            next = name === 'gap' ? value.to : value.n + 1;
        }
        const gaps = events.filter(([name]) => name === 'gap');
        assert.ok(gaps.length > 0);
        assert.ok(gaps.every(([, { reason, from, to }]) => reason === 'skipped' && to - from > 50));
        await client.close();
    });

    it('values of any other shape are refused, and nothing is subscribed', async () => {
        const client = await readyClient(server);
        for (const slow of [
            '', 'drop', true, 1, [], {}, { skipTo: 'latest' }, { lag: 5 }, { skipTo: 'earliest', lag: 5 }, { skipTo: -1, lag: 5 }, { skipTo: 'latest', lag: 0 },
            { skipTo: 'latest', lag: -1 }, { skipTo: 'latest', lag: 1.5 }, { skipTo: 'latest', lag: '5' }, { skipTo: 'latest', lag: 1e300 },
            { skipTo: 'latest', lag: 5, more: 1 }, { skipTo: 'latest', lag: null },
        ]) {
            const error = await errorOf(client, 'subscribe', { topics: topic, slow });
            assert.equal(error.name, 'InvalidAssignmentError', JSON.stringify(slow));
            assert.match(error.message, /"slow"/);
        }
        await resultOf(client, 'subscribe', { topics: topic, slow: { skipTo: 'latest', lag: Number.MAX_SAFE_INTEGER } });
    });
});
