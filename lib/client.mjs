// A bundler or Node.js sees a CommonJS module; a browser that loads this as it is runs a plain script.
import * as loaded from './client.js';

export const { resumable, request } = loaded.default ?? globalThis.kasocki;
