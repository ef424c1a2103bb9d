// Write access to Redis lets nobody become another member, or put text into pages.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { sign } from 'cookie-signature';

import { adminUrl } from '../support/client.mjs';
import { atEachServer, atServer, logIn, newMember } from '../support/members.mjs';
import { authentic, sessionSecret } from '../support/sessions.mjs';
import { facts, state } from '../support/stack.mjs';
import { redis, sql } from '../support/stores.mjs';

const idOf = (client, name = 'connect.sid') => decodeURIComponent(client.cookies.get(name)).slice('s:'.length).split('.')[0];
const userOf = async (email) => (await sql(`select id, session_epoch from users where email = '${email}'`))[0];
const me = async (client) => (await client.get('/api/v1/me')).json();

test('a session record with another member’s id, epoch and role still belongs to its own member', async () => {
  const intruder = await newMember();
  const [admin, epoch] = await userOf('admin@minschool.test');
  const key = `session:${idOf(intruder.client)}`;
  const session = JSON.parse(await redis('GET', key));
  for (const change of [
    { userId: Number(admin), member: Number(admin), epoch: Number(epoch), role: 'admin' },
    { userId: Number(admin), member: Number(admin), epoch: Number(epoch), tag: undefined },
    { touched: session.touched + 60 }, { epoch: session.epoch + 1 }, { tag: '' }, { tag: 7 }, { tag: session.tag.slice(1) },
  ]) {
    await redis('SET', key, JSON.stringify({ ...session, ...change }), 'EX', '1000');
    for (const server of await atEachServer(intruder.client)) assert.equal((await me(server)).email, intruder.email, JSON.stringify(change));
  }
});

test("another's session record, under the member's own id, is not valid", async () => {
  const [intruder, victim] = [await newMember(), await newMember()];
  await redis('SET', `session:${idOf(intruder.client)}`, await redis('GET', `session:${idOf(victim.client)}`), 'EX', '1000');
  for (const server of await atEachServer(intruder.client)) assert.equal((await me(server)).email, intruder.email);
});

test('a session of the Site is not valid in the Admin', async () => {
  const staff = await logIn('admin@minschool.test');
  const key = `session:${idOf(staff)}`;
  const session = JSON.parse(await redis('GET', key));
  const client = await atServer(staff, 1, 'admin');
  client.cookies.set('minschool.admin', staff.cookies.get('connect.sid'));
  for (const realm of ['admin', undefined, '']) {
    await redis('SET', key, JSON.stringify({ ...session, realm }), 'EX', '1000');
    assert.match((await client.get('/')).location, /^\/login/, String(realm));
  }
  await staff.post('/logout');
});

test('an intruder with the Site’s secrets and Redis neither forges nor finds a login of the Admin', async () => {
  const staff = await logIn('admin@minschool.test'), administrator = await logIn('admin@minschool.test', { base: adminUrl });
  const id = idOf(staff), session = JSON.parse(await redis('GET', `session:${id}`));
  const client = await atServer(staff, 1, 'admin');
  client.cookies.set('minschool.admin', encodeURIComponent(`s:${sign(id, await sessionSecret())}`));
  for (const name of [id, createHash('sha256').update(id).digest('hex')]) {
    await redis('SET', `session:${name}`, JSON.stringify(await authentic(id, { ...session, realm: 'admin' })), 'EX', '1000');
    assert.match((await client.get('/')).location, /^\/login/);
  }
  assert.equal((await administrator.get('/')).status, 200);
  const known = await redis('SMEMBERS', `sessions:${session.member}`);
  assert.ok(!known.includes(idOf(administrator, 'minschool.admin')));
  await administrator.post('/logout');
  await staff.post('/logout');
});

test('a cached value without a valid tag is not shown', async () => {
  const { client, email, name } = await newMember();
  const [id] = await userOf(email);
  const key = `cache:user:profile:${id}`;
  await client.get(`/members/${id}`);
  const kept = await redis('GET', key);
  for (const forged of [`{"id":${id},"name":"남의 이름","joinDate":"2020-01-01T00:00:00Z","joined":1}`, kept.replace(name, '남의 이름'), 'x', '{']) {
    await redis('SET', key, forged, 'EX', '60');
    const page = await client.get(`/members/${id}`);
    assert.equal(page.status, 200);
    assert.ok(!page.text.includes('남의 이름'), forged);
  }
});

test('the programs may use their own commands on their own keys, and nothing else', async () => {
  const { run_dir } = await facts();
  const secret = (await readFile(join(state, 'secrets', 'redis'), 'utf8')).trim();
  const program = async (...words) => {
    const { stdout, stderr } = await promisify(execFile)('redis-cli', ['-s', join(run_dir, 'redis.sock'), '--user', 'minschool', ...words], { env: { ...process.env, REDISCLI_AUTH: secret } });
    return stdout + stderr;
  };
  assert.match(await program('SET', 'session:x', '1', 'EX', '1'), /OK/);
  for (const words of [['CONFIG', 'GET', 'requirepass'], ['FLUSHALL'], ['SCRIPT', 'FLUSH'], ['ACL', 'LIST'], ['REPLICAOF', 'NO', 'ONE'],
    ['SHUTDOWN'], ['MONITOR'], ['SET', 'elsewhere', '1'], ['EVAL', "return redis.call('GET', 'elsewhere')", '0'], ['PUBLISH', 'elsewhere', 'x'], ['CLIENT', 'LIST']]) {
    assert.match(await program(...words), /NOPERM|ACL failure|permission|can't (run|access)/i, words.join(' '));
  }
  assert.equal((await logIn('admin@minschool.test', { base: adminUrl })).cookies.has('minschool.admin'), true);
});
