/// <reference types="node" />

/**
 * Attaches Kafka to a socket.io socket.
 *
 *     io.on('connection', (socket) => { new Kasocki(socket, options); });
 */
declare class Kasocki {
    /**
     * Connects by itself. A wrong option is a failed start: the client gets `err` and is disconnected.
     *
     * @throws TypeError `socket` is no socket, or has a Kasocki already
     */
    constructor(socket: Kasocki.SocketLike, options?: Kasocki.Options);

    /** Resolves when the start has succeeded or failed; never rejects. */
    connect(): Promise<void>;
}

declare namespace Kasocki {
    export { Kasocki, Kasocki as default };

    /**
     * The matcher of the built-in filter languages, as a function over an object, JSON text or bytes.
     *
     * @throws InvalidFilterError
     */
    export function createMatcher(filters?: Filter | Falsy, limits?: FilterLimits): NativeMatcherFunction;

    /** Counters and gauges of this process (of this worker thread, in one). */
    export function stats(): Stats;

    /** The same in Prometheus' text format: for the content type `text/plain; version=0.0.4; charset=utf-8`. */
    export function metrics(): string;

    /**
     * Ends all sockets' Kasockis (their clients reconnect) and all connections to Kafka. Resolves when all is gone; never
     * rejects. A Kasocki made afterwards begins anew.
     */
    export function close(): Promise<void>;

    /** What is needed of a socket.io socket. */
    export interface SocketLike {
        readonly id: string;
        on(event: any, listener: (...args: any[]) => void): unknown;
        emit(event: any, ...args: any[]): unknown;
        disconnect(close?: boolean): unknown;
    }

    export interface Options {
        /** librdkafka's configuration by its own names; `metadata.broker.list` defaults to `localhost:9092` */
        kafkaConfig?: KafkaConfig;
        /** topics that may be subscribed, internal ones too if named; absent: every topic but internal ones (`__*`) */
        allowedTopics?: readonly string[];
        /** of these topics, the ones that this socket may see; asked at the start and at each `subscribe` */
        authorize?: (socket: any, topics: string[]) => readonly string[] | PromiseLike<readonly string[]>;
        /** a filter that every message must pass too, whatever the client asks; or a function of the socket */
        filter?: Filter | ((socket: any) => Filter | PromiseLike<Filter>);
        /** what is cut from each message, before the client's filter sees it: paths such as `user.email` */
        fields?: Fields;
        /** bunyan- or pino-shaped. Default: warnings and errors, to stderr, as JSON lines */
        logger?: Logger;
        /** makes the message of a record, instead of JSON parsing and augmentation; called once for all its sockets */
        deserializer?: (kafkaMessage: KafkaMessage) => object | Falsy | PromiseLike<object | Falsy>;
        /** makes the matcher of a client's filter, instead of the built-in language; throws on a bad one */
        matcherFactory?: (filters: any) => Matcher;
        /** name of the metadata member, default `_kafka`; `meta`: the fields join an existing object; false: none */
        metadataField?: string | false;
        /** node-rdkafka's event names. Each distinct function is called once an event */
        kafkaEventHandlers?: KafkaEventHandlers;
        statsd?: StatsdClient;
        /** how long a start may take, in ms, default 10000 */
        connectTimeout?: number;
        /** how long a hub without sockets is kept, in ms, default 30000 */
        hubIdle?: number;
        limits?: Limits;
        /** how messages to a socket are put together */
        batch?: Batch;
    }

    export type KafkaConfigValue = string | number | boolean | undefined;

    export interface KafkaConfig {
        default_topic_config?: { [property: string]: KafkaConfigValue };
        /** gives a token for SASL/OAUTHBEARER; gets `sasl.oauthbearer.config` */
        oauthbearer_token_refresh_cb?: (config: string) => OAuthBearerToken | PromiseLike<OAuthBearerToken>;
        [property: string]: KafkaConfigValue | { [property: string]: KafkaConfigValue } | ((config: string) => any);
    }

    export interface OAuthBearerToken {
        value: string;
        principal: string;
        /** when it ends, in ms since 1970 */
        lifetime: number;
        /** SASL extensions */
        extensions?: { [name: string]: string };
    }

    /** Names of members with dots between, `items.price`; or an array of names, which may hold dots and all else. */
    export type FieldPath = string | readonly string[];

    export type Fields = { only: readonly FieldPath[]; drop?: undefined } | { drop: readonly FieldPath[]; only?: undefined };

    /** What a filter may take up. */
    export interface FilterLimits {
        /** bytes of a filter, as JSON text, default 65536 */
        filterBytes?: number;
        /** steps of a filter's expressions on one message, default 100000; past it the message does not match */
        filterSteps?: number;
        /** bytes of RE2's memory for one pattern, default 262144 */
        regexProgram?: number;
    }

    /** Of one socket; the last three of the process. */
    export interface Limits extends FilterLimits {
        /** assignments of one subscribe, and partitions of one subscription, default 10000 */
        assignments?: number;
        /** bytes of a token, default 524288 */
        tokenBytes?: number;
        /** consumes that wait for a message, default 1000 */
        consumes?: number;
        /** events that wait for their turn, default 1000 */
        events?: number;
        /** about how many bytes they take, default 4 MiB */
        eventBytes?: number;
        /** events a second, and as many at once after a quiet second, default 100000 */
        eventsPerSecond?: number;
        /** bytes of messages under way to the client, default 256 KiB; a single larger message still goes */
        bytesInFlight?: number;
        /** bytes of answers that a client has not read, default 16 MiB; past it the connection is closed */
        backlog?: number;
        /** arrays and objects within each other in a record, default 1024 */
        depth?: number;
        /** messages a second with socket.io's connectionStateRecovery, default 1000 */
        recoverableMessages?: number;
        /** sockets at once, default 100000 */
        sockets?: number;
        /** distinct configurations of Kafka at once, default 100 */
        hubs?: number;
        /** bytes of records that readers hold, default 1 GiB; past it `subscribe` is refused */
        bufferBytes?: number;
    }

    /** Counters count from the beginning of the process; the rest is as of now. */
    export interface Stats {
        sockets: number;
        /** distinct configurations of Kafka */
        hubs: number;
        sessions: number;
        /** positions of sockets on partitions */
        cursors: number;
        partitions: number;
        tailScans: number;
        catchUpScans: number;
        filterClasses: number;
        /** of records that readers hold */
        bufferBytes: number;
        eventsWaiting: number;
        consumesWaiting: number;
        /** counters */
        recordsRead: number;
        bytesRead: number;
        recordsParsed: number;
        filterEvaluations: number;
        /** evaluations that would have taken too many steps; the record was taken for one that does not match */
        filtersOverBudget: number;
        /** chunks of records that were judged on another thread for one slow filter */
        slowChunks: number;
        recordsMatched: number;
        recordsEncoded: number;
        recordsSkipped: number;
        messagesSent: number;
        bytesSent: number;
        /** by the event's name */
        events: { [name: string]: number };
        /** that went to clients, by class */
        errors: { [name: string]: number };
        lags: PartitionLag[];
        /** as last told; empty without `statistics.interval.ms` */
        librdkafka: LibrdkafkaStatistics[];
    }

    /** How many records the last one that wants records of a partition is behind its end, measured once a second. */
    export interface PartitionLag {
        /** the hub's number in this process */
        hub: number;
        topic: string;
        partition: number;
        lag: number;
    }

    export interface LibrdkafkaStatistics {
        hub: number;
        /** of the instance */
        name: string;
        /** see librdkafka's STATISTICS.md. It names brokers */
        statistics: any;
    }

    /** Messages that are there at the same time travel in one buffer. */
    export interface Batch {
        /** how long a message may wait for company when messages keep coming, in ms, default 2; 0: never */
        maxDelay?: number;
        /** bytes that go into one buffer, default 64 KiB; a larger message travels alone */
        maxBytes?: number;
    }

    export interface Logger {
        child?(fields: any): any;
        trace?(fields: any, message?: any): void;
        debug?(fields: any, message?: any): void;
        info?(fields: any, message?: any): void;
        warn?(fields: any, message?: any): void;
        error?(fields: any, message?: any): void;
    }

    export interface StatsdClient {
        increment(name: string, by?: number): unknown;
        gauge(name: string, value: number): unknown;
        timing?(name: string, ms: number): unknown;
    }

    export interface KafkaMessage {
        value: Buffer | null;
        /** the same as `value` */
        message: Buffer | null;
        topic: string;
        partition: number;
        offset: number;
        key: Buffer | null;
        /** ms since 1970 */
        timestamp: number | null;
        headers: { [name: string]: Buffer | null }[];
        /** bytes of the value */
        size: number;
    }

    export type Falsy = null | undefined | false | 0 | '';

    export interface Matcher {
        (message: any): boolean;
        /** shown to the client as the filters in force */
        filters?: any;
    }

    export interface NativeMatcherFunction {
        (message: object | string | Uint8Array): boolean;
        readonly filters: Filter | null;
    }

    export interface KafkaEventHandlers {
        'event.stats'?: (event: { message: string }) => void;
        'event.error'?: (event: any) => void;
        'event.log'?: (event: any) => void;
        'event.throttle'?: (event: any) => void;
        [event: string]: ((event: any) => void) | undefined;
    }

    export type Scalar = string | number | boolean | null;

    /** `{ 'dotted.path': value }`, all of which must hold; a string `/.../` is a regular expression. */
    export interface Filters {
        [path: string]: Scalar | readonly Scalar[];
    }

    /** An object, an expression (a logical expression of RFC 9535), or an array of these, all of which must hold. */
    export type Filter = Filters | string | readonly (Filters | string)[];

    /** A partition that is subscribed. `offset` -1 is the end, -2 the beginning, as it was asked for. */
    export interface Assignment {
        topic: string;
        partition: number;
        offset: number;
    }

    /** Ms since 1970, or a date (and a time) of ISO 8601. */
    export type Time = number | string;

    /** Where reading starts: at an offset, at the first record at or after a time, or so many offsets before the end. */
    export type Start =
        | { offset: number | 'latest' | 'earliest'; timestamp?: undefined; last?: undefined }
        | { timestamp: Time; offset?: undefined; last?: undefined }
        | { last: number; offset?: undefined; timestamp?: undefined };

    /** Where reading ends: at the end as it is now, before an offset, or before the first record at or after a time. */
    export type Until = 'end' | { offset: number; timestamp?: undefined } | { timestamp: Time; offset?: undefined };

    /** What can be subscribed. A `topic` like `/^orders-/` is a pattern, over later topics, too. Without a partition: all of the topic's. Without `until`: for ever. */
    export type WantedAssignment = { topic: string; partition?: number; until?: Until } & Start;

    /** The object form of `subscribe`. */
    export type SubscribeRequest = {
        /** absent: the filter in force stays; falsy: none */
        filter?: Filter | Falsy;
        /** start as well */
        start?: boolean;
        /** have event `position` come every so many ms (100 to 3600000), while anything moves */
        positions?: number;
        /** what becomes of a client that is behind: it gets everything ('wait', the default), or leaps to the end when it is more records than `lag` behind */
        slow?: 'wait' | { skipTo: 'latest'; lag: number };
    } & (
        | { topics: string | readonly string[]; assignments?: undefined; resume?: undefined; seen?: undefined }
        | { assignments: readonly WantedAssignment[]; topics?: undefined; resume?: undefined; seen?: undefined }
        | {
            /** a token: go on where that one was */
            resume: string;
            /** metadata of messages that came after the token, or the last one of each partition: go on behind them */
            seen?: readonly Seen[];
            topics?: undefined;
            assignments?: undefined;
        }
    );

    /** The place of a message, as its metadata has it. */
    export interface Seen {
        topic: string;
        partition: number;
        offset: number;
        timestamp?: number | null;
    }

    /** The result of the object form of `subscribe`. */
    export interface Subscribed {
        /** of the start; null: it would be longer than `limits.tokenBytes` */
        token: string | null;
        assignments: Assignment[];
    }

    /** Where a subscription stands: everything before these offsets was sent or passed over. */
    export interface Position {
        token: string | null;
        assignments: Assignment[];
    }

    /** Offsets that a subscription will not get: it stood at `from` and goes on at `to`, which is below `from` where the log was truncated or made anew. */
    export interface Gap {
        topic: string;
        partition: number;
        from: number;
        to: number;
        reason: 'retention' | 'skipped' | 'truncated';
    }

    export interface ErrorObject {
        message: string;
        name: string;
        origin: 'Kasocki';
        /** the socket's id */
        socket: string;
        /** the client's event that it answers */
        socketEvent?: string;
        /** of a KafkaError: librdkafka's name of the error */
        code?: string;
        originalName?: string;
        assignments?: any;
        filters?: any;
        filter?: any;
        /** of an expression: where in the string `filter` it is wrong */
        position?: number;
        allowedTopics?: any;
        availableTopics?: any;
    }

    /** The metadata that a message carries as `_kafka`. */
    export interface Metadata {
        topic: string;
        partition: number;
        offset: number;
        timestamp: number | null;
        key: string | null;
        headers?: { [name: string]: string | null | (string | null)[] };
        /** names of what is base64 text, because it is no UTF-8 */
        base64?: string[];
    }

    export type Ack<T> = (error: ErrorObject | null, result: T) => void;

    /** An event without argument: the ack may stand in its place. */
    export type PlainEvent<T> = (...args: [ack?: Ack<T>] | [argument: null | undefined, ack?: Ack<T>]) => void;

    /** For `Server<ClientToServerEvents, ServerToClientEvents>`, and the other way round for a client's `Socket`. */
    export interface ClientToServerEvents {
        /** The result is `Assignment[]`; of the object form, `Subscribed` (socket.io's types know one ack an event). */
        subscribe: (
            wanted: string | readonly string[] | readonly WantedAssignment[] | SubscribeRequest,
            ack?: Ack<Assignment[] & Subscribed>
        ) => void;
        unsubscribe: (
            ...args: [ack?: Ack<Assignment[]>] | [topics: string | readonly string[] | null | undefined, ack?: Ack<Assignment[]>]
        ) => void;
        filter: (filters: Filter | Falsy, ack?: Ack<Filter | null>) => void;
        consume: PlainEvent<any>;
        start: PlainEvent<null>;
        stop: PlainEvent<null>;
        pause: PlainEvent<null>;
    }

    export interface ServerToClientEvents {
        /** names of the topics that this socket may subscribe to */
        ready: (topics: string[]) => void;
        message: (message: any) => void;
        /** every `positions` ms while anything moves */
        position: (position: Position) => void;
        /** partitions that were subscribed after the ack, or resumed elsewhere than they were; not exact: more may come than was asked for */
        assigned: (assignments: (Assignment & { exact: boolean })[]) => void;
        /** offsets that will not come */
        gap: (gap: Gap) => void;
        /** everything has an `until` and is at it; where each stands */
        end: (assignments: Assignment[]) => void;
        err: (error: ErrorObject) => void;
    }

    export class KasockiError extends Error {
        constructor(message: string, details?: object);
        readonly name: string;
        readonly origin: 'Kasocki';
    }
    export class InvalidAssignmentError extends KasockiError {}
    export class TopicNotAvailableError extends KasockiError {}
    export class AlreadySubscribedError extends KasockiError {}
    export class InvalidFilterError extends KasockiError {
        /** of an expression: where in the string it is wrong */
        readonly position?: number;
        /** the one that is wrong, of an array of filters */
        readonly filter?: any;
        /** all that were given, as plain data */
        readonly filters?: any;
    }
    export class FilterBudgetError extends KasockiError {}
    export class NotSubscribedError extends KasockiError {}
    export class AlreadyStartedError extends KasockiError {}
    export class AlreadyClosingError extends KasockiError {}
    export class DeserializationError extends KasockiError {}
    export class AuthorizationError extends KasockiError {}
    export class LimitExceededError extends KasockiError {}
    export class KafkaError extends KasockiError {
        constructor(message: string, code: string, details?: object);
        readonly code: string;
    }
}

export = Kasocki;
