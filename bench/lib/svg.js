'use strict';

// A plot of lines as an SVG of its own: axes with ticks, points, a legend. Nothing is interactive, nothing is loaded.

const { showNumber } = require('./table.js');

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 70;
const RIGHT = 40;
const TOP = 50;
const BOTTOM = 55;
/** A line of the legend, below all else. */
const LEGEND = 20;
/** Told apart by those who see no red or green as well. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const TICKS = 5;

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/**
 * One axis: where a value stands, and which values are written.
 *
 * @param {number[]} values
 * @param {boolean} log
 * @returns {{ at(value: number): number, ticks: number[] }} `at` gives 0 to 1
 */
function axis(values, log) {
    if (log) {
        const low = Math.floor(Math.log10(Math.min(...values)));
        const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
        const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
        return { at: (value) => (Math.log10(value) - low) / (high - low), ticks };
    }
    const most = Math.max(...values, Number.MIN_VALUE);
    const magnitude = 10 ** Math.floor(Math.log10(most / TICKS));
    const step = [1, 2, 5, 10].map((n) => n * magnitude).find((n) => n * TICKS >= most);
    const ticks = Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
    return { at: (value) => value / ticks.at(-1), ticks };
}

/**
 * @param {import('./bench.js').Plot} plot
 * @returns {string} the SVG
 */
function toSvg({ title, x, y, logX = false, logY = false, lines }) {
    const points = lines.flatMap((line) => line.points);
    const horizontal = axis(points.map(([value]) => value), logX);
    const vertical = axis(points.map(([, value]) => value), logY);
    const across = (value) => LEFT + horizontal.at(value) * (WIDTH - LEFT - RIGHT);
    const down = (value) => HEIGHT - BOTTOM - vertical.at(value) * (HEIGHT - TOP - BOTTOM);
    const round = (value) => Number(value.toFixed(1));
    const text = (at, downAt, content, more = '') => `<text x="${round(at)}" y="${round(downAt)}" ${more}>${escape(content)}</text>`;
    const stroke = (x1, y1, x2, y2, colour) =>
        `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${colour}"/>`;
    const whole = HEIGHT + lines.length * LEGEND;
    const parts = [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${whole}" font-family="sans-serif" font-size="13" fill="#222222">`,
        `<rect width="${WIDTH}" height="${whole}" fill="#ffffff"/>`,
        text(LEFT, 24, title, 'font-size="16" font-weight="bold"'),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x, 'text-anchor="middle"'),
        text(0, 0, y, `transform="translate(18 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle"`),
    ];
    for (const tick of horizontal.ticks) {
        parts.push(stroke(across(tick), TOP, across(tick), HEIGHT - BOTTOM, '#e0e0e0'));
        parts.push(text(across(tick), HEIGHT - BOTTOM + 18, showNumber(tick), 'text-anchor="middle"'));
    }
    for (const tick of vertical.ticks) {
        parts.push(stroke(LEFT, down(tick), WIDTH - RIGHT, down(tick), '#e0e0e0'));
        parts.push(text(LEFT - 8, down(tick) + 4, showNumber(tick), 'text-anchor="end"'));
    }
    lines.forEach(({ name, points: own }, i) => {
        const colour = COLOURS[i % COLOURS.length];
        const path = own.map(([at, value]) => `${round(across(at))},${round(down(value))}`);
        parts.push(`<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
        parts.push(...path.map((point) => `<circle cx="${point.split(',')[0]}" cy="${point.split(',')[1]}" r="3.5" fill="${colour}"/>`));
        const row = HEIGHT + i * LEGEND;
        parts.push(`<rect x="${LEFT}" y="${row - 2}" width="12" height="12" fill="${colour}"/>`, text(LEFT + 20, row + 9, name));
    });
    return `${parts.join('\n')}\n</svg>\n`;
}

module.exports = { toSvg };
