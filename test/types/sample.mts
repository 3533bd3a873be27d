// Compiled by test/83_types.js: the same by import in an ES module.
import Kasocki, { Kasocki as Again, createMatcher, LimitExceededError } from 'kasocki';
import type { Options } from 'kasocki';

const options: Options = { limits: { consumes: 1 } };
declare const socket: Kasocki.SocketLike;
new Again(socket, options).connect().then(() => console.log(createMatcher({ a: 1 }).filters, new LimitExceededError('why')));
new Kasocki(socket);

import { request, resumable, type RequestError } from 'kasocki/client';
import { io, type Socket } from 'socket.io-client';

const client: Socket<Kasocki.ServerToClientEvents, Kasocki.ClientToServerEvents> = resumable(io('http://localhost:6927'), { metadataField: false, positions: 500 });
request(client, 'filter', { a: 1 }, 1000).catch((error: RequestError) => console.log(error.name, error.code));
// @ts-expect-error: no socket
resumable({});
