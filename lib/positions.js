'use strict';

const { contentOf } = require('./resume');
const { encodeToken } = require('./resume-token');

/** How many partitions may be told of in a ms, on average: a subscription of thousands tells less often than it was asked to. */
const PARTITIONS_PER_MS = 5;

/** What a partition takes in an event, roughly, beside its topic's name; in bytes. */
const PARTITION_BYTES = 60;

/**
 * Tells a client where its subscription stands: what it has been sent, and what was passed over, lies before that.
 *
 * What is told was taken from the session, and handed to engine.io, before; so it reaches the client after all messages
 * that it counts.
 */
class Positions {
    /**
     * @param {import('./subscription').Subscription} subscription
     * @param {{takePositions: function(): import('./native').NativePosition[]|null}} session
     * @param {import('./resume').Identity} identity of the logs; may grow
     * @param {number} tokenBytes the longest token
     */
    constructor(subscription, session, identity, tokenBytes) {
        this.subscription = subscription;
        this.session = session;
        this.identity = identity;
        this.tokenBytes = tokenBytes;
        this.timer = undefined;
        this.toldAt = -Infinity;
        this.pause = 0;
    }

    /**
     * @return {{token: string|null, assignments: {topic: string, partition: number, offset: number}[]}|null} null: nothing has
     *     moved since the last time. The token is null if it would be too long
     */
    take() {
        const positions = this.session.takePositions();
        if (positions === null && this.toldAt !== -Infinity) {
            return null;
        }
        return this.describe(positions ?? []);
    }

    describe(positions) {
        this.toldAt = performance.now();
        this.pause = positions.length / PARTITIONS_PER_MS;
        const token = encodeToken(contentOf(this.subscription, positions, this.identity));
        return {
            token: token.length > this.tokenBytes ? null : token,
            assignments: positions.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
        };
    }

    /**
     * Tells it from now on.
     *
     * @param {number} interval ms
     * @param {import('./sender').Sender} sender
     */
    begin(interval, sender) {
        this.interval = interval;
        this.sender = sender;
        this.wait(interval);
    }

    wait(delay) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.tell(), delay);
        this.timer.unref();
    }

    /** Tells it before its time: something has changed that is not to be undone by going back to an older position. */
    hurry() {
        if (this.timer === undefined) {
            return;
        }
        const rest = this.toldAt + this.pause - performance.now();
        if (rest > 0) {
            this.wait(Math.min(rest, this.interval));
        } else {
            this.tell();
        }
    }

    tell() {
        // Without room it is told the next time: it only gets better.
        if (this.sender.hasRoomForEvent()) {
            const told = this.take();
            if (told !== null) {
                const bytes = (told.token?.length ?? 0) + told.assignments.length * PARTITION_BYTES;
                this.sender.tell('position', told, bytes);
            }
        }
        this.wait(Math.max(this.interval, this.pause));
    }

    close() {
        clearTimeout(this.timer);
        this.timer = undefined;
    }
}

module.exports = { Positions };
