'use strict';

const { startKafka } = require('./index.js');
const Proxy = require('./proxy.js');

/** The listener that the clients under test use: a proxy stands before each broker. */
const LISTENER = 'PROXIED';
const BROKERS = 3;

/** What lets a cluster of three lose one broker and nothing else, and notice soon. */
const PROPERTIES = {
    'default.replication.factor': BROKERS,
    'min.insync.replicas': 2,
    'unclean.leader.election.enable': false,
    'offsets.topic.replication.factor': BROKERS,
    'broker.session.timeout.ms': 3000,
    'replica.lag.time.max.ms': 3000,
};

/** Three brokers on loopback, the first of which is the controller too, each behind a proxy. */
class Cluster {
    /** @returns {Promise<Cluster>} */
    static async start() {
        const cluster = new Cluster();
        for (let i = 0; i < BROKERS; i++) {
            await cluster._add();
        }
        return cluster;
    }

    /** For Cluster.start() alone. */
    constructor() {
        /** @type {KafkaNode[]} */
        this.nodes = [];
        /** @type {Proxy[]} of nodes[i] */
        this.proxies = [];
    }

    /** @type {string} host:port of all, without proxies */
    get brokers() {
        return this.nodes.map((node) => node.brokers).join(',');
    }

    /** @type {string} host:port of all, through their proxies */
    get proxied() {
        return this.proxies.map((proxy) => proxy.address).join(',');
    }

    async _add() {
        const advertise = {
            [LISTENER]: async (address) => {
                const proxy = await Proxy.start(address);
                this.proxies.push(proxy);
                return proxy.address;
            },
        };
        this.nodes.push(await startKafka({
            properties: PROPERTIES, listeners: { [LISTENER]: 'PLAINTEXT' }, advertise, joins: this.nodes[0] ?? null,
        }));
    }

    /** Ends it for good. */
    async close() {
        await Promise.all([...this.nodes, ...this.proxies].map((part) => part.close()));
    }
}

module.exports = Cluster;
