// All named statements of the sources (pg::Query), and the programs that send them.
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { root } from './stack.mjs';

const declaration = /\bpg::Query (\w+)\s*\{\s*"([\w.]+)",\s*(?:R"\(([^]*?)\)"|((?:"(?:[^"\\]|\\.)*"\s*)+))\s*\}/g;

/** The statements in a C++ text: [{name, sql}]. Throws when the pattern does not match one of them. */
export function statementsOf(text, file) {
  const found = [...text.matchAll(declaration)].map(([, , name, raw, quoted]) => ({
    name,
    sql: raw ?? [...quoted.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, part]) => JSON.parse(`"${part}"`)).join(''),
  }));
  const declared = text.match(/\bpg::Query \w+\s*\{/g)?.length ?? 0;
  if (declared !== found.length) throw new Error(`${file}: ${declared} statements are declared, and ${found.length} are read`);
  return found;
}

/** The version in a CMakeLists.txt. */
export const versionIn = (text) => /^project\(minschool VERSION ([\d.]+)/m.exec(text)[1];
/** The SHA-256 of a text, in hex. */
export const digest = (text) => createHash('sha256').update(text).digest('hex');

/** All statements of the programs, sorted by name. */
export async function statements() {
  const files = (await readdir(join(root, 'src'), { recursive: true }))
    .filter((file) => /\.[ch]pp$/.test(file) && !/_test\.cpp$|(^|\/)test_\w+\.hpp$/.test(file));
  const all = await Promise.all(files.map(async (file) => statementsOf(await readFile(join(root, 'src', file), 'utf8'), file)));
  return all.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}

// Statements of both programs, and of the Admin alone; all others are the Site's alone. "x.*" are all of x that are not named.
const ofBoth = ['accounts.*', 'boards.all', 'boards.former', 'boards.guard', 'idempotency.*', 'jobs.*', 'live.*',
  'members.credentials', 'members.is_password', 'members.suspended_until', 'program.*', 'purge.*', 'servers.add',
  'servers.add_program', 'servers.clock', 'servers.delete_programs', 'servers.delete_servers', 'servers.heartbeat',
  'servers.is_drained', 'servers.touch_server', 'session.*', 'sessions.*', 'write.*'];
const ofAdmin = ['audit.*', 'boards.*', 'dashboard.*', 'jobs.kind', 'jobs.list', 'jobs.remove_failed', 'jobs.run_now', 'members.guard_above', 'members.guard_last_admin', 'members.lift', 'members.row',
  'members.search', 'members.set_role', 'members.suspend', 'moderation.*', 'notifications.authors_of_comments',
  'notifications.authors_of_posts', 'servers.*', 'sessions.begin_admin'];
const ofSite = ['audit.deleted', 'sessions.adopt', 'sessions.begin_site', 'sessions.devices', 'sessions.revoke'];

/** The programs that send the statement of this name: ['site'], ['admin'] or both. */
export function sendersOf(name) {
  const all = name.replace(/\..*/, '.*');
  for (const one of [name, all]) {
    if (ofSite.includes(one)) return ['site'];
    if (ofBoth.includes(one)) return ['site', 'admin'];
    if (ofAdmin.includes(one)) return ['admin'];
  }
  return ['site'];
}
