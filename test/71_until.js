'use strict';

// Reads with an end: nothing at or after the bound comes, `end` comes after the last message, wherever the bound lies.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { errorOf, readyClient, resultOf, serve } = require('./support/kasocki.js');
const { collectUntil, nextEvent, record } = require('./support/server.js');

const BASE = Date.now() - 3600000;
const at = (minutes) => BASE + minutes * 60000;
const numbered = (from, to, more) => Array.from({ length: to - from }, (_, i) => ({ value: { n: from + i }, ...more?.(from + i) }));
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

describe('until', function () {
    this.timeout(120000);
    before(kafka.start);

    // A hub each: what a hub knows of topics may be a second old.
    let server;
    beforeEach(async () => {
        server = await serve();
    });
    afterEach(() => server.close());

    /**
     * Reads to the end.
     *
     * @returns {{ numbers: number[], end: object[] }} what came before the end; fails if anything comes after it
     */
    async function readToEnd(assignments, { filter, meanwhile = () => {} } = {}) {
        const client = await readyClient(server);
        const events = record(client, 'message', 'end');
        const end = nextEvent(client, 'end');
        await resultOf(client, 'subscribe', { assignments, filter, start: true });
        await meanwhile();
        const [ended] = await end;
        // A new one in each of its topics: they must not come.
        for (const topic of new Set(ended.map((one) => one.topic))) {
            await kafka.produce(topic, numbered(-1, 0));
        }
        await resultOf(client, 'stop');
        assert.equal(events.at(-1)[0], 'end');
        assert.deepEqual(client.errs, []);
        client.disconnect();
        return { numbers: events.slice(0, -1).map(([, { n }]) => n), end: ended };
    }

    it('an offset', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(0, 1000));
        for (const offset of [1, 500, 999, 1000]) {
            const { numbers, end } = await readToEnd([{ topic, offset: 0, until: { offset } }]);
            assert.deepEqual(numbers, range(0, offset));
            assert.deepEqual(end, [{ topic, partition: 0, offset }]);
        }
    });

    it('an offset that is not there yet', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(0, 3));
        const { numbers } = await readToEnd([{ topic, partition: 0, offset: 1, until: { offset: 6 } }], {
            meanwhile: () => kafka.produce(topic, numbered(3, 10)),
        });
        assert.deepEqual(numbers, range(1, 6));
    });

    it('the end as of now, in several topics and partitions, with empty ones', async () => {
        const topics = [await kafka.createTopic({ partitions: 3 }), await kafka.createTopic()];
        await kafka.produce(topics[0], numbered(0, 100, (n) => ({ partition: n % 2 })));
        await kafka.produce(topics[1], numbered(100, 150));
        const { numbers, end } = await readToEnd(topics.map((topic) => ({ topic, offset: 'earliest', until: 'end' })), {
            meanwhile: () => kafka.produce(topics[1], numbered(1000, 1010)),
        });
        assert.deepEqual(numbers.sort((a, b) => a - b), range(0, 150));
        assert.deepEqual(end.map(({ offset }) => offset), [50, 50, 0, 50]);
    });

    it('a timestamp', async () => {
        const topic = await kafka.createTopic();
        // They run backwards: the first one of that time or later decides.
        for (const [n, minute] of [5, 3, 8, 8, 1, 9, 2].entries()) {
            await kafka.produce(topic, numbered(n, n + 1, () => ({ timestamp: at(minute) })));
        }
        for (const [minute, count] of [[4, 0], [6, 2], [8, 2], [9, 5]]) {
            for (const timestamp of [at(minute), new Date(at(minute)).toISOString()]) {
                const { numbers, end } = await readToEnd([{ topic, offset: 0, until: { timestamp } }]);
                assert.deepEqual(numbers, range(0, count), `until ${minute}`);
                assert.equal(end[0].offset, count);
            }
        }
    });

    it('a timestamp that no record has yet: the first one that has it ends the read', async () => {
        const topic = await kafka.createTopic({ partitions: 2 });
        await kafka.produce(topic, numbered(0, 3, () => ({ timestamp: at(1) })));
        const { numbers, end } = await readToEnd([{ topic, offset: 0, until: { timestamp: at(5) } }], {
            meanwhile: async () => {
                await kafka.produce(topic, numbered(3, 5, () => ({ timestamp: at(2) })));
                await kafka.produce(topic, numbered(5, 6, () => ({ timestamp: at(5) })));
                await kafka.produce(topic, numbered(6, 7, () => ({ timestamp: at(6), partition: 1 })));
                await kafka.produce(topic, numbered(7, 8, () => ({ timestamp: at(3) })));
            },
        });
        assert.deepEqual(numbers, range(0, 5));
        assert.deepEqual(end.map(({ offset }) => offset), [5, 0]);
    });

    it('a bound at or before the start: the end comes at once, without a start too', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(0, 10, (n) => ({ timestamp: at(n) })));
        for (const assignment of [
            { offset: 5, until: { offset: 5 } },
            { offset: 5, until: { offset: 0 } },
            { offset: 'latest', until: 'end' },
            { offset: 'latest', until: { offset: 10 } },
            { timestamp: at(5), until: { timestamp: at(5) } },
            { timestamp: at(5), until: { timestamp: 0 } },
            { last: 3, until: { timestamp: at(2) } },
            { last: 0, until: 'end' },
        ]) {
            const client = await readyClient(server);
            const events = record(client, 'message');
            const end = nextEvent(client, 'end');
            await resultOf(client, 'subscribe', [{ topic, partition: 0, ...assignment }]);
            await end;
            await resultOf(client, 'start');
            assert.deepEqual(events, []);
            client.disconnect();
        }
    });

    it('a bound in a hole: among the marks of transactions, aborted records, at the end of the log', async () => {
        const topic = await kafka.createTopic();
        for (const [how, n] of [['commit', 0], ['abort', 1], ['abort', 2], ['commit', 3], ['abort', 4]]) {
            const transaction = await kafka.transaction();
            await transaction.produce(topic, numbered(n, n + 1));
            await transaction[how]();
        }
        // Committed records at 0 and 6; everything else to 10 is invisible.
        for (const [offset, count] of [[1, 1], [2, 1], [3, 1], [5, 1], [6, 1], [7, 2], [8, 2], [9, 2], [10, 2]]) {
            const { numbers } = await readToEnd([{ topic, offset: 0, until: { offset } }]);
            assert.deepEqual(numbers, [0, 3].slice(0, count), `until ${offset}`);
        }
    });

    it('an open transaction: the end is where it begins', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(0, 5));
        const open = await kafka.transaction();
        await open.produce(topic, numbered(5, 6));
        const client = await readyClient(server);
        const end = nextEvent(client, 'end');
        const events = record(client, 'message');
        await resultOf(client, 'subscribe', { assignments: [{ topic, offset: 0, until: 'end' }], start: true });
        assert.deepEqual((await end)[0], [{ topic, partition: 0, offset: 5 }]);
        assert.deepEqual(events.map(([, { n }]) => n), range(0, 5));
        await open.commit();
    });

    it('records deleted meanwhile, the bound among them', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(0, 20));
        const client = await readyClient(server);
        const events = record(client, 'message');
        const end = nextEvent(client, 'end');
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0, until: { offset: 10 } }]);
        await kafka.deleteRecords(topic, { 0: 15 });
        await resultOf(client, 'start');
        await end;
        assert.deepEqual(events, []);
    });

    it('under a filter that passes nothing', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(0, 2000));
        const { numbers, end } = await readToEnd([{ topic, offset: 0, until: 'end' }], { filter: { n: 'none' } });
        assert.deepEqual(numbers, []);
        assert.equal(end[0].offset, 2000);
    });

    it('in a topic that is followed without end, no end comes', async () => {
        const topics = [await kafka.createTopic(), await kafka.createTopic()];
        await kafka.produce(topics[0], numbered(0, 3));
        const client = await readyClient(server);
        const events = record(client, 'end');
        const messages = collectUntil(client, 'message', ({ n }) => n === 100);
        const assignments = [{ topic: topics[0], offset: 0, until: 'end' }, { topic: topics[1], offset: 0 }];
        await resultOf(client, 'subscribe', { assignments, start: true });
        await kafka.produce(topics[0], numbered(50, 60));
        await kafka.produce(topics[1], numbered(100, 101));
        assert.ok((await messages).every(({ n }) => n < 3 || n === 100));
        await resultOf(client, 'stop');
        assert.deepEqual(events, []);
        // Without what has no end, there is one.
        const end = nextEvent(client, 'end');
        await resultOf(client, 'unsubscribe', topics[1]);
        assert.deepEqual((await end)[0], [{ topic: topics[0], partition: 0, offset: 3 }]);
    });

    it('pulled by consume: the end comes after the last answer, and another subscription may follow', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(0, 5));
        const client = await readyClient(server);
        const order = record(client, 'end');
        const end = nextEvent(client, 'end');
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 2, until: 'end' }]);
        for (let i = 0; i < 4; i++) {
            client.emit('consume', (error, message) => order.push(['consume', error?.name ?? message.n]));
        }
        await end;
        assert.deepEqual(order.map(([name, value]) => (name === 'end' ? name : value)), [2, 3, 4, 'end']);
        assert.equal((await errorOf(client, 'subscribe', topic)).name, 'AlreadySubscribedError');
        await resultOf(client, 'unsubscribe');
        assert.deepEqual(order.at(-1), ['consume', 'NotSubscribedError']);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 4 }]);
        assert.equal((await resultOf(client, 'consume')).n, 4);
    });

    it('is refused where it is none', async () => {
        const topic = await kafka.createTopic();
        const client = await readyClient(server);
        for (const until of [
            null, true, 0, 5, '', 'now', 'latest', {}, [], { offset: -1 }, { offset: 0.5 }, { offset: '1' }, { offset: 2 ** 53 }, { offset: null },
            { timestamp: 'x' }, { timestamp: null }, { timestamp: {} }, { offset: 1, timestamp: 1 }, { last: 1 }, { offset: 1, more: 1 }, { end: true },
        ]) {
            const error = await errorOf(client, 'subscribe', [{ topic, offset: 0, until }]);
            assert.equal(error.name, 'InvalidAssignmentError', JSON.stringify(until));
        }
        assert.equal((await errorOf(client, 'start')).name, 'NotSubscribedError');
    });
});
