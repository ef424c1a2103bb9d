// MinSchool beside any other site, under the same load; prints Markdown. script/bench started and filled the stack, and
// put into the environment where it is and, as JSON in COMPARE, what it is compared with:
// {"home": URL, "list": URL, "post": URL, "cookie": "name=value", "processes": ["nginx", …]}; all but one URL may be missing.
//
// The CPU of the other site is known only for processes on this machine, by the names of their programs.
import fs from 'node:fs';

import { measure } from './load.mjs';
import { cookieOf, login } from './member.mjs';
import { started } from './processes.mjs';
import { figure, machine, table } from './report.mjs';

const options = JSON.parse(process.argv[2]);
const { home, list, post, cookie = '', processes = [] } = JSON.parse(process.env.COMPARE);
const { run_dir: runDir, port } = process.env;
const board = '/boards/bench-1';
const site = `http://127.0.0.1:${port}`;
const pages = [['home', '/', home], ['list', board, list], ['post', `${board}/${Math.ceil(options.posts / 2)}`, post]].filter(([, , url]) => url);
const note = (text) => process.stderr.write(`${text}\n`);

/** Process ids of every program with one of these names, but for `own`: MinSchool's Nginx may have the same. */
function named(names, own) {
  const pids = fs.readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = pids.filter((pid) => {
    try {
      return names.includes(fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
    } catch {
      return false;  // it ended meanwhile
    }
  });
  return found.filter((pid) => !own.includes(pid));
}

async function sizeOf(url, cookie) {
  const answer = await fetch(url, { headers: cookie ? { cookie } : {}, redirect: 'manual' });
  if (answer.status !== 200) throw new Error(`${url} answers ${answer.status} and not 200; give the address that a browser ends at`);
  return (await answer.arrayBuffer()).byteLength;
}

const about = machine();
const own = ['nginx', 'app1-site', 'redis', 'postgres'].flatMap((name) => started(runDir, name));
const others = named(processes, own);
if (processes.length && !others.length) throw new Error(`no process here is called ${processes.join(' or ')}`);

const rows = [];
for (const as of [{ name: 'guest', ours: '', theirs: '' }, ...(cookie ? [{ name: 'member', ours: cookieOf(await login(site, options)), theirs: cookie }] : [])]) {
  for (const [name, path, url] of pages) {
    const sides = [
      { url: site + path, cookie: as.ours, parts: { site: own } },
      { url, cookie: as.theirs, parts: { site: others } },
    ];
    for (const side of sides) side.bytes = await sizeOf(side.url, side.cookie);
    const results = sides.map(() => []);
    for (let round = 1; round <= options.rounds; ++round) {
      note(`[${round}/${options.rounds}] ${as.name}: ${name}`);
      for (const [i, side] of sides.entries()) {
        results[i].push(await measure(side.url, side.parts, { cookie: side.cookie, seconds: options.seconds, connections: options.connections }));
      }
    }
    sides.forEach(({ url: at, bytes, parts }, i) => {
      const of = (part, unit) => figure(results[i].map((result) => result[part]), unit);
      rows.push([`${as.name}: ${name}`, at, of('perSecond'), of('p50', ' ms'), of('p99', ' ms'), bytes, parts.site.length ? of('all') : '']);
    });
  }
}
console.log(`Machine: ${about}  `);
console.log(`Commit ${options.commit}, \`${options.command}\`: ${options.posts} posts and ${options.comments} comments  `);
console.log(`Medians of ${options.rounds} rounds of ${options.seconds} s with ${options.connections} connections (lowest to highest), one site after the other\n`);
console.log(table(['Page', 'Address', 'requests/s', 'half within', '99 % within', 'bytes', 'µs of CPU a request'], rows));
