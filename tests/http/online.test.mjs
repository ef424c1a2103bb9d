// Who is online: one list for all servers, guests as a number, no hidden members; unknown while Redis is gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertKoreanPage, eventually } from '../support/assert.mjs';
import { Client, adminUrl } from '../support/client.mjs';
import { atEachServer, atServer, logIn, newMember, ownAddress, visitor } from '../support/members.mjs';
import { stack } from '../support/stack.mjs';
import { redis, sql } from '../support/stores.mjs';

const shownAtOnce = 200;  // kMaxNames
const maxInRedis = 50_000;  // kMaxInRedis
const seen = () => Math.floor(Date.now() / 1000);

const list = async (client) => (await client.get('/api/v1/online')).json();
const names = (answer) => answer.people.map((person) => person.name);
const idOf = async (email) => Number((await sql(`select id from users where email = '${email}'`))[0][0]);
const hide = (client, hidden) => client.post('/my/presence', { form: hidden ? { hidden: '1' } : {} });

/** A guest with its own address at one app server. */
async function guest(number, agent) {
  const client = await atServer(visitor(), number);
  return { client, look: () => client.get('/online', { headers: { 'user-agent': agent, 'x-forwarded-for': client.address } }) };
}

test('a member with a request to one server is online on all of them, the latest first', async () => {
  // Another file may have stopped Redis a moment ago.
  for (const server of await atEachServer(visitor())) await eventually(async () => (await list(server)).members !== null, 'Redis');
  const first = await newMember();
  const second = await newMember();
  await (await atServer(first.client, 1)).get('/');
  await redis('ZADD', 'online:users', String(seen() - 30), String(await idOf(first.email)));
  await (await atServer(second.client, 2)).get('/');
  for (const server of await atEachServer(second.client)) {
    const answer = await list(server);
    const all = names(answer);
    assert.ok(all.indexOf(second.name) >= 0 && all.indexOf(second.name) < all.indexOf(first.name), all.join(' '));
    const page = await server.get('/online');
    assert.equal(page.status, 200);
    assert.match(page.text, new RegExp(`<a href="/members/${await idOf(first.email)}">[^]*?${first.name}</bdi></a>`));
    assert.match((await server.get('/')).text, /<a href="\/online">지금 회원 [\d,]+명과 손님 [\d,]+명이 함께하고 있습니다\.<\/a>/);
  }
});

test('a member without a request for two minutes is not online', async () => {
  const { client } = await newMember();
  const other = await newMember();
  await redis('ZADD', 'online:users', String(seen() - 125), String(await idOf(other.email)));
  assert.ok(!names(await list(client)).includes(other.name));
});

test("a score in the future, from a wrong clock, makes nobody online, and is removed", async () => {
  const { client } = await newMember();
  const other = await newMember();
  const id = String(await idOf(other.email));
  await redis('ZADD', 'online:users', String(seen() + 3600), id);
  assert.ok(!names(await list(client)).includes(other.name));
  await eventually(async () => {
    await (await newMember()).client.get('/');
    return (await redis('ZSCORE', 'online:users', id)) === '';
  }, 'the next who comes sweeps');
});

test('guests are counted by address and browser, and neither stands in Redis', async () => {
  const agent = `Trial/${process.pid}`;
  await redis('DEL', 'online:guests');
  const one = await guest(1, agent);
  await one.look();
  const again = await atServer(one.client, 2);
  await again.get('/online', { headers: { 'user-agent': agent, 'x-forwarded-for': one.client.address } });
  const other = await guest(2, agent);
  await other.look();
  await eventually(async () => (await redis('ZCARD', 'online:guests')) >= '2', 'two guests');
  const kept = (await redis('ZRANGE', 'online:guests', '0', '-1')).split('\n');
  assert.ok(kept.every((key) => /^[A-Za-z0-9+/]{12}$/.test(key)), kept.join(' '));
  assert.ok(!kept.join(' ').includes(one.client.address));
  const third = await guest(3, agent + ' 2');
  await third.look();
  const { client } = await newMember();
  await eventually(async () => (await list(client)).guests === kept.length + 1, 'a third guest');
});

test('guests see how many are online, and no names', async () => {
  const { client, name } = await newMember();
  await client.get('/');
  const someone = visitor();
  const answer = await list(someone);
  assert.equal(answer.people, null);
  assert.ok(answer.members >= 1 && answer.guests >= 1);
  const page = await someone.get('/online');
  assert.equal(page.status, 200);
  assert.ok(!page.text.includes(name));
  assert.match(page.text, /href="\/login\?next=\/online"/);
});

test('a member who hides disappears from all servers at once, and reappears on showing again', async () => {
  const { client, name, email } = await newMember();
  const other = await newMember();
  const watching = await atEachServer(other.client);
  const id = String(await idOf(email));
  for (const server of await atEachServer(client)) await server.get('/');
  for (const server of watching) assert.ok(names(await list(server)).includes(name));
  const before = (await list(other.client)).members;

  const answer = await hide(client, true);
  assert.equal(answer.status, 303);
  assert.equal(answer.location, '/my#presence');
  for (const server of watching) assert.ok(!names(await list(server)).includes(name));
  assert.equal(await redis('ZSCORE', 'online:users', id), '');
  // A request does not make the member online again, on any server.
  for (const server of await atEachServer(client)) assert.equal((await server.get('/')).status, 200);
  for (const server of watching) assert.ok(!names(await list(server)).includes(name));
  assert.equal(await redis('ZSCORE', 'online:users', id), '');
  assert.ok((await list(other.client)).members < before || before === 0);
  assert.match((await client.get('/my')).text, /name="hidden"[^>]* checked/);
  assert.match((await client.get('/online')).text, /나는 이 목록에 나오지 않습니다/);

  assert.equal((await hide(client, false)).status, 303);
  assert.doesNotMatch((await client.get('/my')).text, /name="hidden"[^>]* checked/);
  for (const server of watching) assert.ok(names(await list(server)).includes(name));
});

test('a member in Redis who hides in PostgreSQL is not shown', async () => {
  const { client, name, email } = await newMember();
  const other = await newMember();
  await hide(client, true);
  await redis('ZADD', 'online:users', String(seen()), String(await idOf(email)));
  assert.ok(!names(await list(other.client)).includes(name));
});

test('only a member can hide', async () => {
  assertKoreanPage(await hide(visitor(), true), 401);
});

test('members beyond the shown ones are counted, and unknown ids are ignored', async () => {
  const { client } = await newMember();
  const ids = (await sql(`insert into users (email, password_hash, name) select 'crowd' || i || '-' || clock_timestamp()::text || '@minschool.test', 'x', '무리' || i
                            from generate_series(1, ${shownAtOnce + 5}) as i returning id`)).map(([id]) => id);
  const words = ids.flatMap((id) => [String(seen()), id]);
  await redis('ZADD', 'online:users', ...words, String(seen()), 'nonsense');
  try {
    const page = (await client.get('/online')).text;
    assert.match(page, /외 [\d,]+명/);
    const answer = await list(client);
    assert.ok(answer.members >= shownAtOnce + 5);
    assert.ok(answer.people.length <= shownAtOnce && answer.people.length >= shownAtOnce - 1);
  } finally {
    await redis('ZREM', 'online:users', ...ids, 'nonsense');
  }
});

test('Redis keeps at most the newest fifty thousand guests', async () => {
  const script = `for i = 1, ${maxInRedis + 500} do redis.call('ZADD', KEYS[1], ARGV[1], 'made up ' .. i) end`;
  await redis('EVAL', script, '1', 'online:guests', String(seen() - 60));
  try {
    await eventually(async () => {
      await new Client(undefined, { address: ownAddress() }).get(`/online?${Math.random()}`);
      return Number(await redis('ZCARD', 'online:guests')) <= maxInRedis;
    }, 'the end of the oldest');
    assert.ok(Number(await redis('TTL', 'online:guests')) > 0);
  } finally {
    await redis('DEL', 'online:guests');
  }
});

test('while Redis is gone presence is unknown, and everything else works', async () => {
  const { client, name } = await newMember();
  await stack('redis', 'stop');
  try {
    for (const who of [client, visitor()]) {
      const page = await who.get(`/online?${Math.random()}`);
      assertKoreanPage(page, 200);
      assert.match(page.text, /지금은 누가 접속해 있는지 알 수 없습니다/);
      assert.match((await who.get(`/?${Math.random()}`)).text, /지금은 누가 함께하고 있는지 알 수 없습니다/);
      assert.deepEqual(await list(who), { members: null, guests: null, people: null });
    }
    assert.equal((await hide(client, true)).status, 303);
    assert.match((await client.get('/my')).text, /name="hidden"[^>]* checked/);
    assert.equal((await hide(client, false)).status, 303);
    const desk = await logIn('admin@minschool.test', { base: adminUrl });
    assert.match((await desk.get('/')).text, /알 수 없음/);
  } finally {
    await stack('redis', 'start');
  }
  await eventually(async () => {
    await client.get('/');
    const answer = await list(client);
    return answer.people !== null && names(answer).includes(name);
  }, 'the return of the list');
});
