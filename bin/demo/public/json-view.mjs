/* global document */

/* JSON text with its parts told apart by colour. */

/** A member's name, a string, a number, or a word. */
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g;

/**
 * @param {string} text of JSON.stringify
 * @return {DocumentFragment} the same text
 */
export function jsonView(text) {
    const view = document.createDocumentFragment();
    let end = 0;
    for (const match of text.matchAll(TOKEN)) {
        const [token, string, colon] = match;
        const span = document.createElement('span');
        span.className = string === undefined ? 'json-other' : colon === undefined ? 'json-string' : 'json-name';
        span.textContent = token;
        view.append(text.slice(end, match.index), span);
        end = match.index + token.length;
    }
    view.append(text.slice(end));
    return view;
}
