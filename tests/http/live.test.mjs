// Open pages on every app server get the changes of posts, comments and boards: once, in order, nothing missing.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';

import { eventually } from '../support/assert.mjs';
import { adminUrl } from '../support/client.mjs';
import { Stream, elementsOf, follow } from '../support/events.mjs';
import { atEachServer, atServer, logIn, newMember, serverNumbers, visitor } from '../support/members.mjs';
import { stack } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const maxChanges = 100;  // live::kMaxChanges
const free = '/boards/free';

const writer = await newMember();
const reader = await newMember();
const guest = visitor();
const admin = await logIn('admin@minschool.test', { base: adminUrl });

/** An open page: its events over all its connections, which the test ends. */
class Page {
  #past = [];

  /** Reconnects with its position, to the same or another server. */
  async connect(client, topics, lastEventId = this.id) {
    const stream = await follow(client, topics, { lastEventId });
    assert.ok(stream instanceof Stream, `${stream.status} ${stream.text}`);
    this.#past = this.all;
    this.now = stream;
  }
  get all() { return [...this.#past, ...(this.now?.events ?? [])]; }
  get id() { return this.all.findLast(({ id }) => id)?.id; }
  get over() { return this.now.over; }
  get elements() { return this.all.flatMap(({ data }) => elementsOf(data)); }
  close() { this.now.close(); }

  /** Waits for an element, and gives it. */
  async saw(what, matches) {
    let found;
    await eventually(() => (found = this.elements.find(matches)) !== undefined, what);
    return found;
  }
}

const pages = [];
after(() => pages.forEach((page) => page.close()));
async function stream(client, topics, lastEventId) {
  const page = new Page();
  await page.connect(client, topics, lastEventId);
  pages.push(page);
  return page;
}

/** A new post: {id, path}. */
async function newPost(client = writer.client, path = free) {
  const answer = await client.post(`${path}/write`, { form: { title: `글 ${randomUUID()}`, content: '본문' } });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  return { path: answer.location, id: Number(answer.location.split('/').pop()) };
}

async function comment(client, post, { content = `댓글 ${randomUUID()}`, parent } = {}) {
  const form = parent === undefined ? { content } : { content, parent_id: parent };
  const answer = await client.post(`/posts/${post.id}/comments`, { form });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  return Number(/#c(\d+)$/.exec(answer.location)[1]);
}

async function moderate(what, act) {
  const answer = await admin.post(`/${what}/${act}`, { form: { reason: '시험' } });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
}

/** The position of a page: its data-live. */
const marksOf = ({ text }) => [...text.matchAll(/data-live="([pb][^"]+)"/g)].map(([, marks]) => marks).join(',');
const markOf = async (client, path) => marksOf(await client.get(path));

const commentsIn = (followed) => followed.elements.filter(({ action }) => action === 'comment');
const idsIn = (followed) => commentsIn(followed).map((element) => Number(element.comment));
/** Waits for one more change of that comment than `before`. */
const next = (followed, id, matches, what) =>
  followed.saw(what, (element) => element.action === 'comment' && Number(element.comment) === id && matches(element.html));

test('a comment, and each change of it, appears once on the streams of all other servers', async () => {
  const post = await newPost();
  const mark = await markOf(guest, post.path);
  const servers = await atEachServer(guest);
  const streams = await Promise.all([guest, ...servers].map((where) => stream(where, mark)));
  const all = (id, matches, what) => Promise.all(streams.map((one) => next(one, id, matches, what)));
  const [app1, app2] = await atEachServer(writer.client);

  const first = await comment(app1, post, { content: '처음' });
  await all(first, (html) => html.includes('처음'), 'the new comment');
  const reply = await comment(app2, post, { content: '답글', parent: first });
  for (const element of await all(reply, (html) => html.includes('답글'), 'the reply')) assert.equal(Number(element.parent), first);

  assert.equal((await app2.post(`/comments/${first}/edit`, { form: { content: '고친 말' } })).status, 303);
  await all(first, (html) => html.includes('고친 말'), 'the edited comment');
  await moderate(`comments/${first}`, 'hide');
  await all(first, (html) => html.includes('comment-gone'), 'the hidden comment');
  await moderate(`comments/${first}`, 'restore');
  await Promise.all(streams.map((one) => eventually(() => idsIn(one).filter((id) => id === first).length === 4, 'the comment again')));
  assert.equal((await app1.post(`/comments/${reply}/delete`)).status, 303);
  await all(reply, (html) => html.includes('comment-gone'), 'the deleted reply');

  for (const one of streams) {
    assert.deepEqual(idsIn(one), [first, reply, first, first, first, reply]);
    assert.equal(one.id, `p${post.id}:6`);
    assert.ok(one.elements.some(({ action, text }) => action === 'announce' && text.includes(writer.name)));
  }
});

test('the stream offers each viewer the actions of the page, and the author gets no event of their own comment', async () => {
  const post = await newPost();
  const readers = { guest, member: reader.client, author: writer.client };
  const streams = {};
  for (const [who, client] of Object.entries(readers)) streams[who] = await stream(client, await markOf(client, post.path));
  const id = await comment(writer.client, post);
  for (const [who, client] of Object.entries(readers)) {
    const { html } = await next(streams[who], id, () => true, `the comment for the ${who}`);
    const page = (await client.get(`${post.path}?not-kept=${id}`)).text;
    for (const act of [`/comments/${id}/edit`, `/comments/${id}/delete`, `/comments/${id}/like`, 'reply#open', `id="c${id}"`]) {
      assert.equal(html.includes(act), page.includes(act), `${who}: ${act}`);
    }
  }
  assert.ok(!streams.author.elements.some(({ action }) => action === 'announce'));
});

test('a form that a stream sends to many viewers works for each of them', async () => {
  const post = await newPost();
  const [app1] = serverNumbers;
  const staff = [await logIn('staff@minschool.test'), await logIn('admin@minschool.test')];
  const streams = await Promise.all(staff.map(async (client) => stream(await atServer(client, app1), `p${post.id}:0`)));
  const id = await comment(writer.client, post);
  const forms = await Promise.all(streams.map((one) => next(one, id, () => true, 'the comment')));
  const idempotencyKeys = forms.map(({ html }) => new RegExp(`action="/comments/${id}/delete"[^]*?name="once" value="([^"]+)"`).exec(html)[1]);
  assert.equal(idempotencyKeys[0], idempotencyKeys[1], 'rendered once for both');
  for (const [i, client] of staff.entries()) {
    const answer = await client.post(`/comments/${id}/delete`, { form: { once: idempotencyKeys[i] } });
    assert.equal(answer.status, 303, answer.text.slice(0, 300));
    assert.deepEqual(await sql(`select visible from comments where id = ${id}`), [['f']]);
    await moderate(`comments/${id}`, 'restore');
  }
});

test('a stream that reconnects to another server gets exactly what was missed', async () => {
  const post = await newPost();
  const [app1, app2, app3] = await atEachServer(guest);
  const mark = await markOf(guest, post.path);
  const followed = await stream(app1, mark);
  const seen = await comment(writer.client, post);
  await next(followed, seen, () => true, 'the first comment');
  followed.close();
  const missed = [];
  for (let i = 0; i < 3; i++) missed.push(await comment(writer.client, post));
  await writer.client.post(`/comments/${missed[0]}/edit`, { form: { content: '고침' } });
  await followed.connect(app2, mark);
  // The edited one comes in its present state, at the position of its latest change.
  const expected = [seen, missed[1], missed[2], missed[0]];
  await eventually(() => idsIn(followed).length >= expected.length, 'what was missed');
  followed.close();
  await followed.connect(app3, mark);
  const last = await comment(writer.client, post);
  await next(followed, last, () => true, 'the last comment');
  assert.deepEqual(idsIn(followed), [...expected, last]);
  assert.ok(followed.all.every(({ event }) => event === 'message'));
});

test('a stream that missed too much, or has an impossible position, is asked to reload, and continues from there', async () => {
  const post = await newPost();
  await sql(`insert into comments (post_id, author_id, content, content_html) select ${post.id}, 1, 'x', 'x' from generate_series(1, ${maxChanges + 1})`);
  const current = `p${post.id}:${maxChanges + 1}`;
  for (const lastEventId of [`p${post.id}:0`, `p${post.id}:999999`, 'garbage']) {
    const followed = await stream(guest, current, lastEventId);
    await eventually(() => followed.all.length > 0, `an event for ${lastEventId}`);
    assert.deepEqual(followed.all, [{ id: current, event: 'reload', data: 'reload' }]);
  }
  const followed = await stream(guest, current);
  const id = await comment(writer.client, post);
  await next(followed, id, () => true, 'the comment');
  assert.equal(followed.all.length, 1);
});

test('the position of a page is never beyond its content, even during many writes', async () => {
  const post = await newPost();
  const many = 40;  // one page of threads
  let over = false;
  const writing = (async () => {
    for (let i = 0; i < many; i++) await comment(writer.client, post);
  })().finally(() => { over = true; });
  let pages = 0;
  while (!over) {
    const page = await reader.client.get(post.path);
    const stands = Number(/:(\d+)/.exec(marksOf(page))[1]);
    const shown = [...page.text.matchAll(/<li class="comment-depth/g)].length;
    assert.ok(shown >= stands, `${shown} comments at number ${stands}`);
    pages++;
  }
  await writing;
  assert.ok(pages > 1);
  assert.equal(await markOf(reader.client, post.path), `p${post.id}:${many}`);
});

test('a guest’s page that Nginx saved catches up from its position', async () => {
  const post = await newPost();
  const kept = await guest.get(post.path);
  assert.equal(marksOf(kept), `p${post.id}:0`);
  assert.match(kept.headers['cache-control'], /s-maxage/);
  assert.match(kept.text, new RegExp(`<ol class="comment-list" id="comments-${post.id}"[^>]*data-last[^>]*>\\s*</ol>`));
  const id = await comment(writer.client, post);
  const followed = await stream(guest, marksOf(kept));
  await next(followed, id, () => true, 'the comment');
});

test('an edited post says so; a hidden one says that it is gone, and its comments go with it', async () => {
  const post = await newPost();
  const followed = await stream(guest, await markOf(guest, post.path));
  const note = (matches, what) => followed.saw(what, ({ target, html }) => target === `post-note-${post.id}` && matches(html));
  assert.equal((await writer.client.post(`${post.path}/edit`, { form: { title: '고친 글', content: '본문' } })).status, 303);
  await note((html) => html.includes(`href="${post.path}"`), 'the note');
  await moderate(`posts/${post.id}`, 'hide');
  await note((html) => html.includes(`href="${free}"`), 'the note that it is gone');
  assert.equal((await follow(guest, `p${post.id}:0`)).status, 404);
});

test('a new post is published on every server; the list has its position, empty or not', async () => {
  const slug = `live-${randomUUID().slice(0, 8)}`;
  const [[board]] = await sql(`insert into boards (slug, name, position, on_home) values ('${slug}', '새 게시판', 900, false) returning id`);
  await sql(`select pg_notify('boards', '')`);
  const path = `/boards/${slug}`;
  for (const server of await atEachServer(guest)) await eventually(async () => (await server.get(path)).status === 200, path);
  const empty = await guest.get(`${path}?new=${randomUUID()}`);
  assert.equal(marksOf(empty), `b${board}:0`);
  assert.match(empty.text, new RegExp(`id="news-${board}"`));
  const streams = await Promise.all((await atEachServer(guest)).map((where) => stream(where, `b${board}:0`)));
  const news = (one) => one.elements.filter(({ action }) => action === 'news').map((element) => Number(element.number));
  const first = await newPost(writer.client, path);
  await newPost(writer.client, path);
  for (const one of streams) await eventually(() => news(one).length === 2, 'news of both posts');
  await moderate(`posts/${first.id}`, 'hide');
  await moderate(`posts/${first.id}`, 'restore');
  await newPost(writer.client, path);
  for (const one of streams) {
    await eventually(() => news(one).length >= 3, 'news of the third post');
    assert.deepEqual(news(one), [1, 2, 3]);
  }
  assert.equal(await markOf(reader.client, path), `b${board}:3`);
});

test('typing is shown to others and not to the author; not by guests and hidden members', async () => {
  const post = await newPost();
  const mark = `p${post.id}:0`;
  const [, app2] = await atEachServer((await newMember()).client);
  const others = await stream(app2, mark);
  const own = await stream(writer.client, mark);
  const strangers = await stream(guest, mark);
  const typing = (one) => one.elements.filter(({ action }) => action === 'typing');
  const type = (client, id = post.id) => client.post(`/posts/${id}/typing`);
  const before = await sql('select count(*) from idempotency_keys');
  await eventually(async () => {
    assert.equal((await type(writer.client)).status, 204);
    return typing(others).length > 0;
  }, 'the name of who is typing');
  const [shown] = typing(others);
  assert.equal(shown.name, writer.name);
  assert.equal(shown.target, `typing-${post.id}`);
  assert.equal(others.id, undefined, 'it moves no reader on');
  assert.deepEqual(await sql('select count(*) from idempotency_keys'), before);

  const hide = (form) => reader.client.post('/my/presence', { form });
  assert.equal((await hide({ hidden: '1' })).status, 303);
  await eventually(async () => (await Promise.all((await atEachServer(reader.client)).map((server) => type(server)))).every(({ status }) => status === 204), 'the answers');
  assert.equal((await type(guest)).status, 401);
  assert.equal((await type(await newMember().then(({ client }) => client), 987_654_321)).status, 404);
  const id = await comment(writer.client, post);
  await next(others, id, () => true, 'what comes after all that');
  assert.ok(typing(others).every(({ name }) => name === writer.name));
  assert.deepEqual(typing(own), []);
  await next(strangers, id, () => true, 'the comment');
  assert.deepEqual(typing(strangers), [], 'names are for members');
  assert.equal((await hide({})).status, 303);
});

test('while Redis stops and restarts no event is lost or sent twice', async () => {
  const post = await newPost();
  const mark = `p${post.id}:0`;
  const streams = await Promise.all([guest, ...(await atEachServer(guest))].map((where) => stream(where, mark)));
  const written = [];
  const say = async () => written.push(await comment(writer.client, post));
  const arrived = () => Promise.all(streams.map((one) => eventually(() => idsIn(one).length >= written.length, 'all comments')));
  await say();
  await stack('redis', 'stop');
  try {
    await say();
    await say();
    await arrived();
  } finally {
    await stack('redis', 'start');
  }
  for (let i = 0; i < 3; i++) await say();
  await arrived();
  for (const one of streams) assert.deepEqual(idsIn(one), written);
});

test('a member who loses a role gets no more events of what it allowed, on any server', async () => {
  const [[slug]] = await sql(`select slug from boards where read_role = 2 and write_role = 2 order by id limit 1`);
  const staff = await newMember();
  await sql(`update users set role = 2 where email = '${staff.email}'; select ms_raise_session_epoch(id) from users where email = '${staff.email}'`);
  const path = `/boards/${slug}`;
  const servers = await atEachServer(staff.client);
  for (const server of servers) await eventually(async () => (await server.get(path)).status === 200, 'the board of staff');
  const mark = await markOf(staff.client, path);
  const streams = await Promise.all(servers.map((server) => stream(server, mark)));
  const colleague = await logIn('staff@minschool.test');
  await newPost(colleague, path);
  for (const one of streams) await one.saw('the new post', ({ action }) => action === 'news');

  const [[member]] = await sql(`select id from users where email = '${staff.email}'`);
  const answer = await admin.post(`/members/${member}/role`, { form: { role: 'member', reason: '시험' } });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  const counts = streams.map(({ all }) => all.length);
  await newPost(colleague, path);
  for (const [i, one] of streams.entries()) {
    await eventually(() => one.over, 'the end of the stream');
    assert.equal(one.all.length, counts[i]);
    assert.equal((await follow(servers[i], one.id)).status, 404);
  }
});

test('a board that is closed to guests gives them no more events', async () => {
  const slug = `closing-${randomUUID().slice(0, 8)}`;
  const [[board]] = await sql(`insert into boards (slug, name, position, on_home) values ('${slug}', '닫힐 게시판', 901, false) returning id`);
  await sql(`select pg_notify('boards', '')`);
  const path = `/boards/${slug}`;
  for (const server of await atEachServer(guest)) await eventually(async () => (await server.get(path)).status === 200, path);
  const forGuest = await stream(guest, `b${board}:0`);
  const forMember = await stream(reader.client, `b${board}:0`);
  await newPost(writer.client, path);
  for (const one of [forGuest, forMember]) await one.saw('the first post', ({ action }) => action === 'news');
  await sql(`update boards set read_role = 1 where id = ${board}; select pg_notify('boards', '')`);
  for (const server of await atEachServer(guest)) await eventually(async () => (await server.get(path)).status !== 200, 'the closed board');
  await newPost(writer.client, path);
  await forMember.saw('the second post', ({ action, number }) => action === 'news' && number === '2');
  assert.deepEqual(forGuest.elements.filter(({ action }) => action === 'news').map(({ number }) => number), ['1']);
});
