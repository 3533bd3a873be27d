'use strict';

/** What is to be done when all tests are over. */
const steps = [];

/**
 * Has something done when all tests are over, the last named first.
 *
 * @param {() => Promise<void>} step
 */
function atEnd(step) {
    steps.push(step);
}

/** Carries the steps out; for the root hook. */
async function end() {
    while (steps.length > 0) {
        await steps.pop()();
    }
}

module.exports = { atEnd, end };
