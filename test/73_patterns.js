'use strict';

// What joins a subscription later: partitions that are added to a topic, topics that a pattern finds. They come from their beginnings:
// nothing that was written since the subscription is missed.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');

const kafka = require('./support/kafka.js');
const { errorOf, memoryLogger, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { nextEvent, record } = require('./support/server.js');

describe('later partitions and topics', function () {
    this.timeout(120000);
    before(kafka.start);

    let prefix;
    let server;
    beforeEach(async () => {
        prefix = `p${randomBytes(6).toString('hex')}`;
        server = await serve();
    });
    afterEach(() => server.close());

    const create = (name, options) => kafka.createTopic({ topic: `${prefix}-${name}`, ...options });
    const write = (topic, n, partition = 0) => kafka.produce(topic, [{ value: { n }, partition }]);

    it('partitions that are added to a topic join by themselves, from their beginnings, however all of it was subscribed', async () => {
        const topic = await create('a');
        const forms = [topic, [topic], [{ topic, offset: 'latest' }], [{ topic, offset: 0 }], { topics: topic }, `/${prefix}/`];
        const clients = await Promise.all(forms.map(() => readyClient(server)));
        const events = clients.map((client) => record(client, 'message'));
        await Promise.all(clients.map((client, i) => resultOf(client, 'subscribe', forms[i])));
        await Promise.all(clients.map((client) => resultOf(client, 'start')));
        await kafka.addPartitions(topic, 3);
        for (const [n, partition] of [1, 2, 1, 2, 0].entries()) {
            await write(topic, n, partition);
        }
        await until(() => events.every((list) => list.length === 5));
        for (const list of events) {
            assert.deepEqual(list.map(([, { n }]) => n).sort(), [0, 1, 2, 3, 4]);
        }
    });

    it('a partition is announced before its first message', async () => {
        const topic = await create('a');
        const client = await readyClient(server);
        const events = record(client, 'message', 'assigned');
        await resultOf(client, 'subscribe', { topics: topic, start: true });
        await kafka.addPartitions(topic, 3);
        await write(topic, 1, 1);
        await write(topic, 2, 1);
        await write(topic, 3, 2);
        await until(() => events.filter(([name]) => name === 'message').length === 3);
        const joined = events.filter(([name]) => name === 'assigned').flatMap(([, assignments]) => assignments);
        assert.deepEqual(joined.sort((a, b) => a.partition - b.partition), [1, 2].map((partition) => ({ topic, partition, offset: 0, exact: true })));
        for (const partition of [1, 2]) {
            const announced = events.findIndex(([name, value]) => name === 'assigned' && value.some((one) => one.partition === partition));
            const first = events.findIndex(([name, value]) => name === 'message' && value._kafka.partition === partition);
            assert.ok(announced < first, `${announced} ${first}`);
        }
        assert.deepEqual(client.errs, []);
    });

    it('a partition named by itself brings no others', async () => {
        const topic = await create('a');
        const client = await readyClient(server);
        const other = await readyClient(server);
        const events = record(client, 'message', 'assigned');
        await resultOf(client, 'subscribe', { assignments: [{ topic, partition: 0, offset: 0 }], start: true });
        await resultOf(other, 'subscribe', { topics: topic, start: true });
        const joined = nextEvent(other, 'assigned');
        await kafka.addPartitions(topic, 2);
        await write(topic, 1, 1);
        await joined;
        await write(topic, 2, 0);
        await until(() => events.length > 0);
        assert.deepEqual(events.map(([name, { n }]) => [name, n]), [['message', 2]]);
    });

    it('a pattern finds topics that are there, and later ones', async () => {
        const topics = [await create('a-1'), await create('b-1'), await create('a-2', { partitions: 2 })];
        await write(topics[0], -1);
        const client = await readyClient(server);
        const events = record(client, 'message');
        const joined = record(client, 'assigned');
        const assigned = await resultOf(client, 'subscribe', `/^${prefix}-a-\\d$/`);
        assert.deepEqual(assigned, [
            { topic: topics[0], partition: 0, offset: -1 },
            { topic: topics[2], partition: 0, offset: -1 },
            { topic: topics[2], partition: 1, offset: -1 },
        ]);
        await resultOf(client, 'start');
        const later = [await create('a-3', { partitions: 2 }), await create('b-3'), await create('a-33')];
        for (const [n, topic] of [...topics, ...later].entries()) {
            await write(topic, n);
        }
        await until(() => events.length === 3);
        assert.deepEqual(events.map(([, { n, _kafka: { topic } }]) => [n, topic]).sort(), [[0, topics[0]], [2, topics[2]], [3, later[0]]]);
        assert.deepEqual(joined.flatMap(([, list]) => list), [0, 1].map((partition) => ({ topic: later[0], partition, offset: 0, exact: true })));
        // Their later partitions join as well.
        await kafka.addPartitions(later[0], 3);
        await write(later[0], 10, 2);
        await until(() => events.length === 4);
        assert.equal(events[3][1].n, 10);
    });

    it('a pattern that finds nothing yet waits', async () => {
        const client = await readyClient(server);
        assert.deepEqual((await resultOf(client, 'subscribe', { topics: [`/${prefix}/`], start: true })).assignments, []);
        const topic = await create('first');
        await write(topic, 1);
        assert.equal((await nextEvent(client, 'message'))[0].n, 1);
    });

    it('patterns beside names, with starts of their own; who is named first or by name counts', async () => {
        const [a, b] = [await create('a'), await create('b')];
        for (const n of [0, 1, 2, 3]) {
            await write(a, n);
            await write(b, 10 + n);
        }
        const client = await readyClient(server);
        const { assignments } = await resultOf(client, 'subscribe', {
            assignments: [{ topic: `/${prefix}/`, last: 1 }, { topic: a, offset: 1 }, { topic: `/${prefix}-b/`, offset: 0 }],
        });
        assert.deepEqual(assignments, [{ topic: a, partition: 0, offset: 1 }, { topic: b, partition: 0, offset: 3 }]);
    });

    it('sees what the socket may see, no more', async () => {
        const topics = [await create('a'), await create('b'), await create('__c')];
        const own = await serve({ allowedTopics: [topics[0], `${prefix}-d`, topics[2]] });
        const client = await readyClient(own);
        const events = record(client, 'message');
        const { assignments } = await resultOf(client, 'subscribe', { topics: '/.*/', start: true });
        assert.deepEqual(assignments.map(({ topic }) => topic).sort(), [topics[0], topics[2]].sort());
        const later = [await create('d'), await create('e')];
        for (const [n, topic] of [topics[1], later[1], later[0]].entries()) {
            await write(topic, n);
        }
        await until(() => events.length > 0);
        assert.deepEqual(events.map(([, { n }]) => n), [2]);
        await own.close();
    });

    it('never sees internal topics unless they are allowed', async () => {
        const topic = await create('a');
        await kafka.createTopic({ topic: `__${prefix}` });
        const client = await readyClient(server);
        const { assignments } = await resultOf(client, 'subscribe', { topics: `/${prefix}/` });
        assert.deepEqual(assignments.map((one) => one.topic), [topic]);
    });

    it('asks authorize about topics that come later, and about nothing twice', async () => {
        const asked = [];
        const authorize = async (socket, topics) => {
            asked.push(topics.filter((topic) => topic.startsWith(prefix)));
            return topics.filter((topic) => !topic.includes('secret'));
        };
        const [open, secret] = [await create('open'), await create('secret')];
        const own = await serve({ authorize });
        const client = await readyClient(own);
        const events = record(client, 'message');
        asked.length = 0;
        const { assignments } = await resultOf(client, 'subscribe', { topics: `/${prefix}/`, start: true });
        assert.deepEqual(assignments.map(({ topic }) => topic), [open]);
        const later = [await create('secret-2'), await create('open-2')];
        for (const [n, topic] of [secret, ...later].entries()) {
            await write(topic, n);
        }
        await until(() => events.length > 0);
        assert.deepEqual(events.map(([, { n }]) => n), [2]);
        const names = asked.flat();
        assert.deepEqual(names.sort(), [open, secret, ...later].sort());
        await own.close();
    });

    it('an authorize that fails about later topics is an err, and the others go on', async () => {
        let broken = false;
        const authorize = (socket, topics) => {
            if (broken) {
                throw new Error('of the server\'s own');
            }
            return topics;
        };
        const topic = await create('a');
        const own = await serve({ authorize, logger: memoryLogger() });
        const client = await readyClient(own);
        await resultOf(client, 'subscribe', { topics: `/${prefix}/`, start: true });
        broken = true;
        const err = nextEvent(client, 'err');
        await create('b');
        assert.equal((await err)[0].name, 'AuthorizationError');
        const message = nextEvent(client, 'message');
        await write(topic, 5);
        assert.equal((await message)[0].n, 5);
        await own.close();
    });

    it('unsubscribe ends topics that a pattern found, and patterns with all of theirs', async () => {
        const [a, b, c] = [await create('a'), await create('b'), await create('c')];
        const pattern = `/${prefix}/`;
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [pattern, c]);
        assert.deepEqual((await resultOf(client, 'unsubscribe', a)).map(({ topic }) => topic), [a]);
        assert.equal((await errorOf(client, 'unsubscribe', a)).name, 'NotSubscribedError');
        assert.equal((await errorOf(client, 'unsubscribe', [b, '/x/'])).name, 'NotSubscribedError');
        // It does not find that one again, but others.
        const joined = nextEvent(client, 'assigned');
        const d = await create('d');
        assert.deepEqual((await joined)[0].map(({ topic }) => topic), [d]);
        assert.deepEqual((await resultOf(client, 'unsubscribe', pattern)).map(({ topic }) => topic), [b, d]);
        assert.equal((await errorOf(client, 'unsubscribe', pattern)).name, 'NotSubscribedError');
        assert.deepEqual((await resultOf(client, 'unsubscribe', [c])).map(({ topic }) => topic), [c]);
        assert.equal((await errorOf(client, 'start')).name, 'NotSubscribedError');
    });

    it('nothing joins a subscription that was ended', async () => {
        const topic = await create('a');
        const client = await readyClient(server);
        const events = record(client, 'assigned');
        await resultOf(client, 'subscribe', [`/${prefix}/`]);
        await resultOf(client, 'unsubscribe');
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        const other = await readyClient(server);
        await resultOf(other, 'subscribe', [`/${prefix}/`]);
        const joined = Promise.all([nextEvent(other, 'assigned')]);
        await kafka.addPartitions(topic, 2);
        await create('b');
        await joined;
        await resultOf(client, 'stop');
        assert.deepEqual(events, []);
    });

    it('with an end: what there is as of now, for "end"; those that come before it is reached, for other bounds', async () => {
        const topic = await create('a');
        await write(topic, 0);
        const base = Date.now() + 60000;
        const bounded = await readyClient(server);
        const end = nextEvent(bounded, 'end');
        await resultOf(bounded, 'subscribe', { assignments: [{ topic: `/${prefix}/`, offset: 0, until: 'end' }], start: true });
        assert.deepEqual((await end)[0], [{ topic, partition: 0, offset: 1 }]);

        const client = await readyClient(server);
        const events = record(client, 'message', 'assigned', 'end');
        await resultOf(client, 'subscribe', { assignments: [{ topic: `/${prefix}/`, offset: 0, until: { timestamp: base } }], start: true });
        const later = await create('b');
        await write(later, 1);
        await until(() => events.length === 3);
        await kafka.produce(topic, [{ value: { n: 2 }, timestamp: base }]);
        await kafka.produce(later, [{ value: { n: 3 }, timestamp: base + 5 }]);
        await until(() => events.length === 4);
        assert.deepEqual(events.map(([name]) => name), ['message', 'assigned', 'message', 'end']);
        assert.deepEqual(events[3][1].map(({ offset }) => offset), [1, 1]);
        // And nothing of them joins any more.
        const last = await create('c');
        await write(last, 4);
        const other = await readyClient(server);
        await resultOf(other, 'subscribe', { assignments: [{ topic: `/${prefix}-c/`, offset: 0 }], start: true });
        await nextEvent(other, 'message');
        assert.equal(events.length, 4);
    });

    it('no more partitions join than may be subscribed, which the client is told once', async () => {
        const topic = await create('a', { partitions: 2 });
        const own = await serve({ limits: { assignments: 3 } });
        const client = await readyClient(own);
        assert.equal((await errorOf(client, 'subscribe', `/^${prefix.slice(0, 1)}|.*/`)).name, 'LimitExceededError');
        await resultOf(client, 'subscribe', { topics: topic, start: true });
        client.errs.length = 0;
        const joined = nextEvent(client, 'assigned');
        await kafka.addPartitions(topic, 6);
        assert.equal((await joined)[0].length, 1);
        await until(() => client.errs.length > 0);
        assert.equal(client.errs[0].name, 'LimitExceededError');
        const message = nextEvent(client, 'message');
        await write(topic, 7, 1);
        assert.equal((await message)[0].n, 7);
        assert.equal(client.errs.length, 1);
        await own.close();
    });

    it('is refused where it is no pattern, or too many', async () => {
        const topic = await create('a');
        const client = await readyClient(server);
        for (const pattern of ['/(/', '/[/', '/(?=a)/', '/(a)\\1/', `/${'a'.repeat(1000)}/`]) {
            for (const argument of [pattern, [topic, pattern], { topics: [pattern] }, [{ topic: pattern, offset: 0 }]]) {
                const error = await errorOf(client, 'subscribe', argument);
                assert.equal(error.name, 'InvalidAssignmentError', pattern);
                assert.match(error.message, /pattern/);
            }
        }
        assert.equal((await errorOf(client, 'subscribe', [{ topic: '/a/', partition: 0, offset: 0 }])).name, 'InvalidAssignmentError');
        assert.equal((await errorOf(client, 'subscribe', ['/a/', '/a/'])).name, 'InvalidAssignmentError');
        assert.equal((await errorOf(client, 'subscribe', Array.from({ length: 101 }, (_, i) => `/${i}/`))).name, 'LimitExceededError');
        assert.equal((await errorOf(client, 'start')).name, 'NotSubscribedError');
    });
});
