'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** The version of Apache Kafka that the tests run; docker-compose.yml names the same. */
const VERSION = '4.1.1';
const JARS = path.join(__dirname, 'jars');

/**
 * Gives the folder with the jars of Apache Kafka. The first time Maven copies them from Maven Central.
 *
 * @param {Guard} guard
 * @param {(line: string) => void} progress
 * @returns {Promise<string>}
 * @throws {Error} where Maven is missing or failed
 */
async function jars(guard, progress) {
    const folder = path.join(JARS, `kafka-${VERSION}`);
    if (fs.existsSync(folder)) {
        return folder;
    }
    progress(`copying Apache Kafka ${VERSION} from Maven Central (43 MB, once)`);
    fs.mkdirSync(JARS, { recursive: true });
    const partial = fs.mkdtempSync(path.join(JARS, 'partial-'));
    try {
        const args = ['-B', '-q', '-f', path.join(__dirname, 'pom.xml'), `-Dkafka.version=${VERSION}`];
        args.push('dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`);
        await guard.run('mvn', args, { log: 'maven.log' }).succeeded();
        rename(partial, folder);
    } finally {
        fs.rmSync(partial, { recursive: true, force: true });
    }
    return folder;
}

/** The folder appears whole or not at all. Another test run may have been quicker: its jars are as good. */
function rename(from, to) {
    try {
        fs.renameSync(from, to);
    } catch (error) {
        if (!fs.existsSync(to)) {
            throw error;
        }
    }
}

module.exports = { VERSION, jars };
