'use strict';

const assert = require('assert');
const { stages } = require('../lib/native');

const frame = (payload, namespace = '/') => stages.frame(Buffer.from(payload), namespace);

describe('frame: one unmasked WebSocket text frame of a socket.io event', () => {
    it('its bytes', () => {
        assert.strictEqual(frame('{}').toString('latin1'), '\x81\x1042["message",{}]');
        assert.strictEqual(frame('{"a":"é"}').toString('latin1'), '\x81\x1842["message",{"a":"\xc3\xa9"}]');
        assert.strictEqual(frame('[1]', '/chat').toString('latin1'), '\x81\x1742/chat,["message",[1]]');
        assert.strictEqual(frame('{}', '').toString('latin1'), '\x81\x1042["message",{}]');
        assert.strictEqual(frame('{}', '/a/b-c').toString('latin1'), '\x81\x1742/a/b-c,["message",{}]');
        assert.strictEqual(frame('{}', '/é').toString('latin1'), '\x81\x1442/\xc3\xa9,["message",{}]');
    });

    it('the three forms of the length, at their borders', () => {
        const around = Buffer.byteLength('42["message",""]');
        for (const [length, header] of [
            [18, '8112'], [125, '817d'], [126, '817e007e'], [127, '817e007f'], [256, '817e0100'], [65535, '817effff'],
            [65536, '817f0000000000010000'], [65537, '817f0000000000010001'], [0x1020304, '817f0000000001020304'],
        ]) {
            const payload = `"${'x'.repeat(length - around)}"`;
            const bytes = frame(payload);
            assert.strictEqual(bytes.subarray(0, header.length / 2).toString('hex'), header);
            assert.strictEqual(bytes.length, header.length / 2 + length);
            assert.ok(bytes.subarray(header.length / 2).equals(Buffer.from(`42["message",${payload}]`)));
        }
    });
});

describe('frame: the answer to an ack', () => {
    const reply = (payload, id, namespace = '/') => stages.reply(Buffer.from(payload), namespace, id);

    it('its bytes', () => {
        assert.strictEqual(reply('{}', 0).toString('latin1'), '\x81\x0c430[null,{}]');
        assert.strictEqual(reply('{"a":"é"}', 7).toString('latin1'), '\x81\x14437[null,{"a":"\xc3\xa9"}]');
        assert.strictEqual(reply('[1]', 12, '/chat').toString('latin1'), '\x81\x1443/chat,12[null,[1]]');
        assert.strictEqual(reply('{}', 2 ** 53 - 1).toString('latin1'), '\x81\x1b439007199254740991[null,{}]');
    });

    it('is as socket.io itself would write it', () => {
        const { Encoder } = require('socket.io-parser');
        for (const [nsp, id] of [['/', 0], ['/', 123456], ['/a/b-c', 1], ['/é', 9]]) {
            const message = { text: 'ü "😀"', list: [1, null], pad: 'x'.repeat(300) };
            const [text] = new Encoder().encode({ type: 3, nsp, id, data: [null, message] });
            const bytes = reply(JSON.stringify(message), id, nsp);
            assert.strictEqual(bytes.subarray(4).toString(), `4${text}`);
            assert.strictEqual(bytes.readUInt16BE(2), bytes.length - 4);
        }
    });
});
