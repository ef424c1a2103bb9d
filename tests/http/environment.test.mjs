// The environment of the operator's shell does not influence programs and scripts.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { eventually } from '../support/assert.mjs';
import { joinForm, visitor } from '../support/members.mjs';
import { facts, root, state, status } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const run = promisify(execFile);
const programs = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release');
const foreign = {
  PGCLIENTENCODING: 'LATIN1', PGPORT: '1', PGHOST: '203.0.113.1', PGHOSTADDR: '203.0.113.1', PGOPTIONS: '-c default_transaction_read_only=on -c search_path=pg_catalog',
  PGTZ: 'America/New_York', PGSERVICE: 'nowhere', PGSERVICEFILE: '/nowhere', PGDATESTYLE: 'SQL, DMY', PGUSER: 'nobody', PGDATABASE: 'nothing', PGPASSWORD: 'wrong',
  PGSSLMODE: 'verify-full', PGREQUIREPEER: 'nobody', PGAPPNAME: 'x', PGTARGETSESSIONATTRS: 'standby', PGCHANNELBINDING: 'require', PGGSSENCMODE: 'require',
  REDISCLI_AUTH: 'wrong', http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9', all_proxy: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9', no_proxy: '',
  LANG: 'ko_KR.EUC-KR', LC_ALL: 'tr_TR.UTF-8', LANGUAGE: 'ko', GREP_OPTIONS: '--color=always', CDPATH: '/tmp:/', NODE_OPTIONS: '', NODE_ENV: 'production',
  TAR_OPTIONS: '--nonsense', NGINX: '7;', NOTIFY_SOCKET: '/nowhere', POSIXLY_CORRECT: '1', NINJA_STATUS: '%p ', CFLAGS: '-nonsense', IFS: '/', BASH_ENV: '/nowhere',
};
const env = { ...process.env, ...foreign };

test('script/stack finds and acts on its own stack', async () => {
  const plain = await status();
  const { stdout } = await run(join(root, 'script', 'stack'), ['--state', state, 'status'], { env, cwd: root });
  for (const { app } of plain) assert.match(stdout, new RegExp(`^${app} .* ok`, 'm'));
  await run(join(root, 'script', 'stack'), ['--state', state, 'nginx', 'reload'], { env, cwd: '/' });
});

test('the command stores a Korean name unchanged', async () => {
  const email = `${randomUUID()}@minschool.test`;
  const name = `김민수${randomUUID().slice(0, 4)}`;
  const { stdout } = await run('sh', ['-c', 'umask 0; exec "$@"', 'sh', join(programs, 'minschool'), '--config', join(state, 'config', 'minschool.toml'),
    'user', 'add', '--email', email, '--name', name, '--role', 'member'], { env });
  assert.ok(stdout.length > 0);
  assert.deepEqual(await sql(`select name from users where email = '${email}'`), [[name]]);
});

test('a whole stack starts, stores a Korean name and is found from another shell', async () => {
  const folder = join(root, 'build', 'test', 'elsewhere'), port = 18090, { net } = await facts();
  const own = ['--state', folder, '--port', String(port), '--admin-port', String(port + 1), '--net', net.replace(/\d+$/, '87')];
  await rm(folder, { recursive: true, force: true });
  const child = spawn('sh', ['-c', 'umask 077; exec "$@"', 'sh', join(root, 'script', 'server'), ...own], { env, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const ready = new Promise((resolve) => {
    child.stdout.on('data', (bytes) => {
      output += bytes;
      if (/^ready:/m.test(output)) resolve();
    });
  });
  try {
    await Promise.race([ready, once(child, 'exit')]);
    assert.match(output, /^ready:/m);
    const { stdout } = await run(join(root, 'script', 'stack'), ['--state', folder, 'status']);
    assert.match(stdout, /^app3 .* ok/m);
    const form = { ...joinForm(), name: '김가람' };
    const answer = await visitor(`http://127.0.0.1:${port}`).post('/join', { form });
    assert.equal(answer.status, 303, answer.text.slice(0, 400));
    const words = ['-X', '-At', '-h', join(folder, 'run', 'pg'), '-U', 'postgres', '-d', 'minschool', '-c', `select name from users where email = '${form.email}'`];
    assert.equal((await run('psql', words)).stdout, '김가람\n');
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
    await rm(folder, { recursive: true, force: true });
  }
});

test('a program reaches its PostgreSQL and Redis, in UTF-8', async () => {
  const { net } = await facts();
  const child = spawn(join(programs, 'minschool-site'), ['--config', join(state, 'config', 'app1-site.toml')],
    { env: { ...env, MINSCHOOL_SERVER_ADDRESS: `${net}.99`, MINSCHOOL_SERVER_NAME: 'elsewhere' }, stdio: 'ignore' });
  try {
    await eventually(async () => {
      const health = await fetch(`http://${net}.99:3000/health`).then((answer) => answer.json()).catch(() => null);
      return health?.status === 'ok';
    }, 'its health');
    const page = await fetch(`http://${net}.99:3000/`).then((answer) => answer.text());
    assert.match(page, /게시판/);
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  }
});
