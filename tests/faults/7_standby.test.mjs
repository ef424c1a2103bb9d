// A standby that lagged is promoted: what it never saw is gone, and nobody becomes another member by a cookie of before.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { addReplica, removeReplica, replica } from '../../drill/faults/postgres.mjs';
import { eventually } from '../support/assert.mjs';
import { expectErrors } from '../support/log.mjs';
import { application, assertSignedIn, at, joined, loggedIn, numbers, visitor } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

await expectErrors('PostgreSQL takes no writes: ');

const idOf = async (email, server) => Number((await sql(`select id from users where email = '${email}'`, server))[0][0]);
const answers = async (number) => (await (await at(visitor(), number)).get('/join')).status === 200;

let begun = false;
before(async () => {
  begun = true;
  await addReplica();
});
after(async () => { if (begun) await removeReplica(); });

test('no cookie of before the promotion is somebody else', async () => {
  const seen = await joined(), left = await joined();
  await replica('lag');

  const late = await loggedIn(seen.email);
  const leftCookies = new Map(left.client.cookies);
  assert.equal((await left.client.post('/logout')).status, 303);
  const unseen = await joined();
  const unseenId = await idOf(unseen.email, 'pg');
  for (const client of [seen.client, late, unseen.client]) await assertSignedIn(client, true);

  await replica('kill-primary');
  await replica('promote');
  for (const number of numbers) await eventually(() => answers(number).catch(() => false), `app server ${number} with the new primary`);
  assert.deepEqual(await sql(`select id from users where email = '${unseen.email}'`, 'replica'), [], 'the standby lagged');

  left.client.cookies = leftCookies;
  for (const client of [left.client, late, unseen.client]) await assertSignedIn(client, false);
  await assertSignedIn(seen.client, true);

  // The number of the member who is gone is not given again, and would open nothing if it were.
  const form = application(), fresh = visitor();
  assert.equal((await fresh.post('/join', { form })).status, 303);
  assert.ok(await idOf(form.email, 'replica') > unseenId);
  await assertSignedIn(fresh, true);
  await sql(`insert into users (id, email, name, password_hash) values (${unseenId}, 'again-${unseenId}@minschool.test', '다른 사람', 'x')`, 'replica');
  await assertSignedIn(unseen.client, false);
});
