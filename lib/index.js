'use strict';

const { classes } = require('./errors');
const { Kasocki } = require('./kasocki');
const { createMatcher } = require('./matcher');

Kasocki.createMatcher = createMatcher;
Object.assign(Kasocki, classes);

// For `const { Kasocki } = require('kasocki')` and for transpiled imports.
Kasocki.Kasocki = Kasocki;
Kasocki.default = Kasocki;

module.exports = Kasocki;
