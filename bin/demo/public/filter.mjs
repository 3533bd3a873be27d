/*
 * What stands in the filter's box. A text that begins with `{` or `[` is JSON: the object language, or an array of
 * filters. Everything else is an expression.
 */

/** How many characters of an expression are shown on each side of a fault. */
const AROUND = 32;

/**
 * @param {string} text
 * @return {{filter: object|Array|string|null, error: string}} null: none; an error is '' or says what is wrong, as far as
 *     a page can tell: the server has the last word
 */
export function readFilter(text) {
    const trimmed = text.trim();
    if (trimmed === '') {
        return { filter: null, error: '' };
    }
    if (!/^[{[]/.test(trimmed)) {
        // With the blanks around it: the server's positions are then places in the box.
        return { filter: text, error: '' };
    }
    try {
        return { filter: JSON.parse(trimmed), error: '' };
    } catch (error) {
        return { filter: null, error: `This is no JSON: ${error.message}` };
    }
}

/** @return {string} the filter as it may stand in the box */
export function showFilter(filter) {
    return typeof filter === 'string' ? filter : JSON.stringify(filter, null, 1).replace(/\n\s*/g, ' ');
}

/**
 * Where the server found an expression wrong.
 *
 * @param {number|undefined} position
 * @param {*} filter
 * @return {{before: string, at: string, after: string}|undefined} around the place, whose character is `at`; '': the end
 */
export function faultOf(position, filter) {
    if (typeof position !== 'number' || typeof filter !== 'string' || position > filter.length) {
        return undefined;
    }
    const at = position < filter.length ? String.fromCodePoint(filter.codePointAt(position)) : '';
    const before = Array.from(filter.slice(0, position));
    const after = Array.from(filter.slice(position + at.length));
    return {
        before: (before.length > AROUND ? '…' : '') + before.slice(-AROUND).join(''),
        at,
        after: after.slice(0, AROUND).join('') + (after.length > AROUND ? '…' : '')
    };
}
