'use strict';

const net = require('node:net');

/** An ApiVersions request, version 0: length, key 18, version 0, correlation id 1, no client id. */
const API_VERSIONS = Buffer.from('0000000a001200000000' + '0001ffff', 'hex');
/** Pause between two attempts to connect, ms. A refused connection on loopback is refused at once. */
const RETRY = 50;
/** What one attempt may take, ms. */
const ATTEMPT = 2000;

/**
 * Asks a broker which requests it knows: the first thing that any client does. A port that merely accepts connections
 * (docker's proxy does, long before the broker behind it) is not an answer.
 *
 * @param {string} address - host:port
 * @returns {Promise<boolean>} whether it answered
 */
function answers(address) {
    const colon = address.lastIndexOf(':');
    return new Promise((resolve) => {
        const socket = net.connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
        const done = (result) => {
            socket.destroy();
            resolve(result);
        };
        socket.setTimeout(ATTEMPT, () => done(false));
        socket.once('connect', () => socket.write(API_VERSIONS));
        socket.once('data', () => done(true));
        socket.once('error', () => done(false));
        socket.once('close', () => resolve(false));
    });
}

/**
 * Waits until a broker answers.
 *
 * @param {string} address - host:port
 * @param {number} timeout - ms
 * @param {() => boolean} [alive] - false: there is nothing to wait for any more
 * @returns {Promise<boolean>} whether it answered
 */
async function ready(address, timeout, alive = () => true) {
    const deadline = Date.now() + timeout;
    while (alive() && Date.now() < deadline) {
        if (await answers(address)) {
            return true;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
    return false;
}

module.exports = { answers, ready };
