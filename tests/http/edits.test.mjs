// Two who edit the same: the later one sees both texts and chooses, and nothing is lost. And who counts as a reader.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { assertKoreanPage, eventually } from '../support/assert.mjs';
import { adminUrl } from '../support/client.mjs';
import { at, joined, loggedIn, visitor } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const author = await joined();
const version = (text) => /name="version" value="(\d+)"/.exec(text)[1];

async function newPost() {
  const answer = await author.client.post('/boards/free/write', { form: { title: `제목 ${randomUUID()}`, content: '처음 글' } });
  assert.equal(answer.status, 303, answer.text.slice(0, 200));
  return { path: answer.location, id: answer.location.split('/').at(-1) };
}

async function conflict(path, mine, theirs, shown, stored) {
  const first = version((await author.client.get(path)).text);
  assert.equal((await author.client.post(path, { form: { ...theirs, version: first } })).status, 303);
  const refused = await author.client.post(path, { form: { ...mine, version: first } });
  assertKoreanPage(refused, 409);
  for (const text of shown) assert.ok(refused.text.includes(text), text);
  assert.equal(await stored(), theirs.content);
  // Sent again with both in sight, it is stored.
  assert.equal((await author.client.post(path, { form: { ...mine, version: version(refused.text) } })).status, 303);
  assert.equal(await stored(), mine.content);
}

test('two tabs edit one post: the later one gets both texts and chooses', async () => {
  const { path, id } = await newPost();
  const content = async () => (await sql(`select content from posts where id = ${id}`))[0][0];
  await conflict(`${path}/edit`, { title: '나의 제목', content: '나의 <본문>' }, { title: '먼저 쓴 제목', content: '먼저 쓴 본문' },
    ['나의 제목', '나의 &lt;본문&gt;', '먼저 쓴 제목', '먼저 쓴 본문', `href="${path}"`], content);
});

test('two tabs edit one comment: the same', async () => {
  const { id } = await newPost();
  const said = (await author.client.post(`/api/v1/posts/${id}/comments`, { json: { content: '처음 댓글' } })).json().id;
  const content = async () => (await sql(`select content from comments where id = ${said}`))[0][0];
  await conflict(`/comments/${said}/edit`, { content: '나의 댓글' }, { content: '먼저 쓴 댓글' }, ['나의 댓글', '먼저 쓴 댓글'], content);
});

test('two administrators edit one board: the same', async () => {
  const admin = await loggedIn('admin@minschool.test', { base: adminUrl });
  const slug = `edits-${randomUUID().slice(0, 8)}`;
  const [[id]] = await sql(`insert into boards (slug, name, position, on_home, read_role) values ('${slug}', '처음', 900, false, 3) returning id`);
  await sql(`select pg_notify('boards', '')`);
  await eventually(async () => (await admin.get(`/boards/${id}`)).status === 200, 'the board');
  const form = (name, number) => ({ slug, name, description: '', read_role: 'admin', write_role: 'admin', comment_role: 'admin', version: number });
  const first = version((await admin.get(`/boards/${id}`)).text);
  assert.equal((await admin.post(`/boards/${id}`, { form: form('먼저 쓴 이름', first) })).status, 303);
  const refused = await admin.post(`/boards/${id}`, { form: form('나의 이름', first) });
  assertKoreanPage(refused, 409);
  for (const text of ['먼저 쓴 이름', '나의 이름']) assert.ok(refused.text.includes(text));
  assert.deepEqual(await sql(`select name from boards where id = ${id}`), [['먼저 쓴 이름']]);
  assert.equal((await admin.post(`/boards/${id}`, { form: form('나의 이름', version(refused.text)) })).status, 303);
  assert.deepEqual(await sql(`select name from boards where id = ${id}`), [['나의 이름']]);
});

test('edits of the same moment do not overwrite each other', async () => {
  const { path, id } = await newPost();
  const first = version((await author.client.get(`${path}/edit`)).text);
  const answers = await Promise.all([1, 2, 3].map(async (number) =>
    (await at(author.client, number)).post(`${path}/edit`, { form: { title: '제목', content: `본문 ${number}`, version: first } })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 409, 409]);
  const winner = answers.findIndex(({ status }) => status === 303) + 1;
  assert.deepEqual(await sql(`select content from posts where id = ${id}`), [[`본문 ${winner}`]]);
});

test('a visitor counts once on all servers; the author, HEAD and robots do not', async () => {
  const { path, id } = await newPost();
  const views = async () => Number((await sql(`select views from post_counters where post_id = ${id}`))[0][0]);
  const agent = (name) => ({ headers: { 'user-agent': name } });
  const [guest, reader] = [visitor(), await joined()];
  for (const number of [1, 2, 3, 1]) {
    await (await at(author.client, number)).get(path);
    await (await at(visitor(), number)).request('HEAD', path);
    for (const robot of ['Mozilla/5.0 (compatible; Googlebot/2.1)', 'Yeti/1.1', 'facebookexternalhit/1.1', 'kakaotalk-scrap/1.0', 'curl/8.0']) {
      await (await at(visitor(), number)).get(path, agent(robot));
    }
    await (await at(visitor(), number)).get(path, { headers: { 'sec-purpose': 'prefetch' } });
  }
  for (const number of [1, 2, 3, 1]) {
    // Asked without Nginx, an app server sees the address of the test for all: browsers tell them apart.
    await (await at(guest, number)).get(path, agent(`guest-${id}`));
    await (await at(reader.client, number)).get(path);
    await (await at(reader.client, number)).get(`/api/v1/posts/${id}`);
  }
  await eventually(async () => (await views()) === 2, 'two views');
  await (await at(guest, 2)).get(path, agent(`another-${id}`));
  await eventually(async () => (await views()) === 3, 'three views');
});
