// Measures the cost of more app servers and PostgreSQL's load in a stampede, on the stack that script/bench started and
// filled; prints Markdown. The options and the environment are those of bench/run.mjs.
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from '../../tests/support/client.mjs';
import { stack } from '../../tests/support/stack.mjs';
import { sql } from '../../tests/support/stores.mjs';
import { cookiesOf } from '../live/members.mjs';
import { measure } from '../load.mjs';
import { started } from '../processes.mjs';
import { figure, machine, table } from '../report.mjs';
import { serveConstant } from './constant.mjs';
import { stampede } from './stampede.mjs';

const options = JSON.parse(process.argv[2]);
const { run_dir: runDir, port, net } = process.env;
const { rounds, seconds, connections, crowd } = options;
const sizes = [1, 3, 6];
const ofStampede = 3;
const members = 100;
// Each server has as many requests at once as a single one. Nginx would refuse more of one address at the same moment.
const each = Math.ceil(connections / 2);
const list = '/boards/bench-1';
const site = `http://127.0.0.1:${port}`;
const address = (number) => ({ host: `${net}.${10 + number}`, port: 3000 });
const direct = (number) => `http://${address(number).host}:3000`;
const settleMs = 1000;
const staleMs = 2500;  // longer than a guest's page is fresh in Nginx: a second, and the rest of another
const sampleMs = 100;
const note = (text) => process.stderr.write(`${text}\n`);

let servers = 1;
async function bringTo(wanted) {
  while (servers < wanted) { await stack('add'); ++servers; }
  while (servers > wanted) { await stack('remove'); --servers; }
  await pause(settleMs);
}
const numbers = () => Array.from({ length: servers }, (_, i) => 1 + i);
const programs = (...names) => numbers().flatMap((number) => names.flatMap((name) => started(runDir, `app${number}-${name}`)));

/** The largest number of connections that the programs had at once, for each app server, until `done`. */
async function watchConnections(done) {
  let most = 0;
  let over = false;
  done.finally(() => { over = true; });
  while (!over) {
    const [[count]] = await sql("select count(*) from pg_stat_activity where usename in ('minschool_site', 'minschool_admin')");
    most = Math.max(most, Number(count));
    await pause(sampleMs);
  }
  return most / servers;
}

/** Pages, then comments, so that every connection is used; their cost is not measured. */
async function busy(cookies) {
  const agents = cookies.slice(0, 32).map((cookie) => (path, json) => new Client(site).post(path, { json, headers: { cookie } }));
  await Promise.all(agents.map(async (post, i) => {
    for (let n = 0; n < 10; ++n) await post(`/api/v1/posts/${1 + i}/comments`, { content: `댓글 ${n}` });
  }));
}

const about = machine();
const cookies = await cookiesOf(Array.from({ length: members }, (_, i) => 1 + i));
const results = Object.fromEntries(sizes.map((size) => [size, []]));
const constant = Object.fromEntries(sizes.map((size) => [size, []]));
const page = (await new Client(site).get(list, { headers: { cookie: cookies[0] } })).text;
const held = Object.fromEntries(sizes.map((size) => [size, 0]));
for (let round = 1; round <= rounds; ++round) {
  for (const size of sizes) {
    note(`[${round}/${rounds}] ${size} servers`);
    await bringTo(size);
    const parts = () => ({ Nginx: started(runDir, 'nginx'), app: programs('site', 'admin'), Redis: started(runDir, 'redis'), PostgreSQL: started(runDir, 'postgres') });
    const load = { cookie: cookies[0], connections: each * size };
    await measure(site + list, parts(), { ...load, seconds: 1 });
    results[size].push(await measure(site + list, parts(), { ...load, seconds }));
    const alike = await serveConstant(size, page, cookies[0]);
    try {
      await measure(alike.url, alike.parts, { ...load, seconds: 1 });
      constant[size].push(await measure(alike.url, alike.parts, { ...load, seconds }));
    } finally {
      await alike.stop();
    }
    const writing = busy(cookies);
    held[size] = Math.max(held[size], await watchConnections(writing));
  }
}

// The statements of the pages, each by a part that no other statement has.
const statements = { list: '%from post_counters where board_id = $1 and visible order by number desc limit%', post: '%exists (select from post_likes l where l.post_id = p.id%' };
const askedFor = async (like) => Number((await sql(`select coalesce(sum(calls), 0) from pg_stat_statements where query like '${like}'`))[0][0]);

await bringTo(ofStampede);
const ways = {
  'members through Nginx': { cookies, servers: [{ host: '127.0.0.1', port: Number(port) }] },
  'members directly': { cookies, servers: numbers().map(address) },
  'guests through Nginx': { cookies: [], servers: [{ host: '127.0.0.1', port: Number(port) }] },
  'guests directly': { cookies: [], servers: numbers().map(address) },
};
const crowds = [];
let network = 120;
for (const [name, way] of Object.entries(ways)) {
  for (const [what, like] of Object.entries(statements)) {
    note(`${crowd} ${name}: a ${what}`);
    const out = [];
    for (let round = 0; round < rounds; ++round) {
      const visitor = new Client(direct(1 + (round % servers)));
      const written = await visitor.post('/api/v1/boards/bench-1/posts', { json: { title: '새 소식', content: '모두 함께 봅니다.' }, headers: { cookie: cookies[0] } });
      if (written.status !== 201) throw new Error(`a post: ${written.status} ${written.text}`);
      // The members' sessions are cached by then, and nothing of this page.
      for (const number of numbers()) {
        for (const cookie of way.cookies) await new Client(direct(number)).get('/', { headers: { cookie } });
      }
      await pause(staleMs);
      await sql('select pg_stat_statements_reset()');
      const { statuses, ms } = await stampede({
        servers: way.servers, network: `127.${network++ % 100 + 120}.${round}`, cookies: way.cookies, count: crowd,
        path: what === 'list' ? list : `${list}/${written.json().id}`,
      });
      const asked = await askedFor(like);
      if (asked === 0) throw new Error(`PostgreSQL knows no statement like '${like}'`);
      out.push({ statuses, ms, asked: asked / servers });
    }
    crowds.push({ name, what, out });
  }
}

const most = sizes.at(-1);
const ratio = (of, size) => of[size].map((value, i) => value.all / of[1][i].all);
const beside = (size) => ratio(results, size).map((value, i) => value / ratio(constant, size)[i]);
const good = (out) => out.reduce((sum, { statuses }) => sum + (statuses[200] ?? 0), 0);
const others = (out) => {
  const all = {};
  for (const { statuses } of out) for (const [status, n] of Object.entries(statuses)) if (status !== '200') all[status] = (all[status] ?? 0) + n;
  return Object.entries(all).map(([status, n]) => `, ${n} × ${status === '0' ? 'none' : status}`).join('');
};
const claims = [
  ...sizes.slice(1).map((size) => [`board list of a member with ${size} app servers against one, CPU of all, beside what as many programs that share nothing cost against one`, '0.91 to 1.1', figure(beside(size))]),
  ...sizes.slice(1).map((size) => [`the board list with ${size} against one, by itself`, '', figure(ratio(results, size))]),
  ...sizes.slice(1).map((size) => [`the page that ${size} programs share nothing for, against one`, '', figure(ratio(constant, size))]),
  ...sizes.map((size) => [`PostgreSQL's connections for each of ${size} app servers, at most`, '< 8', String(held[size])]),
  ...crowds.map(({ name, what, out }) => [`${crowd} ${name} at once for a new ${what}: statements of it, a server`, '≤ 1', `${Math.max(...out.map(({ asked }) => asked)).toFixed(2)} at most`]),
];
const columns = ['Nginx', 'app', 'Redis', 'PostgreSQL', 'all'];
console.log(`Machine: ${about}  `);
console.log(`Commit ${options.commit}, \`${options.command}\`: ${options.posts} posts and ${options.comments} comments  `);
console.log(`Medians of ${rounds} rounds of ${seconds} s with ${each} connections for each app server (lowest to highest); ${most} app servers share these processors\n`);
console.log(table(['Claim', 'Goal', 'Measured'], claims));
console.log('\nCPU per request of a member’s board list, µs:\n');
console.log(table(['App servers', ...columns, 'requests/s'], sizes.map((size) => [size, ...columns.map((column) => figure(results[size].map((one) => one[column]))), figure(results[size].map(({ perSecond }) => perSecond))])));
console.log(`\nAnswers of the stampedes over ${ofStampede} app servers:\n`);
console.log(table(['Who', 'What', '200', 'Last one after'], crowds.map(({ name, what, out }) => [name, what, `${good(out)} of ${crowd * out.length}${others(out)}`, figure(out.map(({ ms }) => ms), ' ms')])));
