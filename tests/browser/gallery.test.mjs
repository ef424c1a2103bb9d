// The pictures of a post: they fit every screen, open large one after the other, by mouse and by keyboard, and say what they show.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertAccessible, screens } from '../support/accessible.mjs';
import { button, openPage } from '../support/browser.mjs';
import { newMember } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const board = '/boards/free';
const alts = ['운동장에서 이어달리기를 하는 아이들', '가을 운동회 안내 포스터', ''];

/** A post with three pictures, as they are when they have been prepared; the last one is decorative. */
async function postWithPictures() {
  const member = await newMember();
  const page = await openPage({ as: member.client });
  await page.goto(`${board}/write`);
  await page.locator('.attachments-live').waitFor();
  for (const [at] of alts.entries()) {
    await page.locator('#upload').setInputFiles({ name: `사진 ${at}.jpg`, mimeType: 'image/jpeg', buffer: Buffer.from(`${member.email} ${at}`) });
    await page.locator('.attachment:not(.upload)').nth(at).waitFor();
  }
  await page.getByLabel(/^제목/).fill('가을 운동회');
  await page.getByLabel(/^내용/).fill('즐거운 하루였습니다.');
  for (const [at, alt] of alts.entries()) {
    if (alt) await page.getByLabel('사진 설명').nth(at).fill(alt);
    else await page.getByLabel('설명이 필요 없는 장식용 사진').nth(at).check();
  }
  await sql(`update files f set state = 1, media_type = 'image/jpeg', width = 1600, height = 1200, renditions = 'thumb card page'
    from attachments a join users u on u.id = a.owner_id where a.file_id = f.id and u.email = '${member.email}'`);
  await button(page, '등록').click();
  await page.locator('.gallery').waitFor();
  return { member, path: new URL(page.url()).pathname };
}

const { member, path } = await postWithPictures();

/** The post's page; a picture is a drawing that names its rendition. */
async function openPost(options) {
  const page = await openPage({ as: member.client, ...options });
  await page.route(/\/files\/\d+\/(thumb|card|page|large)$/, (route) => route.fulfill({
    contentType: 'image/svg+xml',
    body: '<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="1200" viewBox="0 0 1600 1200"><rect width="1600" height="1200" fill="#468"/></svg>',
  }));
  await page.goto(path);
  if (options?.javaScriptEnabled !== false) await page.locator('.gallery a[aria-haspopup=dialog]').first().waitFor(); // the script is there
  return page;
}

test('pictures open large, one after the other, by keyboard', async () => {
  const page = await openPost();
  const links = page.locator('.gallery a');
  const dialog = page.getByRole('dialog', { name: '사진 크게 보기' });
  const picture = dialog.locator('img');
  await links.nth(1).focus();
  await page.keyboard.press('Enter');
  await dialog.waitFor();
  assert.equal(await picture.getAttribute('alt'), alts[1]);
  assert.equal(await dialog.locator('figcaption').textContent(), alts[1]);
  await page.keyboard.press('ArrowLeft');
  assert.equal(await picture.getAttribute('alt'), alts[0]);
  await page.keyboard.press('ArrowLeft');
  assert.equal(await dialog.getByRole('status').textContent(), '사진 3장 중 3번째');
  await button(dialog, '다음').click();
  assert.equal(await picture.getAttribute('alt'), alts[0]);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  assert.ok(await links.nth(1).evaluate((one) => one === document.activeElement), 'the focus is back where it was');
  await links.nth(0).click();
  await button(dialog, '닫기').click();
  await dialog.waitFor({ state: 'hidden' });
});

test('a picture comes in the size that the screen needs, and nothing moves when it comes', async () => {
  const page = await openPost({ viewport: screens[0] });
  const image = page.locator('.gallery img').first();
  assert.match(await image.getAttribute('srcset'), /^\/files\/\d+\/card 480w, \/files\/\d+\/page 960w$/);
  await image.evaluate((one) => one.complete || new Promise((done) => { one.onload = done; }));
  assert.match(await image.evaluate((one) => one.currentSrc), /\/card$/);
  assert.deepEqual([await image.getAttribute('width'), await image.getAttribute('height')], ['1600', '1200']);
});

for (const viewport of [...screens, { width: 320, height: 640 }, { width: 360, height: 225 }]) { // the last: 400 % zoom on a desk
  for (const theme of ['light', 'dark', 'contrast']) {
    test(`the pictures are accessible, ${viewport.width} × ${viewport.height} px, ${theme}`, async () => {
      const page = await openPost({ viewport });
      await page.evaluate((mode) => { document.documentElement.dataset.theme = mode; }, theme);
      await assertAccessible(page, 'the post');
      await page.locator('.gallery a').first().press('Enter');
      await page.getByRole('dialog', { name: '사진 크게 보기' }).waitFor();
      await assertAccessible(page, 'the large picture');
    });
  }
}

test('without a script a picture is a link to the large one, and each file can be saved', async () => {
  const page = await openPost({ javaScriptEnabled: false });
  assert.match(await page.locator('.gallery a').first().getAttribute('href'), /^\/files\/\d+\/page$/);
  assert.match(await page.locator('.downloads .hint').first().textContent(), /^사진, \d+ B$/);
  assert.equal(await page.locator('.downloads .download').count(), 3);
});
