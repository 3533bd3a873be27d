'use strict';

/* The command line of the demo. */

const { parseArgs } = require('node:util');

const DEFAULT_PORT = 6927;
const DEFAULT_RATE = 50;
const MAX_RATE = 10000;

const HELP = `Usage: npm run demo -- [options]

Shows on a page how messages come from Kafka to a browser. Without --brokers it needs no Kafka: it brings a mock
cluster along, and an endless stream of made-up events.

Options:
  --port <number>       where the page is served, on this machine only (default ${DEFAULT_PORT}; 0: any free port)
  --rate <number>       how many events the stream has a second (default ${DEFAULT_RATE})
  --brokers <list>      show a real Kafka: host:port, more of them separated by commas
  --produce             with --brokers: write the stream to that Kafka, too, into the topics demo.page-edits, demo.orders
                        and demo.sensor-readings (which are there, or Kafka makes them by itself)
  --help                show this`;

const OPTIONS = {
    port: { type: 'string' },
    rate: { type: 'string' },
    brokers: { type: 'string' },
    produce: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' }
};

/** host:port, of which the port may be left out; an IPv6 address in brackets. */
const BROKER = /^(\[[0-9a-fA-F:.]+\]|[^\s,:/[\]]+)(:\d{1,5})?$/;

/**
 * @param {string[]} args without node and the script
 * @return {{help: true} | {port: number, rate: number, brokers: string|undefined, produce: boolean}} `produce`: whether
 *     there is a stream
 * @throws {Error} whose message names the option that is wrong
 */
function readOptions(args) {
    const { values, positionals } = parse(args);
    if (values.help) {
        return { help: true };
    }
    if (positionals.length > 0) {
        throw refuse(`"${positionals[0]}" is no option`);
    }
    const port = readNumber('port', values.port ?? DEFAULT_PORT);
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
        throw refuse('--port must be a whole number from 0 to 65535');
    }
    const rate = readNumber('rate', values.rate ?? DEFAULT_RATE);
    if (!(rate > 0 && rate <= MAX_RATE)) {
        throw refuse(`--rate must be over 0 and at most ${MAX_RATE}`);
    }
    const { brokers, produce } = values;
    if (brokers !== undefined && !brokers.split(',').every((broker) => BROKER.test(broker))) {
        throw refuse('--brokers must be host:port, more of them separated by commas');
    }
    if (produce && brokers === undefined) {
        throw refuse('--produce goes with --brokers: the mock cluster has its stream anyway');
    }
    return { port, rate, brokers, produce: brokers === undefined || produce === true };
}

function parse(args) {
    try {
        return parseArgs({ args, options: OPTIONS, allowPositionals: true });
    } catch (error) {
        // Its first sentence names the option; the rest speaks of positional arguments.
        throw refuse(error.message.split('. ')[0]);
    }
}

function readNumber(name, text) {
    const number = Number(text);
    if (String(text).trim() === '' || !Number.isFinite(number)) {
        throw refuse(`--${name} must be a number, not "${text}"`);
    }
    return number;
}

function refuse(problem) {
    return new Error(`${problem} (--help shows all options)`);
}

module.exports = { readOptions, HELP };
