'use strict';

/*
 * A server that logs with pino (bunyan is used the same way): each socket with a child of the logger.
 *
 *     node examples/pino.js
 */

const http = require('node:http');
const pino = require('pino');
const { Server } = require('socket.io');
const Kasocki = require('kasocki');

const logger = pino({ name: 'example', level: 'info' });
const server = http.createServer();
const io = new Server(server);

io.on('connection', (socket) => {
    new Kasocki(socket, {
        kafkaConfig: { 'metadata.broker.list': process.env.KAFKA_BROKERS || 'localhost:9092' },
        logger
    });
});

server.listen(process.env.PORT || 6927, 'localhost', () => {
    logger.info(`Listening on http://localhost:${server.address().port}`);
});
