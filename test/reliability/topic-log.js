'use strict';

/**
 * All that was ever written to a topic, what is not there any more included, as another client than the one under test reads it. Whoever
 * is about to delete something has it noted before.
 *
 * @typedef {{ offset: number, record: object }} LogRecord
 */
class TopicLog {
    /**
     * @param {import('../support/kafka.js').TestClient} client
     * @param {object} how - as for client.createTopic()
     * @returns {Promise<TopicLog>} of a new topic
     */
    static async create(client, how) {
        return new TopicLog(client, await client.createTopic(how), how);
    }

    /** For create() alone. */
    constructor(client, topic, how) {
        this._client = client;
        this._how = how;
        this.topic = topic;
        /**
         * Of each life of the topic (it is deleted and made again), by partition, in order.
         *
         * @type {LogRecord[][][]}
         */
        this.lives = [[]];
        /** Of the last life, by partition: up to where records were deleted, each time. */
        this.deleted = [];
    }

    /** Takes in what is there now. Nothing may be written meanwhile. */
    async note() {
        const [starts, ends] = [await this._client.startOffsets(this.topic), await this._client.endOffsets(this.topic)];
        const life = this.lives.at(-1);
        const records = await this._client.read(this.topic, ends.reduce((sum, end, partition) => sum + end - starts[partition], 0));
        ends.forEach((_, partition) => {
            life[partition] ??= [];
        });
        const known = life.map((log) => log.at(-1)?.offset ?? -1);
        for (const { partition, offset, value } of records) {
            if (offset > known[partition]) {
                life[partition].push({ offset, record: JSON.parse(value) });
            }
        }
    }

    /** Has records deleted: those before these offsets, by partition. All that is there must have been noted. */
    async delete(before) {
        await this._client.deleteRecords(this.topic, before);
        for (const [partition, offset] of Object.entries(before)) {
            (this.deleted[partition] ??= []).push(offset);
        }
    }

    /** Makes the topic again, once it is gone. */
    async beginAgain() {
        while ((await this._client.admin.listTopics()).includes(this.topic)) {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await this._client.createTopic({ ...this._how, topic: this.topic });
        this.lives.push([]);
        this.deleted = [];
    }

    /** @returns {number} the offset behind the last record noted */
    end(partition) {
        return this.lives.at(-1)[partition].at(-1).offset + 1;
    }

    /** @type {number} how many records there ever were */
    get records() {
        return this.lives.flat().reduce((sum, log) => sum + log.length, 0);
    }
}

module.exports = { TopicLog };
