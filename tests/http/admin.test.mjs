// The work of staff in the Admin, and its protection from everybody else.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { assertKoreanPage, assertProblem, eventually } from '../support/assert.mjs';
import { Client, adminUrl, siteUrl } from '../support/client.mjs';
import { visitor } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const password = 'minschool-demo';
const reason = '시험으로 처리합니다';
const pages = ['/', '/members', '/members/1', '/boards', '/boards/new', '/boards/1', '/posts', '/posts/1', '/comments', '/comments/1', '/audit'];
const acts = ['/members/1/role', '/members/1/suspend', '/members/1/lift', '/boards/new', '/boards/1', '/boards/1/move',
  '/posts/1/hide', '/posts/1/restore', '/posts/1/delete', '/posts/bulk', '/comments/1/hide', '/comments/1/restore',
  '/comments/1/delete', '/comments/bulk'];

async function login(name, base) {
  const client = new Client(base);
  const answer = await client.post('/login', { form: { email: name.includes('@') ? name : `${name}@minschool.test`, password } });
  return { client, answer };
}

const signedIn = new Map();

/** Someone logged in to the Admin; once for all tests, because Nginx lets an address log in only so often. */
async function staff(name = 'admin') {
  if (!signedIn.has(name)) {
    const { client, answer } = await login(name, adminUrl);
    assert.equal(answer.status, 303, answer.text.slice(0, 200));
    signedIn.set(name, client);
  }
  return signedIn.get(name);
}

/** A new member, logged in on the Site. */
async function joined() {
  const client = new Client();
  const email = `${randomUUID()}@minschool.test`;
  const name = `시험${randomUUID().slice(0, 6)}`;
  const form = { email, name, password, password_again: password, terms: '1', privacy: '1' };
  const answer = await client.post('/join', { form });
  assert.equal(answer.status, 303, answer.text.slice(0, 400));
  return { client, email, name };
}

/** The id that the Admin's list gives for the only member with that e-mail address. */
async function memberId(admin, email) {
  const { text } = await admin.get(`/members?q=${encodeURIComponent(email)}`);
  const found = [...text.matchAll(/<th scope="row"><a href="\/members\/(\d+)"/g)];
  assert.equal(found.length, 1);
  return found[0][1];
}

const firstId = (text, kind) => new RegExp(`<th scope="row" class="cell-wrap"><a href="/${kind}/(\\d+)"`).exec(text)?.[1];

/**
 * Waits until so many answers in a row have that status that every server has given one: a change reaches each server with
 * PostgreSQL's notification, within moments.
 */
function everywhere(status, ask, what) {
  let row = 0;
  return eventually(async () => (row = (await ask()).status === status ? row + 1 : 0) === 6, what);
}

async function assertSaved(answer) {
  assert.equal(answer.status, 303, answer.text.slice(0, 400));
  assert.match(answer.headers['set-cookie']?.join() ?? '', /flash\.saved/);
}

test('a guest is redirected to the login page and refused everything else', async () => {
  const guest = new Client(adminUrl);
  for (const path of pages) {
    const answer = await guest.get(path);
    assert.equal(answer.status, 303, path);
    assert.match(answer.location, /^\/login/);
  }
  for (const path of acts) assertKoreanPage(await guest.post(path, { form: { reason } }), 401);
  assertKoreanPage(await guest.get('/login'), 200);
});

test('a member cannot log in to the Admin, and a login on the Site does not count there', async () => {
  const { answer } = await login('member', adminUrl);
  assertKoreanPage(answer, 403);
  const { client } = await login('admin');
  const guest = new Client(adminUrl);
  guest.cookies = client.cookies;
  assert.match((await guest.get('/')).location ?? '', /^\/login/);
  assertKoreanPage(await guest.post('/members/1/suspend', { form: { reason } }), 401);
});

test('every page of the Admin opens for staff, those of an admin only for an admin', async () => {
  const admin = await staff();
  for (const path of pages) assertKoreanPage(await admin.get(path), 200);
  const employee = await staff('staff');
  for (const path of pages.filter((page) => !/^\/boards\/./.test(page))) assertKoreanPage(await employee.get(path), 200);
  assertKoreanPage(await employee.get('/boards/new'), 403);
  assertKoreanPage(await employee.get('/boards/1'), 403);
  assertKoreanPage(await employee.post('/boards/1/move', { form: { to: 'up' } }), 403);
  assertKoreanPage(await employee.post('/boards/new', { form: { name: '가', slug: 'a' } }), 403);
  const { email } = await joined();
  const id = await memberId(employee, email);
  assertKoreanPage(await employee.post(`/members/${id}/role`, { form: { role: 'staff', reason } }), 403);
  assertKoreanPage(await employee.post('/members/1/suspend', { form: { period: '1', reason } }), 403);
});

test('unknown ids and nonsense are answered in Korean', async () => {
  const admin = await staff();
  for (const path of ['/members/999999999', '/members/x', '/posts/999999999', '/comments/0', '/boards/999999', '/nothing']) {
    assertKoreanPage(await admin.get(path), 404);
  }
  for (const path of ['/members?role=boss&before=x', '/posts?q=%25%5C_%27&state=?&board=-1', '/comments?before=-5', '/audit?before=0']) {
    assertKoreanPage(await admin.get(path), 200);
  }
  assertKoreanPage(await admin.post('/boards/1/move', { form: { to: 'left' } }), 400);
  assertKoreanPage(await admin.post('/posts/bulk', { form: { act: 'burn', reason } }), 400);
});

test('a suspended member is logged out everywhere at once, and may log in again after the suspension is lifted', async () => {
  const admin = await staff();
  const { client, email } = await joined();
  const { client: other } = await login(email);
  const id = await memberId(admin, email);
  assert.equal((await client.get('/my')).status, 200);
  assert.equal((await other.get('/my')).status, 200);

  await assertSaved(await admin.post(`/members/${id}/suspend`, { form: { period: 'forever', day: '', reason } }));
  await everywhere(303, () => client.get('/my'), 'the end of the first login');
  await everywhere(303, () => other.get('/my'), 'the end of the second login');
  assertKoreanPage((await login(email)).answer, 403);
  const page = await admin.get(`/members/${id}`);
  assert.match(page.text, /무기한/);
  assert.match(page.text, new RegExp(reason));
  assert.match((await admin.get('/members?suspended=1')).text, new RegExp(`/members/${id}"`));

  await assertSaved(await admin.post(`/members/${id}/lift`, { form: { reason } }));
  assert.equal((await login(email)).answer.status, 303);
  assert.doesNotMatch((await admin.get('/members?suspended=1')).text, new RegExp(`/members/${id}"`));
});

test('a suspended member with the right password learns the end and whom to ask; anybody else learns nothing', async () => {
  const admin = await staff();
  const { client, email } = await joined();
  const id = await memberId(admin, email);
  const overApi = (secret) => new Client().post('/api/v1/session', { json: { email, password: secret } });
  const onPage = (secret, base) => visitor(base).post('/login', { form: { email, password: secret } });

  await assertSaved(await admin.post(`/members/${id}/suspend`, { form: { period: 'date', day: '2099-03-02', reason } }));
  for (const base of [siteUrl, adminUrl]) {
    const page = await onPage(password, base);
    assertKoreanPage(page, 403);
    assert.match(page.text, /role="alert"[^]*이용이 정지된 회원입니다\.[^]*정지 기간: 2099\. 3\. 2\. 23:59까지[^]*문의: /);
    assert.ok(!page.text.includes(reason), 'the reason is for staff');
  }
  assert.equal(assertProblem(await overApi(password), 403).until, '2099-03-02T14:59:59Z');

  await assertSaved(await admin.post(`/members/${id}/suspend`, { form: { period: 'forever', day: '', reason } }));
  assert.match((await onPage(password)).text, /정지 기간: 무기한/);
  assert.equal(assertProblem(await overApi(password), 403).until, null);

  const wrong = await onPage('not-the-password');
  assertKoreanPage(wrong, 401);
  assert.doesNotMatch(wrong.text, /정지/);
  assert.ok(!('until' in assertProblem(await overApi('not-the-password'), 401)));
  // Their sessions have ended: the login page says why.
  assertProblem(await client.get('/api/v1/me'), 401);
  assert.equal((await client.get('/my')).status, 303);
});

test('a refused form comes back with the typed text', async () => {
  const admin = await staff();
  const { email } = await joined();
  const id = await memberId(admin, email);
  const noReason = await admin.post(`/members/${id}/suspend`, { form: { period: 'date', day: '2099-01-02', reason: ' ' } });
  assertKoreanPage(noReason, 422);
  assert.match(noReason.text, /value="2099-01-02"/);
  assert.match(noReason.text, /<option value="date" selected/);
  const past = await admin.post(`/members/${id}/suspend`, { form: { period: 'date', day: '2020-01-02', reason } });
  assertKoreanPage(past, 422);
  assert.match(past.text, new RegExp(`value="${reason}"`));
  const injections = '<b onclick="x()">"';
  const board = await admin.post('/boards/new', { form: { name: injections, slug: 'Not A Slug', description: injections, read_role: 'guest', write_role: 'guest', comment_role: 'member' } });
  assertKoreanPage(board, 422);
  assert.ok(!board.text.includes(injections));
  assert.ok(board.text.includes('&lt;b onclick='));
  assert.match(board.text, /id="slug-error"/);
  assert.match(board.text, /id="write_role-error"/);
});

test('a role opens and closes the Admin at once; nobody can change their own', async () => {
  const admin = await staff();
  const { email } = await joined();
  const id = await memberId(admin, email);
  await assertSaved(await admin.post(`/members/${id}/role`, { form: { role: 'staff', reason } }));
  const promoted = await staff(email);
  assertKoreanPage(await promoted.get('/members'), 200);
  await assertSaved(await admin.post(`/members/${id}/role`, { form: { role: 'member', reason } }));
  await everywhere(403, () => promoted.get('/members'), 'the end of the role');
  const own = await memberId(admin, 'admin@minschool.test');
  assertKoreanPage(await admin.post(`/members/${own}/role`, { form: { role: 'member', reason } }), 403);
  assertKoreanPage(await admin.post(`/members/${own}/suspend`, { form: { period: '1', reason } }), 403);
  assert.match((await admin.get(`/members/${id}`)).text, /회원 → 직원/);
});

test('a hidden or deleted post is gone from the Site until it is restored, and the audit log has every act', async () => {
  const admin = await staff();
  const visitor = new Client();
  // Not the staff member's own post, because staff cannot restore what its author deleted.
  const [[id]] = await sql(`select p.id from posts p join users u on u.id = p.author_id
    where p.visible and p.board_id = 1 and u.email <> 'admin@minschool.test' order by p.id desc limit 1`);
  const link = /href="[^"]*(\/boards\/[a-z0-9-]+\/\d+)"/.exec((await admin.get(`/posts/${id}`)).text)[1];
  // Nginx keeps a guest's page for a second or two.
  const guestGets = (status) => eventually(async () => (await visitor.get(link)).status === status, `a ${status} for a guest`);
  await guestGets(200);

  assertKoreanPage(await admin.post(`/posts/${id}/hide`, { form: { reason: '' } }), 422);
  assert.equal((await visitor.get(link)).status, 200);
  for (const act of ['hide', 'delete']) {
    await assertSaved(await admin.post(`/posts/${id}/${act}`, { form: { reason } }));
    await guestGets(404);
    assertKoreanPage(await admin.post(`/posts/${id}/${act}`, { form: { reason } }), 409);
  }
  await assertSaved(await admin.post(`/posts/${id}/restore`, { form: { reason } }));
  await guestGets(200);
  const history = (await admin.get(`/posts/${id}`)).text.split('id="history"')[1];
  for (const word of ['숨김', '삭제', '복원', reason]) assert.ok(history.includes(word), word);
  assert.ok((await admin.get('/audit')).text.includes(`href="/posts/${id}"`));
});

test('a form says which character cannot be used', async () => {
  const admin = await staff();
  const form = { slug: `a-${randomUUID().slice(0, 8)}`, name: '이름', description: '', read_role: 'guest', write_role: 'member', comment_role: 'member' };
  for (const [field, word] of [['name', '이름'], ['description', '설명']]) {
    const refused = await admin.post('/boards/new', { form: { ...form, [field]: 'a\u202eb' } });
    assertKoreanPage(refused, 422);
    assert.ok(refused.text.includes(`${word}에 사용할 수 없는 문자가 있어 지웠습니다`), field);
    assert.match(refused.text, /value="ab"|>\nab<\/textarea>/, 'the rest of it');
  }
  const refused = await admin.post('/posts/1/hide', { form: { reason: 'a\u202eb' } });
  assertKoreanPage(refused, 422);
  assert.ok(refused.text.includes('사유에 사용할 수 없는 문자가 있'));
  assert.deepEqual(await sql(`select count(*) from boards where slug = '${form.slug}'`), [['0']]);
});

test('an author is found by a name in any case', async () => {
  const admin = await staff();
  const name = `Abc${randomUUID().slice(0, 6)}`;
  const { client, email } = await joined();
  assert.equal((await client.post('/my/name', { form: { name } })).status, 303);
  const written = await client.post('/boards/free/write', { form: { title: '제목', content: '본문' } });
  assert.equal(written.status, 303);
  const id = written.location.split('/').at(-1);
  const commentId = (await client.post(`/api/v1/posts/${id}/comments`, { json: { content: '댓글' } })).json().id;
  const member = await memberId(admin, email);
  for (const typed of [name, name.toLowerCase(), name.toUpperCase(), name.slice(0, 5).toLowerCase()]) {
    for (const [path, found] of [[`/posts?author=${typed}`, `/posts/${id}`], [`/comments?author=${typed}`, `/comments/${commentId}`], [`/members?q=${typed}`, `/members/${member}`]]) {
      assert.ok((await admin.get(path)).text.includes(`href="${found}"`), path);
    }
  }
});

test('checked rows are acted on together, within the filters of the list', async () => {
  const admin = await staff();
  const list = await admin.get('/comments?state=visible');
  const chosen = [...list.text.matchAll(/name="chosen" value="(\d+)"/g)].slice(0, 3).map((found) => found[1]);
  assert.equal(chosen.length, 3);
  const rows = new URLSearchParams(chosen.map((id) => ['chosen', id]));
  const send = (act, more = {}) => admin.post('/comments/bulk?state=visible', {
    body: `${rows}&${new URLSearchParams({ act, reason, ...more })}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  const refused = await send('hide', { reason: '' });
  assertKoreanPage(refused, 422);
  for (const id of chosen) assert.match(refused.text, new RegExp(`value="${id}"[^>]*checked`));
  const hidden = await send('hide');
  await assertSaved(hidden);
  assert.equal(hidden.location, '/comments?state=visible');
  assert.ok(!(await admin.get('/comments?state=visible')).text.includes(`href="/comments/${chosen[0]}"`));
  await assertSaved(await send('restore'));
  assert.ok((await admin.get('/comments?state=visible')).text.includes(`href="/comments/${chosen[0]}"`));
});

test('lists go page by page without a gap', async () => {
  const admin = await staff();
  const seen = [];
  let path = '/posts?state=visible';
  for (let page = 0; page < 3; page++) {
    const { text } = await admin.get(path);
    seen.push(...[...text.matchAll(/<a href="\/posts\/(\d+)"/g)].map((found) => Number(found[1])));
    path = /<a class="page-step" href="([^"]*)" rel="next"/.exec(text)[1].replaceAll('&amp;', '&');
    assert.match(path, /state=visible/);
  }
  assert.equal(seen.length, 90);
  assert.deepEqual(seen, [...new Set(seen)].sort((a, b) => b - a));
});

test('a new board is in the menu of every server at once, and moves', async () => {
  const admin = await staff();
  const visitor = new Client();
  const slug = `t-${randomUUID().slice(0, 8)}`;
  const form = { name: `시험 ${slug}`, slug, description: '', read_role: 'guest', write_role: 'member', comment_role: 'member' };
  await assertSaved(await admin.post('/boards/new', { form }));
  await everywhere(200, () => visitor.get(`/boards/${slug}`), 'the new board');
  const taken = await admin.post('/boards/new', { form });
  assertKoreanPage(taken, 409);
  assert.match(taken.text, /id="slug-error"/);
  // The answer may come from a server that the notification has not reached yet.
  const order = async () => [...(await admin.get('/boards')).text.matchAll(/<th scope="row"><a href="\/boards\/(\d+)">/g)].map((found) => found[1]);
  const before = await order();
  const id = before.at(-1);
  await assertSaved(await admin.post(`/boards/${id}/move`, { form: { to: 'up' } }));
  const moved = [...before.slice(0, -2), id, before.at(-2)].join();
  await eventually(async () => (await order()).join() === moved, 'the move up');
  await assertSaved(await admin.post(`/boards/${id}/move`, { form: { to: 'down' } }));
  await eventually(async () => (await order()).join() === before.join(), 'the move down');
  await assertSaved(await admin.post(`/boards/${id}`, { form: { ...form, read_role: 'staff' } }));
  await everywhere(404, () => visitor.get(`/boards/${slug}`), 'the board for staff only');
});

test('the dashboard counts what is there', async () => {
  const admin = await staff();
  const { text } = await admin.get('/');
  const figures = [...text.matchAll(/tile-figure">([^<]*)</g)].map((found) => found[1]);
  assert.equal(figures.length, 5);
  for (const figure of figures) assert.match(figure, /^[\d,]+$/);
});
