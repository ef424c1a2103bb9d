// PostgreSQL answers but takes no writes: pages are served, writes get a 503 that keeps the typed text, and health says why.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, test } from 'node:test';

import { assertKoreanPage, assertProblem, eventually } from '../support/assert.mjs';
import { Client } from '../support/client.mjs';
import { expectErrors } from '../support/log.mjs';
import { newMember, serverNumbers } from '../support/members.mjs';
import { appUrl } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

await expectErrors('PostgreSQL takes no writes: ');

const { client, name } = await newMember();
const health = async (number) => (await new Client(await appUrl(number)).get('/health')).json();
const all = async (check) => (await Promise.all(serverNumbers.map(health))).every(check);
const written = () => client.post('/api/v1/boards/free/posts', { json: { title: '쓸 수 있다', content: '본문' } });

/** Ends the programs' sessions, so that new ones have the present settings of the database. */
const reconnect = () => sql("select pg_terminate_backend(pid) from pg_stat_activity where usename like 'minschool_%'");

const faults = {
  'read only': {
    begin: async () => { await sql('alter database minschool set default_transaction_read_only = on'); await reconnect(); },
    end: async () => { await sql('set transaction read write; alter database minschool reset default_transaction_read_only', 'pg', 'postgres'); await reconnect(); },
    words: /25006/,
  },
  // PostgreSQL's error for a full disk, raised by a trigger of the test.
  'no room on its disk': {
    begin: () => sql(`
      create function test_full() returns trigger language plpgsql as $$ begin
        raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
      create trigger test_full before update on server_programs for each statement execute function test_full();
      create trigger test_full before insert on posts for each statement execute function test_full();`),
    end: () => sql('drop function if exists test_full() cascade'),
    words: /53100.*No space left/,
  },
};

const end = async () => { for (const fault of Object.values(faults)) await fault.end(); };
afterEach(end);
after(async () => {
  await end();
  await eventually(() => all(({ status }) => status === 'ok'), 'health ok');
});

for (const [what, { begin, words }] of Object.entries(faults)) {
  test(`PostgreSQL: ${what}`, async () => {
    await eventually(async () => (await written()).status === 201, 'a write before');
    await begin();
    await eventually(() => all(({ status }) => status === 'degraded'), '/health degraded on all servers');
    const { checks } = await health(1);
    assert.equal(checks.postgresql.state, 'degraded');
    assert.match(checks.postgresql.error, words);
    assert.ok(checks.postgresql.since_seconds >= 0);
    assert.match((await new Client(await appUrl(1)).get('/metrics')).text, /^minschool_pg_writable 0$/m);

    for (const path of ['/', '/boards/free', '/my']) assertKoreanPage(await client.get(path), 200);
    assert.ok((await client.get('/my')).text.includes(name), 'the member is logged in');
    const typed = `쓰던 글 ${randomUUID()}`;
    const refused = await client.post('/boards/free/write', { form: { title: '제목', content: typed } });
    assertKoreanPage(refused, 503);
    assert.ok(refused.headers['retry-after']);
    assert.ok(refused.text.includes(typed));
    assertProblem(await written(), 503);

    await end();
    await eventually(async () => (await written()).status === 201, 'a write afterwards');
    await eventually(() => all(({ status }) => status === 'ok'), '/health ok on all servers');
  });
}
