'use strict';

// Tables as Markdown, which is readable on a terminal as well. Cells are text, numbers, spreads, or null for what was not measured.

const NUMBER = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/**
 * @typedef {string|number|null|import('./stats.js').Spread} Cell
 * @typedef {{ title: string, note?: string, columns: string[], rows: Cell[][] }} Table
 */

/**
 * @param {number} value
 * @returns {string} with three significant digits, large ones whole
 */
function showNumber(value) {
    return Math.abs(value) >= 1000 ? WHOLE.format(Number(value.toPrecision(3))) : NUMBER.format(value);
}

/**
 * @param {Cell} cell
 * @returns {string}
 */
function show(cell) {
    if (cell === null || cell === undefined) {
        return '–';
    }
    if (typeof cell === 'number') {
        return showNumber(cell);
    }
    if (typeof cell === 'object') {
        return `${showNumber(cell.median)} (${showNumber(cell.least)} to ${showNumber(cell.most)})`;
    }
    return cell;
}

/**
 * @param {Table} table
 * @returns {string} its title is not in it
 */
function toMarkdown({ columns, rows }) {
    const line = (cells) => `| ${cells.join(' | ')} |\n`;
    const isText = (column) => rows.every((row) => typeof row[column] === 'string');
    const rule = columns.map((_, column) => (isText(column) ? '---' : '---:'));
    return line(columns) + line(rule) + rows.map((row) => line(row.map(show))).join('');
}

module.exports = { show, showNumber, toMarkdown };
