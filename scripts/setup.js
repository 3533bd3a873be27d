'use strict';

/*
 * Makes a checkout ready to run: installs npm packages, fetches and builds the native part. Runs before `npm test` and
 * `npm run demo`, so that each works straight after a clone; what is done already costs a moment only.
 */

const { spawnSync } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { build } = require('./build');

const root = path.join(__dirname, '..');

/** @param {string} line */
function log(line) {
    console.error(`kasocki: ${line}`);
}

/**
 * Installs the packages of package-lock.json unless they are there. No script of theirs is run.
 * @throws {Error} if npm fails
 */
function install() {
    const stamp = path.join(root, 'node_modules/.kasocki-setup');
    const lock = fs.readFileSync(path.join(root, 'package-lock.json'));
    const wanted = crypto.createHash('sha256').update(lock).digest('hex');
    if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
    log('installing npm packages');
    const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-progress'], {
        cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32',
    });
    if (result.error) throw new Error(`npm can't be started: ${result.error.message}`);
    if (result.status !== 0) throw new Error('npm ci failed');
    fs.writeFileSync(stamp, wanted);
}

try {
    install();
    build({ log });
} catch (error) {
    log(error.message);
    process.exitCode = 1;
}
