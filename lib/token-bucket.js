'use strict';

/** So many a second on average, and as many at once after a quiet second. */
class TokenBucket {
    /** @param {number} perSecond */
    constructor(perSecond) {
        this.perSecond = perSecond;
        this.tokens = perSecond;
        this.filledAt = performance.now();
    }

    /** @return {boolean} false: too many came */
    take() {
        const now = performance.now();
        this.tokens = Math.min(this.perSecond, this.tokens + (now - this.filledAt) * this.perSecond / 1000);
        this.filledAt = now;
        if (this.tokens < 1) {
            return false;
        }
        this.tokens--;
        return true;
    }
}

module.exports = { TokenBucket };
