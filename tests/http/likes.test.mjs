// One like for each member and subject: counts are exact and equal the rows, however often and on whichever server members click.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { assertKoreanPage, assertProblem, eventually, soon } from '../support/assert.mjs';
import { adminUrl } from '../support/client.mjs';
import { atEachServer, atServer, logIn, newMember, serverNumbers, visitor } from '../support/members.mjs';
import { stack } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const turbo = { accept: 'text/vnd.turbo-stream.html, text/html, application/xhtml+xml' };
const unknownId = 987_654_321;
const members = 40;
const cachedLikes = 2000;  // likes::Likers::kMax

const author = await newMember();
const staff = await logIn('staff@minschool.test');
const [[board]] = await sql(`select slug from boards where read_role = 0 and write_role = 1 and comment_role = 1 order by id limit 1`);
const [[secretBoard]] = await sql(`select slug from boards where read_role = 2 order by id limit 1`);

async function write(client = author.client, slug = board) {
  const answer = await client.post(`/api/v1/boards/${slug}/posts`, { json: { title: '좋아할 글', content: '본문' } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json().id;
}

async function comment(post, client = author.client) {
  const answer = await client.post(`/api/v1/posts/${post}/comments`, { json: { content: '좋아할 댓글' } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json().id;
}

/** A post and a comment with their addresses: every test covers both. */
async function subjects() {
  const post = await write();
  const id = await comment(post);
  return [
    { path: `/posts/${post}`, button: `like-p${post}`, page: `/boards/${board}/${post}`, rows: `post_likes where post_id = ${post}`,
      counter: `post_counters where post_id = ${post}`, back: `/boards/${board}/${post}#like-p${post}` },
    { path: `/comments/${id}`, button: `like-c${id}`, page: `/boards/${board}/${post}`, rows: `comment_likes where comment_id = ${id}`,
      counter: `comments where id = ${id}`, back: `/comments/${id}` },
  ];
}

const counted = async ({ rows, counter }) =>
  (await sql(`select (select count(*) from ${rows}), coalesce((select likes from ${counter}), 0)`))[0].map(Number);
const stateOf = async (client, method, { path }) => {
  const answer = await client.request(method, `/api/v1${path}/like`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
};

/** The button of a page as one member sees it: {pressed, likes, action}. */
function button(page, { button: id }) {
  const form = new RegExp(`<form[^>]* id="${id}"[^>]*action="([^"]+)"[^]*?</form>`).exec(page);
  assert.ok(form, `no ${id} in ${page.slice(0, 300)}`);
  return { action: form[1], pressed: /aria-pressed="true"/.test(form[0]), likes: Number(/좋아요 ([\d,]+)/.exec(form[0])[1]) };
}

/** Whether the page of the post, at each server, shows a member the comment as liked. */
async function expectLiked(client, post, id, liked) {
  for (const server of await atEachServer(client)) {
    const { text } = await server.get(`/boards/${board}/${post}`);
    assert.equal(button(text, { button: `like-c${id}` }).pressed, liked, server.base);
  }
}

test('a click likes, the next one removes the like, and without JavaScript the page is loaded again', async () => {
  const { client } = await newMember();
  for (const subject of await subjects()) {
    const read = async () => button((await client.get(subject.page)).text, subject);
    assert.deepEqual(await read(), { action: `${subject.path}/like`, pressed: false, likes: 0 });
    const answer = await client.post(`${subject.path}/like`);
    assert.equal(answer.status, 303);
    assert.equal(answer.location, subject.back);
    assert.equal((await client.get(answer.location.split('#')[0])).status, subject.path.startsWith('/comments') ? 303 : 200);
    assert.deepEqual(await read(), { action: `${subject.path}/unlike`, pressed: true, likes: 1 });
    assert.deepEqual(button((await author.client.get(subject.page)).text, subject), { action: `${subject.path}/like`, pressed: false, likes: 1 });
    assert.equal((await client.post(`${subject.path}/unlike`)).status, 303);
    assert.deepEqual(await read(), { action: `${subject.path}/like`, pressed: false, likes: 0 });
    assert.deepEqual(await counted(subject), [0, 0]);
  }
});

test('Turbo gets only the button', async () => {
  const { client } = await newMember();
  for (const subject of await subjects()) {
    for (const [act, pressed, likes] of [['like', true, 1], ['like', true, 1], ['unlike', false, 0], ['unlike', false, 0]]) {
      const answer = await client.post(`${subject.path}/${act}`, { headers: turbo });
      assert.equal(answer.status, 200);
      assert.match(answer.headers['content-type'], /^text\/vnd\.turbo-stream\.html/);
      assert.match(answer.text.trim(), new RegExp(`^<turbo-stream action="replace" target="${subject.button}"><template>[^]*</template></turbo-stream>$`));
      const seen = button(answer.text, subject);
      assert.deepEqual({ pressed: seen.pressed, likes: seen.likes }, { pressed, likes });
      assert.doesNotMatch(answer.text, /<html/);
    }
  }
});

test(`${members} members like at once over three servers`, async () => {
  const crowd = await Promise.all(Array.from({ length: members }, newMember));
  for (const subject of await subjects()) {
    const clicks = await Promise.all(crowd.map(async ({ client }, i) => (await atServer(client, serverNumbers[i % serverNumbers.length])).post(`${subject.path}/like`)));
    assert.ok(clicks.every(({ status }) => status === 303), clicks.map(({ status }) => status).join(' '));
    assert.deepEqual(await counted(subject), [members, members]);
    const mixed = await Promise.all(crowd.map(async ({ client }, i) =>
      (await atServer(client, serverNumbers[(i + 1) % serverNumbers.length])).post(`${subject.path}/${i % 2 ? 'unlike' : 'like'}`)));
    assert.ok(mixed.every(({ status }) => status === 303));
    assert.deepEqual(await counted(subject), [members / 2, members / 2]);
  }
});

test('one member who clicks on all servers at once likes once, or not at all', async () => {
  const { client } = await newMember();
  const servers = await atEachServer(client);
  for (const subject of await subjects()) {
    const likes = await Promise.all(Array.from({ length: 12 }, (_, i) => servers[i % 3].post(`${subject.path}/like`)));
    assert.deepEqual(likes.map(({ status }) => status), likes.map(() => 303));
    assert.deepEqual(await counted(subject), [1, 1]);
    const both = await Promise.all(Array.from({ length: 12 }, (_, i) => servers[i % 3].post(`${subject.path}/${i % 2 ? 'like' : 'unlike'}`)));
    assert.deepEqual(both.map(({ status }) => status), both.map(() => 303));
    const [rows, count] = await counted(subject);
    assert.equal(rows, count);
    assert.ok(rows === 0 || rows === 1);
    assert.deepEqual(await stateOf(client, 'PUT', subject), { likes: 1, liked: true });
  }
});

test('a repeated request does nothing, even after the opposite act', async () => {
  const { client } = await newMember();
  const servers = await atEachServer(client);
  for (const subject of await subjects()) {
    const headers = { 'x-request-id': randomUUID() };
    for (const server of servers) assert.equal((await server.post(`${subject.path}/like`, { headers })).status, 303);
    assert.deepEqual(await counted(subject), [1, 1]);
    assert.equal((await client.post(`${subject.path}/unlike`)).status, 303);
    // Nginx sends it once more, late.
    const late = await servers[2].post(`${subject.path}/like`, { headers: { ...headers, ...turbo } });
    assert.equal(late.status, 200);
    assert.deepEqual(button(late.text, subject), { action: `${subject.path}/like`, pressed: false, likes: 0 });
    assert.deepEqual(await counted(subject), [0, 0]);
    const form = { once: randomUUID() };
    for (const server of servers) assert.equal((await server.post(`${subject.path}/like`, { form })).status, 303);
    assert.deepEqual(await counted(subject), [1, 1]);
  }
});

test('a guest sees the count and a way to log in, on a page that is the same for all guests', async () => {
  for (const subject of await subjects()) {
    assert.equal((await author.client.post(`${subject.path}/like`)).status, 303);
    const next = subject.path.startsWith('/posts') ? subject.page : subject.path;
    // Nginx keeps a guest's page for a second.
    let page;
    await eventually(async () => {
      page = (await visitor().get(subject.page)).text;
      return new RegExp(`id="${subject.button}" href="/login\\?next=${next}"[^]*?좋아요 1`).test(page);
    }, 'a page with the like');
    assert.doesNotMatch(page, /name="once"/);
    const answer = await visitor().post(`${subject.path}/like`);
    assert.equal(answer.status, 303);
    assert.equal(answer.location, `/login?next=${encodeURIComponent(subject.back)}`);
    assert.deepEqual(await counted(subject), [1, 1]);
    assertProblem(await visitor().request('PUT', `/api/v1${subject.path}/like`), 401);
  }
});

test('a post that the member may not read cannot be liked, and its existence is not revealed', async () => {
  const { client } = await newMember();
  const secret = await write(staff, secretBoard);
  const commentId = await comment(secret, staff);
  for (const path of [`/posts/${secret}`, `/comments/${commentId}`]) {
    assertKoreanPage(await client.post(`${path}/like`), 404);
    assertKoreanPage(await visitor().post(`${path}/like`), 404);
    assertProblem(await client.request('PUT', `/api/v1${path}/like`), 404);
    assert.equal((await staff.post(`${path}/like`)).status, 303);
  }
  for (const id of [unknownId, 0, -1, 'abc', '99999999999999999999']) {
    for (const what of ['posts', 'comments']) {
      assertKoreanPage(await client.post(`/${what}/${id}/like`), 404);
      assertKoreanPage(await client.post(`/${what}/${id}/unlike`, { headers: turbo }), 404);
      assertProblem(await client.delete(`/api/v1/${what}/${id}/like`), 404);
    }
  }
});

test('a hidden or deleted post cannot be liked, and has its likes when it is restored', async () => {
  const { client } = await newMember();
  const post = await write();
  const id = await comment(post);
  for (const path of [`/posts/${post}`, `/comments/${id}`]) assert.equal((await client.post(`${path}/like`)).status, 303);
  const moderator = await logIn('staff@minschool.test', { base: adminUrl });
  const act = async (what) => assert.equal((await moderator.post(what, { form: { reason: '시험' } })).status, 303);
  await act(`/comments/${id}/hide`);
  assertKoreanPage(await client.post(`/comments/${id}/unlike`), 404);
  await act(`/comments/${id}/restore`);
  await act(`/posts/${post}/hide`);
  for (const path of [`/posts/${post}`, `/comments/${id}`]) assertKoreanPage(await client.post(`${path}/unlike`), 404);
  await act(`/posts/${post}/restore`);
  for (const path of [`/posts/${post}`, `/comments/${id}`]) {
    assert.deepEqual(await stateOf(client, 'PUT', { path }), { likes: 1, liked: true });
    assert.deepEqual(await stateOf(client, 'DELETE', { path }), { likes: 0, liked: false });
  }
  assert.equal((await author.client.delete(`/api/v1/posts/${post}`)).status, 204);
  assertKoreanPage(await client.post(`/posts/${post}/like`), 404);
});

test('a page of a post costs no round trip while nothing changes, and shows a change at once', async () => {
  const { client } = await newMember();
  const [{ page, path }] = await subjects();
  const direct = await atServer(client, 1);
  const trips = async () => (await direct.get(page)).headers['server-timing'].match(/pg;dur=[\d.]+;desc=(\d+)/)[1];
  await trips();
  // The first reader of a second asks for the post, how many threads, the threads, and what the reader likes.
  await eventually(async () => (await trips()) === '0', 'a page without a round trip');
  const shown = async (to) => (await to.get(page)).text.includes(`action="${path}/unlike"`);
  assert.equal(await shown(direct), false);
  assert.equal((await client.post(`${path}/like`)).status, 303);
  for (let i = 0; i < 6; ++i) assert.equal(await shown(client), true, 'who wrote sees it, whichever server answers');
  await eventually(() => shown(direct), 'others see it');
});

test('likes work while Redis is gone', async () => {
  const { client } = await newMember();
  const both = await subjects();
  await stack('redis', 'stop');
  try {
    for (const subject of both) {
      assert.equal((await client.post(`${subject.path}/like`)).status, 303);
      assert.deepEqual(button((await client.get(subject.page)).text, subject), { action: `${subject.path}/unlike`, pressed: true, likes: 1 });
    }
  } finally {
    await stack('redis', 'start');
  }
  for (const subject of both) assert.deepEqual(await counted(subject), [1, 1]);
});

test('more likes than a server caches: every member still sees their own', async () => {
  const post = await write();
  const id = await comment(post);
  const [fan, other] = [await newMember(), await newMember()];
  await expectLiked(fan.client, post, id, false);
  const name = `fan-${randomUUID()}`;
  await sql(`insert into users (email, password_hash, name) select '${name}-' || n || '@minschool.test', '!', '팬' from generate_series(1, ${cachedLikes}) n;
    insert into comment_likes (comment_id, user_id) select ${id}, id from users where email like '${name}-%'`);
  assert.equal((await fan.client.request('PUT', `/api/v1/comments/${id}/like`)).json().likes, cachedLikes + 1);
  await soon(() => expectLiked(fan.client, post, id, true));
  await expectLiked(other.client, post, id, false);
  await sql(`delete from users where email like '${name}-%'`);
});
