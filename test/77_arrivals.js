'use strict';

// Sockets that come by the thousand, that go by the thousand, that wait for a Kafka which is not there yet (short runs of
// test/reliability/lifecycles.js), and that vanish before they are anything.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');

const { absence, arrivals, churn } = require('./reliability/lifecycles.js');
const kafka = require('./support/kafka.js');
const { Kasocki, hubs, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const RawClient = require('./support/raw-client.js');

const SEED = Number(process.env.KASOCKI_CHURN_SEED ?? Date.now() % 1e6);
const quiet = { seed: SEED, log: () => {} };

describe(`many sockets (seed ${SEED})`, function () {
    this.timeout(300000);
    before(kafka.start);

    it('that come and go leave nothing behind, and no memory for each', async () => {
        assert.deepEqual((await churn({ ...quiet, connections: 1000 })).problems, []);
    });

    it('that arrive at once are all served', async () => {
        assert.deepEqual((await arrivals({ ...quiet, sockets: 1000 })).problems, []);
    });

    it('that come before Kafka does are served as soon as it is there', async () => {
        assert.deepEqual((await absence({ ...quiet, absence: 3, connectTimeout: 500 })).problems, []);
    });
});

describe('sockets that vanish', function () {
    this.timeout(120000);
    before(kafka.start);

    const COUNT = 50;
    let server;
    let before_;
    beforeEach(() => {
        before_ = { hubs: hubs.size, sockets: Kasocki.stats().sockets };
    });
    afterEach(() => server.close());

    /** Nothing is left of them. */
    async function allGone() {
        await until(() => server.io.engine.clientsCount === 0);
        await until(() => hubs.size === before_.hubs && Kasocki.stats().sockets === before_.sockets);
        assert.deepEqual(server.options.logger.lines.filter(({ level }) => level === 'error' || level === 'warn'), []);
    }

    /** And the next one is served. */
    async function nextIsServed() {
        const client = await readyClient(server);
        assert.equal(await resultOf(client, 'filter', null), null);
    }

    it('while they connect, at whatever byte of it', async () => {
        server = await serve();
        const { hostname, port } = new URL(server.url);
        const request = [
            'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', `Host: ${hostname}`, 'Upgrade: websocket', 'Connection: Upgrade',
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', '', '',
        ].join('\r\n');
        // `40`, masked by zeros: socket.io connects.
        const bytes = Buffer.concat([Buffer.from(request), Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30])]);
        const ends = [(socket) => socket.destroy(), (socket) => socket.resetAndDestroy(), (socket) => socket.end()];
        await Promise.all(Array.from({ length: bytes.length }, async (_, i) => {
            const socket = net.connect({ host: hostname, port }).resume();
            socket.on('error', () => {}); // 'close' follows
            const closed = once(socket, 'close');
            await once(socket, 'connect');
            socket.write(bytes.subarray(0, i + 1), () => ends[i % ends.length](socket));
            // What is half open for the server's sake ends when it has answered, or gives up.
            if (i % ends.length < 2) {
                await closed;
            } else {
                await once(socket, 'finish');
                socket.destroy();
            }
        }));
        await allGone();
        await nextIsServed();
    });

    it('while authorize decides', async () => {
        const pending = [];
        let held = true;
        server = await serve({ authorize: (socket, topics) => (held ? new Promise((resolve) => pending.push(() => resolve(topics))) : topics) });
        const clients = await Promise.all(Array.from({ length: COUNT }, () => RawClient.connect(server.url)));
        clients.forEach((client) => client.emit('subscribe', 'topic'));
        await until(() => pending.length === COUNT);
        await Promise.all(clients.map((client) => client.drop()));
        await allGone();
        // It decides all the same.
        pending.forEach((decide) => decide());
        held = false;
        await nextIsServed();
    });

    it('while a subscribe is under way, and with consumes that wait', async () => {
        const topic = await kafka.createTopic({ partitions: 4 });
        server = await serve();
        const clients = await Promise.all(Array.from({ length: COUNT }, () => RawClient.connect(server.url)));
        await Promise.all(clients.map(async (client, i) => {
            client.emit('subscribe', topic);
            client.emit('consume');
            client.emit('consume');
            if (i % 2 === 0) {
                await client.ackOf('filter', { nothing: 'matches' });
            }
            await client.drop();
        }));
        await allGone();
        await nextIsServed();
    });
});
