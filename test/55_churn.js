'use strict';

// One hundred sockets, twenty on each of five filters, come and go at random moments, in every way there is, while records flow. Nothing
// crashes, nothing is left over, and each gets exactly its messages for as long as it is there.
// KASOCKI_CHURN_SECONDS says how long (20 by default); KASOCKI_CHURN_SEED repeats a run's decisions, though not its moments.

const assert = require('node:assert/strict');

const { randomSource } = require('./support/json-texts.js');
const kafka = require('./support/kafka.js');
const { newConfig, readyClient, resultOf } = require('./support/kasocki.js');
const RemoteServer = require('./support/remote-server.js');

const SECONDS = Number(process.env.KASOCKI_CHURN_SECONDS ?? 20);
const SEED = Number(process.env.KASOCKI_CHURN_SEED ?? Date.now() % 1e6);
const SOCKETS = 100;
const PARTITIONS = 3;
/** Records that are written at once; the next ones follow when a socket that never goes has got these. */
const BATCH = 100;
/** The longest life of a socket, ms. */
const LONGEST_LIFE = 5000;
/** How far before the end of a partition some begin. */
const FAR = 1000;

/** Record n, which goes to partition n % 3 and so has offset n / 3 there; and what five filters say of it. */
const recordOf = (n) => ({ n, kind: n % 7 < 3 ? 'edit' : 'talk', title: `page ${n % 11}`, tags: [n % 2, n % 5], deep: { size: n % 13 } });
const FILTERS = [
    [null, () => true],
    [{ kind: 'edit' }, (n) => n % 7 < 3],
    [{ title: '/[13]$/' }, (n) => [1, 3].includes(n % 11)],
    [{ tags: [1, 4] }, (n) => n % 2 === 1 && n % 5 === 4],
    [{ 'deep.size': [0, 5, 12], kind: 'talk' }, (n) => [0, 5, 12].includes(n % 13) && n % 7 >= 3],
];

/** The first n from `from` on that is in a partition and passes a filter. */
function nextOf(from, partition, passes) {
    let n = from;
    while (n % PARTITIONS !== partition || !passes(n)) {
        n++;
    }
    return n;
}

describe(`one hundred sockets that come and go (seed ${SEED})`, function () {
    this.timeout(SECONDS * 1000 + 180000);
    before(kafka.start);

    let server;
    let topic;
    const random = randomSource(SEED);
    const pick = (list) => list[random(list.length)];

    /** How many records were given to Kafka, and of how many it said that it has them. */
    let sent = 0;
    let acknowledged = 0;
    let over = false;
    const counts = { lives: 0, unsubscribed: 0, messages: 0 };

    /** One connection of a socket: it is made, does its work at its own moment, and goes, or stays to the end. */
    class Life {
        constructor(filterIndex) {
            counts.lives++;
            [this.filter, this.passes] = FILTERS[filterIndex];
            this.way = pick(['start', 'start', 'start', 'consume']);
            this.gone = false;
            this.subscribed = false;
            /** By partition: the next n, between the least and the greatest that it may be. */
            this.next = [];
            /** It went, or got all there is; rejected when something was wrong. */
            this.ended = new Promise((resolve, reject) => {
                this.end = resolve;
                this.fail = (text) => !this.gone && reject(new Error(`a socket with ${JSON.stringify(this.filter)}, by ${this.way}: ${text}`));
            });
            this.client = server.connect({ transports: pick([['websocket'], ['websocket'], ['polling', 'websocket'], ['polling']]) });
            this.client.on('err', (error) => this.fail(`err: ${error.name}: ${error.message}`));
            this.client.on('message', (message) => this.receive(message));
            this.client.on('disconnect', (reason) => this.fail(`disconnected: ${reason}`));
            this.client.on('connect_error', (error) => this.fail(`not connected: ${error.message}`));
            // Some do not wait for `ready`.
            this.client.once(pick(['connect', 'ready']), () => this.work());
        }

        work() {
            const { client } = this;
            const fromEnd = pick([true, true, false]);
            const least = acknowledged;
            const assignments = Array.from({ length: PARTITIONS }, (_, partition) => {
                const end = Math.max(0, Math.ceil((least - partition) / PARTITIONS));
                return { topic, partition, offset: Math.max(0, end - random(FAR)) };
            });
            client.emit('filter', this.filter);
            client.emit('subscribe', fromEnd ? topic : assignments, (error) => {
                if (error) {
                    this.fail(error.message);
                    return;
                }
                this.subscribed = true;
                for (const { partition, offset } of assignments) {
                    const [from, to] = fromEnd ? [least, sent] : [offset * PARTITIONS, offset * PARTITIONS];
                    this.next[partition] = { least: nextOf(from, partition, this.passes), greatest: nextOf(to, partition, this.passes) };
                }
                this.look();
            });
            if (this.way === 'start') {
                client.emit('start');
            } else {
                for (let i = 0; i < 5; i++) {
                    this.consume();
                }
            }
        }

        consume() {
            this.client.emit('consume', null, (error, message) => {
                if (error) {
                    this.fail(`consume: ${error.name}: ${error.message}`);
                    return;
                }
                this.receive(message);
                if (!this.gone) {
                    this.consume();
                }
            });
        }

        receive({ n, _kafka: { topic: from, partition, offset } }) {
            counts.messages++;
            if (from !== topic || n !== offset * PARTITIONS + partition || !this.subscribed) {
                this.fail(`${n} came from ${from} ${partition} ${offset}`);
                return;
            }
            const { least, greatest } = this.next[partition];
            if (n < least || n > greatest || !this.passes(n)) {
                this.fail(`${n} came in the place of ${least} to ${greatest}`);
            }
            const following = nextOf(n + 1, partition, this.passes);
            this.next[partition] = { least: following, greatest: following };
            this.look();
        }

        /** Whether all that was sent has come. */
        look() {
            if (over && this.subscribed && this.next.every(({ greatest }) => greatest >= sent)) {
                this.end();
            }
        }

        async leave() {
            this.gone = true;
            counts.unsubscribed += this.subscribed ? 0 : 1;
            const { client } = this;
            const { engine } = client.io;
            switch (random(5)) {
                case 0: // as a page that is closed
                    engine.close();
                    break;
                case 1: // as a network that breaks
                    engine.transport.ws?.terminate();
                    break;
                case 2: // by the server's hand
                    await server.ask('disconnect', { ids: [client.id], close: pick([true, false]) });
                    break;
                case 3: // with last words
                    client.emit('stop');
                    client.emit('consume', null, () => {});
                    client.emit('subscribe', topic);
                    break;
                default:
            }
            client.disconnect();
            this.end();
        }
    }

    /** One of the hundred: lives follow each other until it is over. Gives the last one. */
    async function socket(filterIndex) {
        for (;;) {
            const life = new Life(filterIndex);
            let timer;
            const moment = new Promise((resolve) => {
                timer = setTimeout(resolve, random(LONGEST_LIFE));
            });
            await Promise.race([moment, life.ended]);
            clearTimeout(timer);
            if (over) {
                return life;
            }
            await life.leave();
        }
    }

    /** Writes records until it is over, as fast as a socket gets them that never goes. */
    async function flow(witness) {
        const deadline = Date.now() + SECONDS * 1000;
        while (Date.now() < deadline) {
            const records = Array.from({ length: BATCH }, (_, i) => ({ value: recordOf(sent + i), partition: (sent + i) % PARTITIONS }));
            const seen = new Promise((resolve) => {
                let missing = BATCH;
                const listener = () => {
                    missing--;
                    if (missing === 0) {
                        witness.off('message', listener);
                        resolve();
                    }
                };
                witness.on('message', listener);
            });
            sent += BATCH;
            await kafka.produce(topic, records);
            acknowledged = sent;
            await seen;
        }
        over = true;
    }

    it('get exactly what is theirs, and leave nothing behind', async () => {
        topic = await kafka.createTopic({ partitions: PARTITIONS });
        server = await RemoteServer.start({ kafkaConfig: newConfig() });
        const threadsOfNone = await server.ask('threads');
        const witness = await readyClient(server);
        await resultOf(witness, 'subscribe', topic);
        await resultOf(witness, 'start');
        const flowing = flow(witness);
        await new Promise((resolve) => witness.once('message', resolve));
        const threadsOfOne = await server.ask('threads');

        const living = Promise.all(Array.from({ length: SOCKETS }, (_, i) => socket(i % FILTERS.length)));
        // What one of them finds wrong ends the test at once.
        const [last] = await Promise.all([living, flowing]);
        // Those that are left get the rest.
        last.forEach((life) => life.look());
        await Promise.all(last.map(({ ended }) => ended));
        await server.until('stats', ([{ sessions, cursors, classes }]) => (
            sessions === SOCKETS + 1 && cursors === PARTITIONS * (SOCKETS + 1) && classes === FILTERS.length
        ));
        assert.equal(await server.ask('threads'), threadsOfOne);
        assert.deepEqual(await server.ask('logged'), {});

        await Promise.all(last.map((life) => life.leave()));
        await server.until('stats', ([{ sessions, cursors, partitions, classes }]) => (
            sessions === 1 && cursors === PARTITIONS && partitions === PARTITIONS && classes === 1
        ));
        // The one that stayed still gets what comes.
        const message = new Promise((resolve) => witness.once('message', resolve));
        await kafka.produce(topic, [{ value: { n: -1 } }]);
        assert.equal((await message).n, -1);
        witness.disconnect();
        await server.until('stats', (hubs) => hubs.length === 0);
        await server.until('threads', (threads) => threads === threadsOfNone);
        assert.ok(counts.lives > 2 * SOCKETS && counts.unsubscribed > 0 && counts.messages > sent, JSON.stringify({ sent, ...counts }));
        // engine.io's timers of broken connections would keep its process for half a minute.
        await server.close({ atOnce: true });
    });
});
