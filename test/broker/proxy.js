'use strict';

const net = require('node:net');

/** How much passes in one portion while the network crawls, bytes, and the pause after it, ms: 40 kB/s. */
const CRAWL_BYTES = 2000;
const CRAWL_PAUSE = 50;

/**
 * A TCP proxy on loopback that can be made a bad network. What it does to bytes it does to both directions, and to
 * connections that come later as well.
 */
class Proxy {
    /**
     * @param {string} target - host:port
     * @returns {Promise<Proxy>}
     */
    static async start(target) {
        const proxy = new Proxy(target);
        await new Promise((resolve, reject) => {
            proxy._server.once('error', reject);
            proxy._server.listen(0, '127.0.0.1', resolve);
        });
        return proxy;
    }

    /** For Proxy.start() alone. */
    constructor(target) {
        this.redirect(target);
        this._server = net.createServer({ pauseOnConnect: true }, (socket) => this._accept(socket));
        /** Both sockets of each connection. */
        this._pairs = new Set();
        this._state = 'flows';
    }

    /** @type {string} host:port */
    get address() {
        return `127.0.0.1:${this._server.address().port}`;
    }

    /** @param {string} target - host:port, where connections that come later end */
    redirect(target) {
        [this._host, this._port] = target.split(':');
    }

    /** Bytes pass as they come. */
    flow() {
        this._set('flows');
    }

    /** Nothing passes, and nobody is told: as a cable that is pulled. */
    stall() {
        this._set('stalls');
    }

    /** Bytes pass a few at a time. */
    crawl() {
        this._set('crawls');
    }

    /** Ends all connections in good order; the next ones are taken. */
    drop() {
        for (const pair of [...this._pairs]) {
            pair.forEach((socket) => socket.destroy());
        }
    }

    /** Breaks all connections; the next ones are taken. */
    reset() {
        for (const pair of [...this._pairs]) {
            pair.forEach((socket) => socket.resetAndDestroy());
        }
    }

    async close() {
        const closed = new Promise((resolve) => this._server.close(resolve));
        this.drop();
        await closed;
    }

    _set(state) {
        this._state = state;
        for (const pair of this._pairs) {
            pair.forEach((socket) => this._pace(socket));
        }
    }

    _accept(client) {
        const server = net.connect({ host: this._host, port: Number(this._port) });
        const pair = [client, server];
        this._pairs.add(pair);
        server.pause();
        for (const [from, to] of [pair, [server, client]]) {
            from.setNoDelay(true);
            from.on('error', () => {});
            from.on('close', () => {
                this._pairs.delete(pair);
                clearTimeout(from.timer);
                to.destroy();
            });
            from.pump = () => this._pump(from, to);
            from.on('readable', from.pump);
            to.on('drain', from.pump);
        }
    }

    /** Forwards what may pass now. */
    _pump(from, to) {
        if (this._state === 'stalls' || from.timer !== undefined || to.writableNeedDrain || to.destroyed) {
            return;
        }
        for (;;) {
            const crawls = this._state === 'crawls';
            const chunk = crawls ? from.read(Math.min(CRAWL_BYTES, from.readableLength) || undefined) : from.read();
            if (chunk === null) {
                return;
            }
            if (!to.write(chunk)) {
                return;
            }
            if (crawls) {
                from.timer = setTimeout(() => {
                    from.timer = undefined;
                    from.pump();
                }, CRAWL_PAUSE);
                return;
            }
        }
    }

    _pace(socket) {
        clearTimeout(socket.timer);
        socket.timer = undefined;
        socket.pump();
    }
}

module.exports = Proxy;
