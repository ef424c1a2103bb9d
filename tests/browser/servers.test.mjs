// The Admin's page of servers in a real browser: it updates itself, links to each part, draws the last hour, and drains a server
// after a confirmation.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';

import { assertAccessible, screens } from '../support/accessible.mjs';
import { eventually } from '../support/assert.mjs';
import { button, flash, link, openPage } from '../support/browser.mjs';
import { adminUrl } from '../support/client.mjs';
import { logIn } from '../support/members.mjs';
import { stack } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const staff = await logIn('admin@minschool.test', { base: adminUrl });
const idOf = async (name) => (await sql(`select id from servers where name = '${name}'`))[0][0];
const drained = async (name) => (await staff.get('/servers/figures')).json().servers.find((one) => one.name === name)?.site?.drained;
const open = (options) => openPage({ base: adminUrl, as: staff, ...options });

after(async () => {
  await stack('redis', 'start');
  await sql('update servers set drained_since = null, drained_by = null');
  await eventually(async () => await drained('app2') === false, 'app2 serves');
});

for (const viewport of screens) {
  test(`every page of servers, ${viewport.width} px wide`, async () => {
    const page = await open({ viewport });
    for (const path of ['/servers', `/servers/${await idOf('app1')}`, '/servers/nginx', '/servers/redis', '/servers/postgresql']) {
      await page.goto(path);
      if (path === '/servers') await page.locator('.chart canvas').first().waitFor();
      await assertAccessible(page, path);
    }
  });
}

test('the diagram is updated by itself, and each part links to its figures', async () => {
  const page = await open({ viewport: screens[1] });
  await page.goto('/servers');
  const moment = () => page.locator('.as-of').textContent();
  const first = await moment();
  await eventually(async () => await moment() !== first, 'newer figures');
  for (const [name, heading] of [['app2', 'app2'], ['Redis', 'Redis'], ['PostgreSQL', 'PostgreSQL'], ['Nginx', 'Nginx']]) {
    await page.goto('/servers');
    await link(page.locator('.picture'), name).click();
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  }
});

test('unfolded details and the focus survive an update of the figures', async () => {
  const page = await open({ viewport: screens[1] });
  await page.goto('/servers');
  await page.locator('.history-table summary').click();
  const app1 = link(page.locator('.picture'), 'app1');
  await app1.focus();
  const first = await page.locator('.as-of').textContent();
  await eventually(async () => await page.locator('.as-of').textContent() !== first, 'newer figures');
  assert.equal(await app1.evaluate((one) => document.activeElement === one), true);
  assert.equal(await page.locator('.history-table').evaluate((one) => one.open), true);
});

test('without a script the page has everything except updates', async () => {
  const page = await open({ viewport: screens[1], javaScriptEnabled: false });
  await page.goto('/servers');
  await link(page.locator('.picture'), 'app3').waitFor();
  assert.equal(await page.locator('.charts').isVisible(), false);
  await page.locator('.history-table summary').click();
  await page.locator('.history-table table, .history-table p').first().waitFor();
});

test('an open page says that Redis is gone, and that it is back', async () => {
  const page = await open({ viewport: screens[0] });
  await page.goto('/servers');
  await stack('redis', 'stop');
  await page.getByText('Redis가 응답하지 않습니다').waitFor();
  await stack('redis', 'start');
  await page.getByText('Redis가 응답하지 않습니다').waitFor({ state: 'detached' });
});

test('a server is drained and returned, with a reason and a confirmation', async () => {
  const page = await open({ viewport: screens[1] });
  const [before, afterwards] = [`디스크를 바꿉니다 ${randomUUID()}`, `바꾸었습니다 ${randomUUID()}`];
  await page.goto(`/servers/${await idOf('app2')}`);
  await page.locator('summary', { hasText: '제외' }).click();
  await page.getByLabel('사유').fill(before);
  await page.locator('form[action$="/rest"] button[type=submit]').click();
  await page.getByRole('dialog').getByRole('button', { name: '제외하기', exact: true }).click();
  await flash(page).waitFor();
  await page.locator('#server-live .badge', { hasText: '제외됨' }).first().waitFor();
  await page.getByRole('cell', { name: before }).waitFor();
  await page.locator('summary', { hasText: '복귀' }).click();
  await page.getByLabel('사유').fill(afterwards);
  await button(page, '복귀시키기').click();
  await page.getByRole('cell', { name: afterwards }).waitFor();
  await page.locator('#server-live .badge', { hasText: '제외됨' }).first().waitFor({ state: 'detached' });
});
