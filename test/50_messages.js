'use strict';

// Records of every kind on their way through Kafka to a client: which are delivered, as which bytes, and what their metadata says.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { readyClient, resultOf, serve, until } = require('./support/kasocki.js');
const RawClient = require('./support/raw-client.js');
const { collect, collectUntil } = require('./support/server.js');

const TIME = 1460000000123;

/** An object or array with so many levels of arrays and objects in each other. */
const arrays = (levels) => '['.repeat(levels) + ']'.repeat(levels);
const objects = (levels) => '{"a":'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1);

/** Of JSON objects, as texts: what must arrive byte for byte. */
const OBJECTS = {
    'an empty object': '{}',
    'an object': '{"a":1,"b":[true,false,null],"c":{"d":"e"}}',
    'integers beyond 53 and 64 bits': '{"a":9007199254740993,"b":18446744073709551616,"c":123456789012345678901234567890}',
    'numbers beyond a double': '{"a":1e400,"b":-1E+400,"c":1e-400}',
    'numbers as they were written': '{"a":1.10,"b":-0,"c":1E2,"d":0.1000000000000000055511151231257827}',
    'lone surrogates': '{"a":"\\ud800","b":"\\udfff\\ud800","\\udbff":1}',
    'duplicate keys': '{"a":1,"a":2,"a":1}',
    'escapes': '{"a":"\\u0041\\n\\/\\"\\\\","\\u0062":"\\u0000\\u001e"}',
    'text of every length in UTF-8': '{"a":"aé日💩\u2028\u2029\u007f\ufeff\ufffe"}',
    'white space': '{ "a" :\t1 ,\r\n"b":[ ]}',
    'a member "__proto__"': '{"__proto__":{"x":1},"constructor":2,"toString":3}',
    'objects in 1024 levels': objects(1024),
    '900 kB': `{"a":"${'0123456789'.repeat(90000)}"}`,
};

/** Of arrays: without metadata. */
const ARRAYS = {
    'an empty array': '[]',
    'an array': '[1,"two",{"three":[3]},null]',
    'an array of numbers beyond a double': '[1e400,-1e999,123456789012345678901]',
    'white space around an array': ' \n[ 1 ]\t\r',
    'arrays in 1024 levels': arrays(1024),
};

/** What is no JSON object or array. */
const INVALID = {
    'a tombstone': null,
    'an empty value': '',
    'white space alone': ' \n',
    'invalid UTF-8 in a string': Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]),
    'a surrogate written as UTF-8': Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'),
    'an overlong form': Buffer.from('{"a":"\xc0\xaf"}', 'latin1'),
    'UTF-8 that ends too early': Buffer.from('{"a":"\xe2\x82"}', 'latin1'),
    'JSON that ends too early': '{"a":[1,2',
    'JSON with an open string': '{"a":"b}',
    'JSON with more behind it': '{"a":1}{"b":2}',
    'a string': '"text"',
    'a number': '42',
    'true': 'true',
    'null': 'null',
    'a byte order mark': '\ufeff{"a":1}',
    'a raw line feed in a string': '{"a":"\n"}',
    'a raw NUL in a string': '{"a":"\0"}',
    'a NUL behind an object': '{"a":1}\0',
    'a record separator behind an object': '{"a":1}\x1e',
    'an end of a message in it': '{"a":1}]42["message",{"b":2}',
    'a number with a leading zero': '{"a":01}',
    'a plus sign': '{"a":+1}',
    'NaN': '{"a":NaN}',
    'a trailing comma': '[1,]',
    'a comment': '{"a":1/**/}',
    'single quotes': "{'a':1}",
    'a bad escape': '{"a":"\\x41"}',
    'objects in 1025 levels': objects(1025),
    'arrays in 1025 levels': arrays(1025),
    'a hundred thousand open arrays': '['.repeat(100000),
    '900 kB that end too early': `{"a":"${'0123456789'.repeat(90000)}"`,
};

describe('records', function () {
    this.timeout(120000);
    before(kafka.start);

    /** The packet that a client gets for an object. */
    const packetOf = (text, metadata) => {
        const comma = /^\{\s*\}$/.test(text) ? '' : ',';
        return `42["message",${text.slice(0, -1)}${comma}"_kafka":${JSON.stringify(metadata)}}]`;
    };

    it('are delivered byte for byte if they are objects or arrays, and skipped if not', async () => {
        const topic = await kafka.createTopic();
        const records = [];
        const expected = [];
        const invalid = Object.values(INVALID);
        const add = (text, packet) => {
            // Before and behind each valid one stands an invalid one.
            records.push({ value: invalid[records.length / 2 % invalid.length], timestamp: TIME });
            expected.push(packet(records.length));
            records.push({ value: text, timestamp: TIME });
        };
        const addAll = () => {
            for (const text of Object.values(OBJECTS)) {
                add(text, (offset) => packetOf(text, { topic, partition: 0, offset, timestamp: TIME, key: null }));
            }
            for (const text of Object.values(ARRAYS)) {
                add(text, () => `42["message",${text}]`);
            }
        };
        addAll();
        addAll();
        assert.ok(records.length / 2 > invalid.length);
        await kafka.produce(topic, records);

        const server = await serve();
        const client = await RawClient.connect(server.url);
        assert.equal((await client.ackOf('subscribe', [{ topic, partition: 0, offset: -2 }]))[0], null);
        client.emit('start');
        const packets = (await client.packets(expected.length)).map(String);
        for (const [i, packet] of packets.entries()) {
            assert.ok(packet === expected[i], `${packet.slice(0, 200)} ...(${packet.length})\ninstead of\n${expected[i].slice(0, 200)} ...(${expected[i].length})`);
        }
        await client.close();
        await server.close();
    });

    for (const [name, value] of Object.entries(INVALID)) {
        it(`${name}: counted, logged, and the stream goes on`, async () => {
            const topic = await kafka.createTopic();
            await kafka.produce(topic, ['{"n":1}', { value }, '{"n":2}']);
            const server = await serve();
            const client = await readyClient(server);
            const messages = collect(client, 'message', 2);
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
            await resultOf(client, 'start');
            assert.deepEqual((await messages).map(({ n, _kafka }) => [n, _kafka.offset]), [[1, 0], [2, 2]]);
            assert.equal(server.native().stats().recordsSkipped, 1);
            // It is told apart from messages, and may come later.
            const { lines } = server.options.logger;
            await until(() => lines.some(({ err }) => err?.name === 'DeserializationError'));
            const logged = lines.filter(({ err }) => err?.name === 'DeserializationError');
            assert.deepEqual(logged.map((line) => [line.level, line.topic, line.partition, line.offset, line.count]), [['warn', topic, 0, 1, 1]]);
            assert.ok(logged[0].err.message.length > 0 && logged[0].err.message.length < 500);
            assert.deepEqual(client.errs, []);
            await server.close();
        });
    }

    it('that are invalid are counted one by one and logged at most once a second', async () => {
        const topic = await kafka.createTopic();
        const COUNT = 20000;
        await kafka.produce(topic, (function* () {
            for (let n = 0; n < COUNT; n++) {
                yield n % 2 ? '{"broken"' : `{"n":${n}}`;
            }
        })());
        const server = await serve();
        const { lines } = server.options.logger;
        const started = Date.now();
        const client = await readyClient(server);
        const messages = collect(client, 'message', COUNT / 2);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        await resultOf(client, 'start');
        assert.deepEqual((await messages).map(({ n }) => n), Array.from({ length: COUNT / 2 }, (_, i) => 2 * i));
        await until(() => lines.reduce((sum, line) => sum + (line.count ?? 0), 0) === COUNT / 2);
        assert.equal(server.native().stats().recordsSkipped, COUNT / 2);
        assert.ok(lines.length <= 2 + (Date.now() - started) / 1000, `${lines.length} lines`);
        await server.close();
    });

    it('deeper than limits.depth are invalid, each socket by its own limit', async () => {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, [objects(3), arrays(3), objects(4), arrays(4), '{"last":1}']);
        const kafkaConfig = { 'metadata.broker.list': kafka.brokers };
        const shallow = await serve({ kafkaConfig, limits: { depth: 3 } });
        const deep = await serve({ kafkaConfig });
        for (const [server, count] of [[shallow, 3], [deep, 5], [shallow, 3]]) {
            const client = await readyClient(server);
            const messages = collectUntil(client, 'message', ({ last }) => last === 1);
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
            await resultOf(client, 'start');
            assert.equal((await messages).length, count);
        }
        await shallow.close();
        await deep.close();
    });
});

describe('metadata', () => {
    before(kafka.start);

    /**
     * @param {object[]} records
     * @param {object} [options] - of Kasocki
     * @returns {Promise<object[]>} their messages
     */
    async function messagesOf(records, options) {
        const topic = await kafka.createTopic();
        await kafka.produce(topic, records);
        const server = await serve(options);
        const client = await readyClient(server);
        const messages = collect(client, 'message', records.length);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        await resultOf(client, 'start');
        const result = (await messages).map((message) => JSON.parse(JSON.stringify(message).replaceAll(topic, 'TOPIC')));
        await server.close();
        return result;
    }

    it('replaces a member of its name, however that is written', async () => {
        const values = ['{"_kafka":{"offset":99},"a":1}', '{"a":1,"\\u005fkafka":"x"}', '{"_kafka":1,"a":1,"_kafka":2}'];
        const messages = await messagesOf(values.map((value) => ({ value, key: 'k', timestamp: TIME })));
        for (const [offset, message] of messages.entries()) {
            assert.deepEqual(message, { a: 1, _kafka: { topic: 'TOPIC', partition: 0, offset, timestamp: TIME, key: 'k' } });
            assert.deepEqual(Object.keys(message), ['a', '_kafka']);
        }
    });

    it('has keys and header values of any bytes, with a list of those that stand as base64', async () => {
        const bytes = Buffer.from([0xff, 0x00, 0x22, 0xc3]);
        const messages = await messagesOf([
            { value: '{}', key: bytes, headers: { plain: 'é"\n', bytes, empty: '', none: null } },
            { value: '{}', key: '', headers: [['again', 'one'], ['other', 'x'], ['again', 'two'], ['again', '']] },
            { value: '{}', key: 'ключ\u0000', headers: [['mixed', 'text'], ['mixed', bytes], ['__proto__', 'p']] },
            { value: '{}' },
        ]);
        assert.deepEqual(messages.map(({ _kafka: { key, headers, base64 } }) => ({ key, headers: headers && Object.entries(headers), base64 })), [
            { key: '/wAiww==', headers: [['plain', 'é"\n'], ['bytes', '/wAiww=='], ['empty', ''], ['none', null]], base64: ['key', 'headers.bytes'] },
            { key: '', headers: [['again', ['one', 'two', '']], ['other', 'x']], base64: undefined },
            { key: 'ключ\u0000', headers: [['mixed', ['dGV4dA==', '/wAiww==']], ['__proto__', 'p']], base64: ['headers.mixed'] },
            { key: null, headers: undefined, base64: undefined },
        ]);
    });

    it('stands under another name, joins the `meta` of the first version, or is left out', async () => {
        const records = [{ value: '{"a":1,"meta":{"id":5,"offset":7},"_kafka":0}', key: 'k', timestamp: TIME }];
        const metadata = { topic: 'TOPIC', partition: 0, offset: 0, timestamp: TIME, key: 'k' };
        assert.deepEqual(await messagesOf(records, { metadataField: 'where' }),
            [{ a: 1, meta: { id: 5, offset: 7 }, _kafka: 0, where: metadata }]);
        assert.deepEqual(await messagesOf(records, { metadataField: 'meta' }), [{ a: 1, meta: { id: 5, ...metadata }, _kafka: 0 }]);
        assert.deepEqual(await messagesOf(records, { metadataField: false }), [{ a: 1, meta: { id: 5, offset: 7 }, _kafka: 0 }]);
    });

    it('has the time that Kafka gave, where the topic has it so', async () => {
        const topic = await kafka.createTopic({ config: { 'message.timestamp.type': 'LogAppendTime' } });
        const begin = Date.now();
        await kafka.produce(topic, [{ value: '{}', timestamp: 5 }]);
        const server = await serve();
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        const { _kafka: { timestamp } } = await resultOf(client, 'consume');
        assert.ok(timestamp >= begin && timestamp <= Date.now());
        await server.close();
    });
});

describe('order', function () {
    this.timeout(120000);
    before(kafka.start);

    it('is kept in each of several partitions, of several topics', async () => {
        const PARTITIONS = 4;
        const COUNT = 4000;
        const topics = [await kafka.createTopic({ partitions: PARTITIONS }), await kafka.createTopic({ partitions: PARTITIONS })];
        const half = async (from) => {
            for (const topic of topics) {
                await kafka.produce(topic, (function* () {
                    for (let n = from; n < from + COUNT / 2; n++) {
                        yield { value: { n, text: 'x'.repeat(n % 300) }, partition: (n * 7 + n % 3) % PARTITIONS };
                    }
                })());
            }
        };
        await half(0);
        const server = await serve();
        const client = await readyClient(server);
        const messages = collect(client, 'message', topics.length * COUNT);
        const assignments = topics.flatMap((topic) => Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, offset: 0 })));
        await resultOf(client, 'subscribe', assignments);
        await resultOf(client, 'start');
        await half(COUNT / 2);
        const next = new Map();
        const seen = new Map(topics.map((topic) => [topic, new Set()]));
        for (const { n, _kafka: { topic, partition, offset } } of await messages) {
            const place = `${topic} ${partition}`;
            assert.equal(offset, next.get(place) ?? 0, place);
            next.set(place, offset + 1);
            assert.equal(partition, (n * 7 + n % 3) % PARTITIONS);
            seen.get(topic).add(n);
        }
        assert.deepEqual([...seen.values()].map(({ size }) => size), [COUNT, COUNT]);
        await server.close();
    });

    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
        it(`of records compressed by ${codec}, from the beginning and from the middle of a batch`, async () => {
            const topic = await kafka.createTopic({ config: { 'compression.type': codec } });
            const COUNT = 3000;
            const records = Array.from({ length: COUNT }, (_, n) => ({ value: { n, text: 'once again and again '.repeat(n % 20) } }));
            await kafka.produce(topic, records, { gzip: codec === 'gzip' });
            const server = await serve();
            for (const offset of [0, 1, 1234, COUNT - 1]) {
                const client = await readyClient(server);
                const messages = collect(client, 'message', COUNT - offset);
                await resultOf(client, 'subscribe', [{ topic, partition: 0, offset }]);
                await resultOf(client, 'start');
                assert.deepEqual((await messages).map(({ n, text, _kafka }) => [n, text.length, _kafka.offset]),
                    Array.from({ length: COUNT - offset }, (_, i) => [offset + i, 21 * ((offset + i) % 20), offset + i]));
                client.disconnect();
            }
            await server.close();
        });
    }

    it('of batches compressed by the producer', async () => {
        const topic = await kafka.createTopic();
        const COUNT = 2000;
        for (const [from, options] of [[0, { gzip: true }], [COUNT / 2, {}]]) {
            await kafka.produce(topic, Array.from({ length: COUNT / 2 }, (_, i) => ({ value: { n: from + i } })), options);
        }
        const server = await serve();
        const client = await readyClient(server);
        const messages = collect(client, 'message', COUNT);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        await resultOf(client, 'start');
        assert.deepEqual((await messages).map(({ n }) => n), Array.from({ length: COUNT }, (_, n) => n));
        await server.close();
    });
});
