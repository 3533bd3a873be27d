'use strict';

// Mocha's root hook (.mocharc.json requires this file). Nothing starts here, and nothing is loaded: a test file that
// needs Kafka says `before(kafka.start)`, the rest runs without. What was started ends here.

const { end } = require('./at_end.js');

exports.mochaHooks = {
    async afterAll() {
        this.timeout(30000);
        await end();
    },
};
