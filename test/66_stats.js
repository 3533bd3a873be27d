'use strict';

// Kasocki.stats(), Kasocki.metrics() and Kasocki.close(): what a process does, as numbers, and the end of it.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { Kasocki, errorOf, hubs, memoryLogger, newConfig, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { runBody } = require('./support/program.js');
const { collectUntil, nextEvent, record } = require('./support/server.js');

/** Members of stats() that only grow. */
const COUNTERS = ['recordsRead', 'bytesRead', 'recordsParsed', 'filterEvaluations', 'filtersOverBudget', 'slowChunks', 'recordsMatched', 'recordsEncoded', 'recordsSkipped',
    'messagesSent', 'bytesSent'];

describe('Kasocki.stats()', () => {
    let topic;
    const COUNT = 20;
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
        await kafka.produce(topic, [...Array.from({ length: COUNT }, (_, n) => ({ value: { n } })), { value: 'no JSON' }, { value: { n: COUNT } }]);
    });

    /** What the counters have become more since then. */
    function growth(before, after = Kasocki.stats()) {
        return Object.fromEntries(COUNTERS.map((name) => [name, after[name] - before[name]]));
    }

    /** Reads the topic from its start, up to its last record. */
    async function readAll(client) {
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        const messages = collectUntil(client, 'message', ({ n }) => n === COUNT);
        await resultOf(client, 'start');
        return messages;
    }

    it('has gauges of what there is', async () => {
        const before = Kasocki.stats();
        const server = await serve();
        const [client, other] = await Promise.all([readyClient(server), readyClient(server)]);
        assert.equal(Kasocki.stats().sockets - before.sockets, 2);
        await readAll(client);
        await resultOf(other, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        await resultOf(other, 'filter', { n: 'none' });
        for (let i = 0; i < 3; i++) other.emit('consume', () => {});
        await resultOf(other, 'stop');
        const now = Kasocki.stats();
        const more = ['hubs', 'cursors', 'partitions', 'consumesWaiting'].map((name) => now[name] - before[name]);
        assert.deepEqual(more, [1, 2, 1, 3]);
        assert.ok(now.bufferBytes > before.bufferBytes);
        assert.ok(now.filterClasses >= 2 && now.tailScans + now.catchUpScans >= 1);
        await server.close();
        await until(() => Kasocki.stats().hubs === before.hubs);
        const after = Kasocki.stats();
        for (const gauge of ['sockets', 'eventsWaiting', 'consumesWaiting']) assert.equal(after[gauge], before[gauge], gauge);
    });

    it('has counters that go on when a hub has ended', async () => {
        const before = Kasocki.stats();
        const server = await serve({ kafkaConfig: newConfig() });
        const client = await readyClient(server);
        const messages = await readAll(client);
        const grown = growth(before);
        const own = server.native().stats();
        for (const name of COUNTERS.slice(0, -2)) assert.ok(grown[name] >= own[name], name);
        assert.deepEqual([grown.messagesSent, own.recordsSkipped], [COUNT + 1, 1]);
        assert.ok(grown.bytesSent > JSON.stringify(messages).length);
        const hub = [...hubs.values()].at(-1);
        await server.close();
        await hub.closed;
        const after = growth(before);
        for (const name of COUNTERS) assert.ok(after[name] >= grown[name], `${name} fell`);
    });

    it('counts events by name, and errors by class', async () => {
        const before = Kasocki.stats();
        const server = await serve();
        const client = await readyClient(server);
        await errorOf(client, 'start');
        await errorOf(client, 'subscribe', 'nowhere');
        await errorOf(client, 'subscribe', 5);
        await resultOf(client, 'filter', null);
        const now = Kasocki.stats();
        const more = (member, name) => now[member][name] - (before[member][name] ?? 0);
        assert.deepEqual(['start', 'subscribe', 'filter'].map((name) => more('events', name)), [1, 2, 1]);
        assert.deepEqual(['NotSubscribedError', 'TopicNotAvailableError', 'InvalidAssignmentError'].map((name) => more('errors', name)), [1, 1, 1]);
        await server.close();
    });

    it('counts records that a deserializer could not make messages of as skipped', async () => {
        const before = Kasocki.stats();
        const server = await serve({ deserializer: ({ value }) => JSON.parse(value) });
        await readAll(await readyClient(server));
        assert.equal(growth(before).recordsSkipped, 1);
        await server.close();
    });

    it('tells the lag of each partition that is read', async () => {
        const big = await kafka.createTopic();
        const SUPPLY = 1000;
        const supply = () => kafka.produce(big, Array.from({ length: SUPPLY }, (_, n) => ({ value: { n, text: 'x'.repeat(500) } })));
        await supply();
        const server = await serve({ limits: { bytesInFlight: 2000 } });
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic: big, partition: 0, offset: 0 }]);
        const lagsOf = () => Kasocki.stats().lags.filter((lag) => lag.topic === big);
        // Pulled one by one, it stays behind, and as long as it is not at the end there is a lag to be measured.
        let behind = false;
        for (let left = SUPPLY; !behind; left--) {
            if (left <= SUPPLY / 2) {
                await supply();
                left += SUPPLY;
            }
            await resultOf(client, 'consume');
            for (const lag of lagsOf()) {
                assert.deepEqual(Object.keys(lag), ['hub', 'topic', 'partition', 'lag']);
                behind ||= lag.lag > 100;
            }
        }
        // At the end it has none.
        await resultOf(client, 'start');
        await until(() => lagsOf().length === 1 && lagsOf()[0].lag === 0);
        await server.close();
    });

    it('tells the lag of a client that takes nothing, also when nobody reads for it any more', async () => {
        const big = await kafka.createTopic();
        const COUNT = 1000;
        await kafka.produce(big, Array.from({ length: COUNT }, () => ({ value: { text: 'x'.repeat(500) } })));
        const server = await serve({ limits: { bytesInFlight: 2000 } });
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic: big, partition: 0, offset: 0 }]);
        await resultOf(client, 'consume');
        const lag = () => Kasocki.stats().lags.find((one) => one.topic === big)?.lag;
        const scans = () => server.native().stats().catchUpScans + server.native().stats().tailScans;
        await until(() => lag() !== undefined);
        const before = lag();
        assert.ok(before > COUNT - 20 && before < COUNT, String(before));
        await until(() => scans() === 0);
        await kafka.produce(big, [{ value: {} }]);
        // Measured again, with the end as it is now.
        await until(() => lag() === before + 1);
        await resultOf(client, 'stop');
        await until(() => lag() === undefined);
        await server.close();
    });

    it('gives librdkafka\'s own statistics, of both instances, once they are told', async () => {
        const server = await serve({ kafkaConfig: newConfig({ 'statistics.interval.ms': 50, 'client.id': 'a name' }) });
        await readyClient(server);
        const { number } = [...hubs.values()].at(-1);
        const own = () => Kasocki.stats().librdkafka.filter(({ hub }) => hub === number);
        await until(() => own().length === 2);
        for (const { name, statistics } of own()) {
            assert.equal(statistics.name, name);
            assert.ok(name.startsWith('a name#consumer-'), name);
            assert.ok(Object.keys(statistics.brokers).length > 0);
        }
        await server.close();
    });

    for (const id of ['a "name"', '"', '\\', 'a\nb', '", "client_id": "', '\u{1f600}#consumer-1"']) {
        it(`whatever client.id is: ${JSON.stringify(id)}`, async () => {
            const told = [];
            const kafkaEventHandlers = { 'event.stats': ({ message }) => told.push(message) };
            const server = await serve({ kafkaConfig: newConfig({ 'statistics.interval.ms': 50, 'client.id': id }), kafkaEventHandlers });
            await readyClient(server);
            const own = () => Kasocki.stats().librdkafka.filter(({ statistics }) => statistics.client_id === id);
            await until(() => own().length === 2);
            for (const { name, statistics } of own()) {
                assert.equal(statistics.name, name);
                assert.ok(name.startsWith(`${id}#consumer-`), name);
            }
            assert.ok(told.length >= 2);
            assert.ok(told.every((message) => JSON.parse(message).client_id === id));
            await server.close();
        });
    }

    it('is plain data without configuration values', async () => {
        const server = await serve({ kafkaConfig: newConfig({ 'sasl.username': 'hunter22', 'ssl.key.password': 'hunter22' }) });
        await readyClient(server);
        const text = JSON.stringify(Kasocki.stats());
        assert.deepEqual(JSON.parse(text), Kasocki.stats());
        assert.ok(!text.includes('hunter22') && !Kasocki.metrics().includes('hunter22'));
        await server.close();
    });
});

/**
 * Reads Prometheus' text format strictly, as its documentation has it.
 *
 * @param {string} text
 * @returns {Map<string, {help: string, type: string, samples: Array<{labels: Object<string, string>, value: number}>}>}
 */
function parseMetrics(text) {
    const families = new Map();
    assert.ok(text.endsWith('\n'));
    let current;
    for (const line of text.slice(0, -1).split('\n')) {
        const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
        if (comment) {
            const [, kind, name, rest] = comment;
            if (kind === 'HELP') {
                assert.ok(!families.has(name), `${name} twice`);
                current = { name, help: rest, samples: [] };
                families.set(name, current);
            } else {
                assert.equal(name, current.name);
                assert.match(rest, /^(counter|gauge)$/);
                current.type = rest;
            }
            continue;
        }
        const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/.exec(line);
        assert.ok(sample, line);
        const [, name, labels = '', value] = sample;
        assert.equal(name, current.name);
        assert.match(value, /^\d+(\.\d+)?(e[+-]?\d+)?$/, line);
        const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, escaped]) => [
            label,
            escaped.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c)),
        ]);
        current.samples.push({ labels: Object.fromEntries(pairs), value: Number(value) });
    }
    return families;
}

describe('Kasocki.metrics()', () => {
    before(kafka.start);

    it('is Prometheus\' text format, and says what stats() says', async () => {
        await Kasocki.close();
        const topic = await kafka.createTopic();
        await kafka.produce(topic, [{ value: { n: 0 } }]);
        const server = await serve({ kafkaConfig: newConfig({ 'statistics.interval.ms': 50 }) });
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        await resultOf(client, 'consume');
        await errorOf(client, 'subscribe', topic);
        // At rest, so that what is asked for next is the same.
        await until(() => Kasocki.stats().tailScans === 1 && Kasocki.stats().catchUpScans === 0);
        // Told twenty times a second: from some time on it has received something.
        await until(() => Kasocki.stats().librdkafka.some(({ statistics }) => statistics.rx_bytes > 0));
        const families = parseMetrics(Kasocki.metrics());
        const now = Kasocki.stats();
        const value = (name, labels = {}) => {
            const { samples } = families.get(`kasocki_${name}`);
            return samples.find((sample) => Object.entries(labels).every(([label, wanted]) => sample.labels[label] === wanted))?.value;
        };
        assert.deepEqual(
            ['sockets', 'hubs', 'cursors', 'records_read_total', 'messages_sent_total', 'sent_bytes_total'].map((name) => value(name)),
            [now.sockets, now.hubs, now.cursors, now.recordsRead, now.messagesSent, now.bytesSent],
        );
        assert.equal(value('events_total', { event: 'subscribe' }), now.events.subscribe);
        assert.equal(value('errors_total', { name: 'AlreadySubscribedError' }), now.errors.AlreadySubscribedError);
        assert.equal(value('scans', { kind: 'tail' }), now.tailScans);
        assert.ok(families.get('kasocki_librdkafka_received_bytes_total').samples.some(({ value: bytes }) => bytes > 0));
        for (const [name, { type, help, samples }] of families) {
            assert.match(name, /^kasocki_[a-z_]+$/);
            assert.equal(type, name.endsWith('_total') ? 'counter' : 'gauge', name);
            assert.match(help, /^[A-Z].*\.$/);
            assert.ok(samples.length > 0, name);
            const keys = samples.map(({ labels }) => JSON.stringify(labels));
            assert.equal(new Set(keys).size, keys.length, `${name} has a sample twice`);
        }
        await server.close();
    });

    it('has a bounded number of partitions, those with the largest lags, and escapes labels', () => {
        const { metrics } = require('../lib/metrics.js');
        // A hub that reads more partitions than a test can make.
        const lags = Array.from({ length: 3000 }, (_, n) => ({ topic: n === 2999 ? 'a"\\\nb' : `t${n}`, partition: n, lag: n }));
        const native = new Proxy({}, { get: (_, name) => () => (name === 'lags' ? lags : name === 'stats' ? new Proxy({}, { get: () => 0 }) : 0) });
        hubs.set('many', { number: 77, native, statistics: new Map(), members: 1 });
        try {
            const families = parseMetrics(metrics());
            const { samples } = families.get('kasocki_lag_records');
            assert.equal(samples.length, 1000);
            assert.deepEqual(Math.min(...samples.filter(({ labels }) => labels.hub === '77').map(({ value }) => value)) >= 2000, true);
            assert.ok(samples.some(({ labels, value }) => labels.topic === 'a"\\\nb' && labels.partition === '2999' && value === 2999));
            assert.equal(families.get('kasocki_max_lag_records').samples[0].value, 2999);
        } finally {
            hubs.delete('many');
        }
    });
});

describe('Kasocki.close()', () => {
    let topic;
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
        await kafka.produce(topic, Array.from({ length: 1000 }, (_, n) => ({ value: { n } })));
    });

    it('ends all sockets, who are told and come again, and all hubs; a new one begins anew', async () => {
        const servers = await Promise.all([0, 1].map(() => serve({ hubIdle: 60000, kafkaConfig: newConfig() })));
        const clients = await Promise.all([servers[0], servers[0], servers[1]].map((server) => readyClient(server, {
            reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 100,
        })));
        await Promise.all(clients.map((client) => resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }])));
        clients[0].emit('start');
        await nextEvent(clients[0], 'message');
        const consumed = [];
        await resultOf(clients[1], 'filter', { n: 'none' });
        clients[1].emit('consume', (...answer) => consumed.push(answer));
        const ended = clients.map((client) => Promise.all([nextEvent(client, 'err'), nextEvent(client, 'disconnect')]));
        const back = clients.map((client) => nextEvent(client, 'ready'));
        const closing = Kasocki.close();
        assert.equal(Kasocki.close(), closing);
        assert.equal(await closing, undefined);
        assert.equal(Kasocki.stats().cursors, 0);
        for (const [[{ name }], [reason]] of await Promise.all(ended)) {
            assert.deepEqual([name, reason], ['AlreadyClosingError', 'transport close']);
        }
        await Promise.all(back);
        await resultOf(clients[2], 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        assert.equal((await resultOf(clients[2], 'consume')).n, 0);
        assert.deepEqual(consumed, []);
        await Promise.all(servers.map((server) => server.close()));
        await Kasocki.close();
        assert.equal(hubs.size, 0);
    });

    it('resolves when there is nothing, again and again', async () => {
        for (let i = 0; i < 3; i++) {
            assert.equal(await Kasocki.close(), undefined);
        }
    });

    it('a start, an authorize, a subscribe that are under way end with it; what comes meanwhile fails in the same way', async () => {
        const never = new Promise(() => {});
        const authorize = (socket, topics) => (socket.handshake.query.never || topics.length === 1 ? never : topics);
        const server = await serve({ authorize, logger: memoryLogger() });
        const subscribing = await readyClient(server);
        const heard = record(subscribing, 'err');
        subscribing.emit('subscribe', topic);
        const waiting = server.connect({ query: { never: 1 } });
        const failed = nextEvent(waiting, 'err');
        await until(() => server.kasockis.length === 2);
        await until(() => Kasocki.stats().events.subscribe > 0);
        const closing = Kasocki.close();
        // A socket of this very moment.
        const told = [];
        const socket = { id: 'late', on() {}, emit: (event, error) => told.push([event, error.name]), disconnect: () => told.push('disconnect') };
        const late = new Kasocki(socket, server.options);
        await Promise.all([closing, late.connect(), ...server.kasockis.map((kasocki) => kasocki.connect())]);
        assert.equal((await failed)[0].name, 'AlreadyClosingError');
        assert.deepEqual(told, [['err', 'AlreadyClosingError'], 'disconnect']);
        await until(() => heard.length > 0);
        assert.equal(heard[0][1].name, 'AlreadyClosingError');
        await server.close();
    });

    it('ends a process in good order that has nothing else to do', async () => {
        const { stdout, stderr, code } = await runBody(`
            const { Kasocki, startServer, nextEvent } = support;
            const server = await startServer((socket) => new Kasocki(socket, { kafkaConfig: { 'metadata.broker.list': '${kafka.brokers}' } }));
            const client = server.connect();
            await nextEvent(client, 'ready');
            await server.close();
            // The hub would be kept for half a minute, and does not hold the process.
            await Kasocki.close();
            console.log('closed', Kasocki.stats().hubs);
        `);
        assert.deepEqual([code, stdout], [0, 'closed 0\n'], stderr);
    });
});
