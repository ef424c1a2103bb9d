// One browser, several tabs, and another member logs in: no tab acts as another member, or shows another member's page.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { button, flash, link, openPage } from '../support/browser.mjs';
import { siteUrl } from '../support/client.mjs';
import { newMember, password } from '../support/members.mjs';

const isLoggedIn = (page) => button(page, '로그아웃').waitFor();
async function login(page, email) {
  await page.getByLabel('이메일').fill(email);
  await page.getByLabel('비밀번호').fill(password);
  await button(page, '로그인').click();
  await isLoggedIn(page);
}
/** Another member logs in with this browser, and the page does not know it yet. */
const becomes = (page, { cookies }) => page.context().addCookies([...cookies].map(([name, value]) => ({ name, value, url: siteUrl, httpOnly: true, sameSite: 'Lax' })));
const address = (page, email) => page.locator('.page-lead', { hasText: email });

test('when another member logs in from a second tab, the first tab becomes that member\'s', async () => {
  const [one, two] = [await newMember(), await newMember()];
  const first = await openPage({ as: one.client });
  await first.goto('/my');
  await address(first, one.email).waitFor();
  const second = await first.context().newPage();
  await second.goto('/');
  await button(second, '로그아웃').click();
  await first.waitForURL(/\/login\?next=%2Fmy/);
  await link(second, '로그인').first().click();
  await login(second, two.email);
  await address(first, two.email).waitFor();
  assert.equal(await first.getByText(one.email).count(), 0);
});

test('Back never shows the page of the member who was logged in before', async () => {
  const [one, two] = [await newMember(), await newMember()];
  const page = await openPage({ as: one.client });
  await page.goto('/');
  await page.getByRole('link', { name: /내 정보/ }).click();
  await address(page, one.email).waitFor();
  await link(page, '자유게시판').first().click();
  await page.getByRole('heading', { level: 1, name: '자유게시판' }).waitFor();
  await button(page, '로그아웃').click();
  await link(page, '로그인').first().click();
  await login(page, two.email);
  for (let steps = 0; steps < 5; steps++) {
    await page.goBack().catch(() => {});
    await page.locator('#page-data').waitFor({ state: 'attached' });
    assert.equal(await page.getByText(one.email).count(), 0, page.url());
    assert.equal(await page.getByText(one.name).count(), 0, page.url());
  }
});

test('a form of the previous member is refused with its text, and the present member may send it', async () => {
  const [one, two] = [await newMember(), await newMember()];
  const page = await openPage({ as: one.client });
  await page.goto('/boards/free/write');
  const title = `글 ${randomUUID()}`;
  await page.getByLabel(/^제목/).fill(title);
  await page.getByLabel(/^내용/).fill('누구의 글인가');
  await becomes(page, two.client);
  await button(page, '등록').click();
  await page.getByText(`지금은 ${two.name}님으로 로그인되어 있습니다.`).waitFor();
  assert.equal(await page.getByLabel(/^내용/).inputValue(), '누구의 글인가');
  await button(page, '다시 보내기').click();
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
  assert.ok((await page.locator('.post-meta').textContent()).includes(two.name));
});

test('a like on a page of the previous member does not count for that member', async () => {
  const [one, two] = [await newMember(), await newMember()];
  const post = (await one.client.post('/boards/free/write', { form: { title: '좋아요 시험', content: '본문' } })).location;
  await one.client.post(`/posts/${post.split('/').pop()}/comments`, { form: { content: '댓글' } });
  const page = await openPage({ as: one.client });
  await page.goto(post);
  await becomes(page, two.client);
  await page.locator('.comment .like').click();
  await page.getByText(`지금은 ${two.name}님으로 로그인되어 있습니다.`).waitFor();
});

test('a tab that becomes visible again notices a logout elsewhere', async () => {
  const one = await newMember();
  const first = await openPage({ as: one.client });
  await first.goto('/notifications');
  const second = await first.context().newPage();
  await second.goto('/');
  await button(second, '로그아웃').click();
  await flash(second).waitFor();
  await first.bringToFront();
  await first.waitForURL(/\/login\?next=/);
});

test('relative times are updated while a page stays open', async () => {
  const one = await newMember();
  const post = (await one.client.post('/boards/free/write', { form: { title: '시간 시험', content: '본문' } })).location;
  const page = await openPage({ as: one.client });
  await page.clock.install();
  await page.goto(post);
  const time = page.locator('.post-meta time');
  assert.equal(await time.textContent(), '방금');
  const exact = await time.getAttribute('title');
  await page.clock.fastForward('05:30');
  await page.waitForFunction(() => document.querySelector('.post-meta time').textContent === '5분 전');
  await page.clock.fastForward('03:00:00');
  await page.waitForFunction(() => document.querySelector('.post-meta time').textContent === '3시간 전');
  await page.clock.fastForward('24:00:00');
  await page.waitForFunction((date) => document.querySelector('.post-meta time').textContent === date, exact.replace(/ \d+:\d+$/, ''));
});
