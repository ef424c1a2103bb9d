// A new worker takes over only when it can use what the old one can; otherwise the old one stays, and the log says why.
import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';

import { eventually } from '../support/assert.mjs';
import { Client } from '../support/client.mjs';
import { expectErrors } from '../support/log.mjs';
import { appUrl, facts, stack, state } from '../support/stack.mjs';

await expectErrors('cannot take over: ', 'new worker [0-9]+ ended before it was ready: ');

const file = join(state, 'config', 'app3-site.toml');
const log = join(state, 'log', 'app3-site.log');
const right = await readFile(file, 'utf8');
const { run_dir } = await facts();
const wrongSecret = join(state, 'config', 'wrong-secret');
const direct = new Client(await appUrl(3));
const health = async () => (await direct.get('/health')).json();

await writeFile(wrongSecret, 'a-secret-that-is-not-the-one\n');

/** SIGHUP with that configuration; returns the log's text from then on, once it matches `words`. */
async function reload(text, words) {
  const from = (await stat(log)).size;
  await writeFile(file, text);
  await stack('reload', 'app3');
  const output = async () => (await readFile(log)).subarray(from).toString();
  await eventually(async () => words.test(await output()), `${words} in ${log}`);
  return output();
}

afterEach(() => writeFile(file, right));
after(async () => {
  await stack('restart', 'app3');
  await eventually(async () => (await health()).status === 'ok', 'app3 as before');
});

const secretOf = (section) => new RegExp(`(\\[${section}\\][^[]*?password_file = )"[^"]*"`);
const mistakes = {
  'a wrong database password': [(text) => text.replace(secretOf('database'), `$1"${wrongSecret}"`), /cannot take over: PostgreSQL: .*password authentication failed/],
  'a database port that nobody listens on': [(text) => text.replace(`host='${run_dir}/pg'`, 'host=127.0.0.1 port=1'), /cannot take over: PostgreSQL: .*refused/],
  'a database host without an address': [(text) => text.replace(`host='${run_dir}/pg'`, 'host=no-such-host.invalid'), /cannot take over: PostgreSQL: .*no-such-host\.invalid/],
  'a wrong Redis password': [(text) => text.replace(secretOf('redis'), `$1"${wrongSecret}"`), /cannot take over: Redis: .*(WRONGPASS|password)/i],
};

for (const [what, [mistake, words]] of Object.entries(mistakes)) {
  test(`${what}: the old worker stays`, async () => {
    const before = await health();
    assert.equal(before.status, 'ok');
    const wrong = mistake(right);
    assert.notEqual(wrong, right);
    assert.match(await reload(wrong, /the old one stays/), words);
    const now = await health();
    assert.equal(now.status, 'ok');
    assert.ok(now.uptime_seconds > before.uptime_seconds, 'the same worker');
  });
}

test('a start waits for a slow database', async () => {
  const slow = net.createServer((near) => {
    setTimeout(() => {
      const far = net.connect(join(run_dir, 'pg', '.s.PGSQL.5432'));
      for (const end of [near, far]) end.on('error', () => { near.destroy(); far.destroy(); });
      near.pipe(far).pipe(near);
    }, 1500);
    near.on('error', () => {});
  });
  await new Promise((resolve) => slow.listen(0, '127.0.0.1', resolve));
  try {
    const via = right.replace(`host='${run_dir}/pg'`, `host=127.0.0.1 port=${slow.address().port}`);
    await reload(via, /takes over from worker/);
    assert.equal((await health()).checks.postgresql.state, 'ok');
    await reload(right, /takes over from worker/);
  } finally {
    slow.close();
  }
});
