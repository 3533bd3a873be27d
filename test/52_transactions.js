'use strict';

// Transactions: who reads committed records sees them when they are committed, in order, and aborted ones never; the marks
// between them, offsets without records, are crossed wherever a socket stands.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { newConfig, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { collect, record } = require('./support/server.js');

const values = (...numbers) => numbers.map((n) => ({ value: { n } }));

describe('transactions', function () {
    this.timeout(120000);
    before(kafka.start);

    let server;
    let uncommitted;
    let topic;
    beforeEach(async () => {
        topic = await kafka.createTopic();
        server = await serve();
        uncommitted = await serve({ kafkaConfig: newConfig({ 'isolation.level': 'read_uncommitted' }) });
    });
    afterEach(async () => {
        await server.close();
        await uncommitted.close();
    });

    /** A client that reads from an offset, and the numbers it gets: a list that grows. */
    async function reader(offset, { from = server } = {}) {
        const client = await readyClient(from);
        const events = record(client, 'message');
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset }]);
        await resultOf(client, 'start');
        const numbers = () => events.map(([, { n }]) => n);
        return { client, numbers, has: (count) => until(() => events.length >= count) };
    }

    async function commit(...numbers) {
        const transaction = await kafka.transaction();
        await transaction.produce(topic, values(...numbers));
        await transaction.commit();
    }

    async function abort(...numbers) {
        const transaction = await kafka.transaction();
        await transaction.produce(topic, values(...numbers));
        await transaction.abort();
    }

    it('that were committed are read, those aborted are not, from any offset', async () => {
        await commit(0, 1); //                        offsets 0 1, mark at 2
        await abort(-1, -1); //                       3 4, mark at 5
        await kafka.produce(topic, values(2, 3)); //  6 7
        await commit(4); //                           8, mark at 9
        await abort(-1); //                           10, mark at 11
        await abort(-1); //                           12, mark at 13
        assert.deepEqual(await kafka.endOffsets(topic), [14]);
        const firstFrom = [0, 1, 2, 2, 2, 2, 2, 3, 4, 5, 5, 5, 5, 5, 5];
        const readers = await Promise.all(firstFrom.map((_, offset) => reader(offset)));
        await Promise.all(readers.map(({ has }, offset) => has(5 - firstFrom[offset])));
        // The log ends with marks: who waits behind them goes on.
        await kafka.produce(topic, values(5));
        await commit(6);
        await Promise.all(readers.map(({ has }, offset) => has(7 - firstFrom[offset])));
        for (const [offset, { numbers, client }] of readers.entries()) {
            assert.deepEqual(numbers(), [0, 1, 2, 3, 4, 5, 6].slice(firstFrom[offset]), `from offset ${offset}`);
            assert.deepEqual(client.errs, []);
        }
        const { numbers, has } = await reader(0, { from: uncommitted });
        await has(11);
        assert.deepEqual(numbers(), [0, 1, -1, -1, 2, 3, 4, -1, -1, 5, 6]);
    });

    it('that are many, with nothing but marks and aborted records at the end, are crossed', async () => {
        for (let i = 0; i < 10; i++) {
            await commit(2 * i);
            await abort(-1, -1, -1);
            await commit(2 * i + 1);
        }
        await abort(...Array.from({ length: 100 }, () => -1));
        const { numbers, has, client } = await reader(0);
        await has(20);
        await commit(20);
        await has(21);
        assert.deepEqual(numbers(), Array.from({ length: 21 }, (_, n) => n));
        client.emit('stop');
        await commit(21);
        await abort(-1);
        assert.equal((await resultOf(client, 'consume')).n, 21);
    });

    it('that are open hold back what comes after them, until they are committed', async () => {
        await kafka.produce(topic, values(0));
        const transaction = await kafka.transaction();
        await transaction.produce(topic, values(1, 2));
        const fromBeginning = await reader(0);
        const fromEnd = await reader(-1);
        const dirty = await reader(-1, { from: uncommitted });
        await kafka.produce(topic, values(3));
        await fromBeginning.has(1);
        // This one sees the records behind those of the transaction at once: when it has them, the others could have.
        await dirty.has(1);
        assert.deepEqual(dirty.numbers(), [3]);
        assert.deepEqual([fromBeginning.numbers(), fromEnd.numbers()], [[0], []]);
        await transaction.commit();
        await fromBeginning.has(4);
        await fromEnd.has(3);
        await kafka.produce(topic, values(4));
        await fromBeginning.has(5);
        await fromEnd.has(4);
        assert.deepEqual(fromBeginning.numbers(), [0, 1, 2, 3, 4]);
        assert.deepEqual(fromEnd.numbers(), [1, 2, 3, 4]);
    });

    it('that are open while a socket subscribes, and then aborted, are never seen', async () => {
        await kafka.produce(topic, values(0));
        const transaction = await kafka.transaction();
        await transaction.produce(topic, values(-1, -1));
        const readers = [await reader(0), await reader(-1), await reader(1), await reader(2)];
        await kafka.produce(topic, values(1));
        await transaction.produce(topic, values(-1));
        await transaction.abort();
        await kafka.produce(topic, values(2));
        const expected = [[0, 1, 2], [1, 2], [1, 2], [1, 2]];
        await Promise.all(readers.map(({ has }, i) => has(expected[i].length)));
        assert.deepEqual(readers.map(({ numbers }) => numbers()), expected);
    });

    it('of several producers at once come in the order of the log', async () => {
        const COUNT = 3;
        const ROUNDS = 5;
        const { client } = await reader(-1);
        const messages = collect(client, 'message', COUNT * ROUNDS);
        for (let round = 0; round < ROUNDS; round++) {
            const transactions = await Promise.all(Array.from({ length: COUNT + 1 }, () => kafka.transaction()));
            for (const [i, transaction] of transactions.entries()) {
                await transaction.produce(topic, [{ value: { n: round * COUNT + i, aborted: i === COUNT } }]);
            }
            // Committed in the other order: it is that of the records which counts.
            for (const [i, transaction] of [...transactions.entries()].reverse()) {
                await (i === COUNT ? transaction.abort() : transaction.commit());
            }
        }
        const received = await messages;
        assert.deepEqual(received.map(({ n, aborted }) => [n, aborted]), Array.from({ length: COUNT * ROUNDS }, (_, n) => [n, false]));
        const offsets = received.map(({ _kafka }) => _kafka.offset);
        assert.deepEqual(offsets, [...offsets].sort((a, b) => a - b));
    });

    it('are crossed with a filter that passes nothing of them', async () => {
        for (let i = 0; i < 5; i++) {
            await commit(i);
            await abort(-1);
        }
        const client = await readyClient(server);
        client.emit('filter', { n: 77 });
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        const consumed = resultOf(client, 'consume');
        await commit(77);
        assert.equal((await consumed).n, 77);
    });
});
