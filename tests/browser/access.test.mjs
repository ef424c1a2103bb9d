// Every main page fits its screen and passes axe-core's rules of WCAG 2.2 AA, on a phone and on a desk.
import { test } from 'node:test';

import { assertAccessible, screens } from '../support/accessible.mjs';
import { button, openPage } from '../support/browser.mjs';
import { adminUrl, siteUrl } from '../support/client.mjs';
import { logIn, newMember } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const member = await newMember();
const staff = await logIn('admin@minschool.test', { base: adminUrl });
const [[slug, post]] = await sql(`select b.slug, p.id from posts p join boards b on b.id = p.board_id join post_counters c on c.post_id = p.id
  where p.visible and b.slug = 'free' order by c.comments desc limit 1`);
const [[one, comment]] = await sql('select min(id), (select min(id) from comments) from posts');
const postPage = `/boards/${slug}/${post}`;
const own = (await member.client.post('/boards/free/write', { form: { title: '접근성 시험', content: '본문' } })).location;
await member.client.post(`/posts/${own.split('/').pop()}/comments`, { form: { content: '댓글' } });
const [[ownComment]] = await sql(`select id from comments where post_id = ${own.split('/').pop()}`);

const groups = [
  { who: 'a guest on the Site', base: siteUrl, paths: ['/', '/boards/free', postPage, '/login', '/join', '/terms', '/members/1', '/online', '/nothing'] },
  { who: 'a member on the Site', base: siteUrl, as: member.client, paths: ['/', '/boards/free', own, `${own}/edit`, `/comments/${ownComment}/edit`, '/boards/free/write', '/my', '/my/notifications', '/notifications', '/online', '/boards/staff'] },
  { who: 'a guest in the Admin', base: adminUrl, paths: ['/login'] },
  { who: 'staff in the Admin', base: adminUrl, as: staff, paths: ['/', '/members', '/members/2', '/boards', '/boards/new', '/boards/1', '/posts', `/posts/${one}`, '/comments', `/comments/${comment}`, '/audit', '/nothing'] },
];

for (const viewport of screens) {
  for (const { who, base, as, paths } of groups) {
    test(`the pages of ${who}, ${viewport.width} px wide`, async () => {
      const page = await openPage({ base, as, viewport });
      for (const path of paths) {
        await page.goto(path);
        await assertAccessible(page, path);
      }
    });
  }

  test(`refused forms, ${viewport.width} px wide`, async () => {
    const guest = await openPage({ viewport });
    await guest.goto('/join');
    await guest.locator('main button[type=submit]').click();
    await guest.locator('.error-summary').waitFor();
    await assertAccessible(guest, 'sign-up');
    const page = await openPage({ as: member.client, viewport });
    await page.goto('/boards/free/write');
    await button(page, '등록').click();
    await page.locator('.error-summary').waitFor();
    await assertAccessible(page, 'a post');
    await page.goto(own);
    await page.locator('[data-action~="reply#open"]').first().click();
    await page.locator('.reply-slot textarea').waitFor();
    await assertAccessible(page, 'a reply');
    await page.locator('form[data-turbo-confirm] button').first().click();
    await page.getByRole('dialog').waitFor();
    await assertAccessible(page, 'the question before deleting');
  });
}
