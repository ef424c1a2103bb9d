// The writes of one member are limited, by any way and over all app servers; and so is a page of comments.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { assertKoreanPage, assertProblem } from '../support/assert.mjs';
import { atEachServer, logIn, newMember, visitor } from '../support/members.mjs';
import { stack, state, status } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

// The stack of tests has no limits that its load could meet (MINSCHOOL_WRITES): here the default limits apply.
const apps = (await status()).map(({ app }) => app);
const fileOf = (app) => join(state, 'config', `${app}-site.toml`);
const written = new Map(await Promise.all(apps.map(async (app) => [app, await readFile(fileOf(app), 'utf8')])));
for (const [app, text] of written) {
  await writeFile(fileOf(app), text.replace(/\n\[writing\]\n(\w+ = \d+\n)*/, '\n'));
  await stack('reload', app);
}
after(async () => {
  for (const [app, text] of written) {
    await writeFile(fileOf(app), text);
    await stack('reload', app);
  }
});

const board = '/boards/free';
const largestPage = 1_000_000;

const newPost = async (client) => {
  const answer = await client.post(`${board}/write`, { form: { title: '한도', content: '본문' } });
  assert.equal(answer.status, 303, answer.text.slice(0, 200));
  return answer.location;
};

test('sixty comments at once: some are refused, with Retry-After and the text', async () => {
  const author = await newMember();
  const path = await newPost(author.client);
  const id = path.split('/').pop();
  const { client } = await newMember();
  const servers = await atEachServer(client);
  const answers = await Promise.all(Array.from({ length: 60 }, (_, i) =>
    servers[i % servers.length].post(`/posts/${id}/comments`, { form: { content: `@${author.name} 말 ${i} <b>` } })));
  const statuses = answers.map(({ status }) => status);
  assert.ok(statuses.every((status) => status === 303 || status === 429), String(statuses));
  const refused = answers.find(({ status }) => status === 429);
  assert.ok(refused && statuses.filter((status) => status === 303).length < 60);
  assertKoreanPage(refused, 429);
  assert.match(refused.text, /1분 뒤에/);
  assert.equal(refused.headers['retry-after'], '60');
  assert.match(refused.text, new RegExp(`<textarea[^>]*name="content"[^>]*>\\n@${author.name} 말 \\d+ &lt;b&gt;</textarea>`));
  const [[stored]] = await sql(`select count(*) from comments where post_id = ${id}`);
  assert.equal(Number(stored), statuses.filter((status) => status === 303).length);
  // On a busy machine the minute may be over by now; then the limit is filled again.
  let byApi;
  for (let i = 0; i < 60 && byApi?.status !== 429; ++i) byApi = await client.post(`/api/v1/posts/${id}/comments`, { json: { content: '말' } });
  const problem = assertProblem(byApi, 429);
  assert.match(problem.detail, /1분/);
  // It limits neither other members nor reads.
  assert.equal((await author.client.post(`/posts/${id}/comments`, { form: { content: '답' } })).status, 303);
  assert.equal((await client.get(path)).status, 200);
});

test('posts, edits, likes and follows have limits of their own', async () => {
  const { client } = await newMember();
  const path = await newPost(client);
  const id = path.split('/').pop();
  const kinds = {
    posts: (i) => client.post(`${board}/write`, { form: { title: `글 ${i}`, content: '본문' } }),
    edits: (i) => client.post(`${path}/edit`, { form: { title: `글 ${i}`, content: '본문' } }),
    likes: (i) => client.post(`/posts/${id}/${i % 2 ? 'un' : ''}like`, { form: {} }),
    follows: (i) => client.post(`${board}/${i % 2 ? 'un' : ''}follow`, { form: {} }),
    names: (i) => client.post('/my/name', { form: { name: `시험자 ${i}` } }),
  };
  for (const [kind, act] of Object.entries(kinds)) {
    const statuses = [];
    for (let i = 0; i < 150 && statuses.at(-1) !== 429; ++i) statuses.push((await act(i)).status);
    assert.equal(statuses.at(-1), 429, `${kind}: ${statuses.length}`);
  }
});

test('staff may write more', async () => {
  const staff = await logIn('staff@minschool.test');
  const id = (await newPost(staff)).split('/').pop();
  for (let i = 0; i < 45; ++i) {
    assert.equal((await staff.post(`/posts/${id}/comments`, { form: { content: `안내 ${i}` } })).status, 303, String(i));
  }
});

/** Every comment that links of a post's pages lead to, in order, and the largest page. */
async function walk(client, path) {
  const seen = new Set();
  const todo = [`${path}?comments=1`];
  const done = new Set(todo);
  let largest = 0;
  while (todo.length) {
    const page = await client.get(todo.shift());
    assertKoreanPage(page, 200);
    largest = Math.max(largest, page.bytes.length);
    for (const [, id] of page.text.matchAll(/data-comment="(\d+)"/g)) seen.add(Number(id));
    for (const [, href] of page.text.matchAll(/href="([^"]*\?comments=[^"#]*)/g)) {
      const next = href.replaceAll('&amp;', '&');
      if (!done.has(next)) todo.push(next);
      done.add(next);
    }
    assert.ok(done.size < 100);
  }
  return { seen, largest };
}

test('a page of threads is bounded in bytes, and links lead to every comment', async () => {
  const author = await newMember();
  const path = await newPost(author.client);
  const id = path.split('/').pop();
  const text = '가'.repeat(3000);
  // 60 threads; the first has 200 long replies, the second 300 short ones, some hang on each other.
  await sql(`insert into comments (post_id, author_id, content, content_html)
      select ${id}, u.id, 't', '<p>thread ' || n || '</p>' from users u, generate_series(1, 60) n where u.email = '${author.email}' order by n;
    with roots as (select id, author_id, row_number() over (order by id) as n from comments where post_id = ${id})
    insert into comments (post_id, parent_id, root_id, author_id, content, content_html)
      select ${id}, r.id, r.id, r.author_id, 'r', '<p>${text}</p>' from roots r, generate_series(1, 200) where r.n = 1
      union all select ${id}, r.id, r.id, r.author_id, 'r', '<p>' || g || '</p>' from roots r, generate_series(1, 300) g where r.n = 2;
    update comments c set parent_id = p.id from comments p where c.post_id = ${id} and p.post_id = ${id} and p.id = c.id - 7 and p.root_id = c.root_id`);
  const ids = (await sql(`select id from comments where post_id = ${id} order by id`)).map(([one]) => Number(one));
  const guest = visitor();
  const { seen, largest } = await walk(guest, path);
  assert.ok(largest < largestPage, `${largest} bytes`);
  assert.deepEqual(ids.filter((one) => !seen.has(one)), []);
  // The first page shows something of every one of its threads, and the newest page its own.
  const first = await guest.get(`${path}?comments=1`);
  assert.match(first.text, /thread 2</);
  for (const one of [ids[0], ids[59], ids[60], ids[100], ids[259], ids[300], ids.at(-1)]) {
    const answer = await guest.get((await guest.get(`/comments/${one}`)).location.replace(/#.*/, ''));
    assertKoreanPage(answer, 200);
    assert.match(answer.text, new RegExp(`id="c${one}"`), `comment ${one}`);
    assert.ok(answer.bytes.length < largestPage);
  }
  // A new comment in a continued thread redirects to its place.
  const reply = await author.client.post(`/posts/${id}/comments`, { form: { content: '끝에 단 답글', parent_id: String(ids[60]) } });
  const shown = await author.client.get(reply.location.replace(/#.*/, ''));
  assert.match(shown.text, /끝에 단 답글/);
  // The API goes the same way.
  const all = new Set();
  const todo = ['page=1', 'page=2'];
  while (todo.length) {
    const query = todo.shift();
    const list = (await guest.get(`/api/v1/posts/${id}/comments?${query}`)).json();
    for (const item of list.items) all.add(item.id);
    for (const from of list.more) todo.push(`${query.split('&')[0]}&from=${from}`);
  }
  assert.deepEqual(ids.filter((one) => !all.has(one)), []);
});
