// Measures pages that many different addresses have, on the stack that script/bench started and filled; prints Markdown. The
// options and the environment are those of bench/run.mjs.
//
// Guests and 200 members read posts, lists, profiles, their own page and their notifications: each address once, so that nothing
// of it is remembered anywhere; any of a few thousand; all by Zipf's law, as people read.
import fs from 'node:fs';

import { cookiesOf } from '../live/members.mjs';
import { measure } from '../load.mjs';
import { cookieOf, login } from '../member.mjs';
import { memory, started } from '../processes.mjs';
import { processes, serveConstant, serveNginx, stop } from '../reference.mjs';
import { figure, machine, median, table } from '../report.mjs';
import { Client } from '../../tests/support/client.mjs';
import { countLevels } from './levels.mjs';
import { loadsOf } from './loads.mjs';
import { readers } from './posts.mjs';

const options = JSON.parse(process.argv[2]);
const { state, run_dir: runDir, port, net } = process.env;
const { rounds, seconds, connections, servers, sizes } = options;
const members = 1000;  // of bench/data.mjs
const constantPort = 3100;
const constantNginx = Number(port) + 10;
const site = `http://127.0.0.1:${port}`;
const own = `http://127.0.0.1:${constantNginx}`;
const note = (text) => process.stderr.write(`${text}\n`);
const size = ({ text }) => Buffer.byteLength(text);

const apps = Array.from({ length: servers }, (_, i) => `app${i + 1}-site`);
const stores = () => ({ Redis: started(runDir, 'redis'), PostgreSQL: started(runDir, 'postgres') });
const stack = () => ({ Nginx: started(runDir, 'nginx'), app: apps.flatMap((name) => started(runDir, name)), ...stores() });

/** The page whose size is nearest to the mean of many. */
async function typical(paths, visitor) {
  const pages = [];
  for (const path of paths) {
    const page = await visitor.get(path);
    if (page.status !== 200) throw new Error(`${path}: ${page.status}`);
    pages.push(page);
  }
  const mean = pages.reduce((sum, page) => sum + size(page), 0) / pages.length;
  return pages.reduce((best, page) => (Math.abs(size(page) - mean) < Math.abs(size(best) - mean) ? page : best));
}

const about = machine();
const cookie = cookieOf(await login(site, options));
const cookies = await cookiesOf(Array.from({ length: readers }, (_, i) => 1 + i));
const { loads, samples } = loadsOf({ sizes, members });
const near = new Client(`http://${net}.11:3000`);
near.cookies.set(...cookies[0].split(/=(.*)/s).slice(0, 2));
const pages = {};
for (const [kind, paths] of Object.entries(samples)) pages[kind] = await typical(paths, near);

/** A file of addresses, each with one of the members' cookies. */
function file(name, lines, visitors) {
  const path = `${state}/addresses-${name}`;
  const withCookie = (line, i) => (visitors === 'guest' ? line : `${line}\t${cookies[(i * 7919) % cookies.length]}`);
  fs.writeFileSync(path, `${lines.map(withCookie).join('\n')}\n`);
  return path;
}

const children = [];
const start = async (serving) => children[children.push(await serving) - 1];
try {
  // As many constant programs as app servers: the more programs share two processors, the dearer each one's requests.
  const constantPorts = apps.map((_, i) => constantPort + i);
  const constantApps = [];
  for (const at of constantPorts) constantApps.push(...processes(await start(serveConstant(at, 1, pages))));
  const constantProxy = processes(await start(serveNginx(constantNginx, constantPorts, '/post', cookie)));
  const constant = () => ({ Nginx: constantProxy, app: constantApps, ...stores() });
  const references = new Map();
  const referenceOf = (visitors, kind) => {
    const key = `${visitors}: ${visitors === 'guest' ? 'a file' : 'a constant page'} like a ${kind}`;
    if (!references.has(key)) references.set(key, { name: key, visitors, url: own + (visitors === 'guest' ? `/files/${kind}.html` : `/${kind}`), parts: constant, results: [] });
    return references.get(key);
  };
  const targets = loads.flatMap((load, i) => Object.keys(load.goals).map((visitors) => {
    const lines = load.lines(visitors);
    return { ...load, name: `${visitors}: ${load.name}`, goal: load.goals[visitors], visitors, url: site, parts: stack, results: [], levels: [], asked: 0,
      file: file(`${visitors}-${i}`, lines, visitors), once: load.warm ? 0 : Math.floor(lines.length / (rounds + 1)), reference: referenceOf(visitors, load.kind) };
  }));

  /** Asks the addresses of a file from where the last load of it ended, or those of this round once. */
  async function load(target, round) {
    const { url, parts, visitors, once } = target;
    const addresses = target.file && (once ? { file: target.file, from: round * once, count: once } : { file: target.file, from: target.asked });
    const ended = target.levels && (await countLevels(servers));
    const result = await measure(url, parts(), { seconds, connections, cookie: visitors === 'member' && !addresses ? cookie : '', addresses });
    target.asked += result.requests;
    return { result, levels: ended && (await ended()) };
  }
  const measured = async (target, round) => {
    const { result, levels } = await load(target, round);
    target.results.push(result);
    target.levels?.push(levels);
  };
  // Readers are logged in for longer than this: each app server knows them.
  for (const known of apps.keys()) {
    const reader = new Client(`http://${net}.${11 + known}:3000`);
    await Promise.all(cookies.map((one) => reader.get('/', { headers: { cookie: one } })));
  }
  // What is asked for once comes first: the other loads ask for the same addresses. Round 0 opens connections.
  for (const warm of [false, true]) {
    for (let round = 0; round <= rounds; ++round) {
      note(`[${round}/${rounds}] rounds${warm ? '' : ' of what is asked for once'}`);
      const all = targets.filter((one) => Boolean(one.warm) === warm);
      for (const target of round % 2 ? all : all.reverse()) {
        if (round === 0) await load(target, round);
        // The reference beside each, so that the machine's other work affects both.
        else for (const each of [target.reference, target]) await measured(each, round);
      }
    }
  }

  const columns = ['Nginx', 'app', 'Redis', 'PostgreSQL', 'all'];
  const cell = (values) => (median(values) < 0.05 ? '' : figure(values));
  const cost = ({ results }) => median(results.map(({ all }) => all));
  const ratio = (target) => (target.reference ? figure(target.results.map((result) => result.all / cost(target.reference))) : '');
  const costs = [...references.values(), ...targets].map((target) => [
    target.name, ...columns.map((column) => cell(target.results.map((result) => result[column]))), ratio(target),
    figure(target.results.map((result) => result.perSecond)), figure(target.results.map((result) => result.p99)),
  ]);
  const share = (target, level) => {
    const [hits, sum] = ['hits', 'all'].map((key) => target.levels.reduce((total, one) => total + (one[level]?.[key] ?? 0), 0));
    const each = sum / target.results.reduce((total, one) => total + one.requests, 0);
    return each < 0.005 ? '' : `${((100 * hits) / sum).toFixed(0)} % of ${each.toFixed(2)}`;
  };
  const names = [...new Set(targets.flatMap(({ levels }) => levels.flatMap(Object.keys)))].filter((name) => targets.some((target) => share(target, name)));
  const [guest, member] = ['guest', 'member'].map((visitors) => targets.find((target) => target.visitors === visitors && target.once));
  const claims = [
    ...targets.map((target) => [`${target.name}, against ${target.reference.name.split(': ')[1]}`, target.goal, ratio(target)]),
    ['a post that is asked for once, guest against member', '≤ 1.0', figure(guest.results.map((result, i) => result.all / member.results[i].all))],
    ['Site of an app server after the load', '≤ 120 MB', `${Math.max(...apps.map((name) => memory(started(runDir, name)))).toFixed(1)} MB`],
  ];

  console.log(`Machine: ${about}  `);
  console.log(`Commit ${options.commit}, \`${options.command}\`: ${options.posts.toLocaleString('en')} posts on ${sizes.length} boards, ${servers} app servers; bytes of the constant pages: ${Object.entries(pages).map(([kind, page]) => `${kind} ${size(page)}`).join(', ')}  `);
  console.log(`Medians of ${rounds} rounds of ${seconds} s with ${connections} connections (lowest to highest)\n`);
  console.log(table(['Claim', 'Goal', 'Measured'], claims));
  console.log('\nCPU per request through Nginx, µs, its ratio to the reference, and latency, ms:\n');
  console.log(table(['Page', ...columns, 'ratio', 'requests/s', 'p99'], costs));
  console.log('\nHow much of what each level was asked for it knew, and how often a request asks it:\n');
  console.log(table(['Page', ...names], targets.map((target) => [target.name, ...names.map((name) => share(target, name))])));
} finally {
  stop(children);
}
