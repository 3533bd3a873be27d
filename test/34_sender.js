'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { createServer } = require('node:http');
const parser = require('socket.io-parser');
const { Server } = require('socket.io');
const connect = require('socket.io-client');
const { Sender, dropAnswered } = require('../lib/sender');
const { BATCH, LIMITS } = require('../lib/validation');

const { transports } = require(require.resolve('engine.io', { paths: [require.resolve('socket.io')] }));

/** Options of a Sender, with other limits than the defaults. */
const withLimits = (limits) => ({ limits: { ...LIMITS, ...limits }, batch: BATCH });

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

    takeReplies(ids, maxBytes) {
        const batch = this.take('payloads', maxBytes, ids.length);
        if (batch) {
            const reply = (payload, i) => frame(`43${this.prefix.slice(1)}${ids[i]}[null,${payload}]`);
            batch.data = Buffer.concat(batch.data.map(reply));
            this.forms.delete('payloads');
            this.forms.add('replies');
        }
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
    /** All servers and clients of a test. */
    const opened = [];
    /** The client that was made last. */
    let client;

    /** Starts a server and a client. Resolves to the server's side of the socket. */
    async function open({ server = {}, clientOptions = {}, namespace = '/' } = {}) {
        const http = createServer();
        const io = new Server(http, server);
        http.listen(0, '127.0.0.1');
        await once(http, 'listening');
        const connected = once(io.of(namespace), 'connection');
        client = connect(`http://127.0.0.1:${http.address().port}${namespace}`, { transports: ['websocket'], forceNew: true, reconnection: false, ...clientOptions });
        opened.push([io, client]);
        const [socket] = await connected;
        return socket;
    }

    afterEach(async () => {
        for (const [server, itsClient] of opened.splice(0)) {
            itsClient.disconnect();
            await new Promise((resolve) => { server.close(resolve); });
        }
    });

    /** Sends everything, with an ordinary emit after each batch, and compares what arrives. */
    async function deliverAll(socket, { namespace = '/', limits = {}, total = TOTAL, between = () => {}, onRecovery = () => {} } = {}) {
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
        const sender = new Sender(socket, withLimits(limits), { onRoom: () => go(), onRecovery });
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
            const limits = { recoverableMessages: 200, bytesInFlight: 2 ** 30 };
            const source = new Source(1000);
            const sender = new Sender(socket, withLimits(limits), { onRoom() {}, onRecovery: () => { told++; } });
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
            const limits = { recoverableMessages: 30, bytesInFlight: 2 ** 30 };
            const source = new Source(60);
            const sender = new Sender(socket, withLimits(limits), { onRoom: () => pump(sender, source), onRecovery() {} });
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
            const sender = new Sender(socket, withLimits({ bytesInFlight: 4096 }), { onRoom: () => go() });
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
        const nextTurn = () => new Promise((resolve) => { setImmediate(resolve); });

        /** A sender whose connection writes nothing: the callbacks of what it sends are the test's to call. */
        function held({ conn, ...socket }) {
            const transport = { name: 'websocket', writable: false };
            const test = { transport, callbacks: [], rooms: 0 };
            const still = Object.create(conn, {
                transport: { value: transport },
                send: { value: (data, options, landed) => { test.callbacks.push(landed); } }
            });
            const mark = { bytesInFlight: 4 * BATCH.maxBytes };
            test.sender = new Sender({ ...socket, connected: true, conn: still }, withLimits(mark), { onRoom: () => { test.rooms++; } });
            test.sendOne = () => test.sender.send('frames', { count: 1, bytes: BATCH.maxBytes, data: Buffer.alloc(0) });
            return test;
        }

        it('of its high mark, and goes on at half of it', async () => {
            const test = held(await open());
            const { sender, callbacks } = test;
            for (let i = 0; i < 4; i++) {
                assert.deepStrictEqual(sender.nextBatch(), { form: 'packets', maxBytes: BATCH.maxBytes, maxCount: 128 });
                test.sendOne();
            }
            assert.strictEqual(sender.nextBatch(), null);
            assert.strictEqual(sender.nextReplies([() => {}]), null);
            callbacks[0]();
            await nextTurn();
            assert.strictEqual(test.rooms, 0);
            callbacks[1]();
            assert.strictEqual(test.rooms, 0, 'not from within the callback');
            await nextTurn();
            assert.strictEqual(test.rooms, 1);
            assert.notStrictEqual(sender.nextBatch(), null);
            callbacks[2]();
            callbacks[3]();
            await nextTurn();
            assert.strictEqual(test.rooms, 1, 'nobody waits any more');
            assert.strictEqual(sender.inFlight, 0);
        });

        it('also where engine.io loses callbacks: one that comes late tells of all', async () => {
            const test = held(await open());
            const { sender, callbacks, transport } = test;
            const fill = () => {
                while (sender.nextBatch() !== null) {
                    test.sendOne();
                }
            };
            fill();
            callbacks[0]();
            await nextTurn();
            assert.strictEqual(test.rooms, 0);
            // All is written, and three callbacks are missing: the next one stands for them.
            transport.writable = true;
            callbacks[1]();
            await nextTurn();
            assert.deepStrictEqual([test.rooms, sender.inFlight], [1, 0]);
            transport.writable = false;
            fill();
            // Those that come after all are not counted twice.
            callbacks[2]();
            callbacks[3]();
            assert.strictEqual(sender.inFlight, 4 * BATCH.maxBytes);
        });

        it('but lets a message larger than the mark go', async () => {
            const socket = await open();
            const { sender } = await deliverAll(socket, { limits: { bytesInFlight: 100 }, total: 60 });
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
                const sender = new Sender(socket, withLimits({ bytesInFlight: 20000 }), { onRoom: () => go() });
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

    it('leaves no listeners behind', async () => {
        const { conn } = await open({ clientOptions: { transports: ['polling'] } });
        const before = conn.listenerCount('upgrade');
        for (let i = 0; i < 3; i++) {
            const sender = new Sender({ conn, connected: true }, withLimits({}), { onRoom() {} });
            assert.strictEqual(conn.listenerCount('upgrade'), before + 1);
            sender.close();
            assert.strictEqual(conn.listenerCount('upgrade'), before);
        }
    });

    it('sends nothing to a socket that has left', async () => {
        const socket = await open();
        const sender = new Sender(socket, withLimits({}), { onRoom() {} });
        assert.notStrictEqual(sender.nextBatch(), null);
        client.disconnect();
        await once(socket, 'disconnect');
        assert.strictEqual(sender.nextBatch(), null);
        assert.strictEqual(sender.nextReplies(1), null);
    });

    it('sends nothing to a connection that is being closed', async () => {
        const socket = await open();
        const sender = new Sender(socket, withLimits({}), { onRoom() {} });
        socket.conn.close();
        assert.strictEqual(sender.nextBatch(), null);
    });

    describe('answers acks', () => {
        /**
         * Lets the client ask 300 times, and answers in batches.
         *
         * @returns {Promise<{ answers: Array[], forms: string[] }>} what its acks got, in order of their arrival
         */
        async function ask(socket, { limits = {}, before = () => {}, after = () => {} } = {}) {
            const source = new Source(300, socket.nsp.name);
            const waiting = [];
            const sender = new Sender(socket, withLimits(limits), { onRoom: () => answer() });
            const answer = () => {
                for (;;) {
                    dropAnswered(waiting);
                    const next = waiting.length > 0 ? sender.nextReplies(waiting) : null;
                    const batch = next && (next.ids
                        ? source.takeReplies(next.ids, next.maxBytes)
                        : source.take(next.form, next.maxBytes, next.maxCount));
                    if (!batch) {
                        return;
                    }
                    const acks = waiting.splice(0, batch.count);
                    sender.reply(acks, batch);
                    acks.forEach(after);
                }
            };
            socket.on('consume', (ack) => {
                before(ack);
                waiting.push(ack);
                setImmediate(answer);
            });
            const answers = [];
            await new Promise((resolve) => {
                for (let i = 0; i < 300; i++) {
                    client.emit('consume', (...args) => { answers.push([i, ...args]) === 300 && resolve(); });
                }
            });
            return { answers, forms: [...source.forms] };
        }

        const expected = Array.from({ length: 300 }, (_, n) => [n, null, Source.message(n)]);

        it('with frames of the core', async () => {
            const socket = await open();
            // An ordinary answer would come by here.
            socket.packet = () => assert.fail('an answer was encoded anew');
            const { answers, forms } = await ask(socket);
            delete socket.packet;
            assert.deepStrictEqual(answers, expected);
            assert.deepStrictEqual(forms, ['replies']);
        });

        it('with frames in a namespace, within the bytes in flight', async () => {
            const { answers, forms } = await ask(await open({ namespace: '/chat' }), { limits: { bytesInFlight: 1000 } });
            assert.deepStrictEqual(answers, expected);
            assert.deepStrictEqual(forms, ['replies']);
        });

        it('with texts of the core in a namespace, over polling, within the bytes in flight', async () => {
            const socket = await open({ namespace: '/chat', clientOptions: { transports: ['polling'] } });
            socket.packet = () => assert.fail('an answer was encoded anew');
            const { answers, forms } = await ask(socket, { limits: { bytesInFlight: 1000 } });
            delete socket.packet;
            assert.deepStrictEqual(answers, expected);
            assert.deepStrictEqual(forms, ['payloads']);
        });

        it('with texts while somebody listens to packetCreate', async () => {
            const socket = await open();
            socket.conn.on('packetCreate', () => {});
            const { answers, forms } = await ask(socket);
            assert.deepStrictEqual(answers, expected);
            assert.deepStrictEqual(forms, ['payloads']);
        });

        it('once, whoever else answers', async () => {
            for (const clientOptions of [{}, { transports: ['polling'] }]) {
                const socket = await open({ clientOptions });
                const { answers } = await ask(socket, { after: (ack) => ack(null, 'again') });
                assert.deepStrictEqual(answers, expected);
            }
        });

        it('without losing a message on one that somebody else has answered', async () => {
            for (const clientOptions of [{}, { transports: ['polling'] }]) {
                const socket = await open({ clientOptions });
                let asked = 0;
                const { answers } = await ask(socket, { before: (ack) => { asked++ % 3 === 1 && ack(null, 'mine'); } });
                const ours = answers.filter(([, , message]) => message !== 'mine');
                assert.deepStrictEqual(ours.map(([i]) => i % 3), ours.map((_, n) => (n % 2) * 2));
                assert.deepStrictEqual(ours.map(([, , message]) => message), expected.slice(0, 200).map(([, , message]) => message));
            }
        });

        it('ordinarily where a middleware has wrapped them, some or all', async () => {
            for (const every of [1, 3]) {
                const socket = await open();
                let asked = 0;
                socket.use((event, next) => {
                    if (asked++ % every === 0) {
                        const ack = event.pop();
                        event.push((error, message) => ack(error, { wrapped: message.n }));
                    }
                    next();
                });
                const { answers } = await ask(socket);
                assert.deepStrictEqual(answers, expected.map(([n, , message]) => [n, null, n % every === 0 ? { wrapped: n } : message]));
            }
        });

        it('ordinarily with another parser', async () => {
            class Encoder extends parser.Encoder {
                constructor() {
                    super((key, value) => (key === 'text' ? 'replaced' : value));
                }
            }
            const socket = await open({ server: { parser: { ...parser, Encoder } } });
            const { answers } = await ask(socket);
            assert.deepStrictEqual(answers, expected.map(([n]) => [n, null, { n, text: 'replaced' }]));
        });
    });

    it('sends packets over WebTransport, which knows no frames of that kind', async () => {
        // There is no HTTP/3 server for Node.js that npm could install here: engine.io's own class stands for a connection.
        const { name, _canSendPreEncodedFrame } = transports.webtransport.prototype;
        assert.deepStrictEqual([name, _canSendPreEncodedFrame], ['webtransport', undefined]);
        const socket = await open();
        const transport = Object.create(transports.webtransport.prototype);
        const conn = { transport, readyState: 'open', send() {}, listenerCount: () => 0 };
        const sender = new Sender({ connected: true, nsp: socket.nsp, client: socket.client, conn }, withLimits({}), { onRoom() {} });
        assert.strictEqual(sender.nextBatch().form, 'packets');
        assert.strictEqual(sender.nextReplies([() => {}]).form, 'payloads');
    });

    it('emits to whatever else looks like a socket', async () => {
        const socket = await open();
        const emitted = [];
        const double = { id: 'x', connected: true, on() {}, emit: (...args) => emitted.push(args) };
        const source = new Source(300);
        await new Promise((resolve) => {
            const sender = new Sender(double, withLimits({ bytesInFlight: 50000 }), {
                onRoom() {
                    pump(sender, source);
                    if (source.next === source.total) {
                        resolve();
                    }
                },
            });
            pump(sender, source);
        });
        assert.deepStrictEqual(emitted, Array.from({ length: 300 }, (_, n) => ['message', Source.message(n)]));
        assert.ok(socket.connected);
    });
});
