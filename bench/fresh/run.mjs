// Measures how soon a change is seen on every app server, on the stack that script/bench started; prints Markdown. The
// options and the environment are those of bench/run.mjs.
//
// Makes one change after the other, of every kind, each on a random app server. Before it, all servers are asked for the page,
// so that it is in their caches; after its answer, all are polled until they show the change. A page that was requested later
// than the goal and does not show it is stale. Other random pages are requested in between.
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { Changes, seeded } from '../../tests/support/changes.mjs';
import { Client } from '../../tests/support/client.mjs';
import { sql } from '../../tests/support/stores.mjs';
import { cookiesOf } from '../live/members.mjs';
import { machine, table } from '../report.mjs';

const options = JSON.parse(process.argv[2]);
const { port, net } = process.env;
const { changes: count } = options;
const servers = [1, 2, 3];
const members = 4;
const goalMs = 50;
const timeoutMs = 5000;
const others = 3;  // pages at random after each change
const direct = (number) => `http://${net}.${10 + number}:3000`;
const note = (text) => process.stderr.write(`${text}\n`);

const agent = new http.Agent({ keepAlive: true });
const clientOf = (base, cookie) => {
  const client = new Client(base, { agent });
  client.cookies.set(...cookie.split(/=(.*)/s).slice(0, 2));
  return client;
};
const readers = servers.map((number) => new Client(direct(number), { agent }));
const cookies = await cookiesOf(Array.from({ length: members }, (_, i) => 1 + i));

await sql(`update users set role = 3 where email = '${options.email}'; select ms_raise_session_epoch(id) from users where email = '${options.email}'`);
const admin = new Client(`http://127.0.0.1:${Number(port) + 1}`, { agent });
const { status } = await admin.post('/login', { form: { email: options.email, password: options.password } });
if (status !== 303) throw new Error(`the Admin does not let us in: ${status}`);

const about = machine();
const seed = Math.floor(Math.random() * 2 ** 32);
const random = seeded(seed);
const changes = new Changes({ random, members: cookies.map((cookie) => servers.map((number) => clientOf(direct(number), cookie))), admin });
await changes.begin();

const reads = { all: 0, stale: 0 };
/** Waits until this reader gets the change; gives the ms since `begun`. */
async function until(reader, { what, path, sees }, begun) {
  for (;;) {
    const asked = performance.now() - begun;
    const { text } = await reader.get(path);
    ++reads.all;
    const now = performance.now() - begun;
    if (sees(text)) return now;
    if (asked > goalMs) ++reads.stale;
    if (now > timeoutMs) throw new Error(`${what} on ${path} is not seen at ${reader.base} (seed ${seed})`);
  }
}

const times = new Map();
for (let n = 1; n <= count; ++n) {
  if (n % 100 === 0) note(`[${n}/${count}] changes`);
  for (const path of [changes.list, changes.earlier().path]) await Promise.all(readers.map((reader) => reader.get(path)));
  const seen = await changes.next();
  const begun = performance.now();
  const took = await Promise.all(readers.map((reader) => until(reader, seen, begun)));
  if (!times.has(seen.what)) times.set(seen.what, []);
  times.get(seen.what).push(Math.max(...took));
  await pause(Math.max(0, goalMs - (performance.now() - begun)));
  for (let i = 0; i < others; ++i) {
    const { path, sees } = changes.earlier();
    const { text } = await readers[Math.floor(random() * readers.length)].get(path);
    ++reads.all;
    if (!sees(text)) ++reads.stale;
  }
}
agent.destroy();

const sorted = (list) => [...list].sort((a, b) => a - b);
const share = (list, of) => `${sorted(list)[Math.min(list.length - 1, Math.floor(list.length * of))].toFixed(1)} ms`;
const all = [...times.values()].flat();
console.log(`Machine: ${about}  `);
console.log(`Commit ${options.commit}, \`${options.command}\`: ${count} changes at random on ${servers.length} app servers, seed ${seed}  `);
console.log('From the answer to whoever changed it until every server shows it, asked directly; a page takes 1 to 3 ms\n');
console.log(table(['Claim', 'Goal', 'Measured'], [
  [`of ${reads.all} pages, those that were stale ${goalMs} ms after a change`, '0', String(reads.stale)],
  ['all servers show a change, 99 % within', `< ${goalMs} ms`, share(all, 0.99)],
  ['half within', '', share(all, 0.5)],
  ['all within', '', share(all, 1)],
]));
console.log('\nBy kind of change:\n');
console.log(table(['Change', 'Times', 'Half within', '99 % within'], [...times].sort().map(([what, list]) => [what, String(list.length), share(list, 0.5), share(list, 0.99)])));
