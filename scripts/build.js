#!/usr/bin/env node
'use strict';

/*
 * Builds the native part: third-party sources, their libraries, the addon. Only what is new is done.
 *
 * In a checkout it builds there, to build/Release/kasocki.node. In an installed package (`npx kasocki-build`) it builds
 * the copy of the sources in native/. It needs a C++20 compiler, make, Python 3 (for node-gyp), tar and npm.
 */

const { spawnSync } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');

const packageRoot = path.join(__dirname, '..');

/** The version of node-gyp that an installed package gets if there is none at hand. */
const NODE_GYP = 'node-gyp@12.4.0';

/**
 * Where binding.gyp and the sources are.
 * @returns {string}
 */
function nativeRoot() {
    return fs.existsSync(path.join(packageRoot, 'binding.gyp')) ? packageRoot : path.join(packageRoot, 'native');
}

/**
 * How to run node-gyp: our own in a checkout, npm's own inside of `npm run` and `npx`, else one fetched by npm.
 * @returns {string[]} program and first arguments
 */
function nodeGyp() {
    try {
        return [process.execPath, require.resolve('node-gyp/bin/node-gyp.js', { paths: [packageRoot] })];
    } catch {
        const npms = process.env.npm_config_node_gyp;
        if (npms && fs.existsSync(npms)) return [process.execPath, npms];
        return ['npm', 'exec', '--yes', `--package=${NODE_GYP}`, '--', 'node-gyp'];
    }
}

/**
 * The folder whose include/node has this Node's headers, if it was installed with them: then nothing is downloaded.
 * @returns {string|undefined}
 */
function nodeHeaders() {
    const folder = path.join(path.dirname(fs.realpathSync(process.execPath)), '..');
    try {
        const header = fs.readFileSync(path.join(folder, 'include/node/node_version.h'), 'utf8');
        const part = (name) => new RegExp(`define NODE_${name}_VERSION (\\d+)`).exec(header)[1];
        const version = `v${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}`;
        return version === process.version ? folder : undefined;
    } catch {
        return undefined;
    }
}

/**
 * @param {string} root
 * @returns {string} a digest of all that node-gyp makes the build's rules of
 */
function fingerprint(root, args) {
    const hash = crypto.createHash('sha256');
    hash.update(JSON.stringify([process.version, process.arch, args]));
    const deps = fs.readdirSync(path.join(root, 'deps')).filter((name) => /\.gypi?$/.test(name)).sort();
    for (const name of ['binding.gyp', ...deps.map((dep) => `deps/${dep}`)]) {
        hash.update(name).update(fs.readFileSync(path.join(root, name)));
    }
    return hash.digest('hex');
}

/**
 * @param {string[]} command program and arguments
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} env
 * @throws {Error} if it can't be started or fails; what it said is on the screen (stderr)
 */
function run(command, cwd, env) {
    const [program, ...args] = command;
    const result = spawnSync(program, args, { cwd, env, stdio: ['ignore', 2, 2] });
    if (result.error) throw new Error(`${program} can't be started: ${result.error.message}`);
    if (result.status !== 0) throw new Error(`the build failed (${program}: ${result.signal || result.status})`);
}

/**
 * @param {Object} [options]
 * @param {string} [options.root] the folder with binding.gyp
 * @param {(line: string) => void} [options.log] told of progress
 * @param {string[]} [options.configure] arguments for `node-gyp configure`
 * @param {NodeJS.ProcessEnv} [options.env] environment of the tools
 * @returns {string} path of the addon
 * @throws {Error} if a step fails
 */
function build({ root = nativeRoot(), log = () => {}, configure, env = process.env } = {}) {
    if (process.platform === 'win32') throw new Error('the native part is built on Linux and macOS only');
    require(path.join(root, 'deps/fetch.js')).fetch(path.join(root, 'deps'), log);

    const headers = nodeHeaders();
    const args = configure || (headers ? [`--nodedir=${headers}`] : []);
    const stamp = path.join(root, 'build/configured');
    const wanted = fingerprint(root, args);
    if (!fs.existsSync(stamp) || fs.readFileSync(stamp, 'utf8') !== wanted) {
        log('configuring');
        run([...nodeGyp(), 'configure', '--loglevel=warn', ...args], root, env);
        fs.writeFileSync(stamp, wanted);
    }

    const addon = path.join(root, 'build/Release/kasocki.node');
    if (!fs.existsSync(addon)) log('compiling: a few minutes the first time, seconds afterwards');
    const jobs = String(os.availableParallelism ? os.availableParallelism() : os.cpus().length);
    // Without the flags of a make or an npm that may be around us.
    const makeEnv = { ...env, BUILDTYPE: 'Release', MAKEFLAGS: '' };
    run(['make', '-s', '--no-print-directory', '-C', 'build', '-j', jobs], root, makeEnv);
    return addon;
}

module.exports = { build, nodeHeaders };

const USAGE = `Usage: kasocki-build

Compiles Kasocki's native part for this machine and this Node.js, into the installed package.
It needs a C++20 compiler, make, Python 3, tar and npm, and fetches pinned sources from npm's registry.
`;

function main() {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
    if (values.help) {
        process.stdout.write(USAGE);
        return;
    }
    const addon = build({ log: (line) => console.error(`kasocki: ${line}`) });
    console.error(`kasocki: built ${path.relative(process.cwd(), addon)}`);
}

if (require.main === module) {
    try {
        main();
    } catch (error) {
        console.error(`kasocki: ${error.message}`);
        process.exitCode = 1;
    }
}
