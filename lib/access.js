'use strict';

const { AuthorizationError, KasockiError } = require('./errors');
const { isAllowedTopic } = require('./validation');

/**
 * Which topics one socket may see. This is the one place that decides it: whatever names topics to a client, or reads
 * them for it (`ready`, `subscribe`, patterns, topics that come later), has asked visible() about them.
 */
class Access {
    /**
     * @param {object} socket
     * @param {{allowedTopics: Set<string>|undefined, authorize: Function|undefined}} options
     * @param {import('./asker').Asker} asker
     */
    constructor(socket, { allowedTopics, authorize }, asker) {
        this.socket = socket;
        this.allowedTopics = allowedTopics;
        this.authorize = authorize;
        this.asker = asker;
    }

    /**
     * @param {string} topic
     * @return {boolean} false: `allowedTopics` says no, so that nobody need be asked
     */
    allows(topic) {
        return isAllowedTopic(topic, this.allowedTopics);
    }

    /**
     * @param {Iterable<string>} topics
     * @return {string[]} those that `allowedTopics` leaves, in their order
     */
    allowed(topics) {
        return [...topics].filter((topic) => this.allows(topic));
    }

    /**
     * Of some topics, those that this socket may see now. `authorize` is asked at every call, about those of them that
     * `allowedTopics` leaves.
     *
     * @param {Iterable<string>} topics
     * @param {number} timeout how long `authorize` may take, in ms
     * @return {Promise<string[]>} in their order. Rejects with an AuthorizationError if `authorize` failed, or with an
     *     AlreadyClosingError if the socket went meanwhile
     */
    async visible(topics, timeout) {
        const allowed = this.allowed(topics);
        if (this.authorize === undefined || allowed.length === 0) {
            return allowed;
        }
        let granted;
        try {
            granted = setOfNames(await this.asker.ask(this.authorize, [this.socket, [...allowed]], timeout));
        } catch (thrown) {
            if (thrown instanceof KasockiError) {
                throw thrown;
            }
            // What a user's function threw may hold anything: it is for the log, not for the client.
            throw Object.defineProperty(new AuthorizationError('The topics could not be authorized'), 'cause', { value: thrown });
        }
        return allowed.filter((topic) => granted.has(topic));
    }
}

/**
 * @param {*} answer of `authorize`
 * @return {Set<string>}
 * @throws {TypeError} it is no array of names
 */
function setOfNames(answer) {
    if (!Array.isArray(answer) || !answer.every((name) => typeof name === 'string')) {
        throw new TypeError('authorize must return an array of topic names');
    }
    return new Set(answer);
}

module.exports = { Access };
