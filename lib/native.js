'use strict';

/*
 * Loads the native part: the one that was built here, else the prebuilt one of this platform.
 */

const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');

/**
 * @returns {boolean} whether this Node runs on musl libc (Alpine); its program header names the dynamic linker
 */
function isMusl() {
    if (process.platform !== 'linux') return false;
    const head = Buffer.alloc(4096);
    const file = fs.openSync(process.execPath, 'r');
    try {
        fs.readSync(file, head, 0, head.length, 0);
    } finally {
        fs.closeSync(file);
    }
    return head.includes('/ld-musl-');
}

/**
 * @returns {import('./native')} the addon's exports
 * @throws {Error} `ERR_KASOCKI_NO_BINARY` if there is no binary for this platform, or it can't be loaded
 */
function load() {
    const platform = `${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`;
    const isCheckout = fs.existsSync(path.join(root, 'binding.gyp'));
    const command = isCheckout ? 'npm run build' : 'npx kasocki-build';
    const advice = `\`${command}\` builds one from source (it needs a C++20 compiler, make and Python 3)`;
    const binary = [
        'build/Release/kasocki.node', // of a checkout
        'native/build/Release/kasocki.node', // of kasocki-build
        `prebuilds/${platform}/kasocki.node`,
    ].map((name) => path.join(root, name)).find((name) => fs.existsSync(name));

    let problem;
    let cause;
    if (!binary) {
        problem = `kasocki has no binary for ${platform}`;
    } else {
        try {
            return require(binary);
        } catch (error) {
            problem = `kasocki's binary for ${platform} does not load (${error.message})`;
            cause = error;
        }
    }
    throw Object.assign(new Error(`${problem}: ${advice}`, { cause }), { code: 'ERR_KASOCKI_NO_BINARY' });
}

const native = load();
// No thread of ours may run while the process takes itself apart.
process.on('exit', native.shutDown);

module.exports = native;
