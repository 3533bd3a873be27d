'use strict';

// Clients that stop reading, that trickle, that break off, that flood: the server's memory stays within bounds, nobody else
// is troubled, and who reads again gets exactly what follows.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');

const kafka = require('./support/kafka.js');
const { newConfig, readyClient, resultOf } = require('./support/kasocki.js');
const { memoryOfOne, numberOf, numbered, receiveAll, subscribed } = require('./support/numbered.js');
const RemoteServer = require('./support/remote-server.js');

const { Receiver } = require(require.resolve('ws', { paths: [require.resolve('socket.io')] }));

const MB = 1024 * 1024;
/** Nobody is dropped for want of a pong. */
const PATIENT = { pingTimeout: 1000000 };
/**
 * What the server may need more while it serves: for itself, with what an event loop that is never idle leaves to be
 * collected, and for each client that does not read (of 0.5 MB that may wait).
 */
const BASE = 128 * MB;
const PER_CLIENT = 1 * MB;
/** The same with answers that are not read (16 MB of text). */
const FLOOD = 128 * MB;

const inMb = (bytes) => `${Math.round(bytes / MB)} MB`;

describe('clients that stop reading', function () {
    this.timeout(300000);
    before(kafka.start);

    for (const socketIo of ['socket.io', 'socket.io-4-7', 'socket.io-4-0']) {
        it(`fifty of them beside fifty that read: memory has a bound, all get all in order once they wake (${socketIo})`, async () => {
            const EACH = 50;
            // Some times what the kernel swallows for a connection that nobody reads.
            const COUNT = 8000;
            const BYTES = 2500;
            const topic = await kafka.createTopic();
            await kafka.produce(topic, numbered(COUNT, BYTES));
            const server = await RemoteServer.start({ kafkaConfig: newConfig() }, { ...PATIENT, socketIo });
            const before = await memoryOfOne(server, topic, COUNT);
            const all = [];
            for (let i = 0; i < 2 * EACH; i++) {
                const client = await subscribed(server, topic);
                client.all = receiveAll(client, COUNT);
                all.push(client);
            }
            const [stuck, healthy] = [all.slice(0, EACH), all.slice(EACH)];
            await Promise.all(all.map((client) => client.ackOf('start')));
            stuck.forEach((client) => client.pause());
            await Promise.all(healthy.map((client) => client.all));
            const flood = (await server.ask('memory')).peak - before;
            stuck.forEach((client) => client.resume());
            await Promise.all(stuck.map((client) => client.all));
            const woken = (await server.ask('memory')).peak - before;
            for (const grown of [flood, woken]) {
                assert.ok(grown < BASE + EACH * PER_CLIENT, `${inMb(grown)} more than ${inMb(before)}`);
            }
            await Promise.all(all.map((client) => client.close()));
            await server.close();
        });
    }
});

/** A client that sees bytes: it sends frames, whole or not, and reads as little as it wants to. */
class TcpClient {
    /** @returns {Promise<TcpClient>} ready and not reading: what came with `ready` is kept */
    static async connect(url) {
        const { hostname, port } = new URL(url);
        const client = new TcpClient(net.connect({ host: hostname, port, noDelay: true }));
        const head = [
            'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', `Host: ${hostname}`, 'Upgrade: websocket', 'Connection: Upgrade',
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'
        ];
        client.socket.write(`${head.join('\r\n')}\r\n\r\n`);
        let text = '';
        while (!text.endsWith('\r\n\r\n')) {
            text += (await client.bytes(1)).toString('latin1');
        }
        client.send('40');
        await client.packets((packet) => packet.startsWith('42["ready"'));
        return client;
    }

    /** For connect() alone. */
    constructor(socket) {
        this.socket = socket;
        socket.on('error', () => {}); // 'close' follows
        this.wake = () => {};
        socket.on('readable', () => this.wake());
        socket.on('close', () => this.wake());
        this.receiver = new Receiver({ isServer: false });
        this.lastAck = 0;
    }

    /** @returns {Promise<Buffer>} the next bytes, no more */
    async bytes(count) {
        for (;;) {
            const bytes = this.socket.read(count);
            if (bytes !== null) {
                return bytes;
            }
            if (this.socket.closed) {
                throw new Error('the connection is over');
            }
            await new Promise((resolve) => {
                this.wake = resolve;
            });
        }
    }

    /**
     * Reads, from a frame's beginning on, until a packet is the last one wanted.
     *
     * @param {(packet: string) => boolean} isLast - asked for each
     */
    async packets(isLast) {
        let done = false;
        this.receiver.removeAllListeners('message');
        this.receiver.on('message', (bytes) => {
            done = isLast(bytes.toString()) || done;
        });
        while (!done) {
            const head = await this.bytes(2);
            const length = head[1] < 126 ? Buffer.alloc(0) : await this.bytes(head[1] === 126 ? 2 : 8);
            const size = head[1] < 126 ? head[1] : length.readUIntBE(Math.max(0, length.length - 6), Math.min(6, length.length));
            const rest = size > 0 ? await this.bytes(size) : Buffer.alloc(0);
            await new Promise((resolve) => this.receiver.write(Buffer.concat([head, length, rest]), resolve));
        }
    }

    /** @returns {Buffer} a frame, masked by zeros */
    static frame(text) {
        const payload = Buffer.from(text);
        const head = payload.length < 126 ? [payload.length | 0x80] : [126 | 0x80, payload.length >> 8, payload.length & 255];
        return Buffer.concat([Buffer.from([0x81, ...head, 0, 0, 0, 0]), payload]);
    }

    /** @returns {boolean} more may be written at once */
    send(text) {
        return this.socket.write(TcpClient.frame(text));
    }

    /** Has the server start with a topic's first record; reads nothing more than the answer. */
    async start(topic) {
        this.send(`421["subscribe",[{"topic":"${topic}","partition":0,"offset":0}]]`);
        await this.packets((packet) => packet.startsWith('431[null'));
        this.send('42["start"]');
    }
}

describe('a client that', function () {
    this.timeout(120000);
    before(kafka.start);

    const COUNT = 20000;
    const BYTES = 1000;
    let topic;
    let server;
    let memory;
    before(async () => {
        topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(COUNT, BYTES));
    });
    beforeEach(async () => {
        server = await RemoteServer.start({ kafkaConfig: newConfig() }, PATIENT);
        memory = await memoryOfOne(server, topic, COUNT);
    });
    afterEach(async () => {
        const { peak } = await server.ask('memory');
        assert.ok(peak - memory < BASE + FLOOD, `${inMb(peak - memory)} more than ${inMb(memory)}`);
        // It ends well, without a word on stderr.
        await server.close();
    });

    /** Another client beside, which must get everything. `onProgress` is called some hundred times on the way. */
    async function besides(onProgress = () => {}) {
        const client = await subscribed(server, topic);
        const all = receiveAll(client, COUNT);
        const { onEvent } = client;
        let count = 0;
        client.onEvent = (packet) => {
            onEvent(packet);
            count++;
            if (count % 50 === 0) {
                onProgress();
            }
        };
        client.emit('start');
        await all;
        await client.close();
    }

    it('reads a byte now and then: it gets everything once it reads', async () => {
        const trickling = await TcpClient.connect(server.url);
        await trickling.start(topic);
        const begun = [];
        let reading = Promise.resolve();
        await besides(() => {
            reading = reading.then(async () => begun.push(await trickling.bytes(1)));
        });
        await reading;
        assert.equal(begun.length, COUNT / 50);
        trickling.socket.unshift(Buffer.concat(begun));
        let next = 0;
        await trickling.packets((packet) => {
            if (packet.startsWith('42["message"')) {
                assert.equal(numberOf(Buffer.from(packet.slice(0, 40))), next);
                next++;
            } else if (packet === '2') {
                trickling.send('3');
            }
            return next === COUNT;
        });
        trickling.socket.destroy();
    });

    it('breaks off in the middle of a frame that it gets or sends: nobody notices', async () => {
        const endings = [
            // Half a message is read.
            async ({ socket }) => socket.destroy(),
            async ({ socket }) => socket.resetAndDestroy(),
            // Half an event is sent.
            async ({ socket }) => socket.end(TcpClient.frame(`42["filter",{"a":"${'x'.repeat(500)}"}]`).subarray(0, 200)),
            async ({ socket }) => {
                socket.write(TcpClient.frame('42["consume"]').subarray(0, 5), () => socket.resetAndDestroy());
            },
            // Something else than a frame is sent.
            async ({ socket }) => socket.end(Buffer.alloc(1000, 0xff))
        ];
        const breakOff = async (end) => {
            const client = await TcpClient.connect(server.url);
            await client.start(topic);
            await client.bytes(BYTES * 10 + 123);
            const closed = once(client.socket, 'close');
            client.socket.removeAllListeners('readable').resume();
            await end(client);
            await closed;
        };
        const broken = Promise.all([...endings, ...endings, ...endings].map(breakOff));
        await besides();
        await broken;
        await server.until('stats', (hubs) => hubs.every(({ sessions }) => sessions === 0));
    });

    it('floods consume, filter, start and stop: each message comes once, in order', async () => {
        const flooding = await TcpClient.connect(server.url);
        const others = besides();
        flooding.send(`420["subscribe",[{"topic":"${topic}","partition":0,"offset":0}]]`);
        let next = 0;
        let answers = 0;
        const errors = new Set();
        const reading = flooding.packets((packet) => {
            const [, message] = /^(?:42\["message",|43\d+\[null,)\{"n":(\d+),/.exec(packet.slice(0, 60)) ?? [];
            const [, error] = /^43\d+\[.*"name":"(\w+)"/.exec(packet) ?? [];
            answers += packet.startsWith('43');
            if (message !== undefined) {
                assert.equal(Number(message), next);
                next++;
            } else if (error) {
                errors.add(error);
            } else if (packet === '2') {
                flooding.send('3');
            }
            return next === COUNT;
        });
        const ROUNDS = 2000;
        const events = ['["start"]', '["consume"]', '["filter",{"n":"/./"}]', '["stop"]', '["consume",null]', '["filter",null]'];
        let id = 1;
        for (let round = 0; round < ROUNDS; round++) {
            for (const event of events) {
                if (!flooding.send(`42${id++}${event}`)) {
                    await once(flooding.socket, 'drain');
                }
            }
        }
        // What was refused in the flood is asked for again, in peace.
        const sent = id;
        await server.until('stats', () => answers >= sent - 2000);
        flooding.send(`42${id}["start"]`);
        await reading;
        errors.forEach((name) => assert.ok(['LimitExceededError', 'AlreadyStartedError'].includes(name), name));
        await others;
        flooding.socket.destroy();
    });

    it('floods without reading: it is closed, or waits; nobody notices', async () => {
        const flooding = await TcpClient.connect(server.url);
        await flooding.start(topic);
        const closed = once(flooding.socket, 'close');
        let over = false;
        closed.then(() => {
            over = true;
        });
        const others = besides().then(() => {
            over = true;
        });
        for (let id = 2; !over; id++) {
            if (!flooding.send(`42${id}["consume"]`) || id % 1000 === 0) {
                await new Promise((resolve) => setImmediate(resolve));
            }
        }
        await others;
        const other = await readyClient(server);
        assert.equal(await resultOf(other, 'filter', null), null);
        flooding.socket.destroy();
        await closed;
    });
});
