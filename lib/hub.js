'use strict';

const { NativeHub } = require('./native');
const { AlreadyClosingError, LimitExceededError, fromNative, fromThrown } = require('./errors');
const { FunctionTable, deserializeAll, matchAll } = require('./functions');
const { LogLimit } = require('./log-limit');
const { Log, errorFields, levelOfSeverity } = require('./logger');
const { TokenSource } = require('./oauthbearer');
const { fingerprint } = require('./resume-token');
const { callSafely } = require('./safely');
const { scheduler } = require('./scheduler');
const { totals } = require('./totals');

/** How often gauges are told, in ms. */
const GAUGE_INTERVAL = 10000;

/** The request of an event that nobody asked for. */
const NOBODY = 0;

/** The open hubs of this process (of this worker thread, rather) by the keys of their configurations. */
const hubs = new Map();

/** Hubs that were told to close and have not ended yet. */
const ending = new Set();

/** What hubs that have ended had counted, by the names of the core's counters. */
const ended = {};

/** Things by the number of their users: a handler that many sockets gave is called once. */
class UseCount extends Map {
    add(thing) {
        this.set(thing, (this.get(thing) || 0) + 1);
    }

    release(thing) {
        const users = this.get(thing) - 1;
        if (users > 0) {
            this.set(thing, users);
        } else {
            this.delete(thing);
        }
    }
}

/**
 * One reader of one Kafka configuration for all sockets that use it. It owns the core's hub, knows the sessions on it,
 * and hands the core's events to them; it lives as long as it has members, and `hubIdle` longer.
 *
 * A member is what a socket brings along: { logger, meter: Meter?, handlers: { [event]: function } }.
 */
class Hub {
    /**
     * @param {{key: string, native: object, getToken: Function|undefined}} config of readKafkaConfig()
     * @param {object} member see above; to be given to release() when the socket goes
     * @param {number} limit how many hubs there may be; those that are idle make room
     * @return {Hub}
     * @throws {LimitExceededError} with `healable`
     */
    static acquire(config, member, limit) {
        let hub = hubs.get(config.key);
        if (hub === undefined) {
            const idle = hubs.size < limit ? undefined : [...hubs.values()].find(({ members }) => members === 0);
            idle?.close();
            if (hubs.size >= limit) {
                const error = new LimitExceededError(`More than ${limit} configurations of Kafka at once`);
                throw Object.assign(error, { healable: true });
            }
            hub = new Hub(config);
            hubs.set(config.key, hub);
        }
        hub.join(member);
        return hub;
    }

    constructor({ key, native, getToken }) {
        this.key = key;
        this.number = freeNumber();
        /** librdkafka's last statistics, as JSON, by the name of its instance */
        this.statistics = new Map();
        this.members = 0;
        this.idleTimer = undefined;
        this.sessions = new Map();
        this.requests = new Map();
        this.lastRequest = 0;
        /** by who follows the names of topics: what is called when they change */
        this.followers = new Map();
        /** the names of all topics as Kafka last told */
        this.topicNames = new Set();
        this.logs = new UseCount();
        this.meters = new UseCount();
        this.handlers = new Map();
        this.functions = new FunctionTable();
        this.faultLimit = new LogLimit();
        this.matchedSoFar = 0;
        const onFault = (error) => this.logFault(error, 'An event of the core could not be handled');
        this.native = new NativeHub(native, (event) => callSafely(this.onEvent, this, [event], onFault));
        const onTokenFault = (error) => this.log('error', errorFields(error), 'There is no new OAUTHBEARER token');
        this.tokens = getToken && new TokenSource(getToken, this.native, onTokenFault);
        this.closed = new Promise((resolve) => {
            this.onClosed = resolve;
        });
        this.gaugeTimer = setInterval(() => this.tellGauges(), GAUGE_INTERVAL);
        this.gaugeTimer.unref();
    }

    join({ logger, meter, handlers }) {
        this.members++;
        clearTimeout(this.idleTimer);
        this.logs.add(logger);
        if (meter !== undefined) {
            this.meters.add(meter);
        }
        for (const [event, fn] of Object.entries(handlers)) {
            if (!this.handlers.has(event)) {
                this.handlers.set(event, new UseCount());
            }
            this.handlers.get(event).add(fn);
        }
    }

    /**
     * @param {object} member as given to acquire()
     * @param {number} hubIdle how long to stay without members, in ms
     */
    release({ logger, meter, handlers }, hubIdle) {
        this.logs.release(logger);
        if (meter !== undefined) {
            this.meters.release(meter);
        }
        for (const [event, fn] of Object.entries(handlers)) {
            this.handlers.get(event).release(fn);
        }
        if (--this.members === 0 && hubs.get(this.key) === this) {
            this.idleTimer = setTimeout(() => this.close(), hubIdle);
            this.idleTimer.unref();
        }
    }

    /** @return {Promise<void>} resolves when its threads and connections are gone */
    close() {
        if (hubs.get(this.key) === this) {
            hubs.delete(this.key);
            ending.add(this);
            clearTimeout(this.idleTimer);
            clearInterval(this.gaugeTimer);
            this.tokens?.close();
            this.native.close();
            for (const { reject } of this.requests.values()) {
                reject(new AlreadyClosingError('The connection to Kafka is being closed'));
            }
            this.requests.clear();
        }
        return this.closed;
    }

    end() {
        ending.delete(this);
        addCounters(this.native.stats(), ended);
        this.onClosed();
    }

    /**
     * @param {object} options of the core's openSession(), with a function `deserializer` (or undefined) for `decoder`
     * @param {object} owner
     * @param {function(Error): void} owner.onError gets lasting errors of what this session reads
     * @return {Session}
     */
    openSession(options, owner) {
        return new Session(this, options, owner);
    }

    /**
     * The names of all topics.
     *
     * @param {number} maxAge in ms
     * @param {number} timeout in ms
     * @return {Promise<string[]>} rejects with a KasockiError; its `healable` tells whether time may heal it
     */
    topics(maxAge, timeout) {
        return this.request((request) => this.native.topics(request, maxAge, timeout));
    }

    /**
     * What tells logs from others of the same name.
     *
     * @param {string[]} topics
     * @return {Promise<import('./resume').Identity>}
     */
    async identify(topics) {
        const { cluster, ids } = await this.request((request) => this.native.describe(request, topics));
        return {
            cluster: fingerprint(cluster),
            topics: new Map(topics.map((topic, i) => [topic, fingerprint(ids[i])]))
        };
    }

    /**
     * @param {function(number): void} ask gets the number that the answering event has
     * @return {Promise<object>}
     */
    request(ask) {
        return new Promise((resolve, reject) => {
            const request = ++this.lastRequest;
            this.requests.set(request, { resolve, reject });
            ask(request);
        });
    }

    /** @param {number} request whose answer nobody waits for any more */
    forget(request) {
        this.requests.delete(request);
    }

    answer({ request, error, healable }, result) {
        const waiting = this.requests.get(request);
        this.requests.delete(request);
        if (waiting === undefined) {
            return;
        }
        if (error === undefined) {
            waiting.resolve(result);
        } else {
            waiting.reject(Object.assign(fromNative(error), { healable }));
        }
    }

    /**
     * Has a function called when names of topics have come or gone. Its session must have subscribed with `names`.
     *
     * @param {object} who
     * @param {function(): Promise<void>} onChange must not throw or reject
     */
    follow(who, onChange) {
        this.followers.set(who, onChange);
    }

    unfollow(who) {
        this.followers.delete(who);
    }

    tellFollowers() {
        for (const onChange of this.followers.values()) {
            onChange();
        }
    }

    onEvent(event) {
        switch (event.type) {
            case 'ready':
                scheduler.offer(this.deliveriesOf(event.sessions));
                break;
            case 'topics':
                if (event.topics !== undefined) {
                    this.topicNames = new Set(event.topics);
                }
                this.answer(event, event.topics);
                if (event.request === NOBODY) {
                    this.tellFollowers();
                }
                break;
            case 'described':
                this.answer(event, event);
                break;
            case 'subscribed':
                this.answer(event, event.assignments);
                break;
            case 'error':
                for (const id of event.sessions) {
                    this.sessions.get(id)?.owner.onError(fromNative(event.error));
                }
                break;
            case 'log':
                this.log(levelOfSeverity(event.level), { facility: event.facility, instance: event.instance }, event.text);
                this.callHandlers('event.log', { severity: event.level, fac: event.facility, message: event.text, name: event.instance });
                break;
            case 'kafka':
                if (event.name === 'event.stats') {
                    this.keepStatistics(event.payload.message);
                }
                this.callHandlers(event.name, payloadOf(event));
                break;
            case 'token':
                if (this.tokens) {
                    this.tokens.refresh(event.config);
                } else {
                    this.native.failToken('there is no function oauthbearer_token_refresh_cb in kafkaConfig');
                }
                break;
            case 'skipped':
                this.onSkipped(event);
                break;
            case 'guardOverBudget':
                this.onGuardOverBudget(event);
                break;
            case 'deserialize':
                this.deserialize(event);
                break;
            case 'match':
                this.match(event);
                break;
            default: // 'closed'
                this.end();
        }
    }

    /** Kept as text: nobody may ever ask for it. */
    keepStatistics(json) {
        const name = /"name": ?("(?:[^"\\]|\\.)*")/.exec(json);
        if (name !== null) {
            this.statistics.set(JSON.parse(name[1]), json);
        }
    }

    /** @param {string} name of node-rdkafka's event */
    callHandlers(name, payload) {
        const handlers = this.handlers.get(name);
        if (handlers !== undefined) {
            const onFault = (error) => this.logFault(error, `A handler of ${name} failed`);
            for (const fn of [...handlers.keys()]) {
                callSafely(fn, undefined, [payload], onFault);
            }
        }
    }

    /** The deliveries that a `ready` event means. */
    *deliveriesOf(ids) {
        for (const id of ids) {
            const delivery = this.sessions.get(id)?.delivery;
            if (delivery) {
                yield delivery;
            }
        }
    }

    onSkipped({ count, topic, partition, offset, reason }) {
        for (const meter of this.meters.keys()) {
            meter.count('messages.skipped', count);
        }
        const err = { name: 'DeserializationError', message: reason };
        this.log('warn', { err, topic, partition, offset, count }, 'Records were skipped: no JSON objects or arrays');
    }

    /** Clients are not told: it is the server's own filter. */
    onGuardOverBudget({ count, topic, partition, offset }) {
        const message = 'Option "filter" took more than limits.filterSteps steps on messages: they were taken for ones that do not match';
        this.log('warn', { topic, partition, offset, count }, message);
    }

    deserialize({ request, decoder, topic, partition, records }) {
        const fn = this.functions.get(decoder) ?? (() => null);
        deserializeAll(fn, { topic, partition, records }, (error, where) => {
            totals.recordsUndecoded++;
            for (const meter of this.meters.keys()) {
                meter.count('messages.skipped');
            }
            this.logFault(error, 'A record was skipped: the deserializer failed', where);
        }).then((texts) => this.native.deserialized(request, texts));
    }

    match({ request, matcher, texts }) {
        const fn = this.functions.get(matcher) ?? (() => false);
        matchAll(fn, texts, (error) => this.logFault(error, 'A message does not match: the matcher failed'))
            .then((verdicts) => this.native.matched(request, verdicts));
    }

    /** A fault that may come with every record. The limit is by message: a noisy function must not hide another one's faults. */
    logFault(thrown, message, where) {
        const count = this.faultLimit.pass(message);
        if (count > 0) {
            this.log('error', { ...errorFields(fromThrown(thrown)), ...where, count }, message);
        }
    }

    /** To each distinct logger of the members. */
    log(level, fields, message) {
        for (const logger of this.logs.keys()) {
            new Log(logger).write(level, fields, message);
        }
    }

    tellGauges() {
        if (this.meters.size === 0) {
            return;
        }
        const { recordsMatched, maxLag } = this.native.stats();
        const matched = recordsMatched - this.matchedSoFar;
        this.matchedSoFar = recordsMatched;
        for (const meter of this.meters.keys()) {
            if (matched > 0) {
                meter.count('messages.matched', matched);
            }
            if (maxLag >= 0) {
                meter.gauge('lag', maxLag);
            }
        }
    }
}

/** @return {number} that no other hub has now: from 1 on, given again when a hub is gone, so that there are few */
function freeNumber() {
    const taken = new Set([...hubs.values(), ...ending].map(({ number }) => number));
    let number = 1;
    while (taken.has(number)) {
        number++;
    }
    return number;
}

function addCounters(counters, sums) {
    for (const [name, value] of Object.entries(counters)) {
        sums[name] = (sums[name] ?? 0) + value;
    }
}

/** @return {number} bytes of records that the readers of all hubs hold */
function bufferBytes() {
    return [...hubs.values(), ...ending].reduce((sum, { native }) => sum + native.bufferBytes(), 0);
}

/** @return {object} what a handler of kafkaEventHandlers gets: an Error, where the event is one */
function payloadOf({ name, payload }) {
    return name === 'event.error' ? Object.assign(fromNative(payload), { fatal: payload.fatal }) : payload;
}

/** One socket's place in a hub: the core's session with the JavaScript functions that it uses. */
class Session {
    constructor(hub, { deserializer, ...options }, owner) {
        this.hub = hub;
        this.owner = owner;
        /** whom a `ready` event of this session is for */
        this.delivery = undefined;
        this.decoder = deserializer === undefined ? 0 : hub.functions.add(deserializer);
        this.matcher = 0;
        /** in force, as given to setFilter() */
        this.filter = null;
        /** the last request of subscribe(), 0: none */
        this.subscribing = 0;
        this.native = hub.native.openSession({ ...options, decoder: this.decoder });
        hub.sessions.set(this.native.id, this);
    }

    /**
     * @param {import('./native').NativeAssignment[]} assignments
     * @param {import('./native').NativeSubscribeOptions} options
     * @return {Promise<import('./native').NativeAssigned[]>} rejects with a KasockiError
     */
    subscribe(assignments, options) {
        return this.hub.request((request) => {
            this.subscribing = request;
            this.native.subscribe(request, assignments, options);
        });
    }

    /** @param {import('./native').NativeAssignment[]} topics that a pattern found later: all of each, from their beginnings */
    join(topics) {
        this.native.join(topics);
    }

    /**
     * @param {string[]|null} topics to be ended at once; null: everything
     * @param {boolean} [bounded] everything that is left has an end
     * @return {{topic: string, partition: number, offset: number}[]} what ended, each with the offset that would have come next
     */
    unsubscribe(topics, bounded = false) {
        return this.native.unsubscribe(topics, bounded);
    }

    /**
     * @param {string|Function|null} filter JSON text, a matcher, or none
     * @throws {InvalidFilterError} the filter does not compile; the one before stays in force
     */
    setFilter(filter) {
        const matcher = typeof filter === 'function' ? this.hub.functions.add(filter) : 0;
        const error = this.native.setFilter(matcher || filter);
        if (error) {
            this.hub.functions.release(matcher);
            throw fromNative(error);
        }
        this.hub.functions.release(this.matcher);
        this.matcher = matcher;
        this.filter = filter;
    }

    /** @return {import('./native').NativePosition[]|null} where it stands; null: where it stood before */
    takePositions() {
        return this.native.takePositions();
    }

    close() {
        this.hub.sessions.delete(this.native.id);
        this.hub.forget(this.subscribing);
        this.native.close();
        this.hub.functions.release(this.matcher);
        this.hub.functions.release(this.decoder);
    }
}

module.exports = { Hub, hubs, ending, ended, bufferBytes };
