'use strict';

// Kafka behind TLS, passwords, tokens and access control lists, over one broker of the tests' own with certificates of the
// tests' own. What is wrong is a named error, and no secret is seen anywhere: in errors, logs, events, statistics.

const assert = require('node:assert/strict');

const { startKafka } = require('./broker');
const { Authority } = require('./support/certificates.js');
const kafka = require('./support/kafka.js');
const { Kasocki, errorOf, hubs, memoryLogger, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { nextEvent } = require('./support/server.js');

const PASSWORDS = { bertha: 'bertha-hunter22', alice: 'alice-hunter33', wrong: 'wrong-hunter44', key: 'key-hunter55' };
/** Parts of secrets, of paths and of users' names that nobody may see. */
const HIDDEN = ['hunter', 'kasocki-certificates-', 'bertha', 'alice'];

/** ACLs in Kafka's numbers, as kafkajs wants them. */
const TOPIC = 2;
const LITERAL = 3;
const ALLOW = 3;
const READ = 3;
const DESCRIBE = 8;

describe('Kafka behind TLS and SASL', function () {
    this.timeout(180000);

    let authority;
    let node;
    let client;
    let topic;
    let seen;
    let hidden;

    before(async () => {
        authority = new Authority();
        const day = 86400000;
        const server = authority.issue('broker');
        const expired = authority.issue('expired', { from: new Date(Date.now() - 3 * day), to: new Date(Date.now() - 2 * day) });
        const keystore = (listener, { certificate, key }) => ({
            [`listener.name.${listener}.ssl.keystore.type`]: 'PEM',
            [`listener.name.${listener}.ssl.keystore.certificate.chain`]: certificate,
            [`listener.name.${listener}.ssl.keystore.key`]: key,
        });
        const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_bertha="${PASSWORDS.bertha}";`;
        node = await startKafka({
            listeners: { TLS: 'SSL', EXPIRED: 'SSL', MUTUAL: 'SSL', LOGIN: 'SASL_SSL' },
            users: { alice: PASSWORDS.alice },
            properties: {
                ...keystore('tls', server),
                ...keystore('expired', expired),
                ...keystore('mutual', server),
                ...keystore('login', server),
                'listener.name.mutual.ssl.client.auth': 'required',
                'listener.name.mutual.ssl.truststore.type': 'PEM',
                'listener.name.mutual.ssl.truststore.certificates': authority.certificate,
                'listener.name.login.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,OAUTHBEARER',
                'listener.name.login.plain.sasl.jaas.config': plain,
                'listener.name.login.scram-sha-256.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
                'listener.name.login.oauthbearer.sasl.jaas.config': 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;',
                'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
                'super.users': 'User:ANONYMOUS',
            },
        });
        client = await kafka.connect(node.brokers);
        [topic, seen, hidden] = await Promise.all([1, 2, 3].map(() => client.createTopic()));
        await client.produce(topic, [{ value: { n: 0 } }, { value: { n: 1 } }]);
        await client.produce(seen, [{ value: { n: 0 } }]);
        const principals = ['User:bertha', 'User:alice', 'User:carol', 'User:CN=page'];
        const rights = [[topic, READ], [topic, DESCRIBE], [seen, DESCRIBE]];
        await client.admin.createAcls({
            acl: principals.flatMap((principal) => rights.map(([resourceName, operation]) => (
                { resourceType: TOPIC, resourceName, resourcePatternType: LITERAL, principal, host: '*', operation, permissionType: ALLOW }
            ))),
        });
    });
    after(async () => {
        await client?.close();
        await node?.close();
        authority?.close();
    });

    /** A configuration of one listener, that trusts our authority and lets librdkafka talk. */
    const on = (listener, more) => ({
        'metadata.broker.list': node.address(listener),
        'security.protocol': listener === 'LOGIN' ? 'sasl_ssl' : 'ssl',
        'ssl.ca.pem': authority.certificate,
        'statistics.interval.ms': 100,
        'debug': 'security,broker,conf',
        ...more,
    });
    const login = (mechanism, user, password) => on('LOGIN', { 'sasl.mechanism': mechanism, 'sasl.username': user, 'sasl.password': password });

    /** Starts a server that writes down everything it says. */
    async function listening(kafkaConfig, options) {
        const heard = [];
        const hear = (event) => heard.push(event.message, event);
        const kafkaEventHandlers = Object.fromEntries(['error', 'log', 'stats', 'throttle'].map((name) => [`event.${name}`, hear]));
        const logger = memoryLogger();
        const server = await serve({ kafkaConfig, kafkaEventHandlers, logger, ...options });
        return Object.assign(server, { logger, heard });
    }

    /** Nothing of what must stay hidden was said anywhere. */
    function assertQuiet({ logger, heard }, ...more) {
        const text = JSON.stringify([logger.lines, heard, Kasocki.stats(), Kasocki.metrics(), more]);
        const told = HIDDEN.filter((secret) => text.includes(secret));
        const lines = told.flatMap((secret) => logger.lines.filter((line) => JSON.stringify(line).includes(secret)));
        assert.deepEqual([told, lines], [[], []]);
    }

    /** Reads the topic with its rights, and looks whether anything was said on the way. */
    async function works(kafkaConfig) {
        const server = await listening(kafkaConfig);
        const socket = await readyClient(server);
        await resultOf(socket, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        assert.equal((await resultOf(socket, 'consume')).n, 0);
        assert.equal((await resultOf(socket, 'consume')).n, 1);
        await until(() => Kasocki.stats().librdkafka.length > 0);
        assertQuiet(server, socket.errs, socket.topics);
        assert.deepEqual(socket.errs, []);
        await server.close();
        return socket.topics;
    }

    /** A start that fails and does not heal. */
    async function fails(kafkaConfig, code) {
        const server = await listening(kafkaConfig);
        const socket = server.connect();
        const ended = nextEvent(socket, 'disconnect');
        const [error] = await nextEvent(socket, 'err');
        const [reason] = await ended;
        assert.deepEqual([error.name, error.code, reason], ['KafkaError', code, 'io server disconnect']);
        assert.ok(server.logger.lines.some(({ level, err }) => level === 'error' && err?.code === code));
        assertQuiet(server, error);
        await server.close();
        return server.logger.lines;
    }

    /**
     * A broker that does not like the client's certificate hangs up: with TLS 1.3 after a handshake that was well for the
     * client, who cannot tell it from a lost connection.
     */
    async function hangsUp(kafkaConfig) {
        const server = await listening(kafkaConfig, { connectTimeout: 2000 });
        const socket = server.connect();
        const [error] = await nextEvent(socket, 'err');
        assert.equal(error.name, 'KafkaError');
        assert.match(error.code, /^(_SSL|_TRANSPORT|_TIMED_OUT)$/);
        assertQuiet(server, error);
        await server.close();
    }

    describe('TLS', () => {
        it('with an authority of one\'s own, as text or as a file', async () => {
            await works(on('TLS'));
            const file = authority.write('trusted.pem', authority.certificate);
            await works(on('TLS', { 'ssl.ca.pem': undefined, 'ssl.ca.location': file }));
        });

        it('without one, Node\'s own are trusted: ours is none of them', async () => {
            const lines = await fails(on('TLS', { 'ssl.ca.pem': undefined }), '_SSL');
            assert.ok(lines.some(({ text }) => /certificate/.test(text)), 'the log says why');
        });

        it('an expired certificate of the broker', async () => {
            await fails(on('EXPIRED'), '_SSL');
        });

        it('a certificate for another name', async () => {
            await fails(on('TLS', { 'metadata.broker.list': node.address('TLS').replace('127.0.0.1', 'localhost') }), '_SSL');
        });

        it('with a certificate of the client\'s, whose key has a password', async () => {
            const { certificate, key } = authority.issue('page', { password: PASSWORDS.key });
            const config = (password) => on('MUTUAL', { 'ssl.certificate.pem': certificate, 'ssl.key.pem': key, 'ssl.key.password': password });
            assert.deepEqual((await works(config(PASSWORDS.key))).sort(), [topic, seen].sort());
            await fails(config(PASSWORDS.wrong), '_INVALID_ARG');
            await hangsUp(on('MUTUAL'));
        });

        it('an expired certificate of the client', async () => {
            const { certificate, key } = authority.issue('page', { from: new Date(0), to: new Date(86400000) });
            await hangsUp(on('MUTUAL', { 'ssl.certificate.pem': certificate, 'ssl.key.pem': key }));
        });
    });

    describe('SASL over TLS', () => {
        for (const [mechanism, user] of [['PLAIN', 'bertha'], ['SCRAM-SHA-256', 'alice']]) {
            it(`${mechanism}: the right password, a wrong one, a wrong user`, async () => {
                await works(login(mechanism, user, PASSWORDS[user]));
                await fails(login(mechanism, user, PASSWORDS.wrong), '_AUTHENTICATION');
                await fails(login(mechanism, `${user}2`, PASSWORDS[user]), '_AUTHENTICATION');
            });
        }

        it('a mechanism that the broker has not', async () => {
            await fails(login('SCRAM-SHA-512', 'alice', PASSWORDS.alice), '_AUTHENTICATION');
        });
    });

    describe('rights on topics alone, none on groups', () => {
        it('are enough; a topic without any is as if it were not there', async () => {
            const server = await listening(login('PLAIN', 'bertha', PASSWORDS.bertha));
            const socket = await readyClient(server);
            assert.deepEqual(socket.topics.sort(), [topic, seen].sort());
            const error = await errorOf(socket, 'subscribe', hidden);
            assert.equal(error.name, 'TopicNotAvailableError');
            assertQuiet(server, error);
            await server.close();
        });

        it('to describe and not to read: a KafkaError names it, and the socket lives', async () => {
            const server = await listening(login('PLAIN', 'bertha', PASSWORDS.bertha));
            const socket = await readyClient(server);
            const err = nextEvent(socket, 'err');
            await resultOf(socket, 'subscribe', [{ topic: seen, partition: 0, offset: 0 }]);
            await resultOf(socket, 'start');
            const [error] = await err;
            assert.deepEqual([error.name, error.code], ['KafkaError', 'TOPIC_AUTHORIZATION_FAILED']);
            await resultOf(socket, 'stop');
            assertQuiet(server, error);
            await server.close();
        });
    });

    describe('SASL/OAUTHBEARER over TLS, by a function', () => {
        const SETTINGS = 'clientId=bertha-hunter66 scope=hunter77';
        const bearer = (fn, more) => on('LOGIN', {
            'sasl.mechanism': 'OAUTHBEARER', 'sasl.oauthbearer.config': SETTINGS, 'oauthbearer_token_refresh_cb': fn, ...more,
        });

        /** An unsecured JWS, which Kafka takes in its development setup. */
        function tokenOf(principal, lifetime = Date.now() + 3600000) {
            const part = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');
            const claims = { sub: principal, iat: Math.floor(Date.now() / 1000) - 10, exp: Math.ceil(lifetime / 1000), hunter: 'hunter88' };
            return { value: `${part({ alg: 'none' })}.${part(claims)}.`, principal, lifetime };
        }

        it('gets the configuration, and gives a token or a Promise of one', async () => {
            const configs = [];
            const give = (config) => {
                configs.push(config);
                return tokenOf('carol');
            };
            assert.deepEqual((await works(bearer(give))).sort(), [topic, seen].sort());
            await works(bearer(async (config) => ({ ...give(config), extensions: { traceId: '123' } })));
            assert.ok(configs.length >= 2 && configs.every((config) => config === SETTINGS));
        });

        it('is asked again before the token ends; reading goes on', async () => {
            let calls = 0;
            const give = async () => {
                calls++;
                return tokenOf('carol', Date.now() + 5000);
            };
            const server = await listening(bearer(give));
            const socket = await readyClient(server);
            await resultOf(socket, 'subscribe', topic);
            const before = calls;
            await until(() => calls >= before + 2);
            await client.produce(topic, [{ value: { n: 'later' } }]);
            assert.equal((await resultOf(socket, 'consume')).n, 'later');
            assert.deepEqual(socket.errs, []);
            assertQuiet(server);
            await server.close();
        });

        const token = tokenOf('carol');
        const faults = {
            'throws': () => {
                throw new Error(`no token for ${SETTINGS}`);
            },
            'throws no Error': () => {
                throw PASSWORDS.wrong;
            },
            'rejects': () => Promise.reject(new Error(`no token for ${SETTINGS}`)),
            'gives nothing': () => undefined,
            'gives a text': () => token.value,
            'gives no value': () => ({ ...token, value: '' }),
            'gives no principal': () => ({ ...token, principal: undefined }),
            'gives a lifetime that has ended': () => ({ ...token, lifetime: Date.now() - 1 }),
            'gives a lifetime in the form of a text': () => ({ ...token, lifetime: '9999999999999' }),
            'gives extensions that are none': () => ({ ...token, extensions: 'hunter99' }),
            'gives extensions that are no texts': () => ({ ...token, extensions: { a: 1 } }),
            'gives an extension with a name that cannot be': () => ({ ...token, extensions: { 'hunter-99': 'hunter99' } }),
            'gives a value that cannot be': () => ({ ...token, value: 'hunter99\u0001' }),
            'gives a token that Kafka does not take': () => ({ ...token, value: 'hunter99.hunter99.hunter99' }),
        };
        for (const [name, fault] of Object.entries(faults)) {
            it(`that ${name}: a named error, and no secret`, async () => {
                const lines = await fails(bearer(fault), '_AUTHENTICATION');
                const own = lines.filter(({ text }) => text === 'There is no new OAUTHBEARER token');
                if (!/cannot be|Kafka/.test(name)) {
                    assert.ok(own.length > 0 && own.every(({ level, err }) => level === 'error' && err.message.length > 10));
                }
                if (name === 'throws' || name === 'rejects') {
                    assert.match(own[0].err.message, /^no token for clientId=\*\*\* scope=\*\*\*$/);
                }
            });
        }

        it('that never answers: the start takes as long as it may, and heals', async () => {
            const server = await listening(bearer(() => new Promise(() => {})), { connectTimeout: 1000 });
            const socket = server.connect();
            const ended = nextEvent(socket, 'disconnect');
            const [error] = await nextEvent(socket, 'err');
            assert.equal(error.name, 'KafkaError');
            assert.deepEqual(await ended.then(([reason]) => reason), 'transport close');
            assertQuiet(server, error);
            await server.close();
        });

        it('no function at all: a named error', async () => {
            await fails(bearer(undefined), '_AUTHENTICATION');
        });

        it('something else than a function is refused', async () => {
            await fails(bearer('hunter22'), '_INVALID_ARG');
        });

        it('sockets share a hub if they give the same function', async () => {
            const give = () => tokenOf('carol');
            const server = await listening(bearer(give), { hubIdle: 1000 });
            const before = hubs.size;
            await readyClient(server);
            server.options.kafkaConfig = bearer(give);
            await readyClient(server);
            assert.equal(hubs.size, before + 1);
            server.options.kafkaConfig = bearer(() => tokenOf('carol'));
            await readyClient(server);
            assert.equal(hubs.size, before + 2);
            await server.close();
        });
    });
});
