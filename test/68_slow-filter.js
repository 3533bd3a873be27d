'use strict';

// Filters that take many steps, or long: whom they hold up, and what their clients are told.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { Kasocki, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { record } = require('./support/server.js');

describe('slow filters', () => {
    before(kafka.start);

    /** Looks at every item of a list for every item: some 30,000 steps for a list of 100, and holds for all records. */
    const QUADRATIC = '$.n >= 0 && !$.list[?count($.list[?@ == -1]) == 1]';
    const LIST = Array.from({ length: 100 }, (_, i) => i);

    async function subscribed(server, topic, filter) {
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        await resultOf(client, 'filter', filter);
        return client;
    }

    it('slow down the clients who have them, who lose nothing, and no others', async () => {
        const COUNT = 5000;
        const topic = await kafka.createTopic();
        await kafka.produce(topic, Array.from({ length: COUNT }, (_, n) => ({ value: { n, list: LIST } })));
        const server = await serve();
        const slow = await subscribed(server, topic, QUADRATIC);
        const others = await Promise.all(['$.n >= 0', { n: '/^/' }, '$..n'].map((filter) => subscribed(server, topic, filter)));
        const ofSlow = record(slow, 'message');
        const ofOthers = others.map((client) => record(client, 'message'));
        for (const client of [slow, ...others]) client.emit('start');
        await until(() => ofOthers.every((messages) => messages.length >= COUNT));
        // For the slow one all that is work for seconds, for the others for a moment.
        assert(ofSlow.length < COUNT, `${ofSlow.length}`);
        await until(() => ofSlow.length >= COUNT);
        for (const messages of [ofSlow, ...ofOthers]) {
            assert.deepEqual(messages.map(([, { n }]) => n), Array.from({ length: COUNT }, (_, i) => i));
        }
        assert(server.native().stats().slowChunks > 0);
        assert.equal(server.native().stats().filtersOverBudget, 0);
        // At the end of the log it is as everybody else.
        await kafka.produce(topic, [{ value: { n: COUNT, list: [] } }]);
        await until(() => [ofSlow, ...ofOthers].every((messages) => messages.at(-1)[1].n === COUNT));
        await server.close();
    });

    it('past their budget do not match; the client gets a FilterBudgetError, once', async () => {
        const topic = await kafka.createTopic();
        const values = Array.from({ length: 30 }, (_, n) => ({ n, list: n % 3 === 0 ? LIST : [] }));
        await kafka.produce(topic, values.map((value) => ({ value })));
        const server = await serve({ limits: { filterSteps: 1000 } });
        const client = await subscribed(server, topic, QUADRATIC);
        const other = await subscribed(server, topic, '$.n >= 0');
        const messages = record(client, 'message');
        const ofOther = record(other, 'message');
        for (const each of [client, other]) each.emit('start');
        await until(() => messages.length >= 20 && ofOther.length >= 30);
        assert.deepEqual(messages.map(([, { n }]) => n), values.map(({ n }) => n).filter((n) => n % 3 > 0));
        // Another one that is over the budget, and one behind it, are seen by both before we look.
        await kafka.produce(topic, [{ value: { n: 30, list: LIST } }, { value: { n: 31, list: [] } }]);
        await until(() => messages.length >= 21 && ofOther.length >= 32);
        assert.equal(messages.at(-1)[1].n, 31);
        await until(() => client.errs.length > 0);
        assert.equal(client.errs.length, 1);
        assert.equal(other.errs.length, 0);
        const [error] = client.errs;
        assert.equal(error.name, 'FilterBudgetError');
        assert.equal(error.socketEvent, undefined);
        assert.match(error.message, /^The filter took more than 1000 steps on a message, which was taken for one that does not match/);
        const [, name, offset] = /\(topic "(.*)", partition 0, offset (\d+)\)$/.exec(error.message);
        assert.deepEqual([name, offset % 3], [topic, 0], error.message);
        assert.equal(server.native().stats().filtersOverBudget, 11);
        await server.close();
    });

    for (const [how, options, filter] of [
        ['the server\'s own', { filter: QUADRATIC }, '$.n < 500'],
        ['the server\'s own, on what is cut later', { filter: [QUADRATIC, '$.n < 500'], fields: { drop: ['list'] } }, '!$.list'],
        ['on what a deserializer made', { deserializer: ({ value }) => JSON.parse(value) }, [QUADRATIC, '$.n < 500']],
    ]) {
        it(`may be ${how}`, async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, Array.from({ length: 600 }, (_, n) => ({ value: { n, list: LIST } })));
            const server = await serve(options);
            const client = await subscribed(server, topic, filter);
            const messages = record(client, 'message');
            client.emit('start');
            await until(() => messages.length >= 500);
            await kafka.produce(topic, [{ value: { n: -1, list: [] } }, { value: { n: 499, list: [1] } }]);
            await until(() => messages.length > 500);
            assert.deepEqual(messages.map(([, { n }]) => n), [...Array.from({ length: 500 }, (_, n) => n), 499]);
            await server.close();
        });
    }

    describe('the server\'s own', () => {
        /** Every third has a list that takes QUADRATIC past a thousand steps. */
        const VALUES = Array.from({ length: 31 }, (_, n) => ({ n, list: n % 3 === 0 && n < 30 ? LIST : [], open: n % 2 === 0 }));
        let topic;
        before(async () => {
            topic = await kafka.createTopic();
            await kafka.produce(topic, VALUES.map((value) => ({ value })));
        });

        /** The numbers that a client gets, from the beginning to the last one. */
        async function numbersOf(server, filter) {
            const client = await subscribed(server, topic, filter);
            const messages = record(client, 'message');
            client.emit('start');
            await until(() => messages.at(-1)?.[1].n === 30);
            // What would be told has been told before this is answered.
            await resultOf(client, 'stop');
            await resultOf(client, 'filter', '');
            return { errs: client.errs, numbers: messages.map(([, { n }]) => n) };
        }

        const warnings = (server) => server.options.logger.lines.filter(({ text }) => /limits\.filterSteps/.test(text));

        for (const [how, options, filter] of [
            ['beside a filter of the client\'s', {}, '$.n != 4'],
            ['on what is cut later', { fields: { drop: ['list'] } }, '$.n != 4'],
            ['on what a deserializer made', { deserializer: ({ value }) => JSON.parse(value) }, '$.n != 4'],
            ['on what a deserializer made, which is cut later', { deserializer: ({ value }) => JSON.parse(value), fields: { drop: ['list'] } }, '$.n != 4'],
            ['in front of a matcherFactory', { matcherFactory: () => ({ n }) => n !== 4 }, {}],
        ]) {
            it(`past the budget: the message does not match, the log is told, the client is not (${how})`, async () => {
                const server = await serve({ filter: QUADRATIC, limits: { filterSteps: 1000 }, ...options });
                const { numbers, errs } = await numbersOf(server, filter);
                assert.deepEqual(numbers, VALUES.map(({ n }) => n).filter((n) => (n % 3 > 0 || n === 30) && n !== 4));
                assert.deepEqual(errs, []);
                await until(() => warnings(server).length > 0);
                const [{ level, topic: name, partition, offset, count }] = warnings(server);
                assert.deepEqual([level, name, partition, offset % 3], ['warn', topic, 0, 0]);
                assert.ok(count >= 1 && warnings(server).length === 1);
                assert.ok(server.native().stats().filtersOverBudget >= 10);
                await server.close();
            });
        }

        it('and the client\'s: neither takes steps from the other', async () => {
            // Most of the budget each, on a list of a hundred.
            const COSTLY = '!$.list[?@ > 98 && count($.list[?@ == -1]) == 1]';
            const steps = 500;
            const server = await serve({ filter: `${COSTLY} && $.n >= 0`, limits: { filterSteps: steps } });
            const { numbers, errs } = await numbersOf(server, `${COSTLY} && $.n >= -1`);
            assert.deepEqual(numbers, VALUES.map(({ n }) => n));
            assert.deepEqual(errs, []);
            // What makes the test: twice is too much for one.
            const twice = Kasocki.createMatcher([COSTLY, COSTLY.replace('98', '98.5')], { filterSteps: steps });
            assert.equal(twice(VALUES[0]), false);
            assert.equal(Kasocki.createMatcher(COSTLY, { filterSteps: steps })(VALUES[0]), true);
            await server.close();
        });

        for (const [how, options] of [['', {}], [', cut', { fields: { drop: ['open'] } }]]) {
            it(`nothing is told of what it refuses, not that a filter took too many steps on it${how}`, async () => {
                // What is open, but for the long lists behind the first.
                const numbers = VALUES.filter(({ n, list }) => n === 0 || list.length === 0).map(({ n }) => n);
                const server = await serve({ filter: { open: true, n: numbers }, limits: { filterSteps: 1000 }, ...options });
                const client = await subscribed(server, topic, QUADRATIC);
                const messages = record(client, 'message');
                client.emit('start');
                await until(() => messages.at(-1)?.[1].n === 30 && client.errs.length > 0);
                assert.deepEqual(messages.map(([, { n }]) => n), [2, 4, 8, 10, 14, 16, 20, 22, 26, 28, 30]);
                assert.match(client.errs[0].message, /offset 0\)$/);
                assert.equal(server.native().stats().filtersOverBudget, 1);
                await server.close();
            });
        }
    });
});
