'use strict';

const { bufferBytes, ended, ending, hubs } = require('./hub');
const { registry } = require('./registry');
const { totals } = require('./totals');

/** Counters of the core that only grow: those of hubs that have ended still count. */
const COUNTERS = ['recordsRead', 'bytesRead', 'recordsParsed', 'filterEvaluations', 'filtersOverBudget', 'slowChunks', 'recordsMatched', 'recordsEncoded', 'recordsSkipped'];

/** What the core's hubs have now, by our names. */
const GAUGES = {
    sessions: 'sessions',
    cursors: 'cursors',
    partitions: 'partitions',
    tailScans: 'tailScans',
    catchUpScans: 'catchUpScans',
    filterClasses: 'classes'
};

/**
 * Counters and gauges of this process (of this worker thread, rather). Counters count from its beginning.
 *
 * @return {import('./index').Stats}
 */
function stats() {
    const all = [...hubs.values(), ...ending];
    const native = all.map((hub) => hub.native.stats());
    const sumOf = (name) => native.reduce((sum, counters) => sum + counters[name], 0);
    const result = { sockets: registry.residents.size, hubs: hubs.size };
    for (const [name, nativeName] of Object.entries(GAUGES)) {
        result[name] = sumOf(nativeName);
    }
    result.bufferBytes = bufferBytes();
    Object.assign(result, waiting());
    for (const name of COUNTERS) {
        result[name] = sumOf(name) + (ended[name] ?? 0);
    }
    result.recordsSkipped += totals.recordsUndecoded;
    const { messagesSent, bytesSent, events, errors } = totals;
    return {
        ...result,
        messagesSent,
        bytesSent,
        events: Object.fromEntries(events),
        errors: Object.fromEntries(errors),
        lags: all.flatMap(({ number, native: hub }) => hub.lags().map((lag) => ({ hub: number, ...lag }))),
        librdkafka: all.flatMap(librdkafkaOf)
    };
}

function waiting() {
    let eventsWaiting = 0;
    let consumesWaiting = 0;
    for (const resident of registry.residents) {
        const { events, consumes } = resident.waiting();
        eventsWaiting += events;
        consumesWaiting += consumes;
    }
    return { eventsWaiting, consumesWaiting };
}

/** librdkafka's own, as last told: only with `statistics.interval.ms`. What is no JSON, for whatever reason, is left out. */
function librdkafkaOf({ number, statistics }) {
    return [...statistics].flatMap(([name, json]) => {
        try {
            return [{ hub: number, name, statistics: JSON.parse(json) }];
        } catch {
            return [];
        }
    });
}

module.exports = { stats };
