// Members and their logins, without passwords: ten thousand logins would be 200 s of argon2.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { state } from '../../tests/support/stack.mjs';
import { sql } from '../../tests/support/stores.mjs';

const atOnce = 500;  // in one statement

/** Adds members, so that there are members 1 to `count`, besides those of bench/data.mjs. */
export async function addMembers(count) {
  await sql(`insert into users (id, email, password_hash, name)
    select n, 'bench-' || n || '@minschool.test', '!', '김하늘' from generate_series(1, ${count}) n on conflict do nothing`);
}

/** Cookies as the Site makes them (infra/session/cookie.cpp), one for each of these members. */
export async function cookiesOf(ids) {
  const secret = (await readFile(join(state, 'secrets', 'session'), 'utf8')).trim();
  const sessions = ids.map((id) => ({ id, name: randomBytes(24).toString('base64url') }));
  const rows = sessions.map(({ id, name }) => `('\\x${createHash('sha256').update(name).digest('hex')}', ${id}, 'site', now() + interval '1 day')`);
  for (let i = 0; i < rows.length; i += atOnce) {
    await sql(`insert into sessions (id_hash, user_id, realm, expires_at) values ${rows.slice(i, i + atOnce).join()}`);
  }
  return sessions.map(({ name }) => {
    const signature = createHmac('sha256', secret).update(name).digest('base64').replace(/=+$/, '');
    return `connect.sid=${encodeURIComponent(`s:${name}.${signature}`)}`;
  });
}
