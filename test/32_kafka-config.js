'use strict';

const assert = require('node:assert');
const tls = require('node:tls');
const { readKafkaConfig } = require('../lib/kafka-config');

const keyOf = (config) => readKafkaConfig(config).key;

describe('kafka-config', () => {
    it('has defaults', () => {
        for (const config of [undefined, {}]) {
            assert.deepStrictEqual(readKafkaConfig(config).native, {
                global: [['bootstrap.servers', 'localhost:9092']],
                topic: [],
                autoOffsetReset: 'latest'
            });
        }
    });

    it('flattens to texts', () => {
        const { native } = readKafkaConfig({
            'metadata.broker.list': 'a:1,b:2',
            'socket.keepalive.enable': true,
            'fetch.wait.max.ms': 50,
            debug: undefined,
            default_topic_config: { 'auto.offset.reset': 'smallest', 'consume.callback.max.messages': 5 }
        });
        assert.deepStrictEqual(native, {
            global: [['bootstrap.servers', 'a:1,b:2'], ['socket.keepalive.enable', 'true'], ['fetch.wait.max.ms', '50']],
            topic: [['consume.callback.max.messages', '5']],
            autoOffsetReset: 'earliest'
        });
    });

    it('knows the aliases of auto.offset.reset, in both places', () => {
        const aliases = { smallest: 'earliest', beginning: 'earliest', earliest: 'earliest', largest: 'latest', latest: 'latest', end: 'latest', error: 'error' };
        for (const [alias, meant] of Object.entries(aliases)) {
            const nested = readKafkaConfig({ default_topic_config: { 'auto.offset.reset': alias } }).native;
            assert.deepStrictEqual([nested.autoOffsetReset, nested.topic], [meant, []]);
            const { autoOffsetReset, global } = readKafkaConfig({ 'auto.offset.reset': alias }).native;
            assert.deepStrictEqual([autoOffsetReset, global.length], [meant, 1]);
        }
        assert.strictEqual(readKafkaConfig({ 'auto.offset.reset': 'end', default_topic_config: { 'auto.offset.reset': 'error' } }).native.autoOffsetReset, 'error');
        for (const value of ['none', '', 'constructor', 5, true]) {
            assert.throws(() => readKafkaConfig({ default_topic_config: { 'auto.offset.reset': value } }), { name: 'KafkaError', code: '_INVALID_ARG' });
        }
    });

    it('drops what would make Kafka keep state', () => {
        const { native } = readKafkaConfig({
            'group.id': 'g', 'enable.auto.commit': true, 'auto.commit.interval.ms': 5, rebalance_cb: () => {}, offset_commit_cb: () => {}, 'session.timeout.ms': 5
        });
        assert.deepStrictEqual(native.global.map(([name]) => name), ['session.timeout.ms', 'bootstrap.servers']);
    });

    it('names a property that cannot be, and never shows a value', () => {
        const wrong = { object: { secret: 's3cret' }, list: ['s3cret'], null: null, function: () => 's3cret', NaN, Infinity, text: 's3cret\0' };
        for (const [name, value] of Object.entries(wrong)) {
            assert.throws(() => readKafkaConfig({ [name]: value }), (error) => {
                assert.strictEqual(error.name, 'KafkaError');
                assert.strictEqual(error.code, '_INVALID_ARG');
                assert.ok(error.message.includes(`"${name}"`) && !error.message.includes('s3cret'), error.message);
                return true;
            });
            assert.throws(() => readKafkaConfig({ default_topic_config: { [name]: value } }), { name: 'KafkaError' });
        }
        for (const config of [null, 5, 'text', []]) {
            assert.throws(() => readKafkaConfig(config), { name: 'KafkaError' });
        }
        for (const topicConfig of [null, 5, 'text', []]) {
            assert.throws(() => readKafkaConfig({ default_topic_config: topicConfig }), /"default_topic_config"/);
        }
    });

    it('tells the name that default_topic_conf has here, whatever its value', () => {
        for (const value of [{}, { 'auto.offset.reset': 'earliest' }, 'text']) {
            assert.throws(() => readKafkaConfig({ default_topic_conf: value }), { code: '_INVALID_ARG', message: /"default_topic_conf" .*"default_topic_config"/ });
        }
    });

    it('gives equal keys to configurations that can share a hub', () => {
        const key = keyOf({ 'metadata.broker.list': 'a:1', debug: 'all', default_topic_config: { x: 1 } });
        assert.strictEqual(keyOf({ debug: 'all', 'bootstrap.servers': 'a:1', default_topic_config: { x: '1' } }), key);
        assert.strictEqual(keyOf({ debug: 'all', 'bootstrap.servers': 'a:1', 'client.id': 'me', default_topic_config: { x: '1' } }), key);
        assert.strictEqual(keyOf({ debug: 'all', 'bootstrap.servers': 'a:1', 'group.id': 'g', default_topic_config: { x: 1, 'auto.offset.reset': 'largest' } }), key);
        for (const other of [
            { 'metadata.broker.list': 'a:1', debug: 'all' },
            { 'metadata.broker.list': 'a:2', debug: 'all', default_topic_config: { x: 1 } },
            { 'metadata.broker.list': 'a:1', debug: 'all', x: 1 },
            { 'metadata.broker.list': 'a:1', debug: 'all', default_topic_config: { x: 1, 'auto.offset.reset': 'earliest' } }
        ]) {
            assert.notStrictEqual(keyOf(other), key);
        }
    });

    it('takes a function for OAUTHBEARER tokens, by its identity', () => {
        const [one, other] = [() => {}, () => {}];
        const config = (fn) => ({ 'metadata.broker.list': 'a:1', oauthbearer_token_refresh_cb: fn });
        const read = readKafkaConfig(config(one));
        assert.strictEqual(read.getToken, one);
        assert.deepStrictEqual(read.native.global.map(([name]) => name), ['bootstrap.servers']);
        assert.strictEqual(readKafkaConfig({}).getToken, undefined);
        assert.strictEqual(keyOf(config(one)), read.key);
        assert.notStrictEqual(keyOf(config(other)), read.key);
        assert.notStrictEqual(keyOf({ 'metadata.broker.list': 'a:1' }), read.key);
        for (const value of [5, 's3cret', null, {}, true]) {
            assert.throws(() => readKafkaConfig(config(value)), (error) => {
                assert.strictEqual(error.code, '_INVALID_ARG');
                assert.ok(error.message.includes('"oauthbearer_token_refresh_cb"') && !error.message.includes('s3cret'));
                return true;
            });
        }
    });

    it('passes client.id on', () => {
        assert.ok(readKafkaConfig({ 'client.id': 'me' }).native.global.some(([name, value]) => name === 'client.id' && value === 'me'));
    });

    it('trusts Node\'s root certificates with TLS, unless told whom to trust', () => {
        const pem = (config) => new Map(readKafkaConfig(config).native.global).get('ssl.ca.pem');
        assert.strictEqual(pem({ 'security.protocol': 'ssl' }), tls.rootCertificates.join('\n'));
        assert.strictEqual(pem({ 'security.protocol': 'SASL_SSL' }), tls.rootCertificates.join('\n'));
        assert.strictEqual(pem({ 'security.protocol': 'sasl_plaintext' }), undefined);
        assert.strictEqual(pem({}), undefined);
        assert.strictEqual(pem({ 'security.protocol': 'ssl', 'ssl.ca.location': '/x' }), undefined);
        assert.strictEqual(pem({ 'security.protocol': 'ssl', 'ssl.ca.pem': 'mine' }), 'mine');
        assert.ok(keyOf({ 'security.protocol': 'ssl' }).length < 1000);
    });

    it('takes nothing from a prototype', () => {
        const config = JSON.parse('{"__proto__": "x", "default_topic_config": {"__proto__": "y"}}');
        const { native } = readKafkaConfig(config);
        assert.deepStrictEqual(native.global[0], ['__proto__', 'x']);
        assert.deepStrictEqual(native.topic, [['__proto__', 'y']]);
    });
});
