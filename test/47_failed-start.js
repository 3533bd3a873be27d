'use strict';

// Starts that fail: Kafka is not there, the configuration is refused, the password is wrong. What the client is told, which
// connection is closed, and what the log shows.

const assert = require('node:assert/strict');

const { startKafka } = require('./broker');
const { freePort } = require('./broker/ports.js');
const Proxy = require('./broker/proxy.js');
const kafka = require('./support/kafka.js');
const { Kasocki, memoryLogger, newConfig, readyClient, resultOf, serve } = require('./support/kasocki.js');
const { ackOf, nextEvent, startServer } = require('./support/server.js');
const { runBody } = require('./support/program.js');

/**
 * Connects to a server whose start fails.
 *
 * @param {object} server - of serve()
 * @returns {Promise<{ error: object, reason: string, events: string[], acks: any[][] }>} the `err`, why the connection ended, all
 *     events in order, and how events sent at once were acknowledged
 */
async function failure(server) {
    const client = server.connect();
    const events = [];
    const acks = [];
    client.onAny((event) => events.push(event));
    for (const event of ['subscribe', 'start', 'consume']) {
        client.emit(event, 'topic', (...args) => acks.push([event, ...args]));
    }
    const ended = nextEvent(client, 'disconnect');
    const [error] = await nextEvent(client, 'err');
    const [reason] = await ended;
    return { error, reason, events, acks };
}

describe('a start without Kafka', function () {
    this.timeout(180000);

    let node;
    after(() => node && node.close());

    it('is an err within connectTimeout; the transport is closed, so that the client comes again', async () => {
        const logger = memoryLogger();
        const port = await freePort();
        const server = await serve({ logger, connectTimeout: 500, kafkaConfig: { 'metadata.broker.list': `127.0.0.1:${port}` } });
        const since = performance.now();
        const { error, reason, events, acks } = await failure(server);
        const took = performance.now() - since;
        assert.ok(took >= 400, `${took}`);
        assert.deepEqual([error.name, error.origin, typeof error.socket], ['KafkaError', 'Kasocki', 'string']);
        assert.match(error.code, /^_?[A-Z_]+$/);
        assert.ok(!JSON.stringify(error).includes(port) && !JSON.stringify(error).includes('127.0.0.1'), JSON.stringify(error));
        assert.equal(reason, 'transport close');
        assert.ok(!events.includes('ready'));
        // Events that waited for the start are answered before the end.
        assert.deepEqual(acks.map(([event, { name }, result]) => [event, name, result]), [
            ['subscribe', 'AlreadyClosingError', null], ['start', 'AlreadyClosingError', null], ['consume', 'AlreadyClosingError', null],
        ]);
        assert.ok(logger.lines.some(({ level, err }) => level === 'error' && err?.code === error.code));
        // The next one on the same hub fails as well, and as late.
        assert.equal((await failure(server)).error.name, 'KafkaError');
        await server.close();
    });

    it('heals: the page is served by its own reconnect once Kafka is back', async () => {
        node = await startKafka();
        const client = await kafka.connect(node.brokers);
        const topic = await client.createTopic();
        await client.produce(topic, [{ value: { n: 0 } }]);
        await client.close();
        await node.stop();

        const server = await serve({ connectTimeout: 1000, hubIdle: 30000, kafkaConfig: { 'metadata.broker.list': node.brokers } });
        const page = server.connect({ reconnection: true, reconnectionDelay: 100, reconnectionDelayMax: 500 });
        const errors = [];
        page.on('err', ({ name }) => errors.push(name));
        page.on('ready', () => {
            page.emit('subscribe', [{ topic, partition: 0, offset: 0 }]);
            page.emit('start');
        });
        const message = nextEvent(page, 'message');
        await nextEvent(page, 'err');
        await nextEvent(page, 'connect');
        await nextEvent(page, 'err');
        await node.start();
        const [{ n }] = await message;
        assert.equal(n, 0);
        assert.ok(errors.length >= 2 && errors.every((name) => name === 'KafkaError'), errors.join());
        await server.close();
    });

    it('goes on when Kafka goes away and comes back after the start', async () => {
        node = node || (await startKafka());
        const outside = await kafka.connect(node.brokers);
        const topic = await outside.createTopic();
        await outside.produce(topic, [{ value: { n: 0 } }]);
        const server = await serve({ kafkaConfig: { 'metadata.broker.list': node.brokers, 'reconnect.backoff.max.ms': 500 } });
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        const messages = [];
        client.on('message', ({ n }) => messages.push(n));
        client.emit('start');
        await nextEvent(client, 'message');
        await node.stop();
        // Nothing of ours needs Kafka for these.
        await resultOf(client, 'filter', { n: [0, 1, 2] });
        await resultOf(client, 'stop');
        await resultOf(client, 'start');
        await node.start();
        const again = await kafka.connect(node.brokers);
        await again.produce(topic, [{ value: { n: 1 } }, { value: { n: 2 } }]);
        while (messages.length < 3) {
            await nextEvent(client, 'message');
        }
        assert.deepEqual(messages, [0, 1, 2]);
        assert.equal(client.connected, true);
        await Promise.all([again.close(), outside.close(), server.close()]);
    });

    it('is quiet on stderr and ends the process in good order', async () => {
        const { stdout, stderr, code } = await runBody(`
            const { Kasocki, startServer, nextEvent } = support;
            process.on('unhandledRejection', () => process.exit(7));
            const server = await startServer((socket) => new Kasocki(socket, { connectTimeout: 200, kafkaConfig: { 'metadata.broker.list': '127.0.0.1:1' } }));
            for (let i = 0; i < 3; i++) {
                const client = server.connect();
                await nextEvent(client, 'disconnect');
            }
            await server.close();
            console.log('alive');
        `);
        assert.deepEqual([code, stdout], [0, 'alive\n'], stderr);
        const lines = stderr.trim().split('\n').map((line) => JSON.parse(line));
        assert.ok(lines.every(({ name, level }) => name === 'kasocki' && level >= 40));
        assert.ok(lines.some(({ socket, count }) => socket && count === 1));
        assert.ok(lines.length < 30, `${lines.length} lines`);
    });
});

describe('a start with options that can not be', () => {
    /** Nowhere, not even in part, may this be seen. */
    const SECRET = 'hunter22';

    /** @returns {Promise<object>} the err of a start that can not heal */
    async function refused(options, logger = memoryLogger()) {
        const server = await startServer((socket) => new Kasocki(socket, typeof options === 'object' && !Array.isArray(options) ? { logger, ...options } : options));
        const { error, reason, events, acks } = await failure(server);
        assert.equal(reason, 'io server disconnect');
        assert.ok(!events.includes('ready'));
        // The start may have failed before they arrived.
        assert.ok(acks.every(([, { name }]) => name === 'AlreadyClosingError'));
        for (const text of [JSON.stringify(error), JSON.stringify(logger.lines)]) {
            assert.ok(!text.includes(SECRET), text);
        }
        assert.ok(!('stack' in error));
        if (logger.lines.length > 0) {
            assert.ok(logger.lines.some(({ level, err }) => ['error', 50].includes(level) && err.message === error.message));
        }
        await server.close();
        return error;
    }

    const configs = [
        { 'no.such.property': SECRET },
        { [`no.such.${'x'.repeat(5000)}`]: SECRET },
        { 'socket.timeout.ms': SECRET },
        { 'socket.timeout.ms': -5 },
        { 'security.protocol': SECRET },
        { 'sasl.mechanism': SECRET, 'security.protocol': 'sasl_plaintext' },
        { 'auto.offset.reset': SECRET },
        { 'default_topic_config': { 'auto.offset.reset': SECRET } },
        { 'default_topic_config': { 'no.such': SECRET } },
        { 'default_topic_config': SECRET },
        { 'default_topic_config': [SECRET] },
        { 'debug': SECRET },
        { 'ssl.ca.location': `/tmp/${SECRET}`, 'security.protocol': 'ssl' },
        { 'ssl.key.pem': SECRET, 'security.protocol': 'ssl' },
        { 'ssl.key.password': SECRET, 'ssl.keystore.location': `/tmp/${SECRET}`, 'security.protocol': 'ssl' },
        { 'sasl.password': { [SECRET]: SECRET } },
        { 'sasl.password': [SECRET] },
        { 'sasl.password': null },
        { 'sasl.password': () => SECRET },
        { 'sasl.password': `${SECRET}\0` },
        { 'fetch.wait.max.ms': NaN },
        { 'plugin.library.paths': SECRET },
        { 'interceptors': SECRET },
        { 'compression.codec': SECRET },
        { 'metadata.broker.list': '' },
        { 'bootstrap.servers': ' , ,' },
    ];
    for (const config of configs) {
        const [name] = Object.keys(config);
        it(`kafkaConfig, ${name.slice(0, 40)}: a KafkaError that shows no value`, async () => {
            const error = await refused({ kafkaConfig: { 'metadata.broker.list': '127.0.0.1:1', ...config } });
            assert.equal(error.name, 'KafkaError');
            assert.equal(typeof error.code, 'string');
            assert.ok(JSON.stringify(error).length < 2500);
        });
    }

    it('names the option or the property', async () => {
        for (const [options, part] of [
            [{ kafkaConfig: { 'socket.timeout.ms': SECRET } }, 'socket.timeout.ms'],
            [{ kafkaConfig: { 'no.such.property': SECRET } }, 'no.such.property'],
            [{ kafkaConfig: SECRET }, 'kafkaConfig'],
            [{ allowedTopics: SECRET }, 'allowedTopics'],
            [{ limits: { consumes: SECRET } }, 'consumes'],
            [{ fields: { drop: ['_kafka.key'] } }, 'metadata'],
            [{ kafkaEventHandlers: { 'ready': () => {}, 'event.stat': () => {} } }, 'event.stat'],
        ]) {
            assert.ok((await refused(options)).message.includes(part));
        }
    });

    const bad = {
        kafkaConfig: [5, 'text', true, [], () => {}],
        allowedTopics: ['topic', 5, {}, [5], [null], [''], ['a b'], new Set(['a'])],
        authorize: ['text', 5, {}, true, []],
        filter: [5, true],
        fields: ['a', 5, true, [], {}, { only: 'a' }, { only: [] }, { only: ['a'], drop: ['a'] }],
        deserializer: ['text', 5, {}, true],
        matcherFactory: ['text', 5, {}, true],
        metadataField: ['', 5, true, {}, []],
        kafkaEventHandlers: [5, 'text', { 'event.stats': 5 }, { 'event.stats': null }, [() => {}]],
        statsd: [5, 'text', {}, { increment() {} }],
        connectTimeout: [0, -1, NaN, Infinity, '5', {}, 2 ** 31],
        hubIdle: [-1, NaN, Infinity, '5', {}],
        limits: [5, 'text', [], { consumes: 0 }, { depth: -1 }, { events: 1.5 }, { bytesInFlight: '5' }, { assignments: Infinity }],
        logger: [5, 'text', true],
    };
    for (const [name, values] of Object.entries(bad)) {
        it(`${name} of a wrong kind`, async () => {
            for (const value of values) {
                const logger = memoryLogger();
                const write = process.stderr.write;
                if (name === 'logger') {
                    // The default one has to do.
                    process.stderr.write = (line) => logger.error(JSON.parse(line), '');
                }
                try {
                    const error = await refused({ kafkaConfig: { 'metadata.broker.list': '127.0.0.1:1' }, [name]: value }, logger);
                    assert.ok(error.message.includes(name), error.message);
                } finally {
                    process.stderr.write = write;
                }
            }
        });
    }

    it('of a crowd fill no log: a line of each fault in a while', async () => {
        const logger = memoryLogger();
        const told = () => logger.lines.filter(({ socket, level }) => socket && level === 'error');
        const bad = [{ connectTimeout: 'soon' }, { hubIdle: 'late' }];
        const crowd = 40;
        const server = await startServer((socket) => new Kasocki(socket, { logger, ...bad[0] }));
        await Promise.all(Array.from({ length: crowd }, () => failure(server)));
        await server.close();
        const lines = told();
        assert.ok(lines.length > 0 && lines.length < crowd / 2, `${lines.length} lines`);
        assert.ok(lines.every(({ err }) => err.message === lines[0].err.message));
        assert.ok(lines.reduce((sum, { count }) => sum + count, 0) <= crowd);
        // Another fault is told at once.
        await refused(bad[1], logger);
        const last = told().at(-1);
        assert.match(last.err.message, /hubIdle/);
        assert.equal(last.count, 1);
    });

    it('options that are no object, and members whose getters throw', async () => {
        const write = process.stderr.write;
        process.stderr.write = () => true;
        try {
            for (const options of ['text', 5, true, [], () => {}]) {
                const error = await refused(options);
                assert.match(error.message, /options/);
            }
        } finally {
            process.stderr.write = write;
        }
        const throwing = Object.defineProperty({ connectTimeout: 100, kafkaConfig: { 'metadata.broker.list': '127.0.0.1:1' } }, 'allowedTopics', {
            enumerable: true,
            get() {
                throw new Error('getter');
            },
        });
        const server = await startServer((socket) => {
            throwing.logger = memoryLogger();
            new Kasocki(socket, throwing);
        });
        const { error } = await failure(server);
        assert.equal(error.origin, 'Kasocki');
        await server.close();
    });

    describe('on a Kafka', () => {
        before(kafka.start);

        it('no topic available: a TopicNotAvailableError', async () => {
            const error = await refused({ kafkaConfig: newConfig(), hubIdle: 0, allowedTopics: ['no-such-topic'] });
            assert.deepEqual([error.name, error.allowedTopics, error.availableTopics], ['TopicNotAvailableError', ['no-such-topic'], []]);
        });

        it('one socket with bad options harms none with good ones', async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, [{ value: { n: 0 } }]);
            const good = await serve();
            const client = await readyClient(good);
            await refused({ kafkaConfig: { ...good.options.kafkaConfig, 'no.such.property': 1 } });
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
            assert.equal((await resultOf(client, 'consume')).n, 0);
            await good.close();
        });
    });
});

describe('a start with a wrong password', function () {
    this.timeout(180000);

    const PASSWORD = 'right-password-1';
    const WRONG = 'wrong-password-2';
    const passwordAt = (listener, password) => ({
        [`listener.name.${listener}.sasl.enabled.mechanisms`]: 'PLAIN',
        [`listener.name.${listener}.plain.sasl.jaas.config`]:
            `org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="${password}";`,
    });
    let node;
    let topic;
    before(async () => {
        node = await startKafka({
            listeners: { SASL: 'SASL_PLAINTEXT', CHANGED: 'SASL_PLAINTEXT' },
            properties: { ...passwordAt('sasl', PASSWORD), ...passwordAt('changed', WRONG) },
        });
        const client = await kafka.connect(node.brokers);
        topic = await client.createTopic();
        await client.produce(topic, [{ value: { n: 0 } }]);
        await client.close();
    });
    after(() => node && node.close());

    const config = (password) => ({
        'metadata.broker.list': node.address('SASL'),
        'security.protocol': 'sasl_plaintext',
        'sasl.mechanism': 'PLAIN',
        'sasl.username': 'alice',
        'sasl.password': password,
    });

    it('is an err that can not heal: the client is told to stay away, each time', async () => {
        const logger = memoryLogger();
        const server = await serve({ logger, kafkaConfig: config(WRONG), hubIdle: 30000 });
        // librdkafka tells of the first two refusals of a broker, and then of one every 30 s.
        for (let i = 0; i < 6; i++) {
            const { error, reason } = await failure(server);
            assert.deepEqual([error.name, error.code], ['KafkaError', '_AUTHENTICATION']);
            assert.equal(reason, 'io server disconnect');
            assert.ok(!JSON.stringify(error).includes('alice') && !JSON.stringify(error).includes('127.0.0.1'));
        }
        assert.ok(!JSON.stringify(logger.lines).includes(WRONG));
        server.options.hubIdle = 0;
        await server.close();
    });

    it('heals by itself once Kafka takes it', async () => {
        const network = await Proxy.start(node.address('SASL'));
        const server = await serve({ kafkaConfig: { ...config(WRONG), 'metadata.broker.list': network.address }, hubIdle: 30000 });
        const hub = () => Kasocki.stats().hubs;
        const before_ = hub();
        assert.equal((await failure(server)).error.code, '_AUTHENTICATION');
        // As if the password had been changed at Kafka to the one we have.
        network.redirect(node.address('CHANGED'));
        network.drop();
        for (let healed = false; !healed;) {
            const client = server.connect();
            const [event] = await Promise.race(['ready', 'err'].map(async (name) => [name, await nextEvent(client, name)]));
            healed = event === 'ready';
        }
        assert.equal(hub(), before_ + 1);
        server.options.hubIdle = 0;
        await server.close();
        await network.close();
    });

    it('and with the right one all is well', async () => {
        const logger = memoryLogger();
        const server = await serve({ logger, kafkaConfig: config(PASSWORD) });
        const client = await readyClient(server);
        assert.deepEqual(client.topics, [topic]);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        assert.equal((await resultOf(client, 'consume')).n, 0);
        assert.deepEqual(await ackOf(client, 'stop'), [null, null]);
        assert.deepEqual(logger.lines, []);
        await server.close();
    });
});
