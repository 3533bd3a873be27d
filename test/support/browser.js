'use strict';

// A headless Chromium for the tests of pages: the system's own, driven by playwright-core. It is started by the first
// openPage() and ends with the tests.

const fs = require('node:fs');
const { chromium } = require('playwright-core');

const { atEnd } = require('./at_end.js');

/** Where Chromium is looked for; CHROMIUM_PATH comes first. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** No sandbox, since it refuses to run as root, as in most CI; and no services that call home. */
const ARGS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];

/** The browser: a promise. */
let browser = null;

/**
 * Opens a page in a fresh browser profile.
 *
 * @param {string} url
 * @returns {Promise<{
 *     page: import('playwright-core').Page,
 *     errors: string[],     grows: uncaught exceptions, and what the page wrote to the console as errors
 *     requests: string[],   grows: the URL of each request
 *     close(): Promise<void>,
 * }>}
 * @throws {Error} where no Chromium is found
 */
async function openPage(url) {
    browser = browser || launch();
    const context = await (await browser).newContext();
    const page = await context.newPage();
    const errors = [];
    const requests = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(url);
    return { page, errors, requests, close: () => context.close() };
}

async function launch() {
    const executablePath = process.env.CHROMIUM_PATH || PLACES.find((place) => fs.existsSync(place));
    if (!executablePath) {
        throw new Error(`no Chromium at ${PLACES.join(', ')}: install it, or name it by CHROMIUM_PATH`);
    }
    return chromium.launch({ executablePath, args: ARGS, headless: true });
}

atEnd(async () => {
    if (browser) {
        const launched = browser;
        browser = null;
        await (await launched.catch(() => ({ close() {} }))).close();
    }
});

module.exports = { openPage };
