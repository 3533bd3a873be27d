'use strict';

const { LimitExceededError } = require('./errors');
const { dropAnswered } = require('./sender');

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
     * @param {object} limits
     * @param {number} limits.maxConsumes that may wait
     * @param {number} limits.maxDelay ms that a message may wait for company
     * @param {object} owner
     * @param {function(number, number): void} owner.onSent gets the number of messages, and their bytes
     * @param {function(import('./native').NativeNotice): void} owner.onNotice sends what comes between messages
     * @param {function(Error): void} owner.end gets what should never happen: this socket can't go on
     */
    constructor(session, sender, scheduler, { maxConsumes, maxDelay }, owner) {
        this.session = session;
        this.sender = sender;
        this.scheduler = scheduler;
        this.maxConsumes = maxConsumes;
        this.maxDelay = maxDelay;
        this.owner = owner;
        /** there is a subscription, and the client knows */
        this.subscribed = false;
        this.started = false;
        this.wanting = false;
        this.closed = false;
        this.consumes = [];
    }

    /** There is a subscription. */
    begin() {
        this.subscribed = true;
        this.scheduler.add(this);
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
        this.subscribed = this.started = false;
        this.want(false);
        return this.consumes.splice(0);
    }

    close() {
        this.closed = true;
        this.consumes = [];
        this.scheduler.remove(this);
        this.sender.close();
    }

    /** @return {number} 0: nothing was sent; else which part of a full batch was. Called by the scheduler */
    pump() {
        if (this.closed || !this.subscribed) {
            return 0;
        }
        try {
            dropAnswered(this.consumes);
            return this.consumes.length > 0 ? this.pumpReplies() : this.started ? this.pumpMessages() : this.pumpNotices();
        } catch (error) {
            this.owner.end(error);
            return 0;
        }
    }

    pumpReplies() {
        const next = this.sender.nextReplies(this.consumes);
        const batch = next && (next.ids
            ? this.session.takeReplies(next.ids, next.maxBytes)
            : this.session.take(next.form, next.maxBytes, next.maxCount));
        if (!batch || batch.notice) {
            return this.tell(batch);
        }
        this.sender.reply(this.consumes.splice(0, batch.count), batch);
        this.owner.onSent(batch.count, batch.bytes);
        // If all were answered, company could not have made it any larger.
        return this.consumes.length === 0 ? 1 : batch.bytes / next.maxBytes;
    }

    pumpMessages() {
        const next = this.sender.nextBatch();
        const batch = next && this.session.take(next.form, next.maxBytes, next.maxCount);
        if (!batch || batch.notice) {
            return this.tell(batch);
        }
        this.sender.send(next.form, batch);
        this.owner.onSent(batch.count, batch.bytes);
        return Math.max(batch.bytes / next.maxBytes, batch.count / next.maxCount);
    }

    /** Without anybody who wants messages. */
    pumpNotices() {
        return this.sender.isOpen() ? this.tell(this.session.take('payloads', 0, 0)) : 0;
    }

    /**
     * @param {import('./native').NativeNotice|null} notice null: nothing was taken
     * @return {number} as pump(); a notice waits for no company
     */
    tell(notice) {
        if (!notice) {
            return 0;
        }
        this.owner.onNotice(notice);
        return 1;
    }

    want(wanting) {
        if (this.wanting !== wanting) {
            this.wanting = wanting;
            this.session.setWanting(wanting);
        }
    }
}

module.exports = { Delivery };
