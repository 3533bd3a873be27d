/* global document */

/*
 * The list of messages: the newest on top, never more than a person looks at, and cheap whatever the rate. Messages are
 * gathered for a moment, and of those only the newest become elements.
 *
 * All that comes from Kafka gets into the page by textContent: as text, whatever it says.
 */

import { jsonView } from './json-view.mjs';

/** Rows that are kept, and characters of JSON in them all. */
const MAX_ROWS = 200;
const MAX_CHARACTERS = 8 * 1024 * 1024;
/** What a row shows of its message without being opened, and opened. */
const MAX_PREVIEW = 300;
const MAX_OPEN = 200 * 1024;
/** Topics are told apart by so many colours. */
const COLOURS = 6;

/** How long messages are gathered, in ms: drawing costs more than receiving. */
const DRAW_INTERVAL = 200;

export class MessageList {
    /**
     * @param {HTMLElement} list an ol
     * @param {function(): void} onDraw called when messages are drawn
     */
    constructor(list, onDraw) {
        this.list = list;
        this.onDraw = onDraw;
        this.pending = [];
        this.rows = [];
        this.characters = 0;
        this.drawing = false;
    }

    /**
     * @param {*} message
     * @param {boolean} pulled it was asked for
     */
    add(message, pulled) {
        this.pending.push({ message, pulled });
        if (this.pending.length > 2 * MAX_ROWS) {
            this.pending = this.pending.slice(-MAX_ROWS);
        }
        if (!this.drawing) {
            this.drawing = true;
            setTimeout(() => this.draw(), DRAW_INTERVAL);
        }
    }

    clear() {
        this.pending = [];
        this.rows = [];
        this.characters = 0;
        this.list.replaceChildren();
    }

    draw() {
        this.drawing = false;
        this.onDraw();
        const added = this.pending.slice(-MAX_ROWS).map(({ message, pulled }) => makeRow(message, pulled));
        this.pending = [];
        this.list.prepend(...added.map(({ element }) => element).reverse());
        if (added.some(({ pulled }) => pulled)) {
            this.list.scrollTop = 0; // someone asked for it
        }
        this.rows.push(...added);
        this.characters += added.reduce((sum, { size }) => sum + size, 0);
        while (this.rows.length > MAX_ROWS || (this.characters > MAX_CHARACTERS && this.rows.length > 1)) {
            const { element, size } = this.rows.shift();
            element.remove();
            this.characters -= size;
        }
    }
}

function makeRow(message, pulled) {
    const { _kafka: meta, ...value } = Array.isArray(message) ? { value: message } : message;
    const preview = JSON.stringify(Array.isArray(message) ? message : value);
    const row = make('li');
    const details = make('details');
    const summary = make('summary');
    if (pulled) {
        summary.append(make('span', 'pulled', 'pulled'));
    }
    if (meta !== undefined) {
        summary.append(
            make('span', `topic colour-${colourOf(String(meta.topic))}`, String(meta.topic)),
            make('span', 'place', `${meta.partition} : ${meta.offset}`),
            make('time', 'time', timeOf(meta.timestamp)),
            make('span', 'key', meta.key === null ? '' : shorten(String(meta.key), 60))
        );
    }
    summary.append(make('span', 'preview', shorten(preview, MAX_PREVIEW)));
    details.append(summary);
    // Only when looked at: most rows are gone before.
    details.addEventListener('toggle', () => details.querySelector('pre') || details.append(open(message)), { once: true });
    row.append(details);
    return { element: row, size: preview.length, pulled };
}

function open(message) {
    const text = JSON.stringify(message, null, 2);
    const pre = make('pre');
    pre.tabIndex = 0;
    if (text.length > MAX_OPEN) {
        pre.textContent = `${text.slice(0, MAX_OPEN)}\n… (${text.length} characters)`;
    } else {
        pre.append(jsonView(text));
    }
    return pre;
}

function make(name, className = '', text = '') {
    const element = document.createElement(name);
    element.className = className;
    element.textContent = text;
    return element;
}

function shorten(text, length) {
    return text.length > length ? `${text.slice(0, length)}…` : text;
}

function timeOf(timestamp) {
    const date = new Date(timestamp);
    return typeof timestamp !== 'number' || Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8);
}

function colourOf(topic) {
    let sum = 0;
    for (let i = 0; i < topic.length; i++) {
        sum = (sum * 31 + topic.charCodeAt(i)) % 65521;
    }
    return sum % COLOURS;
}
