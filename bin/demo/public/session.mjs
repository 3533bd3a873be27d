/* global io */

/*
 * One socket.io connection to a Kasocki, and how the page uses it. This is what any page does with kasocki: the events
 * and their acknowledgements are the whole of its API.
 *
 * It subscribes inside `ready`, so that it comes back by itself after the server or Kafka was away: from behind the last
 * message it got.
 */

/** What a command ends with whose acknowledgement will not come. */
const LOST = { name: 'Disconnected', message: 'The connection was lost' };

export class Session {
    /**
     * @param {object} view what is told
     * @param {function(string, string=): void} view.onState 'connecting', 'ready' or 'disconnected', and why
     * @param {function(string[]): void} view.onTopics those that may be subscribed
     * @param {function(*, boolean): void} view.onMessage a message, and whether it was pulled
     * @param {function(object): void} view.onError what came as `err`
     * @param {function(string, string, *): void} view.onTraffic 'out', 'in' or 'error', an event's name and argument
     * @param {function(): void} view.onChange `ready`, `started`, `assignments` or `filters` are others now
     */
    constructor(view) {
        this.view = view;
        /** subscribe, filter and start can be emitted */
        this.ready = false;
        this.started = false;
        /** as the ack of `subscribe` told them; undefined: not subscribed */
        this.assignments = undefined;
        /** the filter in force */
        this.filters = null;
        /** next offset by partition, of those that sent something: { 'topic/partition': offset } */
        this.positions = new Map();
        /** rejects what waits for an ack that will not come */
        this.waiting = new Set();
        this.open();
    }

    open() {
        this.socket = io({ forceNew: true, reconnectionDelayMax: 2000 });
        this.view.onState('connecting');
        const on = (event, listener) => this.socket.on(event, listener);
        on('ready', (topics) => this.onReady(topics));
        on('message', (message) => this.take(message, false));
        on('gap', (gap) => this.view.onTraffic('in', 'gap', gap));
        on('err', (error) => {
            this.view.onTraffic('error', 'err', error);
            this.view.onError(error);
        });
        on('disconnect', (reason) => this.onDisconnect(reason));
        on('connect_error', (error) => this.view.onState('connecting', error.message));
    }

    /** A new socket that has not subscribed; the filter stays. */
    reopen() {
        this.socket.off();
        this.socket.disconnect();
        this.onDisconnect('');
        this.started = false;
        this.assignments = undefined;
        this.positions.clear();
        this.open();
        this.view.onChange();
    }

    onReady(topics) {
        this.ready = true;
        this.view.onTraffic('in', 'ready', topics);
        this.view.onState('ready');
        this.view.onTopics(topics);
        this.view.onChange();
        this.restore();
    }

    /** After a reconnect. All in one tick: a socket's events are carried out in their order. */
    restore() {
        const failed = (error) => {
            if (error !== LOST) {
                this.assignments = undefined;
                this.started = false;
                this.view.onChange();
            }
        };
        if (this.filters !== null) {
            this.filter(this.filters).catch(() => {}); // it was in force before
        }
        if (this.assignments !== undefined) {
            this.subscribe(this.assignments.map((assignment) => this.behindLast(assignment))).catch(failed);
            if (this.started) {
                this.start().catch(failed);
            }
        }
    }

    behindLast({ topic, partition, offset }) {
        return { topic, partition, offset: this.positions.get(`${topic}/${partition}`) ?? offset };
    }

    onDisconnect(reason) {
        this.ready = false;
        for (const reject of this.waiting) {
            reject(LOST);
        }
        this.waiting.clear();
        // After a disconnect by the server socket.io-client does not come back by itself.
        this.view.onState(this.socket.active ? 'connecting' : 'disconnected', reason);
        this.view.onChange();
    }

    /**
     * @param {string[]|object[]} topics names, or assignments
     * @return {Promise<void>} rejects with an error object, as all of these do
     */
    subscribe(topics) {
        return this.emit('subscribe', topics, (assignments) => {
            this.assignments = assignments;
        });
    }

    start() {
        return this.emit('start', undefined, () => {
            this.started = true;
        });
    }

    stop() {
        return this.emit('stop', undefined, () => {
            this.started = false;
        });
    }

    /** Asks for the next message; waits for one. */
    pull() {
        return this.emit('consume', undefined, (message) => this.take(message, true));
    }

    /** @param {object|Array|string|null} filters null: none. Without a connection it is set with the next one */
    filter(filters) {
        if (!this.ready) {
            this.filters = filters;
            this.view.onChange();
            return Promise.resolve();
        }
        return this.emit('filter', filters, (inForce) => {
            this.filters = inForce;
        });
    }

    take(message, pulled) {
        const meta = message._kafka;
        if (meta !== undefined) {
            this.positions.set(`${meta.topic}/${meta.partition}`, meta.offset + 1);
        }
        this.view.onMessage(message, pulled);
    }

    /** `accept` gets the result at once, before anything else that came with it is looked at. */
    emit(event, argument, accept) {
        this.view.onTraffic('out', event, argument);
        return new Promise((resolve, reject) => {
            this.waiting.add(reject);
            this.socket.emit(event, argument, (error, result) => {
                this.waiting.delete(reject);
                if (error) {
                    reject(error);
                    return;
                }
                this.view.onTraffic('in', `${event} ok`, event === 'consume' ? undefined : result);
                accept(result);
                this.view.onChange();
                resolve();
            });
        });
    }
}
