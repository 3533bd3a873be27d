'use strict';

const { AlreadyClosingError } = require('./errors');
const { ending, hubs } = require('./hub');
const { registry } = require('./registry');

/** The longest time that a timer takes. */
const LONG = 2 ** 31 - 1;

/** The close() that is under way. */
let closing;

/**
 * Ends everything of this process (of this worker thread, rather): sockets get `err` (AlreadyClosingError) and lose their
 * transport, so that their clients reconnect to whoever serves then; hubs end with their threads and connections. A
 * Kasocki made meanwhile fails in the same way; one made afterwards begins anew.
 *
 * @return {Promise<void>} resolves when all hubs are gone; never rejects
 */
function close() {
    closing ??= closeAll().finally(() => {
        closing = undefined;
    });
    return closing;
}

async function closeAll() {
    registry.closing = true;
    // Hubs do not keep the process alive, but who waits for their end shall see it.
    const hold = setInterval(() => {}, LONG);
    for (const resident of [...registry.residents]) {
        resident.end(new AlreadyClosingError('The server is closing'));
    }
    for (const hub of [...hubs.values()]) {
        hub.close();
    }
    await Promise.all([...ending].map(({ closed }) => closed));
    clearInterval(hold);
    registry.closing = false;
}

module.exports = { close };
