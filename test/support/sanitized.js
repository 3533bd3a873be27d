'use strict';

// For `mocha --require`: puts the addon that KASOCKI_TEST_BINARY names in the place of the one in build/Release. It is how
// the tests run on an addon compiled with sanitizers (test/core/Makefile).

const path = require('node:path');

const module_ = { exports: {} };
process.dlopen(module_, process.env.KASOCKI_TEST_BINARY);
const binary = path.join(__dirname, '../../build/Release/kasocki.node');
require.cache[binary] = { id: binary, filename: binary, loaded: true, exports: module_.exports };
