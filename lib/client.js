/**
 * kasocki/client: for the other side of the wire, in browsers and in Node.js. As a plain script it makes the global
 * `kasocki`; it needs nothing but a socket of socket.io-client 4.
 *
 *     const socket = kasocki.resumable(io());
 *     socket.emit('subscribe', { assignments: [{ topic: 'edits', timestamp: '2026-05-01' }], start: true });
 *     socket.on('message', (message) => console.log(message));
 *
 * Why resumable() works on the socket that it is given, instead of wrapping it: page code holds that socket, and so do
 * its listeners, request() and socket.io's own emitWithAck(). Two things are put on it:
 *
 *   emit            The events of this module's server go through a queue of ours. They are sent in order once a
 *                   connection is open, which is when what there was before has been resumed. Those without an answer
 *                   when a connection breaks are sent again on the next one: they set a state, or ask for the next
 *                   message, so that a second time does no harm. socket.io's own buffer would send them too early.
 *   prependAny      A listener that sees every message before the page does, and notes its place: of each partition the
 *                   last one. (Listeners of names go with `socket.off()`; this one stays.)
 *
 * A connection begins with the event `ready`, since everything that socket.io itself may have restored comes before it.
 * Then the last token is given back, with the places of the messages that came after it: so the server goes on behind
 * the last message that the page has seen, whatever was lost on the way.
 */
'use strict';

(function define(make) {
    if (typeof module === 'object' && module !== null && module.exports) {
        module.exports = make();
    } else {
        globalThis.kasocki = make();
    }
}(() => {
    /** Events of the server that resumable() takes care of. */
    const EVENTS = ['subscribe', 'unsubscribe', 'filter', 'consume', 'start', 'stop', 'pause'];

    /** Pauses after a resumption that was refused, in ms: the first one, and the longest. */
    const FIRST_PAUSE = 500;
    const LONGEST_PAUSE = 30000;

    const DEFAULTS = { metadataField: '_kafka', positions: 1000 };
    /** As the server takes them, ms. */
    const MIN_POSITIONS = 100;
    const MAX_POSITIONS = 3600000;
    /** What timers can wait, ms. */
    const MAX_TIMEOUT = 2147483647;

    const resumables = new WeakMap();

    /**
     * Makes a socket go on where it was after every reconnect: subscription, filter and `start` are restored, and
     * `message` events continue behind the last one seen. Nothing is lost and nothing comes twice, as long as messages
     * carry their metadata and Kafka still has the place; else nothing is lost. To be called before the first event is
     * emitted.
     *
     * @param {import('socket.io-client').Socket} socket of socket.io-client 4
     * @param {object} [options]
     * @param {string|false} [options.metadataField] as the server's option of that name; false: messages carry none
     * @param {number} [options.positions] how often the server tells where it is, beside the messages, in ms
     * @return {import('socket.io-client').Socket} the same socket
     * @throws {TypeError} it is no such socket, or has socket.io's option `retries`; an option that can't be
     */
    function resumable(socket, options) {
        if (!socket || typeof socket.emit !== 'function' || typeof socket.prependAny !== 'function' || typeof socket.io !== 'object') {
            throw new TypeError('resumable(socket): that must be a socket of socket.io-client 4');
        }
        if (socket._opts && socket._opts.retries) {
            throw new TypeError('resumable(socket): socket.io\'s option "retries" would send events before they can be carried out');
        }
        const unknown = Object.keys(options || {}).find((name) => !Object.prototype.hasOwnProperty.call(DEFAULTS, name));
        if (unknown !== undefined) {
            throw new TypeError(`resumable(socket, options): there is no option "${unknown}"`);
        }
        const given = Object.assign({}, DEFAULTS);
        Object.keys(options || {}).filter((name) => options[name] !== undefined).forEach((name) => {
            given[name] = options[name];
        });
        if (given.metadataField !== false && (typeof given.metadataField !== 'string' || given.metadataField === '')) {
            throw new TypeError('resumable(socket, options): "metadataField" must be a name, or false');
        }
        if (!Number.isInteger(given.positions) || given.positions < MIN_POSITIONS || given.positions > MAX_POSITIONS) {
            throw new TypeError(`resumable(socket, options): "positions" must be an integer from ${MIN_POSITIONS} to ${MAX_POSITIONS}, in ms`);
        }
        if (!resumables.has(socket)) {
            resumables.set(socket, new Resumable(socket, given));
        }
        return socket;
    }

    /**
     * Emits an event and gives its result.
     *
     * @param {import('socket.io-client').Socket} socket
     * @param {string} event
     * @param {*} [argument]
     * @param {number} [timeout] ms; default: for ever
     * @return {Promise<*>} rejects with an Error that has the members of the server's error object (`name`, `message`, ...), with a
     *     `TimeoutError`, or with a `DisconnectedError` if the connection ended before the answer and the socket does not resume;
     *     with a `TypeError`, and emits nothing, if the socket is none or the timeout is no such time
     */
    function request(socket, event, argument, timeout) {
        return new Promise((resolve, reject) => {
            if (!socket || typeof socket.emit !== 'function' || typeof socket.off !== 'function') {
                throw new TypeError('request(socket, event, argument, ms): that must be a socket of socket.io-client');
            }
            const isTimed = timeout !== undefined && timeout !== null;
            if (isTimed && !(typeof timeout === 'number' && timeout >= 0 && timeout <= MAX_TIMEOUT)) {
                throw new TypeError(`request(socket, event, argument, ms): "ms" must be a number from 0 to ${MAX_TIMEOUT}`);
            }
            let timer;
            const onDisconnect = () => settle(makeError('DisconnectedError', `${event}: the connection ended before the answer came`));
            const settle = (error, result) => {
                clearTimeout(timer);
                socket.off('disconnect', onDisconnect);
                if (error) {
                    reject(error instanceof Error ? error : makeError(error.name, error.message, error));
                } else {
                    resolve(result);
                }
            };
            if (isTimed) {
                timer = setTimeout(() => settle(makeError('TimeoutError', `${event}: no answer within ${timeout} ms`)), timeout);
            }
            if (!(resumables.has(socket) && EVENTS.includes(event))) {
                socket.on('disconnect', onDisconnect);
            }
            const ack = (...answer) => settle(...readAnswer(answer));
            if (argument === undefined) {
                socket.emit(event, ack);
            } else {
                socket.emit(event, argument, ack);
            }
        });
    }

    function makeError(name, message, members) {
        return Object.assign(new Error(message), members, { name });
    }

    /**
     * @param {Array} answer as an ack got it: with socket.io's option `ackTimeout` there is one argument more in front
     * @return {[*, *]} error and result
     */
    function readAnswer(answer) {
        return answer.length > 2 ? answer.slice(1) : answer;
    }

    /** One socket's state, as far as the server would forget it. */
    class Resumable {
        constructor(socket, { metadataField, positions }) {
            this.socket = socket;
            this.metadataField = metadataField;
            this.positions = positions;
            this.plainEmit = socket.emit;
            /**
             * events without an answer, in order: { event, args, ack, sent, carried: from an earlier connection, repeated: what it asks
             * for was done by the resumption, result }
             */
            this.waiting = [];
            /** the connection on which events may be sent; null: none is open */
            this.open = socket.connected ? connectionOf(socket) : null;
            this.connection = this.open;
            /** what is subscribed, as the page asked for it; undefined: nothing */
            this.subscribed = undefined;
            this.started = false;
            /** undefined: never set */
            this.filter = undefined;
            this.token = null;
            /** by partition: the metadata of the last message since the token */
            this.seen = new Map();
            /** topics that were unsubscribed since the token */
            this.dropped = new Set();
            /** what the resumption did, in the page's place: events with their results */
            this.restored = new Map();
            /** those of them that the page itself asked for as well, as pages do that set everything up at each `ready` */
            this.asked = new Set();
            this.retry = undefined;
            socket.emit = (event, ...args) => this.emit(event, args);
            socket.prependAny((event, argument) => this.onEvent(event, argument));
        }

        /** In the place of the socket's own. */
        emit(event, args) {
            const { socket } = this;
            if (!EVENTS.includes(event)) {
                this.plainEmit.call(socket, event, ...args);
                return socket;
            }
            const ack = typeof args[args.length - 1] === 'function' ? args.pop() : undefined;
            const timeout = socket.flags && socket.flags.timeout !== undefined ? socket.flags.timeout : socket._opts && socket._opts.ackTimeout;
            socket.flags = {};
            const item = { event, args, ack, sent: false, carried: false, repeated: false, result: undefined };
            if (ack && ack.withError && timeout === undefined) {
                item.ack = (...answer) => ack(null, ...answer); // of emitWithAck()
            } else if (ack && timeout !== undefined) {
                // As socket.io has it: an error, or null, in front of the answer.
                const timer = setTimeout(() => {
                    item.ack = undefined;
                    if (!item.sent) {
                        this.waiting = this.waiting.filter((other) => other !== item);
                    }
                    ack(new Error('operation has timed out'));
                }, timeout);
                item.ack = (...answer) => {
                    clearTimeout(timer);
                    ack(null, ...answer);
                };
            }
            this.waiting.push(item);
            this.flush();
            return socket;
        }

        /** Sends what waits, as far as it can be. */
        flush() {
            for (const item of this.waiting.slice()) {
                if (!this.isOpen()) {
                    return;
                }
                if (!item.sent && this.waiting.includes(item)) {
                    item.sent = true;
                    const { event, args } = item;
                    if (this.isRepeat(item)) {
                        item.repeated = true;
                        item.result = this.restored.get(event);
                        this.answerRepeats();
                    } else {
                        this.overrule(event);
                        item.sent = this.send(event, event === 'subscribe' ? [this.toObject(args[0])] : args, (error, result) => {
                            if (!error) {
                                this.keep(item, result);
                            }
                            this.answer(item, error, result);
                        });
                    }
                }
            }
        }

        isOpen() {
            return this.open !== null && this.socket.connected && isSame(this.open, connectionOf(this.socket));
        }

        /** A second time on one connection it is as wrong as ever. */
        isRepeat({ event, args, carried }) {
            if (!this.restored.has(event) || (event === 'subscribe' && !isEqual(args[0], this.subscribed))) {
                return false;
            }
            return carried || (!this.asked.has(event) && Boolean(this.asked.add(event)));
        }

        /** What the page changes is not as it was restored any more. */
        overrule(event) {
            if (event === 'unsubscribe' || event === 'subscribe') {
                this.restored.clear();
            } else if (event === 'stop' || event === 'pause') {
                this.restored.delete('start');
            }
        }

        /**
         * @param {string} event
         * @param {Array} args
         * @param {function(*, *)} done gets error and result, unless the connection ends before
         * @return {boolean} false: it can't be sent now
         */
        send(event, args, done) {
            const { socket, connection } = this;
            const { sendBuffer } = socket;
            const buffered = sendBuffer.length;
            this.plainEmit.call(socket, event, ...args, (...answer) => {
                // socket.io's option `ackTimeout` calls it without an answer, too: that is no news.
                if (answer.length > 1 && connection === this.connection) {
                    done(...readAnswer(answer));
                }
            });
            if (socket.sendBuffer === sendBuffer && sendBuffer.length > buffered) {
                // The connection is about to be given up: socket.io would send it first thing on the next one.
                sendBuffer.length = buffered;
                this.open = null;
                return false;
            }
            return true;
        }

        /** In their turn: only what waits for a message may be passed. */
        answerRepeats() {
            const first = this.waiting.find(({ event }) => event !== 'consume');
            if (first !== undefined && first.repeated) {
                this.answer(first, null, first.result);
            }
        }

        answer(item, error, result) {
            this.waiting = this.waiting.filter((other) => other !== item);
            this.pass(item, error, result);
            this.answerRepeats();
        }

        pass(item, error, result) {
            if (item.ack) {
                const [argument] = item.args;
                const isPlain = item.event === 'subscribe' && !isObject(argument) && !error && isObject(result);
                item.ack(error, isPlain ? result.assignments : result);
            }
        }

        /** What the server has done, and would forget. */
        keep({ event, args: [argument] }, result) {
            switch (event) {
                case 'subscribe':
                    this.begin(argument, result);
                    break;
                case 'unsubscribe':
                    if (argument === undefined || argument === null) {
                        this.end();
                    } else {
                        [].concat(argument).forEach((topic) => this.dropped.add(topic));
                    }
                    break;
                case 'filter':
                    this.filter = argument;
                    break;
                case 'consume':
                    this.note(result);
                    break;
                default:
                    this.started = event === 'start';
            }
        }

        begin(argument, { token }) {
            this.end();
            this.subscribed = argument;
            this.token = token || null;
            if (isObject(argument)) {
                this.filter = argument.filter === undefined ? this.filter : argument.filter;
                this.started = argument.start === true;
            }
        }

        end() {
            this.subscribed = undefined;
            this.started = false;
            this.token = null;
            this.seen.clear();
            this.dropped.clear();
        }

        /** Before all listeners of the page. */
        onEvent(event, argument) {
            if (event === 'message') {
                this.note(argument);
            } else if (event === 'position' && isObject(argument)) {
                this.moveTo(argument.token);
            } else if (event === 'ready') {
                this.onReady();
            }
        }

        note(message) {
            const place = this.metadataField !== false && isObject(message) ? message[this.metadataField] : undefined;
            if (isObject(place) && typeof place.topic === 'string' && Number.isInteger(place.partition) && Number.isInteger(place.offset)) {
                this.seen.set(`${place.partition} ${place.topic}`, place);
            }
        }

        /** Everything up to here lies before this token. */
        moveTo(token) {
            if (typeof token === 'string') {
                this.token = token;
                this.seen.clear();
                this.dropped.clear();
            }
        }

        onReady() {
            const connection = connectionOf(this.socket);
            if (this.open !== null && isSame(this.open, connection)) {
                return; // it was there before this was
            }
            clearTimeout(this.retry);
            this.connection = connection;
            this.open = null;
            this.restored.clear();
            this.asked.clear();
            for (const item of this.waiting) {
                item.sent = item.repeated = false;
                item.carried = true;
            }
            if (this.subscribed !== undefined) {
                this.resume(FIRST_PAUSE);
            } else if (!this.filter || this.send('filter', [this.filter], () => {})) {
                this.goOn();
            }
        }

        goOn() {
            this.open = this.connection;
            this.flush();
        }

        resume(pause) {
            const { token, dropped } = this;
            const seen = token === null ? [] : Array.from(this.seen.values(), toPlace);
            const wanted = this.toObject(this.subscribed);
            const kept = token === null ? wanted : { resume: token, positions: wanted.positions, slow: wanted.slow };
            const argument = Object.assign({}, kept, { start: this.started && dropped.size === 0 });
            if (seen.length > 0) {
                argument.seen = seen;
            }
            if (this.filter !== undefined) {
                argument.filter = this.filter || null;
            }
            this.send('subscribe', [argument], (error, result) => {
                if (!error) {
                    this.onResumed(result);
                } else if (error.name === 'InvalidAssignmentError' && seen.length > 0) {
                    // Records that say of themselves where they are from: without them it is at least once.
                    this.seen.clear();
                    this.resume(pause);
                } else if (error.name === 'InvalidAssignmentError') {
                    // There is no way back. The server's `err` has told so.
                    this.end();
                    this.goOn();
                } else {
                    this.retry = setTimeout(() => this.resume(Math.min(2 * pause, LONGEST_PAUSE)), pause);
                }
            });
        }

        onResumed(result) {
            const dropped = Array.from(this.dropped);
            this.moveTo(result.token);
            this.restored.set('subscribe', result);
            if (this.started) {
                this.restored.set('start', null);
            }
            if (dropped.length > 0) {
                dropped.forEach((topic) => this.dropped.add(topic));
                this.send('unsubscribe', [dropped], () => {});
                if (this.started) {
                    this.send('start', [], () => {});
                }
            }
            this.goOn();
        }

        /** @return {*} what the page subscribes, so that the server tells positions; what is none, the server shall refuse */
        toObject(argument) {
            if (typeof argument === 'string') {
                return { topics: argument, positions: this.positions };
            }
            if (Array.isArray(argument)) {
                return { [typeof argument[0] === 'string' ? 'topics' : 'assignments']: argument, positions: this.positions };
            }
            return isObject(argument) ? Object.assign({ positions: this.positions }, argument) : argument;
        }
    }

    /** What tells one connection from the next one, even where both have the same id. */
    function connectionOf(socket) {
        return { engine: socket.io.engine, id: socket.id };
    }

    function isSame(a, b) {
        return a.engine === b.engine && a.id === b.id;
    }

    function toPlace({ topic, partition, offset, timestamp }) {
        return { topic, partition, offset, timestamp };
    }

    function isObject(value) {
        return typeof value === 'object' && value !== null && !Array.isArray(value);
    }

    function isEqual(a, b) {
        return a === b || JSON.stringify(a) === JSON.stringify(b);
    }

    return { resumable, request };
}));
