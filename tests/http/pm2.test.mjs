// The seed's way of running an app server: PM2 starts the programs from ecosystem.config.js, in place of app3.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { eventually } from '../support/assert.mjs';
import { Client } from '../support/client.mjs';
import { root, stack, state, status } from '../support/stack.mjs';

const run = promisify(execFile);
const build = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release');
const guest = new Client();
let home;

async function pm2(...parts) {
  const env = { ...process.env, PM2_HOME: join(home, 'pm2'), MINSCHOOL_BIN: build, MINSCHOOL_CONFIG: join(home, 'etc') };
  const { stdout } = await run(join(root, 'node_modules/.bin/pm2'), parts, { env, cwd: join(root, 'deploy/pm2'), timeout: 60_000 });
  return stdout;
}

const listed = async () => JSON.parse((await pm2('jlist')).split('\n').findLast((line) => line.startsWith('[')))
  .map(({ name, pid, pm2_env: { status: state, restart_time: restarts } }) => ({ name, pid, state, restarts }));
const health = async () => (await status()).find(({ app }) => app === 'app3').health;

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'minschool-pm2-'));
  await mkdir(join(home, 'etc'));
  for (const name of ['site', 'admin']) await symlink(join(state, 'config', `app3-${name}.toml`), join(home, 'etc', `${name}.toml`));
  await stack('stop', 'app3');
});
after(async () => {
  await pm2('kill').catch(() => {});
  await stack('start', 'app3');
  await rm(home, { recursive: true, force: true });
});

test('pm2 start ecosystem.config.js: both programs are ready when it says so', async () => {
  await pm2('start', 'ecosystem.config.js');
  assert.deepEqual((await listed()).map(({ name, state: how }) => [name, how]),
    [['minschool-site', 'online'], ['minschool-admin', 'online']]);
  await eventually(async () => (await guest.get('/boards/free?through=pm2')).headers['x-served-by'] === 'app3', 'a page of app3');
});

test('pm2 reload under load: no request is lost', async () => {
  const before = await listed();
  const failed = [];
  let over = false;
  let sent = 0;
  const visitor = async () => {
    while (!over) {
      const answer = await guest.get(`/boards/free?n=${sent++}`, { headers: { connection: 'close' } }).catch((error) => error);
      if (answer.status !== 200) failed.push(answer.status ?? answer.message);
      await pause(5);
    }
  };
  const visitors = [visitor(), visitor()];
  try {
    await pm2('reload', 'all');
  } finally {
    over = true;
    await Promise.all(visitors);
  }
  assert.deepEqual(failed, [], `of ${sent}`);
  const now = await listed();
  assert.ok(now.every(({ name, pid, state: how }) => how === 'online' && before.find((one) => one.name === name).pid !== pid));
});

test('a killed program is started again', async () => {
  const [{ pid }] = await listed();
  process.kill(pid, 'SIGKILL');
  await eventually(async () => {
    const [site] = await listed();
    return site.state === 'online' && site.pid !== pid;
  }, 'another process');
  await eventually(async () => await health() === 'ok', 'health of app3');
});
