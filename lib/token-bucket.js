'use strict';

/** So many a second on average, and as many at once after a quiet second. */
class TokenBucket {
    /**
     * @param {number} perSecond
     * @param {number} [now] in ms
     */
    constructor(perSecond, now = performance.now()) {
        this.perSecond = perSecond;
        this.tokens = perSecond;
        this.filledAt = now;
    }

    /**
     * @param {number} [now] in ms
     * @return {boolean} false: too many came
     */
    take(now = performance.now()) {
        this.tokens = Math.min(this.perSecond, this.tokens + ((now - this.filledAt) * this.perSecond) / 1000);
        this.filledAt = now;
        if (this.tokens < 1) {
            return false;
        }
        this.tokens--;
        return true;
    }
}

module.exports = { TokenBucket };
