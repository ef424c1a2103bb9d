// When a part fails, restarts, joins or leaves, visitors notice nothing, or get a page that says so. script/drill tests the same
// for longer.
import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { brotliDecompressSync } from 'node:zlib';

import { assertKoreanPage, assertProblem, eventually } from '../support/assert.mjs';
import { Client, adminUrl } from '../support/client.mjs';
import { expectErrors } from '../support/log.mjs';
import { logIn, newMember } from '../support/members.mjs';
import { stack, status } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

await expectErrors('worker [0-9]+ died: killed by signal 9');

const apps = ['app1', 'app2', 'app3'];
const free = '/boards/free';
const killsOfEach = 4;
const betweenKillsMs = 1000;  // so each is killed four times within 12 s, longer than it needs to come back
const betweenRequestsMs = 15;
const hangMs = 10_000;        // nothing waits so long on any machine; how long it really waits is judged by script/drill

const guest = new Client();
const member = await newMember();
const writer = await newMember();
const staff = await logIn('admin@minschool.test', { base: adminUrl });

// A kept connection that Nginx closes just when the next request is sent is the client's to repeat (RFC 9112, 9.3.1). This
// client repeats no write, so it opens a connection for each request under load.
const once = { connection: 'close' };

/** One visitor of the load: sends requests until it is stopped, and reports errors. */
async function visit(load, ask) {
  while (!load.over) {
    load.sent++;
    await ask().catch((error) => load.failed.push(error.message));
    await pause(betweenRequestsMs);
  }
}

async function expectStatus(answer, status) {
  const { status: got, headers, text } = await answer;
  if (got === status) return { headers, text };
  throw new Error(`${got} instead of ${status}, request ${headers['x-request-id']}: ${text.slice(0, 80)}`);
}

/** Readers and writers while `act` goes on; afterwards each post is there exactly once. */
async function underLoad(act) {
  const mark = randomUUID();
  const load = { over: false, sent: 0, failed: [], written: [], seen: new Set() };
  const options = { headers: once };
  const visitors = [
    visit(load, () => expectStatus(guest.get('/', options), 200)),
    visit(load, async () => {
      const { headers, text } = await expectStatus(member.client.get('/my', options), 200);
      load.seen.add(headers['x-served-by']);
      if (!text.includes(member.email)) throw new Error('logged out');
    }),
    visit(load, () => expectStatus(staff.get('/members', options), 200)),
    visit(load, async () => {
      const title = `${mark} ${load.written.length}`;
      load.written.push(title);
      await expectStatus(writer.client.post(`${free}/write`, { form: { title, content: '본문' }, headers: once }), 303);
    }),
  ];
  try {
    await act(load);
  } finally {
    load.over = true;
    await Promise.all(visitors);
  }
  assert.deepEqual(load.failed, [], `of ${load.sent} requests`);
  const rows = await sql(`select title, count(*) from posts where title like '${mark} %' group by title`);
  assert.deepEqual(rows.filter(([, count]) => count !== '1'), [], 'doubled');
  assert.equal(rows.length, load.written.length, 'lost');
  return load;
}

async function healthy() {
  await eventually(async () => (await status()).every((row) => row.health === 'ok' && row.site !== '-' && row.admin !== '-'), 'health of all');
}

// The next file gets a healthy stack, whatever a test above left behind.
after(async () => {
  await stack('pg', 'thaw');
  await stack('pg', 'start');
  for (const app of apps) await stack('start', app);
  process.env.MINSCHOOL_UPSTREAM_KEEPALIVE = '1';
  await stack('nginx', 'reload');
  await healthy();
});

for (const [keepalive, how] of [['1', 'with'], ['0', 'without']]) {
  test(`${how} kept upstream connections, each app server killed ${killsOfEach} times: nothing failed, lost or doubled`, async () => {
    process.env.MINSCHOOL_UPSTREAM_KEEPALIVE = keepalive;
    await stack('nginx', 'reload');
    await healthy();
    await underLoad(async () => {
      for (let kill = 0; kill < killsOfEach; kill++) {
        for (const app of apps) {
          await stack('kill', app, 'both', kill % 2 ? 'worker' : 'all');
          await pause(betweenKillsMs);
        }
      }
    });
    await healthy();
  });

  test(`${how} kept upstream connections, a rolling restart of two rounds: nothing failed, lost or doubled`, async () => {
    const before = await status();
    await underLoad(() => stack('rolling-restart', '--rounds', '2'));
    assert.deepEqual((await status()).map(({ site }) => site), before.map(({ site }) => site), 'the masters stay');
  });
}

test('all workers are killed at once repeatedly: requests wait for the new ones', async () => {
  await underLoad(async () => {
    for (let kill = 0; kill < 2; kill++) {
      await Promise.all(apps.map((app) => stack('kill', app, 'both', 'worker')));
      await pause(betweenKillsMs);
    }
  });
});

test('a server that was killed has its share again', async () => {
  await healthy();
  await underLoad(async (load) => {
    await pause(500);
    await stack('kill', 'app2');
    load.seen.clear();
    await eventually(() => load.seen.has('app2'), 'a page of app2');
  });
});

test('Nginx is reloaded, and two servers join and leave: nothing failed, and they have their share', async () => {
  process.env.MINSCHOOL_UPSTREAM_KEEPALIVE = '1';
  await underLoad(async (load) => {
    for (let i = 0; i < 3; i++) await stack('nginx', 'reload');
    for (const name of ['app4', 'app5']) {
      assert.equal((await stack('add')).trim(), name);
      await eventually(() => load.seen.has(name), `a page of ${name}`);
    }
    for (const name of ['app5', 'app4']) assert.equal((await stack('remove')).trim(), name);
  });
});

test("a visitor's own X-Request-Id is not trusted: the same id twice writes twice", async () => {
  const title = randomUUID();
  const headers = { 'x-request-id': randomUUID() };
  for (let i = 0; i < 2; i++) await expectStatus(writer.client.post(`${free}/write`, { form: { title, content: '본문' }, headers }), 303);
  assert.deepEqual(await sql(`select count(*) from posts where title = '${title}'`), [['2']]);
});

test('only guests\' pages are saved', async () => {
  await expectStatus(guest.get(free), 200);
  await expectStatus(guest.get(free), 200);  // saved now: at its second request
  const again = await guest.get(free);
  assert.match(again.headers['x-cache'], /^(HIT|EXPIRED|UPDATING)$/);
  assert.match(again.headers['cache-control'], /s-maxage/);
  const own = await member.client.get(free);
  assert.equal(own.headers['x-cache'], undefined);
  assert.match(own.headers['cache-control'], /no-store/);
  assert.ok(own.text.includes(member.name));
  assert.ok(!(await guest.get(free)).text.includes(member.name));
});

const savedForGuests = /얼마 전에 저장된 화면/;
const savedForMembers = /로그인 정보를 잠시 확인할 수 없어/;

function assertSaved(answer, notice) {
  assertKoreanPage(answer, 200);
  assert.equal(answer.headers['x-cache'], 'STALE');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.match(answer.text, notice);
}

/** A page that guests have just seen, so that it is saved; and one that was never saved. */
async function seenPage() {
  await expectStatus(guest.get(free), 200);
  return { seen: free, unseen: `${free}/${900_000_000 + randomInt(1_000_000)}` };
}

test('PostgreSQL stopped: guests and members read saved pages that say so, and writes get the app servers’ own 503', async (t) => {
  const { seen, unseen } = await seenPage();
  t.after(() => stack('pg', 'start'));
  await stack('pg', 'stop');
  await eventually(async () => (await guest.get(seen)).headers['x-cache'] === 'STALE', 'a kept page');
  assertSaved(await guest.get(seen), savedForGuests);
  const packed = await guest.get(seen, { headers: { 'accept-encoding': 'br' } });
  assertSaved({ ...packed, text: brotliDecompressSync(packed.bytes).toString('utf8') }, savedForGuests);

  for (const { client } of [member, writer]) {
    const answer = await client.get(seen);
    // Either the member's own page from the app servers' caches, or the guests' page.
    if (answer.headers['x-cache']) assertSaved(answer, savedForMembers);
    else assert.ok(answer.status === 503 || answer.text.includes(member.name) || answer.text.includes(writer.name));
  }
  const never = await member.client.get(unseen);
  if (never.status !== 200) {
    assertKoreanPage(never, 503);
    assert.match(never.headers['retry-after'], /^\d+$/);
    assert.ok(never.headers['x-served-by'], "the app server's own page");
  }
  const typed = `쓰던 글 ${randomUUID()}`;
  const refused = await writer.client.post(`${free}/write`, { form: { title: '제목', content: typed } });
  assertKoreanPage(refused, 503);
  assert.ok(refused.headers['retry-after'] && refused.headers['x-served-by']);
  assert.equal(refused.headers['x-cache'], undefined);
  assert.ok(refused.text.includes(typed));

  await stack('pg', 'start');
  await healthy();
  assert.ok(!savedForGuests.test((await guest.get(seen)).text));
});

test('PostgreSQL hangs: no request hangs, and a form that is sent again and again writes once', async (t) => {
  const { seen, unseen } = await seenPage();
  const title = randomUUID();
  // The form as it was shown once, sent each time that the visitor tries.
  const form = { title, content: '본문', once: randomUUID() };
  const write = () => writer.client.post(`${free}/write`, { form });
  const timed = async (ask) => {
    const since = Date.now();
    const answer = await ask();
    return { ...answer, took: Date.now() - since };
  };
  const all = () => Promise.all([
    () => guest.get(seen), () => guest.get(unseen), () => member.client.get(seen), () => member.client.get('/my'),
    () => member.client.get('/api/v1/me'), write,
  ].map(timed));
  t.after(() => stack('pg', 'thaw'));
  await stack('pg', 'freeze');
  // At first no server has noticed; then all have.
  for (const answers of [await all(), await all()]) {
    for (const { status, took } of answers) {
      assert.ok(took <= hangMs, `${took} ms`);
      assert.ok(status === 200 || status === 503, `${status}`);
    }
    assert.equal(answers.at(-1).status, 503);
  }
  assertSaved(await guest.get(seen), savedForGuests);
  await stack('pg', 'thaw');
  await healthy();
  await expectStatus(write(), 303);
  assert.deepEqual(await sql(`select count(*) from posts where title = '${title}'`), [['1']]);
});

test('without any app server: saved pages that say so, else a friendly page; problem JSON for programs', async (t) => {
  const { seen, unseen } = await seenPage();
  t.after(async () => { for (const app of apps) await stack('start', app); });
  await Promise.all(apps.map((app) => stack('stop', app)));
  await eventually(async () => (await guest.get(seen)).headers['x-cache'] === 'STALE', 'a kept page');
  assertSaved(await guest.get(seen), savedForGuests);
  assertSaved(await member.client.get(seen), savedForMembers);
  for (const answer of [await guest.get(unseen), await member.client.get(unseen), await new Client(adminUrl).get('/'),
    await writer.client.post(`${free}/write`, { form: { title: '제목', content: '본문' } })]) {
    assertKoreanPage(answer, 503);
    assert.match(answer.headers['retry-after'], /^\d+$/);
    assert.match(answer.text, /점검/);
  }
  assertProblem(await guest.get('/api/v1/me'), 503);
  for (const app of apps) await stack('start', app);
  await eventually(async () => (await member.client.get('/my')).status === 200, 'a page');
  await healthy();
});
