// A repeated request whose object is gone or has another address: every write route answers, without a wrong statement and
// without a second write.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';

import { eventually } from '../support/assert.mjs';
import { adminUrl } from '../support/client.mjs';
import { atEachServer, logIn, newMember } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const reason = '시험으로 처리합니다';
const author = await newMember();
const other = await newMember();
const admin = await logIn('admin@minschool.test', { base: adminUrl });
const [[authorId]] = await sql(`select id from users where email = '${author.email}'`);

const made = [];
after(() => erased(made));

/** That many boards, each with a post and a comment of the author's. */
async function subjects(count) {
  const begin = `replay-${randomUUID().slice(0, 8)}`;
  const rows = await sql(`
    create temporary table made as
      with b as (insert into boards (slug, name, position, on_home, last_number)
                 select '${begin}-' || i, '반복 ' || i, 900, false, 1 from generate_series(1, ${count}) i returning id, slug),
           p as (insert into posts (board_id, number, author_id, title, content)
                 select id, 1, ${authorId}, '제목', '본문' from b returning id, board_id)
      select b.id, b.slug, p.id as post from b join p on p.board_id = b.id;
    select pg_notify('boards', '');
    with c as (insert into comments (post_id, author_id, content, content_html)
               select post, ${authorId}, '댓글', '댓글' from made returning id, post_id)
    select m.id, m.slug, m.post, c.id from made m join c on c.post_id = m.post`);
  made.push(...rows.map(([id, , post]) => ({ id, post })));
  await known(rows[0][1]);
  return rows.map(([id, slug, post, comment]) => ({ id, slug, post, comment }));
}

/** Waits until every server has the board's address. */
async function known(slug) {
  for (const server of await atEachServer(author.client)) {
    await eventually(async () => (await server.get(`/boards/${slug}`)).status === 200, slug);
  }
}

/** Deletes all rows of the boards and their content. */
const erased = (all) => sql(`set session_replication_role = replica;
  create temporary table gone as select id from posts where board_id in (${ids(all, 'id')});
  delete from notifications where post_id in (select id from gone); delete from post_likes where post_id in (select id from gone);
  delete from comment_likes where comment_id in (select id from comments where post_id in (select id from gone));
  delete from comments where post_id in (select id from gone); delete from post_counters where board_id in (${ids(all, 'id')});
  delete from board_follows where board_id in (${ids(all, 'id')}); delete from post_places where board_id in (${ids(all, 'id')});
  delete from board_addresses where board_id in (${ids(all, 'id')});
  delete from posts where id in (select id from gone); delete from boards where id in (${ids(all, 'id')});
  select pg_notify('boards', '')`);

const ids = (all, name) => all.map((one) => one[name]).join();
const changes = {
  'its board has another address': async (all) => {
    await sql(`update boards set slug = slug || '-new' where id in (${ids(all, 'id')}); select pg_notify('boards', '')`);
    await known(`${all.at(-1).slug}-new`);
  },
  'its board is closed': (all) => sql(`update boards set read_role = 3 where id in (${ids(all, 'id')}); select pg_notify('boards', '')`),
  'its post is gone': (all) => sql(`update posts set deleted_at = now() where id in (${ids(all, 'post')})`),
  'its comment is gone': (all) => sql(`update comments set deleted_at = now() where id in (${ids(all, 'comment')})`),
  // No program does that; somebody with psql may.
  'all of it is erased': (all) => erased(all),
};

const texts = { title: '새 제목', content: '새 본문' };
const site = (path, fields = {}) => ({ who: author.client, method: 'POST', path, form: fields });
const api = (method, path, json) => ({ who: author.client, method, path: `/api/v1${path}`, json });
const staff = (path, fields = {}) => ({ who: admin, method: 'POST', path, form: { reason, ...fields } });

/** Every write that is about a board, a post or a comment. */
const writes = ({ id, slug, post, comment }) => [
  site(`/boards/${slug}/follow`), site(`/boards/${slug}/follow`, { next: '/my/notifications' }), site(`/boards/${slug}/unfollow`),
  site(`/boards/${slug}/write`, texts), site(`/boards/${slug}/${post}/edit`, texts), site(`/boards/${slug}/${post}/delete`),
  site(`/posts/${post}/comments`, { content: '새 댓글' }), site(`/posts/${post}/comments`, { content: '답글', parent_id: comment }),
  site(`/comments/${comment}/edit`, { content: '고친 댓글' }), site(`/comments/${comment}/delete`),
  site(`/posts/${post}/like`), site(`/posts/${post}/unlike`), site(`/comments/${comment}/like`), site(`/comments/${comment}/unlike`),
  api('POST', `/boards/${slug}/posts`, texts), api('PATCH', `/posts/${post}`, texts), api('DELETE', `/posts/${post}`),
  api('POST', `/posts/${post}/comments`, { content: '새 댓글' }),
  api('PUT', `/posts/${post}/like`), api('DELETE', `/posts/${post}/like`), api('PUT', `/comments/${comment}/like`), api('DELETE', `/comments/${comment}/like`),
  staff(`/posts/${post}/hide`), staff(`/posts/${post}/delete`), staff('/posts/bulk', { act: 'hide', chosen: post }),
  staff(`/comments/${comment}/hide`), staff(`/comments/${comment}/delete`), staff('/comments/bulk', { act: 'hide', chosen: comment }),
  staff(`/boards/${id}`, { slug, name: '이름', description: '', read_role: 'guest', write_role: 'member', comment_role: 'member' }),
  staff(`/boards/${id}/move`, { to: 'up' }),
];

const workers = async () => (await Promise.all((await atEachServer(author.client)).map((server) => server.get('/health')))).map(({ status }) => status);
const written = async (all) => (await sql(`select count(*), md5(string_agg(t, '|' order by t)) from (
  select p.id || p.title || p.content from posts p where board_id in (${ids(all, 'id')})
  union all select c.id || c.content from comments c join posts p on p.id = c.post_id where p.board_id in (${ids(all, 'id')})) as rows (t)`))[0];

function send({ who, method, path, form, json }, key) {
  const options = form ? { form: { ...form, once: key } } : { json, headers: { 'idempotency-key': key } };
  return who.request(method, path, options);
}

for (const [what, change] of Object.entries(changes)) {
  test(`a repetition is answered when ${what}`, async () => {
    const all = await subjects(writes({}).length);
    const sent = [];
    for (const [i, subject] of all.entries()) {
      const [write, key] = [writes(subject)[i], randomUUID()];
      const first = await send(write, key);
      assert.ok([200, 201, 204, 303].includes(first.status), `${write.method} ${write.path}: ${first.status} ${first.text.slice(0, 200)}`);
      sent.push({ write, key, first });
    }
    await change(all);
    const before = await written(all);
    for (const { write, key, first } of sent) {
      const again = await send(write, key);
      const statuses = `${write.method} ${write.path}: ${first.status}, then ${again.status}`;
      if (what.includes('address')) assert.equal(again.status, first.status, statuses);
      else assert.ok(again.status === first.status || again.status === 404, statuses);
    }
    assert.deepEqual(await written(all), before, 'nothing is written again');
    assert.deepEqual(await workers(), [200, 200, 200]);
  });
}

test('a repetition about or by a deleted member is answered', async () => {
  const gone = await newMember();
  const [[id]] = await sql(`select id from users where email = '${gone.email}'`);
  const own = [site('/my/name', { name: '다른이름' }), site('/my/presence', { hidden: '1' }), site('/my/notifications'),
    site('/notifications/read', { up_to: '9' })].map((write) => ({ ...write, who: gone.client }));
  const acts = [staff(`/members/${id}/role`, { role: 'staff' }), staff(`/members/${id}/suspend`, { period: '1' }), staff(`/members/${id}/lift`)];
  const sent = [];
  for (const write of [...own, ...acts]) {
    const key = randomUUID();
    assert.equal((await send(write, key)).status, 303, write.path);
    sent.push([write, key]);
  }
  await sql(`delete from notification_counts where user_id = ${id}; delete from users where id = ${id}; select pg_notify('members', '${id}')`);
  for (const [write, key] of sent) {
    const again = await send(write, key);
    assert.ok([303, 401, 404].includes(again.status), `${write.path}: ${again.status}`);
  }
  assert.deepEqual(await workers(), [200, 200, 200]);
});

test('the same request by another member is no repetition', async () => {
  const [subject] = await subjects(1);
  const write = site(`/boards/${subject.slug}/write`, texts);
  const key = randomUUID();
  for (const who of [author.client, other.client, author.client]) assert.equal((await send({ ...write, who }, key)).status, 303);
  assert.deepEqual(await sql(`select author_id, count(*) from posts where board_id = ${subject.id} and title = '새 제목' group by 1 having count(*) > 1`), []);
});
