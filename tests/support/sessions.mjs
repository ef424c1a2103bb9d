// Sessions in Redis as the programs write them: their marks have a tag under a key derived from the session secret.
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { state } from './stack.mjs';
import { redis, sql } from './stores.mjs';

const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** The newest of the stack's session secrets. */
export const sessionSecret = async () => (await readFile(join(state, 'secrets', 'session'), 'utf8')).trim().split('\n')[0];

/** The session with the tag that belongs to its marks. */
export async function authentic(id, session) {
  const [[incarnation]] = await sql('select ms_incarnation()');
  const marks = [id, session.member, session.realm, session.epoch, session.touched, incarnation].join('\n');
  const key = hmac(await sessionSecret(), 'session in Redis');
  return { ...session, tag: hmac(key, marks).toString('base64').replace(/=+$/, '') };
}

/** As if the session had last been written by a program so many seconds earlier. */
export async function age(id, seconds) {
  const session = JSON.parse(await redis('GET', `session:${id}`));
  session.touched -= seconds;
  await redis('SET', `session:${id}`, JSON.stringify(await authentic(id, session)), 'EX', String(24 * 60 * 60));
}
