// A standby that lagged is promoted: what it never received is gone, and no earlier cookie logs in as another member.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { addReplica, removeReplica, replica } from '../../drill/faults/postgres.mjs';
import { eventually } from '../support/assert.mjs';
import { expectErrors } from '../support/log.mjs';
import { assertLoggedIn, atServer, joinForm, logIn, newMember, serverNumbers, visitor } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

await expectErrors('PostgreSQL takes no writes: ');

const idOf = async (email, server) => Number((await sql(`select id from users where email = '${email}'`, server))[0][0]);
const answers = async (number) => (await (await atServer(visitor(), number)).get('/join')).status === 200;

let prepared = false;
before(async () => {
  prepared = true;
  await addReplica();
});
after(async () => { if (prepared) await removeReplica(); });

test('no cookie from before the promotion logs in as another member', async () => {
  const replicated = await newMember(), left = await newMember();
  await replica('lag');

  const late = await logIn(replicated.email);
  const leftCookies = new Map(left.client.cookies);
  assert.equal((await left.client.post('/logout')).status, 303);
  const missing = await newMember();
  const missingId = await idOf(missing.email, 'pg');
  for (const client of [replicated.client, late, missing.client]) await assertLoggedIn(client, true);

  await replica('kill-primary');
  await replica('promote');
  for (const number of serverNumbers) await eventually(() => answers(number).catch(() => false), `app server ${number} with the new primary`);
  assert.deepEqual(await sql(`select id from users where email = '${missing.email}'`, 'replica'), [], 'the standby lagged');

  left.client.cookies = leftCookies;
  for (const client of [left.client, late, missing.client]) await assertLoggedIn(client, false);
  await assertLoggedIn(replicated.client, true);

  // The id of the missing member is not used again, and the old cookie would not log in if it were.
  const form = joinForm(), fresh = visitor();
  assert.equal((await fresh.post('/join', { form })).status, 303);
  assert.ok(await idOf(form.email, 'replica') > missingId);
  await assertLoggedIn(fresh, true);
  await sql(`insert into users (id, email, name, password_hash) values (${missingId}, 'again-${missingId}@minschool.test', '다른 사람', 'x')`, 'replica');
  await assertLoggedIn(missing.client, false);
});
