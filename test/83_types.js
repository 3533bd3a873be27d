'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');

const root = path.join(__dirname, '..');

/**
 * @param {string[]} names of samples in types/
 * @param {object} options of the compiler
 * @return {string} what the compiler has to say
 */
function compile(names, options) {
    const program = ts.createProgram(names.map((name) => path.join(__dirname, 'types', name)), {
        noEmit: true,
        strict: true,
        esModuleInterop: true,
        target: ts.ScriptTarget.ES2022,
        typeRoots: [path.join(root, 'node_modules', '@types')],
        types: ['node'],
        ...options
    });
    return ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), {
        getCanonicalFileName: (fileName) => fileName,
        getCurrentDirectory: () => root,
        getNewLine: () => '\n'
    });
}

describe('type declarations', function () {
    this.timeout(120000);

    it('fit a sample of the whole API, by import and by require()', () => {
        const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
        assert.strictEqual(compile(['sample.ts', 'sample.cts', 'sample.mts'], options), '');
    });

    it('fit it with the older module resolution, too', () => {
        assert.strictEqual(compile(['sample.ts'], {
            module: ts.ModuleKind.CommonJS,
            moduleResolution: ts.ModuleResolutionKind.Node10,
            paths: { kasocki: [path.join(root, 'lib', 'index.d.ts')] },
            skipLibCheck: true
        }), '');
    });

    it('name what index.js and index.mjs export', () => {
        const text = fs.readFileSync(path.join(root, 'lib', 'index.d.ts'), 'utf8');
        const declared = [...text.matchAll(/^ {4}export (?:class|function) (\w+)/gm)].map(([, name]) => name).sort();
        const module = fs.readFileSync(path.join(root, 'lib', 'index.mjs'), 'utf8');
        const exported = /export const \{([^}]*)\}/.exec(module)[1].split(',').map((name) => name.trim()).sort();
        assert.deepStrictEqual(exported, declared);
        const { classes } = require('../lib/errors');
        const moduleTypes = fs.readFileSync(path.join(root, 'lib', 'index.d.mts'), 'utf8');
        const listed = [...moduleTypes.matchAll(/^ {4}(\w+)/gm)].map(([, name]) => name).sort();
        const types = [...text.matchAll(/^ {4}export (?:interface|type) (\w+)/gm)].map(([, name]) => name);
        assert.deepStrictEqual(listed, [...declared, ...types].sort());
        assert.deepStrictEqual(['close', 'createMatcher', 'metrics', 'stats', ...Object.keys(classes)].sort(), declared);
    });
});
