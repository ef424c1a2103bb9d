// What pages remember is forgotten everywhere as soon as anything changes: writes on one server, reads on all of them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { eventually } from '../support/assert.mjs';
import { Client } from '../support/client.mjs';
import { at, joined, loggedIn } from '../support/members.mjs';
import { facts, state } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const servers = [1, 2, 3];
const writer = await joined();
const staff = await loggedIn('staff@minschool.test');
const [[slug]] = await sql('select slug from boards where read_role = 0 and write_role = 1 and comment_role = 1 and on_home order by id limit 1');

// Two Sites that remember for longer than any test waits: only hints make them forget.
const rememberMs = 60_000;
const { net, build } = await facts();
const sites = [];
for (const number of [1, 2]) {
  const port = 3290 + number;
  const child = spawn(join(build, 'minschool-site'), ['--config', join(state, 'config', `app${number}-site.toml`)], {
    stdio: 'ignore', env: { ...process.env, MINSCHOOL_SERVER_PORT: String(port), MINSCHOOL_SITE_REMEMBER_MS: String(rememberMs) },
  });
  after(() => child.kill('SIGTERM'));
  const guest = new Client(`http://${net}.${10 + number}:${port}`);
  await eventually(() => guest.get('/').then(({ status }) => status === 200, () => false), 'a Site that remembers');
  sites.push(guest);
}

const everywhere = (path, sees, what) =>
  Promise.all(sites.map((guest) => eventually(async () => sees((await guest.get(path)).text), `${what} on ${path}`)));

test('writes on one server are seen on all, in lists, on the home page and under the post', async () => {
  const clients = await Promise.all(servers.map((number) => at(writer.client, number)));
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

test('a name that changed is seen in lists on all servers', async () => {
  const { client } = await joined();
  const title = `이름이 바뀌는 글 ${randomUUID()}`;
  const written = await client.post(`/api/v1/boards/${slug}/posts`, { json: { title, content: '본문' } });
  await everywhere(`/boards/${slug}`, (text) => text.includes(title), 'the post');
  const name = `새이름${randomUUID().slice(0, 6)}`;
  assert.equal((await client.post('/my/name', { form: { name } })).status, 303);
  await everywhere(`/boards/${slug}`, (text) => text.includes(name), 'the new name');
  await client.delete(`/api/v1/posts/${written.json().id}`);
});

test('what was read is shown again: a change behind the programs is seen with the next hint', async () => {
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
