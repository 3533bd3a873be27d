'use strict';

// The programs in examples/, run as they are: servers and clients as processes, on the mock cluster.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { io } = require('socket.io-client');

const { NativeMockCluster, NativeProducer } = require('../lib/native.js');
const program = require('./support/program.js');

const LISTENING = /Listening on (http:\/\/localhost:\d+)/;

describe('the examples', () => {
    let cluster;
    let producer;
    const programs = [];
    const clients = [];

    before(() => {
        cluster = new NativeMockCluster(1);
        producer = new NativeProducer([['bootstrap.servers', cluster.bootstrapServers]]);
    });
    afterEach(async () => {
        clients.splice(0).forEach((client) => client.disconnect());
        await Promise.all(programs.splice(0).map((one) => one.end()));
    });
    after(() => {
        producer.close();
        cluster.close();
    });

    function start(name, args = [], env = {}) {
        const started = program.start([path.join(__dirname, '../examples', name), ...args], env);
        programs.push(started);
        return started;
    }

    /** @returns {Promise<{ server: object, url: string }>} an example that listens */
    async function serve(name) {
        const server = start(name, [], { KAFKA_BROKERS: cluster.bootstrapServers, PORT: '0' });
        const [, url] = await server.printed(LISTENING);
        return { server, url };
    }

    /** A topic of one partition with these values. */
    async function topicWith(name, ...values) {
        cluster.createTopic(name, 1);
        await write(name, ...values);
        return name;
    }

    async function write(topic, ...values) {
        for (const value of values) {
            producer.produce(topic, 0, null, typeof value === 'string' ? value : JSON.stringify(value), []);
        }
        await producer.flush(10000);
    }

    /** A client of our own that reads a topic from its beginning. */
    async function readFrom(url, topic, filters) {
        const client = io(url, { forceNew: true });
        clients.push(client);
        await once(client, 'ready');
        if (filters) {
            client.emit('filter', filters);
        }
        client.emit('subscribe', [{ topic, partition: 0, offset: -2 }]);
        return client;
    }

    const consume = (client) => new Promise((resolve, reject) => {
        client.emit('consume', (error, message) => (error ? reject(error) : resolve(message)));
    });

    it('server.js and client.js: from Kafka to the terminal', async () => {
        const [first, second] = [await topicWith('first'), await topicWith('second')];
        const { server, url } = await serve('server.js');
        const client = start('client.js', [first, second], { KASOCKI_URL: url });
        await client.printed(/^subscribed: .*"partition":0,"offset":-1/m);
        await write(first, { n: 1 });
        await client.printed(/^\{"n":1,"_kafka":\{"topic":"first","partition":0,"offset":0,/m);
        await write(second, { n: 2 });
        await client.printed(/^\{"n":2,"_kafka":\{"topic":"second",/m);
        assert.match(client.stdout, /^topics: .*\bfirst\b.*\n/);
        assert.equal(client.stderr, '');
        assert.equal(server.stderr, '');
    });

    it('client.js: says what is wrong, and ends', async () => {
        const topic = await topicWith('existing');
        const { url } = await serve('server.js');
        const client = start('client.js', [topic, 'missing'], { KASOCKI_URL: url });
        await client.ended;
        assert.match(client.stderr, /^TopicNotAvailableError: Topic "missing" is not available$/m);
    });

    it('filter.js: some of the messages', async () => {
        const topic = await topicWith('edits');
        const { url } = await serve('server.js');
        const filters = { 'user.bot': false, wiki: '/^(de|en)wiki$/' };
        const client = start('filter.js', [topic, JSON.stringify(filters)], { KASOCKI_URL: url });
        await client.printed(/^filter: \{"user.bot":false,"wiki":"\/\^\(de\|en\)wiki\$\/"\}\nwaiting/);
        await write(topic, { wiki: 'frwiki', user: { bot: false } }, { wiki: 'enwiki', user: { bot: true } },
            { wiki: 'enwiki', user: {} }, { wiki: 'dewiki', user: { bot: false } });
        await client.printed(/^\{"wiki":"dewiki".*"offset":3,/m);
        assert.equal(client.stdout.split('\n').filter((line) => line.startsWith('{')).length, 1);
        assert.equal(client.stderr, '');
    });

    it('filter.js: a filter that can not be', async () => {
        const topic = await topicWith('unfiltered');
        const { url } = await serve('server.js');
        const client = start('filter.js', [topic, '{ "a": { "b": 1 } }'], { KASOCKI_URL: url });
        await client.ended;
        assert.match(client.stderr, /^InvalidFilterError: .*"a"/m);
    });

    it('consume.js: one by one, and then no more', async () => {
        const topic = await topicWith('tasks', ...[0, 1, 2, 3, 4].map((n) => ({ n })));
        const { url } = await serve('server.js');
        const client = start('consume.js', [topic, '4'], { KASOCKI_URL: url });
        assert.deepEqual(await client.ended, { code: 0, signal: null });
        const lines = client.stdout.trim().split('\n');
        assert.deepEqual(lines.map((line) => line.slice(0, 10)), ['0: {"n":0,', '1: {"n":1,', '2: {"n":2,', '3: {"n":3,']);
    });

    it('consume.js: an error', async () => {
        await topicWith('other');
        const { url } = await serve('server.js');
        const client = start('consume.js', ['nothing', '1'], { KASOCKI_URL: url });
        assert.deepEqual(await client.ended, { code: 1, signal: null });
        assert.match(client.stderr, /^TopicNotAvailableError/);
    });

    it('deserializer.js: records that are not JSON', async () => {
        const topic = await topicWith('logs', 'level=warn took=431', 'nonsense', 'level=info took=2', 'level=warn took=9');
        const { server, url } = await serve('deserializer.js');
        const client = await readFrom(url, topic, { level: 'warn' });
        assert.deepEqual(await consume(client), { level: 'warn', took: '431', offset: 0 });
        assert.deepEqual(await consume(client), { level: 'warn', took: '9', offset: 3 });
        client.disconnect();
        await server.end();
        assert.match(server.stderr, /neither a name nor a value/);
    });

    it('matcher-factory.js: filters of another kind', async () => {
        const topic = await topicWith('readings', { celsius: 19 }, { celsius: 21 }, { celsius: 30 }, { celsius: 25 });
        const { url } = await serve('matcher-factory.js');
        const client = await readFrom(url, topic, { celsius: [20, 25] });
        assert.equal((await consume(client)).celsius, 21);
        assert.equal((await consume(client)).celsius, 25);
        const error = await new Promise((resolve) => client.emit('filter', { celsius: 20 }, resolve));
        assert.equal(error.name, 'InvalidFilterError');
        assert.match(error.message, /"celsius" must be an array of two numbers/);
    });

    it('pino.js: what happens is logged, with the socket', async () => {
        const { server, url } = await serve('pino.js');
        const client = await readFrom(url, await topicWith('logged'));
        await new Promise((resolve) => client.emit('subscribe', 'logged', resolve));
        const [line] = await server.printed(/^.*AlreadySubscribed.*$/m);
        const { name, socket, err } = JSON.parse(line);
        assert.deepEqual([name, socket, err.name], ['example', client.id, 'AlreadySubscribedError']);
    });
});
