// Measures the stack that script/bench started and filled; prints Markdown.
// node bench/run.mjs '{"posts":…,"rounds":…,"seconds":…,"connections":…,"commit":"…","command":"…"}'; where the stack is,
// script/bench put into the environment.
import { spawn } from 'node:child_process';
import fs from 'node:fs';

import { Client } from '../tests/support/client.mjs';
import { measure } from './load.mjs';
import { memory, started } from './processes.mjs';
import { figure, machine, table } from './report.mjs';
import { startTime } from './start.mjs';

const options = JSON.parse(process.argv[2]);
const { state, run_dir: runDir, port, net, build } = process.env;
const perPage = 20;
const board = 1;
const address = `${net}.11`;
// Beside the ports of the app server itself, 3000 and 3001.
const constantPort = 3100;
const startPort = 3101;
const starts = 10;

const siteConfig = `${state}/config/app1-site.toml`;
const site = `http://127.0.0.1:${port}`;
const direct = `http://${address}:3000`;
const note = (text) => process.stderr.write(`${text}\n`);

async function login() {
  const visitor = new Client(site);
  const { status, text } = await visitor.request('POST', '/api/v1/session', { json: { email: options.email, password: options.password } });
  if (status >= 300) throw new Error(`login: ${status} ${text}`);
  return visitor;
}

/** The page, which must be one of `rows` lines: an error page would be measured as gladly. */
async function page(visitor, path, rows) {
  const { status, text } = await visitor.get(path);
  const found = text.split('<tr class="row').length - 1;
  if (status !== 200 || found !== rows) throw new Error(`${path}: ${status} with ${found} rows instead of ${rows}`);
  return text;
}

async function serveConstant(body) {
  const file = `${state}/constant.html`;
  fs.writeFileSync(file, body);
  const child = spawn(`${build}/constant_page`, [siteConfig, constantPort, board, file], { stdio: ['ignore', 'ignore', 'inherit'] });
  const visitor = new Client(`http://${address}:${constantPort}`);
  for (let tries = 100; ; --tries) {
    const answer = await visitor.get('/rows').catch(() => undefined);
    if (answer?.status === 200 && answer.text === body) return child;
    if (tries === 0 || child.exitCode !== null) throw new Error('constant_page does not answer');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** One target after the other in each round, so that what else the machine does meets all of them. */
async function rounds(targets, cookie) {
  const load = { cookie, seconds: options.seconds, connections: options.connections };
  const results = targets.map(() => []);
  // A single round is for seeing that all runs, and needs no warm caches.
  if (options.rounds > 1) for (const { url, parts } of targets) await measure(url, parts, { ...load, seconds: 1 });
  for (let round = 1; round <= options.rounds; ++round) {
    note(`[${round}/${options.rounds}] rounds`);
    for (const [i, { url, parts }] of targets.entries()) results[i].push(await measure(url, parts, load));
  }
  return results;
}

async function readyTimes(name, config) {
  const times = [];
  for (let i = 0; i < starts; ++i) times.push(await startTime(`${build}/minschool-${name}`, config, address, startPort));
  return times;
}

const appServer = [...started(runDir, 'app1-site'), ...started(runDir, 'app1-admin')];
const atRest = memory(appServer);
const about = machine();
const visitor = await login();
const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');

const last = Math.ceil(options.posts / perPage);
const middle = Math.ceil(last / 5);
const list = `/boards/bench-${board}`;
const body = await page(visitor, list, perPage);
await page(visitor, `${list}?page=${middle}`, perPage);
await page(visitor, `${list}?page=${last}`, options.posts % perPage || perPage);

const ready = { site: await readyTimes('site', siteConfig), admin: await readyTimes('admin', `${state}/config/app1-admin.toml`) };

const constant = await serveConstant(body);
try {
  const backends = { Redis: started(runDir, 'redis'), PostgreSQL: started(runDir, 'postgres') };
  const app = { Nginx: [], app: started(runDir, 'app1-site'), ...backends };
  const through = { ...app, Nginx: started(runDir, 'nginx') };
  const reference = { Nginx: [], app: [constant.pid], ...backends };
  const targets = [
    { name: 'constant page, direct', url: `http://${address}:${constantPort}/`, parts: reference },
    { name: 'constant page and its query, direct', url: `http://${address}:${constantPort}/rows`, parts: reference },
    { name: 'board list, direct', url: direct + list, parts: app },
    { name: 'board list', url: site + list, parts: through },
    { name: `board list, page ${middle}`, url: `${site + list}?page=${middle}`, parts: through },
    { name: `board list, page ${last}`, url: `${site + list}?page=${last}`, parts: through },
    { name: 'home', url: `${site}/`, parts: through },
    { name: 'post', url: `${site + list}/${middle}`, parts: through },
  ];
  const results = await rounds(targets, cookie);
  const [, rows, direct1, first, deep, deepest] = results;
  const ratio = (above, below, part) => above.map((value, i) => value[part] / below[i][part]);
  const loaded = memory(appServer);

  const columns = ['Nginx', 'app', 'Redis', 'PostgreSQL', 'all'];
  const cell = (values) => (values.every((value) => value < 0.05) ? '' : figure(values));
  const costs = targets.map(({ name }, i) => [
    name,
    ...columns.map((column) => cell(results[i].map((result) => result[column]))),
    figure(results[i].map((result) => result.perSecond)),
  ]);
  const claims = [
    ['board list against constant page and its query, CPU of the app process', '≤ 1.5', figure(ratio(direct1, rows, 'app'))],
    [`board list, page ${middle} against page 1, CPU of all`, '', figure(ratio(deep, first, 'all'))],
    [`board list, page ${last} against page 1, CPU of all`, '', figure(ratio(deepest, first, 'all'))],
    ['Site and Admin of an app server at rest', '≤ 40 MB', `${atRest.toFixed(1)} MB`],
    ['the same after the load', '', `${loaded.toFixed(1)} MB`],
    ['Site ready after exec', '≤ 100 ms', figure(ready.site, ' ms')],
    ['Admin ready after exec', '≤ 100 ms', figure(ready.admin, ' ms')],
  ];

  console.log(`Machine: ${about}  `);
  console.log(`Commit ${options.commit}, \`${options.command}\`: ${options.posts} posts and ${options.comments} comments, list page of ${Buffer.byteLength(body)} bytes  `);
  console.log(`Medians of ${options.rounds} rounds of ${options.seconds} s with ${options.connections} connections (lowest to highest)\n`);
  console.log(table(['Claim', 'Goal', 'Measured'], claims));
  console.log('\nCPU per request, µs:\n');
  console.log(table(['Logged-in member asks for', ...columns, 'requests/s'], costs));
} finally {
  constant.kill('SIGTERM');
}
