// A backup of the running site, restored into an empty database: every row of every table is restored.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { eventually } from '../support/assert.mjs';
import { root, state } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const exec = promisify(execFile);
const program = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release', 'minschool');
const database = `restored_${randomBytes(4).toString('hex')}`;
const object = join(state, 'files', 'files', 'aa', 'backup-test');  // a file of a member
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
const volatile = ['idempotency_keys', 'jobs', 'server_programs', 'server_samples'];
// Not restored: tests/http/history.test.mjs.
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
  await writeFile(there, (await readFile(here, 'utf8')).replace(/dbname=\w+/, `dbname=${database}`).replace(/folder = .*/, `folder = "${folder}/restored"`));
  await mkdir(join(folder, 'restored'));
  await mkdir(join(state, 'files', 'files', 'aa'), { recursive: true });
  await writeFile(object, '회원의 파일'.repeat(10_000));
  await mkdir(join(state, 'files', '.partial'), { recursive: true });
  await sql(`create database ${database} owner minschool_owner`);
  await mkdir(join(folder, 'pictures'));
  await writeFile(join(folder, 'pictures', '소풍.txt'), '봄 소풍');
  await writeFile(join(folder, 'key'), randomBytes(32).toString('base64'));
  await writeFile(join(folder, 'other-key'), randomBytes(32).toString('base64'));
});
after(async () => {
  await rm(object, { force: true });
  await sql(`drop database if exists ${database} with (force)`);
  await rm(folder, { recursive: true });
});

test('a sealed backup restores every row and the folder', async () => {
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
  assert.match(done.out, /^[1-9]\d* files of members$/m);
  assert.ok((await readFile(join(folder, 'restored', 'files', 'aa', 'backup-test'))).equals(await readFile(object)));
  assert.deepEqual((await readdir(folder)).filter((name) => name.startsWith('.minschool')), [], 'nothing is left behind');
});

test('a database that is not empty stays as it is', async () => {
  const { code, err } = await minschool(there, 'restore', 'site.sealed', '--key-file', 'key');
  assert.equal(code, 3);
  assert.match(err, /not empty/);
});

test('an archive does not open without the key, with another key, or cut off', async () => {
  await sql(`drop database ${database} with (force)`);
  await sql(`create database ${database} owner minschool_owner`);
  assert.match((await minschool(there, 'restore', 'site.sealed')).err, /--key-file/);
  await writeFile(join(folder, 'plain.tar'), 'no seal');
  assert.match((await minschool(there, 'restore', 'plain.tar', '--key-file', 'key')).err, /is not sealed/);
  assert.match((await minschool(there, 'restore', 'site.sealed', '--key-file', 'other-key')).err, /the key is another one/);
  await exec('cp', [join(folder, 'site.sealed'), join(folder, 'cut')]);
  await truncate(join(folder, 'cut'), 100_000);
  assert.match((await minschool(there, 'restore', 'cut', '--key-file', 'key')).err, /the archive cut is cut off or damaged/);
  assert.deepEqual(await digests(database), {});
});

test('an open archive that somebody changed is not restored', async () => {
  assert.equal((await minschool(here, 'backup', '--to', 'site.tar', '--no-objects')).code, 0);
  assert.doesNotMatch((await exec('tar', ['-tf', join(folder, 'site.tar')])).stdout, /objects/);
  await mkdir(join(folder, 'changed'));
  await exec('tar', ['-xf', join(folder, 'site.tar'), '-C', join(folder, 'changed')]);
  await writeFile(join(folder, 'changed', 'about.txt'), 'MinSchool backup 1\n');
  await exec('tar', ['-cf', join(folder, 'changed.tar'), '-C', join(folder, 'changed'), '.']);
  const { code, err } = await minschool(there, 'restore', 'changed.tar');
  assert.equal(code, 1);
  assert.equal(err, 'minschool: the archive changed.tar is damaged: about.txt is not what was written\n');
  assert.deepEqual(await digests(database), {});
});

test('the error for a damaged archive names the archive', async () => {
  const whole = await readFile(join(folder, 'site.tar'));
  const damage = {
    nothing: Buffer.alloc(0),
    text: Buffer.from('no archive at all\n'.repeat(100)),
    short: whole.subarray(0, Math.floor(whole.length / 2)),
    begun: whole.subarray(0, 700),
    touched: Buffer.concat([whole.subarray(0, 5000), Buffer.from('#'), whole.subarray(5001)]),
    halved: Buffer.concat([whole.subarray(0, 512), whole.subarray(1024)]),
  };
  for (const [name, bytes] of Object.entries(damage)) {
    await writeFile(join(folder, name), bytes);
    const { code, err } = await minschool(there, 'restore', name);
    assert.equal(code, 1, name);
    assert.match(err, new RegExp(`^minschool: (the archive ${name} is|${name} is no archive)[^\\n]*\\n$`), name);
    assert.doesNotMatch(err, /\btar\b|sha256|libarchive/i);
  }
  assert.deepEqual(await digests(database), {});
});

/** What a killed backup or restore left in the folder. */
const leftovers = async () => (await readdir(folder)).filter((name) => name.startsWith('.minschool'));

test('a backup that is killed at any moment leaves no readable file', async () => {
  const config = ['--config', here, 'backup', '--key-file', 'key', '--files', 'pictures'];
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGKILL']) {
    const child = spawn(program, [...config, '--to', `${signal}.sealed`], { cwd: folder, stdio: 'ignore' });
    const ended = once(child, 'exit');
    await eventually(async () => child.exitCode !== null || (await leftovers()).length > 0, 'the beginning of a backup');
    child.kill(signal);
    await ended;
    for (const name of await leftovers()) {
      const left = await readFile(join(folder, name));
      assert.ok(left.length === 0 || left.subarray(0, 18).toString() === 'MinSchool sealed 1', `${signal}: ${name} is sealed`);
      assert.ok(!left.includes('about.txt') && !left.includes('PGDMP'), `${signal}: nothing plain in ${name}`);
    }
    if (signal !== 'SIGKILL') assert.deepEqual(await leftovers(), [], `${signal} leaves nothing`);
    for (const name of await leftovers()) await rm(join(folder, name));
  }
});

test('the next run removes leftovers of an earlier one, but not the file of a concurrent one', async () => {
  await mkdir(join(folder, '.minschool-AAAAAA'));  // as versions before wrote it
  await writeFile(join(folder, '.minschool-AAAAAA', 'database.dump'), 'PGDMP');
  await writeFile(join(folder, '.minschool-BBBBBB'), 'killed');
  await writeFile(join(folder, '.minschool-CCCCCC'), 'still written');
  await writeFile(join(folder, '.minschool.toml'), 'somebody else\'s');
  const writer = spawn('flock', [join(folder, '.minschool-CCCCCC'), 'sh', '-c', 'echo locked; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  try {
    await once(writer.stdout, 'data');
    const { code, err } = await minschool(here, 'backup', '--to', 'swept.tar');
    assert.equal(code, 0, err);
    assert.match(err, /removed 2 unfinished/);
    assert.deepEqual((await leftovers()).sort(), ['.minschool-CCCCCC', '.minschool.toml']);
  } finally {
    process.kill(-writer.pid);
    await rm(join(folder, '.minschool-CCCCCC'));
    await rm(join(folder, '.minschool.toml'));
  }
});

test('only the newest archives are kept when the operator says how many', async () => {
  const nights = join(folder, 'nights');
  await mkdir(nights);
  const old = ['minschool-20260101T030000Z.tar', 'minschool-20260102T030000Z.tar.sealed', 'minschool-20260103T030000Z.tar'];
  for (const name of [...old, 'minschool-notes.tar', 'other.tar']) await writeFile(join(nights, name), 'x');
  const { code, out, err } = await minschool(here, 'backup', '--to', 'nights', '--keep', '2');
  assert.equal(code, 0, err);
  assert.match(out, /20260101T030000Z\.tar removed\n.*20260102T030000Z\.tar\.sealed removed\n/);
  const left = (await readdir(nights)).sort();
  assert.deepEqual(left.filter((name) => !/2026(1|01\d\dT)/.test(name)), ['minschool-notes.tar', 'other.tar']);
  assert.equal(left.length, 4);
  assert.ok(left.includes(old[2]));
  assert.equal((await minschool(here, 'backup', '--to', 'nights', '--keep', '0')).code, 2);
});

test('a restore that is killed leaves all or nothing, and no temporary file', async () => {
  const child = spawn(program, ['--config', there, 'restore', 'site.tar'], { cwd: folder, stdio: 'ignore' });
  const ended = once(child, 'exit');
  await eventually(async () => child.exitCode !== null || (await sql(`select count(*) from pg_stat_activity where datname = '${database}'`))[0][0] > 0, 'the restore at work');
  child.kill('SIGKILL');
  await ended;
  assert.deepEqual(await leftovers(), []);
  await eventually(async () => (await sql(`select count(*) from pg_stat_activity where datname = '${database}'`))[0][0] === '0', 'the end of pg_restore');
  const tables = Object.keys(await digests(database)).length;
  const all = Object.keys(await digests('minschool')).length;
  assert.ok(tables === 0 || tables === all, `all or nothing, not ${tables} tables of ${all}`);
});

test('an archive is written to a file system without hard links', async (t) => {
  const image = join(folder, 'fat.image');
  const mount = join(folder, 'fat');
  await mkdir(mount);
  try {
    await exec('truncate', ['-s', '64M', image]);
    await exec('mkfs.vfat', [image]);
    await exec('mount', ['-o', 'loop', image, mount]);
  } catch (fault) {
    return t.skip(`no file system of another kind can be made here: ${fault.message.split('\n')[0]}`);
  }
  try {
    const made = await minschool(here, 'backup', '--to', join(mount, 'site.sealed'), '--key-file', 'key');
    assert.equal(made.code, 0, made.err);
    assert.equal((await minschool(here, 'backup', '--to', join(mount, 'site.sealed'), '--key-file', 'key')).code, 3, 'never over it');
    assert.deepEqual((await readdir(mount)).filter((name) => name.startsWith('.')), []);
  } finally {
    await exec('umount', [mount]);
  }
});

test('an existing archive is not overwritten', async () => {
  const { code, err } = await minschool(here, 'backup', '--to', 'site.tar');
  assert.equal(code, 3);
  assert.match(err, /there already/);
});
