'use strict';

// Record batches (magic 2) as producers write them. Written out here, and not left to a client library, since tests
// need what libraries refuse to send (header values that are null, names and keys of any bytes) and many records fast.

const { gzipSync } = require('node:zlib');

/** Bytes of a batch before its records. */
const HEADER = 61;
/** Where the checksum stands, and what it covers begins. */
const CRC_AT = 17;
const CRC_FROM = 21;
const GZIP = 1;

const CRC_TABLE = new Int32Array(256).map((_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) {
        crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return crc;
});

/** CRC-32C (Castagnoli). */
function crc32c(bytes, from) {
    let crc = -1;
    for (let i = from; i < bytes.length; i++) {
        crc = CRC_TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
    }
    return (crc ^ -1) >>> 0;
}

/** Bytes that grow. */
class Writer {
    constructor() {
        this.bytes = Buffer.allocUnsafe(4096);
        this.length = 0;
    }

    reserve(more) {
        if (this.length + more > this.bytes.length) {
            const larger = Buffer.allocUnsafe(2 * (this.length + more));
            this.bytes.copy(larger, 0, 0, this.length);
            this.bytes = larger;
        }
    }

    /** A signed integer as a varint, zigzag: any safe integer. */
    varint(value) {
        this.reserve(10);
        let rest = value < 0 ? -2 * value - 1 : 2 * value;
        while (rest >= 0x80) {
            this.bytes[this.length++] = (rest % 0x80) | 0x80;
            rest = Math.floor(rest / 0x80);
        }
        this.bytes[this.length++] = rest;
    }

    /** A length as a varint and the bytes; -1 for null. */
    data(value) {
        if (value === null) {
            this.varint(-1);
            return;
        }
        const size = Buffer.byteLength(value);
        this.varint(size);
        this.reserve(size);
        if (typeof value === 'string') {
            this.bytes.write(value, this.length);
        } else {
            value.copy(this.bytes, this.length);
        }
        this.length += size;
    }

    /** Other bytes, as they are. */
    append({ bytes, length }) {
        this.reserve(length);
        bytes.copy(this.bytes, this.length, 0, length);
        this.length += length;
    }
}

/** Collects records and makes one batch of them. */
class RecordBatch {
    constructor() {
        this._records = new Writer();
        this._record = new Writer();
        this._count = 0;
        this._first = 0;
        this._last = -Infinity;
    }

    /** @type {number} bytes of the records so far */
    get size() {
        return this._records.length;
    }

    /**
     * @param {?string|?Buffer} key
     * @param {?string|?Buffer} value
     * @param {Array<[string|Buffer, ?string|?Buffer]>} headers
     * @param {number} timestamp - ms
     */
    add(key, value, headers, timestamp) {
        if (this._count === 0) {
            this._first = timestamp;
        }
        this._last = Math.max(this._last, timestamp);
        const record = this._record;
        record.length = 0;
        record.varint(0); // attributes: none are defined
        record.varint(timestamp - this._first);
        record.varint(this._count++);
        record.data(key);
        record.data(value);
        record.varint(headers.length);
        for (const [name, header] of headers) {
            record.data(name);
            record.data(header);
        }
        this._records.varint(record.length);
        this._records.append(record);
    }

    /**
     * @param {{ gzip?: boolean }} [options]
     * @returns {Buffer}
     */
    encode({ gzip = false } = {}) {
        const plain = this._records.bytes.subarray(0, this._records.length);
        const records = gzip ? gzipSync(plain) : plain;
        const batch = Buffer.allocUnsafe(HEADER + records.length);
        batch.writeBigInt64BE(0n, 0); // base offset: the broker's to give
        batch.writeInt32BE(batch.length - 12, 8); // length of what follows
        batch.writeInt32BE(-1, 12); // leader epoch
        batch.writeInt8(2, 16); // magic
        batch.writeInt16BE(gzip ? GZIP : 0, 21); // attributes
        batch.writeInt32BE(this._count - 1, 23); // last offset's delta
        batch.writeBigInt64BE(BigInt(this._first), 27);
        batch.writeBigInt64BE(BigInt(this._last), 35);
        batch.writeBigInt64BE(-1n, 43); // producer id, epoch and sequence: none
        batch.writeInt16BE(-1, 51);
        batch.writeInt32BE(-1, 53);
        batch.writeInt32BE(this._count, 57);
        records.copy(batch, HEADER);
        batch.writeUInt32BE(crc32c(batch, CRC_FROM), CRC_AT);
        return batch;
    }
}

module.exports = RecordBatch;
