'use strict';

// Ends: of hubs, of threads, of processes, in good order and in none, at rest and in the middle of a flood. No crash, nobody who has to be
// waited for, not a word on stderr.

const assert = require('node:assert/strict');
const path = require('node:path');

const kafka = require('./support/kafka.js');
const { newConfig, readyClient, resultOf } = require('./support/kasocki.js');
const program = require('./support/program.js');
const RemoteServer = require('./support/remote-server.js');
const { collect } = require('./support/server.js');

const PROGRAM = path.join(__dirname, 'support', 'lifecycle.js');

describe('a process with Kasocki', function () {
    this.timeout(120000);
    before(kafka.start);

    let topic;
    before(async () => {
        topic = await kafka.createTopic();
        const text = 'x'.repeat(500);
        await kafka.produce(topic, (function* () {
            for (let n = 0; n < 100000; n++) {
                yield `{"n":${n},"text":"${text}"}`;
            }
        })());
    });

    /** Has it end in a way of the program's. @returns {Promise<{ code: ?number, signal: ?string, output: string }>} */
    async function run(way, naturalEnd = false) {
        // Under LeakSanitizer (test/sanitizers/mocha.js): who does not end by itself gives nothing back.
        const env = naturalEnd ? {} : { ASAN_OPTIONS: 'detect_leaks=0' };
        const child = program.start(['--expose-gc', PROGRAM, way, kafka.brokers, topic], env);
        const result = await child.ended;
        return { ...result, output: child.stdout + child.stderr };
    }

    const END = { code: 0, signal: null, output: '' };
    const EXIT = { code: 7, signal: null, output: '' };

    for (const [way, text, expected] of [
        ['idle', 'ends by itself beside an idle hub', END],
        ['noHubIdle', 'ends by itself without a hub', END],
        ['serverCloses', 'ends by itself when the server closes in mid-stream', END],
        ['serverDisconnects', 'ends by itself when the server disconnects all in mid-stream', END],
        ['connectionBreaks', 'ends by itself when the last connection breaks', END],
        ['withoutKafka', 'ends by itself where there is no Kafka', END],
        ['manyHubs', 'ends by itself after many hubs, closed and collected', END],
        ['forgottenHubs', 'ends by itself after hubs that were collected without having been closed', END],
        ['exit', 'exits in mid-stream', EXIT],
        ['exitWhileMany', 'exits with five hubs in mid-stream', EXIT],
        ['exitWithoutKafka', 'exits while it tries to reach Kafka', EXIT],
        ['exceptionInDeserializer', 'exits in a deserializer', EXIT],
        ['signal', 'is ended by a signal in mid-stream', { code: null, signal: 'SIGTERM', output: '' }],
        ['workers', 'has its threads terminated at any moment', END],
        ['workersEnd', 'has threads that end by themselves and by exit', END],
        ['exitWithWorkers', 'exits in mid-stream of several threads', EXIT],
    ]) {
        it(text, async () => {
            assert.deepEqual(await run(way, expected === END), expected);
        });
    }

    it('exits while it connects, at whatever place of it', async () => {
        for (let round = 0; round < 10; round++) {
            const results = await Promise.all(Array.from({ length: 4 }, () => run('exitAtOnce')));
            assert.deepEqual(results, [EXIT, EXIT, EXIT, EXIT]);
        }
    });

    for (const [way, text] of [['exception', 'an uncaught exception'], ['rejection', 'an unhandled rejection']]) {
        it(`ends by ${text} in mid-stream, of which alone it tells`, async () => {
            const { code, signal, output } = await run(way);
            assert.deepEqual([code, signal], [1, null]);
            assert.match(output, /^\S*lifecycle\.js:\d+\n[^]*\nError: expected\n(?: +at .*\n)+\nNode\.js v\S+\n$/);
        });
    }
});

describe('a hub', function () {
    this.timeout(60000);
    before(kafka.start);

    let topic;
    before(async () => {
        topic = await kafka.createTopic();
        await kafka.produce(topic, Array.from({ length: 10 }, (_, n) => ({ value: { n } })));
    });

    async function readAll(server) {
        const client = await readyClient(server);
        const messages = collect(client, 'message', 10);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        await resultOf(client, 'start');
        assert.deepEqual((await messages).map(({ n }) => n), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        return client;
    }

    it('ends `hubIdle` after the last socket went, with all its threads; the next socket gets a new one', async () => {
        const server = await RemoteServer.start({ kafkaConfig: newConfig(), hubIdle: 200 });
        const threads = await server.ask('threads');
        for (let round = 0; round < 3; round++) {
            const clients = [await readAll(server), await readAll(server)];
            assert.equal((await server.stats()).sessions, 2);
            assert.ok(await server.ask('threads') > threads);
            clients[0].disconnect();
            await server.until('stats', ([{ sessions }]) => sessions === 1);
            clients[1].disconnect();
            await server.until('stats', (hubs) => hubs.length === 0);
            await server.until('threads', (now) => now === threads);
        }
        await server.close();
    });

    it('is kept for the next socket before that', async () => {
        const server = await RemoteServer.start({ kafkaConfig: newConfig(), hubIdle: 100000 });
        for (let round = 0; round < 5; round++) {
            (await readAll(server)).disconnect();
            await server.until('stats', ([{ sessions, cursors }]) => sessions === 0 && cursors === 0);
        }
        // The scan lingers: who comes soon is served of what it holds.
        assert.equal((await server.stats()).recordsRead, 10);
        await server.close();
    });

    it('is of one configuration; another one has its own', async () => {
        const server = await RemoteServer.start({ kafkaConfig: newConfig() });
        const threads = await server.ask('threads');
        const clients = await Promise.all(Array.from({ length: 30 }, () => readAll(server)));
        assert.equal((await server.ask('stats')).length, 1);
        const withOne = await server.ask('threads');
        clients.forEach((client) => client.disconnect());
        await server.until('threads', (now) => now === threads);
        const client = await readAll(server);
        assert.equal(await server.ask('threads'), withOne);
        client.disconnect();
        await server.close();
    });
});
