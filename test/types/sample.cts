// Compiled by test/83_types.js: the same by require().
import Kasocki = require('kasocki');

const matcher = Kasocki.createMatcher({ a: 1 });
const Again: typeof Kasocki = Kasocki.Kasocki;
const error: Kasocki.KasockiError = new Kasocki.LimitExceededError('why', { code: 'x' });
declare const socket: Kasocki.SocketLike;
new Again(socket, { limits: { consumes: 1 } }).connect().then(() => console.log(matcher.filters, error));

import client = require('kasocki/client');
import { io } from 'socket.io-client';

const resumed = client.resumable(io());
client.request(resumed, 'start').then((result) => console.log(result));
