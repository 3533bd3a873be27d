'use strict';

/**
 * What may happen to a cluster, and to topics. `strike` brings it about and gives what ends it. Everything is healed when that is done;
 * that the stream flows again is for the caller to see.
 *
 * @typedef {{
 *     cluster: Cluster,
 *     client: import('../support/kafka.js').TestClient,
 *     readers: import('./reader.js').Reader[],
 *     flows: { steady: Flow, growing: Flow, trimmed: Flow, remade: Flow },    to the topics, by what happens to them
 *     random: (below: number) => number,
 * }} Scene
 * @typedef {import('./flow.js').Flow} Flow
 * @typedef {{ name: string, strike(scene: Scene): Promise<() => Promise<void>> }} Fault
 */

/** Of records that are deleted: so much is more than a scan keeps, bytes; and how many are left, at most. */
const DELETED = 3 * 1024 * 1024;
const MOST_LEFT = 100;
/** What is written at first to a topic that is made again, for each partition: less than what everybody has passed in its life before. */
const MOST_AGAIN = 5;

/** The first node is the cluster's only controller: it goes only when all go. */
const someBroker = ({ cluster, random }) => cluster.nodes[1 + random(cluster.nodes.length - 1)];

/** Some of the proxies, at least one. */
function someProxies({ cluster, random }) {
    const chosen = cluster.proxies.filter(() => random(2) === 0);
    return chosen.length > 0 ? chosen : [cluster.proxies[random(cluster.proxies.length)]];
}

/** A fault of the network on the way to some brokers: `how` is a method of Proxy. */
const network = (name, how) => ({
    name,
    async strike(scene) {
        const proxies = someProxies(scene);
        proxies.forEach((proxy) => proxy[how]());
        return async () => proxies.forEach((proxy) => proxy.flow());
    },
});

async function until(condition) {
    while (!condition()) {
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

/** Waits until the metadata of the steady topic are as wanted. */
async function untilTopic({ client, flows: { steady: { topic } } }, condition) {
    for (;;) {
        const { topics: [{ partitions }] } = await client.admin.fetchTopicMetadata({ topics: [topic] });
        if (condition(partitions)) {
            return partitions;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

const partitionsOf = (flow) => Array.from({ length: flow.partitions }, (_, partition) => partition);

const replicasOf = ({ partitionId, replicas }) => ({ partition: partitionId, replicas });

/** @type {Fault[]} */
const FAULTS = [
    {
        name: 'a broker is killed (SIGKILL), and comes back',
        async strike(scene) {
            const node = someBroker(scene);
            await node.kill();
            return () => node.start();
        },
    },
    {
        name: 'a broker is stopped in good order, and comes back',
        async strike(scene) {
            const node = someBroker(scene);
            await node.stop();
            return () => node.start();
        },
    },
    {
        name: 'a broker hangs (SIGSTOP), and goes on',
        async strike(scene) {
            const node = someBroker(scene);
            node.suspend();
            return async () => node.resume();
        },
    },
    {
        name: 'all brokers are away, and come back',
        async strike({ cluster: { nodes } }) {
            await Promise.all(nodes.map((node) => node.kill()));
            return async () => {
                await Promise.all(nodes.map((node) => node.start()));
            };
        },
    },
    {
        name: 'leadership moves',
        async strike(scene) {
            const before = await untilTopic(scene, (partitions) => partitions.every(({ leader, isr }) => leader > 0 && isr.length === 3));
            const without = before.map((partition) => ({ ...partition, replicas: partition.replicas.filter((id) => id !== partition.leader) }));
            const reassign = (partitions) => scene.client.admin.alterPartitionReassignments({
                topics: [{ topic: scene.flows.steady.topic, partitionAssignment: partitions.map(replicasOf) }],
            });
            await reassign(without);
            return async () => {
                await untilTopic(scene, (partitions) => partitions.every(({ partitionId, leader }) => (
                    leader > 0 && leader !== before.find((partition) => partition.partitionId === partitionId).leader
                )));
                await reassign(before);
            };
        },
    },
    network('the network stalls', 'stall'),
    network('the network crawls', 'crawl'),
    network('the network drops connections', 'drop'),
    network('the network resets connections', 'reset'),
    {
        name: 'a topic gets one more partition',
        async strike({ client, readers, flows: { growing } }) {
            const partition = growing.partitions;
            await client.addPartitions(growing.topic, partition + 1);
            await growing.grow();
            return () => until(() => readers.every(({ joined }) => joined.has(`${growing.topic} ${partition}`)));
        },
    },
    {
        name: 'records that somebody waits for are deleted',
        async strike({ readers, flows: { trimmed }, random }) {
            const held = readers.filter(() => random(2) === 0);
            await Promise.all(held.map((reader) => reader.hold()));
            await trimmed.stop();
            await trimmed.writeLarge(DELETED);
            await trimmed.log.note();
            const before = partitionsOf(trimmed).map((partition) => [partition, trimmed.log.end(partition) - random(MOST_LEFT)]);
            await trimmed.log.delete(Object.fromEntries(before));
            return async () => {
                held.forEach((reader) => reader.release());
                trimmed.resume();
            };
        },
    },
    {
        name: 'a topic is deleted, and made again',
        async strike({ client, readers, flows: { remade }, random }) {
            const { topic, log } = remade;
            const everywhere = (condition) => until(() => readers.every((reader) => (
                partitionsOf(remade).every((partition) => condition(reader, partition))
            )));
            await everywhere(({ positions }, partition) => positions.get(`${topic} ${partition}`) > MOST_AGAIN);
            await remade.stop();
            await log.note();
            await client.deleteTopics(topic);
            return async () => {
                await log.beginAgain();
                await remade.write(remade.partitions * random(MOST_AGAIN));
                await everywhere((reader, partition) => reader.lives(topic, partition) === log.lives.length - 1);
                remade.resume();
            };
        },
    },
];

module.exports = { FAULTS };
