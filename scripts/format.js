'use strict';

/*
 * Formats our C and C++ sources by clang-format; with --check only tells what is not formatted.
 */

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');

/**
 * @param {string} folder
 * @returns {string[]} C and C++ files in it
 */
function sources(folder) {
    if (!fs.existsSync(folder)) return [];
    return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const name = path.join(folder, entry.name);
        if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sources(name);
        return /\.(c|cc|h)$/.test(entry.name) ? [name] : [];
    });
}

const files = ['src', 'test', 'bench'].flatMap((folder) => sources(path.join(root, folder)));
const mode = process.argv.includes('--check') ? ['--dry-run', '-Werror'] : ['-i'];
const result = spawnSync('clang-format', [...mode, ...files], { stdio: 'inherit' });
if (result.error) console.error(`clang-format can't be started: ${result.error.message}`);
process.exitCode = result.status === 0 ? 0 : 1;
