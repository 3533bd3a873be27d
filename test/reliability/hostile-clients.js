'use strict';

// The worker thread of hostile.js: clients that flood a server, each life of theirs in another way, until they are told to stop. What
// the server answers is checked: each event with an ack at most once, with a result or with a named error.

const { once, setMaxListeners } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');

const { classes } = require('../../lib/errors.js');
const { HostileInput } = require('./hostile-input.js');

const WebSocket = require(require.resolve('ws', { paths: [require.resolve('socket.io-client')] }));

const { url, seed, clients, topics } = workerData;
const { hostname, port } = new URL(url);

/** Packets of one life at most, and of one burst. */
const LONGEST_LIFE = 3000;
const BURST = 40;
/** Bytes that may wait to be sent: a flood, but not one into this process' own memory. */
const MOST_WAITING = 1 << 20;
/** Acks whose answers are checked have numbers from here on: malformed packets use others. */
const FIRST_ACK = 1000000;
/** How many problems are told. */
const TOLD = 20;

const counts = { lives: 0, packets: 0, malformed: 0, bytes: 0, events: {}, errors: {}, results: 0, messages: 0, cutOff: 0 };
const problems = [];
let stopped = false;
/** Ends what waits, when it is told to stop. */
const stopping = new AbortController();
setMaxListeners(0, stopping.signal);

function problem(text) {
    if (problems.length < TOLD) {
        problems.push(text.slice(0, 500));
    }
}

function checkError(error, where) {
    const named = typeof error === 'object' && error !== null && error.origin === 'Kasocki' && typeof error.message === 'string';
    if (!named || !Object.hasOwn(classes, error.name) || 'stack' in error) {
        problem(`${where}: not an error: ${JSON.stringify(error)}`);
    } else if (error.name === 'KasockiError') {
        problem(`${where}: ${error.message}`);
    }
    counts.errors[error?.name] = (counts.errors[error?.name] ?? 0) + 1;
}

/** One connection's acks. */
class Answers {
    constructor() {
        this._open = new Map();
        this._last = FIRST_ACK;
        this._onLast = () => {};
        /** @type {Promise<void>} when socket.io has taken the connection */
        this.connected = new Promise((resolve) => {
            this._onConnected = resolve;
        });
    }

    /** @returns {Promise<void>} when the event that next() was last asked for is answered */
    lastCame() {
        return new Promise((resolve) => {
            this._onLast = resolve;
        });
    }

    /** @returns {number} of an event that will be sent */
    next(event) {
        this._open.set(++this._last, event);
        return this._last;
    }

    /** @param {string} packet - as it came, without engine.io's type */
    check(packet) {
        const [, type, id, text] = /^(\d)(\d*)(.*)$/s.exec(packet) ?? [];
        if (type === '0') {
            this._onConnected();
        } else if (type === '2') {
            counts.messages++;
            if (text.startsWith('["err"')) {
                checkError(JSON.parse(text)[1], 'err');
            }
        } else if (type === '3' && Number(id) > FIRST_ACK) {
            const event = this._open.get(Number(id));
            if (event === undefined) {
                problem(`ack ${id} came twice`);
                return;
            }
            this._open.delete(Number(id));
            if (Number(id) === this._last) {
                this._onLast();
            }
            const answer = JSON.parse(text);
            if (answer.length !== 2 || (answer[0] !== null && answer[1] !== null)) {
                problem(`${event}: ${text}`);
            } else if (answer[0] !== null) {
                checkError(answer[0], event);
            } else {
                counts.results++;
            }
        }
    }
}

/** @returns {{ packet: string|Buffer }} the next packet of a life */
function nextPacket(input, answers, malformedOfThousand) {
    counts.packets++;
    if (input.random(1000) < malformedOfThousand) {
        counts.malformed++;
        return input.malformed();
    }
    const kind = input.random(20);
    if (kind === 0) {
        return input.other();
    }
    const event = input.event();
    const body = kind < 6 ? input.useful() : `["${event}"${input.arguments()}]`;
    const [, name] = /^\["(\w+)"/.exec(body);
    counts.events[name] = (counts.events[name] ?? 0) + 1;
    return `42${input.random(3) > 0 ? answers.next(name) : ''}${body}`;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Not events.once: that rejects at an error, and a reset connection is one. */
const closeOf = (socket) => new Promise((resolve) => {
    socket.once('close', resolve);
});

/** A WebSocket that floods; some read nothing meanwhile. */
async function webSocketLife(input) {
    const webSocket = new WebSocket(`ws://${hostname}:${port}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false, skipUTF8Validation: true });
    webSocket.on('error', () => {}); // 'close' follows
    const closed = closeOf(webSocket);
    const answers = new Answers();
    webSocket.on('message', (bytes) => {
        const text = bytes.toString();
        if (text[0] === '4') {
            answers.check(text.slice(1));
        } else if (text === '2') {
            webSocket.send('3');
        }
    });
    await Promise.race([once(webSocket, 'open').catch(() => {}), closed]);
    const isOpen = () => webSocket.readyState === WebSocket.OPEN;
    const malformedOfThousand = input.pick([0, 0, 0, 1, 10, 500]);
    if (malformedOfThousand === 0) {
        // By the rules: socket.io closes the connection of one who does not wait for the answer.
        webSocket.send('40');
        await Promise.race([answers.connected, closed]);
    } else if (input.random(20) > 0) {
        webSocket.send('40');
    }
    const reads = input.random(5) > 0;
    if (!reads) {
        webSocket.pause();
    }
    for (let left = input.random(LONGEST_LIFE); left > 0 && isOpen() && !stopped; left--) {
        const packet = nextPacket(input, answers, malformedOfThousand);
        counts.bytes += packet.length;
        webSocket.send(packet);
        if (left % BURST === 0) {
            do {
                await turn();
            } while (webSocket.bufferedAmount > MOST_WAITING && isOpen() && reads && !stopped);
        }
    }
    if (reads && malformedOfThousand === 0) {
        await answersStill(webSocket, answers, closed);
    }
    leave(input, webSocket);
    await closed;
}

/** Whoever floods, but by the rules, is served for all that, unless he does not keep up with the answers. */
async function answersStill(webSocket, answers, closed) {
    if (webSocket.readyState === WebSocket.OPEN) {
        webSocket.send(`42${answers.next('stop')}["stop"]`);
        await Promise.race([answers.lastCame(), closed]);
    }
    counts.cutOff += webSocket.readyState !== WebSocket.OPEN;
}

/** In good order, or in none. */
function leave(input, webSocket) {
    switch (input.random(4)) {
        case 0:
            webSocket.resume();
            webSocket.close();
            return;
        case 1:
            if (webSocket.readyState === WebSocket.OPEN) {
                webSocket.send(input.pick(['41', '1']));
            }
            break;
        case 2:
            webSocket._socket?.write(input.bytes());
            break;
        default:
    }
    webSocket.terminate();
}

/** One request. @returns {Promise<string>} what came; empty where it broke */
function request(method, path, body) {
    return new Promise((resolve) => {
        const asked = http.request({ host: hostname, port, method, path, signal: stopping.signal, headers: { 'Content-Type': 'text/plain;charset=UTF-8' } }, (response) => {
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (part) => {
                text += part;
            });
            response.on('error', () => {}); // 'close' follows
            response.on('close', () => resolve(text));
        });
        asked.on('error', () => resolve(''));
        asked.end(body);
    });
}

/** HTTP long-polling, several packets a request, and requests that overlap. */
async function pollingLife(input) {
    const path = '/socket.io/?EIO=4&transport=polling';
    const opened = await request('GET', path);
    const sid = /"sid":"([^"]+)"/.exec(opened)?.[1];
    if (sid === undefined) {
        return;
    }
    const answers = new Answers();
    const own = `${path}&sid=${sid}`;
    await request('POST', own, '40');
    const malformedOfThousand = input.pick([0, 0, 10, 500]);
    for (let left = input.random(30); left > 0 && !stopped; left--) {
        const packets = Array.from({ length: 1 + input.random(BURST) }, () => nextPacket(input, answers, malformedOfThousand).toString());
        const body = packets.join('\x1e');
        counts.bytes += body.length;
        const posts = [request('POST', own, body)];
        if (input.random(30) === 0) {
            posts.push(request('POST', own, '42["stop"]'));
        }
        const [answer] = await Promise.all(posts);
        if (answer !== 'ok') {
            return;
        }
        const came = await request('GET', own);
        for (const packet of came.split('\x1e')) {
            if (packet[0] === '4') {
                answers.check(packet.slice(1));
            }
        }
    }
    if (input.random(2) === 0) {
        await request('POST', own, '1');
    }
}

/** Bytes that are no HTTP, a request that does not end, or a WebSocket with frames that are none. */
async function bytesLife(input) {
    const socket = net.connect({ host: hostname, port });
    socket.on('error', () => {});
    socket.resume();
    const closed = closeOf(socket);
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
    const get = (query, more) => `GET /socket.io/?${query} HTTP/1.1\r\nHost: x\r\n${more}`;
    const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`;
    socket.write(input.pick([
        input.bytes(),
        get('EIO=4&transport=websocket', upgrade),
        get('EIO=4&transport=websocket', upgrade),
        get('EIO=4&transport=websocket', upgrade),
        get('EIO=4&transport=websocket&sid=nobody', upgrade),
        get('EIO=4&transport=polling', '\r\n'),
        get('EIO=4&transport=__proto__', '\r\n'),
        get('EIO=99&transport=websocket', upgrade),
        get('EIO=4&transport=polling&j=1&sid=%00', '\r\n'),
        get('EIO=4&transport=polling', 'X-Long: x'),
        get('', 'Content-Length: 99\r\n\r\n'),
    ]));
    for (let left = input.random(5); left > 0; left--) {
        await turn();
        const bytes = input.bytes();
        counts.packets++;
        counts.malformed++;
        counts.bytes += bytes.length;
        socket.write(bytes);
    }
    input.pick([() => socket.end(), () => socket.resetAndDestroy(), () => socket.destroy()])();
    await turn();
    socket.destroy();
    await closed;
}

/** One client: lives follow each other. */
async function client(index) {
    const input = new HostileInput(seed * 1000 + index, topics);
    while (!stopped) {
        counts.lives++;
        const life = input.pick([webSocketLife, webSocketLife, webSocketLife, webSocketLife, pollingLife, bytesLife]);
        await life(input);
        await turn();
    }
}

parentPort.once('message', () => {
    stopped = true;
    stopping.abort();
});
Promise.all(Array.from({ length: clients }, (_, i) => client(i))).then(() => parentPort.postMessage({ counts, problems }));
