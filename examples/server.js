'use strict';

/*
 * A server. It reads the Kafka at KAFKA_BROKERS (localhost:9092) and listens on PORT (6927), on this machine only.
 *
 *     node examples/server.js
 */

const http = require('node:http');
const { Server } = require('socket.io');
const Kasocki = require('kasocki');

const server = http.createServer();
const io = new Server(server);

io.on('connection', (socket) => {
    new Kasocki(socket, {
        kafkaConfig: { 'metadata.broker.list': process.env.KAFKA_BROKERS || 'localhost:9092' }
    });
});

server.listen(process.env.PORT || 6927, 'localhost', () => {
    console.log(`Listening on http://localhost:${server.address().port}`);
});
