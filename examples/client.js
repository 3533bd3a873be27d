'use strict';

/*
 * A client: subscribes to topics and prints their messages. It needs one of the servers beside it (KASOCKI_URL, default
 * http://localhost:6927), or the demo.
 *
 *     node examples/client.js topic [topic ...]
 */

const { io } = require('socket.io-client');

const topics = process.argv.slice(2);
const socket = io(process.env.KASOCKI_URL || 'http://localhost:6927');

// In `ready`, which comes after each reconnect, too. The events are carried out in order: no need to wait in between.
socket.on('ready', (available) => {
    console.log('topics:', available.join(' '));
    socket.emit('subscribe', topics, (error, assignments) => {
        if (error) {
            socket.disconnect();
        } else {
            console.log('subscribed:', JSON.stringify(assignments));
        }
    });
    socket.emit('start');
});

socket.on('message', (message) => console.log(JSON.stringify(message)));

// Every error comes here, whether or not there is an acknowledgement that tells it, too.
socket.on('err', ({ name, message }) => console.error(`${name}: ${message}`));
