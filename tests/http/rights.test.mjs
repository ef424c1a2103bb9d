// Rights are checked inside the write: PostgreSQL's state at the commit decides, not the server's cache at the request. The tests
// change PostgreSQL without notifying the servers, as between the check and the commit.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';

import { eventually } from '../support/assert.mjs';
import { adminUrl } from '../support/client.mjs';
import { atEachServer, logIn, newMember, visitor } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const slug = `rights-${randomUUID().slice(0, 8)}`;
const name = `권한 ${slug}`;
const reason = '시험으로 처리합니다';
const [[board]] = await sql(`insert into boards (slug, name, position, on_home) values ('${slug}', '${name}', 900, false) returning id`);
await sql(`select pg_notify('boards', '')`);
const author = await newMember();
const other = await newMember();
const [[authorId]] = await sql(`select id from users where email = '${author.email}'`);
const [[otherId]] = await sql(`select id from users where email = '${other.email}'`);

/** Everything that a write of these tests could change. */
const stored = async () => (await sql(`
  select md5(string_agg(t, '|' order by t)) from (
    select p::text from posts p where board_id = ${board}
    union all select c::text from comments c join posts p on p.id = c.post_id where p.board_id = ${board}
    union all select l::text from post_likes l join posts p on p.id = l.post_id where p.board_id = ${board}
    union all select l::text from comment_likes l join comments c on c.id = l.comment_id join posts p on p.id = c.post_id where p.board_id = ${board}
    union all select f::text from board_follows f where board_id = ${board}
    union all select b.slug || b.name || b.position || b.description from boards b where id = ${board}
    union all select u.id || u.name || u.muted_notifications || u.hides_presence || u.password_hash from users u where id in (${authorId}, ${otherId})
    union all select count(*)::text from audit_log where action <> 'look') as rows (t)`))[0][0];

let post;
let commentId;

/** Changes PostgreSQL without triggers, so that no server is notified. */
const withoutTriggers = (statements) => sql(`set session_replication_role = replica; ${statements}`);

// Rows of an older renderer would be rendered again by the programs, which is a change, too.
const [[renderer]] = await sql('select max(renderer) from posts');

/** Brings the servers up to date with PostgreSQL, and gives the author a post and a comment. */
async function fresh() {
  await sql(`update boards set read_role = 0, write_role = 1, comment_role = 1 where id = ${board};
    update users set suspended_until = null, role = 1 where id in (${authorId}, ${otherId});
    select pg_notify('boards', ''), pg_notify('members', '${authorId}'), pg_notify('members', '${otherId}')`);
  [[post]] = await sql(`with next as (update boards set last_number = last_number + 1 where id = ${board} returning last_number)
    insert into posts (board_id, number, author_id, title, content, renderer)
    select ${board}, last_number, ${authorId}, '제목', '본문', ${renderer} from next returning id`);
  [[commentId]] = await sql(`insert into comments (post_id, author_id, content, content_html, renderer)
    values (${post}, ${authorId}, '댓글', '댓글', ${renderer}) returning id`);
}

const api = (method, path, json) => (who) => who.request(method, `/api/v1${path}`, json === undefined ? {} : { json });
const form = (path, fields = {}) => (who) => who.post(path, { form: fields });
const texts = { title: '새 제목', content: '새 본문' };

const commenting = () => [
  ['a comment by the API', api('POST', `/posts/${post}/comments`, { content: '새 댓글' })],
  ['a reply by a form', form(`/posts/${post}/comments`, { content: '새 댓글', parent_id: commentId })],
  ['an edited comment', form(`/comments/${commentId}/edit`, { content: '고친 댓글' })],
];
const posting = () => [
  ['a post by a form', form(`/boards/${slug}/write`, texts)],
  ['a post by the API', api('POST', `/boards/${slug}/posts`, texts)],
  ['an edited post by a form', form(`/boards/${slug}/${post}/edit`, texts)],
  ['an edited post by the API', api('PATCH', `/posts/${post}`, texts)],
];
const removing = () => [
  ['a removed comment', form(`/comments/${commentId}/delete`)],
  ['a removed post by a form', form(`/boards/${slug}/${post}/delete`)],
  ['a removed post by the API', api('DELETE', `/posts/${post}`)],
];
const liking = () => [
  ['a like of a post', form(`/posts/${post}/like`)],
  ['a like of a post by the API', api('PUT', `/posts/${post}/like`)],
  ['a like of a comment', form(`/comments/${commentId}/like`)],
  ['a like of a comment by the API', api('PUT', `/comments/${commentId}/like`)],
];
const below = () => [...commenting(), liking().at(0), liking().at(2), removing().at(0)];
const own = () => [
  ['a new name', form('/my/name', { name: '다른이름' })],
  ['a new password', form('/my/password', { current: 'minschool-demo', password: 'another-secret-9', password_again: 'another-secret-9' })],
  ['presence', form('/my/presence', { hidden: '1' })],
  ['settings of notifications', form('/my/notifications')],
  ['all notifications read', form('/notifications/read', { up_to: '99' })],
];

/** Each write is refused with this status and changes nothing. */
async function refused(status, writes, change, who = author.client) {
  for (let i = 0; i < writes().length; i++) {
    await fresh();
    const [what, write] = writes()[i];
    // So that this server has cached the object of the write, and would not read it again.
    await who.get(`/boards/${slug}/${post}`);
    await withoutTriggers(change());
    const before = await stored();
    const answer = await write(who);
    const asked = answer.location?.startsWith('/login') ? 401 : answer.status;  // a like leads a guest to the login
    assert.ok([status].flat().includes(asked), `${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
    assert.equal(await stored(), before, what);
  }
}

beforeEach(fresh);
after(() => sql(`update boards set read_role = 3 where id = ${board}; select pg_notify('boards', '');
  update users set suspended_until = null, role = 1 where id in (${authorId}, ${otherId}); select pg_notify('members', '')`));

test('a member who may no longer comment neither writes nor edits a comment', () =>
  refused(403, commenting, () => `update boards set comment_role = 3 where id = ${board}`));

test('a member who may no longer write posts neither writes nor edits one', () =>
  refused(403, posting, () => `update boards set write_role = 3 where id = ${board}`));

test('on a board that is closed for reading nothing is written', () =>
  refused(404, () => [...commenting(), ...posting(), ...removing(), ...liking(), ['a follow', form(`/boards/${slug}/follow`)]],
    () => `update boards set read_role = 3 where id = ${board}`));

// 401 when the server has read the account again.
test('a suspended member writes nothing', () =>
  refused([401, 403], () => [...commenting(), ...posting(), ...removing(), ...liking(), ...own(), ['a follow', form(`/boards/${slug}/follow`)]],
    () => `update users set suspended_until = now() + interval '1 day' where id = ${authorId}`));

for (const column of ['hidden_at', 'deleted_at']) {
  test(`below a post with ${column} nothing is written`, () =>
    refused(404, below, () => `update posts set ${column} = now() where id = ${post}`));
  test(`of a comment with ${column} nothing is changed`, () =>
    refused(404, () => below().slice(1).filter(([what]) => what !== 'a like of a post'),
      () => `update comments set ${column} = now() where id = ${commentId}`));
}

test('a former moderator deletes nothing of others', async () => {
  await sql(`update users set role = 2 where id = ${otherId}; select pg_notify('members', '${otherId}')`);
  for (const [, write] of removing()) {
    await fresh();
    await sql(`update users set role = 2 where id = ${otherId}; select pg_notify('members', '${otherId}')`);
    await other.client.get(`/boards/${slug}/${post}`);
    await withoutTriggers(`update users set role = 1 where id = ${otherId}`);
    const before = await stored();
    assert.equal((await write(other.client)).status, 403);
    assert.equal(await stored(), before);
  }
});

test('acts of former staff change nothing', async () => {
  const acts = () => [
    [`/posts/${post}/hide`, { reason }], [`/posts/${post}/delete`, { reason }], ['/posts/bulk', { act: 'hide', chosen: post, reason }],
    [`/comments/${commentId}/hide`, { reason }], [`/comments/${commentId}/delete`, { reason }], ['/comments/bulk', { act: 'hide', chosen: commentId, reason }],
    [`/members/${authorId}/suspend`, { period: '1', reason }], [`/members/${authorId}/lift`, { reason }], [`/members/${authorId}/role`, { role: 'staff', reason }],
    [`/boards/${board}`, { slug, name: '다른 이름', description: '', read_role: 'guest', write_role: 'member', comment_role: 'member' }],
    [`/boards/${board}/move`, { to: 'up' }],
    ['/boards/new', { slug: `${slug}-b`, name: '새 게시판', description: '', read_role: 'guest', write_role: 'member', comment_role: 'member' }],
    ['/servers/1/rest', { reason }],
  ];
  await sql(`update users set role = 3 where id = ${otherId}; select pg_notify('members', '${otherId}')`);
  const admin = await logIn(other.email, { base: adminUrl });
  for (let i = 0; i < acts().length; i++) {
    await fresh();
    const [path, fields] = acts()[i];
    await sql(`update users set role = 3 where id = ${otherId}; select pg_notify('members', '${otherId}')`);
    assert.equal((await admin.get('/boards')).status, 200);
    await withoutTriggers(`update users set role = 1 where id = ${otherId}`);
    const before = await stored();
    const answer = await admin.post(path, { form: fields });
    assert.equal(answer.status, 403, `${path}: ${answer.text.slice(0, 200)}`);
    assert.equal(await stored(), before, path);
  }
});

/** Statements in a transaction that stays open for a while: `held` when they are carried out, `done` when committed. */
function held(statements) {
  const key = 7_000_000 + Number(board);
  const done = sql(`begin; ${statements}; select pg_advisory_xact_lock(${key}); select pg_sleep(0.7); commit`);
  const locked = async () => (await sql(`select objid from pg_locks where locktype = 'advisory' and objid = ${key}`)).length > 0;
  return { done, held: eventually(locked, 'the change') };
}

test('a concurrent change of a role is not overwritten', async () => {
  const admin = await logIn('admin@minschool.test', { base: adminUrl });
  const before = await stored();
  const change = held(`update users set role = 2 where id = ${otherId}`);
  await change.held;
  const answer = await admin.post(`/members/${otherId}/role`, { form: { role: 'admin', reason } });
  await change.done;
  assert.equal(answer.status, 409, answer.text.slice(0, 200));
  assert.deepEqual(await sql(`select role from users where id = ${otherId}`), [['2']]);
  assert.equal(await stored(), before);
});

test('a write waits for a concurrent change of rights, which then refuses it', async () => {
  const before = await stored();
  const change = held(`update boards set comment_role = 3 where id = ${board}`);
  await change.held;
  const answer = await author.client.post(`/posts/${post}/comments`, { form: { content: '늦은 댓글' } });
  await change.done;
  assert.equal(answer.status, 403);
  assert.equal(await stored(), before);
});

test('closed and missing pages get the same answer', async () => {
  const guest = visitor();
  const unknown = '987654321';
  await sql(`update boards set read_role = 3 where id = ${board}; select pg_notify('boards', '')`);
  for (const server of await atEachServer(guest)) {
    await eventually(async () => (await server.get(`/boards/${slug}`)).status === 404, 'the closed board');
  }
  await author.client.get('/');  // shows and removes the welcome message
  for (const who of [guest, author.client]) {
    const pairs = [
      ['GET', `/boards/${slug}`, '/boards/no-such-board'], ['GET', `/boards/${slug}?page=2`, '/boards/no-such-board?page=2'],
      ['GET', `/boards/${slug}/${post}`, `/boards/${slug}/${unknown}`], ['GET', `/boards/free/${post}`, `/boards/free/${unknown}`],
      ['GET', `/boards/${slug}/write`, '/boards/no-such-board/write'], ['GET', `/boards/${slug}/${post}/edit`, `/boards/${slug}/${unknown}/edit`],
      ['GET', `/comments/${commentId}`, `/comments/${unknown}`], ['GET', `/comments/${commentId}/edit`, `/comments/${unknown}/edit`],
      ['GET', `/api/v1/posts/${post}`, `/api/v1/posts/${unknown}`], ['GET', `/api/v1/posts/${post}/comments`, `/api/v1/posts/${unknown}/comments`],
      ['GET', `/api/v1/boards/${slug}/posts`, '/api/v1/boards/no-such-board/posts'],
      ['GET', `/events?topics=p${post}:0`, `/events?topics=p${unknown}:0`], ['GET', `/events?topics=b${board}:0`, `/events?topics=b${unknown}:0`],
      ['POST', `/posts/${post}/like`, `/posts/${unknown}/like`], ['POST', `/comments/${commentId}/unlike`, `/comments/${unknown}/unlike`],
      ['PUT', `/api/v1/posts/${post}/like`, `/api/v1/posts/${unknown}/like`], ['PUT', `/api/v1/comments/${commentId}/like`, `/api/v1/comments/${unknown}/like`],
      ['POST', `/boards/${slug}/follow`, '/boards/no-such-board/follow'], ['POST', `/boards/${slug}/unfollow`, '/boards/no-such-board/unfollow'],
      ['POST', `/boards/${slug}/write`, '/boards/no-such-board/write'], ['POST', `/boards/${slug}/${post}/delete`, `/boards/${slug}/${unknown}/delete`],
      ['POST', `/posts/${post}/comments`, `/posts/${unknown}/comments`], ['POST', `/comments/${commentId}/delete`, `/comments/${unknown}/delete`],
      ['POST', `/comments/${commentId}/edit`, `/comments/${unknown}/edit`],
      ['DELETE', `/api/v1/posts/${post}`, `/api/v1/posts/${unknown}`],
    ];
    for (const [method, closed, gone] of pairs) {
      const fields = method === 'GET' || closed.startsWith('/api') ? {} : { form: { title: '글', content: '글' } };
      const [one, two] = [await who.request(method, closed, fields), await who.request(method, gone, fields)];
      const plain = ({ text }) => (/<main[^]*<\/main>/.exec(text)?.[0] ?? text).replaceAll(post, 'ID').replaceAll(commentId, 'ID').replaceAll(unknown, 'ID')
        .replaceAll(slug, 'SLUG').replaceAll('no-such-board', 'SLUG').replace(/[\w-]{16,}/g, '');
      assert.equal(one.status, two.status, `${method} ${closed}`);
      assert.equal(one.location, two.location, `${method} ${closed}`);
      assert.equal(plain(one), plain(two), `${method} ${closed}`);
    }
    const json = { title: '글', content: '글' };
    assert.equal((await who.patch(`/api/v1/posts/${post}`, { json })).status, (await who.patch(`/api/v1/posts/${unknown}`, { json })).status);
    assert.equal((await who.post(`/api/v1/boards/${slug}/posts`, { json })).status, 404);
  }
});
