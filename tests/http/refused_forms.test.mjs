// A refusal never loses typed text, and the text is never sent in another member's name: over HTTP, as a browser without
// JavaScript sends it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { assertKoreanPage, soon } from '../support/assert.mjs';
import { adminUrl } from '../support/client.mjs';
import { logIn, newMember, password, visitor } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const text = () => `쓰던 글 <b>&"'${randomUUID()}`;
const unescape = (html) => html.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;|&#34;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&');

/** The forms of a page: {action, fields} with the value of each field. */
function formsOf(html) {
  return [...html.matchAll(/<form[^>]*method="post"[^>]*action="([^"]*)"[^>]*>([^]*?)<\/form>/g)].map(([, action, inside]) => {
    const inputs = [...inside.matchAll(/<input[^>]*name="([^"]*)"[^>]*>/g)].filter(([tag]) => !/type="checkbox"/.test(tag))
      .map(([tag, name]) => [name, unescape(/value="([^"]*)"/.exec(tag)?.[1] ?? '')]);
    const areas = [...inside.matchAll(/<textarea[^>]*name="([^"]*)"[^>]*>\n([^]*?)<\/textarea>/g)].map(([, name, value]) => [name, unescape(value)]);
    return { action: unescape(action), fields: Object.fromEntries([...inputs, ...areas]) };
  });
}
const formTo = (html, action) => formsOf(html).find((form) => form.action === action);
const idOf = async (email) => (await sql(`select id from users where email = '${email}'`))[0][0];

const author = await newMember();
const board = 'free';
async function written({ client } = author, content = '본문') {
  const answer = await client.post(`/boards/${board}/write`, { form: { title: `글 ${randomUUID()}`, content } });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  return answer.location;
}
async function commented({ client }, post, content) {
  const answer = await client.post(`/posts/${post.split('/').pop()}/comments`, { form: { content } });
  assert.equal(answer.status, 303);
  return answer.location.split('#c').pop();
}

const post = await written();
const postId = post.split('/').pop();
const commentId = await commented(author, post, '댓글');

/** Forms with text: where each goes, and what is in it. */
const writings = [
  ['a post', `/boards/${board}/write`, (content) => ({ title: '제목', content })],
  ['an edited post', `${post}/edit`, (content) => ({ title: '고친 제목', content })],
  ['a comment', `/posts/${postId}/comments`, (content) => ({ content })],
  ['a reply', `/posts/${postId}/comments`, (content) => ({ content, parent_id: commentId })],
  ['an edited comment', `/comments/${commentId}/edit`, (content) => ({ content })],
  ['a name', '/my/name', () => ({ name: '바꾼이름' })],
];

for (const [what, action, fields] of writings) {
  test(`${what} whose login has ended: the page holds it, takes it along, and the login leads back to it`, async () => {
    const member = author;
    const guest = visitor();
    const sent = { ...fields(text()), once: randomUUID(), member: await idOf(member.email) };
    const refused = await guest.post(action, { form: sent });
    assertKoreanPage(refused, 401);
    const typed = sent.content ?? sent.name;
    assert.ok(unescape(refused.text).includes(typed));
    const login = formTo(refused.text, '/login');
    assert.equal(login.fields['kept_to'], action);

    // A wrong password on the way loses nothing.
    const wrong = await guest.post('/login', { form: { ...login.fields, email: member.email, password: 'not-my-password' } });
    assert.ok(wrong.status >= 400);
    const again = formTo(wrong.text, '/login');
    const right = await guest.post('/login', { form: { ...again.fields, email: member.email, password } });
    assert.equal(right.status, 307);
    const page = await guest.post(right.location, { form: { ...again.fields, email: member.email, password } });
    assertKoreanPage(page, 200);
    assert.ok(!page.text.includes(password));
    const back = formTo(page.text, action);
    for (const [name, value] of Object.entries(sent)) assert.equal(back.fields[name], value, name);
    const done = await guest.post(action, { form: back.fields });
    assert.equal(done.status, 303, done.text.slice(0, 300));
    const stored = await sql(`select content from posts where content = $$${typed}$$ union all select content from comments where content = $$${typed}$$ union all select name from users where name = $$${typed}$$`);
    assert.ok(stored.length > 0 || what.startsWith('an edited'), 'it was written');
  });

  test(`${what} on a page of another member is refused, with the text and who is logged in now`, async () => {
    const now = await newMember();
    const sent = { ...fields(text()), once: randomUUID(), member: await idOf(author.email) };
    const refused = await now.client.post(action, { form: sent });
    assertKoreanPage(refused, 409);
    assert.ok(refused.text.includes(now.name));
    const form = formTo(refused.text, action);
    assert.equal(form.fields.member, await idOf(now.email), 'sent once more, it is theirs');
    const typed = sent.content ?? sent.name;
    assert.ok(Object.values(form.fields).includes(typed));
    assert.equal(refused.headers['cache-control'], 'private, no-store');
  });
}

test('a form of a guest\'s page is refused once somebody is logged in, and a script says it by a header', async () => {
  const now = await newMember();
  assertKoreanPage(await now.client.post('/boards/free/write', { form: { title: '제목', content: '내용', member: 0 } }), 409);
  const [like, mine] = await Promise.all([author, now].map(async ({ email }) => now.client.post(`/posts/${postId}/like`, { headers: { 'x-member': await idOf(email) } })));
  assert.equal(like.status, 409);
  assert.equal(mine.status, 303);
  const follow = await now.client.post('/boards/free/follow', { form: { member: await idOf(author.email) } });
  assert.equal(follow.status, 409);
});

test('logging out on a page of another member logs nobody out', async () => {
  const now = await newMember();
  const refused = await now.client.post('/logout', { form: { member: await idOf(author.email) } });
  assertKoreanPage(refused, 409);
  assert.equal((await now.client.get('/api/v1/me')).status, 200);
  assert.equal((await now.client.post('/logout', { form: formTo(refused.text, '/logout').fields })).status, 303);
  assert.equal((await now.client.get('/api/v1/me')).status, 401);
});

test('other refusals also have the typed text and a way to send it', async () => {
  const content = text();
  const other = await newMember();
  const refusals = [
    [403, `${post}/edit`, { title: '남의 글', content }],
    [403, `/comments/${commentId}/edit`, { content }],
    [404, '/boards/nothing/write', { title: '없는 게시판', content }],
    [404, '/comments/999999999/edit', { content }],
    [404, '/posts/999999999/comments', { content }],
    [422, '/boards/free/write', { title: '', content }],
  ];
  for (const [status, action, form] of refusals) {
    const refused = await other.client.post(action, { form });
    assertKoreanPage(refused, status);
    const again = formTo(refused.text, action);
    assert.ok(again, `${status} ${action}`);
    assert.equal(again.fields.content, content, `${status} ${action}`);
    if (form.title) assert.equal(again.fields.title, form.title);
  }
});

test('a cross-site form is not offered to be sent again', async () => {
  const content = text();
  const refused = await author.client.post('/boards/free/write', { headers: { 'sec-fetch-site': 'cross-site' }, form: { title: '제목', content } });
  assertKoreanPage(refused, 403);
  assert.equal(formTo(refused.text, '/boards/free/write'), undefined);
  // A link carries no text either.
  const link = await visitor().get(`/login?next=/&kept_to=/boards/free/write&kept.content=${encodeURIComponent(content)}`);
  assert.ok(!unescape(link.text).includes(content));
});

test('passwords are never shown again', async () => {
  const refused = await visitor().post('/my/password', { form: { current: 'secret-of-now', password: 'secret-of-then', password_again: 'secret-of-then' } });
  assertKoreanPage(refused, 401);
  assert.doesNotMatch(refused.text, /secret-of/);
});

test('the Admin keeps a reason and a board\'s description that were typed after the login ended', async () => {
  const guest = visitor(adminUrl);
  for (const [action, form] of [['/boards/1', { name: '이름', slug: 'slug', description: '긴 설명' }], [`/members/${await idOf(author.email)}/suspend`, { period: '7', reason: '긴 사유' }]]) {
    const refused = await guest.post(action, { form });
    assertKoreanPage(refused, 401);
    const login = formTo(refused.text, '/login');
    assert.equal(login.fields.kept_to, action);
    for (const [name, value] of Object.entries(form)) assert.equal(login.fields[`kept.${name}`], value);
  }
});

test('every form of a member\'s pages says whose page it is, and guests\' pages are the same for all', async () => {
  const id = await idOf(author.email);
  for (const path of ['/', '/boards/free', post, `${post}/edit`, '/boards/free/write', '/my', '/my/notifications', '/notifications', `/comments/${commentId}/edit`]) {
    const { text: html } = await author.client.get(path);
    assert.ok(html.includes(`data-member="${id}"`), path);
    for (const { action, fields } of formsOf(html)) {
      // The likes of comments are shared by the pages of many viewers; scripts send the header.
      if (!/^\/comments\/\d+\/(un)?like$/.test(action)) assert.equal(fields.member, id, `${path}: ${action}`);
    }
  }
  const staff = await logIn('admin@minschool.test', { base: adminUrl });
  const own = await idOf('admin@minschool.test');
  for (const path of ['/', `/members/${id}`, '/boards', '/boards/new', '/boards/1', '/posts', `/posts/${postId}`, '/comments', `/comments/${commentId}`, '/servers']) {
    for (const { action, fields } of formsOf((await staff.get(path)).text)) assert.equal(fields.member, own, `Admin ${path}: ${action}`);
  }
  const [one, two] = await Promise.all([visitor().get(post), visitor().get(post)]);
  assert.ok(one.text.includes('data-member="0"'));
  assert.match(one.headers['cache-control'], /public/);
  assert.match(two.headers['cache-control'], /public/);
});

test('a cookie lets scripts know who is logged in, and who has logged out', async () => {
  const member = await newMember();
  const id = await idOf(member.email);
  await member.client.get('/');
  assert.equal(member.client.cookies.get('connect.sid.member'), id);
  await member.client.post('/logout');
  assert.equal(member.client.cookies.get('connect.sid.member'), `-${id}`);
  const loggedOut = await newMember();
  await loggedOut.client.post('/my/logout-everywhere');
  assert.equal(loggedOut.client.cookies.get('connect.sid.member'), `-${await idOf(loggedOut.email)}`);
});

test('a login, a sign-up and a logout lead back to the previous page', async () => {
  const path = '/boards/free?page=3';
  const guest = visitor();
  const page = await guest.get(path);
  const href = (words) => unescape(new RegExp(`href="([^"]*)"[^>]*>${words}<`).exec(page.text)[1]);
  assert.equal(href('로그인'), `/login?next=${encodeURIComponent(path)}`);
  assert.equal(href('회원가입'), `/join?next=${encodeURIComponent(path)}`);
  const login = formTo((await guest.get(href('로그인'))).text, '/login');
  const done = await guest.post('/login', { form: { ...login.fields, email: author.email, password } });
  assert.equal(done.location, path);
  const out = formTo((await guest.get(path)).text, '/logout');
  assert.equal((await guest.post('/logout', { form: out.fields })).location, path);
  // A logout on a page that is closed to guests redirects.
  const inside = await logIn(author.email);
  assert.equal(formTo((await inside.get('/my')).text, '/logout').fields.next, undefined);
  assert.equal((await inside.post('/logout', { form: { next: 'https://elsewhere.example/' } })).location, '/');
  const newcomer = visitor();
  const join = formTo((await newcomer.get(href('회원가입'))).text, '/join');
  assert.equal(join.fields.next, path);
});

test('a logout removes the member from the online list of every server at once', async () => {
  const member = await newMember();
  const other = await newMember();
  await member.client.get('/');
  await soon(async () => assert.ok((await other.client.get('/online')).text.includes(member.name)));
  await member.client.post('/logout');
  for (let n = 0; n < 6; n++) assert.ok(!(await other.client.get('/online')).text.includes(member.name));
});

test('a board\'s former addresses lead to it for good, with the query, forms and the API too', async () => {
  const admin = await logIn('admin@minschool.test', { base: adminUrl });
  const slug = (n) => `moved-${n}-${tag}`;
  const tag = randomUUID().slice(0, 6);
  const form = { name: '옮기는 게시판', description: '', read_role: 'guest', write_role: 'member', comment_role: 'member' };
  assert.equal((await admin.post('/boards/new', { form: { ...form, slug: slug(1) } })).status, 303);
  const [[id]] = await sql(`select id from boards where slug = '${slug(1)}'`);
  const sent = await author.client.post(`/boards/${slug(1)}/write`, { form: { title: '옮길 글', content: '본문' } });
  const number = sent.location.split('/').pop();
  for (const next of [2, 3]) assert.equal((await admin.post(`/boards/${id}`, { form: { ...form, slug: slug(next) } })).status, 303);
  await soon(async () => assert.equal((await author.client.get(`/boards/${slug(3)}`)).status, 200));
  for (const old of [1, 2]) {
    for (const [from, to] of [
      [`/boards/${slug(old)}?page=2`, `/boards/${slug(3)}?page=2`],
      [`/boards/${slug(old)}/${number}?comment=7`, `/boards/${slug(3)}/${number}?comment=7`],
      [`/boards/${slug(old)}/write`, `/boards/${slug(3)}/write`],
      [`/api/v1/boards/${slug(old)}/posts?page=1`, `/api/v1/boards/${slug(3)}/posts?page=1`],
    ]) {
      const answer = await author.client.get(from);
      assert.equal(answer.status, 308, from);
      assert.equal(answer.location, to);
    }
    const written = await author.client.post(`/boards/${slug(old)}/write`, { form: { title: '제목', content: '내용' } });
    assert.equal(written.status, 308);
    assert.equal(written.location, `/boards/${slug(3)}/write`);
  }
  // A post's page below another board's address keeps its query as well.
  assert.equal((await author.client.get(`/boards/free/${number}?comments=1`)).location, `/boards/${slug(3)}/${number}?comments=1`);
  // Another board must not take a former address; its own board may have it back.
  const taken = await admin.post('/boards/new', { form: { ...form, slug: slug(1) } });
  assert.equal(taken.status, 409);
  assert.match(taken.text, /전에 쓰던 주소/);
  assert.equal((await admin.post(`/boards/${id}`, { form: { ...form, slug: slug(1) } })).status, 303);
  await soon(async () => assert.equal((await author.client.get(`/boards/${slug(1)}`)).status, 200));
  await soon(async () => assert.equal((await author.client.get(`/boards/${slug(3)}`)).location, `/boards/${slug(1)}`));
});
