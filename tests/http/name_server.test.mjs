// PostgreSQL is named by a host name, and the name server does not answer (a black hole): no program blocks.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { TcpProxy } from '../../drill/faults/unhealthy_app.mjs';
import { eventually } from '../support/assert.mjs';
import { facts, root, state } from '../support/stack.mjs';

const able = process.getuid() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;
const skip = able ? false : 'this needs root and mount namespaces';
const program = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release', 'minschool-site');
const name = 'db.minschool.test';
const { net, run_dir } = await facts();
const address = `${net}.98`, url = `http://${address}:3000`, nameServer = `${net}.53`;
const proxy = new TcpProxy(), silent = dgram.createSocket('udp4');
let folder, child;

// A mount namespace of its own, in which the system's resolver reads the test's files.
const within = 'for one in hosts resolv.conf nsswitch.conf; do mount --bind "$0/$one" "/etc/$one" || exit 1; done; exec "$@"';
const setHosts = (named) => writeFile(join(folder, 'hosts'), `127.0.0.1 localhost ${named ? name : ''}\n`);
const health = async () => {
  const begun = Date.now();
  const body = await (await fetch(`${url}/health`)).json();
  return { ...body, ms: Date.now() - begun };
};

async function start() {
  child = spawn('unshare', ['--mount', 'sh', '-c', within, folder, program, '--config', join(folder, 'site.toml')], { stdio: 'ignore' });
  await eventually(() => health().then(() => true, () => false), 'an answer');
}

async function end() {
  if (!child || child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

before(async () => {
  if (!able) return;
  folder = await mkdtemp(join(tmpdir(), 'minschool-names-'));
  await new Promise((resolve) => silent.bind(53, nameServer, resolve));
  await proxy.listen(join(run_dir, 'pg', '.s.PGSQL.5432'));
  await writeFile(join(folder, 'resolv.conf'), `nameserver ${nameServer}\noptions timeout:30 attempts:1\n`);
  await writeFile(join(folder, 'nsswitch.conf'), 'hosts: files dns\n');
  const config = await readFile(join(state, 'config', 'app1-site.toml'), 'utf8');
  await writeFile(join(folder, 'site.toml'), config.replace(/host='[^']*'/, `host=${name} port=${proxy.port}`)
    .replace(/^name = "app1"$/m, 'name = "named"').replace(/^address = .*$/m, `address = "${address}"`));
});
afterEach(end);
after(async () => {
  proxy.close();
  silent.close();
  if (folder) await rm(folder, { recursive: true });
});

test('a lost connection is restored with the last known address', { skip }, async () => {
  await setHosts(true);
  await start();
  await eventually(async () => (await health()).checks.postgresql.state === 'ok', 'a connection');
  await setHosts(false);
  proxy.setMode('closed');
  await eventually(async () => (await health()).checks.postgresql.state === 'down', 'the loss');
  proxy.setMode('open');
  const begun = Date.now();
  let slowest = 0;
  await eventually(async () => {
    const { ms, checks } = await health();
    slowest = Math.max(slowest, ms);
    return checks.postgresql.state === 'ok';
  }, 'a connection again');
  // The resolver waits 30 s for the name server; the connection does not wait for it.
  assert.ok(Date.now() - begun < 10_000, `${Date.now() - begun} ms`);
  assert.ok(slowest < 1000, `the event loop blocked for ${slowest} ms`);
  assert.equal((await fetch(`${url}/`)).status, 200);
});

test('a program that starts without an address serves what it can, and /health reports why', { skip }, async () => {
  await setHosts(false);
  await start();
  for (let tries = 0; tries < 15; tries++) {
    const { ms, status, checks } = await health();
    assert.equal(status, 'down');
    assert.ok(ms < 1000, `the event loop blocked for ${ms} ms`);
    if (tries === 14) assert.match(checks.postgresql.error, new RegExp(`${name} is not known`));
    await pause(200);
  }
  const begun = Date.now();
  assert.equal((await fetch(`${url}/boards/free`)).status, 503);
  assert.ok(Date.now() - begun < 3000, 'refused at once');
});
