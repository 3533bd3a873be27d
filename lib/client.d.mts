export { resumable, request } from './client.js';
export type { ClientSocket, RequestError, ResumableOptions } from './client.js';
