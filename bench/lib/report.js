'use strict';

// From the results of takeTurns() to rows and ratios.

const { spreadOf } = require('./stats.js');

/** What takeTurns() gives for one way. @typedef {object[] | { missing: string }} Taken */

/**
 * Rows of a table.
 *
 * @param {Map<string, Taken>} taken
 * @param {import('./table.js').Cell[]} label - the cells before the way's name
 * @param {Array<string|((result: object) => number)>} members - a cell each: the spread of a member, or of what is made of a result
 * @returns {import('./table.js').Cell[][]}
 */
function rows(taken, label, members) {
    return [...taken].map(([name, results]) => (Array.isArray(results)
        ? [...label, name, ...members.map((member) => cellOf(results, member))]
        : [...label, `${name} (${results.missing})`, ...members.map(() => null)]));
}

/** A spread; null where a result lacks the member. */
function cellOf(results, member) {
    const cell = spreadOf(results, member);
    return Number.isFinite(cell.median) ? cell : null;
}

/**
 * @param {?Taken} results
 * @param {string|((result: object) => number)} member
 * @returns {number} NaN where there are no results
 */
function medianOf(results, member) {
    return Array.isArray(results) ? spreadOf(results, member).median : NaN;
}

/**
 * @param {?Taken} one
 * @param {?Taken} other
 * @param {string} member
 * @returns {number} of medians; NaN where one of them is missing
 */
function ratio(one, other, member) {
    return medianOf(one, member) / medianOf(other, member);
}

module.exports = { medianOf, ratio, rows };
