'use strict';

const { LimitExceededError } = require('./errors');

/**
 * Brings a session's messages to its socket: as the answers of waiting `consume`s first, then, while started, as
 * `message` events.
 *
 * Delivered is what was taken from the session. So a batch is taken only when it can be sent at once, and nothing taken
 * is ever held back; what was not taken, the core takes back by itself when a filter changes or wanting ends.
 */
class Delivery {
    /**
     * @param {import('./native').NativeSession} session
     * @param {import('./sender').Sender} sender
     * @param {import('./scheduler').Scheduler} scheduler
     * @param {object} hooks
     * @param {number} hooks.maxConsumes that may wait
     * @param {function(number): void} hooks.onSent gets the number of messages
     * @param {function(import('./native').NativeNotice): void} hooks.onNotice sends what comes between messages
     * @param {function(Error): void} hooks.onFault gets what should never happen: this socket can't go on
     */
    constructor(session, sender, scheduler, { maxConsumes, onSent, onNotice, onFault }) {
        this.session = session;
        this.sender = sender;
        this.scheduler = scheduler;
        this.maxConsumes = maxConsumes;
        this.onSent = onSent;
        this.onNotice = onNotice;
        this.onFault = onFault;
        this.started = false;
        this.wanting = false;
        this.closed = false;
        this.consumes = [];
    }

    /** From now on messages are emitted. */
    start() {
        this.started = true;
        this.want(true);
        this.scheduler.add(this);
    }

    /** From now on no message is emitted; the position is kept. */
    stop() {
        this.started = false;
        if (this.consumes.length === 0) {
            this.want(false);
            // What was given back may have left a notice behind.
            this.scheduler.add(this);
        }
    }

    /**
     * @param {Function} ack gets the next message
     * @throws {LimitExceededError} too many wait already
     */
    consume(ack) {
        if (this.consumes.length >= this.maxConsumes) {
            throw new LimitExceededError(`More than ${this.maxConsumes} consumes are waiting`);
        }
        this.consumes.push(ack);
        this.want(true);
        // Later, so that all consumes that came with one read of the socket are answered by one batch.
        this.scheduler.add(this);
    }

    /** There may be something to take, or room to send it. */
    wake() {
        this.scheduler.add(this);
    }

    /**
     * There is no subscription any more.
     *
     * @return {Function[]} acks that wait for a message
     */
    end() {
        this.started = false;
        this.want(false);
        return this.consumes.splice(0);
    }

    close() {
        this.closed = true;
        this.consumes = [];
        this.scheduler.remove(this);
    }

    /** @return {boolean} a batch was sent, there may be more. Called by the scheduler */
    pump() {
        if (this.closed) {
            return false;
        }
        try {
            return this.consumes.length > 0 ? this.pumpReplies() : this.started ? this.pumpMessages() : this.pumpNotices();
        } catch (error) {
            this.onFault(error);
            return false;
        }
    }

    pumpReplies() {
        return this.pumpNext(this.sender.nextReplies(this.consumes.length), (batch) => {
            this.sender.reply(this.consumes.splice(0, batch.count), batch);
        });
    }

    pumpMessages() {
        const next = this.sender.nextBatch();
        return this.pumpNext(next, (batch) => this.sender.send(next.form, batch));
    }

    /** Without anybody who wants messages. */
    pumpNotices() {
        return this.pumpNext(this.sender.nextReplies(0));
    }

    /**
     * @param {{form: string, maxBytes: number, maxCount: number}|null} next what may be taken; null: nothing
     * @param {function(import('./native').NativeBatch): void} send
     * @return {boolean} something was sent
     */
    pumpNext(next, send) {
        const taken = next && this.session.take(next.form, next.maxBytes, next.maxCount);
        if (!taken) {
            return false;
        }
        if (taken.notice) {
            this.onNotice(taken);
        } else {
            send(taken);
            this.onSent(taken.count);
        }
        return true;
    }

    want(wanting) {
        if (this.wanting !== wanting) {
            this.wanting = wanting;
            this.session.setWanting(wanting);
        }
    }
}

module.exports = { Delivery };
