'use strict';

// The Kafka that the tests run against. One is shared by all test files, found or started when the first of them asks:
//
//   1. KASOCKI_TEST_BROKERS   host:port of one that runs already
//   2. docker compose         where an engine answers
//   3. Apache Kafka itself    from Maven Central, on Java 17
//
// Tests that stop brokers or need special settings start one of their own, by the third way.

const { startCompose } = require('./compose.js');
const { VERSION } = require('./jars.js');
const KafkaNode = require('./node.js');
const { answers } = require('./ready.js');

/** The shared Kafka: a promise, so that two who ask at once get the same. */
let shared = null;
/** All that was started and not closed. */
const started = new Set();

/**
 * The Kafka that all test files share.
 *
 * @returns {Promise<{ brokers: string }>} host:port
 * @throws {Error} that names the three ways, and why none of them worked
 */
function sharedKafka() {
    shared = shared || findKafka();
    return shared;
}

async function findKafka() {
    const brokers = process.env.KASOCKI_TEST_BROKERS;
    if (brokers) {
        if (!(await answers(brokers.split(',')[0]))) {
            throw new Error(`no Kafka answers at KASOCKI_TEST_BROKERS=${brokers}`);
        }
        progress(`${brokers}, named by KASOCKI_TEST_BROKERS`);
        return { brokers };
    }
    const reasons = [];
    const ways = [
        ['docker compose', () => startCompose(progress)],
        [`Apache Kafka ${VERSION} on Java`, () => KafkaNode.start({}, progress)],
    ];
    for (const [name, start] of ways) {
        try {
            const kafka = await start();
            started.add(kafka);
            progress(`${name}, ${kafka.brokers}`);
            return kafka;
        } catch (error) {
            reasons.push(`${name}: ${error.message}`);
        }
    }
    throw new Error(
        'These tests need Kafka. Either set KASOCKI_TEST_BROKERS to host:port of one, or have a docker engine with ' +
            `docker compose running, or install Java 17 and Maven.\n${reasons.join('\n')}`,
    );
}

/**
 * Starts a Kafka for one test file, with settings of its own. Close it in the file's `after`.
 *
 * @param {object} [options] - as of KafkaNode.start()
 * @returns {Promise<KafkaNode>}
 * @throws {Error} where Java 17 or Maven is missing, or the broker ended
 */
async function startKafka(options) {
    try {
        const node = await KafkaNode.start(options, progress);
        started.add(node);
        return node;
    } catch (error) {
        throw new Error(`A test that starts a Kafka of its own needs Java 17 and Maven. ${error.message}`);
    }
}

/** Ends all that was started: for the root hook. */
async function closeAll() {
    const all = [...started];
    started.clear();
    shared = null;
    await Promise.all(all.map((kafka) => kafka.close()));
}

function progress(line) {
    process.stderr.write(`Kafka for the tests: ${line}\n`);
}

module.exports = { sharedKafka, startKafka, closeAll };
