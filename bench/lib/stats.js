'use strict';

/**
 * What several runs of the same thing gave.
 *
 * @typedef {{ median: number, least: number, most: number }} Spread
 */

/**
 * @param {number[]} values - at least one
 * @returns {Spread}
 */
function spread(values) {
    const sorted = [...values].sort((a, b) => a - b);
    return { median: middle(sorted), least: sorted[0], most: sorted.at(-1) };
}

/**
 * @param {number[]} values - at least one
 * @returns {number}
 */
function median(values) {
    return spread(values).median;
}

function middle(sorted) {
    const half = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * @param {number[]|Float64Array} values - at least one
 * @param {number} share - 0.99 is the 99th percentile
 * @returns {number} the least value that so large a share of all does not exceed
 */
function percentile(values, share) {
    const sorted = Float64Array.from(values).sort();
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/**
 * The spread of one member of many results.
 *
 * @param {object[]} results
 * @param {string|((result: object) => number)} member
 * @returns {Spread}
 */
function spreadOf(results, member) {
    return spread(results.map((result) => (typeof member === 'function' ? member(result) : result[member])));
}

module.exports = { median, percentile, spread, spreadOf };
