'use strict';

// Half a million records of one partition reach a socket.io client in order, none missing, none twice: pushed, filtered, across
// stop and start, and pulled.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { readyClient, resultOf, serve } = require('./support/kasocki.js');

const COUNT = 500000;
/** Of those pulled one by one: each costs a round trip. */
const PULLED = 20000;
const IN_FLIGHT = 500;

describe('half a million records', function () {
    this.timeout(600000);
    before(kafka.start);

    let server;
    let topic;
    before(async () => {
        topic = kafka.topicName('volume');
        await kafka.createTopic({ topic, partitions: 1 });
        const pad = 'x'.repeat(200);
        await kafka.produce(topic, (function* records() {
            for (let n = 0; n < COUNT; n++) {
                yield { partition: 0, value: JSON.stringify({ n, hundredth: n % 100, pad }) };
            }
        })());
        server = await serve();
    });
    after(() => server && server.close());

    /** @returns {Promise<object>} a client subscribed from the first record on */
    async function subscribed() {
        const client = await readyClient(server);
        await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: 0 }]);
        return client;
    }

    /**
     * Resolves when the client has got all of them; rejects at the first message that is not the next one.
     *
     * @param {object} client
     * @param {number} step - from one message's number to the next one's
     * @param {function(number): void} [onMessage] - gets how many have come
     */
    function sequence(client, step, first = 0, onMessage = () => {}) {
        return new Promise((resolve, reject) => {
            let expected = first;
            let count = 0;
            client.on('message', ({ n }) => {
                if (n !== expected) {
                    reject(new Error(`${n} came in the place of ${expected}`));
                }
                expected += step;
                onMessage(++count);
                if (expected >= COUNT) {
                    resolve(count);
                }
            });
        });
    }

    it('come with start', async () => {
        const client = await subscribed();
        const all = sequence(client, 1);
        client.emit('start');
        assert.equal(await all, COUNT);
        client.disconnect();
    });

    it('come through a filter', async () => {
        const client = await subscribed();
        await resultOf(client, 'filter', { hundredth: 7 });
        const all = sequence(client, 100, 7);
        client.emit('start');
        assert.equal(await all, COUNT / 100);
        client.disconnect();
    });

    it('come through a filter that refuses all but the last', async () => {
        const client = await subscribed();
        await resultOf(client, 'filter', { n: COUNT - 1 });
        assert.equal((await resultOf(client, 'consume')).n, COUNT - 1);
        client.disconnect();
    });

    it('come across stop and start', async () => {
        const client = await subscribed();
        let stops = 0;
        const all = sequence(client, 1, 0, (count) => {
            if (count % 7919 === 0) {
                client.emit('stop', null, () => {
                    stops++;
                    client.emit('start');
                });
            }
        });
        client.emit('start');
        assert.equal(await all, COUNT);
        assert.ok(stops > 5, `${stops} stops`);
        client.disconnect();
    });

    /** Has so many messages pulled, with some consumes under way at any time. */
    async function pullAll(count, inFlight) {
        const client = await subscribed();
        let asked = 0;
        let expected = 0;
        const pull = async () => {
            while (asked++ < count) {
                const { n } = await resultOf(client, 'consume');
                if (n !== expected++) {
                    throw new Error(`${n} came in the place of ${expected - 1}`);
                }
            }
        };
        await Promise.all(Array.from({ length: inFlight }, pull));
        assert.equal(expected, count);
        client.disconnect();
    }

    it('are pulled by consume, many in flight', () => pullAll(COUNT, IN_FLIGHT));

    it('are pulled by consume, one by one', () => pullAll(PULLED, 1));

    it('come to ten clients that each begin elsewhere', async () => {
        const STEP = 100;
        await Promise.all(Array.from({ length: 10 }, async (_, i) => {
            const client = await readyClient(server);
            const offset = i * COUNT / 10;
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset }]);
            await resultOf(client, 'filter', { hundredth: i });
            const all = sequence(client, STEP, offset + i);
            client.emit('start');
            assert.equal(await all, (COUNT - offset) / STEP);
            client.disconnect();
        }));
    });
});
