// Debian's Prometheus with the files of deploy/prometheus watches the stack: its targets, its alerts when a part
// fails, and that every metric of the rules and of the dashboard exists.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { eventually } from '../support/assert.mjs';
import { Client, adminUrl, siteUrl } from '../support/client.mjs';
import { facts, root, stack } from '../support/stack.mjs';

const run = promisify(execFile);
const files = join(root, 'deploy/prometheus');
const visitor = new Client();
const { net } = await facts();
const numbers = [1, 2, 3];
const targets = {
  site: numbers.map((number) => `${net}.${10 + number}:3000`),
  admin: numbers.map((number) => `${net}.${10 + number}:3001`),
  monitor: [`${net}.10:3002`],
};
let home;
let prometheus;
let api;

async function freePort() {
  const keeper = createServer().listen(0, '127.0.0.1');
  await once(keeper, 'listening');
  const { port } = keeper.address();
  keeper.close();
  await once(keeper, 'close');
  return port;
}

/** The repository's files with other values in the lines that are to be adapted, and with seconds for minutes. */
async function adapt() {
  await cp(files, home, { recursive: true });
  const config = (await readFile(join(home, 'prometheus.yml'), 'utf8'))
    .replace(/\[.*\](?= {2}# @(\w+)$)/gm, (_, which) => JSON.stringify(targets[which] ?? assert.fail(`no value for @${which}`)))
    .replaceAll(/: (15|5)s$/gm, ': 2s');
  await writeFile(join(home, 'prometheus.yml'), config);
  const rules = await readFile(join(home, 'minschool.rules.yml'), 'utf8');
  await writeFile(join(home, 'minschool.rules.yml'), rules.replaceAll(/^( +for:) .*$/gm, '$1 5s'));
}

async function ask(path) {
  const answer = await api.get(`/api/v1/${path}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json().data;
}

const query = async (expr) => (await ask(`query?query=${encodeURIComponent(expr)}`)).result;
const value = async (expr) => Number((await query(expr))[0]?.value[1] ?? 0);
const rules = async () => (await ask('rules')).groups.flatMap((group) => group.rules);
const alerts = async (name) => (await ask('alerts')).alerts.filter(({ labels }) => labels.alertname === name);
/** The targets of a firing alert: "job instance". */
const firing = async (name) => (await alerts(name)).filter(({ state }) => state === 'firing')
  .map(({ labels }) => `${labels.job} ${labels.instance}`).sort();
const upTargets = async () => (await ask('targets')).activeTargets.filter(({ health }) => health === 'up');

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'minschool-prometheus-'));
  await adapt();
  const port = await freePort();
  api = new Client(`http://127.0.0.1:${port}`);
  const words = ['--config.file', join(home, 'prometheus.yml'), '--storage.tsdb.path', join(home, 'data'),
    '--web.listen-address', `127.0.0.1:${port}`, '--log.level', 'warn'];
  prometheus = spawn('prometheus', words, { stdio: ['ignore', 'inherit', 'inherit'] });
  await eventually(async () => (await api.get('/-/ready').catch(() => ({}))).status === 200, 'Prometheus ready');
});
after(async () => {
  if (prometheus?.exitCode === null && prometheus.kill()) await once(prometheus, 'exit');
  await stack('redis', 'start');
  await stack('start', 'app3');
  await rm(home, { recursive: true, force: true });
});

test('the configuration and the rules are valid, and each alert fires when it should', async () => {
  await run('promtool', ['check', 'config', join(files, 'prometheus.yml')]);
  for (const file of (await readdir(files)).filter((name) => name.endsWith('.test.yml'))) {
    await run('promtool', ['test', 'rules', join(files, file)]);
  }
});

test('each alert has a test, a Korean text, and a line in the manual', async () => {
  const tests = await readFile(join(files, 'minschool.test.yml'), 'utf8');
  const manual = await readFile(join(root, 'docs/operating.md'), 'utf8');
  const found = await rules();
  assert.ok(found.length > 20);
  for (const { name, annotations, labels, health } of found) {
    assert.equal(health, 'ok', name);
    assert.ok(tests.includes(`"${name}"`) || tests.includes(`alertname: ${name}`), `${name} in minschool.test.yml`);
    assert.ok(manual.includes(`| \`${name}\` |`), `${name} in docs/operating.md`);
    assert.match(annotations.summary, /[가-힣]/);
    assert.match(annotations.description, /[가-힣]/);
    assert.equal(annotations.runbook, 'docs/operating.md#alerts');
    assert.match(labels.severity, /^(critical|warning)$/);
  }
  assert.match(manual, /^### Alerts$/m);
});

test('all programs of the stack are scraped and counted', async () => {
  await eventually(async () => (await upTargets()).length === 7, 'all targets up');
  const found = (await upTargets()).map(({ labels }) => `${labels.job} ${labels.instance}`).sort();
  assert.deepEqual(found, Object.entries(targets).flatMap(([job, all]) => all.map((one) => `minschool-${job} ${one}`)).sort());
  const logins = 'sum(minschool_http_requests_total{job="minschool-site",route="/login",method="GET",status="2xx"})';
  await eventually(async () => await value('count(minschool_build_info)') === 6, 'the first scrapes');
  const before = await value(logins);
  for (let i = 0; i < 20; i++) assert.equal((await visitor.get('/login')).status, 200);
  await eventually(async () => await value(logins) >= before + 20, '20 requests counted');
  assert.equal(await value('sum(minschool_redis_up)'), 6);
  assert.equal(await value('sum(minschool_pg_up)'), 6);
  assert.ok(await value('min(minschool_http_in_flight_limit)') > 0);
});

test('every metric of the rules and of the dashboard exists', async () => {
  const dashboard = JSON.parse(await readFile(join(root, 'deploy/grafana/minschool.json'), 'utf8'));
  const drawn = dashboard.panels.flatMap(({ targets: lines = [] }) => lines.map(({ expr }) => expr));
  assert.ok(drawn.length > 40);
  const known = new Set(await ask('label/__name__/values'));
  const named = [...drawn, ...(await rules()).map(({ query: expr }) => expr)]
    .flatMap((expr) => expr.match(/\b(minschool|process)_\w+/g) ?? []);
  assert.deepEqual([...new Set(named)].filter((name) => !known.has(name)), []);
  // A rate needs two scrapes, with requests between them.
  await Promise.all([visitor.get('/login'), new Client(adminUrl).get('/login'), visitor.get('/boards/free')]);
  for (const expr of drawn) {
    await eventually(async () => (await query(expr.replaceAll('$__rate_interval', '1m'))).length > 0, `a value of ${expr}`);
  }
});

test('alerts by severity: Redis gone', async () => {
  assert.deepEqual(await firing('MinSchoolRedisGone'), []);
  await stack('redis', 'stop');
  const all = [...targets.admin.map((one) => `minschool-admin ${one}`), ...targets.site.map((one) => `minschool-site ${one}`)];
  await eventually(async () => (await alerts('MinSchoolRedisGone')).length === 6, 'the alert of each program, pending');
  await eventually(async () => (await firing('MinSchoolRedisGone')).length === 6, 'the alert of each program');
  assert.deepEqual(await firing('MinSchoolRedisGone'), all);
  assert.deepEqual(await firing('MinSchoolPostgresGone'), []);
  assert.deepEqual(await firing('MinSchoolServerDown'), []);
  await stack('redis', 'start');
  await eventually(async () => (await firing('MinSchoolRedisGone')).length === 0, 'the end of the alert');
});

test('alerts by severity: an app server gone', async () => {
  assert.deepEqual(await firing('MinSchoolServerDown'), []);
  await stack('stop', 'app3');
  const gone = [`minschool-admin ${targets.admin[2]}`, `minschool-site ${targets.site[2]}`];
  await eventually(async () => (await alerts('MinSchoolServerDown')).length === 2, 'the alert of both programs, pending');
  await eventually(async () => (await firing('MinSchoolServerDown')).length === 2, 'the alert of both programs');
  assert.deepEqual(await firing('MinSchoolServerDown'), gone);
  await eventually(async () => (await firing('MinSchoolServerFailing')).length > 0, "the monitor's view of it");
  assert.deepEqual(await firing('MinSchoolAllServersDown'), []);
  await stack('start', 'app3');
  await eventually(async () => (await firing('MinSchoolServerDown')).length === 0, 'the end of the alert');
});

test('Nginx never serves metrics', async () => {
  const ways = ['/metrics', '/metrics/', '/metrics?x=1', '//metrics', '/%6Detrics', '/./metrics', '/boards/../metrics', '/metrics%00', '/metrics;x', '/Metrics', '/api/../metrics'];
  for (const base of [siteUrl, adminUrl]) {
    const { hostname, port } = new URL(base);
    for (const way of ways) {
      // By hand: a URL of Node is put right before it is sent.
      const { stdout } = await run('curl', ['-s', '-i', '--path-as-is', '--max-time', '10', `http://${hostname}:${port}${way}`]);
      assert.match(stdout, /^HTTP\/1\.1 [34]\d\d /, way);  // the Admin redirects guests to the login
      assert.doesNotMatch(stdout, /minschool_|process_cpu/, way);
    }
  }
});
