'use strict';

const isFunction = (value) => typeof value === 'function';
const isObject = (value) => typeof value === 'object' && value !== null;
/** An object with members: no array, no bytes. */
const isPlain = (value) => isObject(value) && !Array.isArray(value) && !ArrayBuffer.isView(value);

module.exports = { isFunction, isObject, isPlain };
