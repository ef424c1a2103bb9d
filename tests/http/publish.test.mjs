// What the command `minschool` changes is shown by running programs at once: three servers on a database of their own.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { eventually, soon } from '../support/assert.mjs';
import { Client } from '../support/client.mjs';
import { logIn } from '../support/members.mjs';
import { facts, root, state } from '../support/stack.mjs';
import { redis, sql } from '../support/stores.mjs';

const exec = promisify(execFile);
const build = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release');
const name = `published_${randomBytes(4).toString('hex')}`;
const redisDatabase = 8;
const numbers = [1, 2, 3];
const { net } = await facts();
let folder;
let running = [];
let servers;

async function minschool(...words) {
  const { stdout, stderr } = await exec(join(build, 'minschool'), ['--config', join(folder, 'minschool.toml'), ...words], { cwd: root });
  assert.equal(stderr, '');
  return stdout;
}

/** Three Sites on the database `name`, each at a port of its own. */
async function start() {
  servers = numbers.map((number) => new Client(`http://${net}.11:${3130 + number}`));
  running = numbers.map((number) => spawn(join(build, 'minschool-site'), ['--config', join(folder, 'site.toml')], {
    env: { ...process.env, MINSCHOOL_SERVER_PORT: String(3130 + number), MINSCHOOL_SERVER_NAME: `published${number}`, MINSCHOOL_REDIS_DATABASE: String(redisDatabase) },
    stdio: 'ignore',
  }));
  for (const server of servers) await eventually(async () => (await server.get('/health').catch(() => ({}))).status === 200, 'a Site');
}

async function stop() {
  for (const child of running) if (child.exitCode === null && child.kill()) await once(child, 'exit');
  running = [];
}

async function fresh() {
  await sql(`drop database if exists ${name} with (force)`);
  await sql(`create database ${name} owner minschool_owner`);
  await sql(`grant connect on database ${name} to minschool_site, minschool_admin`);
}

/** The assertion holds for each server, as soon as it has the change of another one. */
const everywhere = (assertion) => soon(() => Promise.all(servers.map(assertion)));

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minschool-publish-'));
  for (const [from, to] of [['minschool', 'minschool'], ['app1-site', 'site']]) {
    const text = (await readFile(join(state, 'config', `${from}.toml`), 'utf8')).replace(/dbname=\w+/, `dbname=${name}`)
      .replace('[redis]', `[redis]\ndatabase = ${redisDatabase}`);
    await writeFile(join(folder, `${to}.toml`), text);
  }
  await redis('-n', String(redisDatabase), 'FLUSHDB');
  await fresh();
  await minschool('migrate', 'up');
  await start();
});
after(async () => {
  await stop();
  await sql(`drop database if exists ${name} with (force)`);
  await redis('-n', String(redisDatabase), 'FLUSHDB');
  await rm(folder, { recursive: true });
});

test('demonstration data', async () => {
  for (const server of servers) {
    assert.ok(!(await server.get('/')).text.includes('/boards/notice'), 'nothing is there yet, and that is remembered');
  }
  await minschool('demo', 'load', '--dir', join(root, 'demo'));
  await everywhere(async (server) => {
    const page = await server.get('/');
    assert.match(page.text, /href="\/boards\/[a-z]/, 'boards in the menu');
    assert.match(page.text, /href="\/boards\/notice\/\d+"/, 'newest posts');
    assert.equal((await server.get('/boards/notice')).status, 200);
  });
});

test('a member that is added, another role, another password', async () => {
  const email = `publish-${randomBytes(4).toString('hex')}@minschool.test`;
  const next = Number((await sql('select max(id) + 1 from users', 'pg', name))[0][0]);
  const member = await logIn('member@minschool.test', { base: servers[0].base });
  const asked = servers.map((server) => Object.assign(new Client(server.base, { address: member.address }), { cookies: member.cookies }));
  const profile = async (client) => (await client.get(`/members/${next}`)).status;
  for (const client of asked) assert.equal(await profile(client), 404);
  await writeFile(join(folder, 'password'), 'long enough\n');
  await minschool('user', 'add', '--email', email, '--name', '새 회원', '--password-file', join(folder, 'password'));
  await soon(async () => { for (const client of asked) assert.equal(await profile(client), 200); });

  const one = await logIn(email, { base: servers[1].base, secret: 'long enough' });
  const mine = servers.map((server) => Object.assign(new Client(server.base, { address: one.address }), { cookies: one.cookies }));
  const role = async (client) => (await client.get('/api/v1/me')).json().role;
  for (const client of mine) assert.equal(await role(client), 'member');
  await minschool('user', 'role', email, 'staff');
  await soon(async () => { for (const client of mine) assert.equal(await role(client), 'staff'); });
  await minschool('user', 'password', email, '--password-file', join(folder, 'password'));
  await soon(async () => { for (const client of mine) assert.equal((await client.get('/api/v1/me')).status, 401); });
});

test('a restored database', async () => {
  const archive = join(folder, 'site.tar');
  await minschool('backup', '--to', archive);
  await stop();
  await fresh();
  await start();
  for (const server of servers) assert.ok((await server.get('/')).status >= 200, 'without tables it says what it can');
  await minschool('restore', archive);
  await everywhere(async (server) => {
    assert.match((await server.get('/')).text, /href="\/boards\/[a-z]/);
    assert.equal((await server.get('/boards/notice')).status, 200);
  });
});

test('without Redis the command works and reports the consequence', async () => {
  const config = join(folder, 'without.toml');
  await writeFile(config, (await readFile(join(folder, 'minschool.toml'), 'utf8')).replace(/^host = .*redis.*$/m, 'host = "/nowhere/redis.sock"'));
  const { stdout, stderr } = await exec(join(build, 'minschool'), ['--config', config, 'user', 'role', 'staff@minschool.test', 'staff']);
  assert.match(stdout, /is now staff/);
  assert.match(stderr, /^minschool: Redis was not told: [^\n]+ for a minute [^\n]+\n$/);
});
