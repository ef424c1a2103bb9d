// A database constraint that input can violate has a message in src/text/ko.toml ([db]). All others are listed here as the
// program's own: no input reaches them, and a violation is a 500 with an id in the log.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { root } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

/** Constraints that no input reaches: generated keys, references to rows that are never erased, values of the program. */
const internal = [/_not_null$/, /_fkey$/, /^(?!idempotency_keys_|post_likes_|comment_likes_|board_follows_).*_pkey$/,
  /^(roles_name_key|users_role_check|sessions_realm_check|boards_((write|comment)_role|kind)_check|posts_board_id_number_key)$/,
  /^(notifications_kind_check|servers_name_(check|key)|server_programs_program_check|incarnation_singleton_check)$/,
  /^(files_(sha256|size)_check|files_sha256_key|attachments_(size|draft|post)_check|attachments_upload_id_key)$/,
  /^jobs_(check|period_seconds_check|max_attempts_check|program_unique_key_key)$/];

test('every constraint has a message or is the program\'s own', async () => {
  const words = (await readFile(join(root, 'src/text/ko.toml'), 'utf8')).split('\n[db]\n')[1].split('\n[')[0];
  const known = new Set([...words.matchAll(/^(\w+) = "[^"]*[가-힣]/gm)].map(([, name]) => name));
  const rows = await sql(`select conname from pg_constraint where connamespace = 'public'::regnamespace
    union select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid where i.indisunique and c.relnamespace = 'public'::regnamespace`);
  const names = rows.map(([name]) => name);
  assert.ok(names.length > 20);
  assert.deepEqual(names.filter((name) => !known.has(name) && !internal.some((pattern) => pattern.test(name))), []);
  assert.deepEqual([...known].filter((name) => !names.includes(name)), [], 'words for what is there');
});
