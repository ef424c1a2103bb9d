// Session records in Redis as the programs write them: the server stamp has a tag under a key derived from the session secret.
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { state } from './stack.mjs';
import { redis, sql } from './stores.mjs';

const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** The newest of the stack's session secrets. */
export const sessionSecret = async () => (await readFile(join(state, 'secrets', 'session'), 'utf8')).trim().split('\n')[0];

/** The session with a valid tag. */
export async function authentic(id, session) {
  const [[incarnation]] = await sql('select ms_incarnation()');
  const stamp = [id, session.member, session.realm, session.epoch, session.touched, incarnation].join('\n');
  const key = hmac(await sessionSecret(), 'session in Redis');
  return { ...session, tag: hmac(key, stamp).toString('base64').replace(/=+$/, '') };
}

/** Makes the session look as if a program had written it so many seconds earlier. */
export async function age(id, seconds) {
  const session = JSON.parse(await redis('GET', `session:${id}`));
  session.touched -= seconds;
  await redis('SET', `session:${id}`, JSON.stringify(await authentic(id, session)), 'EX', String(24 * 60 * 60));
}
