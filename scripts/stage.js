'use strict';

/*
 * Copies what a build from source needs into a folder: our own sources, the build files and the fetch step. The package
 * carries such a copy as native/; the prebuilt binaries are made from one.
 */

const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');

/**
 * @returns {string[]} files and folders, relative to the checkout
 */
function contents() {
    const { libraries } = require('../deps/fetch');
    const fetched = new Set(libraries.map((library) => library.name));
    const deps = fs.readdirSync(path.join(root, 'deps')).filter((name) => !fetched.has(name) && !name.startsWith('.'));
    return ['binding.gyp', 'src', ...deps.map((name) => `deps/${name}`)];
}

/**
 * Makes `folder` hold what is in the checkout now. Files keep their dates, so that a build there goes on from what it
 * has compiled; what was fetched or built there stays.
 * @param {string} folder
 */
function stage(folder) {
    for (const name of contents()) {
        const to = path.join(folder, name);
        fs.rmSync(to, { recursive: true, force: true });
        fs.cpSync(path.join(root, name), to, { recursive: true, preserveTimestamps: true });
    }
}

module.exports = { stage };
