/*
 * What stands in the filter's box. A text that begins with `{` is the object language, a JSON object of dotted paths;
 * every other beginning is free for other languages.
 */

/**
 * @param {string} text
 * @return {{filter: object|null, error: string}} null: none; an error is '' or says what is wrong, as far as a page can
 *     tell: the server has the last word
 */
export function readFilter(text) {
    const trimmed = text.trim();
    if (trimmed === '') {
        return { filter: null, error: '' };
    }
    if (!trimmed.startsWith('{')) {
        return { filter: null, error: 'A filter is a JSON object: { "dotted.path": value }' };
    }
    try {
        return { filter: JSON.parse(trimmed), error: '' };
    } catch (error) {
        return { filter: null, error: `This is no JSON: ${error.message}` };
    }
}
