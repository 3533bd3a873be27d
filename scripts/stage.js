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
 * Makes a copy. A file that is the same already is left alone and a changed one is dated now, so that make sees what to do.
 * @param {string} from a file or folder
 * @param {string} to
 */
function mirror(from, to) {
    if (fs.statSync(from).isDirectory()) {
        const names = fs.readdirSync(from);
        fs.mkdirSync(to, { recursive: true });
        for (const name of fs.readdirSync(to)) {
            if (!names.includes(name)) fs.rmSync(path.join(to, name), { recursive: true });
        }
        for (const name of names) mirror(path.join(from, name), path.join(to, name));
        return;
    }
    const content = fs.readFileSync(from);
    if (!fs.existsSync(to) || !fs.readFileSync(to).equals(content)) fs.writeFileSync(to, content);
}

/**
 * Makes `folder` hold what is in the checkout now. What was fetched or built there stays.
 * @param {string} folder
 */
function stage(folder) {
    fs.mkdirSync(path.join(folder, 'deps'), { recursive: true });
    for (const name of contents()) mirror(path.join(root, name), path.join(folder, name));
}

module.exports = { stage };
