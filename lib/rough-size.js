'use strict';

/** What a value takes beside its characters: a number, a reference, the head of a string or an object. */
const VALUE_BYTES = 16;

/**
 * About how many bytes of memory a value of JSON takes. The time is bounded by `enough`, not by the value.
 *
 * @param {*} value
 * @param {number} enough when so many are found, the rest is not looked at
 * @return {number}
 */
function roughSize(value, enough) {
    const rest = [value];
    let bytes = 0;
    while (rest.length > 0 && bytes <= enough) {
        const next = rest.pop();
        bytes += VALUE_BYTES;
        if (typeof next === 'string') {
            bytes += next.length;
        } else if (ArrayBuffer.isView(next)) {
            bytes += next.byteLength;
        } else if (typeof next === 'object' && next !== null) {
            const names = Array.isArray(next) ? undefined : Object.keys(next);
            const count = (names ?? next).length;
            for (let i = 0; i < count && bytes <= enough; i++) {
                const item = next[names ? names[i] : i];
                bytes += names ? names[i].length : 0;
                if (typeof item === 'string' || (typeof item === 'object' && item !== null)) {
                    rest.push(item);
                } else {
                    bytes += VALUE_BYTES;
                }
            }
        }
    }
    return bytes;
}

module.exports = { roughSize };
