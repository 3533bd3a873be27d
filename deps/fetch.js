'use strict';

/*
 * Gets the third-party sources.
 *
 * 1. A library's source comes out of a pinned package of the npm registry that happens to carry it. `npm pack` downloads
 *    it, so npm's own settings (registry, proxy, certificates, cache) hold. Its scripts are never run.
 * 2. The tarball must have the sha512 of the table below, whatever a registry says.
 * 3. What is needed of it is unpacked into deps/<library>/, which git ignores, and mended where the table says so. A
 *    stamp in there names the table's entry: as long as it fits, there is nothing to do.
 */

const { spawnSync } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

/**
 * @typedef {Object} Library
 * @property {string} name the folder below deps/
 * @property {string} title what it is, with its own version
 * @property {string} spec package and version
 * @property {string} integrity of the package's tarball
 * @property {string} license SPDX expression
 * @property {string} root the tarball's folder that becomes deps/<name>/
 * @property {string[]} wanted files and folders below root
 * @property {string[]} notices licence texts, below deps/<name>/, for the third-party notices
 * @property {Mend[]} [mends]
 */

/**
 * Code of ours in a library's source, where a defect of it can't be had otherwise.
 *
 * @typedef {Object} Mend
 * @property {string} file below deps/<library>/
 * @property {string} after what stands there, once: it must
 * @property {string} add what comes right behind it
 */

/** @type {Library[]} */
const libraries = [
    {
        name: 'librdkafka',
        title: 'librdkafka 2.15.1',
        spec: '@confluentinc/kafka-javascript@1.10.1',
        integrity: 'sha512-KVePUBn21EqCVP9mfxzEuM3SYJHHEF7X+iiC2e43QQgDSyEaksInmCGooT3w5q+cNAdkSCrK71j0ICfqoSqZLw==',
        license: 'BSD-2-Clause',
        root: 'package/deps/librdkafka',
        wanted: ['src', 'LICENSES.txt'],
        notices: ['LICENSES.txt'],
        mends: [
            {
                // A topic that is made anew begins with leader epoch 0. Metadata of an epoch lower than the one known is taken
                // for outdated, even of another topic id: its partitions were never read again, if their leaders had ever
                // changed before (confluentinc/librdkafka#4898 is the same of producers).
                file: 'src/rdkafka_topic.c',
                after: 'rkt->rkt_topic_id = mdit->topic_id;',
                add: `
                        for (j = 0; j < rkt->rkt_partition_cnt; j++) {
                                rd_kafka_toppar_lock(rkt->rkt_p[j]);
                                rkt->rkt_p[j]->rktp_leader_epoch = -1;
                                rd_kafka_toppar_unlock(rkt->rkt_p[j]);
                        }`,
            },
        ],
    },
    {
        name: 're2',
        title: 'RE2 2025-11-05 and abseil',
        spec: 're2@1.27.1',
        integrity: 'sha512-J0RHubiwH/isNWD2Z+TX+hpVZCkaS/X30KPtYwckK5sjEaW8BRhnd15EPIjBB5GxD174iEVtJmmCoqfErH1qDQ==',
        license: 'BSD-3-Clause AND Apache-2.0',
        root: 'package/vendor',
        wanted: ['re2/re2', 're2/util', 're2/LICENSE', 'abseil-cpp/absl', 'abseil-cpp/LICENSE'],
        notices: ['re2/LICENSE', 'abseil-cpp/LICENSE'],
    },
    {
        name: 'simdjson',
        title: 'simdjson 3.9.4',
        spec: '@nozbe/simdjson@3.9.4',
        integrity: 'sha512-/3oCP8GBpdyeiBMEnuI6S0yl0yekD6Qxfed67hZqU1GIVn3o/vZgE8qANm69THfw7JgHLS9zjx56F/dO3q+koA==',
        license: 'Apache-2.0',
        root: 'package',
        wanted: ['src', 'LICENSE'],
        notices: ['LICENSE'],
    },
    {
        name: 'zstd',
        title: 'zstd 1.5.7',
        spec: 'zstd-napi@0.0.13',
        integrity: 'sha512-ErGF+Ko1PsbooU6oC/sc/diiWKwVa0kd/5AkFSs7kg5kwcEuOtSzOy3xUOadXQlAVNab9TxsxaUk3hOq3cj/lA==',
        license: 'BSD-3-Clause',
        root: 'package/deps/zstd',
        wanted: ['lib', 'LICENSE'],
        notices: ['LICENSE'],
    },
    {
        name: 'node-addon-api',
        title: 'node-addon-api 8.9.2',
        spec: 'node-addon-api@8.9.2',
        integrity: 'sha512-VijLXbi3UACN69I0JVXJsX4tjACjNoQDgv2gTF6sx2wWEi8tkSg2eX8p5gSIFi8z2+DL3oHmY6OyKce38SDolg==',
        license: 'MIT',
        root: 'package',
        wanted: ['napi.h', 'napi-inl.h', 'LICENSE.md'],
        notices: ['LICENSE.md'],
    },
];

/**
 * Runs a program to its end.
 * @param {string} program
 * @param {string[]} args
 * @param {import('child_process').SpawnSyncOptions} [options]
 * @throws {Error} if it can't be started or fails; the message has what it said
 */
function run(program, args, options) {
    const result = spawnSync(program, args, { encoding: 'utf8', ...options });
    if (result.error) throw new Error(`${program} can't be started: ${result.error.message}`);
    if (result.status !== 0) {
        throw new Error(`${program} ${args.join(' ')} failed (${result.signal || result.status})\n${result.stderr || ''}`);
    }
}

/**
 * Downloads a package by npm and checks it.
 * @param {string} spec package and version, exactly
 * @param {string} integrity `sha512-<base64>`
 * @param {string} folder an empty folder to put the tarball in
 * @returns {string} the tarball's path
 */
function download(spec, integrity, folder) {
    // The last ones undo what an `npm pack` or `npm publish` around us may have set.
    const args = ['pack', spec, '--pack-destination', folder, '--ignore-scripts', '--silent', '--dry-run=false', '--json=false'];
    // Inside of `npm run` this is npm's own program; yarn and pnpm put theirs there, which have no such command.
    const npm = process.env.npm_execpath;
    if (npm && /[\\/]npm-cli\.js$/.test(npm)) run(process.execPath, [npm, ...args], { cwd: folder });
    else run('npm', args, { cwd: folder, shell: process.platform === 'win32' });

    const name = fs.readdirSync(folder).find((file) => file.endsWith('.tgz'));
    if (!name) throw new Error(`npm gave no tarball of ${spec}`);
    const tarball = path.join(folder, name);
    const found = 'sha512-' + crypto.createHash('sha512').update(fs.readFileSync(tarball)).digest('base64');
    if (found !== integrity) {
        throw new Error(`${spec} is not what it was: expected ${integrity}, the registry gave ${found}`);
    }
    return tarball;
}

/**
 * Unpacks some of a tarball, its files dated now: make must see that they changed.
 * @param {string} tarball
 * @param {string} root the tarball's folder that becomes `folder`
 * @param {string[]} wanted files and folders below root
 * @param {string} folder
 */
function unpack(tarball, root, wanted, folder) {
    fs.mkdirSync(folder, { recursive: true });
    const members = wanted.map((name) => `${root}/${name}`);
    const strip = root.split('/').length;
    run('tar', ['-x', '-z', '-m', '-o', '-f', tarball, '-C', folder, `--strip-components=${strip}`, ...members]);
}

/**
 * @param {string} folder of a library
 * @param {Mend} mend
 * @throws {Error} the source is not what the mend was made for
 */
function apply(folder, { file, after, add }) {
    const name = path.join(folder, file);
    const parts = fs.readFileSync(name, 'utf8').split(after);
    if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times, not once: ${after}`);
    fs.writeFileSync(name, parts.join(after + add));
}

/**
 * Fetches what is missing or outdated.
 * @param {string} deps the folder to unpack into
 * @param {(line: string) => void} log told of progress
 */
function fetch(deps, log) {
    for (const library of libraries) {
        const folder = path.join(deps, library.name);
        const stamp = path.join(folder, '.fetched');
        const entry = JSON.stringify([library.spec, library.integrity, library.root, library.wanted, library.mends]);
        if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === entry) continue;

        log(`fetching ${library.title} (${library.spec})`);
        const work = fs.mkdtempSync(path.join(deps, '.fetch-'));
        try {
            const tarball = download(library.spec, library.integrity, work);
            const unpacked = path.join(work, 'unpacked');
            unpack(tarball, library.root, library.wanted, unpacked);
            (library.mends ?? []).forEach((mend) => apply(unpacked, mend));
            fs.writeFileSync(path.join(unpacked, '.fetched'), entry);
            fs.rmSync(folder, { recursive: true, force: true });
            fs.renameSync(unpacked, folder);
        } finally {
            fs.rmSync(work, { recursive: true, force: true });
        }
    }
}

module.exports = { libraries, download, unpack, fetch };

if (require.main === module) {
    try {
        fetch(__dirname, (line) => console.error(`kasocki: ${line}`));
    } catch (error) {
        console.error(`kasocki: ${error.message}`);
        process.exitCode = 1;
    }
}
