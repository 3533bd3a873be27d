'use strict';

// Whatever a client sends, in whatever shape and order: a named error to the one who sent it, or nothing at all, and the socket goes
// on working. So do the process, the event loop and the others.

const assert = require('node:assert/strict');
const http = require('node:http');

const kafka = require('./support/kafka.js');
const { errorOf, hubs, memoryLogger, readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const { ackOf, nextEvent, record } = require('./support/server.js');

describe('bad input', () => {
    const EVENTS = ['subscribe', 'unsubscribe', 'filter', 'consume', 'start', 'stop', 'pause'];
    const LIMITS = { InvalidAssignmentError: 'subscribe', TopicNotAvailableError: 'subscribe', InvalidFilterError: 'filter' };

    let topic;
    let server;
    const logger = memoryLogger();
    const uncaught = [];
    const onUncaught = (error) => uncaught.push(error);
    before(kafka.start);
    before(async () => {
        topic = await kafka.createTopic();
        await kafka.produce(topic, Array.from({ length: 10 }, (_, n) => ({ value: { n } })));
        server = await serve({ logger }, { maxHttpBufferSize: 1e8 });
        process.on('unhandledRejection', onUncaught);
    });
    after(() => server?.close());
    after(() => {
        process.off('unhandledRejection', onUncaught);
        assert.deepEqual(uncaught, []);
    });

    /** @returns {any} arrays or objects within each other */
    function nested(levels, array) {
        let value = array ? [] : {};
        for (let i = 1; i < levels; i++) {
            value = array ? [value] : { a: value };
        }
        return value;
    }

    /** What a client could send as an argument, by a name. */
    const arguments_ = {
        'undefined': undefined,
        'null': null,
        'true': true,
        'false': false,
        'zero': 0,
        'a number': 17.5,
        'a negative number': -1,
        '1e300': 1e300,
        'NaN': NaN,
        'an empty text': '',
        'a text': 'text',
        'a long text': 'x'.repeat(1000000),
        'a text of odd characters': '\0\u{1f4a9}\ud800"\\\u2028',
        'an empty array': [],
        'an empty object': {},
        'nulls': [null, null],
        'mixed': [1, 'a', null, {}, []],
        'an array in an array': [[['a']]],
        'a hole': [, 'a'], // eslint-disable-line no-sparse-arrays
        'a Date': new Date(0),
        'a Buffer': Buffer.from('binary'),
        'Buffers': [Buffer.from('binary'), { topic: Buffer.from('x'), partition: new Uint8Array(3) }],
        'ten thousand texts': Array.from({ length: 10000 }, (_, i) => `t${i}`),
        'ten thousand objects': Array.from({ length: 10000 }, (_, i) => ({ topic: 't', partition: i, offset: 0 })),
        'ten thousand nulls': Array(10000).fill(null),
        'ten thousand members': Object.fromEntries(Array.from({ length: 10000 }, (_, i) => [`m${i}`, i])),
        'a hundred thousand numbers': Array(100000).fill(7),
        'a deep array': nested(3000, true),
        'a deep object': nested(3000, false),
        'a deep member': { 'a': nested(2000, true), 'b.c': nested(2000, false) },
        '__proto__': JSON.parse('{"__proto__":{"polluted":1},"topic":"x"}'),
        'constructor': { constructor: { prototype: { polluted: 1 } } },
        'an assignment of __proto__': [JSON.parse('{"__proto__":{"topic":"x","partition":0,"offset":0}}')],
        'toString': { toString: 5, valueOf: null, toJSON: 'x', then: 1, length: -1 },
        'an array-like': { 0: 'a', length: 1e9 },
        'length': { length: 'x' },
        'numbers out of range': [{ topic: 't', partition: 1e300, offset: -1e300 }],
        'a topic that is an object': [{ topic: { toString: 'x' }, partition: 0, offset: 0 }],
        'NaN in an assignment': [{ topic: 't', partition: NaN, offset: NaN }],
        'negative': [{ topic: 't', partition: -1, offset: -3 }],
    };

    /** After whatever came before: it can subscribe (if it has not), filter, consume, start and stop. */
    async function worksStill(client) {
        await resultOf(client, 'stop');
        await resultOf(client, 'filter', null);
        const [error] = await ackOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        assert.ok(!error || error.name === 'AlreadySubscribedError', error && error.name);
        assert.equal((await resultOf(client, 'consume')).n, 0);
        const message = nextEvent(client, 'message');
        await resultOf(client, 'start');
        assert.equal((await message)[0].n, 1);
        await resultOf(client, 'stop');
        assert.equal(client.connected, true);
    }

    function checkError(error, event) {
        assert.deepEqual([error.origin, error.socketEvent, typeof error.socket], ['Kasocki', event, 'string']);
        assert.ok(error.message.length > 0 && Buffer.byteLength(error.message) <= 1024);
        assert.ok(Buffer.byteLength(JSON.stringify(error)) < 8192, error.name);
        assert.ok(!('stack' in error));
    }

    for (const event of EVENTS) {
        it(`${event} with an argument of any shape`, async function () {
            this.timeout(120000);
            const client = await readyClient(server);
            for (const [name, argument] of Object.entries(arguments_)) {
                const before = client.errs.length;
                const [error, result] = ['unsubscribe', 'consume', 'start'].includes(event)
                    ? [await errorOf(client, event, argument), null]
                    : await ackOf(client, event, argument);
                if (error) {
                    assert.equal(result, null);
                    checkError(error, event);
                    assert.deepEqual(client.errs.slice(before), [error], name);
                    const allowed = {
                        subscribe: ['InvalidAssignmentError', 'TopicNotAvailableError', 'LimitExceededError'],
                        unsubscribe: ['NotSubscribedError', 'InvalidAssignmentError'],
                        filter: ['InvalidFilterError', 'LimitExceededError'],
                    }[event] ?? ['NotSubscribedError'];
                    assert.ok(allowed.includes(error.name), `${name}: ${error.name}: ${error.message}`);
                } else {
                    assert.ok(event !== 'subscribe', name);
                    assert.equal(client.errs.length, before);
                }
            }
            await worksStill(client);
            assert.equal({}.polluted, undefined);
            client.disconnect();
        });

        it(`${event} with more arguments, and an ack that is no function`, async () => {
            const client = await readyClient(server);
            for (const more of [[1, 2, 3], [null, null, null], ['text', 'no function'], [null, {}], [undefined, Buffer.from('x')], Array(1000).fill(0)]) {
                client.emit(event, ...more);
                const [error] = await ackOf(client, event, ...more);
                if (error) {
                    checkError(error, event);
                }
            }
            await worksStill(client);
            client.disconnect();
        });

        it(`${event} twice, and a hundred times at once`, async () => {
            const client = await readyClient(server);
            const argument = event === 'subscribe' ? [{ topic, partition: 0, offset: 0 }] : null;
            if (['start', 'consume', 'unsubscribe'].includes(event)) {
                await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
                await resultOf(client, 'filter', { n: 'nothing' });
            }
            if (event === 'consume') {
                for (let i = 0; i < 100; i++) {
                    client.emit('consume', () => {});
                }
                await resultOf(client, 'stop');
                assert.deepEqual(client.errs, []);
                client.disconnect();
                return;
            }
            const answers = await Promise.all(Array.from({ length: 100 }, () => ackOf(client, event, argument)));
            assert.equal(answers[0][0], null);
            const again = { subscribe: 'AlreadySubscribedError', start: 'AlreadyStartedError', unsubscribe: 'NotSubscribedError' };
            for (const [error] of answers.slice(1)) {
                assert.equal(error && error.name, again[event] ?? null);
            }
            await resultOf(client, 'stop');
            client.disconnect();
        });
    }

    it('names the error by what is wrong', async () => {
        const client = await readyClient(server);
        for (const [name, event] of Object.entries(LIMITS)) {
            const argument = name === 'TopicNotAvailableError' ? 'no-such-topic' : event === 'subscribe' ? 5 : { a: {} };
            assert.equal((await errorOf(client, event, argument)).name, name);
        }
        await worksStill(client);
    });

    it('details are cut at a kilobyte each, and hold no binary', async () => {
        const client = await readyClient(server);
        for (const [event, argument, detail] of [
            ['subscribe', [{ topic: 'x'.repeat(100000), partition: -1, offset: 0 }], 'assignments'],
            ['subscribe', [{ topic: '€'.repeat(100000), partition: -1, offset: 0 }], 'assignments'],
            ['filter', { a: { b: 'x'.repeat(100000) } }, 'filters'],
            ['filter', [Buffer.alloc(100000)], 'filters'],
        ]) {
            const error = await errorOf(client, event, argument);
            assert.equal(typeof error[detail], 'string');
            assert.ok(Buffer.byteLength(error[detail]) <= 1024);
            assert.ok(!error[detail].includes('\ufffd'));
        }
        const small = await errorOf(client, 'filter', { a: { b: 1 } });
        assert.deepEqual(small.filters, { a: { b: 1 } });
    });

    it('another event is nobody\'s business', async () => {
        const client = await readyClient(server);
        for (const event of ['message', 'err', 'ready', 'assigned', 'error', '__proto__', 'constructor', '', 'x'.repeat(10000), 'SUBSCRIBE']) {
            client.emit(event, { a: 1 });
        }
        assert.deepEqual(await ackOf(client, 'stop'), [null, null]);
        assert.deepEqual(client.errs, []);
        await worksStill(client);
    });

    it('events after disconnect, and in the same tick as it', async () => {
        for (const how of ['disconnect', 'close']) {
            const client = await readyClient(server);
            const events = record(client, 'message', 'err');
            client.emit('subscribe', [{ topic, partition: 0, offset: 0 }], () => {});
            client.emit('start');
            for (let i = 0; i < 50; i++) {
                client.emit('consume', () => {});
            }
            if (how === 'disconnect') {
                client.disconnect();
            } else {
                client.io.engine.close();
            }
            for (const event of EVENTS) {
                client.emit(event, null, () => {});
            }
            assert.deepEqual(events.filter(([event]) => event === 'err'), []);
        }
        const socket = await new Promise((resolve) => {
            server.io.once('connection', resolve);
            server.connect();
        });
        // As if they had come when the server had closed it already.
        const answers = [];
        socket.on('disconnect', () => {
            for (const name of EVENTS) {
                for (const listener of socket.listeners(name)) {
                    listener.call(socket, null, (...args) => answers.push([name, ...args]));
                }
            }
        });
        socket.disconnect(true);
        assert.deepEqual(answers.map(([name, error, result]) => [name, error.name, result]), EVENTS.map((name) => [name, 'AlreadyClosingError', null]));
        await worksStill(await readyClient(server));
    });

    it('an ack that throws on the server is no harm', async () => {
        const client = await readyClient(server);
        const socket = server.socketOf(client);
        for (const event of EVENTS) {
            for (const listener of socket.listeners(event)) {
                listener.call(socket, null, () => {
                    throw new Error('ack');
                });
                listener.call(socket, null, () => Promise.reject(new Error('ack')));
                listener.call(socket, () => {
                    throw new Error('ack');
                });
            }
        }
        await worksStill(client);
    });

    it('arguments of the server\'s own making, with getters and proxies that throw', async () => {
        const client = await readyClient(server);
        const socket = server.socketOf(client);
        const trap = () => {
            throw new Error('trap');
        };
        const proxy = new Proxy({}, { get: trap, ownKeys: trap, getPrototypeOf: trap, has: trap, getOwnPropertyDescriptor: trap });
        const ring = {};
        ring.ring = ring;
        const hostile = [
            proxy, [proxy], ring, [ring], { a: proxy }, { a: [proxy] }, { get a() { return trap(); } },
            [{ get topic() { return trap(); }, partition: 0, offset: 0 }],
            Symbol('s'), [Symbol('s')], { a: Symbol('s') }, 5n, [5n], { a: 5n }, new Map([['a', 1]]), new (class A { a = 1; })(),
            Object.create({ a: 1 }), Object.create(null), /a/,
            { a: () => {} }, { [Symbol('s')]: 1 }, { a: NaN }, { a: Infinity }, { a: undefined }, [{ topic: 't', partition: 0, offset: NaN }], new Proxy([], { get: trap }),
            Object.defineProperty([], 'length', { value: 4294967295 }), new Error('x'), new Uint8Array(5), globalThis,
        ];
        for (const event of ['subscribe', 'filter']) {
            for (const argument of hostile) {
                const answer = await new Promise((resolve) => {
                    for (const listener of socket.listeners(event)) {
                        listener.call(socket, argument, (...args) => resolve(args));
                    }
                });
                if (answer[0]) {
                    checkError(answer[0], event);
                    assert.ok(['InvalidAssignmentError', 'InvalidFilterError', 'TopicNotAvailableError', 'LimitExceededError'].includes(answer[0].name),
                        `${answer[0].name}: ${answer[0].message}`);
                }
            }
        }
        await worksStill(client);
    });

    it('thousands of events at once: the event loop goes on, too many are a LimitExceededError', async function () {
        this.timeout(120000);
        const client = await readyClient(server);
        const other = await readyClient(server);
        const answers = [];
        for (let i = 0; i < 5000; i++) {
            const [event, argument] = i % 2 ? ['filter', [i]] : ['subscribe', [{ topic: 'no such', partition: i, offset: 0 }]];
            client.emit(event, argument, (error) => answers.push(error && error.name));
        }
        await worksStill(other);
        await until(() => answers.length === 5000);
        assert.ok(answers.every((name) => ['InvalidFilterError', 'TopicNotAvailableError', 'LimitExceededError'].includes(name)));
        await worksStill(client);
    });

    it('a client that asks and does not read is closed, and nobody else notices', async function () {
        this.timeout(120000);
        const own = await serve({ logger: memoryLogger(), limits: { backlog: 1000000 } });
        const client = await readyClient(own);
        const other = await readyClient(own);
        const stream = client.io.engine.transport.ws._socket;
        stream.pause();
        const gone = nextEvent(own.socketOf(client), 'disconnect');
        let open = true;
        gone.then(([reason]) => {
            assert.equal(reason, 'forced close');
            open = false;
        });
        const padding = 'x'.repeat(900);
        while (open) {
            for (let i = 0; i < 500; i++) {
                client.emit('subscribe', [padding, padding, padding], () => {});
            }
            await new Promise((resolve) => setImmediate(resolve));
        }
        stream.destroy();
        await worksStill(other);
        await own.close();
    });

    it('packets that are no socket.io, or events of a wrong form', async () => {
        const witness = await readyClient(server);
        for (const packet of ['42', '42[', '42[]', '42{}', '42["subscribe"', '42[5]', '42[null]', '42["subscribe",]', '43[]', '49', '4', '42/nope,["start"]', '420["start"]',
            '42-1["start"]', '4299999999999999999999["start"]', '451-["filter",{"_placeholder":true,"num":0}]', '42["filter",{"a":{"_placeholder":true,"num":5}}]',
            '42' + '['.repeat(100000), '42["subscribe",' + '['.repeat(20000) + ']'.repeat(20000) + ']', '42["filter",' + '{"a":'.repeat(20000) + '1' + '}'.repeat(20000) + ']',
            '42["disconnect"]', '42["connect"]', '42["newListener"]']) {
            const client = await readyClient(server);
            client.io.engine.write(packet.slice(1));
            client.emit('stop', () => {});
            // Either it is closed by socket.io, or it works.
            await Promise.race([nextEvent(client, 'disconnect'), ackOf(client, 'stop')]);
            client.disconnect();
        }
        await worksStill(witness);
    });

    it('over HTTP: garbage to the long-polling address', async () => {
        const statuses = [];
        for (const [method, path, body] of [
            ['POST', '/socket.io/?EIO=4&transport=polling', '42["start"]'], ['POST', '/socket.io/?EIO=4&transport=polling&sid=nope', 'x'], ['GET', '/socket.io/?EIO=9&transport=x', ''],
        ]) {
            statuses.push(await new Promise((resolve, reject) => {
                const request = http.request(server.url + path, { method, agent: false }, (response) => resolve(response.resume().statusCode));
                request.on('error', reject);
                request.end(body);
            }));
        }
        assert.deepEqual(statuses, [400, 400, 400]);
        await worksStill(await readyClient(server));
    });

    it('left nothing behind', async () => {
        assert.ok(logger.lines.length > 0);
        assert.deepEqual(logger.lines.filter(({ level }) => level === 'error' || level === 'fatal').map(({ text, err }) => [text, err && err.message]), []);
        const native = server.native();
        const before = hubs.size;
        await server.close();
        await until(() => native.stats().sessions === 0 && native.stats().cursors === 0 && hubs.size < before);
    });
});
