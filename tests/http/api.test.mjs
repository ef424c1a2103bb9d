// Every operation of the JSON API against a real stack; every response, including refusals, is checked against openapi.json.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Client, siteUrl } from '../support/client.mjs';
import { Api, assertResponse, operations } from '../support/openapi.mjs';

const password = 'minschool-demo';
const bodyLimit = 1_048_576;  // [http] body_bytes
const triesPerAccount = 10;   // [login] tries_per_account
const unknownId = 987_654_321;
// Its own address, so that its logins count against no other test's.
const visitor = (address = '127.0.91.1') => new Client(siteUrl, { address });

async function loggedIn(email) {
  const api = new Api(visitor());
  await api.call(201, 'POST', '/session', {}, { json: { email, password } });
  return api;
}

const guest = new Api(visitor());
const member = await loggedIn('member@minschool.test');
const staff = await loggedIn('staff@minschool.test');
const openBoards = (await guest.call(200, 'GET', '/boards')).body.items;
const staffOnly = (await staff.call(200, 'GET', '/boards')).body.items
  .find((board) => !openBoards.some((open) => open.id === board.id));
const secretPost = (await staff.call(200, 'GET', '/boards/{slug}/posts', staffOnly)).body.items[0];
const board = (await member.call(200, 'GET', '/boards')).body.items.find((one) => one.may_write && one.may_comment);
const othersPost = (await staff.call(201, 'POST', '/boards/{slug}/posts', board, { json: { title: '운영진의 글', content: '본문' } })).body;

const write = async (json = { title: '시험 글', content: '본문' }) =>
  (await member.call(201, 'POST', '/boards/{slug}/posts', board, { json })).body;
const fields = (answer) => answer.body.errors.map((error) => error.field).sort();

test('the running stack describes itself with the file of the source', async () => {
  const answer = await guest.call(200, 'GET', '/openapi.json');
  assert.deepEqual(operations().length, Object.values(answer.body.paths)
    .flatMap((item) => Object.keys(item)).filter((key) => key !== 'parameters').length);
});

test('logging in gives the member, a cookie of a new session each time, and logging out ends it', async () => {
  const api = new Api(visitor());
  await api.call(401, 'GET', '/me');
  const login = { json: { email: ' Member@MinSchool.test ', password } };
  const answer = await api.call(201, 'POST', '/session', {}, login);
  assert.equal(answer.body.email, 'member@minschool.test');
  assert.equal(answer.body.role, 'member');
  assert.match(answer.headers['set-cookie'][0], /HttpOnly; SameSite=Lax/);
  assert.match(answer.headers['cache-control'], /no-store/);
  assert.deepEqual((await api.call(200, 'GET', '/me')).body, answer.body);
  const first = new Map(api.client.cookies);
  await api.call(201, 'POST', '/session', {}, login);
  assert.notDeepEqual(api.client.cookies, first);
  const second = new Map(api.client.cookies);
  await api.call(204, 'DELETE', '/session');
  await api.call(401, 'GET', '/me');
  api.client.cookies = second;
  await api.call(401, 'GET', '/me');
  await guest.call(204, 'DELETE', '/session');
});

test('a wrong password and an unknown address are answered alike', async () => {
  const json = { email: 'member@minschool.test', password: 'wrong-password' };
  const wrong = await guest.call(401, 'POST', '/session', {}, { json });
  const unknown = await guest.call(401, 'POST', '/session', {}, { json: { email: 'nobody@minschool.test', password } });
  const injected = await guest.call(401, 'POST', '/session', {}, { json: { email: "' or 1=1 --", password: "' or 1=1 --" } });
  assert.deepEqual(wrong.body, unknown.body);
  assert.deepEqual(wrong.body, injected.body);
});

test('the sender of a broken, forged or foreign cookie is a guest', async () => {
  for (const value of ['x', 's%3Aabc.def', '%', 's%3A' + 'a'.repeat(3000), '%FF%00']) {
    await guest.call(401, 'GET', '/me', {}, { headers: { cookie: `connect.sid=${value}` } });
  }
});

test('a login succeeds with invalid UTF-8 in the User-Agent', async () => {
  const api = new Api(visitor());
  const headers = { 'user-agent': '\xff\xfe', 'content-type': 'application/json' };
  // A Buffer, because with a string node:http would send the head as UTF-8 too.
  const body = Buffer.from(JSON.stringify({ email: 'member@minschool.test', password }));
  await api.call(201, 'POST', '/session', {}, { headers, body });
});

test('tries to log in are limited for an account, whether or not there is one', async () => {
  const api = new Api(visitor('127.0.91.2'));
  const json = { email: `tries-${process.pid}-${Date.now()}@minschool.test`, password: 'wrong-password' };
  for (let i = 0; i < triesPerAccount; i++) await api.call(401, 'POST', '/session', {}, { json });
  await api.call(429, 'POST', '/session', {}, { json });
  await api.call(429, 'POST', '/session', {}, { json: { ...json, email: json.email.toUpperCase() } });
  await api.call(401, 'POST', '/session', {}, { json: { ...json, email: 'nobody-else@minschool.test' } });
});

test('the boards are those that the viewer may read, with what the viewer may do there', async () => {
  assert.ok(openBoards.every((one) => !one.may_write && !one.may_comment), 'a guest writes nowhere');
  assert.ok(staffOnly, 'the demo data has a board for staff only');
  const list = (await member.call(200, 'GET', '/boards')).body;
  assert.ok(!list.items.some((one) => one.slug === staffOnly.slug));
  assert.equal(list.total, list.items.length);
});

test('a board is read page by page', async () => {
  const busiest = [];
  for (const one of openBoards) {
    busiest.push({ ...one, list: (await guest.call(200, 'GET', '/boards/{slug}/posts', one)).body });
  }
  const { slug, list: first } = busiest.sort((a, b) => b.list.total - a.list.total)[0];
  assert.ok(first.pages > 1, 'the demo data fills more than one page of a board');
  const at = async (page) => (await guest.call(200, 'GET', '/boards/{slug}/posts', { slug }, { query: { page } })).body;
  const second = await at(2);
  assert.equal(second.page, 2);
  assert.ok(second.items[0].number < first.items.at(-1).number);
  for (const beyond of [first.pages + 1, unknownId, '9223372036854775807']) assert.equal((await at(beyond)).page, first.pages);
  for (const page of ['0', '-1', 'x', '1.5', '9223372036854775808', '']) {
    const answer = await guest.call(422, 'GET', '/boards/{slug}/posts', { slug }, { query: { page } });
    assert.deepEqual(fields(answer), ['page']);
    await guest.call(422, 'GET', '/posts/{id}/comments', { id: othersPost.id }, { query: { page } });
  }
});

test('a post is written, read, edited and removed', async () => {
  const title = `<b>제목</b> '; drop table posts; --`;
  const content = '# 글\n\n<script>alert(1)</script>\n\n**굵게** "따옴표" \\ 😀';
  const answer = await member.call(201, 'POST', '/boards/{slug}/posts', board, { json: { title, content } });
  const { id } = answer.body;
  assert.equal(answer.headers.location, `/api/v1/posts/${id}`);
  assert.equal(answer.body.board, board.slug);
  const read = (await guest.call(200, 'GET', '/posts/{id}', { id })).body;
  assert.equal(read.title, title);
  assert.equal(read.content, content);
  assert.equal(read.updated_at, null);
  assert.doesNotMatch(read.content_html, /<script/);
  assert.match(read.content_html, /<strong>굵게<\/strong>/);
  const listed = (await guest.call(200, 'GET', '/boards/{slug}/posts', board)).body.items[0];
  assert.equal(listed.id, id);

  const edited = (await member.call(200, 'PATCH', '/posts/{id}', { id }, { json: { title: '새 제목' } })).body;
  assert.equal(edited.title, '새 제목');
  assert.equal(edited.content, content);
  assert.notEqual(edited.updated_at, null);
  assert.equal((await member.call(200, 'PATCH', '/posts/{id}', { id }, { json: { content: '새 본문' } })).body.title, '새 제목');

  // A client that has read another text overwrites nothing (RFC 9110 13.1.1).
  const { headers: { etag } } = await member.call(200, 'GET', '/posts/{id}', { id });
  const change = (tag, title) => ({ json: { title }, headers: { 'if-match': tag } });
  const next = await member.call(200, 'PATCH', '/posts/{id}', { id }, change(`"0", ${etag}`, '한 사람의 제목'));
  assert.notEqual(next.headers.etag, etag);
  for (const tag of [etag, `W/${next.headers.etag}`, 'x']) await member.call(412, 'PATCH', '/posts/{id}', { id }, change(tag, '다른 사람의 제목'));
  assert.equal((await member.call(200, 'GET', '/posts/{id}', { id })).body.title, '한 사람의 제목');
  await member.call(200, 'PATCH', '/posts/{id}', { id }, change('*', '아무 제목'));
  await member.call(412, 'DELETE', '/posts/{id}', { id }, { headers: { 'if-match': etag } });

  await staff.call(422, 'DELETE', '/posts/{id}', { id }, { query: { reason: '가'.repeat(201) } });
  await member.call(204, 'DELETE', '/posts/{id}', { id });
  for (const method of ['GET', 'DELETE']) await member.call(404, method, '/posts/{id}', { id });
  await member.call(404, 'PATCH', '/posts/{id}', { id }, { json: {} });
  await member.call(404, 'GET', '/posts/{id}/comments', { id });
  await member.call(404, 'POST', '/posts/{id}/comments', { id }, { json: { content: '늦은 댓글' } });
});

test('comments are written, answered and read in order', async () => {
  const { id } = await write();
  const say = (json) => member.call(201, 'POST', '/posts/{id}/comments', { id }, { json });
  const first = (await say({ content: '첫 댓글 <img src=x onerror=alert(1)>' })).body;
  const second = (await say({ content: '둘째 댓글', parent_id: null })).body;
  const reply = await say({ content: '첫 댓글의 답글', parent_id: first.id });
  assert.equal(reply.headers.location, `/api/v1/posts/${id}/comments?page=1`);
  assert.equal(reply.body.parent_id, first.id);
  assert.doesNotMatch(first.content_html, /<img src="?x/);
  const list = (await guest.call(200, 'GET', '/posts/{id}/comments', { id })).body;
  assert.deepEqual(list.items.map((comment) => comment.id), [first.id, reply.body.id, second.id]);
  assert.equal(list.total, 2);
  assert.equal((await guest.call(200, 'GET', '/posts/{id}', { id })).body.comments, 3);

  const elsewhere = await write();
  const lost = { json: { content: '다른 글의 댓글에 단 답글', parent_id: first.id } };
  await member.call(404, 'POST', '/posts/{id}/comments', elsewhere, lost);
  await member.call(404, 'POST', '/posts/{id}/comments', { id }, { json: { content: '답글', parent_id: unknownId } });
});

for (const what of ['posts', 'comments']) {
  test(`${what} are liked once by each member`, async () => {
    const post = await write();
    const comment = (await member.call(201, 'POST', '/posts/{id}/comments', post, { json: { content: '댓글' } })).body;
    const [template, to] = what === 'posts' ? ['/posts/{id}/like', post] : ['/comments/{id}/like', comment];
    const read = async (api) => (what === 'posts' ? await api.call(200, 'GET', '/posts/{id}', post)
      : await api.call(200, 'GET', '/posts/{id}/comments', post).then(({ body }) => ({ body: body.items[0] }))).body;
    const like = async (api, method) => (await api.call(200, method, template, to)).body;
    for (let i = 0; i < 2; i++) assert.deepEqual(await like(staff, 'PUT'), { likes: 1, liked: true });
    assert.deepEqual(await like(member, 'PUT'), { likes: 2, liked: true });
    for (const [api, liked] of [[guest, false], [member, true]]) {
      const seen = await read(api);
      assert.deepEqual([seen.likes, seen.liked], [2, liked]);
    }
    for (let i = 0; i < 2; i++) assert.deepEqual(await like(staff, 'DELETE'), { likes: 1, liked: false });
    for (const method of ['PUT', 'DELETE']) {
      await guest.call(401, method, template, to);
      await member.call(404, method, template, { id: unknownId });
    }
    const secret = what === 'posts' ? secretPost
      : (await staff.call(201, 'POST', '/posts/{id}/comments', secretPost, { json: { content: '직원끼리' } })).body;
    for (const method of ['PUT', 'DELETE']) await member.call(404, method, template, secret);
    const headers = { 'sec-fetch-site': 'cross-site' };
    for (const method of ['PUT', 'DELETE']) await member.call(403, method, template, to, { headers });
  });
}

test('notifications are listed, marked as read one by one and all at once, and hide deleted subjects', async () => {
  const post = await write();
  const comments = [];
  for (let i = 0; i < 2; i++) {
    comments.push((await staff.call(201, 'POST', '/posts/{id}/comments', post, { json: { content: '댓글' } })).body);
  }
  const list = async (query) => (await member.call(200, 'GET', '/notifications', {}, { query })).body;
  const { items: [second, first], unread } = await list();
  assert.deepEqual([first.comment_id, second.comment_id], comments.map(({ id }) => id));
  assert.deepEqual([first.kind, first.post_title, first.actor.name, first.read], ['comment', post.title, comments[0].author.name, false]);
  await member.call(204, 'POST', '/notifications/{number}/read', { number: first.id });
  assert.equal((await list()).unread, unread - 1);
  await member.call(204, 'POST', '/notifications/{number}/read', { number: first.id });
  assert.deepEqual((await list({ before: second.id })).items[0], { ...first, read: true });
  await member.call(204, 'POST', '/notifications/read');
  assert.equal((await list()).unread, 0);
  await member.call(204, 'DELETE', '/posts/{id}', post);
  const { actor, url, post_title: title } = (await list()).items[0];
  assert.deepEqual([actor, url, title], [null, null, null]);

  for (const before of ['0', '-1', 'x', '']) {
    assert.deepEqual(fields(await member.call(422, 'GET', '/notifications', {}, { query: { before } })), ['before']);
  }
  for (const number of [unknownId, 'x', '0']) await member.call(404, 'POST', '/notifications/{number}/read', { number });
  await guest.call(401, 'GET', '/notifications');
  await guest.call(401, 'POST', '/notifications/read');
  await guest.call(401, 'POST', '/notifications/{number}/read', { number: first.id });
  const headers = { 'sec-fetch-site': 'cross-site' };
  await member.call(403, 'POST', '/notifications/read', {}, { headers });
  await member.call(403, 'POST', '/notifications/{number}/read', { number: first.id }, { headers });
});

test('guests see how many are online, and members see the names', async () => {
  const forGuest = (await guest.call(200, 'GET', '/online')).body;
  assert.equal(forGuest.people, null);
  const forMember = (await member.call(200, 'GET', '/online')).body;
  const me = (await member.call(200, 'GET', '/me')).body;
  assert.ok(forMember.people.some(({ id }) => id === me.id));
  assert.ok(forMember.members >= 1);
});

test('a missing object is not found', async () => {
  for (const id of [unknownId, 'abc', '0', '-1', '1e3', '99999999999999999999', "1'--", '한글']) {
    await member.call(404, 'GET', '/posts/{id}', { id });
    await member.call(404, 'GET', '/posts/{id}/comments', { id });
    await member.call(404, 'DELETE', '/posts/{id}', { id });
  }
  for (const slug of ['no-such-board', "x' or 1=1 --", '한글', '.']) {
    await member.call(404, 'GET', '/boards/{slug}/posts', { slug });
  }
  await member.call(404, 'POST', '/boards/{slug}/posts', { slug: 'no-such-board' }, { json: { title: '제목', content: '본문' } });
  for (const path of ['/api/v1/nothing', '/api/v2/me', '/api/v1/posts/%FF', '/api/v1/posts/1/comments/1']) {
    assertResponse(await visitor().get(path), 'NotFound');
  }
});

test('a guest is asked to log in, and a member without the right is refused', async () => {
  const post = { json: { title: '제목', content: '본문' } };
  const comment = { json: { content: '댓글' } };
  for (const [status, api] of [[401, guest], [403, member]]) {
    await api.call(404, 'GET', '/boards/{slug}/posts', staffOnly);
    await api.call(404, 'POST', '/boards/{slug}/posts', staffOnly, post);
    await api.call(404, 'GET', '/posts/{id}', secretPost);
    await api.call(404, 'GET', '/posts/{id}/comments', secretPost);
    await api.call(404, 'POST', '/posts/{id}/comments', secretPost, comment);
    await api.call(status, 'PATCH', '/posts/{id}', othersPost, post);
    await api.call(status, 'DELETE', '/posts/{id}', othersPost);
  }
  await guest.call(401, 'POST', '/boards/{slug}/posts', board, post);
  await guest.call(401, 'POST', '/posts/{id}/comments', othersPost, comment);
  const readOnly = openBoards.find((open) => open.slug !== board.slug && open.slug === 'notice');
  await member.call(403, 'POST', '/boards/{slug}/posts', readOnly, post);
  const { id } = await write();
  await staff.call(403, 'PATCH', '/posts/{id}', { id }, post);
  await staff.call(204, 'DELETE', '/posts/{id}', { id });
});

// Invalid bodies for each operation that takes one. `good` would be accepted.
const ownPost = await write();
const bodies = [
  { method: 'POST', template: '/session', to: {}, good: { email: 'member@minschool.test', password }, needed: ['email', 'password'] },
  { method: 'POST', template: '/boards/{slug}/posts', to: board, good: { title: '제목', content: '본문' }, needed: ['content', 'title'] },
  { method: 'PATCH', template: '/posts/{id}', to: ownPost, good: { title: '제목', content: '본문' }, needed: [] },
  { method: 'POST', template: '/posts/{id}/comments', to: ownPost, good: { content: '댓글' }, needed: ['content'] },
];

for (const { method, template, to, good, needed } of bodies) {
  const call = (status, options) => member.call(status, method, template, to, options);
  const type = { 'content-type': 'application/json' };

  test(`${method} ${template} refuses a body that is no JSON object in UTF-8`, async () => {
    const whole = JSON.stringify(good);
    const invalid = Buffer.concat([Buffer.from(whole.slice(0, -2)), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from('"}')]);
    const broken = ['', '{', whole + 'x', '[]', 'null', '"text"', '{"a":1,}', "{'a':1}", '['.repeat(5000), '{"a":"\\ud800"}', invalid];
    for (const body of broken) await call(400, { headers: type, body });
  });

  test(`${method} ${template} refuses another type of content`, async () => {
    const body = JSON.stringify(good);
    for (const other of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', '']) {
      await call(415, { headers: { 'content-type': other }, body });
    }
    await call(415, { body });
  });

  test(`${method} ${template} names every wrong field`, async () => {
    assert.deepEqual(needed.length ? fields(await call(422, { json: {} })) : needed, needed);
    for (const wrong of [null, 1, true, [], {}, 'NUL \0']) {
      const json = Object.fromEntries(Object.keys(good).map((name) => [name, wrong]));
      assert.deepEqual(fields(await call(422, { json })), Object.keys(good).sort());
    }
    const odd = '<script>alert(1)</script>';
    assert.deepEqual(fields(await call(422, { json: { ...good, [odd]: 1 } })), [odd]);
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`unknown${i}`, i]));
    assert.ok((await call(422, { json: { ...good, ...many } })).text.length < 5000, 'the answer stays small');
  });

  test(`${method} ${template} refuses a body that is too large`, async () => {
    await call(413, { headers: type, body: JSON.stringify({ ...good, content: 'x'.repeat(bodyLimit) }) });
  });
}

test('texts have the limits of the pages', async () => {
  const post = (json) => member.call(422, 'POST', '/boards/{slug}/posts', board, { json });
  assert.deepEqual(fields(await post({ title: '가'.repeat(101), content: '본문' })), ['title']);
  assert.deepEqual(fields(await post({ title: '', content: ' \n' })), ['content', 'title']);
  assert.deepEqual(fields(await post({ title: '두\n줄', content: '가'.repeat(50_001) })), ['content', 'title']);
  await write({ title: '가'.repeat(100), content: '가'.repeat(50_000) });
  const edit = (json) => member.call(422, 'PATCH', '/posts/{id}', ownPost, { json });
  assert.deepEqual(fields(await edit({ title: '가'.repeat(101) })), ['title']);
  const comment = (json) => member.call(422, 'POST', '/posts/{id}/comments', ownPost, { json });
  assert.deepEqual(fields(await comment({ content: '가'.repeat(3001) })), ['content']);
  for (const wrong of ['1', 1.5, 0, -1, true, [], 1e300]) {
    assert.deepEqual(fields(await comment({ content: '댓글', parent_id: wrong })), ['parent_id']);
  }
});

test('a write that another site makes the browser send is refused', async () => {
  for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.example' }]) {
    for (const { method, template, to, good } of bodies) await member.call(403, method, template, to, { json: good, headers });
    await member.call(403, 'DELETE', '/posts/{id}', ownPost, { headers });
    await member.call(403, 'DELETE', '/session', {}, { headers });
  }
  await member.call(200, 'GET', '/me');
});

test('an unsupported method of a path is refused with the supported ones', async () => {
  for (const [method, path, allowed] of [['PUT', '/me', 'GET, HEAD'], ['GET', '/session', 'POST, DELETE'],
    ['PUT', `/posts/${ownPost.id}`, 'GET, HEAD, PATCH, DELETE']]) {
    const answer = await member.client.request(method, '/api/v1' + path, { json: {} });
    assertResponse(answer, 'MethodNotAllowed');
    assert.equal(answer.headers.allow, allowed);
  }
  const head = await member.client.request('HEAD', '/api/v1/me');
  assert.equal(head.status, 200);
  assert.equal(head.text, '');
});

test('every described answer was tested, except those of overload and of faults', () => {
  assert.deepEqual(Api.untested([429, 500, 503]), []);
});
