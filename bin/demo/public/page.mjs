/* global document */

/*
 * The page: what is on it, and what its buttons do. The socket is session.mjs' business.
 */

import { faultOf, readFilter, showFilter } from './filter.mjs';
import { MessageList } from './message-list.mjs';
import { Session } from './session.mjs';

/** How many records of each partition are read before its end, if that is chosen. */
const LAST = 10;

/**
 * Where reading may begin: what it is called, the argument of `subscribe` for topics, a field for what more there is to be
 * said, and which Kafka has it.
 */
const STARTS = {
    end: { label: 'the end: what comes from now on', argument: (topics) => topics },
    last: { label: `the last ${LAST} of each partition`, argument: (topics) => topics.map((topic) => ({ topic, last: LAST })) },
    time: {
        label: 'a time:',
        field: () => make('input', { type: 'datetime-local', id: 'time', step: 1, value: localTime(Date.now() - HOUR), ariaLabel: 'Time' }),
        argument: (topics) => topics.map((topic) => ({ topic, timestamp: chosenTime() })),
        kafka: 'brokers' // the demo's own can't look times up
    },
    beginning: { label: 'the beginning: all that is kept', argument: (topics) => topics.map((topic) => ({ topic, offset: 'earliest' })) }
};

/** Offsets that stand for something else. */
const OFFSET_NAMES = { '-1': 'end', '-2': 'beginning' };

/** Entries of the list of events, characters of one, partitions shown, and topics from which on they can be searched. */
const MAX_EVENTS = 100;
const MAX_EVENT_TEXT = 400;
const MAX_PARTITIONS = 200;
const MANY_TOPICS = 12;
const SECONDS_IN_GRAPH = 60;
const MINUTE = 60000;
const HOUR = 60 * MINUTE;

const $ = (id) => document.getElementById(id);

/** What this demo shows: { kafka: 'mock' or 'brokers', rate, topics, examples }. */
const about = await (await fetch('about.json')).json();

const list = new MessageList($('messages'), showReceived);
let received = 0;
/** messages by assignment: { 'topic/partition': count } */
const counts = new Map();
/** a command is being carried out */
let busy = false;

const session = new Session({
    onState: showState,
    onTopics: showTopics,
    onMessage,
    onError: showError,
    onTraffic: showEvent,
    onChange: showSession
});

function make(name, properties, ...children) {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
}

// ---- messages

function onMessage(message, pulled) {
    received++;
    if (message._kafka !== undefined) {
        const key = `${message._kafka.topic}/${message._kafka.partition}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    list.add(message, pulled);
}

function showReceived() {
    $('received').textContent = received.toLocaleString('en');
    $('empty').hidden = received > 0;
}

const rates = Array(SECONDS_IN_GRAPH).fill(0);
let receivedBefore = 0;

function showRate() {
    rates.shift();
    rates.push(received - receivedBefore);
    receivedBefore = received;
    $('rate').textContent = rates.at(-1).toLocaleString('en');
    const top = Math.max(1, ...rates);
    const points = rates.map((rate, i) => `${i * 60 / (SECONDS_IN_GRAPH - 1)},${19 - rate / top * 18}`);
    $('graph').firstElementChild.setAttribute('points', points.join(' '));
    showPositions();
}

// ---- connection and subscription

function showAbout() {
    const { kafka, rate, examples } = about;
    const source = kafka === 'mock' ? 'a Kafka inside the demo' : 'your Kafka';
    $('about').textContent = rate > 0 ? `${source}, ${rate} made-up events a second` : source;
    const starts = Object.entries(STARTS).filter(([, start]) => (start.kafka ?? kafka) === kafka);
    $('starts').replaceChildren(...starts.map(([value, { label, field }], i) => {
        const radio = make('input', { type: 'radio', name: 'start', value, checked: i === 0 });
        const input = field?.();
        input?.addEventListener('input', () => {
            radio.checked = true;
        });
        return make('div', {}, make('label', {}, radio, make('span', { textContent: label })), ...(input ? [input] : []));
    }));
    $('examples').lastElementChild.replaceChildren(...examples.map(({ label, filter }) => {
        const button = make('button', { type: 'button', className: 'link', textContent: label });
        button.addEventListener('click', () => {
            $('filter').value = showFilter(filter);
            applyFilter();
        });
        return make('li', {}, button);
    }));
}

function showState(state, reason = '') {
    const names = { connecting: 'connecting', ready: 'connected', disconnected: 'disconnected' };
    $('connection').dataset.state = state;
    $('connection').textContent = reason && state !== 'ready' ? `${names[state]} (${reason})` : names[state];
    $('reconnect').hidden = state !== 'disconnected';
}

function showTopics(topics) {
    const chosen = new Set(chosenTopics());
    const suggested = chosen.size > 0 ? chosen : new Set(topics.length === 1 ? topics : about.topics);
    $('topics').replaceChildren(...topics.slice().sort().map((topic) => {
        const box = make('input', { type: 'checkbox', name: 'topic', value: topic, checked: suggested.has(topic) });
        return make('label', {}, box, make('span', { textContent: topic }));
    }));
    $('topic-search').hidden = topics.length < MANY_TOPICS;
    searchTopics();
}

function searchTopics() {
    const wanted = $('topic-search').hidden ? '' : $('topic-search').value.trim().toLowerCase();
    for (const label of $('topics').children) {
        label.hidden = !label.textContent.toLowerCase().includes(wanted);
    }
}

function chosenTopics() {
    return [...document.querySelectorAll('input[name=topic]:checked')].map(({ value }) => value);
}

function showSession() {
    const { ready, started, assignments, filters } = session;
    const subscribed = assignments !== undefined;
    $('choice').disabled = subscribed || busy;
    $('start').disabled = !ready || started || busy;
    $('stop').disabled = !ready || !started;
    $('pull').disabled = !ready || busy;
    $('again').hidden = !subscribed;
    $('subscription').hidden = !subscribed;
    $('idle').hidden = started;
    $('waiting').hidden = !started;
    $('filter-state').textContent = filters === null ?
        'No filter: every message matches.' :
        `In force: ${shorten(typeof filters === 'string' ? filters : JSON.stringify(filters))}`;
    showReceived();
    showPositions();
}

function showPositions() {
    if (session.assignments === undefined) {
        return;
    }
    $('positions').replaceChildren(...session.assignments.slice(0, MAX_PARTITIONS).map(({ topic, partition, offset }) => {
        const key = `${topic}/${partition}`;
        const cells = [topic, partition, OFFSET_NAMES[offset] ?? offset, session.positions.get(key) ?? '', counts.get(key) ?? 0];
        return make('tr', {}, ...cells.map((text) => make('td', { textContent: text })));
    }));
}

// ---- what goes over the socket

const ARROWS = { out: '→', in: '←', error: '✕' };

function showEvent(direction, name, argument) {
    const text = argument === undefined || argument === null ? '' : shorten(JSON.stringify(argument));
    $('events').prepend(make('li', { className: direction },
        make('span', { className: 'arrow', textContent: ARROWS[direction] }),
        make('b', { textContent: name }),
        make('span', { textContent: text })));
    while ($('events').children.length > MAX_EVENTS) {
        $('events').lastElementChild.remove();
    }
}

function shorten(text) {
    return text.length > MAX_EVENT_TEXT ? `${text.slice(0, MAX_EVENT_TEXT)}…` : text;
}

function showError({ name, message }) {
    $('error-name').textContent = name;
    $('error-message').textContent = message;
    $('error').hidden = false;
}

// ---- commands

/** Carries out a command that needs a subscription: subscribes to what was chosen, first. */
async function run(command) {
    $('choice-error').textContent = '';
    const topics = chosenTopics();
    if (session.assignments === undefined && topics.length === 0) {
        $('choice-error').textContent = 'Choose at least one topic.';
        return;
    }
    busy = true;
    showSession();
    try {
        if (session.assignments === undefined) {
            const start = document.querySelector('input[name=start]:checked').value;
            await session.subscribe(STARTS[start].argument(topics));
        }
    } catch (error) {
        $('choice-error').textContent = error.message;
        return;
    } finally {
        busy = false;
        showSession();
    }
    await command().catch(() => {}); // it came as `err`
}

/** @return {string} as a field for local times has it */
function localTime(time) {
    return new Date(time - new Date(time).getTimezoneOffset() * MINUTE).toISOString().slice(0, 19);
}

/** @return {number} ms since 1970 */
function chosenTime() {
    const time = new Date($('time').value).getTime();
    if (Number.isNaN(time)) {
        throw new Error('Give a date and a time.');
    }
    return time;
}

async function applyFilter() {
    const { filter, error } = readFilter($('filter').value);
    showFilterError(error);
    if (error === '') {
        await session.filter(filter).catch((refusal) => {
            // Of an array the error names the one that is wrong.
            showFilterError(refusal.message, faultOf(refusal.position, typeof filter === 'string' ? filter : refusal.filter));
        });
    }
}

/** @param {{before: string, at: string, after: string}} [fault] the place, if it is known */
function showFilterError(message, fault) {
    $('filter-error').textContent = message;
    $('filter').setAttribute('aria-invalid', String(message !== ''));
    $('filter-fault').hidden = fault === undefined;
    [fault?.before, fault?.at, fault?.after].forEach((text, i) => {
        $('filter-fault').children[i].textContent = text ?? '';
    });
}

const on = (id, event, listener) => $(id).addEventListener(event, listener);

on('start', 'click', () => run(() => session.start()));
on('pull', 'click', () => run(() => session.pull()));
on('stop', 'click', () => session.stop().catch(() => {}));
on('again', 'click', () => {
    counts.clear();
    session.reopen();
});
on('reconnect', 'click', () => session.reopen());
on('topic-search', 'input', searchTopics);
on('clear', 'click', () => {
    list.clear();
    received = 0;
    receivedBefore = 0;
    showReceived();
});
on('error-close', 'click', () => {
    $('error').hidden = true;
});
on('filter-apply', 'click', applyFilter);
on('filter-clear', 'click', () => {
    $('filter').value = '';
    applyFilter();
});
on('filter', 'input', () => showFilterError(readFilter($('filter').value).error));
on('filter', 'keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        applyFilter();
    }
});

showAbout();
setInterval(showRate, 1000);
