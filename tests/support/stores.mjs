// Direct access to PostgreSQL and Redis of the running stack.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { facts, state } from './stack.mjs';

const run = promisify(execFile);
const timeoutMs = 60_000;  // a statement that waits for a lock for ever fails its test, not the whole file

/** Runs statements as the superuser; gives the rows of the last one as lists of texts. `server`: its folder in run/. */
export async function sql(text, server = 'pg', database = 'minschool') {
  const { run_dir } = await facts();
  const words = ['-X', '-q', '-At', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-h', join(run_dir, server), '-U', 'postgres', '-d', database, '-c', text];
  const { stdout } = await run('psql', words, { timeout: timeoutMs });
  return stdout.trim().split('\n').filter(Boolean).map((line) => line.split('\t'));
}

/** redis('GET', 'key') gives the reply as redis-cli prints it. */
export async function redis(...words) {
  const { run_dir } = await facts();
  const secret = (await readFile(join(state, 'secrets', 'redis'), 'utf8')).trim();
  const { stdout } = await run('redis-cli', ['-s', join(run_dir, 'redis.sock'), ...words], { env: { ...process.env, REDISCLI_AUTH: secret }, timeout: timeoutMs });
  return stdout.trim();
}
