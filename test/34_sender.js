'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { createServer } = require('node:http');
const parser = require('socket.io-parser');
const { Server } = require('socket.io');
const connect = require('socket.io-client');
const { Sender, BATCH_BYTES } = require('../lib/sender');
const { LIMITS } = require('../lib/validation');

/** A WebSocket text frame, as the core makes it. */
function frame(text) {
    const payload = Buffer.from(text);
    if (payload.length < 126) {
        return Buffer.concat([Buffer.from([0x81, payload.length]), payload]);
    }
    if (payload.length < 65536) {
        return Buffer.concat([Buffer.from([0x81, 126, payload.length >> 8, payload.length & 255]), payload]);
    }
    const head = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(payload.length, 6);
    return Buffer.concat([head, payload]);
}

/** Stands for a session of the core: messages 0, 1, 2 ... of several sizes. */
class Source {
    constructor(total, namespace = '/') {
        this.total = total;
        this.prefix = namespace === '/' ? '2' : `2${namespace},`;
        this.next = 0;
        this.forms = new Set();
    }

    static message(n) {
        return { n, text: 'ünï "€" 😀\n'.repeat(n % 50 === 49 ? 8000 : n % 7) };
    }

    take(form, maxBytes, maxCount) {
        if (this.next === this.total) {
            return null;
        }
        this.forms.add(form);
        const batch = { count: 0, bytes: 0, data: [] };
        while (this.next < this.total && batch.count < maxCount && batch.bytes < maxBytes) {
            const payload = JSON.stringify(Source.message(this.next++));
            const packet = `${this.prefix}["message",${payload}]`;
            batch.data.push(form === 'payloads' ? payload : form === 'packets' ? packet : frame(`4${packet}`));
            batch.bytes += Buffer.byteLength(packet) + 3;
            batch.count++;
        }
        batch.data = form === 'frames' ? Buffer.concat(batch.data) : batch.data;
        return batch;
    }
}

/** Sends all that a source has, as room allows; `between` is called after each batch. */
function pump(sender, source, between = () => {}) {
    for (;;) {
        const next = sender.nextBatch();
        const batch = next && source.take(next.form, next.maxBytes, next.maxCount);
        if (!batch) {
            return;
        }
        sender.send(next.form, batch);
        between();
    }
}

describe('sender', () => {
    const TOTAL = 1500;
    let http;
    let io;
    let client;

    /** Starts a server and a client. Resolves to the server's side of the socket. */
    async function open({ server = {}, clientOptions = {}, namespace = '/' } = {}) {
        http = createServer();
        io = new Server(http, server);
        http.listen(0, '127.0.0.1');
        await once(http, 'listening');
        const connected = once(io.of(namespace), 'connection');
        client = connect(`http://127.0.0.1:${http.address().port}${namespace}`, { transports: ['websocket'], forceNew: true, reconnection: false, ...clientOptions });
        const [socket] = await connected;
        return socket;
    }

    afterEach(async () => {
        client.disconnect();
        await new Promise((resolve) => { io.close(resolve); });
    });

    /** Sends everything, with an ordinary emit after each batch, and compares what arrives. */
    async function deliverAll(socket, { namespace = '/', limits = LIMITS, total = TOTAL, between = () => {}, onRecovery } = {}) {
        const source = new Source(total, namespace);
        const sent = [];
        const received = [];
        const done = new Promise((resolve) => {
            client.on('message', (message) => received.push(message));
            client.on('mark', (mark) => {
                received.push(mark);
                if (mark === total) {
                    resolve();
                }
            });
        });
        let before = 0;
        const sender = new Sender(socket, limits, () => go(), onRecovery);
        const go = () => pump(sender, source, () => {
            for (; before < source.next; before++) {
                sent.push(Source.message(before));
            }
            sent.push(before);
            socket.emit('mark', before);
            between(before);
        });
        go();
        await done;
        assert.deepStrictEqual(received, sent);
        return { forms: [...source.forms], sender };
    }

    describe('over a WebSocket', () => {
        it('sends many frames at once', async () => {
            const { forms } = await deliverAll(await open());
            assert.deepStrictEqual(forms, ['frames']);
        });

        it('does so in another namespace', async () => {
            const socket = await open({ namespace: '/chat/1' });
            const { forms } = await deliverAll(socket, { namespace: '/chat/1' });
            assert.deepStrictEqual(forms, ['frames']);
        });

        it('sends packets while somebody listens to packetCreate', async () => {
            const socket = await open();
            const listener = () => {};
            socket.conn.on('packetCreate', listener);
            const between = (n) => { n > 500 ? socket.conn.off('packetCreate', listener) : null; };
            const { forms } = await deliverAll(socket, { between });
            assert.deepStrictEqual(forms, ['packets', 'frames']);
        });

        it('sends packets with compression', async () => {
            const socket = await open({ server: { perMessageDeflate: { threshold: 100 } } });
            const { forms } = await deliverAll(socket);
            assert.deepStrictEqual(forms, ['packets']);
        });

        it('emits while there are onAnyOutgoing listeners, which see each message', async () => {
            const socket = await open();
            const seen = [];
            const listener = (event, data) => { event === 'message' && seen.push(data.n); };
            socket.onAnyOutgoing(listener);
            const between = (n) => { n > 500 ? socket.offAnyOutgoing(listener) : null; };
            const { forms } = await deliverAll(socket, { between });
            assert.deepStrictEqual(forms, ['payloads', 'frames']);
            assert.ok(seen.length > 500 && seen.every((n, i) => n === i));
        });

        it('emits with a JSON replacer', async () => {
            class Encoder extends parser.Encoder {
                constructor() {
                    super((key, value) => (key === 'never' ? 1 : value));
                }
            }
            const socket = await open({ server: { parser: { ...parser, Encoder } } });
            const { forms } = await deliverAll(socket);
            assert.deepStrictEqual(forms, ['payloads']);
        });

        it('emits with another parser', async () => {
            class Encoder extends parser.Encoder {
                encode(packet) {
                    return super.encode(packet).map((text) => (typeof text === 'string' ? `!${text}` : text));
                }
            }
            class Decoder extends parser.Decoder {
                add(data) {
                    super.add(typeof data === 'string' ? data.slice(1) : data);
                }
            }
            const other = { ...parser, Encoder, Decoder };
            const socket = await open({ server: { parser: other }, clientOptions: { parser: other } });
            const { forms } = await deliverAll(socket);
            assert.deepStrictEqual(forms, ['payloads']);
        });

        it('emits with connection state recovery, tells so once, and keeps to its rate', async () => {
            const socket = await open({ server: { connectionStateRecovery: {} } });
            let told = 0;
            const limits = { ...LIMITS, recoverableMessages: 200, bytesInFlight: 2 ** 30 };
            const source = new Source(1000);
            const sender = new Sender(socket, limits, () => {}, () => { told++; });
            const arrived = new Promise((resolve) => {
                client.on('message', ({ n }) => { n === 199 && resolve(); });
            });
            pump(sender, source);
            assert.strictEqual(source.next, 200);
            assert.strictEqual(sender.nextBatch(), null);
            assert.strictEqual(told, 1);
            assert.deepStrictEqual([...source.forms], ['payloads']);
            await arrived;
        });

        it('goes on by itself when that rate allows more', async () => {
            const socket = await open({ server: { connectionStateRecovery: {} } });
            const received = [];
            const limits = { ...LIMITS, recoverableMessages: 30, bytesInFlight: 2 ** 30 };
            const source = new Source(60);
            const sender = new Sender(socket, limits, () => pump(sender, source));
            const done = new Promise((resolve) => {
                client.on('message', ({ n }) => { received.push(n) === 60 && resolve(); });
            });
            pump(sender, source);
            await done;
            assert.deepStrictEqual(received, Array.from({ length: 60 }, (_, i) => i));
        });
    });

    describe('over long polling', () => {
        it('sends packets', async () => {
            const socket = await open({ clientOptions: { transports: ['polling'] } });
            const { forms } = await deliverAll(socket);
            assert.deepStrictEqual(forms, ['packets']);
        });

        it('changes to frames when the transport is upgraded in mid-stream', async () => {
            const socket = await open({ clientOptions: { transports: ['polling', 'websocket'] } });
            assert.strictEqual(socket.conn.transport.name, 'polling');
            const source = new Source(100000);
            const received = [];
            let stopAt = Infinity;
            const done = new Promise((resolve) => {
                client.on('message', ({ n }) => { received.push(n) === stopAt && resolve(); });
            });
            // Sends until some frames went, whenever the upgrade comes.
            const sender = new Sender(socket, { ...LIMITS, bytesInFlight: 4096 }, () => go());
            const go = () => {
                if (stopAt === Infinity) {
                    const next = sender.nextBatch();
                    if (next) {
                        sender.send(next.form, source.take(next.form, next.maxBytes, 2));
                        stopAt = source.forms.has('frames') ? source.next : Infinity;
                        setImmediate(go);
                    }
                }
            };
            go();
            await done;
            assert.deepStrictEqual([...source.forms], ['packets', 'frames']);
            assert.deepStrictEqual(received, Array.from({ length: stopAt }, (_, i) => i));
        });
    });

    describe('keeps what is under way within bounds', () => {
        it('of its high mark, and goes on at half of it', async () => {
            const socket = await open();
            const callbacks = [];
            const { conn } = socket;
            const send = conn.send;
            conn.send = (data, options, landed) => { callbacks.push(landed); };
            let rooms = 0;
            const sender = new Sender(socket, { ...LIMITS, bytesInFlight: 4 * BATCH_BYTES }, () => { rooms++; });
            const nextTurn = () => new Promise((resolve) => { setImmediate(resolve); });
            const batch = { count: 1, bytes: BATCH_BYTES, data: Buffer.alloc(0) };
            for (let i = 0; i < 4; i++) {
                assert.deepStrictEqual(sender.nextBatch(), { form: 'frames', maxBytes: BATCH_BYTES, maxCount: 128 });
                sender.send('frames', batch);
            }
            assert.strictEqual(sender.nextBatch(), null);
            assert.strictEqual(sender.nextReplies(5), null);
            callbacks[0]();
            await nextTurn();
            assert.strictEqual(rooms, 0);
            callbacks[1]();
            assert.strictEqual(rooms, 0, 'not from within the callback');
            await nextTurn();
            assert.strictEqual(rooms, 1);
            assert.notStrictEqual(sender.nextBatch(), null);
            callbacks[2]();
            callbacks[3]();
            await nextTurn();
            assert.strictEqual(rooms, 1, 'nobody waits any more');
            assert.strictEqual(sender.inFlight, 0);
            conn.send = send;
        });

        it('but lets a message larger than the mark go', async () => {
            const socket = await open();
            const { sender } = await deliverAll(socket, { limits: { ...LIMITS, bytesInFlight: 100 }, total: 60 });
            assert.strictEqual(sender.batchBytes, 100);
        });

        for (const way of ['frames', 'packets', 'payloads']) {
            it(`and everything lands, sent as ${way}`, async () => {
                const socket = await open();
                if (way === 'packets') {
                    socket.conn.on('packetCreate', () => {});
                } else if (way === 'payloads') {
                    socket.onAnyOutgoing(() => {});
                }
                let landed;
                const allLanded = new Promise((resolve) => { landed = resolve; });
                const source = new Source(TOTAL);
                const sender = new Sender(socket, { ...LIMITS, bytesInFlight: 20000 }, () => go());
                const depart = sender.depart;
                sender.depart = (bytes) => {
                    const land = depart.call(sender, bytes);
                    return () => {
                        land();
                        if (source.next === source.total && sender.inFlight === 0) {
                            landed();
                        }
                    };
                };
                const go = () => pump(sender, source);
                go();
                await allLanded;
                assert.deepStrictEqual([...source.forms], [way]);
            });
        }
    });

    it('sends nothing to a socket that has left', async () => {
        const socket = await open();
        const sender = new Sender(socket, LIMITS, () => {});
        assert.notStrictEqual(sender.nextBatch(), null);
        client.disconnect();
        await once(socket, 'disconnect');
        assert.strictEqual(sender.nextBatch(), null);
        assert.strictEqual(sender.nextReplies(1), null);
    });

    it('sends nothing to a connection that is being closed', async () => {
        const socket = await open();
        const sender = new Sender(socket, LIMITS, () => {});
        socket.conn.close();
        assert.strictEqual(sender.nextBatch(), null);
    });

    describe('answers acks', () => {
        /** Lets the client ask 300 times, answers in batches, and returns what its acks got, in order of their arrival. */
        async function ask(socket, limits = LIMITS, again = () => {}) {
            const source = new Source(300);
            const waiting = [];
            const sender = new Sender(socket, limits, () => answer());
            const answer = () => {
                for (;;) {
                    const next = waiting.length > 0 ? sender.nextReplies(waiting.length) : null;
                    const batch = next && source.take(next.form, next.maxBytes, next.maxCount);
                    if (!batch) {
                        return;
                    }
                    const acks = waiting.splice(0, batch.count);
                    sender.reply(acks, batch);
                    acks.forEach(again);
                }
            };
            socket.on('consume', (ack) => {
                waiting.push(ack);
                setImmediate(answer);
            });
            const answers = [];
            await new Promise((resolve) => {
                for (let i = 0; i < 300; i++) {
                    client.emit('consume', (...args) => { answers.push([i, ...args]) === 300 && resolve(); });
                }
            });
            return answers;
        }

        const expected = Array.from({ length: 300 }, (_, n) => [n, null, Source.message(n)]);

        it('with the bytes of the core', async () => {
            const socket = await open();
            const sender = new Sender(socket, LIMITS, () => {});
            assert.strictEqual(sender.speaksPlainText(), true);
            // An ordinary answer would come by here.
            socket.packet = () => assert.fail('an answer was encoded anew');
            assert.deepStrictEqual(await ask(socket), expected);
            delete socket.packet;
        });

        it('in a namespace, over polling, within the bytes in flight', async () => {
            const socket = await open({ namespace: '/chat', clientOptions: { transports: ['polling'] } });
            assert.deepStrictEqual(await ask(socket, { ...LIMITS, bytesInFlight: 1000 }), expected);
        });

        it('once, whoever else answers', async () => {
            const socket = await open();
            assert.deepStrictEqual(await ask(socket, LIMITS, (ack) => ack(null, 'again')), expected);
        });

        it('ordinarily where a middleware has wrapped them', async () => {
            const socket = await open();
            socket.use((event, next) => {
                const ack = event.pop();
                event.push((error, message) => ack(error, { wrapped: message.n }));
                next();
            });
            assert.deepStrictEqual(await ask(socket), expected.map(([n]) => [n, null, { wrapped: n }]));
        });

        it('ordinarily with another parser', async () => {
            class Encoder extends parser.Encoder {
                constructor() {
                    super((key, value) => (key === 'text' ? 'replaced' : value));
                }
            }
            const socket = await open({ server: { parser: { ...parser, Encoder } } });
            assert.deepStrictEqual(await ask(socket), expected.map(([n]) => [n, null, { n, text: 'replaced' }]));
        });
    });

    it('emits to whatever else looks like a socket', async () => {
        const socket = await open();
        const emitted = [];
        const double = { id: 'x', connected: true, on() {}, emit: (...args) => emitted.push(args) };
        const source = new Source(300);
        await new Promise((resolve) => {
            const sender = new Sender(double, { ...LIMITS, bytesInFlight: 50000 }, () => {
                pump(sender, source);
                if (source.next === source.total) {
                    resolve();
                }
            });
            pump(sender, source);
        });
        assert.deepStrictEqual(emitted, Array.from({ length: 300 }, (_, n) => ['message', Source.message(n)]));
        assert.ok(socket.connected);
    });
});
