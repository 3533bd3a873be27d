'use strict';

/*
 * What the stream is made of: three topics as one meets them, with keys, headers and nested fields, each a function that
 * makes the next event. Edits and readings stand alone; an order comes again at each step of its life.
 *
 * The names begin with `demo.`, because with --produce they are topics of somebody's real Kafka.
 */

const { randomUUID } = require('node:crypto');

const pick = (list) => list[Math.floor(Math.random() * list.length)];
const integer = (from, to) => from + Math.floor(Math.random() * (to - from + 1));
const chance = (probability) => Math.random() < probability;
const round = (number, digits) => Number(number.toFixed(digits));

const WIKIS = ['enwiki', 'enwiki', 'dewiki', 'frwiki', 'jawiki', 'eswiki', 'wikidatawiki', 'commonswiki'];
const SUBJECTS = ['Apache Kafka', 'Zürich', 'Ada Lovelace', '北海道', 'Coffee', 'Möbius strip', 'Émile Zola', 'Blue whale'];
const COMMENTS = [
    'typo', 'rm unsourced claim', '/* History */ date', 'added <ref name="a">source</ref>', 'revert vandalism & sign',
    '[[WP:AWB]] clean-up', 'new section: "Reception"', ''
];
const USERS = ['Tamsin', 'Jörg', 'こむぎ', 'Okafor', 'Élodie', 'Ravi K.', '198.51.100.7', '2001:db8::1f'];
const BOTS = ['CleanBot', 'ArchiverBot', 'LinkBot'];

function nextEdit() {
    const wiki = pick(WIKIS);
    const bot = chance(0.3);
    const before = integer(200, 60000);
    const after = Math.max(0, before + integer(-800, 1400));
    const title = pick(SUBJECTS);
    return {
        key: `${wiki}:${title}`,
        headers: { type: 'edit', 'content-type': 'application/json', trace: randomUUID() },
        value: {
            wiki,
            title,
            namespace: chance(0.8) ? 0 : 1,
            user: { name: pick(bot ? BOTS : USERS), bot, edits: integer(1, 250000) },
            comment: pick(COMMENTS),
            length: { old: before, new: after },
            minor: chance(0.4),
            tags: ['visualeditor', 'mobile edit', 'reverted'].filter(() => chance(0.25)),
            meta: { id: randomUUID(), dt: new Date().toISOString() }
        }
    };
}

const CUSTOMERS = Array.from({ length: 200 }, (_, i) => ({
    id: `C-${1000 + i}`, country: pick(['CH', 'DE', 'FR', 'JP', 'NG', 'US']), vip: chance(0.1)
}));
const ITEMS = [['Espresso beans 1 kg', 24.9], ['Filter paper', 4.5], ['Hand grinder', 89], ['Cup, blue', 12], ['Scale', 39.95]];
const STEPS = ['created', 'paid', 'shipped', 'delivered'];
const MAX_OPEN_ORDERS = 100;
const openOrders = [];
let lastOrder = 10000;

function nextOrder() {
    const isNew = openOrders.length === 0 || (openOrders.length < MAX_OPEN_ORDERS && chance(0.3));
    const order = isNew ? newOrder() : advance(pick(openOrders));
    if (isNew) {
        openOrders.push(order);
    } else if (['delivered', 'cancelled'].includes(order.status)) {
        openOrders.splice(openOrders.indexOf(order), 1);
    }
    return {
        key: order.id,
        headers: { type: `order-${order.status}`, 'content-type': 'application/json' },
        value: { ...order, updated: new Date().toISOString() }
    };
}

function newOrder() {
    const items = Array.from({ length: integer(1, 3) }, () => {
        const [name, price] = pick(ITEMS);
        return { name, price, quantity: integer(1, 4) };
    });
    const total = round(items.reduce((sum, { price, quantity }) => sum + price * quantity, 0), 2);
    return {
        id: `O-${++lastOrder}`,
        status: 'created',
        customer: pick(CUSTOMERS),
        items,
        total: { amount: total, currency: 'EUR' },
        payment: null
    };
}

function advance(order) {
    order.status = chance(0.05) ? 'cancelled' : STEPS[STEPS.indexOf(order.status) + 1];
    if (order.status === 'paid') {
        order.payment = { method: pick(['card', 'invoice', 'transfer']), reference: randomUUID().slice(0, 8) };
    }
    return order;
}

const SENSORS = Array.from({ length: 12 }, (_, i) => ({
    id: `sensor-${String(i + 1).padStart(2, '0')}`,
    site: { building: pick(['north', 'south', 'lab']), floor: integer(0, 4) },
    celsius: 18 + Math.random() * 6,
    battery: 1
}));

function nextReading() {
    const sensor = pick(SENSORS);
    // A walk that is drawn back to 21 degrees, so that it is still believable after a week.
    sensor.celsius += (Math.random() - 0.5) * 0.8 + (21 - sensor.celsius) * 0.01;
    sensor.battery = sensor.battery < 0.1 ? 1 : sensor.battery - 0.0005;
    const celsius = round(sensor.celsius, 2);
    return {
        key: sensor.id,
        headers: { type: 'reading' },
        value: {
            sensor: sensor.id,
            site: sensor.site,
            celsius,
            humidity: round(35 + Math.random() * 25, 1),
            battery: round(sensor.battery, 3),
            alert: celsius > 24 || celsius < 18 ? 'temperature' : null,
            at: Date.now()
        }
    };
}

/** `share`: how many of each ten events are this topic's. */
const TOPICS = [
    { name: 'demo.page-edits', partitions: 3, share: 5, next: nextEdit },
    { name: 'demo.orders', partitions: 2, share: 2, next: nextOrder },
    { name: 'demo.sensor-readings', partitions: 2, share: 3, next: nextReading }
];

/** Filters to try, as the page offers them. */
const EXAMPLES = [
    { label: 'edits by people in enwiki or dewiki', filter: { wiki: '/^(en|de)wiki$/', 'user.bot': false } },
    { label: 'edits with a tag', filter: { tags: ['mobile edit'] } },
    { label: 'large edits, or any of talk pages', filter: '$.length.new > 50000 || $.namespace == 1' },
    { label: 'orders with a dear item', filter: '$.items[?@.price > 30 && @.quantity >= 2]' },
    { label: 'anything named Scale or Tamsin, at any depth', filter: "$..[?@.name == 'Scale' || @.name == 'Tamsin']" },
    { label: 'orders created or paid', filter: { status: ['created', 'paid'] } },
    { label: 'readings with an alert', filter: { alert: 'temperature' } },
    { label: 'two sensors, by key', filter: { '_kafka.key': '/^sensor-0[12]$/' } },
    { label: 'by header', filter: { '_kafka.headers.type': 'order-shipped' } }
];

/** Filters for any records. */
const GENERAL_EXAMPLES = [
    { label: 'one partition', filter: { '_kafka.partition': 0 } },
    { label: 'keys that begin with a letter', filter: { '_kafka.key': '/^[A-Za-z]/' } },
    { label: 'anything false or null, at any depth', filter: '$..[?@ == false || @ == null]' }
];

module.exports = { TOPICS, EXAMPLES, GENERAL_EXAMPLES };
