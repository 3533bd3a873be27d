'use strict';

// How a socket gets going: the constructor, `ready`, connect(), both module systems, and which sockets share a hub.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const kafka = require('./support/kafka.js');
const { Kasocki, errorOf, hubs, memoryLogger, newConfig, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { ackOf, nextEvent, record, startServer } = require('./support/server.js');

describe('ready', () => {
    let topic;
    let other;
    let internal;
    let server;
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
        other = await kafka.createTopic({ partitions: 2 });
        internal = await kafka.createTopic({ topic: `__${topic}` });
        server = await serve();
    });
    after(() => server?.close());

    it('names every topic but internal ones', async () => {
        const { topics, errs } = await readyClient(server);
        assert.ok(Array.isArray(topics));
        assert.ok(topics.includes(topic) && topics.includes(other));
        assert.deepEqual(topics.filter((name) => typeof name !== 'string' || name.startsWith('__')), []);
        assert.equal(new Set(topics).size, topics.length);
        assert.deepEqual(errs, []);
    });

    it('comes once, before everything else, with one argument', async () => {
        const client = server.connect();
        const events = [];
        client.onAny((...args) => events.push(args));
        await ackOf(client, 'stop');
        await ackOf(client, 'stop');
        assert.equal(events.length, 1);
        assert.equal(events[0].length, 2);
        assert.equal(events[0][0], 'ready');
    });

    it('comes over long polling and in a namespace too', async () => {
        const chat = await serve({}, { namespace: '/chat' });
        const client = await readyClient(chat, { namespace: '/chat', transports: ['polling'] });
        assert.ok(client.topics.includes(topic));
        await chat.close();
    });

    it('names of the allowed topics those that exist, internal ones too', async () => {
        const allowed = await serve({ allowedTopics: [other, internal, 'no-such-topic'] });
        const { topics } = await readyClient(allowed);
        assert.deepEqual([...topics].sort(), [internal, other].sort());
        await allowed.close();
    });

    for (const [how, options] of [
        ['allowedTopics', (name) => ({ allowedTopics: [name] })],
        ['authorize', (name) => ({ authorize: async (socket, topics) => topics.filter((known) => known === name) })],
    ]) {
        it(`names the only topic of ${how} that was made since Kafka was asked: to be without a topic is not decided on an old list`, async () => {
            const own = await serve();
            await readyClient(own);
            const hub = [...hubs.values()].find(({ native }) => native === own.native());
            const ask = hub.topics;
            // As if the list were some seconds old.
            hub.topics = async (maxAge, timeout) => maxAge < 5000 && ask.call(hub, 0, timeout);
            const late = await kafka.createTopic();
            Object.assign(own.options, options(late));
            assert.deepEqual((await readyClient(own)).topics, [late]);
            await own.close();
        });
    }

    it('tells a socket of one\'s own what a client would be told, as docs/operations.md does it', async () => {
        const page = fs.readFileSync(path.join(__dirname, '../docs/operations.md'), 'utf8');
        const [, sample] = /```js\n([^`]*isReady[^`]*)```/.exec(page);
        const { isReady } = new Function('require', `const module = {}; ${sample}; return module.exports;`)((name) => (name === 'kasocki' ? Kasocki : require(name)));
        const options = { kafkaConfig: newConfig(), hubIdle: 0, logger: memoryLogger() };
        const { sockets } = Kasocki.stats();
        assert.equal(await isReady(options), true);
        assert.equal(await isReady({ ...options, allowedTopics: ['no-such-topic'] }), false);
        assert.equal(await isReady({ ...options, kafkaConfig: { 'metadata.broker.list': '127.0.0.1:1' }, connectTimeout: 100 }), false);
        assert.equal(Kasocki.stats().sockets, sockets);
    });

    it('is followed by topics made later: an unknown name is asked for once more, at most once a second', async () => {
        const client = await readyClient(server);
        const late = await kafka.createTopic();
        assert.ok(!client.topics.includes(late));
        let error;
        let result;
        do {
            [error, result] = await ackOf(client, 'subscribe', late);
        } while (error && error.name === 'TopicNotAvailableError');
        assert.deepEqual([error, result], [null, [{ topic: late, partition: 0, offset: -1 }]]);
        assert.ok((await readyClient(server)).topics.includes(late));
    });
});

describe('new Kasocki()', () => {
    let topic;
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
    });

    it('throws a TypeError for what is no socket', () => {
        for (const socket of [undefined, null, 0, 5, '', 'socket', true, {}, [], () => {}, { on() {} }, new Map(), Symbol('socket')]) {
            assert.throws(() => new Kasocki(socket), TypeError);
            assert.throws(() => new Kasocki(socket, { kafkaConfig: {} }), TypeError);
        }
        assert.throws(() => Kasocki({}), TypeError);
    });

    it('throws a TypeError for a socket that has one', () => {
        const socket = { id: 'one', on() {}, emit() {}, disconnect() {} };
        new Kasocki(socket, { logger: memoryLogger(), kafkaConfig: 5 });
        assert.throws(() => new Kasocki(socket, { kafkaConfig: {} }), { name: 'TypeError', message: /has a Kasocki already/ });
    });

    it('is all that is needed; connect() tells when the start is over, again and again', async () => {
        const events = [];
        const done = [];
        const server = await startServer((socket) => {
            const emit = socket.emit;
            socket.emit = (...args) => {
                events.push(args[0]);
                return emit.apply(socket, args);
            };
            const kasocki = new Kasocki(socket, { kafkaConfig: newConfig(), hubIdle: 0 });
            const promise = kasocki.connect();
            done.push(promise.then((value) => events.push(['connected', value])));
            done.push(kasocki.connect().then(() => kasocki.connect()));
        });
        const client = await readyClient(server);
        await Promise.all(done);
        assert.deepEqual(events, ['ready', ['connected', undefined]]);
        assert.deepEqual(await resultOf(client, 'subscribe', topic), [{ topic, partition: 0, offset: -1 }]);
        await server.close();
    });

    it('has a connect() that resolves also when the start fails, and after the end', async () => {
        for (const options of [
            { kafkaConfig: newConfig({ 'no.such.property': 'x' }) },
            { kafkaConfig: newConfig(), allowedTopics: ['no-such-topic'] },
            { kafkaConfig: { 'metadata.broker.list': '127.0.0.1:1' }, connectTimeout: 50 },
            { kafkaConfig: 5 },
        ]) {
            let kasocki;
            const server = await startServer((socket) => {
                kasocki = new Kasocki(socket, { logger: memoryLogger(), hubIdle: 0, ...options });
            });
            const client = server.connect();
            const [[error]] = await Promise.all([nextEvent(client, 'err'), nextEvent(client, 'disconnect')]);
            assert.equal(error.origin, 'Kasocki');
            assert.equal(await kasocki.connect(), undefined);
            await server.close();
            assert.equal(await kasocki.connect(), undefined);
        }
    });

    it('may come to a socket that is gone already', async () => {
        let kasocki;
        const server = await startServer((socket) => {
            socket.disconnect(true);
            kasocki = new Kasocki(socket, { kafkaConfig: newConfig(), hubIdle: 0 });
        });
        const before = hubs.size;
        const client = server.connect();
        const events = record(client, 'ready', 'err');
        await nextEvent(client, 'disconnect');
        await kasocki.connect();
        assert.deepEqual(events, []);
        assert.equal(hubs.size, before);
        await server.close();
    });

    it('survives a client that leaves during the start', async () => {
        const server = await serve();
        const clients = Array.from({ length: 20 }, () => server.connect());
        await Promise.all(clients.map(async (client, i) => {
            await nextEvent(client, 'connect');
            client.emit('subscribe', topic);
            client.emit('start');
            if (i % 2) {
                client.disconnect();
            }
        }));
        await until(() => server.kasockis.length === 20);
        await Promise.all(server.kasockis.map((kasocki) => kasocki.connect()));
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', topic);
        await until(() => server.native().stats().sessions === 11);
        await server.close();
    });
});

describe('the module', () => {
    it('is the class, by require and by import', async () => {
        const required = require('..');
        assert.equal(required, Kasocki);
        assert.equal(required.Kasocki, Kasocki);
        assert.equal(required.default, Kasocki);
        const imported = await import('../lib/index.mjs');
        assert.equal(imported.default, Kasocki);
        assert.equal(imported.Kasocki, Kasocki);
        assert.equal(imported.createMatcher, Kasocki.createMatcher);
    });

    it('gives its errors, a KasockiError each', async () => {
        const names = ['InvalidAssignmentError', 'TopicNotAvailableError', 'AlreadySubscribedError', 'InvalidFilterError', 'NotSubscribedError',
            'AlreadyStartedError', 'AlreadyClosingError', 'DeserializationError', 'KafkaError', 'LimitExceededError'];
        const imported = await import('../lib/index.mjs');
        for (const name of names) {
            const error = new Kasocki[name]('text', '_CODE');
            assert.ok(error instanceof Kasocki.KasockiError && error instanceof Error, name);
            assert.equal(error.name, name);
            assert.equal(imported[name], Kasocki[name]);
        }
    });

    it('is found by its name from inside', async () => {
        assert.equal(require('kasocki'), Kasocki);
        assert.equal((await import('kasocki')).default, Kasocki);
    });
});

describe('a hub', () => {
    before(kafka.start);

    it('is shared by equal configurations, whatever order, client.id or group they have', async () => {
        const config = newConfig({ 'fetch.wait.max.ms': 50 });
        const equal = [
            config,
            Object.fromEntries(Object.entries(config).reverse()),
            { ...config, 'client.id': 'another' },
            { ...config, 'group.id': 'another', 'enable.auto.commit': true },
            { ...config, 'bootstrap.servers': config['metadata.broker.list'], 'metadata.broker.list': undefined },
            { ...config, 'fetch.wait.max.ms': '50' },
        ];
        const before = hubs.size;
        const servers = [];
        for (const kafkaConfig of equal) {
            const server = await serve({ kafkaConfig });
            servers.push(server);
            await readyClient(server);
            assert.equal(hubs.size, before + 1);
        }
        for (const kafkaConfig of [{ ...config, 'fetch.wait.max.ms': 51 }, { ...config, default_topic_config: { 'auto.offset.reset': 'earliest' } }]) {
            const server = await serve({ kafkaConfig });
            servers.push(server);
            await readyClient(server);
        }
        assert.equal(hubs.size, before + 3);
        await Promise.all(servers.map((server) => server.close()));
        await until(() => hubs.size === before);
    });

    it('is kept for hubIdle after its last socket', async () => {
        const before = hubs.size;
        const kafkaConfig = newConfig();
        const server = await serve({ kafkaConfig, hubIdle: 3600000 });
        const client = await readyClient(server);
        client.disconnect();
        const [hub] = [...hubs.values()].slice(-1);
        await until(() => hub.members === 0);
        assert.equal(hubs.size, before + 1);
        // The next one comes to the same, and takes it along.
        server.options.hubIdle = 0;
        await readyClient(server);
        assert.equal([...hubs.values()].slice(-1)[0], hub);
        await server.close();
        await until(() => hubs.size === before);
    });

    it('keeps no group and no offsets in Kafka', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, ['{"n":1}']);
        const group = kafka.topicName('group');
        const server = await serve({
            kafkaConfig: newConfig({ 'group.id': group, 'enable.auto.commit': true, 'auto.commit.interval.ms': 1, 'enable.auto.offset.store': true }),
        });
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        assert.equal((await resultOf(client, 'consume')).n, 1);
        await server.close();
        const { admin } = await kafka.connect(kafka.brokers);
        const { groups } = await admin.listGroups();
        assert.ok(!groups.some(({ groupId }) => groupId === group));
    });

    it('does not create a topic that a client names', async () => {
        const server = await serve();
        const client = await readyClient(server);
        const name = kafka.topicName();
        assert.equal((await errorOf(client, 'subscribe', name)).name, 'TopicNotAvailableError');
        await server.close();
        const { admin } = await kafka.connect(kafka.brokers);
        assert.ok(!(await admin.listTopics()).includes(name));
    });
});
