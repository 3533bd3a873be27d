/* global io, kasocki */

/*
 * One socket.io connection to a Kasocki, and how the page uses it. This is what any page does with kasocki: the events
 * and their acknowledgements are the whole of its API.
 *
 * That it comes back by itself after the server or Kafka was away, with its subscription and filter, and goes on behind
 * the last message that it got, is the work of kasocki.resumable(). Here it is checked: of each partition the offsets
 * must follow upon each other.
 */

/** What a command ends with whose acknowledgement will not come: another socket was opened. */
const ABANDONED = { name: 'Abandoned', message: 'The socket was given up' };

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
        /** rejects what waits for an ack that will not come */
        this.waiting = new Set();
        this.open();
    }

    open() {
        /** next offset by partition, of those that sent something: { 'topic/partition': offset } */
        this.positions = new Map();
        /** those of them where the next message must have that offset: what came last passed no filter */
        this.complete = new Set();
        /** how often the connection came back with a subscription, and messages since the last time */
        this.reconnects = 0;
        this.since = 0;
        /** offsets for which nothing came (transactions and compaction make some), and messages that had come before */
        this.leftOut = 0;
        this.repeated = 0;
        /** partitions whose place Kafka did not have any more */
        this.inexact = 0;
        this.socket = kasocki.resumable(io({ forceNew: true, reconnectionDelayMax: 2000 }));
        this.view.onState('connecting');
        const on = (event, listener) => this.socket.on(event, listener);
        on('ready', (topics) => this.onReady(topics));
        on('message', (message) => this.take(message, false));
        on('assigned', (assignments) => this.onAssigned(assignments));
        on('gap', (gap) => this.onGap(gap));
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
        this.ready = false;
        for (const reject of this.waiting) {
            reject(ABANDONED);
        }
        this.waiting.clear();
        this.started = false;
        this.assignments = undefined;
        this.open();
        if (this.filters !== null) {
            this.filter(this.filters).catch(() => {}); // it was in force before
        }
        this.view.onChange();
    }

    /** After a disconnect by the server, which socket.io-client takes for an answer. */
    connect() {
        this.socket.connect();
        this.view.onState('connecting');
    }

    onReady(topics) {
        this.ready = true;
        if (this.assignments !== undefined) {
            this.reconnects++;
            this.since = 0;
        }
        this.view.onTraffic('in', 'ready', topics);
        this.view.onState('ready');
        this.view.onTopics(topics);
        this.view.onChange();
    }

    /** Where a place was gone, offsets do not follow upon those before. */
    onAssigned(assignments) {
        this.view.onTraffic('in', 'assigned', assignments);
        for (const { topic, partition } of assignments.filter(({ exact }) => !exact)) {
            this.inexact++;
            this.positions.delete(`${topic}/${partition}`);
            this.complete.delete(`${topic}/${partition}`);
        }
    }

    onGap(gap) {
        this.view.onTraffic('in', 'gap', gap);
        const key = `${gap.topic}/${gap.partition}`;
        // It may be told again, after a reconnect.
        this.leftOut += Math.max(0, gap.to - Math.max(gap.from, this.positions.get(key) ?? 0));
        this.positions.set(key, gap.to);
    }

    onDisconnect(reason) {
        this.ready = false;
        this.view.onTraffic('in', 'disconnect', reason);
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
        return this.emit('filter', filters, (inForce) => {
            this.filters = inForce;
            this.complete.clear();
        });
    }

    take(message, pulled) {
        const meta = message._kafka;
        this.since++;
        if (meta !== undefined) {
            this.check(`${meta.topic}/${meta.partition}`, meta.offset);
        }
        this.view.onMessage(message, pulled);
    }

    check(key, offset) {
        const next = this.positions.get(key);
        if (offset < next) {
            this.repeated++;
            return;
        }
        if (this.complete.has(key)) {
            this.leftOut += offset - next;
        }
        if (this.filters === null) {
            this.complete.add(key);
        }
        this.positions.set(key, offset + 1);
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
