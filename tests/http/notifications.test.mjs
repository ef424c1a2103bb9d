// Notifications end to end: the bell, the list, marking as read, the settings, mentions. Acts go through Nginx, so that cause
// and effect are mostly on different servers.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertKoreanPage, assertProblem, eventually } from '../support/assert.mjs';
import { adminUrl } from '../support/client.mjs';
import { atEachServer, logIn, newMember, visitor } from '../support/members.mjs';
import { stack } from '../support/stack.mjs';
import { redis, sql } from '../support/stores.mjs';

const board = 'free';
const staff = await logIn('staff@minschool.test');
const admin = await logIn('admin@minschool.test', { base: adminUrl });

/** A new member with an id: {client, name, id}. */
async function member() {
  const one = await newMember();
  const { id } = (await one.client.get('/api/v1/me')).json();
  return { ...one, id };
}

async function writePost({ client }, content = '본문', title = `글 ${Math.random()}`, { on = board, ...form } = {}) {
  const answer = await client.post(`/boards/${on}/write`, { form: { title, content, ...form } });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  return { id: Number(answer.location.split('/').at(-1)), title };
}

async function writeComment({ client }, post, content = '댓글', parent) {
  const form = parent ? { content, parent_id: parent } : { content };
  const answer = await client.post(`/posts/${post.id}/comments`, { form });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  return { id: Number(answer.location.split('#c').at(-1)) };
}

/** The bell in the header of a page: {number, unread}. */
function bellOf({ text }) {
  const found = /id="bell"[^>]*data-live="u\d+:(\d+)"[^>]*>.*?<\/a>/s.exec(text);
  assert.ok(found, 'the page has a bell');
  return { number: Number(found[1]), unread: Number(/읽지 않은 알림 (\d+)개/.exec(found[0])?.[1] ?? 0) };
}

const listOf = async ({ client }) => (await client.get('/api/v1/notifications')).json();
const kindsOf = async (one) => (await listOf(one)).items.map(({ kind }) => kind);
/** The bell of other members is updated by a publication, a moment later. */
const bellShows = (one, unread) => eventually(async () => bellOf(await one.client.get('/my')).unread === unread, `${unread} unread`);

test('a comment notifies the author of the post, a reply that of the comment, and a mention the named member', async () => {
  const [author, commenter, other] = [await member(), await member(), await member()];
  const post = await writePost(author);
  const comment = await writeComment(commenter, post);
  await bellShows(author, 1);
  const reply = await writeComment(other, post, `@${commenter.name}님 안녕하세요`, comment.id);
  await writeComment(author, post, '고맙습니다', reply.id);
  await bellShows(author, 2);
  await bellShows(other, 1);
  assert.deepEqual(await kindsOf(author), ['comment', 'comment']);
  assert.deepEqual(await kindsOf(commenter), ['mention'], 'once, with the most specific kind');
  assert.deepEqual(await kindsOf(other), ['reply']);

  const { items: [line] } = await listOf(commenter);
  assert.deepEqual(line.actor, { id: other.id, name: other.name });
  assert.equal(line.post_title, post.title);
  assert.equal(line.comment_id, reply.id);
  const page = await commenter.client.get('/notifications');
  assertKoreanPage(page, 200);
  assert.match(page.text, new RegExp(`<a href="/boards/${board}/${post.id}">${post.title}</a>`));
  assert.ok(page.text.includes(`${other.name}님이 댓글에서 회원님을 언급했습니다.`));
  assert.match(page.text, /<span class="badge badge-new">새 알림<\/span>/, 'unread is written as text');
});

test('members are not notified of their own acts', async () => {
  const one = await member();
  const post = await writePost(one, `@${one.name}`);
  const comment = await writeComment(one, post, `@${one.name}`);
  await writeComment(one, post, '답글', comment.id);
  assert.equal((await one.client.post(`/posts/${post.id}/like`, { form: {} })).status, 303);
  assert.deepEqual(await kindsOf(one), []);
  assert.match((await one.client.get('/notifications')).text, /아직 알림이 없습니다/);
});

test('a like notifies once; taking it back removes an unread notification, and a read one stays', async () => {
  const [author, friend] = [await member(), await member()];
  const post = await writePost(author);
  const like = (word) => friend.client.post(`/posts/${post.id}/${word}`, { form: {} });
  await like('like');
  await bellShows(author, 1);
  assert.deepEqual(await kindsOf(author), ['like']);
  await like('unlike');
  await bellShows(author, 0);
  assert.deepEqual(await kindsOf(author), []);
  await like('like');
  assert.deepEqual(await kindsOf(author), ['like']);
  assert.equal((await author.client.post('/api/v1/notifications/read')).status, 204);
  await like('unlike');
  await like('like');
  assert.deepEqual((await listOf(author)).items.map(({ kind, read }) => [kind, read]), [['like', true]]);
});

test('a notice notifies the followers of its board, from the button on the list to the end in the settings', async () => {
  const reader = await member();
  const list = await reader.client.get('/boards/notice');
  assert.match(list.text, /공지 알림 켜기/);
  assert.doesNotMatch((await visitor().get('/boards/notice')).text, /알림/);
  const followed = await reader.client.submit('/boards/notice/follow', {});
  assert.match(followed.text, /공지 알림 끄기/, 'the next page knows, on whatever server');
  const post = await writePost({ client: staff }, '공지 본문', '봄 소풍 안내', { on: 'notice', notice: '1' });
  await writePost({ client: staff }, '공지가 아님', '그냥 글', { on: 'notice' });
  await bellShows(reader, 1);
  const { items: [line] } = await listOf(reader);
  assert.deepEqual([line.kind, line.post_id], ['notice', post.id]);

  assert.match((await reader.client.get('/my/notifications')).text, /action="\/boards\/notice\/unfollow"/);
  const ended = await reader.client.post('/boards/notice/unfollow', { form: { next: '/my/notifications' } });
  assert.equal(ended.location, '/my/notifications');
  assert.doesNotMatch((await reader.client.get('/my/notifications')).text, /\/boards\/notice\/unfollow/);
  await writePost({ client: staff }, '공지 본문', '둘째 공지', { on: 'notice', notice: '1' });
  assert.equal((await listOf(reader)).items.length, 1);
  const away = await reader.client.post('/boards/notice/follow', { form: { next: 'https://evil.example/' } });
  assert.equal(away.location, '/');
  assertKoreanPage(await reader.client.post('/boards/no-such-board/follow', { form: {} }), 404);
  assertKoreanPage(await reader.client.post('/boards/staff/follow', { form: {} }), 404);
  assertKoreanPage(await visitor().post('/boards/notice/follow', { form: {} }), 401);
});

test('a post that becomes a notice by an edit notifies too, once', async () => {
  const reader = await member();
  await reader.client.post('/boards/notice/follow', { form: {} });
  const post = await writePost({ client: staff }, '본문', '나중에 공지', { on: 'notice' });
  const edit = () => staff.post(`/boards/notice/${post.id}/edit`, { form: { title: post.title, content: '본문', notice: '1' } });
  assert.equal((await edit()).status, 303);
  assert.equal((await edit()).status, 303);
  assert.deepEqual(await kindsOf(reader), ['notice']);
});

test('an author is notified of acts of staff with the reason, and without the name', async () => {
  const one = await member();
  const post = await writePost(one);
  const comment = await writeComment(one, post);
  const act = (path, reason) => admin.post(path, { form: { reason } });
  assert.equal((await act(`/posts/${post.id}/hide`, '광고입니다')).status, 303);
  await bellShows(one, 1);
  const hidden = await one.client.get('/notifications');
  assert.ok(hidden.text.includes('운영진이 회원님의 글을 숨겼습니다.') && hidden.text.includes('사유: 광고입니다'));
  assert.ok(hidden.text.includes(post.title), 'the author knows which one it was');
  assert.ok(!hidden.text.includes(`/boards/${board}/${post.id}`), 'and nothing leads there');
  await act(`/posts/${post.id}/restore`, '오해였습니다');
  await act(`/comments/${comment.id}/delete`, '욕설입니다');
  const { items } = await listOf(one);
  assert.deepEqual(items.map(({ kind, reason }) => [kind, reason]),
    [['deleted', '욕설입니다'], ['restored', '오해였습니다'], ['hidden', '광고입니다']]);
  assert.ok(items.every(({ actor }) => actor === null));

  // On the Site, with the permission to delete; one's own is no act of staff.
  const second = await writeComment(one, post);
  assert.equal((await staff.post(`/comments/${second.id}/delete`, { form: {} })).status, 303);
  assert.equal((await staff.post(`/boards/${board}/${post.id}/delete`, { form: {} })).status, 303);
  assert.deepEqual((await kindsOf(one)).slice(0, 2), ['deleted', 'deleted']);
  const own = await writePost(one);
  await one.client.post(`/boards/${board}/${own.id}/delete`, { form: {} });
  assert.equal((await kindsOf(one)).length, 5);
});

test('acts on many posts at once notify each author', async () => {
  const people = [await member(), await member()];
  const posts = [];
  for (const one of [...people, people[0]]) posts.push(await writePost(one));
  const chosen = new URLSearchParams([['act', 'hide'], ['reason', '한꺼번에'], ...posts.map(({ id }) => ['chosen', String(id)])]);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await admin.post('/posts/bulk', { headers, body: chosen.toString() })).status, 303);
  assert.deepEqual(await kindsOf(people[0]), ['hidden', 'hidden']);
  assert.deepEqual(await kindsOf(people[1]), ['hidden']);
});

test('a post that is deleted or no longer readable is shown as such, without title and link', async () => {
  const [author, commenter] = [await member(), await member()];
  const post = await writePost(commenter, `@${author.name}`, '사라질 글의 제목');
  const own = await writePost(author);
  const comment = await writeComment(commenter, own, '사라질 댓글');
  assert.deepEqual(await kindsOf(author), ['comment', 'mention']);
  await commenter.client.post(`/boards/${board}/${post.id}/delete`, { form: {} });
  await commenter.client.post(`/comments/${comment.id}/delete`, { form: {} });
  const { text } = await author.client.get('/notifications');
  assert.ok(!text.includes('사라질 글의 제목') && !text.includes(commenter.name));
  assert.match(text, /볼 수 없게 된 글의 알림입니다/);
  assert.match(text, /볼 수 없게 된 댓글의 알림입니다/);
  const { items } = await listOf(author);
  assert.deepEqual(items.map(({ actor, url }) => [actor, url]), [[null, null], [null, null]]);
  assert.deepEqual(items.map(({ post_title: title }) => title), [own.title, null]);
  const opened = await author.client.get(`/notifications/${items[1].id}`);
  assert.equal(opened.location, '/notifications');
});

test('nobody is notified about a board that they may not read', async () => {
  const one = await member();
  const answer = await staff.post('/boards/staff/write', { form: { title: '직원만', content: `@${one.name}` } });
  assert.equal(answer.status, 303);
  assert.deepEqual(await kindsOf(one), []);
  // One that was readable before.
  const post = await writePost({ client: staff }, `@${one.name}`, '곧 닫힐 글');
  assert.deepEqual(await kindsOf(one), ['mention']);
  await sql(`update posts set board_id = (select id from boards where slug = 'staff'), number = 1000000 + id where id = ${post.id}`);
  assert.deepEqual((await listOf(one)).items.map(({ post_title: title, url }) => [title, url]), [[null, null]]);
  assert.ok(!(await one.client.get('/notifications')).text.includes('곧 닫힐 글'));
  await sql(`update posts set deleted_at = now() where id = ${post.id}`);
});

test('opening a notification redirects to the comment and marks it read on every server', async () => {
  const [author, commenter] = [await member(), await member()];
  const post = await writePost(author);
  const comments = [await writeComment(commenter, post), await writeComment(commenter, post)];
  await bellShows(author, 2);
  const { items } = await listOf(author);
  const opened = await author.client.get(`/notifications/${items[1].id}`);
  assert.equal(opened.location, `/boards/${board}/${post.id}?comment=${comments[0].id}#c${comments[0].id}`);
  for (const server of await atEachServer(author.client)) assert.equal(bellOf(await server.get('/my')).unread, 1);
  assert.deepEqual((await listOf(author)).items.map(({ read }) => read), [false, true]);
  const again = await author.client.get(`/notifications/${items[1].id}`);
  assert.equal(again.location, opened.location);
  assert.equal(bellOf(await author.client.get('/my')).unread, 1);

  const head = await author.client.request('HEAD', `/notifications/${items[0].id}`);
  assert.equal(head.status, 303);
  assert.equal((await listOf(author)).unread, 1, 'HEAD marks nothing');
  const read = await author.client.post(`/notifications/${items[0].id}/read`, { form: {} });
  assert.equal(read.location, '/notifications');
  for (const server of await atEachServer(author.client)) assert.equal(bellOf(await server.get('/my')).unread, 0);
});

test('marking all as read covers what the page showed, and no later notification', async () => {
  const [author, commenter] = [await member(), await member()];
  const post = await writePost(author);
  await writeComment(commenter, post);
  await writeComment(commenter, post);
  const { text } = await author.client.get('/notifications');
  const upTo = /name="up_to" value="(\d+)"/.exec(text)[1];
  await writeComment(commenter, post);
  assert.equal((await author.client.post('/notifications/read', { form: { up_to: upTo } })).location, '/notifications');
  for (const server of await atEachServer(author.client)) assert.equal(bellOf(await server.get('/my')).unread, 1);
  assert.deepEqual((await listOf(author)).items.map(({ read }) => read), [false, true, true]);
  assertKoreanPage(await author.client.post('/notifications/read', { form: { up_to: 'x' } }), 400);
  assert.equal((await author.client.post('/notifications/read', { form: { up_to: '9223372036854775807' } })).status, 303);
  assert.equal((await listOf(author)).unread, 0);
});

test('members see and read only their own', async () => {
  const [author, commenter, stranger] = [await member(), await member(), await member()];
  await writeComment(commenter, await writePost(author));
  const { items: [line] } = await listOf(author);
  assertKoreanPage(await stranger.client.get(`/notifications/${line.id}`), 404);
  assertKoreanPage(await stranger.client.post(`/notifications/${line.id}/read`, { form: {} }), 404);
  assert.equal((await stranger.client.post(`/api/v1/notifications/${line.id}/read`)).status, 404);
  for (const id of ['0', '-1', 'x', '99999999999999999999']) assertKoreanPage(await author.client.get(`/notifications/${id}`), 404);
  assert.equal((await listOf(author)).unread, 1);
  for (const path of ['/notifications', '/my/notifications', `/notifications/${line.id}`]) {
    assert.match((await visitor().get(path)).location, /^\/login\?next=/);
  }
  assertProblem(await visitor().get('/api/v1/notifications'), 401);
  assert.doesNotMatch((await visitor().get('/')).text, /id="bell"/);
});

test('a kind that is switched off does not notify, and the settings keep it', async () => {
  const [author, commenter] = [await member(), await member()];
  const post = await writePost(author);
  const kinds = ['mention', 'reply', 'notice', 'like', 'hidden'];
  const body = new URLSearchParams(kinds.map((kind) => ['on', kind])).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await author.client.post('/my/notifications', { headers, body })).status, 303);
  await writeComment(commenter, post);
  assert.deepEqual(await kindsOf(author), []);
  await writeComment(commenter, post, `@${author.name}`);
  assert.deepEqual(await kindsOf(author), ['mention']);
  const { text } = await author.client.get('/my/notifications');
  const checked = [...text.matchAll(/name="on" value="(\w+)" (checked)?/g)].map(([, kind, on]) => [kind, on === 'checked']);
  assert.deepEqual(checked, [['mention', true], ['reply', true], ['comment', false], ['notice', true], ['like', true], ['hidden', true]]);
  assert.match((await author.client.get('/my')).text, /href="\/my\/notifications"/);
});

test('the list goes on page by page, grouped by post', async () => {
  const [author, commenter] = [await member(), await member()];
  const posts = [await writePost(author), await writePost(author)];
  for (let i = 0; i < 17; i++) for (const post of posts) await writeComment(commenter, post);
  const first = await author.client.get('/notifications');
  assert.equal(first.text.split('<section class="section"').length - 1, 2);
  assert.equal(first.text.split('href="/notifications/').length - 1, 30);
  const next = /href="(\/notifications\?before=\d+)"/.exec(first.text)[1];
  const second = await author.client.get(next);
  assert.equal(second.text.split('href="/notifications/').length - 1, 4);
  const from = (await listOf(author)).next;
  const rest = (await author.client.get(`/api/v1/notifications?before=${from}`)).json();
  assert.deepEqual([rest.items.length, rest.next], [4, null]);
  assertProblem(await author.client.get('/api/v1/notifications?before=x'), 422);
});

test('a mention links to the profile, and lookalikes in text and code do not', async () => {
  const [author, named] = [await member(), await member()];
  const post = await writePost(author, `@${named.name}님과 \`@${named.name}\`, @없는사람, x@${named.name}`);
  const { text } = await author.client.get(`/boards/${board}/${post.id}`);
  assert.equal(text.split(`<a class="mention" href="/members/${named.id}">@${named.name}</a>`).length - 1, 1);
  assert.ok(text.includes('@없는사람'));
  const { text: form } = await author.client.get(`/boards/${board}/${post.id}/edit`);
  assert.ok(form.includes(`@${named.name}님과`), 'what was typed stays as typed');
  assert.deepEqual(await kindsOf(named), ['mention']);
});

test('a name of two members is ambiguous, and its number makes it unique', async () => {
  const [author, first, second] = [await member(), await member(), await member()];
  await second.client.post('/my/name', { form: { name: first.name } });
  await writePost(author, `@${first.name}`);
  assert.deepEqual([await kindsOf(first), await kindsOf(second)], [[], []]);
  await writePost(author, `@${first.name}#${second.id}`);
  assert.deepEqual([await kindsOf(first), await kindsOf(second)], [[], ['mention']]);
});

test('an edit notifies only newly mentioned members', async () => {
  const [author, first, second] = [await member(), await member(), await member()];
  const post = await writePost(author);
  const comment = await writeComment(author, post, `@${first.name}`);
  const edit = (content) => author.client.post(`/comments/${comment.id}/edit`, { form: { content } });
  assert.equal((await edit(`@${first.name} @${second.name}`)).status, 303);
  assert.equal((await edit(`@${second.name} @${first.name}`)).status, 303);
  assert.deepEqual([await kindsOf(first), await kindsOf(second)], [['mention'], ['mention']]);
});

test('too many mentions are refused, and the text is kept', async () => {
  const author = await member();
  const post = await writePost(author);
  for (const count of [21, 500]) {
    const all = Array.from({ length: count }, (_, i) => `@이름${i}`).join(' ');
    const content = all.slice(0, 2900);  // what a comment may have
    const refused = await author.client.post(`/posts/${post.id}/comments`, { form: { content } });
    assertKoreanPage(refused, 422);
    assert.match(refused.text, /20명까지 언급할 수 있습니다/);
    assert.ok(refused.text.includes('@이름0 @이름1'));
    const problem = assertProblem(await author.client.post(`/api/v1/posts/${post.id}/comments`, { json: { content } }), 422);
    assert.deepEqual(problem.errors.map(({ field }) => field), ['content']);
    assertKoreanPage(await author.client.post(`/boards/${board}/write`, { form: { title: '제목', content: all } }), 422);
  }
  await writeComment(author, post, Array.from({ length: 20 }, (_, i) => `@이름${i}`).join(' '));
});

test('names are completed for members, with a number where a name is ambiguous', async () => {
  const [one, other, third] = [await member(), await member(), await member()];
  const names = async (q) => (await one.client.get(`/members/names?q=${encodeURIComponent(q)}`)).json();
  assert.deepEqual(await names(other.name.slice(0, -1)), [{ id: other.id, name: other.name, insert: `@${other.name}` }]);
  await third.client.post('/my/name', { form: { name: other.name } });
  assert.deepEqual((await names(other.name)).map(({ insert }) => insert), [`@${other.name}#${other.id}`, `@${other.name}#${third.id}`]);
  assert.equal((await names('시험')).length, 8);
  for (const nothing of ['', ' ', '%', '_', '가'.repeat(31), '\\없', "'없", '\u0000', '없는이름이다']) assert.deepEqual(await names(nothing), []);
  const answer = await one.client.get('/members/names?q=%FF');
  assert.deepEqual([answer.status, answer.text], [200, '[]']);
  assert.match(answer.headers['cache-control'], /no-store/);
  assertProblem(await visitor().get('/members/names?q=a'), 401);
});

test('Redis has the counts and the newest 50, and each change invalidates them', async () => {
  const [author, commenter] = [await member(), await member()];
  const post = await writePost(author);
  await writeComment(commenter, post);
  const key = `notifications:${author.id}`;
  await author.client.get('/my');
  const kept = async () => JSON.parse((await redis('GET', key)).slice(0, -43) || 'null');  // the JSON is followed by its tag
  await eventually(async () => (await kept())?.unread === 1, 'the value in Redis');
  const { items: [item] } = await kept();
  assert.deepEqual([item.type, item.read, item.postId], ['comment', false, post.id]);
  await author.client.post('/api/v1/notifications/read');
  assert.equal(await kept(), null);
  await redis('SET', key, 'what another program wrote');
  await eventually(async () => (await author.client.get('/my')).status === 200, 'a page');
  assert.equal(bellOf(await author.client.get('/my')).unread, 0);
  await redis('DEL', key);
});

test('members are notified without Redis, too', async () => {
  const [author, commenter] = [await member(), await member()];
  const post = await writePost(author);
  await stack('redis', 'stop');
  try {
    await writeComment(commenter, post);
    await bellShows(author, 1);
    await author.client.post(`/notifications/read`, { form: { up_to: '9' } });
    for (const server of await atEachServer(author.client)) assert.equal(bellOf(await server.get('/my')).unread, 0);
    await writeComment(commenter, post);
    await bellShows(author, 1);
  } finally {
    await stack('redis', 'start');
  }
  const servers = await atEachServer(author.client);
  const well = async () => (await Promise.all(servers.map((server) => server.get('/health')))).every((answer) => answer.json().status === 'ok');
  await eventually(well, 'the return of Redis');
  await writeComment(commenter, post);
  await bellShows(author, 2);
  assert.deepEqual(await kindsOf(author), ['comment', 'comment', 'comment']);
});
