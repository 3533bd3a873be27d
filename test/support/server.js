'use strict';

// A socket.io server on loopback with a connection handler of the test's, clients for it, and promises in place of
// listeners. Nothing here sleeps: a test that waits in vain ends by mocha's timeout.
//
//     const server = await startServer((socket) => new Kasocki(socket, options));
//     const client = server.connect();
//     const [topics] = await nextEvent(client, 'ready');
//     const [error, assignments] = await ackOf(client, 'subscribe', ['topic']);
//     const messages = collect(client, 'message', 10);    // before the start: no event may be missed
//     await ackOf(client, 'start');
//     await messages;
//     await server.close();

const { once } = require('node:events');
const http = require('node:http');
const { Server } = require('socket.io');
const { io } = require('socket.io-client');
const oldIo = require('socket.io-client-1');

const { atEnd } = require('./at_end.js');

/** The servers that are open. */
const servers = new Set();

/** A server and the clients that it was asked for. */
class TestServer {
    /** For startServer() alone. */
    constructor(httpServer, ioServer) {
        /** @type {http.Server} */
        this.http = httpServer;
        /** @type {Server} */
        this.io = ioServer;
        /** @type {string} */
        this.url = `http://127.0.0.1:${httpServer.address().port}`;
        /** The clients, whatever became of them. */
        this._clients = new Set();
        servers.add(this);
    }

    /**
     * Makes a client of socket.io-client 4. It is returned at once: listeners added in the same tick miss nothing.
     *
     * @param {object} [options] - socket.io-client's, and `namespace`. It does not reconnect by itself and begins with
     *     a websocket, unless `reconnection` and `transports` say otherwise
     * @returns {import('socket.io-client').Socket}
     */
    connect({ namespace = '', ...options } = {}) {
        const defaults = { forceNew: true, reconnection: false, transports: ['websocket'] };
        return this._added(io(this.url + namespace, { ...defaults, ...options }));
    }

    /**
     * Makes a client of socket.io-client 1.4.8, which the server takes with `allowEIO3: true`.
     *
     * @param {object} [options] - as of connect()
     * @returns {object}
     */
    connectOld({ namespace = '', ...options } = {}) {
        const defaults = { forceNew: true, reconnection: false, transports: ['websocket'] };
        return this._added(oldIo(this.url + namespace, { ...defaults, ...options }));
    }

    _added(client) {
        this._clients.add(client);
        return client;
    }

    /** @returns {import('socket.io').Socket[]} the server's side of the sockets connected now */
    sockets() {
        return [...this.io.sockets.sockets.values()];
    }

    /**
     * The server's side of a client that is connected.
     *
     * @param {object} client - of socket.io-client 4
     * @returns {import('socket.io').Socket}
     */
    socketOf(client) {
        return this.io.sockets.sockets.get(client.id);
    }

    /** Disconnects the clients, closes the server, and waits for that. */
    async close() {
        if (!servers.delete(this)) {
            return;
        }
        for (const client of this._clients) {
            client.disconnect();
        }
        await new Promise((resolve) => {
            this.io.close(resolve);
            this.http.closeAllConnections();
        });
    }
}

/**
 * Starts a server on a free port.
 *
 * @param {(socket: import('socket.io').Socket) => void} onConnection
 * @param {object} [options] - socket.io's own; `onRequest`, an http handler for all that is not socket.io's; and
 *     `Server`, that class of another version of socket.io
 * @returns {Promise<TestServer>} close it in `after` or `afterEach`
 */
async function startServer(onConnection, { onRequest = notFound, Server: ServerClass = Server, ...options } = {}) {
    const httpServer = http.createServer(onRequest);
    const ioServer = new ServerClass(httpServer, options);
    ioServer.on('connection', onConnection);
    httpServer.listen(0, '127.0.0.1');
    await once(httpServer, 'listening');
    return new TestServer(httpServer, ioServer);
}

function notFound(request, response) {
    response.writeHead(404).end();
}

/**
 * Emits an event and waits for its acknowledgement.
 *
 * @param {object} client
 * @param {string} event
 * @param {...any} args - none, null and undefined are three things here, as they are in socket.io
 * @returns {Promise<any[]>} what the acknowledgement was called with: [error, result]
 */
function ackOf(client, event, ...args) {
    return new Promise((resolve) => {
        client.emit(event, ...args, (...result) => resolve(result));
    });
}

/**
 * Waits for an event.
 *
 * @param {object} client - or anything else that has `once`
 * @param {string} event
 * @returns {Promise<any[]>} its arguments
 */
function nextEvent(client, event) {
    return new Promise((resolve) => {
        client.once(event, (...args) => resolve(args));
    });
}

/**
 * Collects events until there are so many.
 *
 * @param {object} client
 * @param {string} event
 * @param {number} count
 * @returns {Promise<any[]>} the first argument of each
 */
function collect(client, event, count) {
    return collectUntil(client, event, (value, values) => values.length === count);
}

/**
 * Collects events until one of them says that it is the last.
 *
 * @param {object} client
 * @param {string} event
 * @param {(value: any, values: any[]) => boolean} isLast - asked for each event; `values` ends with it
 * @returns {Promise<any[]>} the first argument of each, the last one included
 */
function collectUntil(client, event, isLast) {
    return new Promise((resolve, reject) => {
        const values = [];
        const listener = (value) => {
            values.push(value);
            let last = true;
            try {
                last = isLast(value, values);
            } catch (error) {
                reject(error);
            }
            if (last) {
                client.off(event, listener);
                resolve(values);
            }
        };
        client.on(event, listener);
    });
}

/**
 * Writes down events as they come, for tests of what comes, in which order, and of what does not come.
 *
 * @param {object} client
 * @param {...string} events
 * @returns {Array<[string, any]>} a list that grows: each event's name and first argument
 */
function record(client, ...events) {
    const list = [];
    for (const event of events) {
        client.on(event, (value) => list.push([event, value]));
    }
    return list;
}

atEnd(async () => {
    await Promise.all([...servers].map((server) => server.close()));
});

module.exports = { startServer, ackOf, nextEvent, collect, collectUntil, record };
