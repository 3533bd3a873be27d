'use strict';

// However many sockets there are, Kafka is read once, each record is parsed once, and the threads stay the same.

const assert = require('node:assert/strict');
const { once } = require('node:events');

const kafka = require('./support/kafka.js');
const { newConfig, readyClient, resultOf } = require('./support/kasocki.js');
const RemoteServer = require('./support/remote-server.js');
const { collectUntil } = require('./support/server.js');

const SOCKETS = 100;
const COUNT = 10000;
/** Credit for all that a socket gets: however slowly this process reads, nobody has to be waited for. */
const LIMITS = { bytesInFlight: 8 * 1024 * 1024 };
const KINDS = ['edit', 'new', 'log', 'talk'];

/** Record n, and what five filters say of it. */
const recordOf = (n) => ({ n, kind: KINDS[n % 4], size: n % 10, title: `Title ${n % 100}`, tags: [`t${n % 3}`, 'x'] });
const FILTERS = [
    [null, () => true],
    [{ kind: 'edit' }, ({ kind }) => kind === 'edit'],
    [{ title: '/ 4[0-9]?$/' }, ({ title }) => / 4[0-9]?$/.test(title)],
    [{ size: [1, 2, 3], kind: ['new', 'talk'] }, ({ size, kind }) => size >= 1 && size <= 3 && kind !== 'edit' && kind !== 'log'],
    [{ tags: ['x', 't0'], 'tags.1': 'x' }, ({ tags }) => tags[0] === 't0'],
];

/** Resolves once all that a client has emitted has been written to its connection. */
async function written({ io: { engine } }) {
    while (engine.writeBuffer.length > 0) {
        await once(engine, 'drain');
    }
}

/**
 * How many records Kafka sent until now, by librdkafka's own statistics: the sum over all instances of a hub.
 *
 * @param {RemoteServer} server
 * @returns {Promise<number>}
 */
async function receivedBy(server) {
    const before = await server.ask('statistics');
    assert.equal(Object.keys(before).length, 2);
    // Of two further statistics of each instance the second was made after now.
    const later = await server.until('statistics', (instances) => Object.entries(before).every(([name, { events }]) => instances[name].events >= events + 2));
    return Object.values(later).reduce((sum, { rxmsgs }) => sum + rxmsgs, 0);
}

describe('one hundred sockets', function () {
    this.timeout(180000);
    before(kafka.start);

    let server;
    let topic;
    let clients;
    let threadsOfOne;

    const produce = (from, to) => kafka.produce(topic, (function* () {
        for (let n = from; n < to; n++) {
            yield { value: recordOf(n) };
        }
    })());
    /** The n of each client's messages, until each has the last below `to` that is for it. */
    const receive = (to) => Promise.all(clients.map(async (client) => {
        const last = client.expected.findLast((n) => n < to);
        const messages = await collectUntil(client, 'message', ({ n }) => n === last);
        client.received.push(...messages.map(({ n }) => n));
    }));
    /** All start at once, however busy the machine is: those who start later would find the first scan gone. */
    async function start() {
        let answers;
        await server.whileHeld(async () => {
            answers = Promise.all(clients.map((client) => resultOf(client, 'start')));
            await Promise.all(clients.map(written));
        });
        await answers;
    }

    async function open(options) {
        topic = await kafka.createTopic();
        server = await RemoteServer.start({ kafkaConfig: newConfig({ 'statistics.interval.ms': 50 }), ...options });
        // Once a socket has got a message every thread is there.
        const warm = await kafka.createTopic();
        await kafka.produce(warm, ['{}']);
        const first = await readyClient(server);
        await resultOf(first, 'subscribe', [{ topic: warm, partition: 0, offset: 0 }]);
        await resultOf(first, 'consume');
        threadsOfOne = await server.ask('threads');
    }
    afterEach(() => server.close());

    async function connectAll(offset) {
        clients = await Promise.all(Array.from({ length: SOCKETS }, () => readyClient(server)));
        await Promise.all(clients.map(async (client, i) => {
            const [filter, matches] = FILTERS[i % FILTERS.length];
            client.expected = Array.from({ length: COUNT }, (_, n) => n).filter((n) => matches(recordOf(n)));
            client.received = [];
            client.emit('filter', filter);
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset }]);
        }));
    }

    function checkMessages() {
        for (const [i, client] of clients.entries()) {
            assert.deepEqual(client.received, client.expected, `client ${i}`);
        }
        assert.deepEqual(clients.flatMap(({ errs }) => errs), []);
    }

    async function checkCounts() {
        // One more: that of the first socket. A reader that hands over to another has mostly asked for more already, and
        // Kafka answers: librdkafka counts that, and drops it.
        const received = await receivedBy(server);
        assert.ok(received > COUNT && received < 2 * COUNT, `${received}`);
        const stats = await server.stats();
        assert.equal(stats.recordsRead, COUNT + 1);
        assert.equal(stats.recordsParsed, COUNT + 1);
        assert.equal(stats.filterEvaluations, COUNT * (FILTERS.length - 1));
        assert.equal(stats.recordsEncoded, COUNT + 1);
        assert.deepEqual([stats.sessions, stats.cursors], [SOCKETS + 1, SOCKETS + 1]);
        assert.equal(await server.ask('threads'), threadsOfOne);
    }

    it('that subscribed before the first start read ten thousand old records from Kafka once', async () => {
        await open({ limits: LIMITS });
        await produce(0, COUNT);
        await connectAll(0);
        const received = receive(COUNT);
        await start();
        await received;
        checkMessages();
        await checkCounts();
    });

    it('that have started read ten thousand new records from Kafka once', async () => {
        await open({ limits: LIMITS });
        await connectAll(-1);
        await start();
        // Two readers meet at the end of the log, and then it is one.
        await server.until('stats', ([{ tailScans, catchUpScans }]) => tailScans === 2 && catchUpScans === 0);
        const STEP = 1000;
        for (let from = 0; from < COUNT; from += STEP) {
            const received = receive(from + STEP);
            await produce(from, from + STEP);
            await received;
        }
        checkMessages();
        await checkCounts();
    });

    it('that are slow, with the usual credit, read from Kafka a few times, not a hundred times', async () => {
        await open();
        await produce(0, COUNT);
        await connectAll(0);
        const received = receive(COUNT);
        await start();
        await received;
        checkMessages();
        const read = await receivedBy(server);
        assert.ok(read > COUNT && read < 20 * COUNT, `${read} records were read`);
        assert.equal(await server.ask('threads'), threadsOfOne);
    });
});
