// Measures the capacity of one app server on one processor: ten thousand streams and two thousand pages a second; and what
// it holds at rest. On the stack that script/bench started and filled; prints Markdown. The options and the environment are
// those of bench/run.mjs.
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from '../../tests/support/client.mjs';
import { stack } from '../../tests/support/stack.mjs';
import { addMembers, cookiesOf } from '../live/members.mjs';
import { closeStreams, countStreams, openStreams } from '../live/sockets.mjs';
import { cpu, memory, started } from '../processes.mjs';
import { figure, machine, median, table } from '../report.mjs';
import { startTime } from '../start.mjs';
import { paced } from './paced.mjs';

const options = JSON.parse(process.argv[2]);
const { state, run_dir: runDir, net, build } = process.env;
const { posts, streams, rounds, seconds } = options;
const perSecond = options.streams >= 10_000 ? 2000 : 200;
const loadSeconds = 5 * seconds;
const readers = 1000;   // members who ask for pages
const active = Math.min(posts, 200);
const host = `${net}.11`, port = 3000, startPort = 3101;
const list = '/boards/bench-1';
const starts = 10;
const settleMs = 3000;
const note = (text) => process.stderr.write(`${text}\n`);

/** Gives the first processor to the app server alone, and the others to the rest of the stack and this program. */
function pin() {
  const others = os.cpus().length > 1 ? `1-${os.cpus().length - 1}` : '0';
  const put = (pids, where) => {
    for (const pid of pids) {
      const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', where, String(pid)], { encoding: 'utf8' });
      if (status !== 0 && !/No such process/.test(stderr)) throw new Error(stderr);
    }
  };
  put([process.pid, ...['postgres', 'redis', 'nginx', 'monitor', 'app1-admin'].flatMap((name) => started(runDir, name))], others);
  put(started(runDir, 'app1-site'), '0');
}

const appServer = () => [...started(runDir, 'app1-site'), ...started(runDir, 'app1-admin')];
async function anew() {
  await stack('restart', 'app1');
  await pause(settleMs);
}

async function readyTimes(name) {
  const times = [];
  for (let i = 0; i < starts; ++i) times.push(await startTime(`${build}/minschool-${name}`, `${state}/config/app1-${name}.toml`, host, startPort));
  return times;
}

const about = machine();
await addMembers(Math.max(streams, readers));
const cookies = await cookiesOf(Array.from({ length: Math.max(streams, readers) }, (_, i) => 1 + i));
const wanted = cookies.slice(0, streams).map((cookie, i) => ({ topics: `p${1 + (i % posts)}:0,u${1 + i}:0`, cookie }));
const visitor = new Client(`http://${host}:${port}`);

let turn = 0;
function request() {
  const cookie = cookies[turn % readers];
  const path = ['/', list, `${list}/${1 + (turn % active)}`][turn++ % 3];
  return `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nX-Request-Id: room-${turn}\r\nCookie: ${cookie}\r\n\r\n`;
}

const rest = [], results = [];
for (let round = 1; round <= rounds; ++round) {
  note(`[${round}/${rounds}] ${streams} streams and ${perSecond} pages a second`);
  await anew();
  rest.push(memory(appServer()));
  pin();
  await paced({ host, port, perSecond: perSecond / 10, seconds: 2, request });  // so that the members are in its cache
  const sockets = await openStreams(host, port, net, wanted);
  await countStreams(visitor, streams);
  await pause(settleMs);
  const site = started(runDir, 'app1-site');
  const before = cpu(site), begun = performance.now();
  const load = await paced({ host, port, perSecond, seconds: loadSeconds, request });
  const percent = (cpu(site) - before) / 1e4 / (performance.now() - begun);
  results.push({ ...load, percent, mb: memory(appServer()) });
  await countStreams(visitor, streams);
  closeStreams(sockets);
  await countStreams(visitor, 0);
}
const ready = { site: await readyTimes('site'), admin: await readyTimes('admin') };

const share = ({ ms }, of) => ms[Math.min(ms.length - 1, Math.floor(ms.length * of))];
const of = (part) => results.map((one) => one[part]);
const ms = (part) => figure(results.map((one) => share(one, part)), ' ms');
console.log(`Machine: ${about}  `);
console.log(`Commit ${options.commit}, \`${options.command}\`: ${posts} posts and ${options.comments} comments  `);
console.log(`Medians of ${rounds} rounds of ${loadSeconds} s (lowest to highest); the Site on one processor, asked directly; from the moment when a request was due\n`);
console.log(table(['Claim', 'Goal', 'Measured'], [
  [`pages of members at ${median(of('perSecond')).toFixed(0)} a second beside ${streams} streams: 99 % within`, '< 50 ms', ms(0.99)],
  ['half within', '', ms(0.5)],
  ['all within', '', ms(1)],
  ['of them not answered 200', '0', String(of('bad').reduce((sum, bad) => sum + bad, 0))],
  ['of its processor that takes', '', figure(of('percent'), ' %')],
  ['99 % of this program’s own timers were late by at most', '', figure(of('timerMs'), ' ms')],
  ['Site and Admin of an app server at rest', '< 20 MB', figure(rest, ' MB')],
  ['the same in this load', '< 100 MB', figure(of('mb'), ' MB')],
  ['Site ready after exec', '< 50 ms', figure(ready.site, ' ms')],
  ['Admin ready after exec', '< 50 ms', figure(ready.admin, ' ms')],
]));
