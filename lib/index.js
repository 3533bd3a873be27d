'use strict';

const { classes } = require('./errors');
const { Kasocki } = require('./kasocki');
const { createMatcher } = require('./matcher');
const { metrics } = require('./metrics');
const { close } = require('./shutdown');
const { stats } = require('./stats');

Object.assign(Kasocki, { createMatcher, stats, metrics, close });
Object.assign(Kasocki, classes);

// For `const { Kasocki } = require('kasocki')` and for transpiled imports.
Kasocki.Kasocki = Kasocki;
Kasocki.default = Kasocki;

module.exports = Kasocki;
