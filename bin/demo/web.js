'use strict';

/*
 * The page's server: a few files, socket.io, and a Kasocki on each socket. On the loopback addresses alone, and only for
 * pages of its own: without the two checks below any page in the same browser could read the Kafka behind it.
 *
 * The page may ask for a restart, to see what becomes of it: `POST /restart`.
 */

const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { Server } = require('socket.io');

const Kasocki = require('../../lib');

const PUBLIC = path.join(__dirname, 'public');
/** kasocki/client, as the plain script that it is in a page. */
const CLIENT = path.join(__dirname, '../../lib/client.js');
const TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.mjs': 'text/javascript; charset=utf-8',
    '.svg': 'image/svg+xml'
};
const JSON_TYPE = 'application/json; charset=utf-8';

/** How long a socket waits for Kafka, in ms. The page tries again by itself. */
const CONNECT_TIMEOUT = 5000;

/** How long a restart takes, in ms: long enough to be seen, and for messages to pile up. */
const RESTART_TIME = 1000;

class Web {
    /**
     * @param {object} options
     * @param {object} options.kafkaConfig of the Kasockis
     * @param {import('./log').Log} options.log
     * @param {object} options.about what the page is told of the demo
     */
    constructor({ kafkaConfig, log, about }) {
        this.kasockiOptions = { kafkaConfig, logger: log, connectTimeout: CONNECT_TIMEOUT };
        this.log = log;
        this.files = readFiles(about);
        this.closed = false;
        /** the timer that ends a restart */
        this.reopening = undefined;
        /** ends what open() began */
        this.breakOff = () => {};
    }

    /**
     * @param {number} port 0: any free one
     * @return {Promise<void>}
     * @throws {Error} the port is taken
     */
    async open(port) {
        const server = http.createServer();
        const io = new Server(server, { allowRequest: (request, allow) => allow(null, isOwn(request)) });
        io.on('connection', (socket) => new Kasocki(socket, this.kasockiOptions));
        const twin = await listen(server, port);
        this.port = server.address().port;
        const headers = securityHeaders(this.port);
        server.on('request', (request, response) => this.answer(request, response, headers));
        this.breakOff = () => {
            server.close(); // io.close() does it as well, a little later
            twin?.close();
            io.close();
            server.closeAllConnections();
        };
        if (this.closed) {
            this.breakOff(); // close() was called meanwhile
        }
    }

    get url() {
        return `http://localhost:${this.port}/`;
    }

    /** Breaks all connections, frees the port, and comes back at the same one. Kafka goes on. */
    restart() {
        if (!this.closed && this.reopening === undefined) {
            this.breakOff();
            this.reopenLater();
        }
    }

    reopenLater() {
        this.reopening = setTimeout(() => {
            this.reopening = undefined;
            this.open(this.port).catch((err) => {
                this.log.error({ err }, 'The server is not back, and goes on trying');
                this.reopenLater();
            });
        }, RESTART_TIME);
    }

    close() {
        this.closed = true;
        clearTimeout(this.reopening);
        this.breakOff();
    }

    answer(request, response, headers) {
        if (request.url.startsWith('/socket.io/')) {
            return; // socket.io's own listener answers
        }
        const name = request.url.split('?')[0];
        const file = this.files.get(name);
        const methods = name === '/restart' ? ['POST'] : ['GET', 'HEAD'];
        if (!isOwn(request)) {
            response.writeHead(403, headers).end();
        } else if (!methods.includes(request.method)) {
            response.writeHead(405, { ...headers, Allow: methods.join(', ') }).end();
        } else if (name === '/restart') {
            response.once('close', () => this.restart());
            response.writeHead(202, { ...headers, Connection: 'close' }).end();
        } else if (file === undefined) {
            response.writeHead(404, headers).end();
        } else {
            response.writeHead(200, { ...headers, 'Content-Type': file.type, 'Content-Length': file.body.length });
            response.end(file.body);
        }
    }
}

/**
 * @param {object} options of Web
 * @param {number} options.port 0: any free one
 * @return {Promise<Web>}
 * @throws {Error} the port is taken
 */
async function startWeb({ port, ...options }) {
    const web = new Web(options);
    await web.open(port);
    return web;
}

/** @return {boolean} asked for by one of our own pages, or by a program that is no browser */
function isOwn({ headers: { host, origin } }) {
    return isLoopback(host) && (origin === undefined || origin === `http://${host}`);
}

/** A page elsewhere whose name is made to resolve to this machine comes with that name. */
function isLoopback(host) {
    return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host ?? '');
}

/** `localhost` is one of two addresses: the server on the IPv6 one hands its connections to the other. */
async function listen(server, port) {
    const twin = net.createServer((connection) => server.emit('connection', connection));
    await listening(server, { port, host: '127.0.0.1' });
    try {
        await listening(twin, { port: server.address().port, host: '::1' });
    } catch (error) {
        if (error.code === 'EADDRINUSE') {
            server.close();
            throw error;
        }
        return undefined; // no IPv6 here
    }
    return twin;
}

function listening(server, where) {
    return new Promise((resolve, reject) => {
        server.once('error', (error) => reject(error.code === 'EADDRINUSE' ? taken(where.port) : error));
        server.listen(where, resolve);
    });
}

function taken(port) {
    const message = `port ${port} is taken by another program: choose one by --port (0: any free one)`;
    return Object.assign(new Error(message), { code: 'EADDRINUSE' });
}

/** @return {Map<string, {type: string, body: Buffer}>} by URL path */
function readFiles(about) {
    const files = new Map([['/about.json', { type: JSON_TYPE, body: Buffer.from(JSON.stringify(about)) }]]);
    for (const file of [CLIENT, ...fs.readdirSync(PUBLIC).map((name) => path.join(PUBLIC, name))]) {
        const name = path.basename(file);
        files.set(name === 'index.html' ? '/' : `/${name}`, { type: TYPES[path.extname(name)], body: fs.readFileSync(file) });
    }
    return files;
}

/** What the page may load: what comes from here. Messages are shown as text; this is the second line of defence. */
function securityHeaders(port) {
    // Not every browser takes a WebSocket to the same place for 'self'. (An IPv6 address can't be named here.)
    const sockets = `ws://localhost:${port} ws://127.0.0.1:${port}`;
    return {
        'Content-Security-Policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; ` +
            `connect-src 'self' ${sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
        'Cache-Control': 'no-store'
    };
}

module.exports = { startWeb };
