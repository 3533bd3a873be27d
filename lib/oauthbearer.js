'use strict';

const { Asker } = require('./asker');

/** How long a function may take to give a token, in ms. */
const TIMEOUT = 60000;

/** Parts of texts that are secret: shorter ones are words like any other. */
const LEAST_SECRET = 4;

/**
 * Gets SASL/OAUTHBEARER tokens from the user's function whenever librdkafka wants one: at the start, and when four
 * fifths of the last one's time have passed. It asks again by itself after a failure.
 */
class TokenSource {
    /**
     * @param {Function} fn gets `sasl.oauthbearer.config`; gives { value, principal, lifetime, extensions? } or a Promise
     * @param {import('./native').NativeHub} native gets the tokens
     * @param {function(Error): void} onFault gets what is to be logged; no secret is in it
     */
    constructor(fn, native, onFault) {
        this.fn = fn;
        this.native = native;
        this.onFault = onFault;
        this.asker = new Asker();
        this.asking = false;
        /** of which nothing may be logged */
        this.secrets = [];
    }

    /**
     * Asks the function, unless it is being asked already: an answer serves all instances of the hub.
     *
     * @param {string} config the property `sasl.oauthbearer.config`
     * @return {Promise<void>} never rejects
     */
    async refresh(config) {
        if (this.asking) {
            return;
        }
        this.asking = true;
        // Of `name=value` the value.
        this.secrets = config.split(/[\s,;"]+/).map((part) => part.slice(part.indexOf('=') + 1));
        try {
            const given = await this.asker.ask(this.fn, [config], TIMEOUT);
            this.secrets.push(String(given?.value));
            const { value, expires, principal, extensions } = readToken(given);
            this.native.setToken(value, expires, principal, extensions);
        } catch (thrown) {
            this.fail(thrown);
        }
        this.asking = false;
    }

    fail(thrown) {
        if (this.asker.closed) {
            return;
        }
        this.native.failToken('the function oauthbearer_token_refresh_cb gave no token');
        const message = thrown instanceof Error ? thrown.message : 'something was thrown that is no Error';
        this.onFault(new Error(this.masked(message)));
    }

    masked(text) {
        const secrets = this.secrets.filter((secret) => secret.length >= LEAST_SECRET);
        return secrets.reduce((left, secret) => left.replaceAll(secret, '***'), String(text));
    }

    close() {
        this.asker.close();
    }
}

/**
 * @param {*} given by the user's function
 * @return {{value: string, expires: number, principal: string, extensions: [string, string][]}}
 * @throws {TypeError} names what is wrong, and shows nothing of it
 */
function readToken(given) {
    const { value, principal, lifetime, extensions } = Object(given);
    if (!isText(value) || !isText(principal)) {
        throw new TypeError('the token must have a value and a principal, texts that are not empty');
    }
    if (!Number.isSafeInteger(lifetime) || lifetime <= Date.now()) {
        throw new TypeError('the lifetime of a token must be the time when it ends, in ms since 1970, and lie ahead');
    }
    const pairs = Object.entries(extensions ?? {});
    if (typeof (extensions ?? {}) !== 'object' || !pairs.every(([, text]) => typeof text === 'string')) {
        throw new TypeError('the extensions of a token must be an object of texts');
    }
    return { value, expires: lifetime, principal, extensions: pairs };
}

function isText(value) {
    return typeof value === 'string' && value !== '' && !value.includes('\0');
}

module.exports = { TokenSource };
