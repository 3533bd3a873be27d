'use strict';

/** The environment for what is not ours: without a sanitizer's runtime, which the tests' own processes may have loaded (test/sanitizers/mocha.js). */
module.exports = { ...process.env, LD_PRELOAD: '', NODE_OPTIONS: '' };
