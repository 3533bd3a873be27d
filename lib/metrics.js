'use strict';

const { stats } = require('./stats');

/*
 * What stats() tells as text in Prometheus' exposition format, version 0.0.4.
 */

/** Partitions with a lag of their own in one answer: each is a time series of Prometheus'. */
const MAX_PARTITIONS = 1000;

/** Each metric: name, type, help, and its samples, a number or [labels, number] pairs. */
const METRICS = [
    ['sockets', 'gauge', 'Sockets that are being served.', (s) => s.sockets],
    ['hubs', 'gauge', 'Distinct configurations of Kafka in use.', (s) => s.hubs],
    ['cursors', 'gauge', 'Positions of sockets on partitions.', (s) => s.cursors],
    ['partitions', 'gauge', 'Partitions that are read, or were a moment ago.', (s) => s.partitions],
    ['scans', 'gauge', 'Readers of partitions, at their ends or further back.', (s) => [
        [{ kind: 'tail' }, s.tailScans],
        [{ kind: 'catch_up' }, s.catchUpScans]
    ]],
    ['filter_classes', 'gauge', 'Distinct filters in use; sockets of one share all work.', (s) => s.filterClasses],
    ['buffer_bytes', 'gauge', 'Bytes of records that readers hold.', (s) => s.bufferBytes],
    ['events_waiting', 'gauge', 'Events of clients that wait for their turn.', (s) => s.eventsWaiting],
    ['consumes_waiting', 'gauge', 'Events consume that wait for a message.', (s) => s.consumesWaiting],
    ['records_read_total', 'counter', 'Records read from Kafka.', (s) => s.recordsRead],
    ['read_bytes_total', 'counter', 'Bytes of the values of records read from Kafka.', (s) => s.bytesRead],
    ['records_parsed_total', 'counter', 'Texts of records that were parsed.', (s) => s.recordsParsed],
    ['filter_evaluations_total', 'counter', 'Evaluations of one filter on one record.', (s) => s.filterEvaluations],
    ['filters_over_budget_total', 'counter', 'Evaluations that would have taken too many steps.', (s) => s.filtersOverBudget],
    ['slow_chunks_total', 'counter', 'Chunks of records that one slow filter was given a thread of its own for.', (s) => s.slowChunks],
    ['records_matched_total', 'counter', 'Records that matched, once for each distinct filter.', (s) => s.recordsMatched],
    ['records_encoded_total', 'counter', 'Messages that were encoded, once for all sockets that get them.', (s) => s.recordsEncoded],
    ['records_skipped_total', 'counter', 'Records that could not be made messages.', (s) => s.recordsSkipped],
    ['messages_sent_total', 'counter', 'Messages delivered to sockets.', (s) => s.messagesSent],
    ['sent_bytes_total', 'counter', 'Bytes of the messages delivered to sockets.', (s) => s.bytesSent],
    ['events_total', 'counter', 'Events of clients.', (s) => labelled('event', s.events)],
    ['errors_total', 'counter', 'Errors that were sent to clients.', (s) => labelled('name', s.errors)],
    ['lag_records', 'gauge', 'Records between the last reader of a partition and its end; of the partitions with the largest.',
        (s) => largest(s.lags, MAX_PARTITIONS).map(({ lag, ...labels }) => [labels, lag])],
    ['max_lag_records', 'gauge', 'The largest lag of all partitions.', (s) => largest(s.lags, 1).map(({ lag }) => [{}, lag])],
    ['librdkafka_requests_total', 'counter', 'Requests that librdkafka sent to brokers.', (s) => ofInstances(s, 'tx')],
    ['librdkafka_sent_bytes_total', 'counter', 'Bytes that librdkafka sent to brokers.', (s) => ofInstances(s, 'tx_bytes')],
    ['librdkafka_responses_total', 'counter', 'Responses of brokers to librdkafka.', (s) => ofInstances(s, 'rx')],
    ['librdkafka_received_bytes_total', 'counter', 'Bytes that librdkafka received from brokers.', (s) => ofInstances(s, 'rx_bytes')]
];

/**
 * @return {string} for the content type `text/plain; version=0.0.4; charset=utf-8`
 */
function metrics() {
    const now = stats();
    return METRICS.map(([name, type, help, read]) => family(`kasocki_${name}`, type, help, read(now))).join('');
}

/** A metric without samples is left out. */
function family(name, type, help, samples) {
    const list = Array.isArray(samples) ? samples : [[{}, samples]];
    if (list.length === 0) {
        return '';
    }
    const lines = list.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelText(labels) {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
    return pairs.length === 0 ? '' : `{${pairs.join()}}`;
}

function escaped(value) {
    return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

function labelled(label, counts) {
    return Object.entries(counts).map(([value, count]) => [{ [label]: value }, count]);
}

/** The ones with the largest lag, in order of their names: no order that changes from one answer to the next. */
function largest(lags, count) {
    const chosen = lags.length > count ? [...lags].sort((a, b) => b.lag - a.lag).slice(0, count) : lags;
    const key = ({ hub, topic, partition }) => `${hub} ${topic} ${String(partition).padStart(10, '0')}`;
    return [...chosen].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** librdkafka's names hold the client.id and a number of each new instance: its place in the hub is a better label. */
function ofInstances({ librdkafka }, field) {
    const seen = new Map();
    return librdkafka.map(({ hub, statistics }) => {
        const instance = seen.get(hub) ?? 0;
        seen.set(hub, instance + 1);
        return [{ hub, instance }, statistics[field]];
    });
}

module.exports = { metrics };
