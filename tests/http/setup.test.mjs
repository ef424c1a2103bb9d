// `minschool setup` with real parts, but for the units: on a new machine, again with other options, and from a backup.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { eventually } from '../support/assert.mjs';
import { Client } from '../support/client.mjs';
import { logIn } from '../support/members.mjs';
import { freshPostgres } from '../support/postgres.mjs';
import { facts, root, state } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const exec = promisify(execFile);
const build = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release');
const { net, run_dir } = await facts();
const running = [];
let folder;
let machine;  // a PostgreSQL without roles of ours

async function minschool(...words) {
  try {
    const { stdout, stderr } = await exec(join(build, 'minschool'), words, { cwd: folder });
    return { code: 0, out: stdout, err: stderr };
  } catch ({ code, stdout, stderr }) {
    return { code, out: stdout, err: stderr };
  }
}

/** Folders of a machine: {dir, words}; `words` are the options that name them and the services. */
async function place(name) {
  const at = join(folder, name);
  await mkdir(join(at, 'nginx', 'conf.d'), { recursive: true });
  await mkdir(join(at, 'nginx', 'snippets'));
  const words = ['--dir', join(at, 'etc'), '--nginx-dir', join(at, 'nginx'), '--share', join(folder, 'share'), '--no-start',
    '--database', `host=${machine.socket} user=postgres dbname=postgres`, '--redis', join(run_dir, 'redis.sock'),
    '--redis-password-file', join(state, 'secrets', 'redis'), '--files-dir', join(at, 'files')];
  return { dir: join(at, 'etc'), nginx: join(at, 'nginx', 'conf.d', 'minschool-loadbalancer.conf'), words };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minschool-setup-'));
  await mkdir(join(folder, 'share'));
  await symlink(join(root, 'schema'), join(folder, 'share', 'schema'));
  await symlink(join(root, 'deploy', 'nginx'), join(folder, 'share', 'nginx'));
  await writeFile(join(folder, 'password'), 'long enough\n');
  await writeFile(join(folder, 'key'), randomBytes(32).toString('base64'));
  machine = await freshPostgres();
});
after(async () => {
  for (const child of running) if (child.exitCode === null && child.kill()) await once(child, 'exit');
  await machine?.stop();
  await rm(folder, { recursive: true, force: true });
});

const site = ['--domain', 'school.test', '--site-name', '우리 센터', '--admin-email', 'head@school.test', '--admin-name', '김민수'];
const password = () => ['--admin-password-file', join(folder, 'password')];

/** Starts the Site of that machine; a client of it. */
async function started(dir, port) {
  const child = spawn(join(build, 'minschool-site'), ['--config', join(dir, 'site.toml')], {
    env: { ...process.env, MINSCHOOL_SERVER_PORT: String(port), MINSCHOOL_SERVER_ADDRESS: `${net}.11`, MINSCHOOL_REDIS_DATABASE: '9' }, stdio: 'ignore',
  });
  running.push(child);
  const base = `http://${net}.11:${port}`;
  await eventually(async () => (await new Client(base).get('/health').catch(() => ({}))).status === 200, 'the Site');
  return base;
}

test('a lost machine is rebuilt from its settings, an archive and one command', async () => {
  const archive = join(folder, 'site.sealed');
  const made = await minschool('--config', join(state, 'config', 'minschool.toml'), 'backup', '--to', archive, '--key-file', 'key');
  assert.equal(made.code, 0, made.err);
  const { dir, words } = await place('burnt');
  const wrong = await minschool('setup', ...words, ...site, ...password(), '--restore', archive);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /is sealed: name the key with --key-file/);
  assert.equal(await machine.sql("select count(*) from pg_roles where rolname like 'minschool%'"), '0', 'nothing was made');

  const done = await minschool('setup', ...words, ...site.slice(0, 4), '--restore', archive, '--key-file', 'key');
  assert.equal(done.code, 0, done.err + done.out);
  assert.match(done.out, /Restored\./);
  const [[here]] = await sql('select count(*) from users');
  assert.equal(await machine.sql('select count(*) from users', 'minschool'), here);
  const base = await started(dir, 3120);
  const member = await logIn('member@minschool.test', { base });
  assert.equal((await member.get('/')).status, 200);

  const again = await minschool('setup', ...words, '--restore', archive, '--key-file', 'key');
  assert.equal(again.code, 3, 'a site that is there is not written over');
  assert.match(again.err, /not empty/);
});

test('a restore without the roles says how to get them', async () => {
  await machine.sql('create role plain login');
  await machine.sql("alter role plain password 'long enough'");
  await machine.sql("create database plain owner plain template template0 encoding 'UTF8' locale 'C.UTF-8'");
  await machine.sql('alter role minschool_site rename to hidden_site');
  try {
    const config = join(folder, 'plain.toml');
    await writeFile(config, `[database]\nurl = "host=${machine.socket} dbname=plain user=plain"\npassword = "long enough"\n`);
    const { code, err } = await minschool('--config', config, 'restore', join(folder, 'site.sealed'), '--key-file', 'key');
    assert.equal(code, 1);
    assert.match(err, /the role minschool_site is missing .*minschool setup --restore/);
    assert.equal(await machine.sql("select count(*) from pg_tables where schemaname = 'public'", 'plain'), '0');
  } finally {
    await machine.sql('alter role hidden_site rename to minschool_site');
  }
});

test('a database in another encoding is refused by every command, with what to do', async () => {
  for (const encoding of ['EUC_KR', 'SQL_ASCII']) {
    const name = `in_${encoding.toLowerCase()}`;
    await machine.sql(`create database ${name} owner minschool_owner template template0 encoding '${encoding}' locale 'C'`);
    const config = join(folder, `${name}.toml`);
    const secret = join(folder, 'burnt', 'etc', 'owner.database');
    await writeFile(config, `[database]\nurl = "host=${machine.socket} dbname=${name} user=minschool_owner"\npassword_file = "${secret}"\n`);
    const says = new RegExp(`the database ${name} is in ${encoding}, and MinSchool needs UTF8; create it again: create database ${name} .*encoding 'UTF8'`);
    for (const words of [['migrate', 'up', '--dir', join(root, 'schema')], ['migrate', 'status', '--dir', join(root, 'schema')],
      ['restore', join(folder, 'site.sealed'), '--key-file', 'key']]) {
      const { code, err } = await minschool('--config', config, ...words);
      assert.notEqual(code, 0, words.join(' '));
      assert.match(err, says);
    }
    const dir = join(folder, name);
    await mkdir(dir);
    await cp(config, join(dir, 'owner.toml'));
    const { out } = await minschool('doctor', '--dir', dir, '--nginx-dir', join(folder, 'burnt', 'nginx'), '--share', join(folder, 'share'));
    assert.match(out, new RegExp(`PostgreSQL encoding.*${name} is in ${encoding}`));
  }
});

test('a second setup repairs what is missing, and refuses other options', async () => {
  const { dir, nginx, words } = await place('again');
  const first = await minschool('setup', ...words, '--database-name', 'again', '--new-passwords', ...site, ...password());
  assert.equal(first.code, 0, first.err);
  const before = await readFile(join(dir, 'site.toml'), 'utf8');
  const same = await minschool('setup', ...words, '--database-name', 'again', ...site, ...password());
  assert.equal(same.code, 0, same.err);

  const certificate = join(folder, 'fullchain.pem');
  await writeFile(certificate, '');
  for (const [option, value, remedy] of [
    ['--domain', 'other.test', /site\.url in .*site\.toml and .*admin\.toml/], ['--admin-domain', 'staff.school.test', /site\.admin_url/],
    ['--site-name', '다른 센터', /site\.name/], ['--server-name', 'app7', /server\.name/], ['--address', '127.0.0.9', /server\.address/],
    ['--redis', '127.0.0.1:6399', /redis\.host/], ['--database-name', 'other', /database\.url/],
    ['--admin-email', 'second@school.test', /user add --email second@school\.test/],
  ]) {
    const others = [...words, '--database-name', 'again'];
    const at = others.indexOf(option);
    if (at >= 0) others.splice(at, 2);
    const { code, err } = await minschool('setup', ...others, option, value);
    assert.equal(code, 3, `${option}: ${err}`);
    assert.ok(err.includes(`${option} ${value}: `), err);
    assert.match(err, remedy);
  }
  const tls = await minschool('setup', ...words, '--database-name', 'again', '--tls-certificate', certificate, '--tls-key', certificate);
  assert.equal(tls.code, 3);
  assert.match(tls.err, /--tls-certificate .*# @site_listen/);
  const two = await minschool('setup', ...words, '--database-name', 'again', '--address', '127.0.0.9', '--site-name', '다른 센터');
  assert.match(two.err, /--site-name[^]*--address|--address[^]*--site-name/, 'all at once');
  assert.equal(await readFile(join(dir, 'site.toml'), 'utf8'), before);
  assert.match(await readFile(nginx, 'utf8'), /server_name school\.test www\.school\.test /);
  assert.equal(await machine.sql("select count(*) from pg_database where datname = 'other'"), '0');
});

test('PostgreSQL gets memory for this machine, in a file of its conf.d, and what the operator set wins', async () => {
  const [ours, own] = ['00-minschool.conf', 'own.conf'].map((name) => join(machine.data, 'conf.d', name));
  await mkdir(join(machine.data, 'conf.d'));
  await appendFile(join(machine.data, 'postgresql.conf'), "include_dir = 'conf.d'\n");
  const { words } = await place('memory');
  const setup = () => minschool('setup', ...words, '--database-name', 'again', '--new-passwords', ...site, ...password());
  const first = await setup();
  assert.equal(first.code, 0, first.err + first.out);
  assert.match(first.out, /next restart: systemctl restart postgresql/);
  const { out } = await minschool('postgres-config');
  assert.equal((await readFile(ours, 'utf8')).replaceAll(/^#.*\n/gm, ''), out);
  const megabytes = async (name) => Number(await machine.sql(`select pg_size_bytes(current_setting('${name}')) / 1048576`));
  for (const [, name, value] of out.matchAll(/^(\w+) = (\d+)MB$/gm)) if (name !== 'shared_buffers') assert.equal(await megabytes(name), Number(value), name);

  await writeFile(own, 'work_mem = 5MB\n');
  await machine.sql("alter system set effective_cache_size = '300MB'");
  assert.equal((await setup()).code, 0);
  const again = await readFile(ours, 'utf8');
  assert.match(again, /^# yours: work_mem = /m);
  assert.match(again, /^# yours: effective_cache_size = /m);
  assert.match(again, /^maintenance_work_mem = /m);
  assert.equal(await megabytes('work_mem'), 5);
  assert.doesNotMatch((await setup()).out, /restart/, 'nothing changed');
});

test('what PostgreSQL gets is a share of the memory, between a floor and a ceiling', async () => {
  const settings = async (memory) => Object.fromEntries([...(await minschool('postgres-config', '--memory', String(memory))).out.matchAll(/^(\w+) = (\d+)MB$/gm)]
    .map(([, name, value]) => [name, Number(value)]));
  assert.deepEqual(await settings(16384), { shared_buffers: 4096, effective_cache_size: 8192, work_mem: 32, maintenance_work_mem: 1024, max_wal_size: 4096, min_wal_size: 1024 });
  assert.deepEqual(await settings(256), { shared_buffers: 128, effective_cache_size: 256, work_mem: 4, maintenance_work_mem: 64, max_wal_size: 1024, min_wal_size: 80 });
  assert.equal((await settings(1_000_000)).shared_buffers, 8192);
});
