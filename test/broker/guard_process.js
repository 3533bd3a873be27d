'use strict';

// The process that stands between a test run and what it starts.
//
// However a test run ends (its end, an exception, Ctrl-C, kill -9), the operating system closes the IPC channel to
// this process. That is the signal on which everything goes: the programs started here, by their own process ids, the
// command given for the end, and the temporary folder. The guard is forked detached, in a session of its own, so that
// a Ctrl-C in the terminal reaches the tests only and the order of events stays the same.
//
// Messages in:   { run, command, args, env, log }   start a program; `run` is the number it goes by
//                { signal, run }                    send it a signal
//                { atEnd: { command, args, env } }  run this when the test run is over
// Messages out:  { folder }                         the temporary folder, at the start
//                { ended: run, code, signal, error }

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** The programs alive, by number. */
const running = new Map();
/** Commands to carry out at the end. */
const atEnd = [];
let ending = false;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kasocki-test-'));

/** A message to the test run, which may be gone already: then `disconnect` is on its way. */
function tell(message) {
    if (process.connected) {
        process.send(message, () => {});
    }
}

function start({ run, command, args, env, log }) {
    if (ending) {
        return;
    }
    const output = fs.openSync(log, 'a');
    const child = spawn(command, args, {
        cwd: folder,
        env: { ...process.env, ...env },
        stdio: ['ignore', output, output],
    });
    fs.closeSync(output);
    running.set(run, child);
    const ended = (code, signal, error) => {
        if (running.delete(run)) {
            tell({ ended: run, code, signal, error: error && error.message });
        }
        finish();
    };
    child.on('error', (error) => ended(null, null, error));
    child.on('exit', (code, signal) => ended(code, signal));
}

function end() {
    if (ending) {
        return;
    }
    ending = true;
    for (const child of running.values()) {
        child.kill('SIGKILL');
    }
    finish();
}

/** Goes on to the last steps once no program is left to write into the folder. */
function finish() {
    if (!ending || running.size > 0) {
        return;
    }
    for (const { command, args, env } of atEnd) {
        spawnSync(command, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
    }
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    process.exit(0);
}

process.on('message', (message) => {
    if (message.atEnd) {
        atEnd.push(message.atEnd);
    } else if (message.signal) {
        const child = running.get(message.run);
        if (child) {
            child.kill(message.signal);
        }
    } else {
        start(message);
    }
});
process.on('disconnect', end);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, end);
}

tell({ folder });
