// The Admin's page of servers: correct and current figures, whatever part is gone, and draining servers without a loss.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { promisify } from 'node:util';

import { assertKoreanPage, eventually } from '../support/assert.mjs';
import { Client, adminUrl, siteUrl } from '../support/client.mjs';
import { atServer, logIn, newMember, visitor } from '../support/members.mjs';
import { appUrl, facts, root, stack, state } from '../support/stack.mjs';
import { redis, sql } from '../support/stores.mjs';

const run = promisify(execFile);
const admin = await logIn('admin@minschool.test', { base: adminUrl });
const { build } = await facts();

// One Admin, which no test stops: each caches the overview for a second, so two of them may differ for that long.
const first = await atServer(admin, 1, 'admin');

async function figures() {
  const answer = await first.get('/servers/figures');
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}
const server = (overview, name) => overview.servers.find((one) => one.name === name);
const idOf = async (name) => (await sql(`select id from servers where name = '${name}'`))[0]?.[0];
const allUp = async () => {
  const overview = await figures();
  return overview.redis.up && overview.nginx.known && ['app1', 'app2', 'app3'].every((name) => {
    const one = server(overview, name);
    return one?.site?.redis.up && one.admin && !one.site.drained && one.in_nginx?.state === 'up';
  });
};
const set = (name, act, reason, client = admin) => idOf(name).then((id) => client.post(`/servers/${id}/${act}`, { form: { reason } }));
const health = async (number) => (await new Client(await appUrl(number)).get('/health')).json();

/** Each Admin caches the overview for a second. */
const pageSays = (words) => eventually(async () => words.test((await admin.get('/servers')).text), `a page that says ${words}`);

afterEach(async () => {
  await stack('redis', 'start');
  await stack('monitor', 'start');
});

// Everything that a test stopped or drained runs again for the following ones.
after(async () => {
  for (const name of ['app1', 'app2', 'app3']) await stack('start', name);
  await sql('update servers set drained_since = null, drained_by = null');
  await eventually(allUp, 'all servers up again');
});

test('each server reports its programs, with current figures', async () => {
  await eventually(allUp, 'all servers up');
  const before = server(await figures(), 'app2');
  assert.match(before.site.version, /^\d+\.\d+/);
  assert.ok(before.site.memory > 1e6 && before.site.uptime_seconds > 0);
  const direct = new Client(await appUrl(2));
  for (let i = 0; i < 40; i++) assert.equal((await direct.get('/boards/free')).status, 200);
  await eventually(async () => {
    const { site } = server(await figures(), 'app2');
    const route = site.routes.find(({ name }) => name === 'GET /boards/{slug}');
    return route && site.requests > 1 && route.p50_ms > 0 && route.p50_ms <= route.p95_ms && route.p95_ms <= route.p99_ms &&
      site.postgres.per_second > 0 && site.postgres.ms > 0 && site.pg_missing === 0 && site.pg_idle > 0;
  }, 'the 40 requests of app2 in its figures');
  const metrics = (await direct.get('/metrics')).text;
  assert.match(metrics, /^minschool_pg_round_trips_total [1-9]/m);
});

test('figures of Redis and PostgreSQL come from these servers', async () => {
  const overview = await figures();
  const info = await redis('INFO');
  assert.equal(overview.redis.version, /redis_version:(\S+)/.exec(info)[1]);
  assert.ok(overview.redis.memory > 0 && overview.redis.memory_peak >= overview.redis.memory && overview.redis.clients >= 6);
  const [[most, size]] = await sql("select current_setting('max_connections'), pg_database_size('minschool')");
  assert.equal(overview.postgres.max_connections, Number(most));
  assert.ok(Math.abs(overview.postgres.size - Number(size)) < 1e7);
  assert.ok(overview.postgres.connections > 6 && overview.postgres.active >= 1);
  assert.ok(overview.postgres.statements.length > 0 && overview.postgres.statements.every(({ mean_ms }) => mean_ms >= 0));
  await eventually(async () => (await figures()).postgres.transactions > 0, 'a rate of transactions');
});

test('the pages and their updates are in Korean', async () => {
  const id = await idOf('app1');
  for (const path of ['/servers', `/servers/${id}`, '/servers/nginx', '/servers/redis', '/servers/postgresql']) {
    const page = await admin.get(path);
    assertKoreanPage(page, 200);
    const part = await admin.get(`${path}/live`);
    assert.equal(part.status, 200);
    assert.match(part.headers['content-type'], /^text\/vnd\.turbo-stream\.html/);
    assert.match(part.text, /^<turbo-stream action="update" method="morph" target="[a-z-]+-live">/);
  }
  assert.match((await admin.get('/servers')).text, /app3/);
  assertKoreanPage(await admin.get('/servers/999999'), 404);
  assert.equal((await admin.get('/servers/999999/live')).status, 404);
});

test('only staff see the pages, and staff below admin may not act', async () => {
  const staff = await logIn('staff@minschool.test', { base: adminUrl });
  const page = await staff.get(`/servers/${await idOf('app1')}`);
  assertKoreanPage(page, 200);
  assert.doesNotMatch(page.text, /action="\/servers\/\d+\/rest"/);
  assert.equal((await set('app1', 'rest', '시험', staff)).status, 403);
  const guest = visitor(adminUrl);
  for (const path of ['/servers', '/servers/figures', '/servers/history', '/servers/live']) {
    assert.notEqual((await guest.get(path)).status, 200, path);
  }
  assert.equal((await health(1)).draining, false);
});

/** All heartbeats come through PostgreSQL. */
async function allWithoutRedis() {
  const overview = await figures();
  return !overview.redis.up && ['app1', 'app2', 'app3'].every((name) => {
    const one = server(overview, name);
    return one?.site && !one.site.redis.up && one.admin;
  });
}

test('the history is written, also while Redis is gone', async () => {
  const count = async () => (await admin.get('/servers/history')).json().at.length;
  await stack('redis', 'stop');
  await eventually(allWithoutRedis, 'all servers, without Redis');
  const before = await count();
  await eventually(async () => await count() > before, 'one more sample');
  const history = (await admin.get('/servers/history')).json();
  assert.equal(history.commands.at(-1), null);
  assert.equal(history.servers.at(-1), 3);
  assert.ok(history.at.every((at, i) => at % 10 === 0 && (i === 0 || at > history.at[i - 1])), 'each ten seconds once');
});

test('without Redis heartbeats go through PostgreSQL, and the page says so', async () => {
  await stack('redis', 'stop');
  await eventually(allWithoutRedis, 'all servers, without Redis');
  await pageSays(/Redis가 응답하지 않습니다/);
  await stack('redis', 'start');
  await eventually(allUp, 'all servers with Redis');
  await eventually(async () => (await redis('EXISTS', 'server:app1:site', 'server:app1:admin')) === '2', 'beats in Redis');
  assert.ok(Number(await redis('PTTL', 'server:app1:site')) <= 10_000);
});

test('without the monitor the page is served, and says that Nginx is unknown', async () => {
  await stack('monitor', 'stop');
  await eventually(async () => !(await figures()).nginx.known, 'the monitor is gone');
  await pageSays(/minschool-monitor가 응답하지 않아/);
  await stack('monitor', 'start');
  await eventually(allUp, 'the monitor is back');
});

test('a server that stops becomes silent, then disappears; one that starts appears', async () => {
  await stack('stop', 'app3');
  await eventually(async () => !server(await figures(), 'app3')?.site && !server(await figures(), 'app3')?.admin, 'silence');
  await pageSays(/app3 서버의 응답이 끊겼습니다/);
  // Ten minutes later.
  await sql(`update server_programs set seen_at = seen_at - interval '10 minutes' where server_id = ${await idOf('app3')}`);
  await eventually(async () => !server(await figures(), 'app3'), 'app3 vanishes');
  await stack('start', 'app3');
  await eventually(allUp, 'app3 appears');
});

// Also those of a test that failed in between: otherwise the file would never end.
const crowds = [];
afterEach(() => { for (const stop of crowds.splice(0)) stop(); });

/** Asks for pages and writes comments all the time; gives how many were answered, and what failed. */
function visitors(count, member, post) {
  const failed = [];
  let answered = 0;
  let stopped = false;
  const one = async (writes) => {
    while (!stopped) {
      const answer = writes
        ? await member.post(`/posts/${post}/comments`, { form: { content: `쉬는 동안 ${Math.random()}` } })
        : await visitor(siteUrl).get('/login');
      const fine = writes ? answer.status === 303 : answer.status === 200;
      if (fine) answered += 1;
      else failed.push(`${answer.status} ${answer.text.slice(0, 80)}`);
      if (fine && writes) written += 1;
      await new Promise((resolve) => setTimeout(resolve, writes ? 40 : 5));
    }
  };
  let written = 0;
  const all = Array.from({ length: count }, (_, i) => one(i === 0));
  crowds.push(() => { stopped = true; });
  return { async stop() { stopped = true; await Promise.all(all); return { failed, answered, written }; } };
}

test('a drained server loses no request, and no write happens twice', async () => {
  await eventually(allUp, 'all servers up');
  const member = (await newMember()).client;
  const post = (await member.post('/boards/free/write', { form: { title: '쉬는 서버', content: '본문' } })).location.split('/').pop();
  const crowd = visitors(4, member, post);
  const answer = await set('app2', 'rest', '메모리를 더 끼웁니다');
  assert.equal(answer.status, 303, answer.text);
  await eventually(async () => server(await figures(), 'app2').site?.drained, 'app2 rests');
  const drained = await health(2);
  assert.equal(drained.status, 'down');
  assert.equal(drained.draining, true);
  assert.equal((await new Client(await appUrl(2, 'admin')).get('/login')).status, 200, 'its Admin goes on');
  // Nothing but what Nginx tries reaches it, and none of that is answered.
  const before = (await new Client(await appUrl(2)).get('/metrics')).text;
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const handled = (text) => [...text.matchAll(/^minschool_http_requests_total\{[^}]*\} (\d+)/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
  assert.equal(handled((await new Client(await appUrl(2)).get('/metrics')).text), handled(before));
  // It holds over a restart.
  await stack('reload', 'app2');
  await eventually(async () => { const one = await health(2); return one.uptime_seconds < 5 && one.draining; }, 'the new worker rests too');
  assert.equal((await set('app2', 'return', '다 끼웠습니다')).status, 303);
  await eventually(async () => !(await health(2)).draining, 'app2 serves again');
  await eventually(allUp, 'app2 is back at Nginx');
  const { failed, answered, written } = await crowd.stop();
  assert.deepEqual(failed, []);
  assert.ok(answered > 100, `only ${answered} requests`);
  const [[count]] = await sql(`select count(*) from comments where post_id = ${post}`);
  assert.equal(Number(count), written);
});

test('a drain needs a reason, is in the audit log, and is refused for the last server', async () => {
  await eventually(allUp, 'all servers up');
  assert.equal((await set('app1', 'rest', '  ')).status, 422);
  assert.equal((await set('app1', 'rest', '점검 하나')).status, 303);
  assert.match((await admin.get('/audit')).text, /서버 제외/);
  assert.match((await admin.get(`/servers/${await idOf('app1')}`)).text, /점검 하나/);
  assert.equal((await set('app2', 'rest', '점검 둘')).status, 303);
  const last = await set('app3', 'rest', '점검 셋');
  assert.equal(last.status, 409);
  assert.match(last.text, /하나뿐이라/);
  await eventually(async () => (await health(1)).draining && (await health(2)).draining, 'two of three rest');
  // If the last active server fails, the drained ones serve again.
  await stack('stop', 'app3');
  await sql(`update server_programs set seen_at = seen_at - interval '1 minute' where server_id = ${await idOf('app3')}`);
  await eventually(async () => !(await health(1)).draining, 'app1 serves because nobody else does');
  assert.equal((await visitor().get('/login')).status, 200);
  await stack('start', 'app3');
  await eventually(async () => (await health(1)).draining, 'app1 rests again');
  for (const name of ['app1', 'app2']) assert.equal((await set(name, 'return', '끝')).status, 303);
  await eventually(allUp, 'all servers up');
});

test('without Redis a server can be drained too', async () => {
  await stack('redis', 'stop');
  await eventually(async () => !(await figures()).redis.up, 'Redis is gone');
  assert.equal((await set('app1', 'rest', 'Redis 없이')).status, 303);
  await eventually(async () => (await health(1)).draining, 'app1 rests');
  assert.equal((await set('app1', 'return', 'Redis 없이')).status, 303);
  await eventually(async () => !(await health(1)).draining, 'app1 serves');
  await stack('redis', 'start');
  await eventually(allUp, 'all servers with Redis');
});

test('`minschool monit --once` shows the same on 80 by 24', async () => {
  const monit = async () => (await run(join(build, 'minschool'), ['--config', join(state, 'config', 'minschool.toml'), 'monit', '--once'])).stdout;
  const screen = await monit();
  const lines = screen.trimEnd().split('\n');
  assert.ok(lines.length <= 24, screen);
  assert.ok(lines.every((line) => line.length <= 80), screen);
  assert.doesNotMatch(screen, /\x1b/);
  assert.match(screen, /^server +state .* up$/m, 'no column is cut off');
  for (const words of [/app1 +up/, /app3 +up/, /Nginx +up/, /Redis +up/, /PostgreSQL +up/]) assert.match(screen, words);
  await stack('redis', 'stop');
  await eventually(async () => /Redis +down/.test(await monit()), 'monit says that Redis is gone');
  assert.match(await monit(), /app1 +degraded/);
  await stack('redis', 'start');
  await eventually(allUp, 'all servers with Redis');
});
