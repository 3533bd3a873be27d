// Compiled by test/80_types.js: the same by import in an ES module.
import Kasocki, { Kasocki as Again, createMatcher, LimitExceededError } from 'kasocki';
import type { Options } from 'kasocki';

const options: Options = { limits: { consumes: 1 } };
declare const socket: Kasocki.SocketLike;
new Again(socket, options).connect().then(() => console.log(createMatcher({ a: 1 }).filters, new LimitExceededError('why')));
new Kasocki(socket);
