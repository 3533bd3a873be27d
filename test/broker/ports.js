'use strict';

const net = require('node:net');

const FIRST = 20000;
const LAST = 32000;
/** Ports given out by this process: a broker that is down for a while keeps its own. */
const given = new Set();

/**
 * Finds a free port on loopback, below the range from which the system takes ports for outgoing connections. From
 * within it, a client that tries again and again to reach a broker that is down would one day be given the broker's
 * own port as its local one, connect to itself, and keep the broker from coming back.
 *
 * @returns {Promise<number>}
 */
async function freePort() {
    for (;;) {
        const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
        if (!given.has(port) && (await isFree(port))) {
            given.add(port);
            return port;
        }
    }
}

function isFree(port) {
    return new Promise((resolve) => {
        const server = net.createServer();
        server.once('error', () => resolve(false));
        server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
}

module.exports = { freePort };
