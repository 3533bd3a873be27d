'use strict';

// A hundred sockets at any time, a fifth of them on each of five filters, come and go at random moments, while a stream flows. Nothing
// crashes, nothing is left over, and each got exactly its messages for as long as it was there.
// KASOCKI_CHURN_SECONDS says how long (10 by default); KASOCKI_CHURN_SEED repeats a run.

const assert = require('node:assert/strict');

const kafka = require('./support/kafka.js');
const { hubs, readyClient, resultOf, serve, until } = require('./support/kasocki.js');

const SECONDS = Number(process.env.KASOCKI_CHURN_SECONDS ?? 10);
const SOCKETS = 100;
const GROUPS = 5;
const BACKLOG = 5000;

/** A small seeded generator (mulberry32): [0, 1). */
function generator(seed) {
    return () => {
        seed = (seed + 0x6d2b79f5) | 0;
        let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

describe('a hundred sockets that come and go', function () {
    this.timeout(SECONDS * 1000 + 300000);
    before(kafka.start);

    it('each get exactly their messages, and nothing is left of them', async () => {
        const seed = Number(process.env.KASOCKI_CHURN_SEED ?? Date.now() % 1e6);
        const random = generator(seed);
        const topic = await kafka.createTopic({ partitions: 1 });
        const server = await serve({ hubIdle: 0 });
        const hubsBefore = hubs.size;
        let produced = 0;
        const produce = async (count) => {
            const values = Array.from({ length: count }, () => ({
                partition: 0, value: JSON.stringify({ n: produced, group: produced++ % GROUPS }),
            }));
            await kafka.produce(topic, values);
        };
        await produce(BACKLOG);

        const faults = [];
        const actors = new Set();
        const join = async (group) => {
            const client = await readyClient(server);
            const from = Math.floor(random() * produced);
            await resultOf(client, 'subscribe', [{ topic, partition: 0, offset: from }]);
            await resultOf(client, 'filter', { group });
            const first = from + ((group - (from % GROUPS) + GROUPS) % GROUPS);
            const actor = { client, group, expected: first };
            client.on('message', ({ n }) => {
                if (n !== actor.expected) {
                    faults.push(`group ${group} from ${from}: ${n} came in the place of ${actor.expected}`);
                }
                actor.expected = n + GROUPS;
            });
            await resultOf(client, 'start');
            actors.add(actor);
        };
        const drop = (actor) => {
            actors.delete(actor);
            actor.client.disconnect();
        };

        await Promise.all(Array.from({ length: SOCKETS }, (_, i) => join(i % GROUPS)));
        const end = performance.now() + SECONDS * 1000;
        let drops = 0;
        while (performance.now() < end) {
            const gone = [...actors].filter(() => random() < 0.1);
            gone.forEach(drop);
            drops += gone.length;
            await Promise.all([produce(100), ...gone.map(({ group }) => join(group))]);
        }
        await produce(100);
        await until(() => faults.length > 0 || [...actors].every(({ expected }) => expected >= produced));
        assert.deepEqual(faults, [], `seed ${seed}`);
        assert.ok(drops > 20, `${drops} dropped`);

        const native = server.native();
        assert.equal(native.stats().sessions, SOCKETS);
        assert.equal(native.stats().cursors, SOCKETS);
        assert.ok(native.stats().classes <= GROUPS + 1);
        [...actors].forEach(drop);
        await until(() => native.stats().sessions === 0 && native.stats().cursors === 0);
        await until(() => hubs.size < hubsBefore + 1);
        await server.close();
    });
});
