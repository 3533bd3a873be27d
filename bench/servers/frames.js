'use strict';

const { augmented } = require('../lib/records.js');

const FRAMES = 64;
/** Packets under way at a time. */
const AHEAD = 8;

/**
 * What a client can take: frames that are ready in memory, as many as it reads.
 *
 * @param {import('socket.io').Server} io
 * @param {{ topic: string, text: string }} options - the record's text; the message is as long as Kasocki's
 */
function serve(io, { topic, text }) {
    const message = augmented({ value: text, topic, partition: 0, offset: 100000, timestamp: Date.now(), key: null });
    const packet = Buffer.from(`42${JSON.stringify(['message', message])}`);
    const head = Buffer.from([0x81, 126, packet.length >> 8, packet.length & 0xff]);
    const frames = Buffer.concat(Array.from({ length: FRAMES }, () => [head, packet]).flat());
    io.on('connection', (socket) => {
        socket.on('subscribe', (_, ack) => ack(null, []));
        socket.on('start', () => {
            const send = () => {
                if (socket.connected) {
                    socket.conn.send('2', { wsPreEncodedFrame: [frames], compress: false }, () => setImmediate(send));
                }
            };
            for (let i = 0; i < AHEAD; i++) {
                send();
            }
        });
        socket.emit('ready', []);
    });
}

module.exports = { serve };
