'use strict';

// The process of remote-server.js: a server whose sockets get a Kasocki. Its parent asks by messages; it ends by itself
// when the server is closed.

const fs = require('node:fs');
const http = require('node:http');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const v8 = require('node:v8');
const vm = require('node:vm');

const Kasocki = require('../..');
const { hubs } = require('../../lib/hub.js');

const server = http.createServer();
let io;

/** How late timers are, since the last question. */
const loopDelay = monitorEventLoopDelay({ resolution: 5 });
loopDelay.enable();
const ms = (nanoseconds) => nanoseconds / 1e6;

/** The last statistics of each instance of librdkafka, and how many came. */
const instances = {};
/** What was logged, by level and name of the error. */
const logged = {};

function logger() {
    const count = (level) => ({ err, text }, message) => {
        const name = `${level} ${err?.name ?? text ?? message}`;
        logged[name] = (logged[name] ?? 0) + 1;
    };
    const ignore = () => {};
    return { child: logger, trace: ignore, debug: ignore, info: ignore, warn: count('warn'), error: count('error'), fatal: count('fatal') };
}

function onStatistics({ message }) {
    const { name, rxmsgs } = JSON.parse(message);
    instances[name] = { rxmsgs, events: (instances[name]?.events ?? 0) + 1 };
}

/** One line of /proc/self/status, a number. */
const status = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(fs.readFileSync('/proc/self/status', 'latin1'))[1]);

const answers = {
    /** Starts. @returns {number} the port */
    async start({ options, serverOptions: { socketIo = 'socket.io', port = 0, ...serverOptions } }) {
        const { Server } = require(socketIo);
        io = new Server(server, serverOptions);
        io.on('connection', (socket) => {
            new Kasocki(socket, { logger: logger(), kafkaEventHandlers: { 'event.stats': onStatistics }, ...options });
        });
        await new Promise((resolve) => {
            server.listen(port, '127.0.0.1', resolve);
        });
        // Node's own threads are there from now on.
        await fs.promises.readFile(__filename);
        return server.address().port;
    },
    /** The core's counters, of each hub. */
    stats: () => [...hubs.values()].map(({ native }) => native.stats()),
    statistics: () => instances,
    logged: () => logged,
    threads: () => status('Threads'),
    /** Bytes: in use now, and at most since the last forgetPeak(). */
    memory: () => ({ now: status('VmRSS') * 1024, peak: status('VmHWM') * 1024 }),
    /** The same of what is left after a collection of garbage, and JavaScript's own part of it. */
    collected: () => {
        v8.setFlagsFromString('--expose-gc');
        vm.runInNewContext('gc')();
        return { now: status('VmRSS') * 1024, heap: process.memoryUsage().heapUsed };
    },
    forgetPeak: () => fs.writeFileSync('/proc/self/clear_refs', '5'),
    /** The event loop's delay since the last question, ms. */
    loopDelay: () => {
        const delay = { median: ms(loopDelay.percentile(50)), p99: ms(loopDelay.percentile(99)), most: ms(loopDelay.max) };
        loopDelay.reset();
        return delay;
    },
    /** What keeps the event loop alive: sockets, servers, timers. */
    handles: () => process.getActiveResourcesInfo().length,
    sockets: () => io.sockets.sockets.size,
    /** Disconnects some sockets from this side. */
    disconnect: ({ ids, close }) => {
        for (const id of ids) {
            io.sockets.sockets.get(id)?.disconnect(close);
        }
    },
    close: () => new Promise((resolve) => {
        io.close(() => resolve());
        server.closeAllConnections();
    }),
};

process.on('message', async ({ id, question, argument }) => {
    const answer = await answers[question](argument);
    process.send({ id, answer }, () => {
        // This side must do it: a parent that disconnects is not told of the end.
        if (question === 'close') {
            process.disconnect();
            if (argument.atOnce) {
                process.exit();
            }
        }
    });
});
process.on('disconnect', () => {
    if (server.listening) {
        process.exit(1); // the parent is gone
    }
});
