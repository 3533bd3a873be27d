/**
 * The border between the JavaScript wrapper and the C++ core (src/node/). Internal: not part of the public API.
 *
 * Nothing here blocks the event loop. Everything that takes time answers with an event to the hub's `onEvent`.
 */

/** An error of the core; lib/errors.js makes the client's error object of it. Its message holds no configuration value. */
export interface NativeError {
    kind: 'Configuration' | 'InvalidFilter' | 'FilterBudget' | 'InvalidAssignment' | 'TopicNotAvailable' | 'Kafka' | 'LimitExceeded' | 'Closed';
    message: string;
    /** librdkafka's error name (`_TRANSPORT`), else ''. */
    code: string;
    /** of a filter's expression: where in the string it is wrong, as JavaScript counts */
    position?: number;
    /** of an array of filters: which of them is wrong */
    item?: number;
}

export interface NativeAssignment {
    topic: string;
    /**
     * -1: all partitions of the topic, those excepted that have an assignment of their own; those that are added later join, from their
     * beginnings, unless `until` is the end
     */
    partition: number;
    start: 'offset' | 'timestamp' | 'last' | 'resume';
    /**
     * an offset >= 0, or -1: the end, -2: the beginning; ms since 1970: the first record at or after it; so many offsets before the end;
     * where somebody stood, -1: that offset means nothing here
     */
    value: number;
    /** of 'resume', as NativePosition has them: where the log does not have that offset any more, `time` says where to go on */
    epoch?: number;
    time?: number;
    /** absent: never */
    until?: { kind: 'offset' | 'timestamp' | 'end'; value: number };
}

export interface NativeAssigned {
    topic: string;
    partition: number;
    /** as asked for; of a timestamp or `last` the real one; null: Kafka has not told it yet. Where something ended: the next one */
    offset: number | null;
}

/** Where a session stands on a partition: everything below the offset was taken or refused. */
export interface NativePosition {
    topic: string;
    partition: number;
    offset: number;
    /** of a record below the offset, though maybe not the last one: its leader's epoch and its time in ms since 1970; -1: unknown */
    epoch: number;
    time: number;
    /** the offset at which it ends, where that is known; null: not, or never */
    until: number | null;
}

export interface NativeHubOptions {
    /** librdkafka properties by name, values as text */
    global: [string, string][];
    topic: [string, string][];
    /** what an assignment's first offset becomes if it is out of range */
    autoOffsetReset: 'earliest' | 'latest' | 'error';
}

export type HubEvent =
    /** sessions for which take() has something (each listed once until it was taken from) */
    | { type: 'ready'; sessions: Uint32Array }
    /** the answer to topics(); request 0: names have come or gone, and a session follows them */
    | { type: 'topics'; request: number; topics: string[] }
    | { type: 'topics'; request: number; error: NativeError; healable: boolean }
    /** the answer to describe(): ids of topics as 16 bytes, in the order of the question. What Kafka has not told is '' or null */
    | { type: 'described'; request: number; cluster: string; ids: (Buffer | null)[] }
    /** the answer to subscribe(), partitions filled in */
    | { type: 'subscribed'; session: number; request: number; assignments: NativeAssigned[] }
    | { type: 'subscribed'; session: number; request: number; error: NativeError }
    /** a lasting error of something that these sessions read */
    | { type: 'error'; sessions: Uint32Array; error: NativeError }
    /** a line of librdkafka's own log; level as syslog's, 0 to 7 */
    | { type: 'log'; level: number; facility: string; text: string; instance?: string }
    /** librdkafka's events for kafkaEventHandlers: event.stats (payload: { message: JSON text }), event.error, event.throttle */
    | { type: 'kafka'; name: string; payload: object }
    /** records that were skipped since the last such event (at most one a second), with the first of them */
    | { type: 'skipped'; count: number; topic: string; partition: number; offset: number; reason: string }
    /** messages on which guards took too many steps since the last such event (at most one a minute), with the last of them */
    | { type: 'guardOverBudget'; count: number; topic: string; partition: number; offset: number }
    /** records for a deserializer; answered by deserialized() */
    | { type: 'deserialize'; request: number; decoder: number; topic: string; partition: number; records: NativeRecord[] }
    /** messages for a JavaScript matcher; answered by matched() */
    | { type: 'match'; request: number; matcher: number; texts: string[] }
    /** OAUTHBEARER wants a token; answered by setToken() or failToken(). config: sasl.oauthbearer.config */
    | { type: 'token'; config: string }
    /** after close(): no event follows */
    | { type: 'closed' };

export interface NativeRecord {
    offset: number;
    timestamp: number | null;
    key: Buffer | null;
    value: Buffer | null;
    headers: [string, Buffer | null][];
}

export class NativeHub {
    /** Never throws for a bad configuration: topics() then answers with an error that is not healable. */
    constructor(options: NativeHubOptions, onEvent: (event: HubEvent) => void);

    /** Names of all topics, no older than maxAgeMs; an error if Kafka did not tell within timeoutMs. */
    topics(request: number, maxAgeMs: number, timeoutMs: number): void;

    /** Which cluster this is, and which topics these are. */
    describe(request: number, topics: string[]): void;

    /** Throws an Error with property `kind` as NativeError's if `guard` does not compile. */
    openSession(options: NativeSessionOptions): NativeSession;

    /** JSON texts of the messages, in order of the records; null: skip this one. */
    deserialized(request: number, texts: (string | null)[]): void;
    /** One byte a text, in order: 1 matches, 0 does not. */
    matched(request: number, verdicts: Uint8Array): void;

    /** expires: ms since 1970 */
    setToken(token: string, expires: number, principal: string, extensions: [string, string][]): void;
    failToken(reason: string): void;

    stats(): NativeHubStats;
    /** stats().bufferBytes alone */
    bufferBytes(): number;
    /** How many records the last active reader of each partition is behind, measured once a second. */
    lags(): { topic: string; partition: number; lag: number }[];

    /** Ends all sessions, threads and connections; event `closed` follows. */
    close(): void;
}

export interface NativeHubStats {
    sessions: number; cursors: number; partitions: number; tailScans: number; catchUpScans: number;
    recordsRead: number; bytesRead: number; recordsParsed: number; recordsMatched: number; recordsEncoded: number;
    /** verdicts that would have taken too many steps; chunks that were given to a thread of their own for one slow filter */
    filtersOverBudget: number; slowChunks: number;
    recordsSkipped: number; filterEvaluations: number; filtersTried: number; bufferBytes: number; classes: number;
    /** the most records that an active cursor is behind the end of its partition, -1: unknown */
    maxLag: number;
}

export interface NativeSessionOptions {
    /** the socket.io namespace ('/chat') */
    namespace: string;
    /** name of the metadata member; '' for none */
    metadataField: string;
    /** the fields join an existing object of that name */
    metadataJoin: boolean;
    /** id (> 0) of a JavaScript deserializer, 0: none. Equal ids share results. */
    decoder: number;
    /** records nested deeper are invalid */
    maxDepth: number;
    /** how many bytes of matches may be prepared ahead of delivery */
    maxPreparedBytes: number;
    /** how long a match out of a backlog may wait for others before a 'ready' event tells of it, in ms; absent: 0 */
    maxDelay?: number;
    /** a filter's JSON text, which every whole message must pass too, whatever setFilter says; absent: none */
    guard?: string;
    /** what is cut from every message, before setFilter's filter sees it; absent: nothing */
    fields?: NativeFields;
    filterLimits?: NativeFilterLimits;
}

/** Of setFilter's filters; what is absent: the core's own limits. Other members have no meaning here. */
export interface NativeFilterLimits {
    /** of a filter's JSON text */
    filterBytes?: number;
    /** of a filter's expressions on one message */
    filterSteps?: number;
    /** bytes of memory for one regular expression */
    regexProgram?: number;
}

export interface NativeFields {
    /** true: the paths are cut; false: all else is */
    drop: boolean;
    /** segments of each path, written as JSON writes the inside of a string */
    paths: string[][];
}

/** What take() gives: whole messages in order. */
export interface NativeBatch {
    count: number;
    /** bytes of the messages as frames, whatever the form */
    bytes: number;
    /** form 'frames': whole consecutive WebSocket frames; 'packets': socket.io packet texts (`2["message",...]`); 'payloads': JSON texts.
     *  Shared between sockets that get the same: never change it. */
    data: Buffer | string[];
}

export interface NativeSubscribeOptions {
    /** in all, those that join later included */
    maxPartitions: number;
    /** a `topics` event with request 0 is to come when names of topics come or go */
    names: boolean;
    /** all that is subscribed has an `until` */
    bounded: boolean;
    /** a reader that is more records than this behind when it may go on skips to the end; undefined: none does */
    skipLag?: number;
}

/** What comes between messages. */
export type NativeNotice =
    /** all partitions are at their bounds */
    | { notice: 'end'; assignments: NativeAssigned[] }
    /** partitions that joined later; not exact: more may come than was asked for */
    | { notice: 'assigned'; assignments: (NativeAssigned & { exact: boolean })[] }
    /** offsets that will not come: reading goes on at `to` (not above `from` where the log was truncated) */
    | { notice: 'gap'; gap: NativeGap };

export interface NativeGap {
    topic: string;
    partition: number;
    from: number;
    to: number;
    reason: 'retention' | 'skipped' | 'truncated';
}

export class NativeSession {
    readonly id: number;
    /** Resolves topics, partitions and offsets, then reads from there once wanting; event `subscribed` tells. */
    subscribe(request: number, assignments: NativeAssignment[], options: NativeSubscribeOptions): void;
    /** Further topics of the subscription, all partitions of each, from their beginnings, whatever their `start`. A notice `assigned` follows. */
    join(topics: NativeAssignment[]): void;
    /** Ends these topics (null: all, and a subscribe() under way) at once: take() gives nothing of them any more. Tells where they stood.
     *  bounded: everything that is left has an `until`. */
    unsubscribe(topics: string[] | null, bounded: boolean): NativeAssigned[];
    /** Where it stands on everything it reads, if that may have changed since the last call; null: it has not. */
    takePositions(): NativePosition[] | null;
    /**
     * null: every message; a string: a filter's JSON text; a number: id (> 0) of a JavaScript matcher. Takes effect at the earliest match
     * that was not taken yet. Returns an error and changes nothing if the filter does not compile. What openSession was told of
     * `guard` and `fields` holds all the same.
     */
    setFilter(filter: string | number | null): NativeError | undefined;
    /** While true, matches are prepared for take(). false: what was prepared and not taken is given back (and will come again later). */
    setWanting(wanting: boolean): void;
    /**
     * What comes next: at most maxBytes (but at least one message) and maxCount messages, or one notice. With maxCount 0 a notice, if no message
     * stands before it. null if there is nothing now: a `ready` event follows when there is. (After setFilter(), setWanting(false) and
     * unsubscribe() there may be a notice without such an event.)
     */
    take(form: 'frames' | 'packets' | 'payloads', maxBytes: number, maxCount: number): NativeBatch | NativeNotice | null;
    /**
     * The same as the answers to acks: `data` is a Buffer of whole consecutive WebSocket frames, each a socket.io ack packet
     * (`3ID[null,...]`) with one of these ids, in order. At most as many messages as there are ids. The ids are integers from 0 to 2^53-1.
     */
    takeReplies(ids: number[], maxBytes: number): NativeBatch | NativeNotice | null;
    close(): void;
}

/** A compiled filter over single messages. */
export class NativeMatcher {
    /**
     * The filter's JSON text: an object, a string, or an array of these. Throws an Error with the properties of a NativeError, `kind`
     * 'InvalidFilter' or 'LimitExceeded', if it does not compile.
     */
    constructor(filter: string, limits?: NativeFilterLimits);
    /** JSON text or bytes; false for what is not a valid JSON object or array, and for what takes too many steps. */
    matches(message: string | Uint8Array): boolean;
}

/** librdkafka's mock cluster inside this process. */
export class NativeMockCluster {
    constructor(brokers: number);
    readonly bootstrapServers: string;
    createTopic(name: string, partitions: number): void;
    close(): void;
}

/** A producer for demos on the mock cluster or a real one. */
export class NativeProducer {
    constructor(global: [string, string][]);
    /** partition -1: by key. Returns false if the producer's queue is full (try again later). */
    produce(topic: string, partition: number, key: string | null, value: string, headers: [string, string][]): boolean;
    /** Resolves when everything produced was acknowledged; rejects after timeoutMs. Does not block. */
    flush(timeoutMs: number): Promise<void>;
    close(): void;
}

export interface NativeVerdict {
    verdict: 'object' | 'array' | 'scalar' | 'invalid';
    /** why it is invalid, with the byte, else '' */
    reason: string;
}

export interface NativePick {
    kind: 'missing' | 'null' | 'false' | 'true' | 'number' | 'string' | 'array' | 'object';
    escaped: boolean;
    /** of a string without its quotes */
    text: Buffer;
    /** of a string: what it stands for, as WTF-8 */
    characters?: Buffer;
    /** of a picked array (not of arrays in it) */
    elements?: NativePick[];
}

/** For tests: one stage of the core alone. */
export const stages: {
    /** `padding`: what stands behind the text in memory (repeated); it must not matter. */
    scan(text: Uint8Array, maxDepth?: number, padding?: Uint8Array): NativeVerdict;
    /** One scanner over many texts; `paths` are member names (as WTF-8 bytes where a string can't say it) and array indexes. */
    pick(texts: Uint8Array[], paths: (string | Uint8Array)[][], watched?: string):
        (NativeVerdict & { values: NativePick[]; members: { begin: number; end: number; value: NativePick }[] })[];
    augment(text: Uint8Array, record: { topic: string; partition: number } & NativeRecord, field: string, join: boolean): Buffer;
    /** What is left of objects and arrays; null where nothing is cut. Paths as in pick(). */
    cut(texts: Uint8Array[], mode: 'drop' | 'only', paths: (string | Uint8Array)[][]): (Buffer | null)[];
    frame(payload: Uint8Array, namespace: string): Buffer;
    reply(payload: Uint8Array, namespace: string, id: number): Buffer;
    /** Rounds of filters (by their places), evaluated together on all texts by one evaluator: the places of the texts that each of them matches. */
    evaluate(texts: (string | Uint8Array)[], filters: string[], rounds: number[][]):
        { rounds: number[][][]; evaluations: number; tried: number };
    translateRegex(pattern: string): string;
    /** null: it is no I-Regexp. `whole`: for match(), else for search(). */
    translateIRegexp(pattern: string, whole: boolean): string | null;
    /** What a filter's JSON text is compiled to. */
    filter(filter: string, limits?: NativeFilterLimits): { canonical: Buffer; conditions: number; hasExpressions: boolean; looksAtMetadata: boolean };
    /** What the one query that a filter is selects of a JSON text, as JSON texts. `complete` is false if it took too many steps. */
    select(filter: string, text: string, limits?: NativeFilterLimits): { nodes: Buffer[]; complete: boolean; steps: number };
};

/** Ends all threads of this environment, and waits for them: the last thing that is called. */
export function shutDown(): void;

/** Versions of the libraries inside, as far as they tell. */
export const versions: { librdkafka: string; simdjson: string };
