'use strict';

/*
 * What `npm pack` and `npm publish` do first, and with --clean afterwards: the package holds files that a checkout does
 * not have.
 *
 * 1. prebuilds/linux-x64/kasocki.node, up to date.
 * 2. native/: the sources for a build on other platforms. They are not at the package's root, where yarn and pnpm would
 *    see the binding.gyp and compile at once.
 * 3. THIRD-PARTY-NOTICES.txt: the licences of what is in the binary.
 * 4. sbom.cdx.json: the bill of materials.
 */

const fs = require('fs');
const path = require('path');
const { libraries } = require('../deps/fetch');
const { prebuild } = require('./prebuild');
const { sbom } = require('./sbom');
const { stage } = require('./stage');

const root = path.join(__dirname, '..');
const native = path.join(root, 'native');
const notices = path.join(root, 'THIRD-PARTY-NOTICES.txt');
const bill = path.join(root, 'sbom.cdx.json');

/**
 * @param {string} deps the folder with the fetched libraries
 * @returns {string} their names, licences and licence texts
 */
function noticesText(deps) {
    const rule = '='.repeat(80);
    const parts = libraries.map((library) => {
        const texts = library.notices.map((name) => fs.readFileSync(path.join(deps, library.name, name), 'utf8').trim());
        return [rule, `${library.title} (${library.license}), from ${library.spec} of the npm registry`, rule, '',
            ...texts].join('\n');
    });
    return ['kasocki\'s native part contains the following software.', '', ...parts, ''].join('\n');
}

function clean() {
    fs.rmSync(native, { recursive: true, force: true });
    fs.rmSync(notices, { force: true });
    fs.rmSync(bill, { force: true });
}

try {
    clean();
    if (!process.argv.includes('--clean')) {
        prebuild('linux-x64');
        stage(native);
        fs.writeFileSync(notices, noticesText(path.join(root, 'build/prebuild/linux-x64/deps')));
        fs.writeFileSync(bill, `${JSON.stringify(sbom(), null, 2)}\n`);
    }
} catch (error) {
    console.error(`kasocki: ${error.message}`);
    process.exitCode = 1;
}
