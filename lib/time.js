'use strict';

/**
 * ISO 8601: a date, or a date and a time. A time without a zone is UTC's, as a date alone is: where a server happens to
 * stand is nothing that a client knows.
 */
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/** The last moment of a Date, ms since 1970. */
const MAX_TIME = 8.64e15;

/**
 * @param {*} value ms since 1970, or an ISO 8601 text. What lies before 1970 is 1970: no record is older
 * @return {number|undefined} whole ms since 1970, from 0 on; undefined: no such time
 */
function readTime(value) {
    const time = typeof value === 'string' ? readIso(value) : value;
    if (typeof time !== 'number' || !(Math.abs(time) <= MAX_TIME)) {
        return undefined;
    }
    // Records have whole ms: what is at or after a part of one is at or after the next.
    return Math.max(0, Math.ceil(time)) + 0;
}

/**
 * @param {string} text
 * @return {number|undefined} ms since 1970
 */
function readIso(text) {
    const found = ISO.exec(text);
    if (found === null) {
        return undefined;
    }
    const [year, month, day, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map((part) => (part === undefined ? part : Number(part)));
    const midnight = new Date(0);
    midnight.setUTCFullYear(year, month - 1, day);
    // A day that its month does not have becomes one of the next month.
    const exists = midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day && month > 0;
    const endOfDay = hour === 24 && minute === 0 && second === 0;
    const zone = readZone(found[8]);
    if (!exists || !(hour < 24 || endOfDay) || minute > 59 || second > 60 || zone === undefined) {
        return undefined;
    }
    // In whole ns: 0.57 s times 1000 would not be 570 ms to the last bit.
    const nanoseconds = Number((found[7] ?? '').padEnd(9, '0'));
    return midnight.getTime() + ((hour * 60 + minute - zone) * 60 + second) * 1000 + Math.ceil(nanoseconds / 1e6);
}

/**
 * @param {string} [zone] Z, +hh, +hhmm or +hh:mm
 * @return {number|undefined} minutes east of UTC
 */
function readZone(zone = 'Z') {
    if (zone === 'Z') {
        return 0;
    }
    const hours = Number(zone.slice(1, 3));
    const minutes = Number(zone.slice(3).replace(':', ''));
    const east = hours * 60 + minutes;
    return hours > 23 || minutes > 59 ? undefined : zone[0] === '-' ? -east : east;
}

module.exports = { readTime };
