'use strict';

// The option `limits`: each of them at its edge and one past it. What is refused is told to the one who sent it, by
// LimitExceededError, and nobody else notices. (With clients that really don't read: 48_bad-input.js and 54_slow-client.js.)

const assert = require('node:assert/strict');

const { EventQueue } = require('../lib/event-queue.js');
const { roughSize } = require('../lib/rough-size.js');
const { backlogOf } = require('../lib/sender.js');
const { TokenBucket } = require('../lib/token-bucket.js');
const kafka = require('./support/kafka.js');
const { Kasocki, errorOf, hubs, newConfig, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { ackOf, collectUntil, nextEvent, record } = require('./support/server.js');

/** @returns {Promise<[object, string]>} the err of a start that fails, and why the connection ended */
async function failedStart(server) {
    const client = server.connect();
    const ended = nextEvent(client, 'disconnect');
    const [error] = await nextEvent(client, 'err');
    const [reason] = await ended;
    return [error, reason];
}

const names = (acks) => acks.map(([error]) => error && error.name);
const REFUSED = 'LimitExceededError';

describe('limits of a socket', () => {
    let topic;
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic({ partitions: 4 });
        await kafka.produce(topic, Array.from({ length: 5 }, (_, n) => ({ value: { n } })));
    });

    const partitions = (count) => Array.from({ length: count }, (_, partition) => ({ topic, partition, offset: 0 }));

    it('assignments', async () => {
        const server = await serve({ limits: { assignments: 3 } });
        const client = await readyClient(server);
        assert.equal((await errorOf(client, 'subscribe', partitions(4))).name, REFUSED);
        assert.equal((await resultOf(client, 'subscribe', partitions(3))).length, 3);
        await server.close();
    });

    it('consumes', async () => {
        const empty = await kafka.createTopic();
        const server = await serve({ limits: { consumes: 2 } });
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', empty);
        const acks = [1, 2, 3].map(() => ackOf(client, 'consume'));
        assert.equal((await acks[2])[0].name, REFUSED);
        await kafka.produce(empty, [{ value: { n: 0 } }, { value: { n: 1 } }]);
        assert.deepEqual((await Promise.all(acks.slice(0, 2))).map(([, { n }]) => n), [0, 1]);
        await server.close();
    });

    it('filterBytes: a client\'s filter, not the server\'s own', async () => {
        const filter = { a: 'x'.repeat(30) };
        const size = Buffer.byteLength(JSON.stringify(filter));
        const server = await serve({ limits: { filterBytes: size }, filter: { n: [0, 1, 2, 3, 4] } });
        const client = await readyClient(server);
        assert.deepEqual(await resultOf(client, 'filter', filter), filter);
        const error = await errorOf(client, 'filter', { a: 'x'.repeat(31) });
        assert.equal(error.name, REFUSED);
        assert.ok(error.message.includes(String(size)));
        // Characters of several bytes are counted as such, and what JSON escapes as well.
        assert.equal((await errorOf(client, 'filter', { a: 'ü'.repeat(16) })).name, REFUSED);
        assert.equal((await errorOf(client, 'filter', { a: '"'.repeat(16) })).name, REFUSED);
        assert.deepEqual(await resultOf(client, 'filter', { a: 'ü'.repeat(15) }), { a: 'ü'.repeat(15) });
        const wide = await serve({ limits: { filterBytes: 200000 } });
        const other = await readyClient(wide);
        await resultOf(other, 'filter', { a: 'x'.repeat(100000) });
        await Promise.all([server.close(), wide.close()]);
    });

    it('regexProgram', async () => {
        const filter = { a: '/[a-z]{100}/' };
        const server = await serve({ limits: { regexProgram: 10000 } });
        const small = await readyClient(server);
        assert.deepEqual(await resultOf(small, 'filter', filter), filter);
        assert.equal((await errorOf(small, 'filter', { a: '/[a-z]{1000}/' })).name, REFUSED);
        server.options.limits = {};
        const usual = await readyClient(server);
        assert.deepEqual(await resultOf(usual, 'filter', { a: '/[a-z]{1000}/' }), { a: '/[a-z]{1000}/' });
        await server.close();
    });

    it('regexProgram: to the byte', async () => {
        const filterOf = (characters) => ({ a: `/a{${characters}}/` });
        const takes = (characters, regexProgram) => {
            try {
                return Boolean(Kasocki.createMatcher(filterOf(characters), { regexProgram }));
            } catch ({ message }) {
                assert.match(message, /too large/);
                return false;
            }
        };
        let [least, enough] = [1, 262144];
        while (least < enough) {
            const middle = Math.floor((least + enough) / 2);
            [least, enough] = takes(100, middle) ? [least, middle] : [middle + 1, enough];
        }
        // A character is an instruction, an instruction is 8 bytes, and two thirds of the memory are for instructions.
        assert.deepEqual([11, 12].map((more) => takes(101, enough + more)), [false, true]);
        const server = await serve();
        for (const [regexProgram, characters, expected] of [
            [enough, 100, null], [enough, 101, REFUSED], [enough - 1, 100, REFUSED], [enough - 1, 99, null], [enough + 12, 101, null],
        ]) {
            server.options.limits = { regexProgram };
            assert.deepEqual(names([await ackOf(await readyClient(server), 'filter', filterOf(characters))]), [expected]);
        }
        await server.close();
    });

    it('backlog: looked at with every 64th event', async () => {
        const LIMIT = 100000;
        const server = await serve({ limits: { backlog: LIMIT } });
        const other = await readyClient(server);
        /** So many bytes wait for a client that does not read, and it asks 64 times. @returns {Promise<?string>} why it was closed, if it was */
        const asks = async (bytes) => {
            const client = await readyClient(server);
            const socket = server.socketOf(client);
            const { conn } = socket;
            await until(() => conn.transport.writable && conn.writeBuffer.length === 0);
            conn.transport.writable = false;
            socket.emit('filler', '');
            socket.emit('filler', 'x'.repeat(bytes - 2 * backlogOf(socket)));
            assert.equal(backlogOf(socket), bytes);
            const closed = nextEvent(socket, 'disconnect').then(([reason]) => reason);
            const heard = new Promise((resolve) => {
                let count = 0;
                socket.on('stop', () => ++count === 64 && resolve());
            });
            for (let i = 0; i < 64; i++) {
                client.emit('stop');
            }
            await heard;
            if (!socket.connected) {
                return closed;
            }
            conn.transport.writable = true;
            conn.flush();
            await resultOf(client, 'stop');
            return null;
        };
        assert.equal(await asks(LIMIT), null);
        assert.equal(await asks(LIMIT + 1), 'forced close');
        await resultOf(other, 'stop');
        assert.deepEqual(server.options.logger.lines.map(({ err }) => err.name), [REFUSED]);
        await server.close();
    });

    it('bytesInFlight: one message larger than that still goes', async () => {
        const large = await kafka.createTopic();
        await kafka.produce(large, [0, 1, 2].map((n) => ({ value: { n, text: 'x'.repeat(5000) } })));
        const server = await serve({ limits: { bytesInFlight: 1000 } });
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic: large, partition: 0, offset: 0 }]);
        const messages = collectUntil(client, 'message', ({ n }) => n === 2);
        await resultOf(client, 'start');
        assert.deepEqual((await messages).map(({ n }) => n), [0, 1, 2]);
        await server.close();
    });

    /** A server whose sockets are not ready before release(): all that they send has to wait. */
    async function holding(options) {
        let release;
        const held = new Promise((resolve) => {
            release = resolve;
        });
        return Object.assign(await serve({ ...options, authorize: (socket, topics) => held.then(() => topics) }), { release });
    }

    it('events', async () => {
        const server = await holding({ limits: { events: 3 } });
        const client = server.connect();
        const errs = record(client, 'err');
        const acks = Array.from({ length: 4 }, (_, i) => ackOf(client, 'filter', { i }));
        assert.equal((await acks[3])[0].name, REFUSED);
        server.release();
        assert.deepEqual(names(await Promise.all(acks)), [null, null, null, REFUSED]);
        assert.equal(errs.length, 1);
        // There is room again.
        await resultOf(client, 'filter', { i: 5 });
        await server.close();
    });

    it('eventBytes', async () => {
        const filter = { a: 'x'.repeat(10000) };
        const each = roughSize(filter, Infinity);
        assert.ok(each > 10000 && each < 10200);
        const server = await holding({ limits: { eventBytes: 3 * each } });
        const client = server.connect();
        const acks = Array.from({ length: 4 }, () => ackOf(client, 'filter', filter));
        assert.equal((await acks[3])[0].name, REFUSED);
        // The third took all there was: nothing that has a size is too small.
        assert.equal((await ackOf(client, 'filter', null))[0].name, REFUSED);
        server.release();
        assert.deepEqual(names(await Promise.all(acks)), [null, null, null, REFUSED]);
        assert.equal((await ackOf(client, 'filter', filter))[0], null);
        await server.close();
    });

    it('eventBytes: a thousand events of a megabyte do not wait in memory', async () => {
        const server = await holding({ limits: { backlog: 2 ** 30 } });
        const client = server.connect();
        const filter = { a: 'x'.repeat(990000) };
        const acks = Array.from({ length: 50 }, () => ackOf(client, 'filter', filter));
        // 4 MiB by default.
        const refused = await Promise.all(acks.slice(4));
        assert.ok(names(refused).every((name) => name === REFUSED));
        assert.equal(Kasocki.stats().eventsWaiting, 4);
        server.release();
        assert.deepEqual(names(await Promise.all(acks.slice(0, 4))), Array(4).fill(REFUSED));
        await server.close();
    });

    it('eventsPerSecond', async () => {
        const server = await serve({ limits: { eventsPerSecond: 1 } });
        const client = await readyClient(server);
        const socket = server.socketOf(client);
        const [listener] = socket.listeners('filter');
        const err = nextEvent(client, 'err');
        // In one turn, so that no second passes in between.
        const acks = await Promise.all([1, 2].map((i) => new Promise((resolve) => {
            listener.call(socket, { i }, (...answer) => resolve(answer));
        })));
        assert.deepEqual(names(acks), [null, REFUSED]);
        const [{ name, socketEvent }] = await err;
        assert.deepEqual([name, socketEvent], [REFUSED, 'filter']);
        // Later there is room again: whoever tries long enough gets through. And another socket has its own.
        while ((await ackOf(client, 'filter', { i: 3 }))[0] !== null);
        await resultOf(await readyClient(server), 'filter', { i: 4 });
        await server.close();
    });
});

describe('limits of the process', () => {
    before(kafka.start);

    it('sockets: one more is a failed start that heals; when one has gone, there is room', async () => {
        await Kasocki.close();
        const server = await serve({ limits: { sockets: 2 } });
        const [first, second] = await Promise.all([readyClient(server), readyClient(server)]);
        const [error, reason] = await failedStart(server);
        assert.deepEqual([error.name, reason], [REFUSED, 'transport close']);
        const comesBack = server.connect({ reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 100 });
        const ready = nextEvent(comesBack, 'ready');
        await nextEvent(comesBack, 'err');
        first.disconnect();
        await ready;
        assert.equal(second.connected, true);
        assert.equal(Kasocki.stats().sockets, 2);
        await server.close();
    });

    it('hubs: one more configuration is a failed start that heals; idle hubs make room', async () => {
        await Kasocki.close();
        const limits = { hubs: 2 };
        const servers = await Promise.all([0, 1, 2].map(() => serve({ limits, hubIdle: 60000, kafkaConfig: newConfig() })));
        const [first] = await Promise.all([readyClient(servers[0]), readyClient(servers[1])]);
        const [error, reason] = await failedStart(servers[2]);
        assert.deepEqual([error.name, reason], [REFUSED, 'transport close']);
        // The same configuration is no further hub.
        await readyClient(servers[1]);
        const gone = nextEvent(servers[0].socketOf(first), 'disconnect');
        first.disconnect();
        await gone;
        // Its hub would be kept for a minute. It goes at once, because somebody else needs the place.
        await readyClient(servers[2]);
        assert.equal(hubs.size, limits.hubs);
        await Promise.all(servers.map((server) => server.close()));
        await Kasocki.close();
    });

    it('bufferBytes: no further subscription while readers hold more', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, [{ value: { text: 'x'.repeat(20000) } }]);
        const server = await serve({ limits: { bufferBytes: 10000 } });
        const [one, other] = await Promise.all([readyClient(server), readyClient(server)]);
        await resultOf(one, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        await resultOf(one, 'consume');
        const held = Kasocki.stats().bufferBytes;
        assert.ok(held > 20000, `${held}`);
        const error = await errorOf(other, 'subscribe', topic);
        assert.equal(error.name, REFUSED);
        // What two readers have is counted twice, while one of them takes over.
        server.options.limits = { bufferBytes: 10 * held };
        const third = await readyClient(server);
        await resultOf(third, 'subscribe', topic);
        await server.close();
    });
});

describe('the measures of limits', () => {
    it('roughSize counts what a value of JSON takes, and stops in time', () => {
        assert.ok(roughSize('x'.repeat(1000), 1e9) >= 1000);
        assert.ok(roughSize({ a: 'x'.repeat(1000), ['y'.repeat(1000)]: 1 }, 1e9) >= 2000);
        assert.ok(roughSize(Array(1000).fill(0), 1e9) >= 1000);
        assert.ok(roughSize(Buffer.alloc(1000), 1e9) >= 1000);
        assert.ok(roughSize([[['x'.repeat(1000)]], { a: { b: ['y'.repeat(1000)] } }], 1e9) >= 2000);
        for (const value of [undefined, null, 0, true, '', [], {}]) {
            const size = roughSize(value, 1e9);
            assert.ok(size > 0 && size < 100, `${size}`);
        }
        const deep = JSON.parse('['.repeat(5000) + ']'.repeat(5000));
        assert.ok(roughSize(deep, 1e9) >= 5000);
        // What is enough is not gone beyond: of an array that says that it is endless, some are looked at.
        let looked = 0;
        const endless = new Proxy([], {
            get: (target, name) => (name === 'length' ? 2 ** 32 - 1 : typeof name === 'string' && ++looked),
        });
        assert.ok(roughSize(endless, 10000) > 10000);
        assert.ok(looked < 10000, `${looked}`);
    });

    it('an event queue gives the bytes back with the events', () => {
        const done = [];
        const carryOut = ({ argument }) => {
            done.push(argument.length);
        };
        const queue = new EventQueue(10, 1000, { carryOut });
        assert.equal(queue.push({ argument: 'x'.repeat(600) }), undefined);
        assert.match(queue.push({ argument: 'x'.repeat(600) }), /1000 bytes/);
        assert.equal(queue.push({ argument: 'x'.repeat(300) }), undefined);
        queue.open();
        assert.deepEqual([done, queue.bytes], [[600, 300], 0]);
        // What need not wait takes no room.
        assert.equal(queue.push({ argument: 'x'.repeat(5000) }), undefined);
        assert.deepEqual(done, [600, 300, 5000]);
    });

    it('a bucket of tokens fills as time goes by, up to a second\'s worth', () => {
        const bucket = new TokenBucket(1000, 5000);
        const taken = (now) => {
            let count = 0;
            while (bucket.take(now)) {
                count++;
            }
            return count;
        };
        assert.equal(taken(5000), 1000);
        assert.equal(taken(5000.5), 0);
        assert.equal(taken(5100), 100);
        assert.equal(taken(3600000), 1000);
        const slow = new TokenBucket(1, 0);
        assert.deepEqual([0, 0, 999, 1000, 1000].map((now) => slow.take(now)), [true, false, false, true, false]);
    });
});
