// Two members edit the same text: the later one gets both versions to choose from, and nothing is lost. Also: which requests
// count as views.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { assertKoreanPage, assertProblem, eventually } from '../support/assert.mjs';
import { adminUrl } from '../support/client.mjs';
import { atServer, logIn, newMember, visitor } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const author = await newMember();
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
  // Sent again with both texts in view, it is stored.
  assert.equal((await author.client.post(path, { form: { ...mine, version: version(refused.text) } })).status, 303);
  assert.equal(await stored(), mine.content);
}

test('two tabs edit one post: the later one gets both texts to choose from', async () => {
  const { path, id } = await newPost();
  const content = async () => (await sql(`select content from posts where id = ${id}`))[0][0];
  await conflict(`${path}/edit`, { title: '나의 제목', content: '나의 <본문>' }, { title: '먼저 쓴 제목', content: '먼저 쓴 본문' },
    ['나의 제목', '나의 &lt;본문&gt;', '먼저 쓴 제목', '먼저 쓴 본문', `href="${path}"`], content);
});

test('two tabs edit one comment: the later one gets both texts', async () => {
  const { id } = await newPost();
  const commentId = (await author.client.post(`/api/v1/posts/${id}/comments`, { json: { content: '처음 댓글' } })).json().id;
  const content = async () => (await sql(`select content from comments where id = ${commentId}`))[0][0];
  await conflict(`/comments/${commentId}/edit`, { content: '나의 댓글' }, { content: '먼저 쓴 댓글' }, ['나의 댓글', '먼저 쓴 댓글'], content);
});

test('two administrators edit one board: the later one gets both versions', async () => {
  const admin = await logIn('admin@minschool.test', { base: adminUrl });
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

/** The versions of the forms of a page, by where they are sent. */
const versions = (text) => Object.fromEntries([...text.matchAll(/action="([^"]*)"[^>]*>\s*(?:<input[^>]*>\s*)*?<input type="hidden" name="version" value="(-?\d+)">/g)].map(([, action, number]) => [action, number]));

test('two tabs change one name: the later one sees the name that is stored, and what was typed', async () => {
  const { client, email } = await newMember();
  const stored = async () => (await sql(`select name from users where email = '${email}'`))[0][0];
  const [first, second] = [`먼저${randomUUID().slice(0, 6)}`, `나중${randomUUID().slice(0, 6)}`];
  const seen = versions((await client.get('/my')).text)['/my/name'];
  assert.equal((await client.post('/my/name', { form: { name: first, version: seen } })).status, 303);
  const refused = await client.post('/my/name', { form: { name: second, version: seen } });
  assertKoreanPage(refused, 409);
  assert.ok(refused.text.includes(`value="${second}"`) && refused.text.includes(`그사이 저장된 이름: ${first}`), 'both names');
  assert.equal(await stored(), first);
  assert.equal((await client.post('/my/name', { form: { name: second, version: versions(refused.text)['/my/name'] } })).status, 303);
  assert.equal(await stored(), second);
});

test('two tabs change presence or notification settings: the later one is a conflict', async () => {
  const { client, email } = await newMember();
  const stored = async () => (await sql(`select hides_presence, muted_notifications from users where email = '${email}'`))[0];
  const presence = versions((await client.get('/my')).text)['/my/presence'];
  assert.equal((await client.post('/my/presence', { form: { hidden: '1', version: presence } })).status, 303);
  const shown = await client.post('/my/presence', { form: { version: presence } });
  assertKoreanPage(shown, 409);
  assert.match(shown.text, /그사이 저장된 설정: 표시하지 않음/);
  assert.doesNotMatch(shown.text, /name="hidden"[^>]*checked/, 'what was chosen');
  assert.equal((await stored())[0], 't');
  assert.equal((await client.post('/my/presence', { form: { version: versions(shown.text)['/my/presence'] } })).status, 303);
  assert.equal((await stored())[0], 'f');

  const version = versions((await client.get('/my/notifications')).text)['/my/notifications'];
  assert.equal((await client.post('/my/notifications', { form: [['on', 'like'], ['version', version]] })).status, 303);
  const [, muted] = await stored();
  const refused = await client.post('/my/notifications', { form: [['on', 'reply'], ['version', version]] });
  assertKoreanPage(refused, 409);
  assert.match(refused.text, /<li>내 글과 댓글의 좋아요: 받음<\/li>/);
  assert.match(refused.text, /value="reply" checked/);
  assert.doesNotMatch(refused.text, /value="like" checked/);
  assert.equal((await stored())[1], muted);
  assert.equal((await client.post('/my/notifications', { form: [['on', 'reply'], ['version', versions(refused.text)['/my/notifications']]] })).status, 303);
  assert.notEqual((await stored())[1], muted);
});

test('two of the staff act on one member: the later one sees what was done, and what they typed', async () => {
  const { email } = await newMember();
  const [[id]] = await sql(`select id from users where email = '${email}'`);
  const [one, other] = [await logIn('admin@minschool.test', { base: adminUrl }), await logIn('admin@minschool.test', { base: adminUrl })];
  const page = `/members/${id}`;
  const seen = async (who) => versions((await who.get(page)).text);
  const stored = async () => (await sql(`select role, suspended_until > now() from users where id = ${id}`))[0];

  const stale = await seen(other);
  const suspended = { period: '7', day: '', reason: '먼저 정지', version: (await seen(one))[`${page}/suspend`] };
  assert.equal((await one.post(`${page}/suspend`, { form: suspended })).status, 303);
  const role = await other.post(`${page}/role`, { form: { role: 'staff', reason: '승진 <사유>', version: stale[`${page}/role`] } });
  assertKoreanPage(role, 409);
  assert.match(role.text, /role="alert"[^]*그사이 다른 직원이[^]*현재: [^]*이용 정지[^]*먼저 정지[^]*승진 &lt;사유&gt;/);
  const longer = await other.post(`${page}/suspend`, { form: { period: 'forever', day: '', reason: '나중 정지', version: stale[`${page}/suspend`] } });
  assertKoreanPage(longer, 409);
  assert.match(longer.text, /value="forever" selected/);
  assert.ok(longer.text.includes('나중 정지'));
  assert.deepEqual(await stored(), ['1', 't']);

  // Lifted by one, from the page of the other: the form is there with its reason although there is nothing left to lift.
  const both = await seen(other);
  assert.equal((await one.post(`${page}/lift`, { form: { reason: '풀어 줌', version: both[`${page}/lift`] } })).status, 303);
  const lift = await other.post(`${page}/lift`, { form: { reason: '나도 풀어 줌', version: both[`${page}/lift`] } });
  assertKoreanPage(lift, 409);
  assert.match(lift.text, /<details[^>]*open[^]*나도 풀어 줌/);
  assert.equal((await other.post(`${page}/role`, { form: { role: 'staff', reason: '승진', version: versions(lift.text)[`${page}/role`] } })).status, 303);
  assert.equal((await stored())[0], '2');
});

test('a malformed version is refused and not treated as a missing one', async () => {
  const { client, email } = await newMember();
  const [[member]] = await sql(`select id from users where email = '${email}'`);
  const admin = await logIn('admin@minschool.test', { base: adminUrl });
  const { path, id } = await newPost();
  const commentId = (await author.client.post(`/api/v1/posts/${id}/comments`, { json: { content: '처음 댓글' } })).json().id;
  const slug = `unread-${randomUUID().slice(0, 8)}`;
  const [[board]] = await sql(`insert into boards (slug, name, position, on_home, read_role) values ('${slug}', '처음', 900, false, 3) returning id`);
  await sql(`select pg_notify('boards', '')`);
  await eventually(async () => (await admin.get(`/boards/${board}`)).status === 200, 'the board');
  const forms = [
    [author.client, `${path}/edit`, { title: '덮어쓴 제목', content: '덮어쓴 본문' }], [author.client, `/comments/${commentId}/edit`, { content: '덮어쓴 댓글' }],
    [client, '/my/name', { name: `덮음${randomUUID().slice(0, 6)}` }], [client, '/my/presence', { hidden: '1' }], [client, '/my/notifications', { on: 'like' }],
    [admin, `/boards/${board}`, { slug, name: '덮어쓴 이름', description: '', read_role: 'admin', write_role: 'admin', comment_role: 'admin' }],
    [admin, `/members/${member}/role`, { role: 'staff', reason: '승진' }], [admin, `/members/${member}/suspend`, { period: '7', day: '', reason: '정지' }],
  ];
  const stored = () => sql(`select p.title, p.content, c.content, b.name, u.name, u.role, u.suspended_until, u.hides_presence, u.muted_notifications
    from posts p, comments c, boards b, users u where p.id = ${id} and c.id = ${commentId} and b.id = ${board} and u.id = ${member}`);
  const before = await stored();
  for (const [who, to, form] of forms) {
    for (const version of ['', 'x', '1x', '99999999999999999999']) {
      assertKoreanPage(await who.post(to, { form: { ...form, version } }), 400);
    }
  }
  assert.deepEqual(await stored(), before);
});

test('the API deletes no post that has another text than the client saw', async () => {
  const { id, path } = await newPost();
  const { etag } = (await author.client.get(`/api/v1/posts/${id}`)).headers;
  assert.equal((await author.client.post(`${path}/edit`, { form: { title: '새 제목', content: '새 본문' } })).status, 303);
  const remove = (match) => author.client.delete(`/api/v1/posts/${id}`, { headers: { 'if-match': match } });
  assertProblem(await remove(etag), 412);
  assert.deepEqual(await sql(`select visible from posts where id = ${id}`), [['t']]);
  assert.equal((await remove((await author.client.get(`/api/v1/posts/${id}`)).headers.etag)).status, 204);
  const other = await newPost();
  assert.equal((await author.client.delete(`/api/v1/posts/${other.id}`)).status, 204, 'If-Match may be left out');
});

test('concurrent edits do not overwrite each other', async () => {
  const { path, id } = await newPost();
  const first = version((await author.client.get(`${path}/edit`)).text);
  const answers = await Promise.all([1, 2, 3].map(async (number) =>
    (await atServer(author.client, number)).post(`${path}/edit`, { form: { title: '제목', content: `본문 ${number}`, version: first } })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 409, 409]);
  const winner = answers.findIndex(({ status }) => status === 303) + 1;
  assert.deepEqual(await sql(`select content from posts where id = ${id}`), [[`본문 ${winner}`]]);
});

test('a visitor counts once on all servers; the author, HEAD requests and robots do not count', async () => {
  const { path, id } = await newPost();
  const views = async () => Number((await sql(`select views from post_counters where post_id = ${id}`))[0][0]);
  const agent = (name) => ({ headers: { 'user-agent': name } });
  const [guest, reader] = [visitor(), await newMember()];
  for (const number of [1, 2, 3, 1]) {
    await (await atServer(author.client, number)).get(path);
    await (await atServer(visitor(), number)).request('HEAD', path);
    for (const robot of ['Mozilla/5.0 (compatible; Googlebot/2.1)', 'Yeti/1.1', 'facebookexternalhit/1.1', 'kakaotalk-scrap/1.0', 'curl/8.0']) {
      await (await atServer(visitor(), number)).get(path, agent(robot));
    }
    await (await atServer(visitor(), number)).get(path, { headers: { 'sec-purpose': 'prefetch' } });
  }
  for (const number of [1, 2, 3, 1]) {
    // Asked without Nginx, an app server sees the address of the test for all: browsers distinguish them.
    await (await atServer(guest, number)).get(path, agent(`guest-${id}`));
    await (await atServer(reader.client, number)).get(path);
    await (await atServer(reader.client, number)).get(`/api/v1/posts/${id}`);
  }
  await eventually(async () => (await views()) === 2, 'two views');
  await (await atServer(guest, 2)).get(path, agent(`another-${id}`));
  await eventually(async () => (await views()) === 3, 'three views');
  await (await atServer(guest, 3)).get(path, agent(`Mozilla/5.0 (Linux; Android 10; CUBOT X30) DaumApps/5.6 ${id}`));
  await eventually(async () => (await views()) === 4, 'a view on a phone');
});
