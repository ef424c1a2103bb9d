// A like in a real browser: only the button changes, and the keyboard stays where it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openPage } from '../support/browser.mjs';
import { newMember } from '../support/members.mjs';

const author = await newMember();
const { client } = await newMember();
const post = (await author.client.post('/api/v1/boards/free/posts', { json: { title: '좋아할 글', content: '줄\n\n'.repeat(60) } })).json();
for (let i = 0; i < 10; i++) await author.client.post(`/api/v1/posts/${post.id}/comments`, { json: { content: `댓글 ${i}` } });

for (const javaScriptEnabled of [true, false]) {
  test(`a comment is liked ${javaScriptEnabled ? 'in its place, by keyboard' : 'without JavaScript'}, and liked no more`, async () => {
    const page = await openPage({ as: client, javaScriptEnabled });
    await page.goto(`/boards/free/${post.id}`);
    const comment = page.locator('.comment').nth(5);
    const like = (pressed, n) => comment.getByRole('button', { name: `좋아요 ${n}`, exact: true, pressed });
    await like(false, 0).focus();
    const before = await like(false, 0).evaluate((button) => button.getBoundingClientRect().top);
    await page.keyboard.press('Enter');
    await like(true, 1).waitFor();
    if (javaScriptEnabled) {
      assert.equal(await like(true, 1).evaluate((button) => button.getBoundingClientRect().top), before, 'nothing moves');
      assert.ok(await like(true, 1).evaluate((button) => button === document.activeElement), 'the focus stays');
      await page.keyboard.press('Enter');
    } else {
      assert.match(page.url(), /#c\d+$/);
      await like(true, 1).click();
    }
    await like(false, 0).waitFor();
  });
}

test('a guest is redirected to the login and back to the post or comment to like', async () => {
  const page = await openPage();
  await page.goto(`/boards/free/${post.id}`);
  await page.locator('.post').getByRole('link', { name: '좋아요 0 (로그인하고 누르기)' }).click();
  await page.waitForURL(/\/login\?next=/);
  await page.getByLabel('이메일').fill(author.email);
  await page.getByLabel('비밀번호').fill('minschool-demo');
  await page.locator('main').getByRole('button', { name: '로그인' }).click();
  await page.waitForURL(new RegExp(`/boards/free/${post.id}$`));
  await page.locator('.post').getByRole('button', { name: '좋아요 0', pressed: false }).click();
  await page.locator('.post').getByRole('button', { name: '좋아요 1', pressed: true }).waitFor();
});
