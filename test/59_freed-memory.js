'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');

const kafka = require('./support/kafka.js');
const program = require('./support/program.js');

const PROGRAM = path.join(__dirname, 'support', 'freed-memory.js');

describe('memory that was freed', function () {
    this.timeout(120000);
    before(function () {
        if (!process.report.getReport().header.glibcVersionRuntime) {
            this.skip();
        }
    });
    before(kafka.start);

    it('goes back to the system while a hub works', async () => {
        const child = program.start(['--expose-gc', PROGRAM, kafka.brokers, await kafka.createTopic()]);
        assert.deepEqual(await child.ended, { code: 0, signal: null });
        assert.deepEqual([child.stdout, child.stderr], ['kept\n', '']);
    });
});
