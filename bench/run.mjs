// Measures the stack that script/bench started and filled; prints Markdown.
// node bench/run.mjs '{"posts":…,"rounds":…,"seconds":…,"connections":…,"commit":"…","command":"…"}'; where the stack is,
// script/bench put into the environment.
import { Client } from '../tests/support/client.mjs';
import { measure } from './load.mjs';
import { cookieOf, login } from './member.mjs';
import { memory, started } from './processes.mjs';
import { processes, serveAnew, serveConstant, serveNginx, stop } from './reference.mjs';
import { figure, machine, table } from './report.mjs';
import { startTime } from './start.mjs';

const options = JSON.parse(process.argv[2]);
const { state, run_dir: runDir, port, net, build } = process.env;
const perPage = 20;
const board = 1;
const address = `${net}.11`;
// Beside the ports of the app server itself, 3000 and 3001, and of the stack's Nginx.
const constantPort = 3100;
const startPort = 3101;
const anewPort = 3103;
const constantNginx = Number(port) + 10;
const anewNginx = Number(port) + 20;
const starts = 10;

const siteConfig = `${state}/config/app1-site.toml`;
const site = `http://127.0.0.1:${port}`;
const direct = `http://${address}:3000`;
const note = (text) => process.stderr.write(`${text}\n`);

/** Checks that the page has `rows` lines, so that no error page is measured. */
async function page(visitor, path, rows) {
  const answer = await visitor.get(path);
  const found = answer.text.split('<tr class="row').length - 1;
  if (answer.status !== 200 || found !== rows) throw new Error(`${path}: ${answer.status} with ${found} rows instead of ${rows}`);
  return answer;
}

/** One target after the other in each round, so that the machine's other work affects all of them. */
async function rounds(targets, cookie) {
  const load = { seconds: options.seconds, connections: options.connections };
  const entries = Object.entries(targets);
  const results = Object.fromEntries(entries.map(([name]) => [name, []]));
  const one = ({ url, parts, guest, coding }, more) => measure(url, parts, { ...load, coding, cookie: guest ? '' : cookie, ...more });
  // A single round only shows that everything works, and needs no warm caches.
  if (options.rounds > 1) for (const [, target] of entries) await one(target, { seconds: 1 });
  for (let round = 1; round <= options.rounds; ++round) {
    note(`[${round}/${options.rounds}] rounds`);
    for (const [name, target] of entries) results[name].push(await one(target));
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
const visitor = await login(site, options);
const cookie = cookieOf(visitor);

const last = Math.ceil(options.posts / perPage);
const middle = Math.ceil(last / 5);
const list = `/boards/bench-${board}`;
// As the app server says it, with what Nginx takes out.
const near = new Client(direct);
near.cookies = visitor.cookies;
const shown = await page(near, list, perPage);
await page(visitor, `${list}?page=${middle}`, perPage);
await page(visitor, `${list}?page=${last}`, options.posts % perPage || perPage);

const ready = { site: await readyTimes('site', siteConfig), admin: await readyTimes('admin', `${state}/config/app1-admin.toml`) };

const post = `${list}/${middle}`;
const pages = { list: shown, home: await near.get('/'), post: await near.get(post) };
const children = [];
const start = async (serving) => children[children.push(await serving) - 1];
try {
  const constantApp = processes(await start(serveConstant(constantPort, board, pages)));
  const anewApp = processes(await start(serveAnew(anewPort, list, cookie)));
  const beforeConstant = processes(await start(serveNginx(constantNginx, constantPort, '/list', cookie)));
  const beforeAnew = processes(await start(serveNginx(anewNginx, anewPort, list, cookie)));
  // Last: PostgreSQL has a process for each connection of all of these.
  const app = { Nginx: [], app: started(runDir, 'app1-site'), Redis: started(runDir, 'redis'), PostgreSQL: started(runDir, 'postgres') };
  const through = { ...app, Nginx: started(runDir, 'nginx') };
  const constant = { ...app, app: constantApp };
  const anew = { ...app, app: anewApp };
  const constantThrough = { ...constant, Nginx: beforeConstant };
  const anewThrough = { ...anew, Nginx: beforeAnew };
  const constantAt = (path) => ({ url: `http://127.0.0.1:${constantNginx}${path}`, parts: constantThrough });

  const guest = true;
  const targets = {
    'constant page, direct': { url: `http://${address}:${constantPort}/list`, parts: constant },
    'constant page and its query, direct': { url: `http://${address}:${constantPort}/rows`, parts: constant },
    'board list, direct': { url: direct + list, parts: app },
    'board list read anew, direct': { url: `http://${address}:${anewPort}${list}`, parts: anew },
    'constant list': constantAt('/list'),
    'constant home': constantAt('/home'),
    'constant post': constantAt('/post'),
    'board list': { url: site + list, parts: through },
    home: { url: `${site}/`, parts: through },
    post: { url: site + post, parts: through },
    'board list read anew': { url: `http://127.0.0.1:${anewNginx}${list}`, parts: anewThrough },
    [`board list read anew, page ${last}`]: { url: `http://127.0.0.1:${anewNginx}${list}?page=${last}`, parts: anewThrough },
    [`board list, page ${last}`]: { url: `${site + list}?page=${last}`, parts: through },
    'guest: file of the list': { ...constantAt('/files/list.html'), guest },
    'guest: file of the home page': { ...constantAt('/files/home.html'), guest },
    'guest: file of the post': { ...constantAt('/files/post.html'), guest },
    'guest: board list': { url: site + list, parts: through, guest },
    'guest: home': { url: `${site}/`, parts: through, guest },
    'guest: post': { url: site + post, parts: through, guest },
    'guest: board list, as a browser takes it': { url: site + list, parts: through, guest, coding: 'br' },
  };
  const results = await rounds(targets, cookie);
  const ratio = (above, below, part = 'all') => figure(results[above].map((value, i) => value[part] / results[below][i][part]));
  const loaded = memory(appServer);

  const columns = ['Nginx', 'app', 'Redis', 'PostgreSQL', 'all'];
  const cell = (values) => (values.every((value) => value < 0.05) ? '' : figure(values));
  const costs = Object.entries(results).map(([name, of]) => [
    name,
    ...columns.map((column) => cell(of.map((result) => result[column]))),
    figure(of.map((result) => result.perSecond)),
  ]);
  const claims = [
    ['board list read anew against constant page and its query, CPU of the app process', '≤ 1.5', ratio('board list read anew, direct', 'constant page and its query, direct', 'app')],
    ['board list of a member against Nginx and a constant page of that head and size', '≤ 1.3', ratio('board list', 'constant list')],
    ['home, the same', '≤ 1.3', ratio('home', 'constant home')],
    ['post, the same', '≤ 1.3', ratio('post', 'constant post')],
    ['board list of a member read anew, the same', '≤ 2.0', ratio('board list read anew', 'constant list')],
    ['board list of a guest against Nginx and a file of that size', '≤ 1.2', ratio('guest: board list', 'guest: file of the list')],
    ['home of a guest, the same', '≤ 1.2', ratio('guest: home', 'guest: file of the home page')],
    ['post of a guest, the same', '≤ 1.2', ratio('guest: post', 'guest: file of the post')],
    [`board list, page ${last} against page 1`, '≤ 1.2', ratio(`board list, page ${last}`, 'board list')],
    [`board list read anew, page ${last} against page 1`, '≤ 1.2', ratio(`board list read anew, page ${last}`, 'board list read anew')],
    ['Site and Admin of an app server at rest', '≤ 40 MB', `${atRest.toFixed(1)} MB`],
    ['the same after the load', '', `${loaded.toFixed(1)} MB`],
    ['Site ready after exec', '≤ 50 ms', figure(ready.site, ' ms')],
    ['Admin ready after exec', '≤ 100 ms', figure(ready.admin, ' ms')],
  ];

  console.log(`Machine: ${about}  `);
  console.log(`Commit ${options.commit}, \`${options.command}\`: ${options.posts} posts and ${options.comments} comments, list page of ${Buffer.byteLength(shown.text)} bytes  `);
  console.log(`Medians of ${options.rounds} rounds of ${options.seconds} s with ${options.connections} connections (lowest to highest)\n`);
  console.log(table(['Claim', 'Goal', 'Measured'], claims));
  console.log('\nCPU per request, µs; a logged-in member asks, where no guest is named:\n');
  console.log(table(['Page', ...columns, 'requests/s'], costs));
} finally {
  stop(children);
}
