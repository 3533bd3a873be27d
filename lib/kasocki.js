'use strict';

const {
    AlreadyClosingError,
    AlreadyStartedError,
    AlreadySubscribedError,
    AuthorizationError,
    InvalidAssignmentError,
    InvalidFilterError,
    KafkaError,
    KasockiError,
    LimitExceededError,
    NotSubscribedError,
    TopicNotAvailableError,
    classes,
    fromThrown,
    serializeError
} = require('./errors');
const { Access } = require('./access');
const { Asker } = require('./asker');
const { readSubscribe, readUnsubscribe } = require('./assignments');
const { Delivery } = require('./delivery');
const { guardFault, readGuard } = require('./enforcement');
const { EventQueue } = require('./event-queue');
const { readFields } = require('./fields');
const { Hub, bufferBytes } = require('./hub');
const { readKafkaConfig } = require('./kafka-config');
const { limitOf } = require('./log-limit');
const { Log, errorFields } = require('./logger');
const { aboutFilters, readFilters } = require('./matcher');
const { Positions } = require('./positions');
const { registry } = require('./registry');
const { fit } = require('./resume');
const { callSafely, isThenable } = require('./safely');
const { scheduler } = require('./scheduler');
const { Sender, backlogOf } = require('./sender');
const { Meter } = require('./statsd');
const { Subscription } = require('./subscription');
const { TokenBucket } = require('./token-bucket');
const { totals } = require('./totals');
const { isSocket, readEvent, readOptions } = require('./validation');

/** How old the topics of `ready` may be, in ms; and those that decide whether an unknown name really is unknown. */
const READY_TOPICS_AGE = 5000;
const UNKNOWN_TOPICS_AGE = 1000;

/** At every how many events a client's backlog of answers is looked at. */
const BACKLOG_INTERVAL = 64;

/** What a handler returns whose ack is called later. */
const LATER = Symbol('later');

/** Of a socket: its Kasocki. */
const KASOCKI = Symbol('Kasocki');

let recoveryWarned = false;

/** What a member has who gave no handlers. */
const NO_HANDLERS = {};

/**
 * Attaches Kafka to one socket.io socket: `new Kasocki(socket, options)` in the `connection` handler is all there is to
 * do. It lives until the socket disconnects.
 *
 * Here is the order of things: the start, what each event of the client does, the end. How messages get to the client
 * is in delivery.js and sender.js, who reads them from Kafka in hub.js.
 */
class Kasocki {
    #socket;
    #options;
    #optionError;
    #log;
    #meter;
    #member;
    #insider;
    #refusal;
    #asker = new Asker();
    #access;
    /** the topics that the client was last told of, if they are its own; else all that are allowed */
    #topics;
    #queue;
    #bucket;
    #hub;
    #session;
    #sender;
    #delivery;
    #eventCount = 0;
    /** undefined: not subscribed */
    #subscription;
    /** undefined: the client does not want to know */
    #positions;
    #closed = false;
    #starting;

    /** The client's events. Each gets the argument and the ack (if any); what it returns is the result. */
    static #events = {
        subscribe: (kasocki, argument) => kasocki.#subscribe(argument),
        unsubscribe: (kasocki, argument) => kasocki.#unsubscribe(argument),
        filter: (kasocki, argument) => kasocki.#filter(argument),
        consume: (kasocki, _, ack) => kasocki.#consume(ack),
        start: (kasocki) => kasocki.#start(),
        stop: (kasocki) => kasocki.#stop(),
        pause: (kasocki) => kasocki.#stop()
    };

    /** The same for all sockets: closures of each would take half a kilobyte. */
    static #listeners = [
        ...Object.keys(Kasocki.#events).map((name) => [name, function listener(...args) {
            this[KASOCKI].#onEvent(name, args);
        }]),
        ['disconnect', function listener() {
            this[KASOCKI].#onDisconnect();
        }]
    ];

    /** A Kasocki as its parts and the registry see it. One object: a closure for each call would take half a kilobyte. */
    static #Insider = class {
        #kasocki;

        constructor(kasocki) {
            this.#kasocki = kasocki;
        }

        end(error) {
            this.#kasocki.#fail(error, true);
        }

        waiting() {
            const kasocki = this.#kasocki;
            return { events: kasocki.#queue.waiting.length, consumes: kasocki.#delivery?.consumes.length ?? 0 };
        }

        carryOut(event) {
            return this.#kasocki.#carryOut(event);
        }

        onRoom() {
            this.#kasocki.#delivery.wake();
        }

        onRecovery() {
            this.#kasocki.#warnOfRecovery();
        }

        onSent(count, bytes) {
            totals.sent(count, bytes);
            this.#kasocki.#meter?.count('messages.sent', count);
        }

        onNotice({ notice, gap, assignments }) {
            this.#kasocki.#emit(notice, gap ?? assignments);
        }

        onError(error) {
            this.#kasocki.#report(error);
        }
    };

    /**
     * @param {import('socket.io').Socket} socket
     * @param {object} [options] see DEFAULTS in validation.js and the README
     * @throws {TypeError} `socket` is no socket, or has a Kasocki. A wrong option is a failed start instead: the client
     *     gets `err`
     */
    constructor(socket, options) {
        if (!isSocket(socket)) {
            throw new TypeError('new Kasocki(socket, options): the first argument must be a socket.io socket');
        }
        if (socket[KASOCKI] !== undefined) {
            throw new TypeError('new Kasocki(socket, options): this socket has a Kasocki already');
        }
        Object.defineProperty(socket, KASOCKI, { value: this });
        this.#socket = socket;
        ({ options: this.#options, error: this.#optionError } = readOptions(options));
        const { logger, statsd, kafkaEventHandlers, limits } = this.#options;
        this.#log = new Log(logger, { socket: socket.id });
        this.#meter = Meter.of(statsd);
        this.#meter?.countSocket(1);
        this.#member = { logger, meter: this.#meter, handlers: kafkaEventHandlers ? { ...kafkaEventHandlers } : NO_HANDLERS };
        this.#insider = new Kasocki.#Insider(this);
        this.#refusal = registry.admit(this.#insider, limits.sockets);
        this.#access = new Access(socket, this.#options, this.#asker);
        this.#queue = new EventQueue(limits.events, limits.eventBytes, this.#insider);
        this.#bucket = new TokenBucket(limits.eventsPerSecond);
        for (const [event, listener] of Kasocki.#listeners) {
            socket.on(event, listener);
        }
        // Not now: a failed start disconnects the socket, which the caller's code may still be about to use.
        this.#starting = Promise.resolve().then(() => this.#connect());
    }

    /**
     * Waits for the start, which happens by itself.
     *
     * @return {Promise<void>} resolves when the start has succeeded or failed; never rejects
     */
    connect() {
        return this.#starting;
    }

    async #connect() {
        try {
            const fault = this.#optionError ?? this.#refusal;
            if (fault) {
                throw fault;
            }
            if (this.#closed || this.#socket.connected === false) {
                this.#close();
                return;
            }
            const { kafkaConfig, connectTimeout, limits, filter } = this.#options;
            const until = performance.now() + connectTimeout;
            const left = () => Math.max(1, until - performance.now());
            this.#hub = Hub.acquire(readKafkaConfig(kafkaConfig), this.#member, limits.hubs);
            await this.#hub.topics(READY_TOPICS_AGE, connectTimeout);
            if (this.#closed) {
                return;
            }
            const [topics, guard] = await Promise.all([
                this.#visibleTopics(left),
                readGuard(filter, this.#socket, this.#asker, left())
            ]);
            if (this.#closed) {
                return;
            }
            if (topics.length === 0) {
                throw this.#notAvailable('No topic is available');
            }
            this.#openSession(guard);
            if (this.#options.authorize) {
                this.#topics = topics;
            }
            this.#emit('ready', topics);
            this.#queue.open();
        } catch (error) {
            this.#fail(error, error.healable === true);
        }
    }

    /**
     * The topics that this socket may see. Without any the client is sent away for good: that is not decided on a list that
     * may be some seconds old.
     *
     * @param {() => number} left how long the start may still take, ms
     * @return {Promise<string[]>}
     */
    async #visibleTopics(left) {
        const known = this.#hub.topicNames;
        const topics = await this.#access.visible(known, left());
        if (topics.length > 0 || this.#closed) {
            return topics;
        }
        await this.#hub.topics(UNKNOWN_TOPICS_AGE, left());
        const names = this.#hub.topicNames;
        const isNew = this.#access.allowed(names).some((name) => !known.has(name));
        return isNew && !this.#closed ? this.#access.visible(names, left()) : topics;
    }

    #openSession(guard) {
        const { deserializer, metadataField, fields, limits, batch } = this.#options;
        const options = {
            namespace: this.#socket.nsp?.name ?? '/',
            metadataField: metadataField || '',
            metadataJoin: metadataField === 'meta',
            deserializer,
            maxPreparedBytes: limits.bytesInFlight,
            maxDelay: batch.maxDelay,
            maxDepth: limits.depth,
            guard,
            fields: readFields(fields, metadataField),
            filterLimits: limits
        };
        try {
            this.#session = this.#hub.openSession(options, this.#insider);
        } catch (error) {
            throw guard === undefined ? error : guardFault(error);
        }
        this.#sender = new Sender(this.#socket, { limits, batch }, this.#insider);
        const rules = { maxConsumes: limits.consumes, maxDelay: batch.maxDelay };
        this.#delivery = new Delivery(this.#session.native, this.#sender, scheduler, rules, this.#insider);
        this.#session.delivery = this.#delivery;
    }

    /**
     * Ends this socket because of an error.
     *
     * @param {*} thrown
     * @param {boolean} healable the client shall come back: socket.io-client reconnects by itself when its transport
     *     was closed, but not when it was told to disconnect
     * @param {boolean} [discard] what is on its way to the client is given up: a closing transport waits for a client that
     *     does not read
     */
    #fail(thrown, healable, discard = false) {
        if (this.#closed) {
            return;
        }
        const level = thrown instanceof AlreadyClosingError ? 'info' : 'error';
        const fields = errorFields(thrown);
        const count = limitOf(this.#options.logger).pass(`${fields.err.name}: ${fields.err.message}`);
        if (count > 0) {
            this.#log.write(level, { ...fields, count }, 'The socket cannot be served and is closed');
        }
        this.#emit('err', this.#serialize(thrown));
        for (const event of this.#queue.close()) {
            this.#refuse(new AlreadyClosingError('The socket is being closed'), event);
        }
        this.#close();
        const { conn } = this.#socket;
        if (healable && conn && typeof conn.close === 'function') {
            callSafely(conn.close, conn, [discard]);
        } else {
            callSafely(this.#socket.disconnect, this.#socket, [true]);
        }
    }

    /** Gives everything back. What the client still sends is refused. */
    #close() {
        if (this.#closed) {
            return;
        }
        this.#closed = true;
        registry.leave(this.#insider);
        this.#queue.close();
        this.#asker.close();
        this.#positions?.close();
        this.#delivery?.close();
        this.#session?.close();
        this.#hub?.unfollow(this);
        this.#hub?.release(this.#member, this.#options.hubIdle);
        this.#meter?.countSocket(-1);
    }

    #onDisconnect() {
        this.#meter?.count('socketio.event.disconnect');
        this.#close();
    }

    #onEvent(name, args) {
        totals.event(name);
        this.#meter?.count(`socketio.event.${name}`);
        const event = { name, ...readEvent(args) };
        const { limits } = this.#options;
        this.#eventCount++;
        if (this.#eventCount % BACKLOG_INTERVAL === 0 && backlogOf(this.#socket) > limits.backlog) {
            this.#fail(new LimitExceededError('The client asks but does not read the answers'), true, true);
        } else if (this.#closed) {
            this.#refuse(new AlreadyClosingError('The socket is being closed'), event);
        } else {
            const excess = this.#bucket.take() ? this.#queue.push(event) : `More than ${limits.eventsPerSecond} events a second`;
            if (excess !== undefined) {
                this.#refuse(new LimitExceededError(excess), event);
            }
        }
    }

    /** @return {Promise<void>|undefined} resolves when the event is decided, if it is not yet; never rejects */
    #carryOut(event) {
        const { name, argument, ack } = event;
        try {
            const result = Kasocki.#events[name](this, argument, ack);
            if (isThenable(result)) {
                return result.then((value) => this.#accept(value, event), (error) => this.#refuse(error, event));
            }
            this.#accept(result, event);
        } catch (error) {
            this.#refuse(error, event);
        }
        return undefined;
    }

    #accept(result, { ack }) {
        if (ack !== undefined && result !== LATER) {
            callSafely(ack, undefined, [null, result]);
        }
    }

    #refuse(thrown, { name, ack }) {
        const error = this.#report(thrown, name);
        if (ack !== undefined) {
            callSafely(ack, undefined, [error, null]);
        }
    }

    /** @return {object} the error as the client gets it, as `err` as well */
    #report(thrown, socketEvent) {
        this.#log.write(levelOf(thrown), { ...errorFields(thrown), socketEvent }, 'An error went to the client');
        const data = this.#serialize(thrown, socketEvent);
        this.#emit('err', data);
        return data;
    }

    /** What is no error of ours is a fault of ours: the client learns no more than that. */
    #serialize(thrown, socketEvent) {
        const error = thrown instanceof KasockiError ? thrown : new KasockiError('Internal error');
        totals.error(Object.hasOwn(classes, error.name) ? error.name : 'KasockiError');
        return serializeError(error, this.#socket.id, socketEvent);
    }

    #emit(event, data) {
        callSafely(this.#socket.emit, this.#socket, [event, data]);
    }

    #subscribe(argument) {
        if (this.#subscription !== undefined) {
            throw new AlreadySubscribedError('This socket has subscribed already');
        }
        return this.#subscribeTo(this.#read(readSubscribe, argument), argument);
    }

    #read(reader, argument) {
        try {
            return reader(argument, this.#options.limits);
        } catch (error) {
            // A getter or a proxy may throw anything.
            throw fromThrown(error, InvalidAssignmentError);
        }
    }

    /** All or nothing. No other event of this socket is carried out meanwhile. */
    async #subscribeTo({ assignments, before, object, filter, start, positions: interval, skipLag }, argument) {
        const subscription = new Subscription(assignments, before);
        let found = await this.#findTopics(subscription);
        let positions;
        if (object) {
            const identity = await this.#identify([...subscription.topics.keys()]);
            found = fit(found, identity);
            positions = new Positions(subscription, this.#session, identity, this.#options.limits.tokenBytes);
        }
        const { bufferBytes: limit, assignments: maxPartitions } = this.#options.limits;
        if (bufferBytes() > limit) {
            throw new LimitExceededError(`The readers of this process hold more than ${limit} bytes`);
        }
        const { grows, bounded } = subscription;
        const filterBefore = this.#session.filter;
        let assigned;
        try {
            if (filter !== undefined) {
                this.#filter(filter.argument);
            }
            assigned = await this.#session.subscribe(found, { names: grows, bounded, maxPartitions, skipLag });
        } catch (error) {
            if (error instanceof AlreadyClosingError) {
                throw error;
            }
            this.#session.setFilter(filterBefore);
            if (error instanceof TopicNotAvailableError) {
                throw this.#notAvailable(error.message);
            }
            if (error instanceof InvalidAssignmentError) {
                error.assignments = argument;
            }
            throw error;
        }
        this.#subscription = subscription;
        const token = positions && this.#tellPositions(positions, assigned, interval);
        if (grows) {
            this.#hub.follow(this, () => this.#findMore(subscription));
            // Some may have come meanwhile.
            this.#findMore(subscription);
        }
        this.#delivery.begin();
        if (start) {
            this.#delivery.start();
        }
        return object ? { token, assignments: assigned } : assigned;
    }

    /** @return {Promise<import('./resume').Identity>} */
    async #identify(topics) {
        const identity = await this.#hub.identify(topics);
        if (this.#closed) {
            throw new AlreadyClosingError('The socket is being closed');
        }
        return identity;
    }

    /** @return {string|null} the token of the start */
    #tellPositions(positions, assigned, interval) {
        this.#positions = positions;
        positions.subscription.expect(assigned);
        const { token } = positions.take();
        if (interval !== undefined) {
            positions.begin(interval, this.#sender);
        }
        return token;
    }

    /**
     * What is to be subscribed now: the topics named, all of which must be there for this socket, and those that patterns
     * find.
     *
     * @param {Subscription} subscription
     * @return {Promise<object[]>} assignments
     */
    async #findTopics(subscription) {
        const { connectTimeout } = this.#options;
        const names = [...subscription.topics.keys()];
        const isKnown = (name) => this.#hub.topicNames.has(name);
        if (subscription.patterns.length > 0 || (names.every((name) => this.#access.allows(name)) && !names.every(isKnown))) {
            await this.#hub.topics(UNKNOWN_TOPICS_AGE, connectTimeout);
        }
        const found = await subscription.find(this.#hub.topicNames);
        const visible = new Set(await this.#access.visible([...names.filter(isKnown), ...found], connectTimeout));
        if (this.#closed) {
            throw new AlreadyClosingError('The socket is being closed');
        }
        const recovered = subscription.recover(visible);
        const missing = [...subscription.topics.keys()].find((name) => !visible.has(name));
        if (missing !== undefined) {
            this.#topics = this.#topics?.filter((name) => !subscription.topics.has(name) || visible.has(name));
            throw this.#notAvailable(`Topic "${missing}" is not available`);
        }
        return [...subscription.named, ...recovered, ...subscription.take(found.filter((name) => visible.has(name)))];
    }

    /** Names of topics have come or gone. */
    async #findMore(subscription) {
        try {
            const found = await subscription.find(this.#hub.topicNames);
            const visible = found.length === 0 ? [] : await this.#access.visible(found, this.#options.connectTimeout);
            if (visible.length > 0 && subscription === this.#subscription && !this.#closed) {
                this.#session.join(subscription.take(visible));
                const identity = this.#positions?.identity;
                if (identity !== undefined) {
                    (await this.#hub.identify(visible)).topics.forEach((id, topic) => identity.topics.set(topic, id));
                }
            }
        } catch (error) {
            // They may be authorized when names change again.
            subscription.known = new Set();
            if (!this.#closed) {
                this.#report(error);
            }
        }
    }

    #unsubscribe(argument) {
        const names = this.#read(readUnsubscribe, argument);
        const subscription = this.#subscription;
        if (subscription === undefined) {
            throw new NotSubscribedError('This socket has not subscribed');
        }
        const topics = names && subscription.drop(names);
        const isLast = topics === null || subscription.isEmpty;
        const ended = this.#session.unsubscribe(isLast ? null : topics, subscription.bounded);
        if (isLast) {
            this.#endSubscription();
        } else if (!subscription.grows) {
            this.#hub.unfollow(this);
        }
        this.#delivery.wake();
        this.#positions?.hurry();
        return ended;
    }

    /** As before the first `subscribe`, but for the filter, which stays. */
    #endSubscription() {
        this.#hub.unfollow(this);
        this.#positions?.close();
        this.#positions = undefined;
        this.#subscription = undefined;
        for (const ack of this.#delivery.end()) {
            this.#refuse(new NotSubscribedError('The subscription has ended'), { name: 'consume', ack });
        }
    }

    /** With `authorize`, `allowedTopics` may name what this socket must not know of. */
    #notAvailable(message) {
        const { allowedTopics, authorize } = this.#options;
        return new TopicNotAvailableError(message, {
            availableTopics: authorize ? this.#topics ?? [] : this.#access.allowed(this.#hub.topicNames),
            allowedTopics: allowedTopics && !authorize ? [...allowedTopics] : undefined
        });
    }

    #filter(argument) {
        const { matcherFactory, limits } = this.#options;
        const { filter, filters } = matcherFactory ? this.#makeMatcher(argument) : readFilters(argument, limits.filterBytes);
        try {
            this.#session.setFilter(filter);
        } catch (error) {
            throw aboutFilters(error, argument);
        }
        // What the new filter lets through may be there already. It comes after the ack.
        this.#delivery.wake();
        // What the one before has refused shall not come again.
        this.#positions?.hurry();
        return filters;
    }

    #makeMatcher(argument) {
        if (!argument) {
            return { filter: null, filters: null };
        }
        let matcher;
        try {
            matcher = this.#options.matcherFactory.call(undefined, argument);
        } catch (error) {
            throw fromThrown(error, InvalidFilterError, { filters: argument });
        }
        if (typeof matcher !== 'function') {
            if (isThenable(matcher)) {
                Promise.resolve(matcher).catch(() => {});
            }
            throw new InvalidFilterError('The filter could not be made: no matcher came of it', { filters: argument });
        }
        return { filter: matcher, filters: presentable(matcher.filters ?? argument) };
    }

    #consume(ack) {
        if (this.#subscription === undefined) {
            throw new NotSubscribedError('Subscribe before consuming');
        }
        // Without an ack nobody would get the message: it stays.
        if (ack !== undefined) {
            this.#delivery.consume(ack);
        }
        return LATER;
    }

    #start() {
        if (this.#subscription === undefined) {
            throw new NotSubscribedError('Subscribe before starting');
        }
        if (this.#delivery.started) {
            throw new AlreadyStartedError('This socket has started already');
        }
        this.#delivery.start();
        return null;
    }

    #stop() {
        this.#delivery.stop();
        return null;
    }

    #warnOfRecovery() {
        if (!recoveryWarned) {
            recoveryWarned = true;
            this.#log.warn(
                { messagesPerSecond: this.#options.limits.recoverableMessages },
                'connectionStateRecovery keeps every message in memory for minutes: messages are sent slowly'
            );
        }
    }
}

/** @return {'error'|'warn'|'info'} of a line about what went to a client: whose fault it was */
function levelOf(thrown) {
    if (!(thrown instanceof KasockiError) || thrown instanceof AuthorizationError) {
        return 'error';
    }
    return thrown instanceof KafkaError ? 'warn' : 'info';
}

/** @return {*} filters as plain data, with regular expressions as `/.../` texts */
function presentable(filters) {
    try {
        return JSON.parse(JSON.stringify(filters, (_, value) => (value instanceof RegExp ? String(value) : value)));
    } catch {
        return null;
    }
}

module.exports = { Kasocki };
