'use strict';

/** How many problems are told one by one. */
const TOLD = 10;

/**
 * Compares what sockets got with the log.
 *
 * @param {{ partition: number, offset: number, value: Buffer }[]} written - all records, in the order of each partition
 * @param {import('./reader.js').Reader[]} readers
 * @returns {{ messages: number, lost: number, repeated: number, disordered: number, problems: string[] }}
 */
function check(written, readers) {
    const log = [];
    for (const { partition, offset, value } of written) {
        (log[partition] ??= []).push({ offset, record: JSON.parse(value) });
    }
    const result = { messages: 0, lost: 0, repeated: 0, disordered: 0, problems: [] };
    const tell = (reader, partition, text) => result.problems.length < TOLD && result.problems.push(`${reader}: partition ${partition}: ${text}`);
    for (const reader of readers) {
        for (const { partition, offset: start } of reader.assignments) {
            const expected = log[partition].filter(({ offset, record }) => offset >= start && reader.passes(record));
            const came = reader.offsets[partition];
            const distinct = new Set(came);
            result.messages += came.length;
            for (let i = 1; i < came.length; i++) {
                if (came[i] < came[i - 1]) {
                    result.disordered++;
                    tell(reader, partition, `offset ${came[i]} came after ${came[i - 1]}`);
                }
            }
            if (distinct.size < came.length) {
                result.repeated += came.length - distinct.size;
                tell(reader, partition, `${came.length - distinct.size} came twice`);
            }
            const missing = expected.filter(({ offset }) => !distinct.has(offset));
            if (missing.length > 0) {
                result.lost += missing.length;
                tell(reader, partition, `${missing.length} did not come, the first of them offset ${missing[0].offset}`);
            }
            if (distinct.size > expected.length - missing.length) {
                tell(reader, partition, 'something came that should not');
            }
        }
    }
    return result;
}

module.exports = { check };
