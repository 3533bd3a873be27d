'use strict';

/** What assignments say at the border to the core (native.d.ts), instead of a partition's number and an offset. */

const ALL_PARTITIONS = -1;
const END = -1;
const BEGINNING = -2;

/** The largest number of a partition. */
const MAX_PARTITION = 2 ** 31 - 1;

module.exports = { ALL_PARTITIONS, BEGINNING, END, MAX_PARTITION };
