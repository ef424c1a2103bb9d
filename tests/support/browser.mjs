// A real browser on the running stack: Debian's Chromium, driven by playwright-core.
import assert from 'node:assert/strict';
import { after, afterEach } from 'node:test';

import { chromium } from 'playwright-core';

import { siteUrl } from './client.mjs';
import { ownAddress } from './members.mjs';

// Without these options Chromium contacts servers on the internet at every start.
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const maxWaitMs = 15_000;

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: quiet });
after(() => browser.close());

const contexts = [];
const problems = [];

/** Collects a page's errors and warnings, except refusals (4xx, and 503 where a test overloads the site) and broken streams, which reconnect. */
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
 * Opens a new browser with one empty page, closed after the test. `as` is an HTTP client (support/client.mjs) whose cookies it
 * begins with; with `mayBeBusy` answers of 503 are expected; with `mayFail` errors in the console do not fail the test. Other
 * options are those of Playwright's newContext.
 */
export async function openPage({ as, base = siteUrl, mayBeBusy = false, mayFail = false, ...options } = {}) {
  // Nginx appends to this header and the programs trust it, so each browser has an address of its own.
  const context = await browser.newContext({ baseURL: base, locale: 'ko-KR', extraHTTPHeaders: { 'x-forwarded-for': ownAddress() }, ...options });
  contexts.push(context);
  context.setDefaultTimeout(maxWaitMs);
  // The message of the login belongs to no page of this browser.
  const cookies = [...(as?.cookies ?? [])].filter(([name]) => name !== 'flash');
  await context.addCookies(cookies.map(([name, value]) => ({ name, value, url: base, httpOnly: !name.endsWith('.member'), sameSite: 'Lax' })));
  const page = await context.newPage();
  watch(page, { mayBeBusy, mayFail });
  return page;
}

export const button = (page, name) => page.getByRole('button', { name, exact: true });
export const link = (page, name) => page.getByRole('link', { name, exact: true });
/** The message about the last action. */
export const flash = (page) => page.locator('.flash p');
