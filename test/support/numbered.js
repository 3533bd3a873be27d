'use strict';

// Records with a number in front, and clients that check that the numbers come in order. For tests of what a server keeps for clients
// that do not read.
//
//     await kafka.produce(topic, numbered(COUNT, 1000));
//     const before = await memoryOfOne(server, topic, COUNT);
//     const client = await subscribed(server, topic);
//     const all = receiveAll(client, COUNT);
//     client.emit('start');
//     await all;

const assert = require('node:assert/strict');

const RawClient = require('./raw-client.js');

/** Every so manieth record passes the narrow filter. */
const RARE = 500;

/** Records of `bytes` bytes and a little more. */
function* numbered(count, bytes) {
    const text = 'x'.repeat(bytes);
    for (let n = 0; n < count; n++) {
        yield `{"n":${n},"rare":${n % RARE === 0},"text":"${text}"}`;
    }
}

const numberOf = (packet) => Number(/^42\["message",\{"n":(\d+),/.exec(packet.toString('latin1', 0, 40))[1]);

/**
 * Checks what comes: the numbers 0, step, 2 * step ...
 *
 * @param {RawClient} client
 * @param {number} count
 * @param {number} [step]
 * @returns {Promise<void>} all have come
 */
function receiveAll(client, count, step = 1) {
    return new Promise((resolve, reject) => {
        let next = 0;
        client.onEvent = (packet) => {
            const number = numberOf(packet);
            if (number !== next) {
                reject(new Error(`${number} came instead of ${next}`));
            }
            next += step;
            if (next >= count) {
                resolve();
            }
        };
        client.closed.then(() => reject(new Error(`closed before ${next}`)));
    });
}

/** Subscribed from the beginning of a topic, not started. */
async function subscribed(server, topic, filter = null) {
    const client = await RawClient.connect(server.url);
    await client.ackOf('filter', filter);
    const [error] = await client.ackOf('subscribe', [{ topic, partition: 0, offset: 0 }]);
    assert.equal(error, null);
    return client;
}

/**
 * Has one client read a topic.
 *
 * @param {RemoteServer} server
 * @param {string} topic
 * @param {number} count
 * @returns {Promise<number>} bytes that the server needs then; its peak is forgotten
 */
async function memoryOfOne(server, topic, count) {
    const client = await subscribed(server, topic);
    const received = receiveAll(client, count);
    client.emit('start');
    await received;
    await client.close();
    await server.ask('forgetPeak');
    return (await server.ask('memory')).now;
}

module.exports = { RARE, memoryOfOne, numberOf, numbered, receiveAll, subscribed };
