// An app server's machine loses power again and again: PostgreSQL ends its sessions by itself, also the listening ones.
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { eventually } from '../support/assert.mjs';
import { root, stack, state } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const exec = promisify(execFile);
const ip = (...words) => exec('ip', words);
const able = process.getuid() === 0 && spawnSync('unshare', ['--net', 'ip', 'link', 'add', 'ms-a', 'type', 'veth', 'peer', 'name', 'ms-b']).status === 0;
const skip = able ? false : 'this needs root and network namespaces';
const program = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release', 'minschool-site');
const database = '10.87.0.1', machine = '10.87.0.2', times = 3;
// With the keepalive settings that this tests, PostgreSQL gives up after some 11 s; without them after two hours.
const timeoutMs = 30_000;
// A machine of its own as far as the network goes: `read` waits until its end of the cable is in its namespace.
const within = `read go; ip link set lo up; ip addr add ${machine}/32 dev ms-b; ip link set ms-b up; ip route add ${database}/32 dev ms-b; exec "$@"`;
// Two for pages, one for long statements, one that listens.
const sessionsOfSite = 4;
let folder, child;

const sessions = async (which = 'true') =>
  Number((await sql(`select count(*) from pg_stat_activity where client_addr = '${machine}' and ${which}`))[0][0]);

/** Starts the machine with a Site. */
async function startMachine() {
  child = spawn('unshare', ['--net', 'sh', '-c', within, 'sh', program, '--config', join(folder, 'site.toml')],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  await eventually(async () => (await readlink(`/proc/${child.pid}/ns/net`)) !== (await readlink('/proc/self/ns/net')), 'its network');
  await ip('link', 'add', 'ms-a', 'type', 'veth', 'peer', 'name', 'ms-b', 'netns', String(child.pid));
  await ip('link', 'set', 'ms-a', 'up');
  await ip('route', 'add', `${machine}/32`, 'dev', 'ms-a', 'src', database);
  child.stdin.end('\n');
}

/** Cuts the cable first, so that no packet of the ending processes gets through. */
async function cutPower() {
  if (!child || child.signalCode) return;
  await ip('link', 'set', 'ms-a', 'down');
  process.kill(-child.pid, 'SIGKILL');
  await once(child, 'exit');
  await ip('link', 'delete', 'ms-a');
}

before(async () => {
  if (!able) return;
  folder = await mkdtemp(join(tmpdir(), 'minschool-power-'));
  const config = await readFile(join(state, 'config', 'app1-site.toml'), 'utf8');
  await writeFile(join(folder, 'site.toml'), config.replace(/host='[^']*'/, `host=${database}`)
    .replace(/^name = "app1"$/m, 'name = "power"').replace(/^address = .*$/m, `address = "${machine}"`));
  await ip('link', 'delete', 'ms-a').catch(() => {});  // left by a run that was killed
  await ip('addr', 'replace', `${database}/32`, 'dev', 'lo');
  await sql(`alter system set listen_addresses = '${database}'`);
  await stack('pg', 'restart');
  await appendFile(join(state, 'pg', 'data', 'pg_hba.conf'), `host minschool all ${machine}/32 scram-sha-256\n`);
  await sql('select pg_reload_conf()');
});
after(async () => {
  if (!able) return;
  await cutPower();
  await ip('addr', 'del', `${database}/32`, 'dev', 'lo');
  await sql('alter system reset listen_addresses');
  await stack('pg', 'restart');
  await rm(folder, { recursive: true });
});

test('the sessions of a machine without power do not accumulate', { skip }, async () => {
  for (let time = 0; time < times; time++) {
    const [[since]] = await sql('select now()');
    await startMachine();
    await eventually(async () => await sessions(`backend_start > '${since}'`) >= sessionsOfSite, 'its sessions');
    await cutPower();
  }
  assert.ok(await sessions() > 0, 'PostgreSQL was not notified');
  const begun = Date.now();
  await eventually(async () => await sessions() === 0, 'the end of all sessions');
  assert.ok(Date.now() - begun < timeoutMs, `${Date.now() - begun} ms`);
});
