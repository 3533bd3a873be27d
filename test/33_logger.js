'use strict';

const assert = require('node:assert');
const { LogLimit, limitOf } = require('../lib/log-limit');
const { Log, StderrLogger, errorFields, levelOfSeverity } = require('../lib/logger');
const { callSafely } = require('../lib/safely');
const { Meter } = require('../lib/statsd');

/** A bunyan-shaped logger that remembers. */
function memory(lines = [], fields = {}) {
    const logger = { lines, children: 0, child(more) { logger.children++; return memory(lines, { ...fields, ...more }); } };
    for (const level of ['debug', 'info', 'warn', 'error']) {
        logger[level] = (own, message) => { lines.push([level, { ...fields, ...own }, message]); };
    }
    return logger;
}

const nextTurn = () => new Promise((resolve) => { setImmediate(resolve); });

describe('logger', () => {
    it('makes one child, when something is first logged', () => {
        const base = memory();
        const log = new Log(base, { socket: 'id1' });
        assert.strictEqual(base.children, 0);
        log.warn({ a: 1 }, 'one');
        log.info({ a: 2 }, 'two');
        assert.strictEqual(base.children, 1);
        assert.deepStrictEqual(base.lines, [
            ['warn', { socket: 'id1', a: 1 }, 'one'],
            ['info', { socket: 'id1', a: 2 }, 'two']
        ]);
    });

    it('uses a logger without child() or without a level as it is', () => {
        const lines = [];
        const log = new Log({ error: (...args) => { lines.push(args); } }, { socket: 'id1' });
        log.debug({}, 'nobody hears');
        log.error({ a: 1 }, 'why');
        assert.deepStrictEqual(lines, [[{ a: 1 }, 'why']]);
    });

    it('is hurt by nothing that a logger does', async () => {
        const fail = () => { throw new Error('logger'); };
        const reject = () => Promise.reject(new Error('logger'));
        const unhandled = [];
        const note = (error) => unhandled.push(error);
        process.on('unhandledRejection', note);
        for (const base of [
            { child: fail, warn: fail },
            { child: () => ({ warn: fail }) },
            { child: reject, warn: reject },
            { child: () => ({ warn: reject }) },
            { child: () => null, warn: fail },
            { get child() { throw new Error('logger'); }, get warn() { throw new Error('logger'); } },
            { child: 5, warn: 5 }
        ]) {
            new Log(base, { socket: 'id1' }).warn({}, 'text');
        }
        await nextTurn();
        await nextTurn();
        process.off('unhandledRejection', note);
        assert.deepStrictEqual(unhandled, []);
    });

    it('writes warnings and errors as JSON lines by default', () => {
        let text = '';
        const log = new Log(new StderrLogger({}, { write: (line) => { text += line; } }), { socket: 'id1' });
        log.debug({}, 'quiet');
        log.info({}, 'quiet');
        log.warn({ a: 1 }, 'one\ntwo');
        log.error(errorFields(new TypeError('bad')), 'three');
        const lines = text.trimEnd().split('\n').map((line) => JSON.parse(line));
        assert.strictEqual(lines.length, 2);
        assert.ok(!Number.isNaN(Date.parse(lines[0].time)));
        assert.deepStrictEqual({ ...lines[0], time: 0 }, { name: 'kasocki', level: 40, time: 0, socket: 'id1', a: 1, msg: 'one\ntwo' });
        assert.deepStrictEqual([lines[1].level, lines[1].err.name, lines[1].err.message], [50, 'TypeError', 'bad']);
    });

    it('maps syslog\'s severities', () => {
        assert.deepStrictEqual([0, 1, 2, 3, 4, 5, 6, 7].map(levelOfSeverity), ['error', 'error', 'error', 'error', 'warn', 'info', 'info', 'debug']);
    });
});

describe('safely', () => {
    it('hands on what a function throws or rejects with, and its result', async () => {
        const seen = [];
        const note = (error) => seen.push(error);
        assert.strictEqual(callSafely(function add(a, b) { return this.base + a + b; }, { base: 1 }, [2, 3], note), 6);
        assert.strictEqual(callSafely(() => { throw 1; }, undefined, [], note), undefined);
        callSafely(() => Promise.reject(2), undefined, [], note);
        callSafely(() => ({ get then() { throw 3; } }), undefined, [], note);
        await nextTurn();
        assert.deepStrictEqual(seen, [1, 3, 2]);
    });
});

describe('statsd', () => {
    it('tells what happened in one turn by one call a name', async () => {
        const calls = [];
        const client = { increment: (...args) => calls.push(args), gauge: (...args) => calls.push(args) };
        const meter = Meter.of(client);
        assert.strictEqual(Meter.of(client), meter);
        assert.strictEqual(Meter.of(undefined), undefined);
        meter.count('messages.sent', 5);
        meter.count('messages.sent', 6);
        meter.count('socketio.event.start');
        meter.countSocket(1);
        meter.countSocket(1);
        assert.deepStrictEqual(calls, []);
        await nextTurn();
        assert.deepStrictEqual(calls, [['messages.sent', 11], ['socketio.event.start'], ['sockets', 2]]);
    });

    it('is hurt by no client that throws', async () => {
        const fail = () => { throw new Error('statsd'); };
        let gauge;
        const meter = Meter.of({ increment: fail, gauge: (...args) => { gauge = args; return Promise.reject(new Error('statsd')); } });
        meter.count('a');
        meter.gauge('lag', 1);
        await nextTurn();
        await nextTurn();
        assert.deepStrictEqual(gauge, ['lag', 1]);
    });
});

describe('limit of log lines', () => {
    it('lets a line of each kind through once a second, which tells how many it stands for', () => {
        const limit = new LogLimit();
        const passed = [['a', 0], ['a', 1], ['b', 2], ['a', 999], ['a', 1000], ['a', 1999], ['b', 5000], ['a', 2000]].map((line) => limit.pass(...line));
        assert.deepStrictEqual(passed, [1, 0, 1, 0, 3, 0, 1, 2]);
    });

    it('remembers a hundred kinds at most', () => {
        const limit = new LogLimit();
        for (let i = 0; i < 1000; i++) {
            assert.strictEqual(limit.pass(`kind ${i}`, 0), 1);
            assert.ok(limit.kinds.size <= 100);
        }
        assert.strictEqual(limit.pass('kind 999', 0), 0);
    });

    it('is one for all who log to the same logger', () => {
        const [one, other] = [memory(), memory()];
        assert.strictEqual(limitOf(one), limitOf(one));
        assert.notStrictEqual(limitOf(one), limitOf(other));
    });
});
