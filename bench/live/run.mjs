// Measures live changes on the stack that script/bench started and filled; prints Markdown.
// node bench/live/run.mjs '{"posts":…,"streams":…,"readers":…,"rate":…,"rounds":…,…}'; where the stack is, script/bench
// put into the environment.
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from '../../tests/support/client.mjs';
import { stack } from '../../tests/support/stack.mjs';
import { sql } from '../../tests/support/stores.mjs';
import { started } from '../processes.mjs';
import { figure, machine, median, table } from '../report.mjs';
import { delay } from './delay.mjs';
import { idle } from './idle.mjs';
import { cookiesOf } from './members.mjs';
import { notify, postsFor } from './notify.mjs';
import { through } from './through.mjs';

const options = JSON.parse(process.argv[2]);
const { run_dir: runDir, net, port: nginxPort } = process.env;
const { posts, streams, readers, rate, rounds, seconds, connections } = options;
const delaySeconds = 5 * seconds;
const settleMs = 2000;
const port = 3000, board = 1;
const host = (number) => `${net}.${10 + number}`;
const direct = (number) => `http://${host(number)}:${port}`;
const note = (text) => process.stderr.write(`${text}\n`);

/** PostgreSQL was just restarted: the program has all its connections again. */
async function wellAgain(number) {
  const visitor = new Client(direct(number));
  for (let tries = 200; tries > 0; --tries) {
    const { status } = (await visitor.get('/health')).json();
    if (status === 'ok') return;
    await pause(50);
  }
  throw new Error(`app${number} is not well`);
}

const about = machine();
const app = (number) => started(runDir, `app${number}-site`);
await Promise.all([1, 2].map(wellAgain));
await pause(settleMs);
const stores = { Redis: started(runDir, 'redis'), PostgreSQL: started(runDir, 'postgres') };
const [cookie] = await cookiesOf([1]);

const rest = await idle({
  host: host(1), port, net, visitor: new Client(direct(1)), cookie,
  partsOf: () => ({ app: app(1), ...stores, PostgreSQL: started(runDir, 'postgres') }),
  restart: () => stack('restart', 'app1').then(() => wellAgain(1)).then(() => pause(settleMs)),
  list: `/boards/bench-${board}`, streams, posts, rounds, seconds, connections, note,
});

// Only once: the heap that they leave in Nginx would make the next ones look cheap.
const behind = await through({ runDir, port: Number(nginxPort), net, streams });

stores.PostgreSQL = started(runDir, 'postgres');
const delays = [];
for (let round = 1; round <= rounds; ++round) {
  delays.push(await delay({
    writing: direct(1), reading: { host: host(2), port }, net, post: round, readers, rate, seconds: delaySeconds, note,
    parts: { writing: app(1), reading: app(2), ...stores },
  }));
}

const { own, others } = postsFor(await sql(`select id, author_id from posts where id > ${rounds} order by id limit 200`));
const notifyCosts = await notify({ direct: direct(1), parts: { app: app(1), ...stores }, own, others, rounds, seconds, note });

const share = ({ ms }, of) => ms[Math.min(ms.length - 1, Math.floor(ms.length * of))];
const of = (list, part) => list.map((value) => value[part]);
const ratio = (pairs, above, below, part) => pairs.map((pair) => pair[above][part] / pair[below][part]);
const appAndPostgres = (cost) => cost.app + cost.PostgreSQL;
const added = notifyCosts.map((pair) => (appAndPostgres(pair.others) / appAndPostgres(pair.own) - 1) * 100);
const claims = [
  [`memory of the Site for each of ${streams} idle streams`, '≤ 4 KB', figure(of(rest, 'kb'), ' KB')],
  ['memory of Nginx for each stream through it', '', figure([behind.nginxKb], ' KB')],
  ['memory of the kernel for the three sockets of such a stream', '', figure([behind.kernelKb], ' KB')],
  ['board list with them against without, CPU of the app process', '1', figure(ratio(rest, 'with', 'without', 'app'))],
  ['the same, CPU of all', '1', figure(ratio(rest, 'with', 'without', 'all'))],
  ['CPU of all while nothing happens on them', '', figure(of(rest, 'restPercent'), ' %')],
  [`from COMMIT to ${readers} readers at another server, ${rate} comments/s: half of them within`, '', figure(delays.map((one) => share(one, 0.5)), ' ms')],
  ['99 % within', '≤ 50 ms', figure(delays.map((one) => share(one, 0.99)), ' ms')],
  ['all within', '', figure(delays.map((one) => share(one, 1)), ' ms')],
  ['a timer of 1 ms on this machine meanwhile, 99 % within', '', figure(of(delays, 'timerMs'), ' ms')],
  ['a comment that notifies somebody against one that notifies nobody, CPU of app and PostgreSQL', '≤ 30 %', `+${figure(added, ' %')}`],
];
const columns = ['app', 'Redis', 'PostgreSQL', 'all'];
const costs = [
  ['board list', of(rest, 'without')],
  [`board list, with ${streams} streams`, of(rest, 'with')],
  ['comment that notifies nobody', of(notifyCosts, 'own')],
  ['comment that notifies its post’s author', of(notifyCosts, 'others')],
].map(([name, results]) => [name, ...columns.map((column) => figure(of(results, column))), figure(of(results, 'perSecond'))]);
const percents = ['writing', 'reading', 'Redis', 'PostgreSQL'].map((part) => `${part} ${median(delays.map(({ percent }) => percent[part])).toFixed(0)} %`);

console.log(`Machine: ${about}  `);
console.log(`Commit ${options.commit}, \`${options.command}\`: ${posts} posts and ${options.comments} comments  `);
console.log(`Medians of ${rounds} rounds (lowest to highest); ${delays[0].ms.length} arrivals in each, at ${figure(of(delays, 'perSecond'))} comments/s\n`);
console.log(table(['Claim', 'Goal', 'Measured'], claims));
console.log('\nCPU per request, µs; asked directly, without Nginx:\n');
console.log(table(['Member', ...columns, 'requests/s'], costs));
console.log(`\nOf a processor while ${readers} readers follow: ${percents.join(', ')}`);
