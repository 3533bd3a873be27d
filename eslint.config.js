'use strict';

const js = require('@eslint/js');

const shared = {
    console: 'readonly', setTimeout: 'readonly', clearTimeout: 'readonly', setInterval: 'readonly', clearInterval: 'readonly',
    queueMicrotask: 'readonly', URL: 'readonly', URLSearchParams: 'readonly', TextEncoder: 'readonly', TextDecoder: 'readonly',
    AbortController: 'readonly', structuredClone: 'readonly', performance: 'readonly', fetch: 'readonly',
};
const node = {
    ...shared, Buffer: 'readonly', process: 'readonly', setImmediate: 'readonly', clearImmediate: 'readonly', global: 'readonly',
    globalThis: 'readonly',
};
const commonjs = { ...node, require: 'readonly', module: 'writable', exports: 'writable', __dirname: 'readonly', __filename: 'readonly' };
const mocha = {
    describe: 'readonly', it: 'readonly', before: 'readonly', after: 'readonly', beforeEach: 'readonly', afterEach: 'readonly',
};
const browser = { ...shared, window: 'readonly', document: 'readonly', location: 'readonly', io: 'readonly' };

module.exports = [
    { ignores: ['build/', 'native/', 'prebuilds/', 'deps/*/', '**/node_modules/'] },
    js.configs.recommended,
    {
        rules: {
            'eqeqeq': 'error',
            'no-unused-vars': ['error', { args: 'after-used', caughtErrors: 'all' }],
            'no-var': 'error',
            'prefer-const': 'error',
            'strict': ['error', 'safe'],
            'max-len': ['error', { code: 150, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
            'no-control-regex': 'off',
            'preserve-caught-error': 'off',
            'semi': 'error',
            'indent': ['error', 4, { SwitchCase: 1, flatTernaryExpressions: true }],
            'quotes': ['error', 'single', { avoidEscape: true, allowTemplateLiterals: true }],
        },
    },
    { files: ['**/*.js'], languageOptions: { sourceType: 'commonjs', ecmaVersion: 2022, globals: commonjs } },
    { files: ['**/*.mjs'], languageOptions: { sourceType: 'module', ecmaVersion: 2022, globals: node } },
    { files: ['test/**/*.js'], languageOptions: { globals: mocha } },
    { files: ['**/public/**/*.js'], languageOptions: { sourceType: 'script', ecmaVersion: 2022, globals: browser } },
];
