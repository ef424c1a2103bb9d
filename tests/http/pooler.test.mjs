// A pooler between the programs and PostgreSQL is noticed: by doctor, by its mode, and by a program that starts.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { eventually } from '../support/assert.mjs';
import { expectErrors } from '../support/log.mjs';
import { facts, root, state } from '../support/stack.mjs';

await expectErrors('cannot take over: ', 'new worker [0-9]+ ended before it was ready: ');

const run = promisify(execFile);
const pooler = '/usr/sbin/pgbouncer', port = 6777;
const there = await access(pooler).then(() => true, () => false);
const skip = there ? false : 'pgbouncer is not installed here';
const build = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release');
const { run_dir, net } = await facts();
const password = (await readFile(join(state, 'secrets', 'minschool_site'), 'utf8')).trim();
let folder, child, output = '';

/** Restarts it in that mode. */
async function pool(mode) {
  await end();
  await writeFile(join(folder, 'pgbouncer.ini'), `
[databases]
minschool = host=${run_dir}/pg user=minschool_site password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
ignore_startup_parameters = options
`);
  const who = process.getuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'] : [];
  // Only the stack's user can open its socket.
  const [program, ...words] = [...who, pooler, join(folder, 'pgbouncer.ini')];
  child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  output = '';
  child.stderr.on('data', (bytes) => { output += bytes; });
  await eventually(async () => /process up/.test(output), `pgbouncer: ${output}`);
}

async function end() {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
}

const configOf = async (file, change = (text) => text) => {
  const text = (await readFile(join(state, 'config', 'app1-site.toml'), 'utf8'))
    .replace(/^url = "host=[^"]*"$/m, `url = "host=127.0.0.1 port=${port} dbname=minschool user=minschool_site"`);
  await writeFile(join(folder, file), change(text));
};

/** What doctor finds of PostgreSQL's pooler. */
async function found() {
  const { stdout } = await run(join(build, 'minschool'), ['doctor', '--json', '--dir', folder], { timeout: 90_000 })
    .catch((error) => error);
  return JSON.parse(stdout).filter(({ check }) => check === 'PostgreSQL pooler');
}

before(async () => {
  if (!there) return;
  folder = await mkdtemp(join(tmpdir(), 'minschool-pooler-'));
  await chmod(folder, 0o755);
  await configOf('site.toml');
});
after(async () => {
  await end();
  if (folder) await rm(folder, { recursive: true });
});

test('doctor distinguishes a pooler in transaction mode from one in session mode', { skip }, async () => {
  await pool('transaction');
  const [transaction] = await found();
  assert.equal(transaction?.state, 'wrong', JSON.stringify(transaction));
  assert.match(transaction.says, /transaction mode/);
  await pool('session');
  const [session] = await found();
  assert.equal(session?.state, 'hint', JSON.stringify(session));
});

test('a program logs at start that it is connected through a pooler', { skip }, async () => {
  await pool('session');
  await configOf('start.toml', (text) => text.replace(/^address = .*$/m, `address = "${net}.98"`).replace(/^port = .*$/m, 'port = 3778')
    .replace(/^name = "app1"$/m, 'name = "pooled"'));
  const site = spawn(join(build, 'minschool-site'), ['--config', join(folder, 'start.toml')], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [site.stdout, site.stderr]) stream.on('data', (bytes) => { log += bytes; });
  try {
    await eventually(async () => /a pooler stands between/.test(log), 'a line about the pooler');
  } finally {
    site.kill('SIGTERM');
  }
});
