'use strict';

/**
 * socket.io alone: sockets that are told `ready` and have the listeners of a client's events.
 *
 * @param {import('socket.io').Server} io
 */
function serve(io) {
    io.on('connection', (socket) => {
        for (const event of ['subscribe', 'filter', 'consume', 'start', 'stop', 'pause']) {
            socket.on(event, (_, ack) => ack?.(null, null));
        }
        socket.emit('ready', []);
    });
}

module.exports = { serve };
