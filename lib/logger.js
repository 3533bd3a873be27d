'use strict';

const { callSafely } = require('./safely');

/** The severities that a bunyan- or pino-shaped logger has methods for, with both libraries' numbers. */
const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };

/**
 * The logger of those who gave none: warnings and errors, as JSON lines on stderr. The first two arguments are bunyan's
 * and pino's: fields, then a message.
 */
class StderrLogger {
    /**
     * @param {object} [fields] members of every line
     * @param {{write: function(string)}} [stream]
     */
    constructor(fields = {}, stream = process.stderr) {
        this.fields = fields;
        this.stream = stream;
    }

    child(fields) {
        return new StderrLogger({ ...this.fields, ...fields }, this.stream);
    }

    trace() {}

    debug() {}

    info() {}

    warn(fields, message) {
        this.write('warn', fields, message);
    }

    error(fields, message) {
        this.write('error', fields, message);
    }

    fatal(fields, message) {
        this.write('fatal', fields, message);
    }

    write(level, fields, message) {
        const head = { name: 'kasocki', level: LEVELS[level], time: new Date().toISOString() };
        this.stream.write(JSON.stringify({ ...head, ...this.fields, ...fields, msg: message }) + '\n');
    }
}

const defaultLogger = new StderrLogger();

/**
 * A user's logger behind a guard: a child of it is made when something is first logged, a missing method is a silent
 * one, and a logger that throws or rejects hurts nobody.
 */
class Log {
    /**
     * @param {object} base a bunyan- or pino-shaped logger
     * @param {object} [fields] of the child, such as { socket: id }
     */
    constructor(base, fields) {
        this.base = base;
        this.fields = fields;
        this.logger = undefined;
    }

    /**
     * @param {'trace'|'debug'|'info'|'warn'|'error'|'fatal'} level
     * @param {object} fields
     * @param {string} message
     */
    write(level, fields, message) {
        if (this.logger === undefined) {
            this.logger = this.makeChild();
        }
        callSafely(writeTo, undefined, [this.logger, level, fields, message]);
    }

    debug(fields, message) {
        this.write('debug', fields, message);
    }

    info(fields, message) {
        this.write('info', fields, message);
    }

    warn(fields, message) {
        this.write('warn', fields, message);
    }

    error(fields, message) {
        this.write('error', fields, message);
    }

    makeChild() {
        const child = callSafely(childOf, undefined, [this.base, this.fields]);
        return child !== null && typeof child === 'object' ? child : this.base;
    }
}

// In functions of their own, because a getter may throw as well.
function childOf(base, fields) {
    return fields !== undefined && typeof base.child === 'function' ? base.child(fields) : base;
}

function writeTo(logger, level, fields, message) {
    return typeof logger[level] === 'function' ? logger[level](fields, message) : undefined;
}

/**
 * The level for a line of librdkafka's log.
 *
 * @param {number} severity syslog's, 0 (emergency) to 7 (debug)
 * @return {'error'|'warn'|'info'|'debug'}
 */
function levelOfSeverity(severity) {
    if (severity <= 3) {
        return 'error';
    }
    return severity === 4 ? 'warn' : severity <= 6 ? 'info' : 'debug';
}

/**
 * An error as the fields of a log line.
 *
 * @param {*} error
 * @return {object} { err: { name, message, code?, stack?, cause?: { name, message, stack } } }
 */
function errorFields(error) {
    try {
        const { name, message, code, stack, cause } = error;
        const why = cause && { name: cause.name, message: String(cause.message ?? cause), stack: cause.stack };
        return { err: { name, message, code, stack, cause: why } };
    } catch {
        return { err: { message: 'unknown error' } };
    }
}

module.exports = { Log, StderrLogger, defaultLogger, levelOfSeverity, errorFields };
