// Announcements and the focus after every kind of page change, read from the accessibility tree.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { screens } from '../support/accessible.mjs';
import { button, link, openPage } from '../support/browser.mjs';
import { adminUrl } from '../support/client.mjs';
import { logIn, newMember } from '../support/members.mjs';

const member = await newMember();
const admin = await logIn('admin@minschool.test', { base: adminUrl });
const own = (await member.client.post('/boards/free/write', { form: { title: '초점 시험', content: '본문' } })).location;

/** {role, name} of the focused element in the accessibility tree. */
async function focused(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  const node = nodes.filter(({ ignored, properties = [] }) => !ignored && properties.some(({ name, value }) => name === 'focused' && value.value)).at(-1);
  return { role: node?.role.value, name: node?.name?.value ?? '' };
}

async function assertFocused(page, role, name) {
  await page.waitForFunction(() => document.activeElement !== document.body);
  const found = await focused(page);
  assert.equal(found.role, role, JSON.stringify(found));
  assert.match(found.name, name);
}

const announced = (page, text) => page.locator('#live-status', { hasText: text }).waitFor({ state: 'attached' });
const mark = (page) => page.evaluate(() => { document.getElementById('live-status').dataset.mark = 'same'; });
const isMarked = (page) => page.evaluate(() => document.getElementById('live-status').dataset.mark === 'same');

test('following a link moves the focus to the heading, and a permanent region announces the title', async () => {
  const page = await openPage({ as: member.client, viewport: screens[1] });
  await page.goto('/');
  await mark(page);
  await link(page, '자유게시판').first().click();
  await announced(page, '자유게시판');
  assert.ok(await isMarked(page), 'the live region is the same element');
  await assertFocused(page, 'heading', /자유게시판/);
  await page.goBack();
  await page.waitForFunction(() => location.pathname === '/');
  await page.waitForFunction(() => document.activeElement?.matches('h1'));
  await assertFocused(page, 'heading', /./);
});

test('a new comment has the focus, and a message says that it was stored', async () => {
  const page = await openPage({ as: member.client, viewport: screens[0] });
  await page.goto(own);
  await page.getByLabel('댓글 쓰기').fill('새로 쓴 댓글입니다');
  await button(page, '등록').click();
  await announced(page, '댓글을 등록했습니다');
  await page.waitForFunction(() => document.activeElement?.matches('article.comment'));
  assert.match(await page.evaluate(() => document.activeElement.textContent), /새로 쓴 댓글입니다/);
  assert.equal((await focused(page)).role, 'article');
});

test('a saved form says so and moves the focus to the heading', async () => {
  const page = await openPage({ as: member.client, viewport: screens[0] });
  await page.goto('/my');
  await button(page, '이름 저장').click();
  await announced(page, '저장했습니다');
  await assertFocused(page, 'heading', /내 정보/);
});

test('a refused form moves the focus to what must be corrected', async () => {
  const page = await openPage({ as: member.client, viewport: screens[0] });
  await page.goto('/boards/free/write');
  await button(page, '등록').click();
  await page.locator('.error-summary').waitFor();
  await assertFocused(page, 'textbox', /제목/);
});

for (const javaScriptEnabled of [true, false]) {
  test(`a wrong login marks its fields and moves the focus${javaScriptEnabled ? '' : ', without JavaScript'}`, async () => {
    const page = await openPage({ viewport: screens[0], javaScriptEnabled });
    await page.goto('/login');
    await page.getByLabel('이메일').fill(member.email);
    await page.getByLabel('비밀번호', { exact: true }).fill('wrong-password-9');
    await page.locator('main button[type=submit]').click();
    await page.locator('.error-summary').waitFor();
    for (const label of ['이메일', '비밀번호']) {
      const field = page.getByLabel(label, { exact: true });
      assert.equal(await field.getAttribute('aria-invalid'), 'true');
      assert.equal(await field.getAttribute('aria-describedby'), 'error-summary');
    }
    await page.waitForFunction((tag) => document.activeElement?.matches(tag), javaScriptEnabled ? 'input' : '.error-summary');
    const found = await focused(page);
    assert.ok(javaScriptEnabled ? found.role === 'textbox' : found.role === 'alert', JSON.stringify(found));
  });
}

test('an error page moves the focus to its heading', async () => {
  const page = await openPage({ as: member.client, viewport: screens[1] });
  await page.goto('/');
  await page.evaluate(() => {
    const wrong = document.createElement('a');
    wrong.href = '/nothing-here';
    wrong.textContent = '없는 페이지';
    document.querySelector('main').append(wrong);
  });
  await link(page, '없는 페이지').click();
  await page.locator('.error-page').waitFor();
  await page.waitForFunction(() => document.activeElement?.matches('h1'));
});

test('the Admin announces its pages too', async () => {
  const page = await openPage({ base: adminUrl, as: admin, viewport: screens[1] });
  await page.goto('/');
  await mark(page);
  await link(page, '회원 관리').click();
  await announced(page, '회원 관리');
  assert.ok(await isMarked(page));
  await assertFocused(page, 'heading', /회원 관리/);
});

test('a button pauses and resumes the figures of the servers', async () => {
  const page = await openPage({ base: adminUrl, as: admin, viewport: screens[1] });
  await page.goto('/servers');
  const pause = page.getByRole('button', { name: '자동 갱신 멈춤' });
  const requests = [];
  page.on('request', (request) => { if (request.url().endsWith('/servers/live')) requests.push(request); });
  await page.waitForRequest(/\/servers\/live$/);
  await pause.click();
  await page.getByText('자동 갱신을 멈추었습니다.').waitFor();
  assert.equal(await pause.getAttribute('aria-pressed'), 'true');
  await page.waitForLoadState('networkidle'); // until all requests are done
  requests.length = 0;
  const asOf = await page.locator('.as-of').first().textContent();
  await page.waitForTimeout(5000);
  assert.equal(requests.length, 0);
  assert.equal(await page.locator('.as-of').first().textContent(), asOf);
  await pause.click();
  await page.waitForRequest(/\/servers\/live$/);
  assert.equal(await pause.getAttribute('aria-pressed'), 'false');
});

test('every text field is as high as its rows', async () => {
  const page = await openPage({ as: member.client, viewport: screens[0] });
  for (const path of ['/boards/free/write', own]) {
    await page.goto(path);
    for (const box of await page.locator('main textarea').all()) {
      const { rows, lines } = await box.evaluate((one) => ({ rows: one.rows, lines: one.clientHeight / parseFloat(getComputedStyle(one).lineHeight) }));
      assert.ok(lines >= rows, `${path}: ${lines} lines for rows="${rows}"`);
    }
  }
});

test('a printed post has its sender and no comments', async () => {
  const page = await openPage({ as: member.client, viewport: screens[1] });
  await page.goto(own);
  await page.emulateMedia({ media: 'print' });
  for (const [selector, visible] of [['.site-name', true], ['.footer-facts', true], ['.post h1', true], ['.comments', false], ['.header-rest nav', false], ['.menu-toggle', false]]) {
    assert.equal(await page.locator(selector).first().isVisible(), visible, selector);
  }
});

test('on a phone the header is one row, and a button unfolds the rest', async () => {
  const page = await openPage({ as: member.client, viewport: { width: 360, height: 740 } });
  await page.goto('/');
  const height = async () => (await page.locator('.site-header').boundingBox()).height;
  assert.ok(await height() <= 100, `${await height()} px`);
  assert.equal(await button(page, '로그아웃').isVisible(), false);
  await button(page, '메뉴').click();
  await button(page, '로그아웃').waitFor();
  await link(page, '공지사항').first().waitFor();
  await page.keyboard.press('Escape');
  await button(page, '로그아웃').waitFor({ state: 'hidden' });
  assert.ok(await button(page, '메뉴').evaluate((one) => one === document.activeElement));
});

test('without JavaScript a phone shows the whole header', async () => {
  const page = await openPage({ as: member.client, viewport: { width: 360, height: 740 }, javaScriptEnabled: false });
  await page.goto('/');
  assert.ok(await button(page, '로그아웃').isVisible());
  assert.ok(await link(page, '공지사항').first().isVisible());
});
