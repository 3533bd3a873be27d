'use strict';

// The option `authorize`: which topics a socket may see. Asked at the start and at each subscribe; it may be slow, fail,
// or never answer, and nobody else notices.

const assert = require('node:assert/strict');
const { once } = require('node:events');

const kafka = require('./support/kafka.js');
const { Kasocki, errorOf, memoryLogger, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { ackOf, nextEvent, record } = require('./support/server.js');

describe('authorize', () => {
    let mine;
    let theirs;
    let denied;
    before(kafka.start);
    before(async () => {
        [mine, theirs, denied] = await Promise.all(['mine', 'theirs', 'denied'].map((name) => kafka.createTopic({ topic: kafka.topicName(name) })));
        for (const topic of [mine, theirs]) {
            await kafka.produce(topic, [{ value: { topic } }]);
        }
    });

    const fromStart = (topic) => [{ topic, partition: 0, offset: 0 }];

    /** Starts a server; `grants` decides, and every call of authorize is written down. */
    async function authorizing(grants, options) {
        const calls = [];
        const authorize = (socket, topics) => {
            calls.push({ socket, topics: [...topics] });
            return grants(socket, topics);
        };
        return Object.assign(await serve({ authorize, ...options }), { calls });
    }

    /** @returns {Promise<{error: object, reason: string, ready: boolean}>} how a start failed */
    async function failedStart(server) {
        const client = server.connect();
        const events = record(client, 'ready');
        const ended = nextEvent(client, 'disconnect');
        const [error] = await nextEvent(client, 'err');
        const [reason] = await ended;
        return { error, reason, ready: events.length > 0 };
    }

    it('is asked at ready, about the topics that there are, and decides what ready names', async () => {
        const server = await authorizing((socket, topics) => topics.filter((topic) => topic === mine));
        const client = await readyClient(server);
        assert.deepEqual(client.topics, [mine]);
        assert.equal(server.calls.length, 1);
        assert.equal(server.calls[0].socket, server.socketOf(client));
        for (const topic of [mine, theirs, denied]) assert.ok(server.calls[0].topics.includes(topic));
        assert.ok(server.calls[0].topics.every((topic) => !topic.startsWith('__')));
        await server.close();
    });

    it('is asked about what allowedTopics leaves', async () => {
        const server = await authorizing((socket, topics) => topics, { allowedTopics: [mine, theirs, 'nowhere'] });
        const client = await readyClient(server);
        assert.deepEqual(server.calls[0].topics.sort(), [mine, theirs].sort());
        assert.deepEqual(client.topics.sort(), [mine, theirs].sort());
        assert.equal((await errorOf(client, 'subscribe', denied)).name, 'TopicNotAvailableError');
        assert.equal(server.calls.length, 1);
        await server.close();
    });

    it('is asked again at each subscribe, about the names at hand', async () => {
        let granted = [];
        const server = await authorizing((socket, topics) => (topics.length > 2 ? [mine, theirs] : granted));
        const client = await readyClient(server);
        // What ready named may be taken away meanwhile.
        assert.equal((await errorOf(client, 'subscribe', mine)).name, 'TopicNotAvailableError');
        granted = [mine];
        assert.equal((await errorOf(client, 'subscribe', [mine, theirs])).name, 'TopicNotAvailableError');
        await resultOf(client, 'subscribe', fromStart(mine));
        assert.deepEqual(server.calls.slice(1).map(({ topics }) => topics), [[mine], [mine, theirs], [mine]]);
        assert.equal((await resultOf(client, 'consume')).topic, mine);
        await server.close();
    });

    it('may grant at subscribe what it did not at ready', async () => {
        const server = await authorizing((socket, topics) => (topics.length === 1 ? topics : [mine]));
        const client = await readyClient(server);
        assert.deepEqual(client.topics, [mine]);
        await resultOf(client, 'subscribe', fromStart(theirs));
        assert.equal((await resultOf(client, 'consume')).topic, theirs);
        await server.close();
    });

    it('a client cannot tell a topic that it may not see from one that does not exist', async () => {
        const server = await authorizing((socket, topics) => topics.filter((topic) => topic === mine), { allowedTopics: [mine, denied] });
        const client = await readyClient(server);
        const hidden = await errorOf(client, 'subscribe', denied);
        const missing = await errorOf(client, 'subscribe', 'nowhere');
        assert.equal(hidden.message.replace(denied, 'nowhere'), missing.message);
        assert.deepEqual({ ...hidden, message: '' }, { ...missing, message: '' });
        assert.deepEqual(hidden.availableTopics, [mine]);
        assert.ok(!('allowedTopics' in hidden));
        await server.close();
    });

    it('decides for each socket by itself', async () => {
        const server = await authorizing((socket) => [socket.handshake.query.topic]);
        const [one, other] = await Promise.all([mine, theirs].map((topic) => readyClient(server, { query: { topic } })));
        assert.deepEqual([one.topics, other.topics], [[mine], [theirs]]);
        await Promise.all([errorOf(one, 'subscribe', theirs), errorOf(other, 'subscribe', mine)]);
        await Promise.all([resultOf(one, 'subscribe', mine), resultOf(other, 'subscribe', theirs)]);
        await server.close();
    });

    it('can not grant what was not asked about', async () => {
        const server = await authorizing(() => [mine, '__consumer_offsets', 'nowhere', denied], { allowedTopics: [mine] });
        const client = await readyClient(server);
        assert.deepEqual(client.topics, [mine]);
        for (const topic of [denied, 'nowhere', '__consumer_offsets']) {
            assert.equal((await errorOf(client, 'subscribe', topic)).name, 'TopicNotAvailableError');
        }
        await server.close();
    });

    it('gets an array of its own', async () => {
        const server = await authorizing((socket, topics) => topics.splice(0).concat('nowhere'));
        const client = await readyClient(server);
        assert.ok(client.topics.includes(mine) && !client.topics.includes('nowhere'));
        await server.close();
    });

    it('may give a Promise; events wait for it in their order', async () => {
        const answers = [];
        const server = await authorizing((socket, topics) => new Promise((resolve) => answers.push(() => resolve(topics))));
        const client = server.connect();
        const order = [];
        client.once('ready', () => order.push('ready'));
        const acks = ['subscribe', 'filter', 'start'].map((event) => ackOf(client, event, event === 'subscribe' ? fromStart(mine) : null)
            .then(([error]) => order.push([event, error])));
        const message = nextEvent(client, 'message').then(() => order.push('message'));
        await until(() => answers.length === 1);
        answers[0]();
        await until(() => answers.length === 2);
        // A socket that waits holds nobody up.
        const other = await Promise.all([readyClient(server), until(() => answers.length === 3).then(() => answers[2]())]);
        assert.ok(other[0].topics.includes(mine));
        assert.deepEqual(order, ['ready']);
        answers[1]();
        await Promise.all([...acks, message]);
        assert.deepEqual(order, ['ready', ['subscribe', null], ['filter', null], ['start', null], 'message']);
        await server.close();
    });

    const SECRET = 'postgres://user:hunter22@10.1.2.3/users';
    const thrower = () => {
        throw new Error(`cannot reach ${SECRET}`);
    };
    const faults = {
        'throws': thrower,
        'throws no Error': () => {
            throw SECRET;
        },
        'rejects': () => Promise.reject(new Error(`cannot reach ${SECRET}`)),
        'rejects with nothing': () => Promise.reject(),
        'gives undefined': () => undefined,
        'gives null': () => null,
        'gives true': () => true,
        'gives a text': () => mine,
        'gives an object': () => ({ 0: mine, length: 1 }),
        'gives a Set': () => new Set([mine]),
        'gives numbers': () => [1, 2],
        'gives names and nothings': () => [mine, undefined, null],
        'gives a Promise of rubbish': async () => 5,
        'gives a thenable that throws': () => ({ then: thrower }),
        'gives a thenable that answers twice': () => ({
            then(resolve, reject) {
                reject(new Error(SECRET));
                resolve([mine]);
            },
        }),
    };
    for (const [name, fault] of Object.entries(faults)) {
        it(`that ${name}: a failed start that does not heal, and an error of subscribe`, async () => {
            const logger = memoryLogger();
            const server = await authorizing(fault, { logger });
            const { error, reason, ready } = await failedStart(server);
            assert.deepEqual([error.name, error.origin, reason, ready], ['AuthorizationError', 'Kasocki', 'io server disconnect', false]);
            assert.ok(!JSON.stringify(error).includes('hunter22') && !JSON.stringify(error).includes('10.1.2.3'));
            const [{ level, err }] = logger.lines.filter((line) => line.socket);
            assert.equal(level, 'error');
            assert.equal(err.name, 'AuthorizationError');
            if (name === 'throws') assert.match(err.cause.message, /cannot reach/);

            const granted = (socket, topics) => (topics.length > 1 ? topics : fault(socket, topics));
            const later = await authorizing(granted);
            const client = await readyClient(later);
            const refused = await errorOf(client, 'subscribe', mine);
            assert.equal(refused.name, 'AuthorizationError');
            assert.ok(!JSON.stringify(refused).includes('hunter22'));
            // The socket goes on, with nothing subscribed.
            assert.equal((await errorOf(client, 'start')).name, 'NotSubscribedError');
            assert.deepEqual(client.errs.map((each) => each.name), ['AuthorizationError', 'NotSubscribedError']);
            await Promise.all([server.close(), later.close()]);
        });
    }

    it('may throw an error of ours, which goes to the client as it is', async () => {
        const server = await authorizing(() => {
            throw new Kasocki.AuthorizationError('Your session has ended');
        });
        const { error, reason } = await failedStart(server);
        assert.deepEqual([error.name, error.message, reason], ['AuthorizationError', 'Your session has ended', 'io server disconnect']);
        await server.close();
    });

    it('that grants nothing: no topic is available', async () => {
        const server = await authorizing(() => [], { allowedTopics: [mine] });
        const { error, reason } = await failedStart(server);
        assert.deepEqual([error.name, reason], ['TopicNotAvailableError', 'io server disconnect']);
        assert.deepEqual(error.availableTopics, []);
        assert.ok(!('allowedTopics' in error));
        await server.close();
    });

    it('that never answers: an error after connectTimeout, while others are served', async () => {
        const never = new Promise(() => {});
        const grants = (socket, topics) => (socket.handshake.query.patient && topics.length > 1 ? topics : never);
        const wellOr = (socket, topics) => (socket.handshake.query.well ? topics : grants(socket, topics));
        const server = await authorizing(wellOr, { connectTimeout: 1500 });
        const failing = failedStart(server);
        const patient = await readyClient(server, { query: { patient: 1 } });
        const refused = errorOf(patient, 'subscribe', mine);
        const well = await readyClient(server, { query: { well: 1 } });
        await resultOf(well, 'subscribe', fromStart(mine));
        assert.equal((await resultOf(well, 'consume')).topic, mine);
        const { error, reason } = await failing;
        assert.deepEqual([error.name, reason], ['AuthorizationError', 'io server disconnect']);
        assert.equal((await refused).name, 'AuthorizationError');
        assert.equal(patient.connected, true);
        await server.close();
    });

    it('a socket that goes meanwhile is released at once', async () => {
        let give;
        const { sockets } = Kasocki.stats();
        const server = await authorizing((socket, topics) => new Promise((resolve) => {
            give = () => resolve(topics);
        }));
        for (const when of ['start', 'subscribe']) {
            give = undefined;
            const client = server.connect();
            if (when === 'subscribe') {
                const ready = nextEvent(client, 'ready');
                await until(() => give);
                give();
                await ready;
                give = undefined;
                client.emit('subscribe', mine);
            }
            await until(() => give);
            const socket = server.socketOf(client) ?? server.sockets()[0];
            const kasocki = server.kasockis.at(-1);
            const gone = once(socket, 'disconnect');
            client.disconnect();
            await gone;
            await kasocki.connect();
            // An answer that comes too late changes nothing.
            give();
        }
        assert.equal(Kasocki.stats().sockets, sockets);
        await server.close();
    });
});
