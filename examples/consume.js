'use strict';

/*
 * A client that asks for each message when it is done with the one before, from the beginning of a partition. Nothing
 * is sent ahead; what it has not asked for waits in Kafka.
 *
 *     node examples/consume.js topic count
 */

const { io } = require('socket.io-client');

const [topic, count] = process.argv.slice(2);
const socket = io(process.env.KASOCKI_URL || 'http://localhost:6927');

/** Emits an event; a promise of its result. */
function ask(event, argument) {
    return new Promise((resolve, reject) => {
        socket.emit(event, argument, (error, result) => (error ? reject(error) : resolve(result)));
    });
}

async function work(message) {
    console.log(`${message._kafka.offset}: ${JSON.stringify(message)}`);
}

socket.once('ready', async () => {
    try {
        await ask('subscribe', [{ topic, partition: 0, offset: -2 }]); // -2: the beginning, -1: the end
        for (let i = 0; i < Number(count); i++) {
            await work(await ask('consume'));
        }
    } catch ({ name, message }) {
        console.error(`${name}: ${message}`);
        process.exitCode = 1;
    }
    socket.disconnect();
});
