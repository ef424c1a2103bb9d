// Streams through Nginx: their events from any server, their limits, and their end.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { assertKoreanPage, assertProblem, eventually } from '../support/assert.mjs';
import { Client, adminUrl } from '../support/client.mjs';
import { Follower, follow } from '../support/events.mjs';
import { atServer, logIn, newMember, ownAddress, serverNumbers, visitor } from '../support/members.mjs';
import { appUrl, stack, status } from '../support/stack.mjs';
import { redis, sql } from '../support/stores.mjs';

const run = promisify(execFile);
const streamsOfOne = 12;  // [live] max_streams_per_member, of each server
const unknownPost = 987_654_321;
const longest = '가나다라마바사아자차'.repeat(290);  // a comment has 3,000 characters at most
const followers = 20;

const author = await newMember();
const [[board]] = await sql(`select slug from boards where read_role = 0 and write_role = 1 and comment_role = 1 order by id limit 1`);
const [[secretBoard]] = await sql(`select id from boards where read_role = 2 order by id limit 1`);
const open = [];
after(() => open.forEach((stream) => stream.close?.()));

async function followed(client, topics, options) {
  const stream = await follow(client, topics, options);
  assert.equal(stream.status, 200, stream.text);
  open.push(stream);
  return stream;
}

async function write() {
  const answer = await author.client.post(`/api/v1/boards/${board}/posts`, { json: { title: '함께 보는 글', content: '본문' } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json().id;
}

async function comment(post, content) {
  const answer = await author.client.post(`/api/v1/posts/${post}/comments`, { json: { content } });
  assert.equal(answer.status, 201, answer.text);
}

/** The position of a post's page: "p34:5". */
async function mark(post) {
  const page = await author.client.get(`/boards/${board}/${post}`);
  return page.text.match(/data-live="(p\d+:\d+)"/)[1];
}

const idOf = async (email) => Number((await sql(`select id from users where email = '${email}'`))[0][0]);
const health = async (number) => (await new Client(await appUrl(number)).get('/health')).json();

test('a comment that was written through one server appears on the streams of all', async () => {
  const post = await write();
  const topics = await mark(post);
  const streams = await Promise.all([1, 2, 3].map(async (number) => followed(await atServer(visitor(), number), topics)));
  streams.push(await followed(visitor(), topics));
  for (const { headers } of streams) {
    assert.match(headers['content-type'], /^text\/event-stream/);
    assert.equal(headers['cache-control'], 'no-store');
  }
  await comment(post, '모두에게 보이는 댓글');
  await eventually(() => streams.every(({ text }) => text.includes('모두에게 보이는 댓글')), 'the comment');
  for (const stream of streams) {
    assert.ok(stream.retry >= 1000 && stream.retry <= 3000, String(stream.retry));
    assert.match(stream.text, /<turbo-stream action="comment"/);
    assert.match(stream.id, new RegExp(`^p${post}:\\d+$`));
    assert.equal(stream.over, false);
  }
});

test('a stream that reconnects to any server gets every missed event once', async () => {
  const post = await write();
  const first = await followed(await atServer(visitor(), 1), await mark(post));
  await comment(post, '처음 댓글');
  await eventually(() => first.id, 'the first comment');
  first.close();
  await comment(post, '그 사이의 댓글');
  const second = await followed(await atServer(visitor(), 2), `p${post}:0`, { lastEventId: first.id });
  await eventually(() => second.text.includes('그 사이의 댓글'), 'what was missed');
  assert.doesNotMatch(second.text, /처음 댓글/);
});

const lastIds = (post, now) => ({
  garbage: 'no id of ours', 'very long': `p${post}:1,`.repeat(500), 'in other letters': '\u00ff\u00fep1:1',
  'from the future': `p${post}:999999`, 'beyond all numbers': `p${post}:99999999999999999999`, 'below zero': `p${post}:-1`,
  "another member's": `u1:5,${now}`,
});
for (const what of Object.keys(lastIds())) {
  test(`a last id that is ${what} is answered with "reload" and the true position`, async () => {
    const post = await write();
    const now = await mark(post);
    const stream = await followed(visitor(), now, { lastEventId: lastIds(post, now)[what] });
    await eventually(() => stream.events.length > 0, 'the event');
    assert.equal(stream.events[0].event, 'reload');
    assert.equal(stream.events[0].id, now);
    await comment(post, '다음 댓글');
    await eventually(() => stream.text.includes('다음 댓글'), 'the next comment');
  });
}

test('a member who reconnects with another member\'s Last-Event-ID gets none of that member\'s events', async () => {
  const [stranger, owner] = [await newMember(), await newMember()];
  const [strange, own] = [await idOf(stranger.email), await idOf(owner.email)];
  const written = await owner.client.post(`/api/v1/boards/${board}/posts`, { json: { title: '남의 글', content: '본문' } });
  const post = written.json().id;
  const mine = `u${strange}:0,p${post}:0`;
  const spy = await followed(stranger.client, mine, { lastEventId: `u${own}:0,p${post}:0` });
  await eventually(() => spy.events.length > 0, 'the event');
  assert.deepEqual(spy.events, [{ event: 'reload', id: `p${post}:0`, data: 'reload' }], 'nothing of either member is followed');
  const theirs = await followed(owner.client, `u${own}:0`);
  await comment(post, '주인에게 알릴 댓글');
  await eventually(() => theirs.text.includes('target="bell"'), 'the bell of the other one');
  await eventually(() => spy.text.includes('주인에게 알릴 댓글'), 'the comment');
  assert.doesNotMatch(spy.text, /target="bell"/);
});

test('malformed topics are answered with "reload"', async () => {
  for (const topics of ['p34:x', 'p34:1,p34:2', 'b1:0,%00', Array.from({ length: 9 }, (_, i) => `p${i + 1}:0`).join(), '']) {
    const stream = await followed(visitor(), topics);
    await eventually(() => stream.events.length > 0, `the event for ${topics}`);
    assert.equal(stream.events[0].event, 'reload');
  }
});

test('a topic that the viewer may not read, or that does not exist, cannot be followed', async () => {
  const guest = visitor();
  assertProblem(await follow(guest, `b${secretBoard}:0`), 404);
  assertProblem(await follow(author.client, `b${secretBoard}:0`), 404);
  assertProblem(await follow(guest, `p${unknownPost}:0`), 404);
  assertProblem(await follow(guest, 'x1:0'), 404);
});

test('HEAD opens no stream, and other methods are not allowed', async () => {
  const topics = await mark(await write());
  const guest = await atServer(visitor(), 1);
  const head = await follow(guest, topics, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.text, '');
  assert.match(head.headers['content-type'], /^text\/event-stream/);
  assertKoreanPage(await visitor().post('/events', { form: {} }), 405);
});

test('streams are counted separately, and limited per member', async () => {
  const { client } = await newMember();
  const topics = await mark(await write());
  const server = await atServer(client, 3);
  const own = [];
  for (let i = 0; i < streamsOfOne; ++i) own.push(await followed(server, topics));
  const refused = await follow(server, topics);
  assertProblem(refused, 429);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  const { streams, requests_in_flight: running } = await health(3);
  assert.ok(streams >= streamsOfOne, String(streams));
  assert.ok(running < streamsOfOne, String(running));
  assert.equal((await server.get('/my')).status, 200);
  own[0].close();
  await eventually(async () => {
    const again = await follow(server, topics);
    open.push(again);
    return again.status === 200;
  }, 'a place for another one');
});

test('a hundred streams of one member: each server keeps twelve, and the member\'s pages still work', async () => {
  const { client } = await newMember();
  const topics = await mark(await write());
  const many = 100;
  const all = await Promise.all(Array.from({ length: many }, () => follow(client, topics)));
  const own = all.filter(({ status }) => status === 200);
  open.push(...own);
  for (const refused of all.filter(({ status }) => status !== 200)) assertProblem(refused, 429);
  assert.ok(own.length >= streamsOfOne && own.length <= streamsOfOne * serverNumbers.length, String(own.length));
  const page = await client.get('/my');
  assert.equal(page.status, 200);
  own.forEach((stream) => stream.close());
  const again = [];
  await eventually(async () => {
    const stream = await follow(client, topics);
    if (stream.status === 200) again.push(stream);
    return again.length >= streamsOfOne;
  }, 'places for others');
  open.push(...again);
});

// Through Nginx the kernel holds up to 4 MB more for it (tcp_wmem).
for (const [way, visit, sent] of [['of an app server', () => atServer(visitor(), 1), 100], ['through Nginx', visitor, 700]]) {
  test(`a client that never reads is cut off, and the others go on: ${way}`, async () => {
    const post = await write();
    const topics = await mark(post);
    const slow = await followed(await visit(), topics);
    const other = new Follower(await visit(), topics);
    open.push({ close: () => other.stop() });
    await eventually(() => other.streams.length > 0, 'the other stream');
    slow.stopReading();
    const atOnce = 4;
    for (let i = 0; i < sent; i += atOnce) await Promise.all(Array.from({ length: atOnce }, (_, j) => comment(post, `<${i + j}> ${longest}`)));
    const numbersIn = (text) => [...text.matchAll(/&lt;(\d+)&gt;/g)].map(([, number]) => Number(number));
    await eventually(() => numbersIn(other.text).length >= sent, 'all comments');
    assert.deepEqual(numbersIn(other.text).sort((a, b) => a - b), Array.from({ length: sent }, (_, i) => i));
    slow.resumeReading();
    await eventually(() => slow.over, 'the end of the stream');
    assert.ok(numbersIn(slow.text).length < sent, 'it was cut off before the end');
    for (const number of serverNumbers) assert.equal((await health(number)).status, 'ok');
  });
}

test('a logout elsewhere ends the streams of the member, who reconnects as a guest', async () => {
  const { client, email } = await newMember();
  const topics = `u${await idOf(email)}:0`;
  const own = await followed(client, topics);
  const elsewhere = await logIn(email);
  const others = await followed(elsewhere, topics);
  const page = await client.get('/my');
  const [, key] = page.text.match(/\/my\/devices\/([0-9a-f]{64})\/logout/);
  await client.post(`/my/devices/${key}/logout`, { form: {} });
  await eventually(() => own.over && others.over, 'the end of both streams');
  const still = await followed(client, topics);
  const back = await followed(elsewhere, topics);
  await eventually(() => back.events.length > 0, 'the event');
  assert.equal(back.events[0].event, 'reload');
  await eventually(() => still.retry, 'the first line');
});

test('a stream that reconnects does not prolong its session', async () => {
  const { client, email } = await newMember();
  const id = await idOf(email);
  const [, session] = decodeURIComponent(client.cookies.get('connect.sid')).match(/^s:(.*)\.[^.]*$/);
  await sql(`update sessions set seen_at = seen_at - interval '1 hour' where user_id = ${id}`);
  await redis('DEL', `session:${session}`);
  const stream = await followed(client, `u${id}:0`);
  assert.equal(stream.status, 200);
  const seen = `select seen_at > now() - interval '1 minute' from sessions where user_id = ${id}`;
  assert.deepEqual(await sql(seen), [['f']]);
  assert.equal(await redis('EXISTS', `session:${session}`), '0');
  await client.get('/my');
  await eventually(async () => await redis('EXISTS', `session:${session}`) === '1', 'the session in Redis');
  await sql(`update sessions set expires_at = now() - interval '1 s' where user_id = ${id}`);
  await redis('DEL', `session:${session}`);
  const ranOut = await followed(client, `u${id}:0`);
  await eventually(() => ranOut.events.length > 0, 'the event');
  assert.equal(ranOut.events[0].event, 'reload', 'a guest now');
});

test('streams of a server that hangs end, and those of others still send heartbeats', async () => {
  const topics = await mark(await write());
  const streams = await Promise.all(Array.from({ length: 9 }, () => followed(new Client(undefined, { address: ownAddress() }), topics)));
  const hung = streams.filter(({ server }) => server === 'app3');
  assert.ok(hung.length > 0 && hung.length < streams.length, String(hung.length));
  const [{ site }] = (await status()).filter(({ app }) => app === 'app3');
  const worker = Number((await run('pgrep', ['-P', site])).stdout);
  process.kill(worker, 'SIGSTOP');
  try {
    // Nginx gives up after 15 s of silence.
    await Promise.race([Promise.all(hung.map(({ ended }) => ended)), pause(90_000, undefined, { ref: false })]);
    assert.ok(hung.every(({ over }) => over));
    for (const stream of streams) if (!hung.includes(stream)) assert.ok(stream.heartbeats > 0 && !stream.over, stream.server);
  } finally {
    process.kill(worker, 'SIGCONT');
  }
  await eventually(async () => (await health(3)).status === 'ok', 'app3');
});

test('a suspension ends the streams of the member', async () => {
  const admin = await logIn('admin@minschool.test', { base: adminUrl });
  const { client, email } = await newMember();
  const id = await idOf(email);
  const streams = await Promise.all([1, 2, 3].map(async (number) => followed(await atServer(client, number), `u${id}:0`)));
  const answer = await admin.post(`/members/${id}/suspend`, { form: { period: 'forever', day: '', reason: '시험' } });
  assert.equal(answer.status, 303);
  await eventually(() => streams.every(({ over }) => over), 'the end of all streams');
});

test('a rolling restart moves every stream, and none misses or repeats anything', async () => {
  const post = await write();
  const topics = await mark(post);
  const readers = Array.from({ length: followers }, () => new Follower(new Client(undefined, { address: ownAddress() }), topics));
  open.push(...readers.map((reader) => ({ close: () => reader.stop() })));
  await eventually(() => readers.every(({ streams }) => streams.length === 1), 'all streams');
  let restarting = true;
  const restarted = stack('rolling-restart').finally(() => { restarting = false; });
  let written = 0;
  // Slowly enough that no stream that is away for a moment misses more than one event batch brings (kMaxChanges).
  while (restarting) {
    await comment(post, `이어지는 댓글 ${++written}번.`);
    await pause(50);
  }
  await restarted;
  await comment(post, `이어지는 댓글 ${++written}번.`);
  const expected = Array.from({ length: written }, (_, i) => i + 1);
  const commentsOf = ({ text }) => [...text.matchAll(/이어지는 댓글 (\d+)번\./g)].map(([, number]) => Number(number));
  await eventually(() => readers.every((reader) => commentsOf(reader).length >= written), 'all comments');
  for (const reader of readers) {
    assert.deepEqual(commentsOf(reader), expected);
    assert.deepEqual(reader.refused, []);
    assert.ok(reader.streams.length > 1, 'no server was left out');
    for (const { retry } of reader.streams.slice(0, -1)) assert.ok(retry >= 100 && retry <= 4000, String(retry));
  }
});
