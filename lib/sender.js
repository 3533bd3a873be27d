'use strict';

const { callSafely } = require('./safely');

/**
 * The last yard: from encoded bytes to a socket.io socket. Everything that this package knows of the insides of
 * socket.io and engine.io is in this file, tested for before it is used, and asked again at every batch, because a
 * transport may be upgraded, and a listener added, in mid-stream.
 *
 * Three ways lead to a client. All keep their order among each other and with the user's own emits:
 *
 *   frames    one engine.io packet whose pre-encoded buffer holds many whole WebSocket frames. Some forty times cheaper
 *             than an emit, but for plain WebSockets alone: no compression, nobody listening for packets.
 *   packets   `conn.send` of each packet's text. For every transport of engine.io, if socket.io's usual parser is used.
 *   payloads  `socket.emit` of each parsed message. Always possible; needed where somebody wants to see emits: another
 *             parser, onAnyOutgoing listeners, connection state recovery.
 *
 * A slow client is known by the bytes in flight: what was handed to engine.io and whose callback has not come yet. Over
 * the high mark nothing more is sent; at half of it `onRoom` is called. (Neither `ws.bufferedAmount` nor `writable` nor
 * `drain` tells it: engine.io keeps a buffer of its own.) When a connection dies callbacks may never come, nor does
 * anything else then. A high mark of some 100 kB also keeps engine.io's pings from starving behind data.
 *
 * engine.io before 6.6 (socket.io 4.4 to 4.7) loses callbacks: those of long polling that an upgrade comes upon, and over
 * WebSockets all but one of those that it writes at once. Later ones then come in their place, the last ones never. So
 * whenever one comes, and after an upgrade, its buffer is looked at: if that is empty and the transport is writable,
 * nothing is in flight, whatever the count says. (In 6.6 a transport is not yet writable in a callback: there the count is
 * exact, and alone decides.)
 */

/** How many messages a batch may hold that are handled one by one. More would keep others waiting. */
const BATCH_COUNT = 128;

/** What a packet takes beside its text. */
const PACKET_OVERHEAD = 200;

/** How long until the emits of a socket without engine.io's usual insides count as gone, in ms. */
const BLIND_DELAY = 20;

/** What was learnt of encoders: true if they write plain socket.io packet texts. */
const plainEncoders = new WeakMap();

/** Sockets whose ack(id) tells the ids; and what the acks that it made carry: { id, spent }. */
const tellingSockets = new WeakSet();
const KNOWN = Symbol('kasocki');

class Sender {
    /**
     * @param {object} socket a socket.io socket
     * @param {{limits: object, batch: object}} options see LIMITS and BATCH in validation.js
     * @param {object} owner
     * @param {function(): void} owner.onRoom called, in a turn of the event loop of its own, when there is room again
     * @param {function(): void} owner.onRecovery called once if connection state recovery forces the slowest way
     */
    constructor(socket, { limits, batch }, owner) {
        this.socket = socket;
        this.highMark = limits.bytesInFlight;
        this.batchBytes = Math.min(batch.maxBytes, limits.bytesInFlight);
        this.owner = owner;
        this.inFlight = 0;
        /** grows when what is in flight is found to have landed without its callbacks */
        this.epoch = 0;
        this.waiting = false;
        this.roomScheduled = false;
        this.paused = false;
        this.recoveryTold = false;
        this.recoverableMessages = limits.recoverableMessages;
        /** see `allowance` */
        this.keptAllowance = undefined;
        this.nspPrefix = socket.nsp && socket.nsp.name !== '/' ? `${socket.nsp.name},` : '';
        tellAckIds(socket);
        this.onUpgrade = undefined;
        if (mayUpgrade(socket.conn)) {
            // Not from within the event: the transport is being changed.
            this.onUpgrade = () => setImmediate(() => this.land(0));
            socket.conn.on('upgrade', this.onUpgrade);
        }
    }

    /** Nothing will be sent any more. */
    close() {
        if (this.onUpgrade !== undefined) {
            this.socket.conn?.removeListener?.('upgrade', this.onUpgrade);
        }
    }

    /** @return {boolean} the socket is connected: what is handed over may arrive */
    isOpen() {
        const { connected, conn } = this.socket;
        return connected !== false && (!conn || conn.readyState === undefined || conn.readyState === 'open');
    }

    /**
     * What the next batch may be: to be taken and sent at once, as things may be different later.
     *
     * @return {{form: 'frames'|'packets'|'payloads', maxBytes: number, maxCount: number}|null} null: nothing now. If it
     *     is for want of room, onRoom follows.
     */
    nextBatch() {
        if (!this.isOpen() || !this.hasRoom()) {
            return null;
        }
        const form = this.way();
        let maxCount = form === 'frames' ? Infinity : BATCH_COUNT;
        if (form === 'payloads' && keepsEmits(this.socket)) {
            if (!this.recoveryTold) {
                this.recoveryTold = true;
                this.owner.onRecovery();
            }
            maxCount = Math.min(BATCH_COUNT, this.allowance.left());
            if (maxCount === 0) {
                this.pause(this.allowance.delay);
                return null;
            }
        }
        return { form, maxBytes: this.batchBytes, maxCount };
    }

    /**
     * What may be taken to answer waiting acks.
     *
     * @param {Function[]} acks in order, at least one
     * @return {{ids: number[], maxBytes: number}|{form: 'payloads', maxBytes: number, maxCount: number}|null} to be taken by
     *     takeReplies(), if there are ids; null as in nextBatch()
     */
    nextReplies(acks) {
        if (!this.isOpen() || !this.hasRoom()) {
            return null;
        }
        const maxBytes = this.batchBytes;
        const maxCount = Math.min(acks.length, BATCH_COUNT);
        const ids = this.speaksPlainText() && takesFrames(this.socket.conn) ? leadingIds(acks, maxCount) : [];
        return ids.length > 0 ? { ids, maxBytes } : { form: 'payloads', maxBytes, maxCount };
    }

    /**
     * Sends what was taken by nextBatch().
     *
     * @param {'frames'|'packets'|'payloads'} form
     * @param {import('./native').NativeBatch} batch
     */
    send(form, batch) {
        const { conn } = this.socket;
        const landed = this.depart(batch.bytes);
        if (form === 'frames') {
            sendFrames(conn, batch.data, landed);
        } else if (form === 'packets') {
            sendTexts(conn, takesAsciiAlone(conn) ? batch.data.map(toAscii) : batch.data, landed);
        } else {
            for (const text of batch.data) {
                // A listener of the user's may have disconnected it: socket.io would send all the same.
                if (!this.isOpen()) {
                    break;
                }
                this.socket.emit('message', JSON.parse(text));
            }
            this.spend(batch.count);
            this.mark(landed);
        }
    }

    /** @return {boolean} an event of ours may go among the messages */
    hasRoomForEvent() {
        return this.isOpen() && this.inFlight <= this.highMark / 2 && (!keepsEmits(this.socket) || this.allowance.left() > 0);
    }

    /**
     * Emits an event among the messages. It counts as they do.
     *
     * @param {string} name
     * @param {*} data
     * @param {number} bytes that it takes, roughly
     */
    tell(name, data, bytes) {
        this.spend(1);
        const landed = this.depart(bytes);
        callSafely(this.socket.emit, this.socket, [name, data]);
        this.mark(landed);
    }

    /**
     * Answers acks with what was taken by nextReplies(): each gets (null, message).
     *
     * @param {Function[]} acks as many as there are messages
     * @param {import('./native').NativeBatch} batch
     */
    reply(acks, batch) {
        const { conn } = this.socket;
        const landed = this.depart(batch.bytes);
        if (Buffer.isBuffer(batch.data)) {
            for (const ack of acks) {
                ack[KNOWN].spent = true;
            }
            sendFrames(conn, batch.data, landed);
            return;
        }
        const plain = this.speaksPlainText();
        const readable = plain && takesAsciiAlone(conn) ? toAscii : (text) => text;
        let followed = false;
        for (let i = 0; i < acks.length && this.isOpen(); i++) {
            const known = plain ? acks[i][KNOWN] : undefined;
            if (known === undefined) {
                callSafely(acks[i], undefined, [null, JSON.parse(batch.data[i])]);
            } else if (!known.spent) {
                known.spent = true;
                followed = i === acks.length - 1;
                const packet = `3${this.nspPrefix}${known.id}[null,${readable(batch.data[i])}]`;
                conn.send(packet, undefined, followed ? landed : undefined);
            }
        }
        if (!followed) {
            this.mark(landed);
        }
    }

    /** @return {Allowance} of emits that connection state recovery keeps; made when it is needed: most sockets have none */
    get allowance() {
        this.keptAllowance ??= new Allowance(this.recoverableMessages);
        return this.keptAllowance;
    }

    /** @param {number} count of emits of ours */
    spend(count) {
        if (keepsEmits(this.socket)) {
            this.allowance.spend(count);
        }
    }

    /** @return {'frames'|'packets'|'payloads'} the cheapest way that is possible now */
    way() {
        const { socket } = this;
        if (!this.speaksPlainText() || keepsEmits(socket) || hasOutgoingListeners(socket)) {
            return 'payloads';
        }
        return takesFrames(socket.conn) ? 'frames' : 'packets';
    }

    /** @return {boolean} packet texts of ours are what socket.io itself would write */
    speaksPlainText() {
        const { conn, client } = this.socket;
        return Boolean(conn) && typeof conn.send === 'function' && Boolean(client) && isPlainEncoder(client.encoder);
    }

    hasRoom() {
        if (this.inFlight === 0 || this.inFlight + this.batchBytes <= this.highMark) {
            return true;
        }
        this.waiting = true;
        return false;
    }

    /**
     * @param {number} bytes that are handed over now
     * @return {function(): void} to be called when they are gone
     */
    depart(bytes) {
        this.inFlight += bytes;
        const { epoch } = this;
        return () => this.land(epoch === this.epoch ? bytes : 0);
    }

    /** @param {number} bytes that are not in flight any more */
    land(bytes) {
        this.inFlight -= bytes;
        if (this.inFlight > 0 && isIdle(this.socket.conn)) {
            this.inFlight = 0;
            this.epoch++;
        }
        if (this.waiting && this.inFlight <= this.highMark / 2) {
            this.waiting = false;
            this.giveRoom();
        }
    }

    /** @param {number} delay ms until there is room again */
    pause(delay) {
        if (!this.paused) {
            this.paused = true;
            setTimeout(() => {
                this.paused = false;
                this.giveRoom();
            }, delay);
        }
    }

    // Never from within engine.io's callback: that may be in the middle of a send.
    giveRoom() {
        if (!this.roomScheduled) {
            this.roomScheduled = true;
            setImmediate(() => {
                this.roomScheduled = false;
                this.owner.onRoom();
            });
        }
    }

    /**
     * Emits have no callback: engine.io's smallest packet, which clients ignore, follows them and has one.
     *
     * @param {function(): void} landed
     */
    mark(landed) {
        const { conn } = this.socket;
        if (conn && typeof conn.sendPacket === 'function') {
            conn.sendPacket('noop', undefined, { compress: false }, landed);
        } else {
            setTimeout(landed, BLIND_DELAY);
        }
    }
}

/** How many messages may go a second, where each is kept in memory by somebody else. */
class Allowance {
    /** @param {number} perSecond */
    constructor(perSecond) {
        this.perSecond = perSecond;
        this.spent = 0;
        this.since = 0;
    }

    /** @return {number} how many may go now */
    left() {
        const now = Date.now();
        if (now - this.since >= 1000 || now < this.since) {
            this.since = now;
            this.spent = 0;
        }
        return Math.max(0, this.perSecond - this.spent);
    }

    /** @param {number} count that went */
    spend(count) {
        this.spent += count;
    }

    /** @return {number} ms until more may go */
    get delay() {
        return Math.max(1, this.since + 1000 - Date.now());
    }
}

/**
 * @param {object} conn engine.io's socket
 * @param {Buffer} frames whole WebSocket frames
 * @param {function(): void} landed
 */
function sendFrames(conn, frames, landed) {
    // engine.io wants some text; it is not sent.
    conn.send('2', { wsPreEncodedFrame: [frames], compress: false }, landed);
}

/**
 * @param {object} conn engine.io's socket
 * @param {string[]} texts socket.io packets
 * @param {function(): void} landed
 */
function sendTexts(conn, texts, landed) {
    const last = texts.length - 1;
    for (let i = 0; i < last; i++) {
        conn.send(texts[i]);
    }
    conn.send(texts[last], undefined, landed);
}

/**
 * socket.io-client up to 1.4 decodes UTF-8 once more than engine.io encodes it in long polling, and hangs up at what is
 * not ASCII; it begins with long polling unless told otherwise.
 *
 * @param {object} conn
 * @return {boolean}
 */
function takesAsciiAlone({ protocol, transport }) {
    return protocol === 3 && transport?.name === 'polling';
}

/**
 * @param {string} text JSON: other characters stand in its strings alone
 * @return {string} the same in ASCII
 */
function toAscii(text) {
    return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * What a client has not read yet. It takes time with its length: not to be asked for at every event.
 *
 * @param {object} socket
 * @return {number} bytes, roughly, that engine.io holds for it
 */
function backlogOf({ conn }) {
    const packets = conn && Array.isArray(conn.writeBuffer) ? conn.writeBuffer : [];
    const sizeOf = ({ data }) => PACKET_OVERHEAD + (typeof data === 'string' ? data.length : 0);
    return packets.reduce((bytes, packet) => bytes + sizeOf(packet), 0);
}

/** @return {boolean} this engine.io socket holds nothing that is still to be written */
function isIdle(conn) {
    return conn?.transport?.writable === true && Array.isArray(conn.writeBuffer) && conn.writeBuffer.length === 0;
}

/** @return {boolean} another transport may take over */
function mayUpgrade(conn) {
    return typeof conn?.on === 'function' && conn.transport?.name === 'polling';
}

/**
 * A WebSocket stays one for good, so what holds now will hold when engine.io writes the packet.
 *
 * @param {object} conn
 * @return {boolean} its transport writes pre-encoded frames as they are
 */
function takesFrames(conn) {
    const { transport } = conn;
    return Boolean(transport) &&
        transport.name === 'websocket' &&
        typeof transport._canSendPreEncodedFrame === 'function' &&
        transport._canSendPreEncodedFrame({ type: 'message', options: { wsPreEncodedFrame: [] } }) === true &&
        conn.listenerCount('packetCreate') === 0;
}

/**
 * @param {object} encoder of socket.io packets
 * @return {boolean} it writes a message as the text that socket.io's own parser writes, without a JSON replacer
 */
function isPlainEncoder(encoder) {
    if (typeof encoder !== 'object' || encoder === null) {
        return false;
    }
    let plain = plainEncoders.get(encoder);
    if (plain === undefined) {
        plain = probeEncoder(encoder);
        plainEncoders.set(encoder, plain);
    }
    return plain;
}

function probeEncoder(encoder) {
    try {
        const message = { text: 'a', list: [1.5, null, true] };
        const event = encoder.encode({ type: 2, nsp: '/probe', data: ['message', message] });
        const ack = encoder.encode({ type: 3, nsp: '/', id: 7, data: [null, {}] });
        return !encoder.replacer &&
            event.length === 1 && event[0] === '2/probe,["message",{"text":"a","list":[1.5,null,true]}]' &&
            ack.length === 1 && ack[0] === '37[null,{}]';
    } catch {
        return false;
    }
}

/** @return {boolean} connection state recovery is on: it counts emits, and keeps them */
function keepsEmits(socket) {
    return Boolean(socket.nsp?.server?.opts?.connectionStateRecovery);
}

function hasOutgoingListeners(socket) {
    return typeof socket.listenersAnyOutgoing === 'function' && socket.listenersAnyOutgoing().length > 0;
}

/**
 * Takes out those of the next acks that somebody else has called: a message would be lost on them.
 *
 * @param {Function[]} acks that wait for an answer
 */
function dropAnswered(acks) {
    for (let i = Math.min(acks.length, BATCH_COUNT) - 1; i >= 0; i--) {
        if (acks[i][KNOWN]?.spent) {
            acks.splice(i, 1);
        }
    }
}

/** @return {number[]} the ids of the first acks, up to one whose id is not known, at most `count` */
function leadingIds(acks, count) {
    const ids = [];
    for (let i = 0; i < count && acks[i][KNOWN] !== undefined; i++) {
        ids.push(acks[i][KNOWN].id);
    }
    return ids;
}

/**
 * socket.io keeps a packet's id inside the ack that its private ack(id) makes. Wrapped, it tells the id, so that an ack
 * can be answered with JSON text as it is. The wrapper sends once, whichever of the two ways comes first.
 */
function tellAckIds(socket) {
    const original = socket.ack;
    if (typeof original !== 'function' || original.length !== 1 || tellingSockets.has(socket)) {
        return;
    }
    tellingSockets.add(socket);
    socket.ack = function ack(id) {
        const answer = original.call(this, id);
        if (typeof answer !== 'function' || !Number.isSafeInteger(id)) {
            return answer;
        }
        const known = { id, spent: false };
        const wrapper = (...args) => {
            if (!known.spent) {
                known.spent = true;
                answer.apply(undefined, args);
            }
        };
        wrapper[KNOWN] = known;
        return wrapper;
    };
}

module.exports = { Sender, backlogOf, dropAnswered };
