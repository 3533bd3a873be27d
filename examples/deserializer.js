'use strict';

/*
 * A server for records that are not JSON: lines such as `level=warn service=search took=431`.
 *
 *     node examples/deserializer.js
 */

const http = require('node:http');
const { Server } = require('socket.io');
const Kasocki = require('kasocki');

/**
 * Makes the message of a record. It is called once a record, however many sockets read it, as long as they were all
 * given this same function.
 *
 * @param {{ value: Buffer, topic: string, offset: number }} kafkaMessage and partition, key, timestamp, headers, size
 * @return {object|null} null: no message. An error means that, too, and is logged. May be a promise
 */
function deserialize({ value, offset }) {
    const pairs = value.toString().trim().split(/\s+/).map((pair) => pair.split('='));
    if (pairs.some((pair) => pair.length !== 2)) {
        throw new Error('neither a name nor a value without the other');
    }
    // What filters and clients see: there is no `_kafka`, unless it is put here.
    return { ...Object.fromEntries(pairs), offset };
}

const server = http.createServer();
const io = new Server(server);

io.on('connection', (socket) => {
    new Kasocki(socket, {
        kafkaConfig: { 'metadata.broker.list': process.env.KAFKA_BROKERS || 'localhost:9092' },
        deserializer: deserialize
    });
});

server.listen(process.env.PORT || 6927, 'localhost', () => {
    console.log(`Listening on http://localhost:${server.address().port}`);
});
