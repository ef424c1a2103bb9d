// Measures pages that many different addresses have, on the stack that script/bench started and filled; prints Markdown. The
// options and the environment are those of bench/run.mjs.
//
// Three loads, for guests and for members: every address once, so that nothing of it is remembered anywhere; a few thousand
// addresses again and again; all of them by Zipf's law, as people read.
import fs from 'node:fs';

import { Client } from '../../tests/support/client.mjs';
import { measure } from '../load.mjs';
import { cookieOf, login } from '../member.mjs';
import { memory, started } from '../processes.mjs';
import { processes, serveConstant, serveNginx, stop } from '../reference.mjs';
import { figure, machine, median, table } from '../report.mjs';
import { shuffled, uniform, zipf } from './addresses.mjs';
import { countLevels } from './levels.mjs';
import { addressesOf } from './posts.mjs';

const options = JSON.parse(process.argv[2]);
const { state, run_dir: runDir, port, net } = process.env;
const { rounds, seconds, connections, servers } = options;
const few = 4000;
const many = 100_000;
const draws = 200_000;
const sampled = 200;  // pages, for their mean size
const perPage = 20;
const board = 1;
const constantPort = 3100;
const constantNginx = Number(port) + 10;
const site = `http://127.0.0.1:${port}`;
const direct = `http://${net}.11:3000`;
const note = (text) => process.stderr.write(`${text}\n`);
const thousands = (count) => count.toLocaleString('en');

const apps = Array.from({ length: servers }, (_, i) => `app${i + 1}-site`);
const appProcesses = () => apps.flatMap((name) => started(runDir, name));
const stores = () => ({ Redis: started(runDir, 'redis'), PostgreSQL: started(runDir, 'postgres') });
const stack = () => ({ Nginx: started(runDir, 'nginx'), app: appProcesses(), ...stores() });

/** The page whose size is nearest to the mean of many. */
async function typical(paths, visitor) {
  const pages = [];
  for (const path of paths) {
    const page = await visitor.get(path);
    if (page.status !== 200) throw new Error(`${path}: ${page.status}`);
    pages.push(page);
  }
  const size = ({ text }) => Buffer.byteLength(text);
  const mean = pages.reduce((sum, page) => sum + size(page), 0) / pages.length;
  return pages.reduce((best, page) => (Math.abs(size(page) - mean) < Math.abs(size(best) - mean) ? page : best));
}

function file(name, lines) {
  const path = `${state}/addresses-${name}`;
  fs.writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const about = machine();
const visitor = await login(site, options);
const cookie = cookieOf(visitor);
const all = addressesOf(options.posts, many);
const rest = shuffled(all);
// Addresses that are asked for once are for one kind of visitor and one round.
const sample = rest.splice(0, sampled);
const fewOf = Math.min(few, all.length >> 2);
const warm = rest.splice(0, fewOf);
const once = { guest: rest.splice(0, rest.length >> 1), member: rest };

const near = new Client(direct);
near.cookies = visitor.cookies;
const shown = await typical(sample, near);
const list = await near.get(`/boards/bench-${board}`);
if (list.text.split('<tr class="row').length - 1 !== perPage) throw new Error('the list has other lines');

const children = [];
const start = async (serving) => children[children.push(await serving) - 1];
try {
  const constantApp = processes(await start(serveConstant(constantPort, board, { list, home: list, post: shown })));
  const constantProxy = processes(await start(serveNginx(constantNginx, constantPort, '/post', cookie)));
  const constant = () => ({ Nginx: constantProxy, app: constantApp, ...stores() });
  const of = (name, visitors, file, more) => ({ name: `${visitors}: ${name}`, visitors, file, url: site, parts: stack, levels: [], results: [], ...more });
  const targets = [];
  for (const visitors of ['guest', 'member']) {
    const page = visitors === 'guest' ? '/files/post.html' : '/post';
    const own = `http://127.0.0.1:${constantNginx}`;
    const reference = { name: `${visitors}: ${visitors === 'guest' ? 'a file' : 'a constant page'} of that size`, visitors, url: own + page, parts: constant, results: [] };
    targets.push(reference);
    targets.push(of('post, asked for once', visitors, file(`${visitors}-once`, once[visitors]), { reference, once: once[visitors].length }));
    targets.push(of(`post, any of ${thousands(fewOf)}`, visitors, file(`${visitors}-few`, uniform(warm, draws)), { reference, warm: true }));
    targets.push(of(`post, Zipf over ${thousands(all.length)}`, visitors, file(`${visitors}-zipf`, zipf(shuffled(all), draws)), { reference, warm: true }));
  }

  /** Asks the addresses of a file from where the last load of it ended, or those of this round once. */
  async function load(target, round) {
    const { url, parts, visitors, once: count } = target;
    const ofRound = Math.floor((count ?? 0) / rounds);
    const addresses = target.file && (count ? { file: target.file, from: (round - 1) * ofRound, count: ofRound } : { file: target.file, from: target.asked ?? 0 });
    const ended = target.levels && (await countLevels(servers));
    const result = await measure(url, parts(), { seconds, connections, cookie: visitors === 'guest' ? '' : cookie, addresses });
    target.asked = (target.asked ?? 0) + result.requests;
    return { result, levels: ended && (await ended()) };
  }
  // What is asked for once comes first: the other loads ask for the same addresses.
  const measured = async (target, round) => {
    const { result, levels } = await load(target, round);
    target.results.push(result);
    target.levels?.push(levels);
  };
  for (let round = 1; round <= rounds; ++round) {
    note(`[${round}/${rounds}] rounds of what is asked for once`);
    for (const target of targets.filter(({ warm }) => !warm)) await measured(target, round);
  }
  for (let round = rounds > 1 ? 0 : 1; round <= rounds; ++round) {
    note(`[${round}/${rounds}] rounds`);
    for (const target of targets.filter(({ warm }) => warm)) {
      // The reference beside each, so that the machine's other work affects both.
      if (round === 0) await load(target, round);
      else for (const each of [target.reference, target]) await measured(each, round);
    }
  }

  const columns = ['Nginx', 'app', 'Redis', 'PostgreSQL', 'all'];
  const cell = (values) => (median(values) < 0.05 ? '' : figure(values));
  const cost = ({ results }) => median(results.map(({ all: sum }) => sum));
  const ratio = (target) => (target.reference ? figure(target.results.map((result) => result.all / cost(target.reference))) : '');
  const costs = targets.map((target) => [
    target.name, ...columns.map((column) => cell(target.results.map((result) => result[column]))), ratio(target),
    figure(target.results.map((result) => result.perSecond)), figure(target.results.map((result) => result.p99)),
  ]);
  const measuredLevels = targets.filter(({ levels }) => levels);
  const share = (target, level) => {
    const [hits, sum] = ['hits', 'all'].map((key) => target.levels.reduce((total, one) => total + (one[level]?.[key] ?? 0), 0));
    return sum === 0 ? '' : `${((100 * hits) / sum).toFixed(1)} % of ${(sum / target.results.reduce((total, one) => total + one.requests, 0)).toFixed(2)}`;
  };
  const names = [...new Set(measuredLevels.flatMap(({ levels }) => levels.flatMap((one) => Object.keys(one).filter((name) => one[name].all > 0))))];
  const goals = { 'asked for once': '≤ 4', any: '≤ 1.6', Zipf: '≤ 1.6' };
  const goal = ({ name, visitors }) => (visitors === 'guest' ? (name.includes('once') ? '' : '≤ 1.3') : goals[Object.keys(goals).find((word) => name.includes(word))]);
  const find = (visitors) => targets.find((target) => target.visitors === visitors && target.once);
  const claims = [
    ...measuredLevels.map((target) => [`${target.name}, against ${target.reference.name.split(': ')[1]}`, goal(target), ratio(target)]),
    ['a post that is asked for once, guest against member', '≤ 1.0', figure(find('guest').results.map((result, i) => result.all / find('member').results[i].all))],
    ['Site of an app server after the load', '≤ 120 MB', `${Math.max(...apps.map((name) => memory(started(runDir, name)))).toFixed(1)} MB`],
  ];

  console.log(`Machine: ${about}  `);
  console.log(`Commit ${options.commit}, \`${options.command}\`: ${thousands(options.posts)} posts, ${servers} app servers, pages of ${thousands(Buffer.byteLength(shown.text))} bytes  `);
  console.log(`Medians of ${rounds} rounds of ${seconds} s with ${connections} connections (lowest to highest)\n`);
  console.log(table(['Claim', 'Goal', 'Measured'], claims));
  console.log('\nCPU per request through Nginx, µs, its ratio to the reference, and latency, ms:\n');
  console.log(table(['Page', ...columns, 'ratio', 'requests/s', 'p99'], costs));
  console.log('\nHow much of what each level was asked for it knew, and how often a request asks it:\n');
  console.log(table(['Page', ...names], measuredLevels.map((target) => [target.name, ...names.map((name) => share(target, name))])));
} finally {
  stop(children);
}
