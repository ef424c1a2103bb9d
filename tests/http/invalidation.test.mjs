// Every change invalidates the page caches of all servers: writes on one server, reads on all of them.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { eventually } from '../support/assert.mjs';
import { Client } from '../support/client.mjs';
import { atServer, logIn, newMember } from '../support/members.mjs';
import { longCachingSites } from '../support/long_caching_sites.mjs';
import { sql } from '../support/stores.mjs';

const servers = [1, 2, 3];
const writer = await newMember();
const staff = await logIn('staff@minschool.test');
const [[slug]] = await sql('select slug from boards where read_role = 0 and write_role = 1 and comment_role = 1 and on_home order by id limit 1');

const sites = await longCachingSites([1, 2], 3290);

const everywhere = (path, sees, what) =>
  Promise.all(sites.map((guest) => eventually(async () => sees((await guest.get(path)).text), `${what} on ${path}`)));

test('writes on one server are visible on all, in lists, on the home page and under the post', async () => {
  const clients = await Promise.all(servers.map((number) => atServer(writer.client, number)));
  const on = (i) => clients[i % clients.length];
  const list = `/boards/${slug}`;
  for (let round = 0; round < 4; ++round) {
    const title = `새로운 글 ${randomUUID()}`;
    const written = await on(round).post(`/api/v1/boards/${slug}/posts`, { json: { title, content: '본문' } });
    assert.equal(written.status, 201, written.text);
    const post = written.json().id;
    const page = `${list}/${post}`;
    for (const path of ['/', list]) await everywhere(path, (text) => text.includes(title), 'the new post');

    const words = `댓글 ${randomUUID()}`;
    const comment = await on(round + 1).post(`/api/v1/posts/${post}/comments`, { json: { content: words } });
    await everywhere(page, (text) => text.includes(words), 'the comment');
    await everywhere(list, (text) => new RegExp(`${title}</a>\\s*<span class="comment-count">[^/]*/span> 1<`).test(text), 'its count');

    const changed = `고친 글 ${randomUUID()}`;
    assert.equal((await on(round + 2).request('PATCH', `/api/v1/posts/${post}`, { json: { title: changed } })).status, 200);
    for (const path of ['/', list, page]) await everywhere(path, (text) => text.includes(changed) && !text.includes(title), 'the new title');

    assert.equal((await staff.request('PUT', `/api/v1/posts/${post}/like`)).status, 200);
    await everywhere(page, (text) => /좋아요 1</.test(text), 'the like');
    assert.equal((await on(round).post(`/comments/${comment.json().id}/delete`)).status, 303);
    await everywhere(page, (text) => !text.includes(words), 'that the comment is gone');
    assert.equal((await on(round + 1).delete(`/api/v1/posts/${post}`)).status, 204);
    for (const path of ['/', list]) await everywhere(path, (text) => !text.includes(changed), 'that the post is gone');
  }
});

test('a changed name is visible in lists on all servers', async () => {
  const { client } = await newMember();
  const title = `이름이 바뀌는 글 ${randomUUID()}`;
  const written = await client.post(`/api/v1/boards/${slug}/posts`, { json: { title, content: '본문' } });
  await everywhere(`/boards/${slug}`, (text) => text.includes(title), 'the post');
  const name = `새이름${randomUUID().slice(0, 6)}`;
  assert.equal((await client.post('/my/name', { form: { name } })).status, 303);
  await everywhere(`/boards/${slug}`, (text) => text.includes(name), 'the new name');
  await client.delete(`/api/v1/posts/${written.json().id}`);
});

test('cached pages are served: a change that was not published appears with the next published change', async () => {
  const title = `뒤에서 바뀌는 글 ${randomUUID()}`;
  const written = await writer.client.post(`/api/v1/boards/${slug}/posts`, { json: { title, content: '본문' } });
  const { id } = written.json();
  const page = `/boards/${slug}/${id}`;
  await everywhere(page, (text) => text.includes(title), 'the post');
  await sql(`update posts set title = '바뀐 제목' where id = ${id}`);
  for (const guest of sites) assert.ok((await guest.get(page)).text.includes(title));
  await writer.client.post(`/api/v1/posts/${id}/comments`, { json: { content: '댓글' } });
  await everywhere(page, (text) => text.includes('바뀐 제목') && !text.includes(title), 'the other title');
});

// The pages of one Site with a long-lived cache, for a viewer who has not just written.
function reader(client) {
  const one = new Client(sites[0].base);
  one.cookies = new Map([...(client?.cookies ?? [])].filter(([name]) => name !== 'wrote'));
  return one;
}
const accountOf = (text) => /<span class="account-name"><bdi>([^<]*)</.exec(text)?.[1] ?? '';

/** The actions of the post and of each of these comments on its page. */
function offered(text, ids) {
  const of = (html, path) => ({
    member: /<form[^>]* id="like-/.test(html), liked: html.includes('aria-pressed="true"'),
    edit: html.includes(`${path}/edit"`), remove: html.includes(`${path}/delete"`), reply: html.includes('?reply='),
  });
  const part = (start) => text.slice(text.indexOf(start), text.indexOf('</article>', text.indexOf(start)));
  const [post, ...comments] = ids;
  return [of(part('<article class="post"'), `/${post}`), ...comments.map((id) => of(part(`<article class="comment" id="c${id}"`), `/comments/${id}`))];
}

test('each viewer gets their own page, whoever filled the cache', async () => {
  const other = await newMember();
  const create = async (client, path, json) => {
    const answer = await client.post(path, { json });
    assert.equal(answer.status, 201, answer.text);
    return answer.json().id;
  };
  const post = await create(writer.client, `/api/v1/boards/${slug}/posts`, { title: `글 ${randomUUID()}`, content: '본문' });
  const first = await create(writer.client, `/api/v1/posts/${post}/comments`, { content: '쓴 사람의 댓글' });
  const second = await create(other.client, `/api/v1/posts/${post}/comments`, { content: '다른 사람의 댓글' });
  for (const path of [`posts/${post}`, `comments/${first}`]) {
    assert.equal((await other.client.request('PUT', `/api/v1/${path}/like`)).status, 200);
  }

  const nothing = { member: false, liked: false, edit: false, remove: false, reply: false };
  const seen = { ...nothing, member: true };
  const own = { edit: true, remove: true };
  const here = { ...seen, reply: true };
  const readers = [
    { name: '', client: reader(), sees: [nothing, nothing, nothing] },
    { name: writer.name, client: reader(writer.client), sees: [{ ...seen, ...own }, { ...here, ...own }, here] },
    { name: other.name, client: reader(other.client), sees: [{ ...seen, liked: true }, { ...here, liked: true }, { ...here, ...own }] },
    { client: reader(staff), sees: [{ ...seen, remove: true }, { ...here, remove: true }, { ...here, remove: true }] },
    { client: reader((await newMember()).client), sees: [seen, here, here] },
  ];
  const list = `/boards/${slug}`;
  const page = `${list}/${post}`;
  const shows = ({ text }) => text.includes('다른 사람의 댓글') && (text.match(/좋아요 1</g) ?? []).length === 2;
  await eventually(async () => shows(await readers[0].client.get(page)), 'comments and likes');
  for (let round = 0; round < readers.length; ++round) {
    for (const { name, client, sees } of [...readers.slice(round), ...readers.slice(0, round)]) {
      const answer = await client.get(page);
      assert.deepEqual(offered(answer.text, [post, first, second]), sees);
      for (const path of [page, list, '/']) {
        const { text } = await client.get(path);
        if (name !== undefined) assert.equal(accountOf(text), name);
        assert.equal(text.includes('href="/login'), name === '');
      }
      const { text } = await client.get(list);
      for (const mine of [`href="${list}/write"`, `action="${list}/follow"`]) assert.equal(text.includes(mine), name !== '', mine);
    }
    // All invalidated, so that the next round begins with another viewer.
    await create(writer.client, `/api/v1/posts/${post}/comments`, { content: `다음 ${round}` });
    await eventually(async () => (await readers[0].client.get(page)).text.includes(`다음 ${round}`), 'the next comment');
  }
  await writer.client.delete(`/api/v1/posts/${post}`);
});

test('a board that only staff may read is on their home page, and on no other', async () => {
  const [[name, secretSlug, onHome]] = await sql('select name, slug, on_home from boards where read_role = 2 order by id limit 1');
  const show = (yes) => sql(`with b as (update boards set on_home = ${yes} where slug = '${secretSlug}' returning 1) select pg_notify('boards', '') from b`);
  const card = `<span class="sr-only">: ${name}</span>`;
  const readers = { staff: reader(staff), member: reader(writer.client), guest: reader() };
  try {
    await show(true);
    await eventually(async () => (await readers.staff.get('/')).text.includes(card), 'the board on the home page of staff');
    for (const who of ['guest', 'member']) assert.ok(!(await readers[who].get('/')).text.includes(card), who);
  } finally {
    await show(onHome === 't' || onHome === true);
  }
});
