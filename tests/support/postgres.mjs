// A PostgreSQL for one test, as on a machine that has just been installed: without the roles and databases of MinSchool.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { eventually } from './assert.mjs';

const exec = promisify(execFile);
const bin = '/usr/lib/postgresql/15/bin';
// PostgreSQL does not run as root.
const become = process.getuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'] : [];

async function run(program, ...words) {
  const [first, ...rest] = [...become, join(bin, program), ...words];
  return exec(first, rest, { cwd: '/' });
}

/** Starts one: {socket, data, sql(text, database), stop()}. The superuser postgres connects by the socket without a password. */
export async function freshPostgres() {
  const folder = await mkdtemp(join(tmpdir(), 'minschool-pg-'));
  if (become.length) await exec('chown', ['postgres:postgres', folder]);
  const data = join(folder, 'data');
  await run('initdb', '-D', data, '-U', 'postgres', '--locale=C.UTF-8', '--encoding=UTF8', '--auth=trust', '--no-sync');
  await writeFile(join(data, 'pg_hba.conf'), 'local all postgres trust\nlocal all all scram-sha-256\n');
  const [first, ...rest] = [...become, join(bin, 'postgres'), '-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'];
  const server = spawn(first, rest, { cwd: '/', stdio: 'ignore' });
  const sql = async (text, database = 'postgres') => {
    const { stdout } = await exec('psql', ['-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', '-h', folder, '-U', 'postgres', '-d', database, '-c', text]);
    return stdout.trim();
  };
  await eventually(async () => (await sql('select 1').catch(() => '')) === '1', 'PostgreSQL');
  return {
    socket: folder, data, sql,
    async stop() {
      if (server.exitCode === null && server.kill('SIGQUIT')) await once(server, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
