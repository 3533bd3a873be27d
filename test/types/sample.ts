// Compiled, never run, by test/83_types.js: uses the whole public API in its types, as a user would. The lines below
// `@ts-expect-error` must be refused by the compiler.
import { createServer } from 'http';
import { Server } from 'socket.io';
import { io, Socket } from 'socket.io-client';
import Kasocki from 'kasocki';
import { Kasocki as Named, KafkaError, KasockiError, createMatcher } from 'kasocki';

const server = new Server<Kasocki.ClientToServerEvents, Kasocki.ServerToClientEvents>(createServer());

const options: Kasocki.Options = {
    kafkaConfig: {
        'metadata.broker.list': 'localhost:9092',
        'fetch.wait.max.ms': 50,
        'socket.keepalive.enable': true,
        default_topic_config: { 'auto.offset.reset': 'latest' }
    },
    allowedTopics: ['a', 'b'],
    authorize: async (socket, topics) => topics.filter((topic) => socket.data.topics.includes(topic)),
    filter: (socket) => ({ tenant: String(socket.data.tenant) }),
    fields: { drop: ['user.email', 'items.price', ['a.b', 'c']] },
    logger: console,
    deserializer: async (kafkaMessage) => {
        const bytes: Buffer | null = kafkaMessage.value;
        const names: string[] = kafkaMessage.headers.flatMap((header) => Object.keys(header));
        return bytes === null ? null : { text: bytes.toString(), size: kafkaMessage.size, offset: kafkaMessage.offset, names };
    },
    matcherFactory: (filters: { contains: string }) => {
        const matcher: Kasocki.Matcher = (message) => String(message.text).includes(filters.contains);
        matcher.filters = filters;
        return matcher;
    },
    metadataField: false,
    kafkaEventHandlers: {
        'event.stats': (event) => JSON.parse(event.message),
        'event.error': (event) => console.error(event)
    },
    statsd: { increment(name: string, by?: number) {}, gauge(name: string, value: number) {} },
    connectTimeout: 5000,
    hubIdle: 0,
    limits: { assignments: 10, consumes: 5, events: 5, bytesInFlight: 65536, backlog: 5, depth: 10, recoverableMessages: 10, filterBytes: 10,
        filterSteps: 10, regexProgram: 10, eventBytes: 10, eventsPerSecond: 10, sockets: 10, hubs: 10, bufferBytes: 10 },
    batch: { maxDelay: 0, maxBytes: 1024 }
};

const more: Kasocki.Options = {
    kafkaConfig: {
        'security.protocol': 'sasl_ssl',
        oauthbearer_token_refresh_cb: async (config: string) => ({ value: config, principal: 'me', lifetime: Date.now() + 1000, extensions: { a: 'b' } })
    },
    authorize: (socket, topics: string[]) => topics,
    filter: { a: 1 },
    fields: { only: ['a'] }
};

const now: Kasocki.Stats = Kasocki.stats();
const lag: Kasocki.PartitionLag | undefined = now.lags[0];
const own: Kasocki.LibrdkafkaStatistics | undefined = now.librdkafka[0];
const text: string = Kasocki.metrics();
Kasocki.close().then(() => console.log(now.sockets, now.events.subscribe, lag?.topic, own?.name, text, more));

server.on('connection', (socket) => {
    const kasocki = new Kasocki(socket, options);
    const started: Promise<void> = kasocki.connect();
    started.then(() => new Named(socket));
});

// A server without event maps, and a socket of one's own, will do as well.
new Server().on('connection', (socket) => new Kasocki(socket));
new Kasocki({ id: 'x', on() {}, emit() {}, disconnect() {} }, {});

const client: Socket<Kasocki.ServerToClientEvents, Kasocki.ClientToServerEvents> = io('http://localhost:6927');
client.on('ready', (topics) => {
    client.emit('subscribe', topics[0]);
    client.emit('subscribe', topics, (error, assignments) => {
        if (error) {
            const name: string = error.name;
            console.error(name, error.message, error.socket, error.socketEvent, error.code, error.availableTopics);
        }
        const first: Kasocki.Assignment = assignments[0];
        console.log(first.topic, first.partition, first.offset);
    });
    client.emit('subscribe', [{ topic: 'a', partition: 0, offset: -2 }]);
    client.emit('subscribe', [{ topic: 'a', timestamp: '2024-01-01' }, { topic: 'b', last: 5 }, { topic: 'c', partition: 1, offset: 'earliest' }]);
    client.emit('subscribe', { topics: ['a'], filter: { b: 1 }, start: true }, (error, { assignments }) => console.log(error, assignments[0].topic));
    client.emit('subscribe', { assignments: [{ topic: 'a', timestamp: Date.now() }], filter: null });
    client.emit('subscribe', [{ topic: 'a', last: 5, until: 'end' }, { topic: 'b', offset: 0, until: { timestamp: '2024-01-02' } }]);
    client.emit('subscribe', { topics: 'a', positions: 1000 }, (error, { token }) => {
        client.emit('subscribe', { resume: token!, seen: [{ topic: 'a', partition: 0, offset: 5, timestamp: null }], start: true });
    });
    client.emit('unsubscribe');
    client.emit('unsubscribe', 'a', (error, assignments) => console.log(error, assignments[0].offset));
    client.emit('filter', { 'a.b': 1, c: '/x/', d: ['y', null], e: true, f: null }, (error, filters) => console.log(filters));
    client.emit('filter', null);
    client.emit('start');
    client.emit('start', null);
    client.emit('start', (error) => console.log(error));
    client.emit('start', null, (error) => console.log(error));
    client.emit('consume', (error, message) => console.log(message.text));
    client.emit('stop', (error) => console.log(error));
    client.emit('pause');
});
client.on('message', (message) => {
    const { topic, offset }: Kasocki.Metadata = message._kafka;
    console.log(topic, offset);
});
client.on('assigned', ([{ topic, partition, offset, exact }]) => console.log(topic, partition, offset, exact));
client.on('position', ({ token, assignments }) => console.log(token?.length, assignments[0].offset));
client.on('end', (assignments) => console.log(assignments[0].offset));
client.on('gap', ({ topic, partition, from, to, reason }) => console.log(topic, partition, to - from, reason === 'skipped'));
client.emit('subscribe', { topics: 'a', slow: { skipTo: 'latest', lag: 10 } });
client.emit('subscribe', { topics: 'a', slow: 'wait' });
client.on('err', (error) => console.error(error.origin));

const matcher: Kasocki.NativeMatcherFunction = createMatcher({ 'a.b': [1, 2] });
const matched: boolean = matcher({ a: { b: 1 } }) || matcher('{"a":{"b":1}}') || matcher(new Uint8Array(2));
console.log(matched, matcher.filters, Kasocki.createMatcher === createMatcher);

const error: KasockiError = new KafkaError('why', '_TRANSPORT');
console.log(error instanceof Kasocki.KafkaError && error.code, error instanceof Kasocki.KasockiError, error.origin);

// @ts-expect-error: no socket
new Kasocki();
// @ts-expect-error: no array
const wrongTopics: Kasocki.Options = { allowedTopics: 'a' };
// @ts-expect-error: both
const wrongFields: Kasocki.Options = { fields: { only: ['a'], drop: ['b'] } };
// @ts-expect-error: gives no token
const wrongToken: Kasocki.Options = { kafkaConfig: { oauthbearer_token_refresh_cb: () => 'token' } };
// @ts-expect-error: neither a name nor false
const wrongField: Kasocki.Options = { metadataField: true };
// @ts-expect-error: a nested value other than default_topic_config
const wrongConfig: Kasocki.Options = { kafkaConfig: { a: { b: { c: 1 } } } };
// @ts-expect-error: no such option
const wrongOption: Kasocki.Options = { topics: [] };
// @ts-expect-error: two starts
client.emit('subscribe', [{ topic: 'a', partition: 0, offset: 0, last: 5 }]);
// @ts-expect-error: two bounds
client.emit('subscribe', [{ topic: 'a', offset: 0, until: { offset: 5, timestamp: 5 } }]);
// @ts-expect-error: a token and topics
client.emit('subscribe', { resume: 'a', topics: 'a' });
// @ts-expect-error: neither topics nor assignments
client.emit('subscribe', { start: true });
// @ts-expect-error: how far behind?
client.emit('subscribe', { topics: 'a', slow: { skipTo: 'latest' } });
// @ts-expect-error: no start
client.emit('subscribe', [{ topic: 'a', partition: 0 }]);
// @ts-expect-error: an object as a value
client.emit('filter', { a: { b: 1 } });
client.emit('filter', '$.a == 1', (error, filter) => console.log(error?.position, filter));
client.emit('filter', [{ a: 1 }, '$.b > 2'] satisfies Kasocki.Filter);
const kinds = ['edit', 'new'] as const;
const conditions: readonly string[] = ['$.a', '$.b'];
client.emit('filter', { kind: kinds });
client.emit('filter', conditions);
client.emit('filter', null);
createMatcher();
createMatcher('$.a', { filterSteps: 10 });
const budget: KasockiError = new Kasocki.FilterBudgetError('why');
const position: number | undefined = new Kasocki.InvalidFilterError('why').position;
// @ts-expect-error: an array in an array
client.emit('filter', [['$.a']]);
// @ts-expect-error: a number
createMatcher(1);
// @ts-expect-error: no such event
client.emit('begin');
// @ts-expect-error: a regular expression is written as a string
createMatcher({ a: /x/ });
console.log(wrongTopics, wrongField, wrongFields, wrongToken, wrongConfig, wrongOption, budget, position);
