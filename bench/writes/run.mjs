// Measures what a comment and a login cost on the stack that script/bench started and filled; prints Markdown. The options
// and the environment are those of bench/run.mjs.
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { cookiesOf } from '../live/members.mjs';
import { closeStreams, countStreams, openStreams } from '../live/sockets.mjs';
import { cpu, cpuOfThreads, started } from '../processes.mjs';
import { figure, machine, table } from '../report.mjs';
import { Client } from '../../tests/support/client.mjs';
import { sql } from '../../tests/support/stores.mjs';
import { pgbench } from './pgbench.mjs';

const options = JSON.parse(process.argv[2]);
const { state, run_dir: runDir, net, build } = process.env;
const { rounds, seconds, readers } = options;
const members = 1000;  // of bench/data.mjs
const activePosts = 4000;  // posts that are commented on
const active = Math.min(options.posts, activePosts);
const writers = 8;     // at once
const crowd = 10;      // people who write on one post at once
const settleMs = 3000;
const restMs = 4000;
const logins = 2;      // at once; one thread hashes
const hashing = 'cpu-pool';  // the thread that hashes
const direct = `http://${net}.11:3000`;
const note = (text) => process.stderr.write(`${text}\n`);
const run = promisify(execFile);

const partsOf = () => ({ app: started(runDir, 'app1-site'), Redis: started(runDir, 'redis'), PostgreSQL: started(runDir, 'postgres') });

/** µs of CPU a second that the parts spend without requests: heartbeats and health checks. */
async function atRest() {
  const parts = partsOf();
  const before = Object.values(parts).map(cpu);
  await pause(restMs);
  return Object.fromEntries(Object.keys(parts).map((name, i) => [name, (cpu(parts[name]) - before[i]) / restMs]));
}

/** µs of CPU for each answered request of a wrk script, by part and `all`, without `rest` of that time. */
async function wrk(script, connections, words, count, rest = {}) {
  const parts = partsOf();
  const names = Object.keys(parts);
  const file = fileURLToPath(new URL(script, import.meta.url));
  const wanted = await count();
  const before = names.map((name) => cpu(parts[name]));
  const hashed = cpuOfThreads(parts.app, hashing);
  const { stdout } = await run('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', file, direct, '--', ...words.map(String)]);
  const after = names.map((name) => cpu(parts[name]));
  const hashes = cpuOfThreads(parts.app, hashing) - hashed;
  const broken = /Non-2xx.*|Socket errors.*/.exec(stdout);
  if (broken) throw new Error(`${script}: ${broken[0]}`);
  // Writes for which wrk did not wait at the end count, too.
  const done = (await count()) - wanted;
  const cost = { perSecond: done / seconds, all: 0, hash: hashes / 1000 / done };
  names.forEach((name, i) => {
    cost[name] = ((after[i] - before[i]) / 1000 - (rest[name] ?? 0) * seconds) / done;
    cost.all += cost[name];
  });
  return cost;
}

const counted = (what) => async () => Number((await sql(what))[0][0]);
const commentsSoFar = counted('select last_value from comments_id_seq');
const sessionsSoFar = counted('select count(*) from sessions');

const about = machine();
/** A member who comments has read the post before. */
async function readAll(cookie) {
  const agent = new http.Agent({ keepAlive: true });
  const visitor = new Client(direct, { agent });
  for (let id = 1; id <= active; ++id) {
    const { status } = await visitor.get(`/boards/bench-1/${id}`, { headers: { cookie } });
    if (status !== 200) throw new Error(`post ${id}: ${status}`);
  }
  agent.destroy();
}

const cookies = `${state}/bench-cookies`;
const made = await cookiesOf(Array.from({ length: members }, (_, i) => 1 + i));
fs.writeFileSync(cookies, made.join('\n'));
await readAll(made[0]);
await sql(`update users set password_hash = (select password_hash from users where email = '${options.email}') where id <= ${members}`);

const fewCookies = `${state}/bench-cookies-of-a-crowd`;
fs.writeFileSync(fewCookies, made.slice(0, crowd).join('\n'));
const begins = () => randomBytes(8).toString('hex');
const comment = (how) => wrk('comment.lua', writers, [cookies, active, how, begins()], commentsSoFar);
const crowded = (how) => wrk('comment.lua', crowd, [fewCookies, 1, how, begins()], commentsSoFar);
const bare = (posts, clients) => pgbench({ runDir, folder: `${state}/log`, posts, members, seconds, clients });
await pause(settleMs);
const rest = await atRest();
const targets = {
  form: () => comment('form'),
  api: () => comment('api'),
  pgbench: () => bare(active, writers),
  crowdForm: () => crowded('form'),
  crowdApi: () => crowded('api'),
  crowdPgbench: () => bare(1, crowd),
  login: () => wrk('login.lua', logins, [members, options.password], sessionsSoFar, rest),
};
const results = Object.fromEntries(Object.keys(targets).map((name) => [name, []]));
const hashes = [];
for (let round = 0; round <= rounds; ++round) {
  note(`[${round}/${rounds}] rounds`);
  for (const [name, target] of Object.entries(targets)) {
    const cost = await target();
    if (round > 0) results[name].push(cost);  // the first is for warm caches
  }
  const alone = execFileSync(`${build}/password_hash`, { encoding: 'utf8' }).trim().split('\n').map(Number);
  hashes.push(alone.reduce((sum, one) => sum + one, 0) / alone.length);
}
hashes.splice(0, hashes.length - results.login.length);

// Guests who have one of these posts open hear of each of its comments.
const sockets = await openStreams(`${net}.11`, 3000, net, Array.from({ length: readers }, (_, i) => ({ topics: `p${1 + (i % active)}:0` })));
const watcher = new Client(direct);
await countStreams(watcher, readers);
const read = { readForm: () => comment('form'), readApi: () => comment('api'), readPgbench: () => bare(active, writers) };
for (const name of Object.keys(read)) results[name] = [];
for (let round = 0; round <= rounds; ++round) {
  note(`[${round}/${rounds}] rounds with ${readers} readers`);
  for (const [name, target] of Object.entries(read)) {
    const cost = await target();
    if (round > 0) results[name].push(cost);
  }
}
await countStreams(watcher, readers);
closeStreams(sockets);

// Checks that both wrote the same number of rows of each table for a comment.
const rows = await sql('select count(*) filter (where kind = 3), (select count(*) from idempotency_keys), max(number) from notifications');
note(`rows: ${rows[0].join(', ')}`);

const ratio = (above, below) => figure(results[above].map((value, i) => value.all / results[below][i].all));
const claims = [
  ['a comment, by form, against pgbench inserting its rows; CPU of all', '≤ 2.0', ratio('form', 'pgbench')],
  ['a comment, by API, the same', '≤ 2.0', ratio('api', 'pgbench')],
  [`a comment, by form, while ${readers} read these posts, the same`, '≤ 2.0', ratio('readForm', 'readPgbench')],
  [`a comment, by API, while ${readers} read these posts, the same`, '≤ 2.0', ratio('readApi', 'readPgbench')],
  [`a comment, by form, of ${crowd} people on one post, the same`, '≤ 2.0', ratio('crowdForm', 'crowdPgbench')],
  [`a comment, by API, of ${crowd} people on one post, the same`, '≤ 2.0', ratio('crowdApi', 'crowdPgbench')],
  ['a login against its argon2id hash, as the thread that hashes spends', '≤ 1.1', figure(results.login.map((value) => value.all / value.hash))],
  ['a login against that hash in a program of its own, before or after', '', figure(results.login.map((value, i) => value.all / hashes[i]))],
];
const columns = ['app', 'Redis', 'PostgreSQL', 'all'];
const cost = (name, of) => [name, ...columns.map((column) => figure(of.map((one) => one[column]))), figure(of.map((one) => one.perSecond))];
const bareCost = (name, of) => cost(name, of.map((one) => ({ ...one, app: one.client, Redis: 0 })));
const costs = [
  cost('comment, by form', results.form),
  cost('comment, by API', results.api),
  bareCost('pgbench (its client as app)', results.pgbench),
  cost(`comment, by form, ${readers} readers`, results.readForm),
  cost(`comment, by API, ${readers} readers`, results.readApi),
  bareCost(`pgbench beside ${readers} readers`, results.readPgbench),
  cost(`comment, by form, ${crowd} on one post`, results.crowdForm),
  cost(`comment, by API, ${crowd} on one post`, results.crowdApi),
  bareCost(`pgbench, ${crowd} on one post`, results.crowdPgbench),
  cost('login', results.login),
  ['of it the argon2id hash', figure(results.login.map(({ hash }) => hash)), '', '', '', ''],
  ['argon2id hash alone', figure(hashes), '', '', figure(hashes), ''],
];
console.log(`Machine: ${about}  `);
console.log(`Commit ${options.commit}, \`${options.command}\`: ${options.posts} posts and ${options.comments} comments  `);
console.log(`Medians of ${results.form.length} rounds of ${seconds} s (lowest to highest); ${writers} write at once, under ${active} posts; ${logins} log in at once\n`);
console.log(table(['Claim', 'Goal', 'Measured'], claims));
console.log(`\nCPU of each, µs; asked directly, without Nginx. Of logins, which are few a second, without the ${(Object.values(rest).reduce((sum, one) => sum + one, 0) / 1000).toFixed(1)} ms a second that the parts spend when nobody asks:\n`);
console.log(table(['What', ...columns, 'per second'], costs));
