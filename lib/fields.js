'use strict';

const { isPlain } = require('./kinds');

/*
 * The option `fields`: what is cut from the messages of a socket, by paths. The core does the cutting
 * (src/json/fields.cc), before the client's own filter is asked.
 *
 * A path is a text with the names of members and indexes of arrays, dots between them, or an array of such names.
 */

const isName = (value) => typeof value === 'string';
const isPath = (value) => (Array.isArray(value) ? value.length > 0 && value.every(isName) : typeof value === 'string' && value !== '');

/** @return {string[]} the names in a path */
const namesIn = (path) => (typeof path === 'string' ? path.split('.') : path);

/** @return {boolean} is a text in another notation, which would cut nothing here: `$.a`, `@.a`, `/a/b`, `a[0]`, `a.*`, `a..b`, `a. b` */
function isForeign(path) {
    if (typeof path !== 'string') {
        return false;
    }
    const names = namesIn(path);
    return ['$', '@'].includes(names[0]) || path.startsWith('/') || /[[\]]/.test(path) ||
        names.some((name) => name === '' || name === '*' || name !== name.trim());
}

/**
 * @param {*} value
 * @return {boolean} is a value of the option: the one or the other, not both. To drop nothing is allowed, as by a role that
 *     may see all; to leave nothing is a mistake
 */
function isFields(value) {
    const names = isPlain(value) ? Object.keys(value) : [];
    const paths = value?.[names[0]];
    return names.length === 1 && ['only', 'drop'].includes(names[0]) && Array.isArray(paths) && paths.every(isPath) &&
        (names[0] === 'drop' || paths.length > 0);
}

/**
 * Whoever gives a path relies on it: one that would cut nothing, or not what it seems to, is refused.
 *
 * Metadata is never cut. (Those of the first version, `meta`, join a member of the record's own, which may be cut.)
 *
 * @param {{only: (string|string[])[]}|{drop: (string|string[])[]}} fields
 * @param {string|false} metadataField
 * @return {{message: string, path: string}|undefined} what is wrong with the first such path. The path is for the log: a client
 *     must not learn what there is to be cut
 */
function faultIn(fields, metadataField) {
    const paths = fields.drop ?? fields.only;
    const foreign = paths.find(isForeign);
    if (foreign !== undefined) {
        const message = 'Option "fields": a path is not like "customer.email"; a member whose name looks otherwise is given by an array of names';
        return { message, path: foreign };
    }
    const metadata = metadataField === false || metadataField === 'meta' ? undefined : paths.find((path) => namesIn(path)[0] === metadataField);
    return metadata && { message: 'Option "fields" can not be applied to the metadata', path: namesIn(metadata).join('.') };
}

/**
 * @param {{only: (string|string[])[]}|{drop: (string|string[])[]}|undefined} option
 * @param {string|false} metadataField
 * @return {import('./native').NativeFields|undefined}
 */
function readFields(option, metadataField) {
    if (option === undefined || option.drop?.length === 0) {
        return undefined;
    }
    const drop = option.drop !== undefined;
    const paths = (option.drop ?? option.only).map(namesIn);
    if (!drop && metadataField !== false && metadataField !== 'meta') {
        // Ours replaces the record's own; what a deserializer made of that name is left as it is.
        paths.push([metadataField]);
    }
    return { drop, paths: paths.map((path) => path.map((name) => JSON.stringify(name).slice(1, -1))) };
}

module.exports = { faultIn, isFields, readFields };
