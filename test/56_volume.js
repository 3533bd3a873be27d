'use strict';

// Half a million records of one partition reach a socket.io client in order, none missing, none twice: pushed, filtered, across
// stop and start, and pulled.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { readyClient, resultOf, serve } = require('./support/kasocki.js');

const COUNT = 500000;
/** Pulled messages cost a round trip each. */
const PULLED = 50000;
const IN_FLIGHT = 32;

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

    it('come across stop and start', async () => {
        const client = await subscribed();
        let stops = 0;
        const all = sequence(client, 1, 0, (count) => {
            if (count % 25000 === 0) {
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

    it('are pulled by consume, many in flight', async () => {
        const client = await subscribed();
        let asked = 0;
        let expected = 0;
        const pull = async () => {
            while (asked++ < PULLED) {
                const { n } = await resultOf(client, 'consume');
                assert.equal(n, expected++);
            }
        };
        await Promise.all(Array.from({ length: IN_FLIGHT }, pull));
        assert.equal(expected, PULLED);
        client.disconnect();
    });
});
