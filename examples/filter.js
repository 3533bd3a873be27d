'use strict';

/*
 * A client that wants some of the messages. The server has the filter: the rest is not sent at all.
 *
 *     node examples/filter.js topic '{ "user.bot": false, "wiki": "/^(de|en)wiki$/", "tags": ["new"] }'
 */

const { io } = require('socket.io-client');

const [topic, filters] = process.argv.slice(2);
const socket = io(process.env.KASOCKI_URL || 'http://localhost:6927');

socket.on('ready', () => {
    // Before `start`, so that no message comes unfiltered. It may be changed at any time: after the acknowledgement
    // there is no message of the filter before.
    socket.emit('filter', JSON.parse(filters), (error, inForce) => {
        if (error) {
            socket.disconnect();
        } else {
            console.log('filter:', JSON.stringify(inForce));
        }
    });
    socket.emit('subscribe', topic, (error) => console.log(error ? 'no messages' : 'waiting for messages'));
    socket.emit('start');
});

socket.on('message', (message) => console.log(JSON.stringify(message)));
socket.on('err', ({ name, message }) => console.error(`${name}: ${message}`));
