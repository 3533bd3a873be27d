'use strict';

/*
 * Prints the package's bill of materials (SBOM), CycloneDX 1.5 as JSON: what `npm sbom` says of the npm packages that it
 * needs, and the third-party sources that are compiled into the addon, as deps/fetch.js pins them.
 */

const { spawnSync } = require('child_process');
const path = require('path');
const { libraries } = require('../deps/fetch');

const root = path.join(__dirname, '..');

/**
 * @param {import('../deps/fetch').Library} library
 * @returns {Object} a component of CycloneDX. The hash is that of the tarball that the sources come out of
 */
function componentOf({ name, title, spec, integrity, license, mends = [] }) {
    const [, version] = /^\S+ (\S+)/.exec(title);
    const content = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
    const at = spec.lastIndexOf('@');
    return {
        'bom-ref': `native/${name}`,
        type: 'library',
        name,
        version,
        description: `${title}, compiled into the addon`,
        licenses: [{ expression: license }],
        externalReferences: [{
            type: 'distribution',
            url: `https://www.npmjs.com/package/${spec.slice(0, at)}/v/${spec.slice(at + 1)}`,
            hashes: [{ alg: 'SHA-512', content }],
        }],
        ...mends.length > 0 && { pedigree: { notes: `Lines are added to ${mends.map(({ file }) => file).join(', ')}, see deps/fetch.js` } },
    };
}

/**
 * @returns {Object} the bill
 * @throws {Error} if npm fails
 */
function sbom() {
    const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'library', '--package-lock-only', '--omit', 'dev'];
    const result = spawnSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
    if (result.status !== 0) throw new Error(`npm sbom failed: ${result.error ? result.error.message : result.stderr}`);
    const bill = JSON.parse(result.stdout);
    const { name } = require('../package.json');
    const self = bill.metadata.component;
    self.name = name; // npm gives the folder's
    const native = libraries.map(componentOf);
    bill.components.push(...native);
    bill.dependencies.find(({ ref }) => ref === self['bom-ref']).dependsOn.push(...native.map((library) => library['bom-ref']));
    bill.dependencies.push(...native.map((library) => ({ ref: library['bom-ref'], dependsOn: [] })));
    return bill;
}

module.exports = { sbom };

if (require.main === module) {
    try {
        console.log(JSON.stringify(sbom(), null, 2));
    } catch (error) {
        console.error(`kasocki: ${error.message}`);
        process.exitCode = 1;
    }
}
