// After any change, in any order and on any server, no page shows old content. The page caches of these Sites outlast every
// test, so that only published changes invalidate them.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';

import { eventually } from '../support/assert.mjs';
import { Changes, seeded } from '../support/changes.mjs';
import { adminUrl } from '../support/client.mjs';
import { atEachServer, logIn, newMember, serverNumbers } from '../support/members.mjs';
import { longCachingSites } from '../support/long_caching_sites.mjs';

const changes = 60;
const readers = await longCachingSites(serverNumbers, 3280);

test('changes of every kind in any order are shown by every server', async () => {
  const seed = randomInt(2 ** 32);
  const members = [];
  for (let i = 0; i < 3; ++i) members.push(await atEachServer((await newMember()).client));
  const world = new Changes({ random: seeded(seed), members, admin: await logIn('admin@minschool.test', { base: adminUrl }) });
  await world.begin();
  for (let n = 0; n < changes; ++n) {
    const { path } = world.earlier();
    await Promise.all(readers.map((guest) => Promise.all([guest.get(world.list), guest.get(path)])));
    const seen = await world.next();
    await Promise.all(readers.map((guest) =>
      eventually(async () => seen.sees((await guest.get(seen.path)).text), `seed ${seed}, change ${n}: ${seen.what} on ${seen.path}`)));
  }
  // Earlier changes are still shown.
  for (const { what, path, sees } of world.facts.values()) {
    for (const guest of readers) assert.ok(sees((await guest.get(path)).text), `seed ${seed}: ${what} on ${path}`);
  }
});
