'use strict';

const { execFile } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '../..');

/**
 * Runs the body of an async function in a Node of its own, with the tests' helpers as `support`, for tests of what a process writes
 * and how it ends.
 *
 * @param {string} body
 * @returns {Promise<{ stdout: string, stderr: string, code: number }>}
 */
function spawnNode(body) {
    const program = `
        const support = { ...require('./test/support/kasocki.js'), ...require('./test/support/server.js') };
        (async () => {${body}})().catch((error) => {
            console.error(error);
            process.exit(1);
        });`;
    return new Promise((resolve) => {
        execFile(process.execPath, ['-e', program], { cwd: ROOT, timeout: 50000 }, (error, stdout, stderr) => {
            resolve({ stdout, stderr, code: error ? error.code ?? -1 : 0 });
        });
    });
}

module.exports = { spawnNode };
