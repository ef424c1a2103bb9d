// Logins of the members that bench/data.mjs made, without their passwords: a thousand logins are 20 s of argon2.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { state } from '../../tests/support/stack.mjs';
import { sql } from '../../tests/support/stores.mjs';

/** Cookies as the Site makes them (infra/session/cookie.cpp), one for each of these members. */
export async function cookiesOf(ids) {
  const secret = (await readFile(join(state, 'secrets', 'session'), 'utf8')).trim();
  const sessions = ids.map((id) => ({ id, name: randomBytes(24).toString('base64url') }));
  const rows = sessions.map(({ id, name }) => `('\\x${createHash('sha256').update(name).digest('hex')}', ${id}, 'site', now() + interval '1 day')`);
  await sql(`insert into sessions (id_hash, user_id, realm, expires_at) values ${rows.join()}`);
  return sessions.map(({ name }) => {
    const signature = createHmac('sha256', secret).update(name).digest('base64').replace(/=+$/, '');
    return `connect.sid=${encodeURIComponent(`s:${name}.${signature}`)}`;
  });
}
