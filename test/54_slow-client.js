'use strict';

// Clients that read slowly, or not at all: the server keeps little for them, the others get everything, and so do they once they read.

const assert = require('node:assert/strict');
const http = require('node:http');

const kafka = require('./support/kafka.js');
const { newConfig, readyClient, resultOf, serve } = require('./support/kasocki.js');
const RawClient = require('./support/raw-client.js');
const { RARE, memoryOfOne, numberOf, numbered, receiveAll, subscribed } = require('./support/numbered.js');
const RemoteServer = require('./support/remote-server.js');
const { collect } = require('./support/server.js');

const MB = 1024 * 1024;
/** Nobody is dropped for want of a pong. */
const PATIENT = { pingTimeout: 1000000 };
describe('a client that reads nothing', function () {
    this.timeout(300000);
    before(kafka.start);

    it('costs little memory in a flood of 200 MB, harms nobody, and gets everything once it reads', async () => {
        const COUNT = 200000;
        const topic = await kafka.createTopic();
        const server = await RemoteServer.start({ kafkaConfig: newConfig() }, PATIENT);
        await kafka.produce(topic, numbered(COUNT, 1000));
        const now = await memoryOfOne(server, topic, COUNT);

        const WIDE = 5;
        const paused = [];
        for (let i = 0; i < 2 * WIDE; i++) {
            const filter = i < WIDE ? null : { rare: true, n: `/${i % WIDE}?/` };
            const client = await subscribed(server, topic, filter);
            client.all = receiveAll(client, COUNT, filter ? RARE : 1);
            await client.ackOf('start');
            client.pause();
            paused.push(client);
        }
        const fast = await Promise.all([subscribed(server, topic), subscribed(server, topic)]);
        const received = Promise.all(fast.map((client) => receiveAll(client, COUNT)));
        fast.forEach((client) => client.emit('start'));
        await received;
        const { peak } = await server.ask('memory');
        const [{ sessions, cursors }] = await server.ask('stats');
        assert.deepEqual([sessions, cursors], [2 * WIDE + 2, 2 * WIDE + 2]);
        assert.ok(peak - now < 64 * MB, `${Math.round((peak - now) / MB)} MB more than ${Math.round(now / MB)} MB`);

        // One of them goes as it is; the others read.
        await paused.shift().drop();
        for (const client of paused) {
            client.resume();
            await client.all;
        }
        const after = await server.ask('memory');
        assert.ok(after.peak - now < 64 * MB, `${Math.round((after.peak - now) / MB)} MB more`);
        await Promise.all([...paused, ...fast].map((client) => client.close()));
        await server.close();
    });

    it('by long polling: the same', async () => {
        const COUNT = 50000;
        const topic = await kafka.createTopic();
        await kafka.produce(topic, numbered(COUNT, 1000));
        const server = await RemoteServer.start({ kafkaConfig: newConfig() }, PATIENT);
        const now = await memoryOfOne(server, topic, COUNT);
        const client = await PollingClient.connect(server.url);
        await client.send(`42["subscribe",[{"topic":"${topic}","partition":0,"offset":0}]]`);
        await client.send('42["start"]');
        // It asks for nothing. Another one gets everything meanwhile.
        const fast = await subscribed(server, topic);
        const received = receiveAll(fast, COUNT);
        fast.emit('start');
        await received;
        const { peak } = await server.ask('memory');
        assert.ok(peak - now < 64 * MB, `${Math.round((peak - now) / MB)} MB more than ${Math.round(now / MB)} MB`);
        for (let next = 0; next < COUNT;) {
            for (const packet of await client.poll()) {
                if (packet.startsWith('42["message"')) {
                    assert.equal(numberOf(Buffer.from(packet.slice(0, 40))), next++);
                }
            }
        }
        await fast.close();
        client.close();
        await server.close();
    });

    it('but asks a thousand times: the answers wait in Kafka', async () => {
        const COUNT = 1000;
        const topic = await kafka.createTopic();
        const server = await RemoteServer.start({ kafkaConfig: newConfig() }, PATIENT);
        await kafka.produce(topic, numbered(2 * COUNT, 100000));
        const now = await memoryOfOne(server, topic, 2 * COUNT);
        const client = await subscribed(server, topic);
        client.pause();
        const answers = Array.from({ length: COUNT }, () => client.ackOf('consume'));
        // Another one that has read all knows that there was time for it.
        const fast = await subscribed(server, topic);
        const received = receiveAll(fast, 2 * COUNT);
        fast.emit('start');
        await received;
        const { peak } = await server.ask('memory');
        assert.ok(peak - now < 64 * MB, `${Math.round((peak - now) / MB)} MB more than ${Math.round(now / MB)} MB`);
        client.resume();
        for (const [n, answer] of answers.entries()) {
            const [error, message] = await answer;
            assert.equal(error, null);
            assert.equal(message.n, n);
        }
        const [, message] = await client.ackOf('consume');
        assert.equal(message.n, COUNT);
        await Promise.all([client.close(), fast.close()]);
        await server.close();
    });

    it('and sends events whose answers it does not read: its connection is closed, and nobody else is troubled', async () => {
        const topic = await kafka.createTopic();
        const server = await RemoteServer.start({ kafkaConfig: newConfig() }, PATIENT);
        const other = await readyClient(server);
        await resultOf(other, 'subscribe', [{ topic, partition: 0, offset: -1 }]);
        const { now } = await server.ask('memory');
        const client = await RawClient.connect(server.url);
        client.pause();
        let closed = false;
        client.closed.then(() => {
            closed = true;
        });
        const argument = { bad: 'x'.repeat(1000) };
        while (!closed) {
            // An answer each round: this process must not run ahead of the server.
            for (let i = 0; i < 500; i++) {
                client.emit('subscribe', argument);
            }
            await resultOf(other, 'filter', null);
            if (await server.ask('sockets') === 1) {
                client.resume(); // only who reads learns that it is over
            }
            await new Promise((resolve) => setImmediate(resolve));
        }
        const { peak } = await server.ask('memory');
        assert.ok(peak - now < 200 * MB, `${Math.round((peak - now) / MB)} MB more than ${Math.round(now / MB)} MB`);
        await kafka.produce(topic, numbered(1, 1));
        assert.equal((await resultOf(other, 'consume')).n, 0);
        await server.close();
    });
});

describe('a client that reads slowly', function () {
    this.timeout(120000);
    before(kafka.start);

    it('gets records larger than all that may be under way to it', async () => {
        const sizes = [10, 900000, 20, 30000, 900000, 900000, 9999, 10000, 10001, 5];
        const topic = await kafka.createTopic();
        await kafka.produce(topic, sizes.map((size, n) => ({ value: { n, text: 'x'.repeat(size) } })));
        for (const bytesInFlight of [1, 10000, 256 * 1024]) {
            const server = await RemoteServer.start({ kafkaConfig: newConfig(), limits: { bytesInFlight } });
            for (const way of ['start', 'consume', 'consumes']) {
                const client = await readyClient(server);
                const messages = [];
                await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
                if (way === 'start') {
                    const all = collect(client, 'message', sizes.length);
                    await resultOf(client, 'start');
                    messages.push(...await all);
                } else if (way === 'consume') {
                    while (messages.length < sizes.length) {
                        messages.push(await resultOf(client, 'consume'));
                    }
                } else {
                    messages.push(...await Promise.all(sizes.map(() => resultOf(client, 'consume'))));
                }
                assert.deepEqual(messages.map(({ n, text }) => [n, text.length]), [...sizes.entries()]);
                client.disconnect();
            }
            await server.close();
        }
    });

    it('gets everything in order, a little at a time, as do those beside it', async () => {
        const COUNT = 5000;
        const topic = await kafka.createTopic({ partitions: 3 });
        await kafka.produce(topic, (function* () {
            for (let n = 0; n < COUNT; n++) {
                yield { value: { n, text: 'x'.repeat(1000) }, partition: n % 3 };
            }
        })());
        const server = await RemoteServer.start({ kafkaConfig: newConfig(), limits: { bytesInFlight: 20000 } });
        const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(server.url)));
        await Promise.all(clients.map(async (client, i) => {
            await client.ackOf('subscribe', [0, 1, 2].map((partition) => ({ topic, partition, offset: 0 })));
            const next = [0, 1, 2];
            let count = 0;
            const received = new Promise((resolve) => {
                client.onEvent = (packet) => {
                    const { n } = JSON.parse(packet.toString('utf8', 2))[1];
                    assert.equal(n, next[n % 3]);
                    next[n % 3] += 3;
                    count++;
                    if (count === COUNT) {
                        resolve();
                    }
                    // Stops reading again and again, each at another pace.
                    if (count % (10 * i + 1) === 0 && i > 0) {
                        client.pause();
                        setImmediate(() => client.resume());
                    }
                };
            });
            client.emit('start');
            await received;
            assert.deepEqual(next, [0, 1, 2].map((first) => first + 3 * Math.ceil((COUNT - first) / 3)));
        }));
        await Promise.all(clients.map((client) => client.close()));
        await server.close();
    });
});

describe('a client that reads several partitions more slowly than they could be read', function () {
    this.timeout(120000);
    before(kafka.start);

    for (const bytes of [1000, 150000]) {
        it(`gets of each as much as of the others, in records of ${bytes} B`, async () => {
            const PARTITIONS = 3;
            const count = Math.ceil(6 * MB / bytes);
            const topic = await kafka.createTopic({ partitions: PARTITIONS });
            const text = 'x'.repeat(bytes);
            for (let partition = 0; partition < PARTITIONS; partition++) {
                await kafka.produce(topic, Array.from({ length: count }, () => ({ value: { text }, partition })));
            }
            const server = await serve();
            const client = await readyClient(server);
            await resultOf(client, 'subscribe', [{ topic, offset: 0 }]);
            const got = Array(PARTITIONS).fill(0);
            // One after the other: what is read is always more than what is asked for.
            for (let i = 0; i < count; i++) {
                got[(await resultOf(client, 'consume'))._kafka.partition]++;
            }
            assert.ok(got.every((some) => some > count / PARTITIONS / 2), String(got));
            await server.close();
        });
    }
});

/** A client of long polling that polls when it is told to. */
class PollingClient {
    static async connect(url) {
        const client = new PollingClient();
        client._agent = new http.Agent({ keepAlive: true });
        client._url = `${url}/socket.io/?EIO=4&transport=polling`;
        const [open] = await client.poll();
        client._url += `&sid=${JSON.parse(open.slice(1)).sid}`;
        await client.send('40');
        const [connected, ...more] = await client.poll();
        assert.match(connected, /^40/);
        if (!more.some((packet) => packet.startsWith('42["ready"'))) {
            assert.match((await client.poll())[0], /^42\["ready"/);
        }
        return client;
    }

    /** @returns {Promise<string[]>} packets */
    async poll() {
        return (await this._request('GET')).split('\x1e');
    }

    /** @param {string} packet */
    async send(packet) {
        assert.equal(await this._request('POST', packet), 'ok');
    }

    close() {
        this._agent.destroy();
    }

    _request(method, body) {
        return new Promise((resolve, reject) => {
            const request = http.request(this._url, { method, agent: this._agent }, (response) => {
                const parts = [];
                response.on('data', (part) => parts.push(part));
                response.on('end', () => resolve(Buffer.concat(parts).toString()));
            });
            request.on('error', reject);
            request.end(body);
        });
    }
}
