'use strict';

/*
 * The page's server: a few files, socket.io, and a Kasocki on each socket. On the loopback addresses alone, and only for
 * pages of its own: without the two checks below any page in the same browser could read the Kafka behind it.
 */

const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { Server } = require('socket.io');

const Kasocki = require('../../lib');

const PUBLIC = path.join(__dirname, 'public');
const TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.mjs': 'text/javascript; charset=utf-8',
    '.svg': 'image/svg+xml'
};
const JSON_TYPE = 'application/json; charset=utf-8';

/** How long a socket waits for Kafka, in ms. The page tries again by itself. */
const CONNECT_TIMEOUT = 5000;

/**
 * @param {object} options
 * @param {number} options.port 0: any free one
 * @param {object} options.kafkaConfig of the Kasockis
 * @param {import('./log').Log} options.log
 * @param {object} options.about what the page is told of the demo
 * @return {Promise<{url: string, close: function(): void}>}
 * @throws {Error} the port is taken
 */
async function startWeb({ port, kafkaConfig, log, about }) {
    const server = http.createServer();
    const io = new Server(server, { allowRequest: (request, allow) => allow(null, isOwn(request)) });
    io.on('connection', (socket) => {
        new Kasocki(socket, { kafkaConfig, logger: log, connectTimeout: CONNECT_TIMEOUT });
    });
    const twin = await listen(server, port);
    const { port: ownPort } = server.address();
    const files = readFiles(about);
    const headers = securityHeaders(ownPort);
    server.on('request', (request, response) => answer(request, response, files, headers));
    return {
        url: `http://localhost:${ownPort}/`,
        close() {
            twin?.close();
            io.close();
            server.closeAllConnections();
        }
    };
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
    for (const name of fs.readdirSync(PUBLIC)) {
        const type = TYPES[path.extname(name)];
        files.set(name === 'index.html' ? '/' : `/${name}`, { type, body: fs.readFileSync(path.join(PUBLIC, name)) });
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

function answer(request, response, files, headers) {
    if (request.url.startsWith('/socket.io/')) {
        return; // socket.io's own listener answers
    }
    const file = files.get(request.url.split('?')[0]);
    if (!isLoopback(request.headers.host)) {
        response.writeHead(403, headers).end();
    } else if (!['GET', 'HEAD'].includes(request.method)) {
        response.writeHead(405, { ...headers, Allow: 'GET, HEAD' }).end();
    } else if (file === undefined) {
        response.writeHead(404, headers).end();
    } else {
        response.writeHead(200, { ...headers, 'Content-Type': file.type, 'Content-Length': file.body.length });
        response.end(file.body);
    }
}

module.exports = { startWeb };
