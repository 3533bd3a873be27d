'use strict';

const { createMatcher } = require('./matcher');

/** What a pattern may be as a text; the core bounds what it may become. */
const MAX_LENGTH = 1000;

/** A topic name like `/^orders-/`: a regular expression, as in filters, over names of topics. */
class TopicPattern {
    /**
     * @param {string} text
     * @return {boolean} whether that is a pattern, and no topic's name
     */
    static is(text) {
        return text.length > 1 && text.startsWith('/') && text.endsWith('/');
    }

    /**
     * @param {string} text
     * @throws {InvalidFilterError|RangeError} it is no regular expression, or too long
     */
    constructor(text) {
        if (text.length > MAX_LENGTH) {
            throw new RangeError(`a pattern is longer than ${MAX_LENGTH} characters`);
        }
        this.text = text;
        this.matcher = createMatcher({ topic: text });
    }

    /**
     * @param {string} name of a topic
     * @return {boolean}
     */
    matches(name) {
        return this.matcher({ topic: name });
    }
}

module.exports = { TopicPattern };
