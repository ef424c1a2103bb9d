// A real browser on the running stack: Debian's Chromium, driven by playwright-core.
import assert from 'node:assert/strict';
import { after, afterEach } from 'node:test';

import { chromium } from 'playwright-core';

import { siteUrl } from './client.mjs';
import { ownAddress } from './members.mjs';

// Without them Chromium asks the world outside at every start.
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const longestWaitMs = 15_000;

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: quiet });
after(() => browser.close());

const contexts = [];
const problems = [];

/** What a page complained about, but for refusals (4xx, and 503 where a test makes the site busy), which the console tells too, and a stream that broke: it comes back. */
function watch(page, { mayBeBusy, mayFail }) {
  if (mayFail) return;
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error}`));
  page.on('console', (message) => {
    const [, status] = /^Failed to load resource: the server responded with a status of (4\d\d|503)/.exec(message.text()) ?? [];
    const refusal = status && (status !== '503' || mayBeBusy);
    const broken = /^Failed to load resource: /.test(message.text()) && new URL(message.location().url, page.url()).pathname === '/events';
    if (['error', 'warning'].includes(message.type()) && !refusal && !broken) problems.push(`${page.url()}: ${message.text()}`);
  });
}

// Every test ends without an error or a violated content policy in any console.
afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
  assert.deepEqual(problems.splice(0), []);
});

/**
 * A browser of its own with one empty page; gone after the test. `as` is an HTTP client (support/client.mjs) whose
 * cookies it begins with, `mayBeBusy` that answers of 503 are expected, `mayFail` that no error in the console is a fault of
 * the test; other options are those of Playwright's newContext.
 */
export async function openPage({ as, base = siteUrl, mayBeBusy = false, mayFail = false, ...options } = {}) {
  // Nginx appends to the header, and the programs believe it: so each browser has an address of its own.
  const context = await browser.newContext({ baseURL: base, locale: 'ko-KR', extraHTTPHeaders: { 'x-forwarded-for': ownAddress() }, ...options });
  contexts.push(context);
  context.setDefaultTimeout(longestWaitMs);
  // The message of the login that made them belongs to no page of this browser.
  const cookies = [...(as?.cookies ?? [])].filter(([name]) => name !== 'flash');
  await context.addCookies(cookies.map(([name, value]) => ({ name, value, url: base, httpOnly: !name.endsWith('.member'), sameSite: 'Lax' })));
  const page = await context.newPage();
  watch(page, { mayBeBusy, mayFail });
  return page;
}

export const button = (page, name) => page.getByRole('button', { name, exact: true });
export const link = (page, name) => page.getByRole('link', { name, exact: true });
/** The one line that the last act left on the page. */
export const flash = (page) => page.locator('.flash p');
