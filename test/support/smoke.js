'use strict';

/*
 * Whether an installed kasocki works at all, in the Node that runs this:
 *
 *     node smoke.js <folder with node_modules>
 *
 * A mock cluster, a record by each codec, a socket.io server, and a client that is a bare WebSocket. Prints `ok`.
 */

const assert = require('assert');
const http = require('http');
const { createRequire } = require('module');
const path = require('path');

// Resolves as a file in that folder would: this file itself is inside of a package named kasocki.
const project = createRequire(path.resolve(process.argv[2], 'program.js'));
const Kasocki = project('kasocki');
const { Server } = project('socket.io');
// Not hoisted by every package manager.
const WebSocket = createRequire(createRequire(project.resolve('socket.io')).resolve('engine.io'))('ws');
const native = require(path.join(path.dirname(project.resolve('kasocki')), 'native.js'));

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const deadline = setTimeout(() => {
    console.error('no result within 30 s');
    process.exit(1);
}, 30000);

/**
 * OpenSSL's part: an instance with TLS and SCRAM can be made, and merely does not reach its broker.
 * @return {Promise<void>}
 */
function tls() {
    return new Promise((resolve) => {
        const hub = new native.NativeHub({
            global: [['bootstrap.servers', '127.0.0.1:1'], ['security.protocol', 'sasl_ssl'], ['sasl.mechanism', 'SCRAM-SHA-512'],
                ['sasl.username', 'user'], ['sasl.password', 'secret']],
            topic: [],
            autoOffsetReset: 'latest',
        }, (event) => {
            if (event.type === 'topics') {
                assert.strictEqual(event.healable, true, event.error.message);
                hub.close();
            } else if (event.type === 'closed') {
                resolve();
            }
        });
        hub.topics(1, 0, 300);
    });
}

/**
 * @param {string} brokers
 * @return {Promise<void>} when one record by each codec was acknowledged
 */
async function produce(brokers) {
    for (const codec of codecs) {
        const producer = new native.NativeProducer([['bootstrap.servers', brokers], ['compression.codec', codec]]);
        assert.ok(producer.produce('smoke', 0, null, JSON.stringify({ codec, padding: 'x'.repeat(5000) }), []));
        await producer.flush(10000);
        producer.close();
    }
}

/**
 * @param {number} port
 * @return {Promise<object[]>} the messages of topic `smoke` from its beginning
 */
function receive(port) {
    return new Promise((resolve, reject) => {
        const messages = [];
        const client = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
        client.on('error', reject);
        client.on('close', () => reject(new Error('the server closed the connection')));
        client.on('message', (data) => {
            const packet = data.toString();
            if (packet === '2') client.send('3'); // engine.io's ping
            if (packet.startsWith('0')) client.send('40');
            if (packet.startsWith('40')) {
                client.send('42["subscribe",[{"topic":"smoke","partition":0,"offset":0}]]');
                client.send('42["start"]');
            }
            if (!packet.startsWith('42')) return;
            const [event, argument] = JSON.parse(packet.slice(2));
            if (event === 'err') reject(new Error(`err: ${argument.message}`));
            if (event === 'message') messages.push(argument);
            if (messages.length === codecs.length) {
                client.removeAllListeners('close');
                client.close();
                resolve(messages);
            }
        });
    });
}

async function main() {
    assert.match(native.versions.librdkafka, /^2\.15\./);
    assert.strictEqual(Kasocki.createMatcher({ 'a.b': '/^x/' })({ a: { b: 'xyz' } }), true);
    await tls();

    const cluster = new native.NativeMockCluster(1);
    cluster.createTopic('smoke', 1);
    await produce(cluster.bootstrapServers);

    const server = http.createServer();
    const io = new Server(server);
    io.on('connection', (socket) => {
        new Kasocki(socket, { kafkaConfig: { 'bootstrap.servers': cluster.bootstrapServers }, hubIdle: 0 });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const messages = await receive(server.address().port);
    assert.deepStrictEqual(messages.map((message) => [message.codec, message._kafka.offset]), codecs.map((codec, i) => [codec, i]));

    await new Promise((resolve) => io.close(resolve));
    cluster.close();
    clearTimeout(deadline);
    console.log('ok');
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
