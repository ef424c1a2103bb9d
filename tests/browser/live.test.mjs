// One browser shows the changes of another one, on another server, without a reload.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { assertAccessible, screens } from '../support/accessible.mjs';
import { eventually } from '../support/assert.mjs';
import { button, openPage } from '../support/browser.mjs';
import { adminUrl } from '../support/client.mjs';
import { proxyTo } from '../support/app_proxy.mjs';
import { atEachServer, logIn, newMember, visitor } from '../support/members.mjs';
import { stack, status } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const board = '/boards/free';
const [{ url: here }, { url: there }] = await Promise.all([proxyTo(1), proxyTo(2)]);
const admin = await logIn('admin@minschool.test', { base: adminUrl });

async function written({ client }, content = '본문') {
  const title = `글 ${randomUUID()}`;
  const { status, location: path } = await client.post(`${board}/write`, { form: { title, content } });
  assert.equal(status, 303);
  return { path, title, id: Number(path.split('/').pop()) };
}

async function commented({ client }, { id }, content, parent) {
  const answer = await client.post(`/posts/${id}/comments`, { form: { content, ...(parent && { parent_id: parent }) } });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  return Number(/#c(\d+)$/.exec(answer.location)[1]);
}

async function acted(client, path, form = {}) {
  const answer = await client.post(path, { form });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
}

/** A page with an open stream; `page.stream` is its response. It is marked, so that isSame() says whether it was left. */
async function openLive(path, options) {
  const page = await openPage(options);
  await goLive(page, path);
  return page;
}
async function goLive(page, path) {
  const opened = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/events' && answer.ok());
  await page.goto(path);
  page.stream = await opened;
  await page.evaluate(() => { window.isSame = true; });
}
const isSame = (page) => page.evaluate(() => window.isSame === true);

async function openStreams() {
  const servers = await atEachServer(visitor());
  const healths = await Promise.all(servers.map((server) => server.get('/health')));
  return healths.reduce((sum, health) => sum + health.json().streams, 0);
}

const item = (page, id) => page.locator(`[data-comment="${id}"]`);
const order = (page) => page.locator('.comment-list > li').evaluateAll((items) => items.map(({ dataset }) => Number(dataset.comment)));
const top = (locator) => locator.evaluate((element) => element.getBoundingClientRect().top);
const bell = (page) => page.locator('#bell');
const names = (page) => page.locator('#names li');

test('a comment appears in its place, changes there, and leaves a gap when it is removed', async () => {
  const author = await newMember();
  const other = await newMember();
  const post = await written(author);
  const first = await commented(author, post, '첫째');
  const second = await commented(author, post, '둘째');
  const reader = await openLive(post.path, { base: there, as: other.client });
  const guest = await openLive(post.path, { base: there });

  const writer = await openPage({ base: here, as: author.client });
  await writer.goto(post.path);
  await writer.getByLabel('댓글 쓰기').fill('셋째 **굵게**');
  await button(writer, '등록').last().click();
  for (const page of [reader, guest]) {
    await page.locator('.comment', { hasText: '셋째' }).waitFor();
    assert.equal(await page.locator('.comment .prose strong').textContent(), '굵게');
  }
  const third = (await order(reader)).at(-1);
  const reply = await commented(author, post, '첫째의 답글', first);
  const deeper = await commented(author, post, '답글의 답글', reply);
  await item(reader, deeper).waitFor();
  assert.deepEqual(await order(reader), [first, reply, deeper, second, third]);
  assert.equal(await item(reader, reply).getAttribute('class'), 'comment-depth-1 comment-new');
  assert.equal(await item(reader, deeper).getAttribute('data-depth'), '2');
  await reader.locator('#comments-title', { hasText: '댓글 5' }).waitFor();
  await reader.locator('.post-meta', { hasText: '댓글 5' }).waitFor();
  // Each viewer gets the actions that their page would have.
  assert.equal(await item(reader, third).getByRole('link', { name: /^답글/ }).count(), 1);
  assert.equal(await item(reader, third).getByRole('button', { name: '삭제' }).count(), 0);
  assert.equal(await item(guest, third).getByRole('link', { name: /^답글/ }).count(), 0);

  await acted(author.client, `/comments/${second}/edit`, { content: '고친 둘째' });
  await item(reader, second).getByText('고친 둘째').waitFor();
  await acted(admin, `/comments/${reply}/hide`, { reason: '시험' });
  await item(reader, reply).locator('.comment-gone').waitFor();
  await acted(admin, `/comments/${reply}/restore`, { reason: '시험' });
  await item(reader, reply).getByText('첫째의 답글').waitFor();
  assert.deepEqual(await order(reader), [first, reply, deeper, second, third]);
  // Three new ones in a row are one announcement.
  await reader.locator('#live-status', { hasText: /새 댓글/ }).waitFor({ state: 'attached' });
  assert.ok(await isSame(reader));
  assert.ok(await isSame(guest));
});

test('the first comment of a post takes the place of the empty state', async () => {
  const author = await newMember();
  const post = await written(author);
  const reader = await openLive(post.path, { base: there });
  await reader.getByText('아직 댓글이 없습니다').waitFor();
  await commented(author, post, '첫 댓글');
  await reader.locator('.comment', { hasText: '첫 댓글' }).waitFor();
  assert.equal(await reader.locator('.comments .empty').count(), 0);
});

test('an edited post says so and keeps its text; a hidden one disappears except for text that is being typed', async () => {
  const author = await newMember();
  const post = await written(author, '처음 본문');
  const first = await commented(author, post, '먼저 쓴 댓글');
  const reader = await openLive(post.path, { base: there });
  const writer = await openLive(post.path, { base: there, as: (await newMember()).client });
  await acted(author.client, `${post.path}/edit`, { title: post.title, content: '고친 본문' });
  await reader.locator('.post-note a').waitFor();
  assert.equal(await reader.locator('.post .prose').first().innerText(), '처음 본문');
  await reader.locator('.post-note a').click();
  await reader.locator('.post .prose', { hasText: '고친 본문' }).waitFor();
  await item(writer, first).getByRole('link', { name: /^답글/ }).click();
  const field = item(writer, first).getByLabel('답글 쓰기');
  await field.pressSequentially('쓰던 답글');
  await acted(admin, `/posts/${post.id}/hide`, { reason: '시험' });
  const [seen, typed] = ['처음 본문', '쓰던 답글'];
  await reader.locator('.post-note .notice-warning').waitFor();
  await writer.locator('.post-note .notice-warning').waitFor();
  for (const page of [reader, writer]) {
    const shown = `${await page.title()} ${await page.locator('main').textContent()}`;
    for (const gone of [post.title, seen, '고친 본문', '먼저 쓴 댓글']) assert.ok(!shown.includes(gone), gone);
  }
  assert.equal(await reader.locator('main form').count(), 0);
  assert.deepEqual(await field.evaluate((one) => [one.value, one === document.activeElement]), [typed, true]);
  await acted(admin, `/posts/${post.id}/restore`, { reason: '시험' });
  await reader.locator('.post-note', { hasText: '수정된 글 보기' }).waitFor();
});

test('text that is being read or typed neither moves nor gets lost', async () => {
  const author = await newMember();
  const post = await written(author, '긴 글\n\n'.repeat(60));
  const ids = [];
  for (const text of ['첫째', '둘째', '셋째\n\n'.repeat(30)]) ids.push(await commented(author, post, text));
  const page = await openLive(post.path, { base: there, as: (await newMember()).client });

  // While reading the last comment, a comment is added further up, and the content above grows.
  await item(page, ids[2]).locator('.prose').evaluate((prose) => prose.scrollIntoView({ block: 'start' }));
  const read = item(page, ids[2]).locator('.comment-head');
  const at = await top(read);
  const reply = await commented(author, post, '답글\n\n'.repeat(10), ids[0]);
  await item(page, reply).waitFor();
  await acted(author.client, `/comments/${ids[0]}/edit`, { content: '길어진 첫째\n\n'.repeat(10) });
  await item(page, ids[0]).getByText('길어진').first().waitFor();
  assert.ok(Math.abs(await top(read) - at) <= 1, `${at} → ${await top(read)}`);

  // The comment of the reply changes, and is hidden.
  await item(page, ids[1]).getByRole('link', { name: /^답글/ }).click();
  const field = item(page, ids[1]).getByLabel('답글 쓰기');
  await field.pressSequentially('쓰던 답글');
  await field.evaluate((textarea) => textarea.setSelectionRange(2, 2));
  const typedAt = await top(field);
  await acted(author.client, `/comments/${ids[1]}/edit`, { content: '길어진 둘째\n\n'.repeat(10) });
  await item(page, ids[1]).getByText('길어진').first().waitFor();
  await acted(admin, `/comments/${ids[1]}/hide`, { reason: '시험' });
  await item(page, ids[1]).locator('.comment-gone').waitFor();
  assert.deepEqual(await field.evaluate((one) => [one.value, one.selectionStart, one === document.activeElement]), ['쓰던 답글', 2, true]);
  assert.ok(Math.abs(await top(field) - typedAt) <= 1, `${typedAt} → ${await top(field)}`);

  // The focused button is a new element, and still has the focus.
  await item(page, ids[0]).getByRole('link', { name: /^답글/ }).focus();
  await acted(author.client, `/comments/${ids[0]}/edit`, { content: '또 고친 첫째' });
  await item(page, ids[0]).getByText('또 고친').waitFor();
  assert.match(await page.evaluate(() => document.activeElement.textContent), /^답글/);
  assert.ok(await isSame(page));
});

test('a like stays pressed when its comment changes', async () => {
  const author = await newMember();
  const post = await written(author);
  const id = await commented(author, post, '좋은 말');
  const page = await openLive(post.path, { base: there, as: (await newMember()).client });
  const like = item(page, id).getByRole('button', { name: /^좋아요/ });
  await like.click();
  await item(page, id).locator('[aria-pressed=true]').waitFor();
  await acted(author.client, `/comments/${id}/edit`, { content: '더 좋은 말' });
  await item(page, id).getByText('더 좋은 말').waitFor();
  assert.equal(await like.getAttribute('aria-pressed'), 'true');
  await like.click();
  await item(page, id).locator('[aria-pressed=false]').waitFor();
  assert.ok(await isSame(page));
});

test('the bell counts up on every page, and its entry links to the event', async () => {
  const [owner, other] = await Promise.all([newMember(), newMember()]);
  const post = await written(owner);
  const page = await openLive(board, { base: here, as: owner.client });
  assert.equal(await bell(page).locator('.bell-count').count(), 0);
  await commented(other, post, '알림이 될 댓글');
  await bell(page).locator('.bell-count', { hasText: /^1$/ }).waitFor();
  await commented(other, post, '하나 더');
  await bell(page).locator('.bell-count', { hasText: /^2$/ }).waitFor();
  await page.locator('#live-status', { hasText: other.name }).waitFor({ state: 'attached' });
  assert.ok(await isSame(page));
  await page.getByRole('link', { name: '읽지 않은 알림 2개' }).click();
  await page.getByRole('heading', { level: 1, name: '알림' }).waitFor();
  assert.equal(await page.locator('main .unread').count(), 2);
  assert.ok((await page.locator('main .unread').first().textContent()).includes(other.name));
  // Read in one browser, read in the other.
  const elsewhere = await openLive('/', { base: there, as: owner.client });
  await bell(elsewhere).locator('.bell-count').waitFor();
  await button(page, '모두 읽음').click();
  await bell(page).locator('.bell-count').waitFor({ state: 'detached' });
  await bell(elsewhere).locator('.bell-count').waitFor({ state: 'detached' });
});

test('a list says how many posts are new without moving its rows, and shows them at a click', async () => {
  const author = await newMember();
  await written(author);
  const page = await openLive(board, { base: there });
  const row = page.locator('.board-table tbody tr').first();
  const at = await top(row);
  const [one, two] = [await written(author), await written(author)];
  const news = page.getByRole('link', { name: '새 글 2개' });
  await news.waitFor();
  assert.ok(Math.abs(await top(row) - at) <= 1, `${at} → ${await top(row)}`);
  assert.equal(await page.getByText(two.title).count(), 0);
  await news.click();
  for (const { title } of [one, two]) await page.getByRole('link', { name: title }).waitFor();
  assert.ok(await page.locator('.news').isHidden());
});

test('the post shows for a while who is typing, but not to the author of the comment', async () => {
  const [one, two] = await Promise.all([newMember(), newMember()]);
  const post = await written(one);
  const reader = await openLive(post.path, { base: there, as: (await newMember()).client });
  const pages = await Promise.all([one, two].map(({ client }) => openLive(post.path, { base: here, as: client })));
  for (const page of pages) await page.getByLabel('댓글 쓰기').pressSequentially('쓰는 중입니다');
  await reader.locator('.typing', { hasText: new RegExp(`${one.name}.*${two.name}|${two.name}.*${one.name}`) }).waitFor();
  await pages[0].locator('.typing', { hasText: two.name }).waitFor();
  assert.ok(!(await pages[0].locator('.typing').textContent()).includes(one.name));
  await reader.locator('.typing', { hasText: /^$/ }).waitFor();
});

test('two tabs share one stream, and the second tab takes it over when the first is closed', async () => {
  const author = await newMember();
  const [one, two] = [await written(author), await written(author)];
  const first = await openLive(one.path, { as: author.client });
  const context = first.context();
  const isStream = (request) => new URL(request.url()).pathname === '/events';
  const followed = context.waitForEvent('request', (request) => isStream(request) && request.url().includes(`p${two.id}:`));
  const second = await context.newPage();
  await second.goto(two.path);
  await followed;
  const other = await newMember();
  for (const [page, post] of [[first, one], [second, two], [first, one]]) {
    await page.bringToFront();
    const text = `댓글 ${randomUUID()}`;
    await commented(other, post, text);
    await page.locator('.comment', { hasText: text }).waitFor();
  }
  await eventually(async () => await openStreams() === 1, 'one stream for both');

  const taken = context.waitForEvent('request', isStream);
  await first.close();
  await taken;
  await second.bringToFront();
  await commented(other, two, '닫힌 뒤의 댓글');
  await second.locator('.comment', { hasText: '닫힌 뒤의 댓글' }).waitFor();
  await eventually(async () => await openStreams() === 1, 'one stream for the tab that is left');
});

test('a page out of Turbo\'s cache catches up', async () => {
  const author = await newMember();
  const post = await written(author);
  const page = await openLive(post.path, { as: (await newMember()).client });
  await commented(author, post, '떠나기 전');
  await page.locator('.comment', { hasText: '떠나기 전' }).waitFor();
  await page.locator('.post-board a').click();
  await page.getByRole('heading', { level: 1, name: '자유게시판' }).waitFor();
  await commented(author, post, '없는 동안');
  await page.goBack();
  await page.locator('.comment', { hasText: '없는 동안' }).waitFor();
  assert.deepEqual(await page.locator('.comment .prose').allInnerTexts(), ['떠나기 전', '없는 동안']);
});

test('after the server of the stream was killed no event is missing or shown twice', async () => {
  const author = await newMember();
  const post = await written(author);
  const page = await openLive(post.path, { as: (await newMember()).client });
  const app = page.stream.headers()['x-served-by'];
  const came = [await commented(author, post, '앞의 댓글')];
  await item(page, came[0]).waitFor();
  await stack('kill', app, 'site');
  for (let n = 0; n < 5; n++) came.push(await commented(author, post, `그동안 ${n}`));
  await item(page, came.at(-1)).waitFor();
  assert.deepEqual(await order(page), came);
  assert.ok(await isSame(page));
  await eventually(async () => (await status()).every(({ health }) => health === 'ok'), 'the server came back');
});

test('a page that was offline too long offers a reload and keeps the typed text', async () => {
  const author = await newMember();
  const post = await written(author);
  const proxy = await proxyTo(3);
  const page = await openLive(post.path, { base: proxy.url, as: (await newMember()).client });
  const field = page.getByLabel('댓글 쓰기');
  const typing = page.waitForResponse(/\/typing$/);
  await field.fill('쓰던 글');
  await typing;
  proxy.refuse();
  await sql(`insert into comments (post_id, author_id, content, content_html)
    select ${post.id}, u.id, 'x', '<p>x</p>' from users u, generate_series(1, 120) where u.email = '${author.email}'`);
  proxy.accept();
  await page.locator('#live-reload', { hasText: '내용이 변경되었습니다' }).waitFor();
  assert.ok(await isSame(page));
  assert.equal(await field.inputValue(), '쓰던 글');
  await commented(author, post, '그 뒤의 댓글');
  await assertAccessible(page, 'the bar');
  await page.getByRole('link', { name: '새로 고침' }).click();
  await page.locator('#live-reload').waitFor({ state: 'hidden' });
  await page.getByText('댓글 121').first().waitFor();
});

test('without JavaScript the next page has all changes', async () => {
  const [owner, other] = await Promise.all([newMember(), newMember()]);
  const post = await written(owner);
  const page = await openPage({ as: owner.client, javaScriptEnabled: false });
  await page.goto(post.path);
  await commented(other, post, `@${owner.name} 보세요`);
  await page.goto(post.path);
  await page.locator('.comment', { hasText: '보세요' }).waitFor();
  assert.equal(await bell(page).locator('.bell-count').textContent(), '1');
  for (const part of ['.typing', '#names', '#live-reload']) assert.ok(await page.locator(part).isHidden(), part);
  await bell(page).click();
  await page.locator('main .unread').waitFor();
});

for (const theme of ['light', 'dark', 'contrast']) {
  test(`what is live in ${theme} colours`, async () => {
    const [owner, other] = await Promise.all([newMember(), newMember()]);
    const post = await written(owner);
    for (const viewport of screens) {
      const page = await openPage({ as: owner.client, viewport, reducedMotion: 'reduce' });
      await page.addInitScript((value) => localStorage.setItem('minschool.theme', value), theme);
      await goLive(page, post.path);
      await commented(other, post, '새 댓글');
      await page.locator('.comment-new').waitFor();
      await bell(page).locator('.bell-count').waitFor();
      await page.getByLabel('댓글 쓰기').pressSequentially(`@${other.name}`);
      await names(page).first().waitFor();
      await page.evaluate(() => { document.querySelector('.typing').textContent = '김하늘님이 쓰는 중'; });
      await assertAccessible(page, `a post, ${viewport.width} px`);
      await goLive(page, board);
      await written(other);
      await page.locator('.news a').waitFor();
      await assertAccessible(page, `a list, ${viewport.width} px`);
      await page.goto('/notifications');
      await assertAccessible(page, `the notifications, ${viewport.width} px`);
    }
  });
}

test('a stream without heartbeats is reopened, and one with heartbeats is not', async () => {
  const author = await newMember();
  const post = await written(author);
  const proxy = await proxyTo(1);
  const page = await openPage({ base: proxy.url });
  await page.addInitScript(() => {
    window.alive = 0;
    const count = () => { window.alive += 1; };
    window.EventSource = class extends EventSource {
      constructor(address) {
        super(address);
        this.addEventListener('alive', count);
      }
    };
  });
  await page.clock.install();
  await goLive(page, post.path);
  let opened = 0;
  page.on('request', (request) => { opened += new URL(request.url()).pathname === '/events' ? 1 : 0; });
  await page.clock.fastForward(20_000);
  const before = await page.evaluate(() => window.alive);
  await eventually(() => page.evaluate((count) => window.alive > count, before), 'a running script');
  await page.clock.fastForward(20_000);
  assert.equal(opened, 0);
  proxy.stall();
  await page.clock.fastForward(30_000);
  await eventually(() => opened === 1, 'another stream');
  await commented(author, post, '그래도 들립니다');
  await page.locator('.comment', { hasText: '그래도 들립니다' }).waitFor();
  assert.equal(await isSame(page), true);
});
