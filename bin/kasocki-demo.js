#!/usr/bin/env node
'use strict';

/*
 * The demo: a Kafka inside this process (librdkafka's mock cluster) with an endless stream of events, or a real one by
 * --brokers, and a page on which a person sees what a socket can do.
 *
 *   demo/options.js   the command line
 *   demo/events.js    what the stream is made of
 *   demo/stream.js    writes it at a steady rate
 *   demo/web.js       the page, and socket.io with a Kasocki on each socket; restarts when the page asks for it
 *   demo/log.js       warnings and errors, for people
 *   demo/public/      the page itself
 */

const { readOptions, HELP } = require('./demo/options');

/** How much of the stream there is when the page opens, so that "the beginning" is something to look at. */
const HISTORY = 600;

/** The same on a real Kafka: one for each topic. */
const FIRST_EVENTS = 10;

/** How long the end may take, in ms. */
const PATIENCE = 2000;

/**
 * Says what is wrong and ends with exit code 1.
 *
 * @param {Error} error
 */
function fail(error) {
    console.error(`kasocki-demo: ${error.message}`);
    process.exitCode = 1;
}

/**
 * @param {object} options of readOptions()
 */
async function run({ brokers, produce, port, rate }) {
    // Not at the top: --help and a wrong command line need neither socket.io nor the addon.
    const { NativeMockCluster } = require('../lib/native');
    const { TOPICS, EXAMPLES, GENERAL_EXAMPLES } = require('./demo/events');
    const { Log } = require('./demo/log');
    const { EventStream } = require('./demo/stream');
    const { startWeb } = require('./demo/web');

    const log = new Log();
    const cluster = brokers === undefined ? new NativeMockCluster(1) : undefined;
    for (const { name, partitions } of cluster ? TOPICS : []) {
        cluster.createTopic(name, partitions);
    }
    const servers = cluster ? cluster.bootstrapServers : brokers;
    const stream = produce ? new EventStream(servers, rate, log) : undefined;
    // Before the page: with its first events the topics come to be, on a real Kafka.
    await stream?.begin(cluster ? HISTORY : FIRST_EVENTS);
    const web = await startWeb({
        port,
        log,
        kafkaConfig: { 'metadata.broker.list': servers },
        about: {
            kafka: cluster ? 'mock' : 'brokers',
            rate: produce ? rate : 0,
            topics: produce ? TOPICS.map(({ name }) => name) : [],
            examples: produce ? EXAMPLES : GENERAL_EXAMPLES
        }
    }).catch((error) => {
        stream?.end();
        throw error;
    });
    stream?.start();

    const end = () => {
        stream?.end();
        log.mute();
        web.close();
        cluster?.close(); // and it is held until then: an object that nothing refers to is collected
        // Then nothing is left that holds the process, unless a browser does not answer.
        setTimeout(() => process.exit(), PATIENCE).unref();
    };
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
    console.log(introduction({ url: web.url, servers, isMock: cluster !== undefined, produce, rate }));
}

function introduction({ url, servers, isMock, produce, rate }) {
    const events = `${rate} event${rate === 1 ? '' : 's'} a second go to the topics demo.*`;
    return [
        '',
        `  Page     ${url}`,
        `  Kafka    ${isMock ? `a mock cluster inside this process, ${servers}` : servers}`,
        `  Stream   ${produce ? events : 'none: nothing is written to Kafka (--produce does)'}`,
        '',
        '  Ctrl-C ends it.',
        ''
    ].join('\n');
}

try {
    const options = readOptions(process.argv.slice(2));
    if (options.help) {
        console.log(HELP);
    } else {
        run(options).catch(fail);
    }
} catch (error) {
    fail(error);
}
