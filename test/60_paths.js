'use strict';

// The same stream over every path from the server to a real socket.io-client: what the client sees, and in which order, is
// the same on all of them. lib/sender.js chooses between three ways to send; each test says which of them it must be.
//
// Not here: WebTransport, and servers on uWebSockets.js. Both need native packages that no npm registry has in a form that
// runs here. For lib/sender.js they are transports without _canSendPreEncodedFrame, which `an engine without sendFrame` is.

const assert = require('node:assert/strict');
const msgpack = require('socket.io-msgpack-parser');
const parser = require('socket.io-parser');

const { Sender } = require('../lib/sender.js');
const kafka = require('./support/kafka.js');
const { errorOf, newConfig, readyClient, resultOf, serve } = require('./support/kasocki.js');
const RemoteServer = require('./support/remote-server.js');
const { collect, nextEvent, record } = require('./support/server.js');

const { WebSocketServer } = require(require.resolve('ws', { paths: [require.resolve('socket.io')] }));

/**
 * The oldest socket.io that is supported, and one that takes frames but is careless with the callbacks of what it sends, as
 * all from 4.4 to 4.7 are.
 */
const OLD_VERSIONS = { 'socket.io-4-0': 'packets', 'socket.io-4-7': 'frames' };

const WEBSOCKET = { transports: ['websocket'] };
const POLLING = { transports: ['polling'] };
const UPGRADE = { transports: ['polling', 'websocket'] };
const COMPRESS = { threshold: 100 };
/** So that the stream takes some rounds of the credit. */
const LIMITS = { bytesInFlight: 30000, recoverableMessages: 1000000 };

/** What is asked for by `consume`, of the stream's beginning and after the stop; and where the stop is. */
const PULLED = 40;
const STOP_AT = 150;
/** What is written only after the stop, and after an upgrade: something is left to be sent then. */
const AFTER_STOP = 300;
const AFTER_UPGRADE = 500;

/** What of all that comes is a message. */
const CONTENT = new Set(['message', 'answer']);

/** Of these the msgpack parser makes something else. */
const LONE_SURROGATE = '{"half":"\\ud800"}';
const PROTOTYPE = '{"__proto__":{"x":1},"constructor":null,"":""}';

/** Messages of all kinds, as they are written to Kafka. */
const allTexts = [
    '{}', '[]', '[1,[2,{"a":null}]]', '{"text":"ünï «€» 😀 \\ud83d\\ude00 \\u0000 \\u2028 \\n \\" \\\\ /"}', LONE_SURROGATE,
    '{"numbers":[0,1e3,1.5,12345678901234567890,0.1e-300]}', ' { "spaces" : [ 1 , 2 ] } ', '{"twice":1,"twice":2}',
    PROTOTYPE, '{"_placeholder":true,"num":0}', '{"type":"Buffer","data":[1,2]}',
    `{"large":"${'é'.repeat(20000)}"}`, `{"larger":"${'x'.repeat(100000)}"}`,
    ...Array.from({ length: 600 }, (_, n) => JSON.stringify({ n, text: 'größer '.repeat(n % 40) }))
];
const msgpackTexts = allTexts.filter((text) => text !== LONE_SURROGATE && text !== PROTOTYPE);

/** An encoder whose packets look like no other's, and what reads it. */
class MarkingEncoder extends parser.Encoder {
    encode(packet) {
        return super.encode(packet).map((text) => (typeof text === 'string' ? `!${text}` : text));
    }
}
class MarkingDecoder extends parser.Decoder {
    add(data) {
        super.add(typeof data === 'string' ? data.slice(1) : data);
    }
}
const markingParser = { ...parser, Encoder: MarkingEncoder, Decoder: MarkingDecoder };

/** An encoder with a replacer. */
class ReplacingEncoder extends parser.Encoder {
    constructor() {
        super((key, value) => (key === 'never there' ? undefined : value));
    }
}

/** A WebSocket engine as any other: its sockets have no _sender that could take frames. */
class OtherEngine extends WebSocketServer {
    handleUpgrade(request, socket, head, callback) {
        super.handleUpgrade(request, socket, head, (webSocket) => {
            callback(new Proxy(webSocket, {
                get(target, name) {
                    const value = name === '_sender' ? undefined : Reflect.get(target, name);
                    return typeof value === 'function' ? value.bind(target) : value;
                }
            }));
        });
    }
}

/**
 * A path:
 *
 *   server     options of the server, `namespace` among them
 *   client     options of the client
 *   prepare    is given the server's socket before anything is sent
 *   ways       how the messages must go: [...], in this order
 */
const paths = {
    'a websocket': { client: WEBSOCKET, ways: ['frames'] },
    'long polling': { client: POLLING, ways: ['packets'] },
    'an upgrade in mid-stream': { client: UPGRADE, ways: ['packets', 'frames'] },
    'perMessageDeflate': { server: { perMessageDeflate: COMPRESS }, client: WEBSOCKET, ways: ['packets'] },
    'perMessageDeflate that the client refuses': {
        server: { perMessageDeflate: COMPRESS }, client: { ...WEBSOCKET, perMessageDeflate: false }, ways: ['packets']
    },
    'an upgrade to perMessageDeflate': { server: { perMessageDeflate: COMPRESS }, client: UPGRADE, ways: ['packets'] },
    'httpCompression': { server: { httpCompression: COMPRESS }, client: POLLING, ways: ['packets'] },
    'a namespace': { server: { namespace: '/chat/1' }, client: WEBSOCKET, ways: ['frames'] },
    'a namespace, by long polling': { server: { namespace: '/chat/1' }, client: POLLING, ways: ['packets'] },
    'a namespace, with an upgrade': { server: { namespace: '/chat/1' }, client: UPGRADE, ways: ['packets', 'frames'] },
    'a dynamic namespace': {
        server: { namespace: /^\/room-\d+$/ }, client: { ...WEBSOCKET, namespace: '/room-42' }, ways: ['frames']
    },
    'a namespace that is not ASCII': { server: { namespace: '/größe' }, client: WEBSOCKET, ways: ['frames'] },
    'the msgpack parser': { server: { parser: msgpack }, client: { ...WEBSOCKET, parser: msgpack }, ways: ['payloads'] },
    'the msgpack parser, by long polling': { server: { parser: msgpack }, client: { ...POLLING, parser: msgpack }, ways: ['payloads'] },
    'the msgpack parser, in a namespace, with an upgrade': {
        server: { parser: msgpack, namespace: '/chat' }, client: { ...UPGRADE, parser: msgpack }, ways: ['payloads']
    },
    'a parser of one\'s own': { server: { parser: markingParser }, client: { ...WEBSOCKET, parser: markingParser }, ways: ['payloads'] },
    'an encoder with a replacer': {
        server: { parser: { ...parser, Encoder: ReplacingEncoder } }, client: WEBSOCKET, ways: ['payloads']
    },
    'connectionStateRecovery': { server: { connectionStateRecovery: {} }, client: WEBSOCKET, ways: ['payloads'] },
    'connectionStateRecovery, by long polling': { server: { connectionStateRecovery: {} }, client: POLLING, ways: ['payloads'] },
    'onAnyOutgoing': { client: WEBSOCKET, prepare: (socket) => socket.onAnyOutgoing(() => {}), ways: ['payloads'] },
    'packetCreate': { client: WEBSOCKET, prepare: (socket) => socket.conn.on('packetCreate', () => {}), ways: ['packets'] },
    'middleware that wraps acks': {
        client: WEBSOCKET,
        prepare: (socket) => socket.use((event, next) => {
            const ack = event.at(-1);
            event.splice(-1, 1, typeof ack === 'function' ? (...args) => ack(...args) : ack);
            next();
        }),
        ways: ['frames']
    },
    'an engine without sendFrame': { server: { wsEngine: OtherEngine }, client: WEBSOCKET, ways: ['packets'] },
    'socket.io-client 1.4.8': { server: { allowEIO3: true }, old: true, client: WEBSOCKET, ways: ['frames'] },
    'socket.io-client 1.4.8, by long polling': { server: { allowEIO3: true }, old: true, client: POLLING, ways: ['packets'] }
};
for (const [version, best] of Object.entries(OLD_VERSIONS)) {
    const { Server } = require(version);
    const inNamespace = { namespace: /^\/room-\d+$/ };
    for (const [name, path] of Object.entries({
        'a websocket': { client: WEBSOCKET, ways: [best] },
        'long polling': { client: POLLING, ways: ['packets'] },
        'an upgrade in mid-stream': { client: UPGRADE, ways: [...new Set(['packets', best])] },
        'perMessageDeflate': { server: { perMessageDeflate: COMPRESS }, client: WEBSOCKET, ways: ['packets'] },
        'a namespace': { server: { namespace: '/chat/1' }, client: WEBSOCKET, ways: [best] },
        'a dynamic namespace': { server: inNamespace, client: { ...WEBSOCKET, namespace: '/room-42' }, ways: [best] },
        'the msgpack parser': { server: { parser: msgpack }, client: { ...WEBSOCKET, parser: msgpack }, ways: ['payloads'] },
        'the msgpack parser, with an upgrade': { server: { parser: msgpack }, client: { ...UPGRADE, parser: msgpack }, ways: ['payloads'] }
    })) {
        paths[`${name} of ${version}`] = { ...path, server: { Server, ...path.server } };
    }
}

describe('the same stream over every path', () => {
    before(kafka.start);

    const send = Sender.prototype.send;
    const reply = Sender.prototype.reply;
    afterEach(() => {
        Object.assign(Sender.prototype, { send, reply });
    });

    /**
     * Has the server say after each batch of messages, by ordinary emits of three kinds, how many have been sent.
     *
     * @returns {{ ways: Set<string>, sent: number }} grows
     */
    function watchSender() {
        const watched = { ways: new Set(), sent: 0 };
        const mark = (socket, count) => {
            watched.sent += count;
            socket.emit('mark', watched.sent);
            socket.nsp.to('room').emit('mark', watched.sent);
            socket.volatile.emit('volatile', watched.sent);
        };
        Sender.prototype.send = function(form, batch) {
            watched.ways.add(form);
            send.call(this, form, batch);
            mark(this.socket, batch.count);
        };
        Sender.prototype.reply = function(acks, batch) {
            reply.call(this, acks, batch);
            mark(this.socket, batch.count);
        };
        return watched;
    }

    /** Holds upgrades of the transport up until they may come. */
    function holdUpgrades(server) {
        const [listener] = server.http.listeners('upgrade');
        const held = [];
        server.http.removeAllListeners('upgrade');
        server.http.on('upgrade', (...args) => held.push(args));
        return () => {
            server.http.removeAllListeners('upgrade');
            server.http.on('upgrade', listener);
            held.forEach((args) => listener(...args));
        };
    }

    /**
     * Pulls and pushes a topic over a path, with a stop in between.
     *
     * @returns {Promise<{ topic: string, sequence: Array<[string, any]>, ways: string[] }>} all that the client got, in
     *     order, with 'stopped' and 'going on' where it knew that it was
     */
    async function stream(texts, { server: serverOptions, client: clientOptions, old, prepare = () => {} }) {
        const topic = await kafka.createTopic();
        const records = texts.map((value, n) => ({ value, timestamp: 1000 + n }));
        await kafka.produce(topic, records.slice(0, AFTER_STOP));
        const watched = watchSender();
        const server = await serve({ limits: LIMITS }, serverOptions);
        const upgrade = clientOptions.transports === UPGRADE.transports;
        const allowUpgrade = upgrade ? holdUpgrades(server) : () => {};
        const { namespace = '/' } = serverOptions ?? {};
        server.io.of(namespace).on('connection', (socket) => {
            socket.join('room');
            prepare(socket);
        });
        const client = server[old ? 'connectOld' : 'connect'](typeof namespace === 'string' ? { namespace, ...clientOptions } : clientOptions);
        const sequence = [];
        let count = 0;
        let all;
        const allCame = new Promise((resolve) => {
            all = resolve;
        });
        for (const event of ['mark', 'volatile']) {
            client.on(event, (argument) => {
                sequence.push([event, argument]);
                if (event === 'mark' && argument === texts.length) {
                    all();
                }
            });
        }
        // In the ack itself: a promise would be told later than what came behind it.
        const consume = (many) => Promise.all(Array.from({ length: many }, () => new Promise((resolve, reject) => {
            client.emit('consume', null, (error, message) => {
                sequence.push(['answer', message]);
                count++;
                return error ? reject(new Error(error.message)) : resolve();
            });
        })));
        await new Promise((resolve) => client.once('ready', resolve));
        const upgraded = upgrade && new Promise((resolve) => client.io.engine.once('upgrade', resolve));
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        await consume(PULLED);
        const stopped = new Promise((resolve) => {
            client.on('message', (message) => {
                sequence.push(['message', message]);
                count++;
                if (count === STOP_AT) {
                    client.emit('stop', null, () => {
                        sequence.push(['stopped', null]);
                        resolve();
                    });
                }
            });
        });
        await resultOf(client, 'start');
        await stopped;
        await kafka.produce(topic, records.slice(AFTER_STOP, AFTER_UPGRADE));
        await consume(PULLED);
        sequence.push(['going on', null]);
        await resultOf(client, 'filter', { '_kafka.partition': 0 });
        await resultOf(client, 'filter', null);
        client.emit('start');
        allowUpgrade();
        if (upgrade) {
            await upgraded;
        }
        await kafka.produce(topic, records.slice(AFTER_UPGRADE));
        await allCame;
        await server.close();
        return { topic, sequence, ways: [...watched.ways] };
    }

    for (const [name, path] of Object.entries(paths)) {
        it(name, async () => {
            const texts = path.client.parser === msgpack ? msgpackTexts : allTexts;
            const { topic, sequence, ways } = await stream(texts, path);
            const messages = sequence.filter(([event]) => CONTENT.has(event)).map(([, message]) => message);
            const expected = texts.map((text, n) => {
                const value = JSON.parse(text);
                const metadata = { topic, partition: 0, offset: n, timestamp: 1000 + n, key: null };
                return Array.isArray(value) ? value : { ...value, _kafka: metadata };
            });
            assert.equal(messages.length, expected.length);
            messages.forEach((message, n) => assert.deepEqual(message, expected[n], `message ${n}`));

            // Each ordinary emit stands behind as many messages as had been sent before it.
            let count = 0;
            let last = 0;
            for (const [event, argument] of sequence) {
                count += CONTENT.has(event);
                if (event === 'mark' || event === 'volatile') {
                    assert.equal(argument, count, `${event} after ${count} messages`);
                    last = argument;
                }
            }
            assert.equal(last, texts.length);
            const eventsBetween = (from, to) => {
                const events = sequence.map(([event]) => event);
                return events.slice(events.indexOf(from), events.indexOf(to));
            };
            assert.ok(!eventsBetween('stopped', 'going on').includes('message'), 'none comes after stop');
            assert.deepEqual(ways, path.ways);
        });
    }
});

describe('connectionStateRecovery', () => {
    before(kafka.start);

    const RECOVERING = { connectionStateRecovery: {} };

    it('is warned of once a process', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, [{ value: { n: 0 } }]);
        const server = await RemoteServer.start({ kafkaConfig: newConfig() }, RECOVERING);
        for (let i = 0; i < 3; i++) {
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
            const message = nextEvent(client, 'message');
            await resultOf(client, 'start');
            await message;
        }
        const warnings = Object.entries(await server.ask('logged')).filter(([text]) => text.includes('connectionStateRecovery'));
        assert.deepEqual(warnings.map(([text, count]) => [text.split(' ')[0], count]), [['warn', 1]]);
        await server.close();
    });

    it('a page whose connection breaks gets what it missed, then ready; it must subscribe again', async () => {
        const COUNT = 60000;
        const topic = await kafka.createTopic();
        await kafka.produce(topic, Array.from({ length: COUNT }, (_, n) => ({ value: { n, text: 'x'.repeat(100) } })));
        const server = await serve({ limits: { recoverableMessages: 1000000, bytesInFlight: 20000 } }, RECOVERING);
        const client = server.connect({ reconnection: true, reconnectionDelay: 1, reconnectionDelayMax: 1 });

        // The page, as the README has it: it remembers where it is, and subscribes whenever it is ready.
        const log = [];
        let position = 0;
        client.on('connect', () => log.push(client.recovered ? 'recovered' : 'connected'));
        client.on('ready', async () => {
            log.push('ready');
            log.push((await errorOf(client, 'consume')).name);
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: position }]);
            await resultOf(client, 'start');
            settled = true;
        });
        // It breaks again when it is settled: what is recovered after one break may hold the place of the next.
        let settled = false;
        let breaks = 0;
        await new Promise((resolve, reject) => {
            client.on('message', ({ n, _kafka: { offset } }) => {
                if (n !== position) {
                    reject(new Error(`${n} came instead of ${position}`));
                }
                position = offset + 1;
                if (position === COUNT) {
                    resolve();
                } else if (settled && breaks < 3 && position >= (breaks + 1) * 1000) {
                    breaks++;
                    settled = false;
                    // As a network would: it is not told to the server.
                    client.io.engine.transport.ws._socket.destroy();
                }
            });
        });
        const again = ['recovered', 'ready', 'NotSubscribedError'];
        assert.equal(breaks, 3);
        assert.deepEqual(log, ['connected', ...again.slice(1), ...again, ...again, ...again]);
        await server.close();
    });
});

describe('a socket that is disconnected in the middle of a batch', () => {
    before(kafka.start);

    const COUNT = 1000;
    const send = Sender.prototype.send;
    afterEach(() => {
        Sender.prototype.send = send;
    });

    /** This one is noticed only in another turn of the event loop. */
    const LATER = 'by a broken connection';
    const endings = {
        'from its namespace': (socket) => socket.disconnect(),
        'with its connection': (socket) => socket.disconnect(true),
        'by its transport': (socket) => socket.conn.close(),
        [LATER]: (socket) => socket.conn.transport.socket._socket.destroy(),
    };
    const ways = {
        frames: () => {},
        packets: (socket) => socket.conn.on('packetCreate', () => {}),
        payloads: (socket) => socket.onAnyOutgoing(() => {}),
    };
    for (const [how, end] of Object.entries(endings)) {
        for (const [way, force] of Object.entries(ways)) {
            it(`${how}, sent as ${way}: it has got a beginning, the others get all`, async () => {
                const topic = await kafka.createTopic();
                await kafka.produce(topic, Array.from({ length: COUNT }, (_, n) => ({ value: { n, text: 'x'.repeat(100) } })));
                const server = await serve();
                server.io.on('connection', force);
                const [first, second] = await Promise.all([readyClient(server), readyClient(server)]);
                const doomed = server.socketOf(first);
                const used = new Set();
                let sent = 0;
                /** Of the messages that are emitted one by one the tenth is the last; else the batch is. */
                let emits = 0;
                if (way === 'payloads') {
                    doomed.onAnyOutgoing((event) => {
                        emits += event === 'message';
                        if (emits === 10) {
                            end(doomed);
                        }
                    });
                }
                Sender.prototype.send = function(form, batch) {
                    used.add(form);
                    send.call(this, form, batch);
                    if (this.socket === doomed) {
                        sent += batch.count;
                        if (way !== 'payloads') {
                            end(doomed);
                        }
                    }
                };
                const got = record(first, 'message');
                for (const client of [first, second]) {
                    await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
                }
                const gone = nextEvent(first, 'disconnect');
                const all = collect(second, 'message', COUNT);
                first.emit('start');
                second.emit('start');
                await gone;
                assert.deepEqual((await all).map(({ n }) => n), Array.from({ length: COUNT }, (_, n) => n));
                assert.deepEqual([...used], [way]);
                assert.ok(got.length <= sent, `${got.length} of ${sent}`);
                if (how !== LATER) {
                    assert.ok(sent < COUNT);
                    assert.equal(emits, way === 'payloads' ? 10 : 0);
                }
                got.forEach(([, { n }], i) => assert.equal(n, i));
                assert.equal(server.native().stats().sessions, 1);
                await server.close();
            });
        }
    }
});
