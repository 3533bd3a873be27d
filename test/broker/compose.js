'use strict';

const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');

const Guard = require('./guard.js');
const { freePort } = require('./ports.js');
const { ready } = require('./ready.js');

const run = promisify(execFile);
const FILE = path.join(__dirname, '..', '..', 'docker-compose.yml');
/** How long the engine may take to say that it is there, ms. */
const ENGINE_TIMEOUT = 10000;
/** How long the broker may take until it answers, its image's first download included, ms. */
const START_TIMEOUT = 300000;

/**
 * Starts Kafka by docker compose.
 *
 * @param {(line: string) => void} progress
 * @returns {Promise<{ brokers: string, close: () => Promise<void> }>}
 * @throws {Error} where no engine answers, or the broker did not
 */
async function startCompose(progress) {
    try {
        await run('docker', ['compose', 'version'], { timeout: ENGINE_TIMEOUT });
        await run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: ENGINE_TIMEOUT });
    } catch (error) {
        const missing = error.code === 'ENOENT';
        throw new Error(missing ? 'docker is not installed' : 'docker compose is missing, or no engine answers');
    }
    const port = await freePort();
    const env = { KASOCKI_KAFKA_PORT: String(port) };
    const guard = await Guard.start();
    const compose = ['compose', '-p', `kasocki-test-${port}`, '-f', FILE];
    progress('starting docker compose (the first time it downloads the image)');
    guard.atEnd('docker', [...compose, 'down', '--volumes', '--timeout', '0'], env);
    const program = guard.run('docker', [...compose, 'up', '--no-color'], { env, log: 'compose.log' });
    const brokers = `127.0.0.1:${port}`;
    if (!(await ready(brokers, START_TIMEOUT, () => program.alive))) {
        await guard.close();
        throw new Error(`docker compose did not start Kafka:\n${program.tail()}`);
    }
    return { brokers, close: () => guard.close() };
}

module.exports = { startCompose };
