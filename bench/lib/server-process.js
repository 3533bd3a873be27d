'use strict';

// The process of server.js: socket.io with one of bench/servers on its sockets. It ends with its parent.

const fs = require('node:fs');
const http = require('node:http');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { Server } = require('socket.io');

/** How finely the event loop's delay is seen, ms: seeing it costs CPU time. */
const DELAY_RESOLUTION = 5;

const httpServer = http.createServer();
/** Clients that read nothing do not answer pings: none is dropped for that. */
const io = new Server(httpServer, { serveClient: false, pingTimeout: 1000000 });
const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION });
/** What was started. */
let running = {};
let began;

/** One line of /proc/self/status, a number. */
const status = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(fs.readFileSync('/proc/self/status', 'latin1'))[1]);

function cpuSeconds() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
}

/** ms */
function longestStall() {
    return delay.count === 0 ? 0 : Math.max(0, delay.max / 1e6 - DELAY_RESOLUTION);
}

const answers = {
    /**
     * Starts. Each of bench/servers has `serve(io, options)`, which may return questions that it answers itself.
     *
     * @returns {number} the port
     */
    async start({ kind, options }) {
        running = await require(`../servers/${kind}.js`).serve(io, options) ?? {};
        await new Promise((resolve) => {
            httpServer.listen(0, '127.0.0.1', 4096, resolve);
        });
        return httpServer.address().port;
    },
    begin() {
        delay.enable();
        delay.reset();
        began = { cpu: cpuSeconds(), time: performance.now(), stall: 0 };
    },
    begun() {
        began.stall = longestStall();
        delay.reset();
    },
    end() {
        const cpu = cpuSeconds() - began.cpu;
        const seconds = (performance.now() - began.time) / 1000;
        const stall = longestStall();
        delay.disable();
        return { cpu, seconds, stall, firstStall: began.stall, threads: status('Threads'), memory: answers.memory() };
    },
    sockets: () => io.sockets.sockets.size,
    /** Resident bytes. */
    memory: () => status('VmRSS') * 1024,
    /** The same after all garbage was collected. */
    async leastMemory() {
        for (let i = 0; i < 3; i++) {
            global.gc();
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return answers.memory();
    },
    peak: () => status('VmHWM') * 1024,
    forgetPeak: () => fs.writeFileSync('/proc/self/clear_refs', '5'),
};

process.on('message', async ({ id, question, argument }) => {
    try {
        const answer = await (answers[question] ?? running[question])(argument);
        process.send({ id, answer });
    } catch (error) {
        process.send({ id, error: error.message, missing: error.missing });
    }
});
process.on('disconnect', () => process.exit());
