'use strict';

/**
 * What may happen to a cluster. `strike` brings it about and gives what ends it. Everything is healed when that is done;
 * that the stream flows again is for the caller to see.
 *
 * @typedef {{
 *     name: string,
 *     strike(scene: { cluster: Cluster, client: object, topic: string, random: (below: number) => number }):
 *         Promise<() => Promise<void>>,
 * }} Fault
 */

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

/** Waits until the metadata of a topic are as wanted. */
async function untilTopic({ client, topic }, condition) {
    for (;;) {
        const { topics: [{ partitions }] } = await client.admin.fetchTopicMetadata({ topics: [topic] });
        if (condition(partitions)) {
            return partitions;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

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
                topics: [{ topic: scene.topic, partitionAssignment: partitions.map(replicasOf) }],
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
];

module.exports = { FAULTS };
