// A restored database is another incarnation: no server trusts sessions of the previous one, although Redis was never emptied.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { eventually } from '../support/assert.mjs';
import { assertLoggedIn, atServer, joinForm, logIn, newMember, password, serverNumbers, visitor } from '../support/members.mjs';
import { root, state } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const exec = promisify(execFile);
const program = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release', 'minschool');
const restored = `restored_${randomBytes(4).toString('hex')}`;
const aside = `aside_${randomBytes(4).toString('hex')}`;
let folder;
let exchanged = false;

const minschool = (config, ...words) => exec(program, ['--config', config, ...words], { cwd: folder });
const answers = async (number) => (await (await atServer(visitor(), number)).get('/join')).status === 200;
const epochOf = async (email) => (await sql(`select id, session_epoch from users where email = '${email}'`))[0];

/** Gives the running programs another database under the same name, as a restore in place does. */
async function rename(from, to) {
  await sql(`alter database ${from} with allow_connections false`, 'pg', 'postgres');
  await sql(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${from}'`, 'pg', 'postgres');
  await eventually(async () => (await sql(`select count(*) from pg_stat_activity where datname = '${from}'`, 'pg', 'postgres'))[0][0] === '0', 'no connection');
  await sql(`alter database ${from} rename to ${to}`, 'pg', 'postgres');
  await sql(`alter database ${to} with allow_connections true`, 'pg', 'postgres');
}
async function exchange(database, keep) {
  await rename('minschool', keep);
  await rename(database, 'minschool');
  for (const number of serverNumbers) await eventually(() => answers(number), `app server ${number} with the other database`);
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minschool-history-'));
});
after(async () => {
  if (exchanged) await exchange(aside, restored);
  await sql(`drop database if exists ${restored} with (force)`, 'pg', 'postgres');
  await rm(folder, { recursive: true });
});

test('after a restore no earlier session is valid', async () => {
  const here = join(state, 'config', 'minschool.toml');
  const there = join(folder, 'there.toml');
  await writeFile(there, (await readFile(here, 'utf8')).replace(/dbname=\w+/, `dbname=${restored}`));
  const stayed = await newMember();
  const left = await newMember();
  const second = await logIn(left.email);
  await minschool(here, 'backup', '--to', 'site.tar');

  const leftCookies = new Map(left.client.cookies);
  assert.equal((await left.client.post('/logout')).status, 303);
  const later = await newMember();
  const [laterId] = await epochOf(later.email);
  await assertLoggedIn(later.client, true);

  await sql(`create database ${restored} owner minschool_owner`, 'pg', 'postgres');
  await minschool(there, 'restore', 'site.tar');
  await exchange(restored, aside);
  exchanged = true;

  left.client.cookies = leftCookies;
  for (const { client } of [stayed, left, { client: second }, later]) await assertLoggedIn(client, false);

  const form = joinForm();
  const fresh = visitor();
  assert.equal((await fresh.post('/join', { form })).status, 303);
  const [freshId] = await epochOf(form.email);
  assert.ok(Number(freshId) > Number(laterId), `${laterId} is not given again: ${freshId}`);
  await assertLoggedIn(fresh, true);
  await assertLoggedIn(later.client, false);

  // Even if the same id were used again.
  await sql(`insert into users (id, email, name, password_hash) values (${laterId}, 'again-${laterId}@minschool.test', '다른 사람', 'x')`);
  await assertLoggedIn(later.client, false);

  // And existing members can log in and stay logged in.
  const again = await logIn(stayed.email);
  await assertLoggedIn(again, true);
  await again.post('/my/password', { form: { current: password, password: 'another-password-7', password_again: 'another-password-7' } });
  await assertLoggedIn(again, true);
});

test('`minschool restored` ends all sessions of a database that was restored by other means', async () => {
  const { client } = await newMember();
  const [[before]] = await sql("select last_value from posts_id_seq");
  const { stdout } = await minschool(join(state, 'config', 'minschool.toml'), 'restored');
  assert.match(stdout, /log in again/);
  await assertLoggedIn(client, false);
  const [[later]] = await sql("select last_value from posts_id_seq");
  assert.ok(Number(later) >= Number(before) + 100_000);
});
