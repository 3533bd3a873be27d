'use strict';

const assert = require('node:assert');
const { BATCH, LIMITS, isAllowedTopic, isSocket, readEvent, readOptions } = require('../lib/validation');

describe('validation', () => {
    describe('of topic names', () => {
        it('lets Kafka\'s names pass, internal ones only if named', () => {
            for (const name of ['a', 'A.b_c-9', 'x'.repeat(249), '_a']) {
                assert.strictEqual(isAllowedTopic(name), true, name);
            }
            for (const name of ['', 'x'.repeat(250), 'a b', 'ä', 'a/b', 'a\n', '/a.*/', '__consumer_offsets', '__proto__']) {
                assert.strictEqual(isAllowedTopic(name), false, name);
            }
            const allowed = new Set(['a', '__x']);
            assert.deepStrictEqual(['a', '__x', 'b', '__y'].map((name) => isAllowedTopic(name, allowed)), [true, true, false, false]);
        });
    });

    describe('of the arguments of an event', () => {
        const ack = () => {};
        for (const [args, argument, hasAck] of [
            [[], undefined, false],
            [[ack], undefined, true],
            [[null], null, false],
            [[null, ack], null, true],
            [['a', ack], 'a', true],
            [['a', 'not an ack'], 'a', false],
            [['a', {}, 5], 'a', false],
            [['a', 'b', ack], 'a', true]
        ]) {
            it(`finds argument ${JSON.stringify(argument)} and ${hasAck ? 'the' : 'no'} ack among ${args.length}`, () => {
                assert.deepStrictEqual(readEvent(args), { argument, ack: hasAck ? ack : undefined });
            });
        }
    });

    describe('of options', () => {
        it('gives defaults', () => {
            for (const given of [undefined, null, {}]) {
                const { options, error } = readOptions(given);
                assert.strictEqual(error, undefined);
                assert.strictEqual(options.metadataField, '_kafka');
                assert.strictEqual(options.connectTimeout, 10000);
                assert.strictEqual(options.hubIdle, 30000);
                assert.strictEqual(options.allowedTopics, undefined);
                assert.deepStrictEqual(options.limits, LIMITS);
                assert.deepStrictEqual(options.batch, BATCH);
            }
        });

        it('takes what is given', () => {
            const deserializer = () => {};
            const { options, error } = readOptions({
                allowedTopics: ['a', '__b'], metadataField: false, deserializer, connectTimeout: 5, hubIdle: 0, statsd: null, limits: { assignments: 7 }, batch: { maxDelay: 0.5 }
            });
            assert.strictEqual(error, undefined);
            assert.deepStrictEqual(options.allowedTopics, new Set(['a', '__b']));
            assert.strictEqual(options.metadataField, false);
            assert.strictEqual(options.deserializer, deserializer);
            assert.strictEqual(options.connectTimeout, 5);
            assert.strictEqual(options.hubIdle, 0);
            assert.deepStrictEqual(options.limits, { ...LIMITS, assignments: 7 });
            assert.deepStrictEqual(options.batch, { ...BATCH, maxDelay: 0.5 });
        });

        it('shares what sockets with the same options have, and nothing else', () => {
            const logger = { warn() {} };
            const kafkaConfig = () => ({ 'bootstrap.servers': 'a:1', default_topic_config: { 'auto.offset.reset': 'earliest' } });
            const given = () => ({ kafkaConfig: kafkaConfig(), logger, allowedTopics: ['a', 'b'], limits: { depth: 5 }, batch: { maxDelay: 1 } });
            const { options } = readOptions(given());
            assert.strictEqual(readOptions(given()).options, options);
            for (const change of [
                { logger: { warn() {} } }, { allowedTopics: ['a', 'c'] }, { allowedTopics: ['a'] }, { limits: { depth: 6 } },
                { batch: { maxDelay: 2 } }, { metadataField: false }, { kafkaConfig: { 'bootstrap.servers': 'a:1' } },
                { kafkaConfig: { ...kafkaConfig(), 'bootstrap.servers': 'a:2' } },
                { kafkaConfig: { ...kafkaConfig(), default_topic_config: { 'auto.offset.reset': 'latest' } } }
            ]) {
                const changed = { ...given(), ...change };
                const other = readOptions(changed).options;
                assert.notStrictEqual(other, options);
                assert.deepStrictEqual(other, {
                    ...options, ...change, allowedTopics: new Set(changed.allowedTopics),
                    limits: { ...LIMITS, ...changed.limits }, batch: { ...BATCH, ...changed.batch }
                });
            }
        });

        it('leaves it to the start to fail at properties of Kafka that cannot be read', () => {
            const unreadable = () => ({ get 'bootstrap.servers'() { throw new Error('no'); } });
            const { options, error } = readOptions({ kafkaConfig: unreadable() });
            assert.strictEqual(error, undefined);
            assert.notStrictEqual(readOptions({ kafkaConfig: unreadable() }).options, options);
        });

        const wrong = {
            kafkaConfig: [5, 'a', [], () => 1],
            allowedTopics: ['a', {}, [5], [null], ['a b']],
            authorize: ['a', {}, [], true],
            filter: [5, true, false, 0],
            fields: ['a', ['a'], {}, { only: [] }, { drop: [[]] }, { only: ['a'], drop: ['b'] }, { only: 'a' }, { drop: [5] }, { drop: [''] }, { cut: ['a'] }],
            logger: [5, 'console', true],
            deserializer: [5, {}, 'f'],
            matcherFactory: [5, {}, 'f'],
            metadataField: [5, {}, '', true],
            kafkaEventHandlers: [5, () => 1, [], { 'event.stats': 5 }],
            statsd: [5, {}, { increment() {} }],
            connectTimeout: [0, -1, NaN, Infinity, '5', {}],
            hubIdle: [-1, NaN, Infinity, '5'],
            limits: [5, [], { assignments: 0 }, { consumes: 1.5 }, { bytesInFlight: '5' }],
            batch: [5, [], { maxDelay: -1 }, { maxDelay: '2' }, { maxDelay: NaN }, { maxDelay: Infinity }, { maxBytes: 0 }, { maxBytes: 1.5 }]
        };
        for (const [name, values] of Object.entries(wrong)) {
            it(`names ${name} if it is wrong, and goes on with its default`, () => {
                for (const value of values) {
                    const logger = { warn() {} };
                    const { options, error } = readOptions({ logger, [name]: value });
                    assert.strictEqual(error.name, 'KasockiError');
                    assert.ok(error.message.includes(`"${name}`), error.message);
                    const defaults = readOptions(name === 'logger' ? {} : { logger }).options;
                    assert.deepStrictEqual(options, defaults);
                }
            });
        }

        it('refuses names that mean nothing: a misspelt allowedTopics must not open every topic', () => {
            assert.strictEqual(readOptions({ allowedTopic: ['a'] }).error.message, 'There is no option "allowedTopic"');
            assert.strictEqual(readOptions({ limits: { depht: 1 } }).error.message, 'There is no limit "depht"');
            assert.strictEqual(readOptions({ batch: { delay: 1 } }).error.message, 'There is no batch option "delay"');
        });

        it('refuses options that are no object, and survives a getter that throws', () => {
            for (const given of [5, 'a', true, [], () => 1]) {
                assert.strictEqual(readOptions(given).error.name, 'KasockiError');
            }
            const nasty = { get logger() { throw new Error('no'); } };
            assert.strictEqual(readOptions(nasty).error, undefined);
        });
    });

    it('knows a socket', () => {
        const socket = { on() {}, emit() {}, disconnect() {} };
        assert.strictEqual(isSocket(socket), true);
        for (const value of [undefined, null, 5, 'socket', {}, [], { on() {}, emit() {} }, () => 1]) {
            assert.strictEqual(isSocket(value), false);
        }
    });
});
