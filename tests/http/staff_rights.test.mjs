// What staff may see and do in the Admin: the board's right to read holds there too, what an author deleted stays theirs,
// and every act on others, and every access to members' data, is in the audit log.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { assertKoreanPage, eventually } from '../support/assert.mjs';
import { adminUrl } from '../support/client.mjs';
import { atEachServer, logIn, newMember } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const reason = '시험으로 처리합니다';
const mark = randomUUID().slice(0, 8);
const author = await newMember();
const [[authorId]] = await sql(`select id from users where email = '${author.email}'`);
const admin = await logIn('admin@minschool.test', { base: adminUrl });
const staff = await logIn('staff@minschool.test', { base: adminUrl });
const staffOnSite = await logIn('staff@minschool.test');

async function newBoard(name, readRole) {
  const slug = `${name}-${mark}`;
  const [[id]] = await sql(`insert into boards (slug, name, position, on_home, read_role) values ('${slug}', '${slug}', 900, false, ${readRole}) returning id`);
  return { id, slug };
}
async function newPost(board, title = `비밀 ${mark}`) {
  const [[post]] = await sql(`with next as (update boards set last_number = last_number + 1 where id = ${board.id} returning last_number)
    insert into posts (board_id, number, author_id, title, content, content_html) select ${board.id}, last_number, ${authorId}, '${title}', '본문 ${mark}', '<p>본문 ${mark}</p>' from next returning id`);
  const [[comment]] = await sql(`insert into comments (post_id, author_id, content, content_html) values (${post}, ${authorId}, '댓글 ${mark}', '<p>댓글 ${mark}</p>') returning id`);
  return { post, comment };
}
const audits = async (where) => sql(`select actor_id, action, reason, detail from audit_log where ${where} order by id`);
const closed = await newBoard('closed', 3);
const open = await newBoard('open', 0);

before(async () => {
  await sql(`select pg_notify('boards', '')`);
  for (const server of await atEachServer(author.client)) {
    await eventually(async () => (await server.get(`/boards/${open.slug}`)).status === 200, 'the board');
  }
});
after(() => sql(`update boards set read_role = 3 where id in (${closed.id}, ${open.id}); select pg_notify('boards', '')`));

test('staff find, read and change nothing of a board that only admins may read', async () => {
  const { post, comment } = await newPost(closed);
  const q = encodeURIComponent(mark);
  for (const path of ['/posts', '/comments', `/posts?q=${q}`, `/comments?q=${q}`, `/posts?board=${closed.id}`, `/comments?board=${closed.id}`,
    `/comments?post=${post}`, '/audit', '/boards']) {
    const page = await staff.get(path);
    assertKoreanPage(page, 200);
    // The list of one post's comments leads back to the number that was asked for, whether there is such a post or not.
    for (const trace of [...(path === `/comments?post=${post}` ? [] : [`href="/posts/${post}"`]), `href="/comments/${comment}"`, `비밀 ${mark}`, closed.slug]) {
      assert.ok(!page.text.replace(/<input[^>]*>/g, '').includes(trace), `${path}: ${trace}`);
    }
  }
  assert.ok((await admin.get(`/posts?q=${q}`)).text.includes(`href="/posts/${post}"`));
  assert.ok((await admin.get(`/comments?q=${q}`)).text.includes(`href="/comments/${comment}"`));
  assertKoreanPage(await staff.get(`/posts/${post}`), 404);
  assertKoreanPage(await staff.get(`/comments/${comment}`), 404);
  const state = () => sql(`select hidden_at, deleted_at from posts where id = ${post} union all select hidden_at, deleted_at from comments where id = ${comment}`);
  const untouched = await state();
  for (const act of ['hide', 'restore', 'delete']) {
    for (const path of [`/posts/${post}/${act}`, `/comments/${comment}/${act}`]) {
      assertKoreanPage(await staff.post(path, { form: { reason } }), 404);
    }
    for (const [path, chosen] of [['/posts/bulk', post], ['/comments/bulk', comment]]) {
      assertKoreanPage(await staff.post(path, { form: { act, chosen, reason } }), 409);
    }
  }
  assert.deepEqual(await state(), untouched);
  // The log's entry of an admin's act reveals nothing to staff either.
  for (const path of [`/posts/${post}`, `/comments/${comment}`]) {
    assert.equal((await admin.post(`${path}/hide`, { form: { reason: `이유 ${mark}` } })).status, 303);
  }
  const traces = [`비밀 ${mark}`, `댓글 ${mark}`, `이유 ${mark}`, `href="/posts/${post}"`, `href="/comments/${comment}"`];
  const [page, all] = [(await staff.get('/audit')).text, (await admin.get('/audit')).text];
  for (const trace of traces) assert.ok(!page.includes(trace) && all.includes(trace), trace);
});

test('the log links a board only for those who may open its page', async () => {
  const { id } = await newBoard('linked', 0);
  assert.equal((await admin.post(`/boards/${id}/move`, { form: { to: 'up' } })).status, 303);
  assertKoreanPage(await staff.get(`/boards/${id}`), 403);
  const page = (await staff.get('/audit')).text;
  assert.ok(page.includes(`게시판 ${id}`) && !page.includes(`href="/boards/${id}"`));
  assert.ok((await admin.get('/audit')).text.includes(`href="/boards/${id}"`));
  await sql(`update boards set read_role = 3 where id = ${id}; select pg_notify('boards', '')`);
});

test('content that its author deleted is neither shown to staff nor restored by them', async () => {
  for (const who of [staff, admin]) {
    const { post, comment } = await newPost(open, `내 글 ${mark}`);
    assert.equal((await author.client.post(`/comments/${comment}/delete`)).status, 303);
    assert.equal((await author.client.post(`/boards/${open.slug}/${post}/delete`)).status, 303);
    for (const path of [`/posts/${post}`, `/comments/${comment}`]) {
      const page = await who.get(path);
      assertKoreanPage(page, 200);
      assert.ok(!page.text.includes(`내 글 ${mark}`) && !page.text.includes(`본문 ${mark}`) && !page.text.includes(`댓글 ${mark}`), path);
      assertKoreanPage(await who.post(`${path}/restore`, { form: { reason } }), 409);
    }
    assert.ok(!(await who.get(`/posts?q=${encodeURIComponent(`내 글 ${mark}`)}`)).text.includes(`href="/posts/${post}"`));
    assert.deepEqual(await sql(`select visible from posts where id = ${post} union all select visible from comments where id = ${comment}`), [['f'], ['f']]);
  }
  const { post } = await newPost(open);
  for (const act of ['delete', 'restore', 'hide', 'restore']) {
    assert.equal((await staff.post(`/posts/${post}/${act}`, { form: { reason } })).status, 303, act);
  }
  assert.deepEqual(await sql(`select visible from posts where id = ${post}`), [['t']]);
});

test('the audit log hides content that its author deleted after an act of staff', async () => {
  const { post, comment } = await newPost(open, `거둔 글 ${mark}`);
  const why = `사유 ${randomUUID()}`;
  for (const act of ['hide', 'restore']) {
    for (const path of [`/posts/${post}`, `/comments/${comment}`]) {
      assert.equal((await staff.post(`${path}/${act}`, { form: { reason: why } })).status, 303);
    }
  }
  const taken = [`거둔 글 ${mark}`, `댓글 ${mark}`];
  const lines = async (who) => (await who.get('/audit')).text.split('<tr>').filter((line) => line.includes(why)).join('');
  const before = await lines(staff);
  for (const text of taken) assert.ok(before.includes(text), text);
  assert.equal((await author.client.post(`/comments/${comment}/delete`)).status, 303);
  assert.equal((await author.client.post(`/boards/${open.slug}/${post}/delete`)).status, 303);
  for (const who of [staff, admin]) {
    for (const page of [await lines(who), (await who.get(`/posts/${post}`)).text, (await who.get(`/comments/${comment}`)).text]) {
      assert.ok(page.includes(why), 'the act itself');
      for (const text of taken) assert.ok(!page.includes(text), text);
    }
  }
});

test('content that staff delete on the Site is in the audit log with the reason, and can be restored', async () => {
  const [[staffId]] = await sql(`select id from users where email = 'staff@minschool.test'`);
  const one = await newPost(open);
  assert.equal((await staffOnSite.post(`/comments/${one.comment}/delete`, { form: { reason: '광고' } })).status, 303);
  assert.equal((await staffOnSite.post(`/boards/${open.slug}/${one.post}/delete`, { form: { reason: ' 도배 ' } })).status, 303);
  assert.deepEqual(await audits(`subject_kind = 'comment' and subject_id = ${one.comment}`), [[staffId, 'delete', '광고', `댓글 ${mark}`]]);
  assert.deepEqual(await audits(`subject_kind = 'post' and subject_id = ${one.post}`), [[staffId, 'delete', '도배', `비밀 ${mark}`]]);
  assert.equal((await staff.post(`/posts/${one.post}/restore`, { form: { reason } })).status, 303);

  // Without a reason, and by the API, the log says where it was done.
  const two = await newPost(open);
  assert.equal((await staffOnSite.post(`/comments/${two.comment}/delete`)).status, 303);
  assert.equal((await staffOnSite.delete(`/api/v1/posts/${two.post}`)).status, 204);
  for (const where of [`subject_kind = 'comment' and subject_id = ${two.comment}`, `subject_kind = 'post' and subject_id = ${two.post}`]) {
    const [[actor, action, why]] = await audits(where);
    assert.deepEqual([actor, action], [staffId, 'delete']);
    assert.match(why, /[가-힣]/);
  }
  // A reason that is too long is refused, and nothing is deleted.
  const three = await newPost(open);
  assertKoreanPage(await staffOnSite.post(`/boards/${open.slug}/${three.post}/delete`, { form: { reason: '가'.repeat(201) } }), 422);
  assert.deepEqual(await sql(`select visible from posts where id = ${three.post}`), [['t']]);
  // Authors give no reason and leave no line.
  assert.equal((await author.client.post(`/boards/${open.slug}/${three.post}/delete`)).status, 303);
  assert.deepEqual(await audits(`subject_kind = 'post' and subject_id = ${three.post}`), []);
});

test('an access to a member’s data is in the audit log once an hour for each of the staff', async () => {
  const where = `subject_kind = 'member' and subject_id = ${authorId} and action = 'look'`;
  for (let i = 0; i < 3; i++) assertKoreanPage(await staff.get(`/members/${authorId}`), 200);
  assert.equal((await audits(where)).length, 1);
  assertKoreanPage(await admin.get(`/members/${authorId}`), 200);
  assert.equal((await audits(where)).length, 2);
  await sql(`update audit_log set at = at - interval '2 hours' where ${where}`);
  assertKoreanPage(await staff.get(`/members/${authorId}`), 200);
  assert.equal((await audits(where)).length, 3);
  const lists = `subject_kind = 'member' and subject_id = 0 and action = 'look' and detail = '${author.name}'`;
  for (let i = 0; i < 2; i++) assertKoreanPage(await staff.get(`/members?q=${encodeURIComponent(author.name)}`), 200);
  assert.equal((await audits(lists)).length, 1);
  assertKoreanPage(await admin.get('/audit'), 200);
});
