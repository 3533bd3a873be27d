'use strict';

const WIKIS = ['enwiki', 'dewiki', 'frwiki', 'jawiki', 'eswiki', 'commonswiki', 'wikidatawiki', 'ptwiki'];

/**
 * A record such as a stream of edits has, with members that filters of the benches look at.
 *
 * @param {number} n - its number: `hundredth` and `thousandth` go round with it
 * @param {number} bytes - of the text, at least 220
 * @param {string} [more] - further members, `"name":value,`
 * @returns {string} JSON of exactly so many bytes
 */
function recordText(n, bytes, more = '') {
    const head = `{"n":${n},${more}"type":"edit","wiki":"${WIKIS[n % WIKIS.length]}","hundredth":${n % 100},"thousandth":${n % 1000},` +
        `"user":{"name":"user-${n % 1000}","bot":${n % 3 === 0}},"tags":["t${n % 10}","mobile"],"price":${(n % 777) / 4},"text":"`;
    return `${head}${'x'.repeat(Math.max(0, bytes - head.length - 2))}"}`;
}

/**
 * The message that a record becomes, as peers make it: parsed, and with the metadata that Kasocki adds.
 *
 * @param {{ value: Buffer, topic: string, partition: number, offset: number, timestamp: number, key: ?Buffer }} record
 * @returns {object}
 */
function augmented({ value, topic, partition, offset, timestamp, key }) {
    const message = JSON.parse(value);
    message._kafka = { topic, partition, offset, timestamp, key: key === null || key === undefined ? null : key.toString() };
    return message;
}

module.exports = { augmented, recordText };
