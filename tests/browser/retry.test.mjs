// A form that the site cannot accept right now: the page sends it again by itself, with all typed text.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { button, openPage } from '../support/browser.mjs';
import { newMember, password } from '../support/members.mjs';

/** Makes the site answer as a busy one, so many times, to forms sent to `path`. */
async function busy(page, path, { times, status = 503, seconds = 1 }) {
  const seen = { refused: 0, taken: 0 };
  await page.route((url) => url.pathname === path, async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    if (seen.refused < times) {
      seen.refused += 1;
      return route.fulfill({ status, headers: { 'retry-after': String(seconds), 'x-member': '0' }, contentType: 'text/html; charset=utf-8', body: '<!DOCTYPE html><title>x</title><main><h1>지금은 바쁩니다</h1></main>' });
    }
    seen.taken += 1;
    return route.continue();
  });
  return seen;
}

async function logIn(page, email) {
  await page.goto('/login');
  await page.getByLabel('이메일').fill(email);
  await page.getByLabel('비밀번호').fill(password);
  await button(page, '로그인').click();
}

for (const status of [503, 429]) {
  test(`a login that is answered ${status} is sent again by itself`, async () => {
    const { email } = await newMember();
    const page = await openPage({ mayBeBusy: true });
    const seen = await busy(page, '/login', { times: 2, status });
    await logIn(page, email);
    await page.locator('.form-retry').waitFor();
    assert.match(await page.locator('.form-retry').textContent(), /자동으로 다시 보냅니다/);
    assert.equal(await page.getByLabel('비밀번호').inputValue(), password);
    assert.match(await page.locator('#live-status').textContent(), /자동으로 다시 보냅니다/);
    await button(page, '로그아웃').waitFor();
    assert.deepEqual(seen, { refused: 2, taken: 1 });
  });
}

test('a form gives up after some tries and shows the message of the site', async () => {
  const page = await openPage({ mayBeBusy: true });
  const seen = await busy(page, '/login', { times: 100 });
  await logIn(page, 'nobody@minschool.test');
  await page.getByRole('heading', { name: '지금은 바쁩니다' }).waitFor({ timeout: 60_000 });
  assert.deepEqual(seen, { refused: 6, taken: 0 });
});

test('a long wait is shown at once', async () => {
  const page = await openPage({ mayBeBusy: true });
  const seen = await busy(page, '/login', { times: 100, seconds: 600 });
  await logIn(page, 'nobody@minschool.test');
  await page.getByRole('heading', { name: '지금은 바쁩니다' }).waitFor();
  assert.equal(seen.refused, 1);
});
