// Measures the cost of monitoring, on the stack that script/bench started and filled; prints Markdown. The options and the environment
// are those of run.mjs.
//
// Metrics and the log of requests: two Sites of the same program, one with both and one without, are loaded at the same
// time, so that what else the machine does meets both. What counts is the quarter of the pairs in which both together took
// least. On a busy machine that is only an indication; so bench/observed.cpp counts and logs in a loop, by itself.
// The monitor: visitors who are logged in ask for pages through Nginx, 1,000 a second, whatever the answers take.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from '../tests/support/client.mjs';
import { measure } from './load.mjs';
import { cpu, memory, started } from './processes.mjs';
import { figure, machine, median, table } from './report.mjs';

const options = JSON.parse(process.argv[2]);
const { state, run_dir: runDir, port, net, build } = process.env;
const address = `${net}.11`;
const site = `http://127.0.0.1:${port}`;
const list = '/boards/bench-1';
const turnsOfRound = 6;
const perSecond = 1000;
const steadySeconds = 4;  // of each round
const tickMs = 10;
const note = (text) => process.stderr.write(`${text}\n`);

const sites = {
  on: { port: 3102, env: {} },
  off: { port: 3103, env: { MINSCHOOL_LOG_REQUESTS: 'false', MINSCHOOL_SERVER_METRICS: 'false' } },
};

async function startSite({ port: own, env }) {
  const log = fs.openSync(`${state}/log/bench-${own}.log`, 'w');
  const child = spawn(`${build}/minschool-site`, ['--config', `${state}/config/app1-site.toml`],
    { env: { ...process.env, ...env, MINSCHOOL_SERVER_PORT: String(own) }, stdio: ['ignore', log, log] });
  fs.closeSync(log);
  const visitor = new Client(`http://${address}:${own}`);
  for (let tries = 200; (await visitor.get('/health').catch(() => ({}))).status !== 200; --tries) {
    if (tries === 0 || child.exitCode !== null) throw new Error(`no Site on ${own}; see ${state}/log/bench-${own}.log`);
    await pause(50);
  }
  return child;
}

/** {metrics, both}: nanoseconds of CPU for each request, the log written to a file. */
function observed() {
  const file = `${state}/log/bench-observed.log`;
  const log = fs.openSync(file, 'w');
  const { stdout, status } = spawnSync(`${build}/observed`, { stdio: ['ignore', 'pipe', log], encoding: 'utf8' });
  fs.closeSync(log);
  fs.rmSync(file);
  if (status !== 0) throw new Error(`observed ended with ${status}`);
  return JSON.parse(stdout);
}

/** The worker, which does the work. */
const workerOf = ({ pid }) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

async function turns(path, cookie) {
  const load = { cookie, seconds: options.seconds, connections: options.connections };
  const ask = (name) => measure(`http://${address}:${sites[name].port}${path}`, { app: workerOf(sites[name].child) }, load);
  const pairs = [];
  for (let turn = 0; turn <= options.rounds * turnsOfRound; ++turn) {
    const [on, off] = await Promise.all([ask('on'), ask('off')]);
    if (turn > 0) pairs.push({ on: on.app, off: off.app, extra: (on.app / off.app - 1) * 100 });  // the first one warms
  }
  return pairs;
}

/** `perSecond` requests a second for some seconds; how many were answered 200, and how long that took in seconds. */
async function steadily(cookie, seconds) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const begun = performance.now();
  const answers = [];
  for (let sent = 0; sent < perSecond * seconds;) {
    const due = Math.min(((performance.now() - begun) / 1000) * perSecond, perSecond * seconds);
    for (; sent < due; ++sent) {
      answers.push(new Promise((resolve) => {
        const request = http.get(`${site}/login`, { agent, headers: { cookie } }, (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode < 400));
        });
        request.on('error', () => resolve(false));
      }));
    }
    await pause(tickMs);
  }
  const good = (await Promise.all(answers)).filter(Boolean).length;
  agent.destroy();
  return { sent: answers.length, good, seconds: (performance.now() - begun) / 1000 };
}

const watched = async () => (await new Client(site).get('/upstream_status?format=json')).json().monitor;

async function measureMonitor(cookie) {
  const pids = started(runDir, 'monitor');
  const out = { cores: [], rate: [], sent: 0, good: 0, lines: 0 };
  for (let round = 1; round <= options.rounds; ++round) {
    note(`[${round}/${options.rounds}] the monitor`);
    const [linesBefore, before] = [(await watched()).lines, cpu(pids)];
    const { sent, good, seconds } = await steadily(cookie, steadySeconds);
    out.cores.push(((cpu(pids) - before) / 1e9 / seconds) * 100);
    out.rate.push(sent / seconds);
    out.sent += sent;
    out.good += good;
    await pause(200);  // the last lines are on their way
    out.lines += (await watched()).lines - linesBefore;
  }
  return { ...out, memory: memory(pids) };
}

const about = machine();
const visitor = new Client(site);
const { status } = await visitor.post('/api/v1/session', { json: { email: options.email, password: options.password } });
if (status >= 300) throw new Error(`login: ${status}`);
const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');

try {
  for (const one of Object.values(sites)) one.child = await startSite(one);
  const pages = [['board list', list], ['login form', '/login']];
  const results = [];
  for (const [i, [, path]] of pages.entries()) {
    note(`[${i + 1}/${pages.length}] metrics and the log`);
    results.push(await turns(path, cookie));
  }
  const monitor = await measureMonitor(cookie);

  const calm = (pairs) => [...pairs].sort((a, b) => a.on + a.off - b.on - b.off).slice(0, Math.ceil(pairs.length / 4));
  const share = (pairs) => figure(pairs.map(({ extra }) => extra), ' %');
  const alone = observed();
  const ofPage = (pairs) => `${((alone.both / 1000 / median(calm(pairs).map(({ off }) => off))) * 100).toFixed(1)} %`;
  const queue = fs.readFileSync('/proc/sys/net/unix/max_dgram_qlen', 'utf8').trim();
  console.log(`Machine: ${about}  `);
  console.log(`Commit ${options.commit}, \`${options.command}\`: ${options.rounds * turnsOfRound} pairs of ${options.seconds} s with ${options.connections} connections  \n`);
  console.log(table(['Claim', 'Goal', 'Measured'], [
    ...pages.map(([name], i) => [`counting and logging a request in a loop, of the app process's CPU of a ${name}`, '< 3 %', ofPage(results[i])]),
    ...pages.map(([name], i) => [`${name} with metrics and log against one without, at the same time, calmest quarter`, '< 3 %', share(calm(results[i]))]),
    ...pages.map(([name], i) => [`the same of all pairs, ${name}`, '', share(results[i])]),
    [`monitor's CPU at ${figure(monitor.rate)} requests/s`, '< 1 % of a core', figure(monitor.cores, ' %')],
    ['its memory afterwards', '< 20 MB', `${monitor.memory.toFixed(1)} MB`],
    [`lines that it counted of ${monitor.sent} requests, ${monitor.good} of them answered well, with a queue of ${queue} (512 where systemd runs)`, 'all', String(monitor.lines)],
  ]));
  console.log(`\nIn a loop: ${alone.metrics} ns for metrics, ${alone.both} ns for both, of a request.`);
  console.log('\nCPU of the app process per request, µs:\n');
  console.log(table(['Page', 'with', 'without'], pages.map(([name], i) => [name, ...['on', 'off'].map((side) => figure(results[i].map((pair) => pair[side])))])));
} finally {
  for (const { child } of Object.values(sites)) child?.kill('SIGTERM');
}
