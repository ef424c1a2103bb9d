// Controls the running stack with the same command that an operator types.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const run = promisify(execFile);

const timeoutMs = 300_000;  // of one command; the error names it

export const state = process.env.MINSCHOOL_STATE ?? join(root, 'var');

/** stack('kill', 'app2') runs `script/stack kill app2`; gives what it printed, rejects when it failed. */
export async function stack(...words) {
  const { stdout } = await run(join(root, 'script', 'stack'), ['--state', state, ...words], { timeout: timeoutMs });
  return stdout;
}

/** The app servers' rows of `script/stack status`: {app, site, admin, health, version}; a program that is down has '-'. */
export async function status() {
  const [head, ...rows] = (await stack('status')).trim().split('\n').map((line) => line.split(/\s+/));
  const servers = rows.filter(([name]) => name.startsWith('app'));
  return servers.map((row) => Object.fromEntries(head.map((name, column) => [name, row[column]])));
}

/** The stack's addresses and folders as script/server wrote them: port, admin_port, net, run_dir, build, ... */
export async function facts() {
  const text = await readFile(join(state, 'config', 'stack.env'), 'utf8');
  return Object.fromEntries(text.trim().split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

/** The address of a program without Nginx: appUrl(2, 'admin'). */
export async function appUrl(number, program = 'site') {
  const { net } = await facts();
  return `http://${net}.${10 + number}:${program === 'site' ? 3000 : 3001}`;
}
