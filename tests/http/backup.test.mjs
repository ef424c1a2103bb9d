// A backup of the running site, brought into an empty database: every row of every table is there again.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { root, state } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const exec = promisify(execFile);
const program = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release', 'minschool');
const database = `restored_${randomBytes(4).toString('hex')}`;
let folder;
let here;
let there;

/** Runs `minschool`; gives {code, out, err}. */
async function minschool(config, ...words) {
  try {
    const { stdout, stderr } = await exec(program, ['--config', config, ...words], { cwd: folder });
    return { code: 0, out: stdout, err: stderr };
  } catch ({ code, stdout, stderr }) {
    return { code, out: stdout, err: stderr };
  }
}

// Written by every server every two seconds, or by any request; that they are restored too is asserted by their counts.
const volatile = ['once', 'server_programs', 'server_samples'];
// Not brought back: tests/http/history.test.mjs.
const ended = ['sessions', 'incarnation'];
const maxTries = 10;

/** One digest of all rows for each table whose rows change only when somebody writes. */
async function digests(name) {
  const tables = (await sql(`select tablename from pg_tables where schemaname = 'public' order by 1`, 'pg', name)).map(([table]) => table);
  const out = {};
  for (const table of tables.filter((one) => ![...volatile, ...ended].includes(one))) {
    [out[table]] = await sql(`select count(*), md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from ${table} t`, 'pg', name);
  }
  return out;
}

/**
 * Does `act` until no table changed meanwhile, because view counts of earlier requests are flushed now and then; gives the
 * digests. Fails with the names of the tables that kept changing.
 */
async function withoutOtherWrites(act) {
  let changed = [];
  for (let tries = 0; tries < maxTries; ++tries) {
    const before = await digests('minschool');
    await act();
    const after = await digests('minschool');
    changed = Object.keys(after).filter((table) => String(before[table]) !== String(after[table]));
    if (changed.length === 0) return after;
  }
  assert.fail(`these tables changed during each of ${maxTries} backups: ${changed.join(', ')}`);
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minschool-backup-'));
  here = join(state, 'config', 'minschool.toml');
  there = join(folder, 'there.toml');
  await writeFile(there, (await readFile(here, 'utf8')).replace(/dbname=\w+/, `dbname=${database}`));
  await sql(`create database ${database} owner minschool_owner`);
  await mkdir(join(folder, 'pictures'));
  await writeFile(join(folder, 'pictures', '소풍.txt'), '봄 소풍');
  await writeFile(join(folder, 'key'), randomBytes(32).toString('base64'));
  await writeFile(join(folder, 'other-key'), randomBytes(32).toString('base64'));
});
after(async () => {
  await sql(`drop database if exists ${database} with (force)`);
  await rm(folder, { recursive: true });
});

test('a sealed backup, restored: every row, and the folder', async () => {
  const expected = await withoutOtherWrites(async () => {
    await rm(join(folder, 'site.sealed'), { force: true });
    const made = await minschool(here, 'backup', '--to', 'site.sealed', '--files', 'pictures', '--key-file', 'key');
    assert.equal(made.code, 0, made.err);
  });
  assert.ok(!(await readFile(join(folder, 'site.sealed'))).includes('database.dump'), 'sealed');

  await mkdir(join(folder, 'files'));
  const done = await minschool(there, 'restore', 'site.sealed', '--key-file', 'key', '--files', 'files');
  assert.equal(done.code, 0, done.err);
  assert.deepEqual(await digests(database), expected);
  for (const table of volatile) {
    const [filled, restored] = await Promise.all([sql(`select count(*) > 0 from ${table}`), sql(`select count(*) > 0 from ${table}`, 'pg', database)]);
    assert.deepEqual(restored, filled, `${table} is restored too`);
  }
  assert.equal(await readFile(join(folder, 'files', '1', '소풍.txt'), 'utf8'), '봄 소풍');
  assert.deepEqual((await readdir(folder)).filter((name) => name.startsWith('.minschool')), [], 'nothing is left behind');
});

test('a database that is not empty stays as it is', async () => {
  const { code, err } = await minschool(there, 'restore', 'site.sealed', '--key-file', 'key');
  assert.equal(code, 3);
  assert.match(err, /not empty/);
});

test('without the key, with another one, or cut off, it does not open', async () => {
  await sql(`drop database ${database} with (force)`);
  await sql(`create database ${database} owner minschool_owner`);
  assert.match((await minschool(there, 'restore', 'site.sealed')).err, /--key-file/);
  assert.match((await minschool(there, 'restore', 'site.sealed', '--key-file', 'other-key')).err, /the key is another one/);
  await exec('cp', [join(folder, 'site.sealed'), join(folder, 'cut')]);
  await truncate(join(folder, 'cut'), 100_000);
  assert.match((await minschool(there, 'restore', 'cut', '--key-file', 'key')).err, /cut off/);
  assert.deepEqual(await digests(database), {});
});

test('an open archive that somebody changed is not restored', async () => {
  assert.equal((await minschool(here, 'backup', '--to', 'site.tar')).code, 0);
  await mkdir(join(folder, 'changed'));
  await exec('tar', ['-xf', join(folder, 'site.tar'), '-C', join(folder, 'changed')]);
  await writeFile(join(folder, 'changed', 'about.txt'), 'MinSchool backup 1\n');
  await exec('tar', ['-cf', join(folder, 'changed.tar'), '-C', join(folder, 'changed'), '.']);
  const { code, err } = await minschool(there, 'restore', 'changed.tar');
  assert.equal(code, 1);
  assert.match(err, /sha256sum/);
  assert.deepEqual(await digests(database), {});
});

test('an older archive is not written over', async () => {
  const { code, err } = await minschool(here, 'backup', '--to', 'site.tar');
  assert.equal(code, 3);
  assert.match(err, /there already/);
});
