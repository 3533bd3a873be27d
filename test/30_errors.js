'use strict';

const assert = require('node:assert');
const errors = require('../lib/errors');

const { KasockiError, InvalidAssignmentError, InvalidFilterError, KafkaError, TopicNotAvailableError } = errors;

describe('errors', () => {
    it('are a family with names of their own', () => {
        for (const [name, Class] of Object.entries(errors.classes)) {
            const error = new Class('why', Class === KafkaError ? '_FAIL' : undefined);
            assert.ok(error instanceof KasockiError && error instanceof Error);
            assert.strictEqual(error.name, name);
            assert.strictEqual(error.origin, 'Kasocki');
            assert.strictEqual(String(error), `${name}: why`);
        }
    });

    it('are serialized with what a client may know, and never a stack', () => {
        const error = new InvalidAssignmentError('why', { assignments: [{ topic: 'a' }], secret: 'x', stack: 'y' });
        assert.deepStrictEqual(errors.serializeError(error, 'id1', 'subscribe'), {
            message: 'why',
            name: 'InvalidAssignmentError',
            origin: 'Kasocki',
            socket: 'id1',
            socketEvent: 'subscribe',
            assignments: [{ topic: 'a' }]
        });
    });

    it('leave socketEvent away where no event of the client is answered', () => {
        const data = errors.serializeError(new KafkaError('why', '_TRANSPORT'), 'id1');
        assert.deepStrictEqual(data, { message: 'why', name: 'KafkaError', origin: 'Kasocki', socket: 'id1', code: '_TRANSPORT' });
    });

    it('cut each detail at 1 kB', () => {
        const whole = 'x'.repeat(1022);
        const details = { filters: whole, filter: whole + 'x', availableTopics: new Array(10000).fill('topic') };
        const data = errors.serializeError(new TopicNotAvailableError('m'.repeat(5000), details), 'id1');
        assert.strictEqual(data.filters, whole);
        for (const cut of [data.filter, data.availableTopics, data.message]) {
            assert.strictEqual(typeof cut, 'string');
            assert.ok(Buffer.byteLength(cut) <= 1024 && Buffer.byteLength(cut) > 1000, `${Buffer.byteLength(cut)}`);
            assert.ok(cut.endsWith('…'));
        }
        assert.ok(data.availableTopics.startsWith('["topic","topic"'));
    });

    it('cut texts between characters', () => {
        for (const text of ['é'.repeat(1000), 'a' + 'é'.repeat(1000), '€'.repeat(1000), '😀'.repeat(999), 'ab' + '😀'.repeat(999)]) {
            const cut = errors.cutText(text);
            assert.ok(Buffer.byteLength(cut) <= 1024 && Buffer.byteLength(cut) > 1015);
            assert.ok(text.startsWith(cut.slice(0, -1)), JSON.stringify(cut.slice(-4)));
        }
        assert.strictEqual(errors.cutText('é'.repeat(512)), 'é'.repeat(512));
    });

    it('serialize details of any shape', () => {
        let deep = 1;
        for (let i = 0; i < 200000; i++) {
            deep = [deep];
        }
        const cycle = {};
        cycle.self = cycle;
        for (const value of [deep, cycle, 10n, Symbol('x'), () => 1, undefined, NaN, Buffer.from('abc')]) {
            const data = errors.serializeError(new InvalidFilterError('why', { filters: value }), 'id1');
            assert.doesNotThrow(() => JSON.stringify(data));
            assert.ok(!Buffer.isBuffer(data.filters));
        }
    });

    it('keep a member named __proto__ harmless', () => {
        const filters = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}');
        const data = errors.serializeError(new InvalidFilterError('why', { filters }), 'id1');
        assert.strictEqual({}.polluted, undefined);
        assert.strictEqual(data.polluted, undefined);
        assert.strictEqual(JSON.stringify(data.filters), JSON.stringify(filters));
    });

    it('are made of the errors of the core', () => {
        const of = (kind, code = '') => errors.fromNative({ kind, message: 'why', code });
        assert.ok(of('InvalidFilter') instanceof InvalidFilterError);
        assert.ok(of('InvalidAssignment') instanceof InvalidAssignmentError);
        assert.ok(of('TopicNotAvailable') instanceof TopicNotAvailableError);
        assert.ok(of('LimitExceeded') instanceof errors.LimitExceededError);
        assert.ok(of('Closed') instanceof errors.AlreadyClosingError);
        assert.strictEqual(of('Kafka', '_TRANSPORT').code, '_TRANSPORT');
        assert.strictEqual(of('Configuration').code, '_INVALID_ARG');
        assert.ok(of('Configuration') instanceof KafkaError);
    });

    it('are made of whatever a function throws', () => {
        const own = new InvalidFilterError('own');
        assert.strictEqual(errors.fromThrown(own), own);
        const wrapped = errors.fromThrown(new RangeError('far'), InvalidFilterError, { filters: 1 });
        assert.deepStrictEqual([wrapped.name, wrapped.message, wrapped.originalName, wrapped.filters], ['InvalidFilterError', 'far', 'RangeError', 1]);
        const nasty = Object.create(Error.prototype, { message: { get() { throw new Error('no'); } } });
        for (const thrown of [undefined, null, 'text', 5, {}, Object.create(null), Symbol('s'), nasty]) {
            assert.ok(errors.fromThrown(thrown) instanceof KasockiError);
        }
    });
});
