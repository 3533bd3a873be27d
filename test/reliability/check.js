'use strict';

/** How many problems are told one by one. */
const TOLD = 10;

/**
 * Goes through what one socket got of one partition, beside the log.
 *
 * It stands at an offset and may only move on: by a message, over offsets without anything for it; or by a gap, from where it stands, for
 * a reason that is true. A gap of reason 'truncated' leads into the topic's next life.
 */
class Walk {
    /**
     * @param {import('./topic-log.js').TopicLog} log
     * @param {number} partition
     * @param {number} start - offset
     * @param {(record: object) => boolean} passes - the socket's filter
     * @param {(text: string) => void} tell - of a problem
     */
    constructor(log, partition, start, passes, tell) {
        this._log = log;
        this._partition = partition;
        this._passes = passes;
        this._tell = tell;
        this._enter(0, start);
        this.messages = this.gaps = this.lost = this.repeated = this.disordered = 0;
        /** Offsets of what did not come, in this life. */
        this._missing = new Set();
    }

    _enter(life, offset) {
        this._life = life;
        this._next = offset;
        this._records = this._log.lives[life][this._partition] ?? [];
        this._index = 0;
    }

    /** @param {number|{ from: number, to: number, reason: string }} event - a message's offset, or a gap */
    step(event) {
        if (typeof event === 'number') {
            this.messages++;
            this._message(event);
        } else {
            this.gaps++;
            this._gap(event);
        }
    }

    /** The last one has come. */
    end() {
        this._pass(Infinity);
        while (this._life < this._log.lives.length - 1) {
            this._tell('was never told that the topic was made again');
            this._enterNext(0);
            this._pass(Infinity);
        }
        this._count();
    }

    /** Notes what is missing below an offset. @returns {object|undefined} the record there */
    _pass(offset) {
        const missing = [];
        for (; this._records[this._index]?.offset < offset; this._index++) {
            const one = this._records[this._index];
            if (one.offset >= this._next && this._passes(one.record)) {
                missing.push(one.offset);
                this._missing.add(one.offset);
            }
        }
        if (missing.length > 0) {
            this._tell(`${missing.length} did not come, the first of them offset ${missing[0]}`);
        }
        const one = this._records[this._index];
        return one?.offset === offset ? one.record : undefined;
    }

    _message(offset) {
        if (offset < this._next) {
            const late = this._missing.delete(offset);
            this[late ? 'disordered' : 'repeated']++;
            this._tell(`offset ${offset} came ${late ? 'after' : 'again after'} ${this._next - 1}`);
            return;
        }
        const record = this._pass(offset);
        if (record === undefined || !this._passes(record)) {
            this._tell(`offset ${offset} came and should not`);
        }
        this._next = offset + 1;
    }

    _gap({ from, to, reason }) {
        const wrong = this._wrongOf(from, to, reason);
        if (wrong !== null) {
            this._tell(`a wrong gap (${from} to ${to}, ${reason}): ${wrong}`);
            return;
        }
        this._pass(from);
        if (reason === 'truncated') {
            this._enterNext(to);
        } else {
            this._next = to;
        }
    }

    _enterNext(offset) {
        this._count();
        this._enter(this._life + 1, offset);
    }

    /** @returns {?string} what is wrong with a gap */
    _wrongOf(from, to, reason) {
        if (from < this._next) {
            return `it stood at ${this._next}`;
        }
        switch (reason) {
            case 'retention': {
                const last = this._life === this._log.lives.length - 1;
                return last && this._log.deleted[this._partition]?.includes(to) ? null : 'records were not deleted up to there';
            }
            case 'truncated':
                return this._life + 1 < this._log.lives.length && to < from ? null : 'the topic was not made again';
            default:
                return 'no such reason';
        }
    }

    _count() {
        this.lost += this._missing.size;
        this._missing.clear();
    }
}

/**
 * Compares what sockets got with the logs.
 *
 * @param {import('./topic-log.js').TopicLog[]} logs - everything noted
 * @param {import('./reader.js').Reader[]} readers
 * @returns {{ messages: number, gaps: number, lost: number, repeated: number, disordered: number, problems: string[] }}
 */
function check(logs, readers) {
    const result = { messages: 0, gaps: 0, lost: 0, repeated: 0, disordered: 0, problems: [] };
    for (const reader of readers) {
        for (const log of logs) {
            for (let partition = 0; partition < log.lives.at(-1).length; partition++) {
                const tell = (text) => result.problems.length < TOLD && result.problems.push(`${reader}: ${log.topic} [${partition}]: ${text}`);
                const walk = new Walk(log, partition, reader.startOf(log.topic, partition), reader.passes, tell);
                reader.events(log.topic, partition).forEach((event) => walk.step(event));
                walk.end();
                for (const name of ['messages', 'gaps', 'lost', 'repeated', 'disordered']) {
                    result[name] += walk[name];
                }
            }
        }
    }
    return result;
}

module.exports = { check };
