// The Site's pages for guests and members, on every app server alike.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';

import { assertKoreanPage, eventually, soon } from '../support/assert.mjs';
import { atEachServer, logIn, newMember, password, visitor } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const perPage = 20;           // posts::kPostsPerPage
const threadsPerPage = 50;    // comments::kThreadsPerPage
const places = 1024;          // many of post_places; its blocks: posts/pages_test.cpp
const manyPosts = 2 * places + 7;
const fewPosts = 97;
const writers = 20;
const free = '/boards/free';

const guest = visitor();
// Nginx keeps pages for a second for those who have no cookie; these tests are about the app servers.
guest.cookies.set('connect.sid', 'nobody');
const author = await newMember();
const other = await newMember();

const postsIn = (text) => [...text.matchAll(/<td class="cell-number" data-label="번호">(\d+)<\/td>[^]*?<a href="\/boards\/[a-z0-9-]+\/(\d+)">/g)]
  .map(([, number, id]) => ({ number: Number(number), id: Number(id) }));
const idsIn = (text) => postsIn(text).map(({ id }) => id);
const titlesOnHome = (text) => [...text.matchAll(/<li><a href="\/boards\/[a-z0-9-]+\/\d+">([^<]*)</g)].map((found) => found[1]);
const menuOf = (text) => [...text.matchAll(/<li class="menu-item"[^>]*>\s*<a href="\/boards\/([a-z0-9-]+)"/g)].map((found) => found[1]);
/** The number of a missing page redirects to an existing one. */
const shownPage = async (client, path) => {
  const answer = await client.get(path);
  return answer.status === 303 ? client.get(answer.location) : answer;
};
const currentPage = (text) => Number(/aria-current="page">(\d+)</.exec(text)?.[1]);
const lastPage = (text) => Number([...text.matchAll(/href="\?page=(\d+)"(?: aria-current="page")?>\d+</g)].at(-1)[1]);
const commentIds = (text) => [...text.matchAll(/<article class="comment" id="c(\d+)"/g)].map((found) => Number(found[1]));
const depthOf = (text, id) => Number(new RegExp(`comment-depth-(\\d+)"[^>]*>\\s*<article class="comment" id="c${id}"`).exec(text)[1]);
/** The number that the list shows behind a post's title. */
const countInList = (text, id) => Number(new RegExp(`/${id}">[^]*?</tr>`).exec(text)[0].match(/comment-count">.*<\/span> (\d+)</)?.[1] ?? 0);

async function write({ client } = author, { title = `글 ${randomUUID()}`, content = '본문' } = {}) {
  const answer = await client.post(`${free}/write`, { form: { title, content } });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  return { path: answer.location, id: Number(answer.location.split('/').pop()), title };
}

/** Writes a comment; returns its id, from the address of the redirect. */
async function comment({ client }, post, content, parent) {
  const form = { content, ...(parent ? { parent_id: parent } : {}) };
  const answer = await client.post(`/posts/${post.id}/comments`, { form });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  return Number(/#c(\d+)$/.exec(answer.location)[1]);
}

const boards = [];
/** A board with that many posts, put straight into the database; gone when the file is done. */
async function filledBoard(posts) {
  const slug = `pages-${randomUUID().slice(0, 8)}`;
  const [[id]] = await sql(`insert into boards (slug, name, position, on_home, last_number) values ('${slug}', '쪽 시험', 900, false, ${posts}) returning id`);
  boards.push(id);
  await sql(`insert into posts (title, content, content_html, author_id, board_id, number)
    select '글 ' || n, '본문', '<p>본문</p>', 1, ${id}, n from generate_series(1, ${posts}) n; select pg_notify('boards', '')`);
  const path = `/boards/${slug}`;
  for (const server of await atEachServer(guest)) await eventually(async () => (await server.get(path)).status === 200, `${path} at ${server.base}`);
  return { id, slug, path };
}
after(async () => {
  for (const id of boards) {
    await sql(`delete from posts where board_id = ${id}; delete from boards where id = ${id}; select pg_notify('boards', '')`);
  }
});

/** The expected content of a page, by a simple query that would be too slow for the site. */
const expected = async (board, page) =>
  (await sql(`select id from posts where board_id = ${board.id} and visible order by number desc offset ${(page - 1) * perPage} limit ${perPage}`)).map(([id]) => Number(id));

test('home shows the newest posts of the chosen boards, for a guest and a member', async () => {
  const chosen = await sql(`select slug, name from boards where on_home and read_role = 0 order by position`);
  const page = await guest.get('/');
  assertKoreanPage(page, 200);
  for (const [slug, name] of chosen) assert.match(page.text, new RegExp(`<a href="/boards/${slug}">[^<]*<span class="sr-only">: ${name}</span>`));
  assert.ok(titlesOnHome(page.text).length > chosen.length);
  const own = await author.client.get('/');
  assert.ok(own.text.includes(author.name));
  assert.match(own.headers['cache-control'], /no-store/);
});

test('a new, an edited, a renamed and a deleted post is on every home page at once', async () => {
  const servers = await atEachServer(guest);
  const homePages = async () => (await Promise.all(servers.map((server) => server.get('/')))).map(({ text }) => text);
  await homePages();
  const post = await write();
  const all = (holds) => soon(async () => assert.ok((await homePages()).every(holds)));
  await all((text) => text.includes(post.title));
  const title = `고친 ${randomUUID()}`;
  await author.client.post(`${post.path}/edit`, { form: { title, content: '본문' } });
  await all((text) => text.includes(title) && !text.includes(post.title));
  await author.client.post(`${post.path}/delete`);
  await all((text) => !text.includes(title));
});

test('a list has a first, middle and last page, and handles invalid page numbers', async () => {
  const board = await filledBoard(fewPosts);
  const last = Math.ceil(fewPosts / perPage);
  for (const page of [1, Math.ceil(last / 2), last]) {
    const { text } = await guest.get(`${board.path}?page=${page}`);
    assert.deepEqual(idsIn(text), await expected(board, page));
    assert.equal(currentPage(text), page);
    assert.equal(lastPage(text), last);
    assert.equal(/rel="prev"/.test(text), page > 1);
    assert.equal(/rel="next"/.test(text), page < last);
  }
  for (const [query, page] of [['999', last], ['9223372036854775807', last], ['99999999999999999999', 1], ['0', 1], ['-3', 1], ['x', 1], ['', 1], ['1.5', 1], ['%27%3B--', 1], ['%FF', 1]]) {
    const answer = await shownPage(guest, `${board.path}?page=${query}`);
    assertKoreanPage(answer, 200);
    assert.equal(currentPage(answer.text), page, query);
  }
  assert.equal(Math.max(...postsIn((await guest.get(board.path)).text).map(({ number }) => number)), fewPosts);
});

test('deep pages equal a recount of all posts, after deleting and hiding too', async () => {
  const board = await filledBoard(manyPosts);
  // Rows change without the programs here, so the app servers' caches cannot be used.
  const guest = visitor();
  guest.cookies.set('connect.sid', 'nobody').set('wrote', '1');
  const compare = async (visible) => {
    const last = Math.ceil(visible / perPage);
    const pages = [...new Set([1, 2, 50, 51, 52, 53, 101, last - 1, last])].filter((page) => page <= last);
    const answers = await Promise.all(pages.map((page) => guest.get(`${board.path}?page=${page}`)));
    for (const [i, page] of pages.entries()) assert.deepEqual(idsIn(answers[i].text), await expected(board, page), `page ${page}`);
    assert.equal(currentPage((await shownPage(guest, `${board.path}?page=${last + 1}`)).text), last);
  };
  await compare(manyPosts);
  const gone = await sql(`update posts set deleted_at = now() where board_id = ${board.id} and (number % 7 = 0 or number between 1000 and 1100) returning id`);
  const hidden = await sql(`update posts set hidden_at = now() where board_id = ${board.id} and number % 11 = 0 and visible returning id`);
  await compare(manyPosts - gone.length - hidden.length);
  // A whole run of posts goes.
  const more = await sql(`update posts set deleted_at = now() where board_id = ${board.id} and number between ${places} and ${2 * places - 1} and visible returning id`);
  await compare(manyPosts - gone.length - hidden.length - more.length);
  await sql(`update posts set deleted_at = null, hidden_at = null where board_id = ${board.id} and not visible`);
  await compare(manyPosts);
});

test('a post has its text, its author, its neighbours, and is counted', async () => {
  const older = await write();
  const post = await write(author, { title: '제목입니다', content: '**굵게**\n\n- 하나\n- 둘' });
  const newer = await write();
  const page = await guest.get(post.path);
  assertKoreanPage(page, 200);
  assert.match(page.text, /<h1>제목입니다<\/h1>/);
  assert.match(page.text, /<strong>굵게<\/strong>/);
  assert.match(page.text, /<li>하나<\/li>/);
  assert.ok(page.text.includes(author.name));
  for (const { path } of [older, newer]) assert.ok(page.text.includes(`<a href="${path}"`));
  const views = async () => Number(/조회 (\d+)/.exec((await guest.get(post.path)).text)[1]);
  await eventually(async () => (await views()) === 1, 'the one view of one visitor');
  assert.equal((await guest.get(`/boards/notice/${post.id}`)).location, post.path);
});

test('members write, edit and delete their own posts', async () => {
  const post = await write();
  assert.ok((await author.client.get(post.path)).text.includes(`${post.path}/edit`));
  const form = await author.client.get(`${post.path}/edit`);
  assert.ok(form.text.includes(`value="${post.title}"`));
  const saved = await author.client.post(`${post.path}/edit`, { form: { title: '새 제목', content: '새 본문' } });
  assert.equal(saved.location, post.path);
  const page = await guest.get(post.path);
  assert.match(page.text, /<h1>새 제목<\/h1>/);
  assert.match(page.text, /새 본문/);
  assert.match(page.text, / 수정/);
  assert.equal((await author.client.post(`${post.path}/delete`)).location, free);
  assertKoreanPage(await guest.get(post.path), 404);
  assertKoreanPage(await author.client.get(`${post.path}/edit`), 404);
  assertKoreanPage(await author.client.post(`${post.path}/delete`), 404);
  assert.ok(!idsIn((await guest.get(free)).text).includes(post.id));
});

test('comments and replies are written, edited and deleted; one with replies leaves a gap', async () => {
  const post = await write();
  const first = await comment(other, post, '첫 댓글');
  const second = await comment(author, post, '둘째 댓글');
  const reply = await comment(author, post, '답글', first);
  const deeper = await comment(other, post, '답글의 답글', reply);
  const shown = (await guest.get(post.path)).text;
  assert.deepEqual(commentIds(shown), [first, reply, deeper, second]);
  assert.deepEqual([first, reply, deeper, second].map((id) => depthOf(shown, id)), [0, 1, 2, 0]);
  assert.equal((await guest.get(`/comments/${deeper}`)).location, `${post.path}?comment=${deeper}#c${deeper}`);

  assert.ok((await other.client.get(`/comments/${first}/edit`)).text.includes('첫 댓글'));
  assert.equal((await other.client.post(`/comments/${first}/edit`, { form: { content: '고친 댓글' } })).status, 303);
  assert.ok((await guest.get(post.path)).text.includes('고친 댓글'));

  assert.equal((await other.client.post(`/comments/${first}/delete`)).status, 303);
  assert.equal((await author.client.post(`/comments/${second}/delete`)).status, 303);
  const rest = (await guest.get(post.path)).text;
  assert.deepEqual(commentIds(rest), [reply, deeper]);
  assert.equal(rest.match(/삭제된 댓글입니다/g).length, 1);
  assert.ok(!rest.includes('고친 댓글') && !rest.includes('둘째 댓글'));
  assert.equal(countInList((await guest.get(free)).text, post.id), 2);
});

test('a reply without JavaScript opens its form at the comment, on whichever page that is', async () => {
  const post = await write();
  const first = await comment(other, post, '오래된 댓글');
  await sql(`insert into comments (post_id, author_id, content, content_html) select ${post.id}, 1, 'x', '<p>x</p>' from generate_series(1, ${threadsPerPage})`);
  const newest = await guest.get(post.path);
  assert.equal(commentIds(newest.text).length, 1);
  assert.match(newest.text, /2 \/ 2/);
  assert.equal(commentIds((await guest.get(`${post.path}?comments=1`)).text).length, threadsPerPage);
  const page = await author.client.get(`${post.path}?reply=${first}`);
  assert.match(page.text, new RegExp(`<div class="reply-slot" id="reply-${first}">\\s*<form`));
  const reply = await comment(author, post, '늦은 답글', first);
  assert.ok(commentIds((await author.client.get((await author.client.get(`/comments/${reply}`)).location)).text).includes(reply));
});

test('counts are exact when many write at the same time', async () => {
  const post = await write();
  const servers = await atEachServer(other.client);
  const ids = await Promise.all(Array.from({ length: writers }, (_, i) =>
    comment({ client: servers[i % servers.length] }, post, `동시에 ${i}`)));
  assert.equal(new Set(ids).size, writers);
  assert.equal(countInList((await guest.get(free)).text, post.id), writers);
  await Promise.all(ids.slice(0, 7).map((id, i) => servers[i % servers.length].post(`/comments/${id}/delete`)));
  assert.equal(countInList((await guest.get(free)).text, post.id), writers - 7);
  const [[total]] = await sql(`select count(*) from comments where post_id = ${post.id} and visible`);
  assert.equal(Number(total), writers - 7);
});

test('posts written at the same time have consecutive unique numbers', async () => {
  const board = await filledBoard(0);
  const servers = await atEachServer(author.client);
  await Promise.all(Array.from({ length: writers }, (_, i) =>
    servers[i % servers.length].post(`${board.path}/write`, { form: { title: `글 ${i}`, content: '본문' } })));
  const numbers = postsIn((await guest.get(board.path)).text).map(({ number }) => number);
  assert.deepEqual(numbers, Array.from({ length: writers }, (_, i) => writers - i));
});

test('a profile shows members a name, initials and the day of joining, and nothing more; guests are asked to log in', async () => {
  const [[id]] = await sql(`select id from users where email = '${author.email}'`);
  const page = await other.client.get(`/members/${id}`);
  assertKoreanPage(page, 200);
  assert.match(page.headers['x-robots-tag'], /noindex/);
  assert.ok(page.text.includes(author.name));
  assert.match(page.text, /class="avatar-large"><span class="avatar"[^>]*>시</);
  assert.match(page.text, /가입일<\/dt><dd>\d{4}\. \d{1,2}\. \d{1,2}\./);
  assert.ok(!page.text.includes(author.email));
  assert.match((await author.client.get(`/members/${id}`)).text, /<a class="button" href="\/my">/);
  assertKoreanPage(await author.client.get('/members/987654321'), 404);
  for (const one of [id, '987654321']) {
    const asked = await guest.get(`/members/${one}`);
    assert.equal(asked.location, `/login?next=${encodeURIComponent(`/members/${one}`)}`);
    assert.ok(!asked.text.includes(author.name));
  }
});

test('a new name is everywhere at once: profile, posts, home and header', async () => {
  const { client, email } = await newMember();
  const post = await write({ client });
  const [[id]] = await sql(`select id from users where email = '${email}'`);
  const servers = await atEachServer(client);
  await Promise.all(servers.flatMap((server) => [server.get(`/members/${id}`), server.get('/')]));
  const name = `바뀐${randomUUID().slice(0, 6)}`;
  assert.equal((await client.post('/my/name', { form: { name } })).location, '/my');
  for (const server of servers) {
    for (const path of [`/members/${id}`, post.path, '/my', '/']) await soon(async () => assert.ok((await server.get(path)).text.includes(name), path));
  }
});

test('a new password counts from then on, and needs the old one', async () => {
  const { client, email } = await newMember();
  const send = (form) => client.post('/my/password', { form });
  const next = 'another-password';
  const wrong = await send({ current: 'not-it', password: next, password_again: next });
  assertKoreanPage(wrong, 422);
  assert.match(wrong.text, /id="current-error"/);
  const differs = await send({ current: password, password: next, password_again: 'x' });
  assert.match(differs.text, /id="password_again-error"/);
  assert.equal((await send({ current: password, password: next, password_again: next })).location, '/my');
  assertKoreanPage(await visitor().post('/login', { form: { email, password } }), 401);
  await logIn(email, { secret: next });
});

test('the menu shows the boards that the viewer may read, and other boards do not open', async () => {
  const [[slug]] = await sql('select slug from boards where read_role = 2 order by id limit 1');
  const [[post]] = await sql(`select p.id from posts p join boards b on b.id = p.board_id where b.slug = '${slug}' and p.visible limit 1`);
  const staff = await logIn('staff@minschool.test');
  assert.ok(menuOf((await staff.get('/')).text).includes(slug));
  assert.equal((await staff.get(`/boards/${slug}/${post}`)).status, 200);
  for (const client of [guest, author.client]) {
    const menu = menuOf((await client.get('/')).text);
    assert.ok(menu.includes('free') && !menu.includes(slug));
  }
  for (const path of [`/boards/${slug}`, `/boards/${slug}/${post}`]) {
    const closed = await guest.get(path);
    assertKoreanPage(closed, 404);
    assert.ok(closed.text.includes(`href="/login?next=${encodeURIComponent(path)}"`), 'a guest may log in and come back');
    assertKoreanPage(await author.client.get(path), 404);
  }
  assertKoreanPage(await author.client.post(`/posts/${post}/comments`, { form: { content: '몰래' } }), 404);
  await staff.post('/logout');
});

test('guests and other members can neither edit nor delete a post', async () => {
  const post = await write();
  const id = await comment(author, post, '내 댓글');
  const form = { title: '빼앗은 글', content: '빼앗은 글' };
  for (const path of [`${post.path}/edit`, `${post.path}/delete`, `/comments/${id}/edit`, `/comments/${id}/delete`]) {
    assertKoreanPage(await other.client.post(path, { form }), 403);
    assertKoreanPage(await guest.post(path, { form }), 401);
  }
  // Under another board's address it is the same post.
  assertKoreanPage(await other.client.post(`/boards/qna/${post.id}/edit`, { form }), 403);
  for (const path of [`${post.path}/edit`, `/comments/${id}/edit`]) {
    assertKoreanPage(await other.client.get(path), 403);
    assert.match((await guest.get(path)).location, /^\/login\?next=/);
  }
  const page = (await other.client.get(post.path)).text;
  assert.ok(page.includes(post.title) && page.includes('내 댓글') && !page.includes('빼앗은 글'));
  assert.ok(!page.includes(`${post.path}/edit`) && !page.includes(`/comments/${id}/delete`));
});

test('only staff write on a board that members may only read', async () => {
  assertKoreanPage(await author.client.get('/boards/notice/write'), 403);
  assertKoreanPage(await author.client.post('/boards/notice/write', { form: { title: '공지', content: '공지' } }), 403);
  assert.equal((await guest.get(`${free}/write`)).location, `/login?next=${encodeURIComponent(`${free}/write`)}`);
  assertKoreanPage(await guest.post(`${free}/write`, { form: { title: '글', content: '글' } }), 401);
  // A member's check box for a notice is ignored.
  const post = await author.client.post(`${free}/write`, { form: { title: '공지인 척', content: '본문', notice: '1' } });
  assert.doesNotMatch((await guest.get(post.location)).text, /<h1><span class="badge/);
  const staff = await logIn('staff@minschool.test');
  const title = `공지 ${randomUUID()}`;
  const pinned = await staff.post('/boards/notice/write', { form: { title, content: '본문', notice: '1' } });
  const [first] = (await guest.get('/boards/notice')).text.match(/<tr class="row row-pinned">[^]*?<\/tr>/g);
  assert.ok(first.includes(title));
  await staff.post(`${pinned.location}/delete`);
  await staff.post('/logout');
});

test('missing pages are answered in Korean', async () => {
  for (const path of ['/nothing', '/boards/none', '/boards/free/987654321', '/boards/free/0', '/boards/free/x', '/members/x', '/members/0', '/comments/987654321', '/boards/free/99999999999999999999', '/boards/', '/%FF%FE', '/boards/%00']) {
    const answer = await author.client.get(path);
    assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
    assertKoreanPage(answer, answer.status);
  }
  assertKoreanPage(await author.client.request('PUT', '/'), 405);
});
