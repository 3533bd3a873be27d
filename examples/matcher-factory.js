'use strict';

/*
 * A server with a filter language of its own. Here a filter is an object of ranges: { "celsius": [20, 25] }.
 *
 *     node examples/matcher-factory.js
 */

const http = require('node:http');
const { Server } = require('socket.io');
const Kasocki = require('kasocki');

/**
 * Makes the matcher of what a client gave to `filter`.
 *
 * @param {*} filters anything: it comes from a client
 * @return {function(object): boolean} with `filters`, which the client is shown
 * @throws {Error} the client gets it as an InvalidFilterError
 */
function rangeMatcher(filters) {
    const ranges = Object.entries(filters);
    for (const [name, range] of ranges) {
        if (!Array.isArray(range) || range.length !== 2 || !range.every((limit) => typeof limit === 'number')) {
            throw new Error(`"${name}" must be an array of two numbers`);
        }
    }
    const matcher = (message) => ranges.every(([name, [from, to]]) => message[name] >= from && message[name] <= to);
    matcher.filters = filters;
    return matcher;
}

const server = http.createServer();
const io = new Server(server);

io.on('connection', (socket) => {
    new Kasocki(socket, {
        kafkaConfig: { 'metadata.broker.list': process.env.KAFKA_BROKERS || 'localhost:9092' },
        matcherFactory: rangeMatcher
    });
});

server.listen(process.env.PORT || 6927, 'localhost', () => {
    console.log(`Listening on http://localhost:${server.address().port}`);
});
