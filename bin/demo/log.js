'use strict';

/** So often a line may be repeated, in ms: a Kafka that is away is told of all the time. */
const REPEAT_INTERVAL = 10000;
/** Of so many lines it is known when they were last written. */
const MAX_KNOWN = 100;

/** A logger for people: warnings and errors, one line each, on stderr. Bunyan-shaped, as Kasocki wants it. */
class Log {
    constructor() {
        this.muted = false;
        this.written = new Map();
    }

    warn(fields, message) {
        this.write('warning', fields, message);
    }

    error(fields, message) {
        this.write('error', fields, message);
    }

    fatal(fields, message) {
        this.write('error', fields, message);
    }

    /** From now on nothing is written: what breaks while everything is being closed is of no interest. */
    mute() {
        this.muted = true;
    }

    write(level, fields, message) {
        const line = `${level}: ${message}${fields?.err ? `: ${fields.err.message}` : ''}`;
        const now = performance.now();
        if (this.muted || now - (this.written.get(line) ?? -Infinity) < REPEAT_INTERVAL) {
            return;
        }
        if (this.written.size >= MAX_KNOWN) {
            this.written.clear();
        }
        this.written.set(line, now);
        console.error(line);
    }
}

module.exports = { Log };
