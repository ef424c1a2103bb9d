// MinSchool beside any other site, under the same load; prints Markdown. script/bench started and filled the stack, and
// put into the environment where it is and, as JSON in COMPARE, what it is compared with:
// {"home": URL, "list": URL, "post": URL, "cookie": "name=value", "processes": ["nginx", …]}; all but one URL may be missing.
// In place of a URL stands the name of a file with many, of one site.
//
// The CPU of the other site is known only for processes on this machine, by the names of their programs.
import fs from 'node:fs';

import { measure } from './load.mjs';
import { cookieOf, login } from './member.mjs';
import { started } from './processes.mjs';
import { figure, machine, table } from './report.mjs';
import { shuffled } from './spread/addresses.mjs';
import { listAddresses, postAddresses } from './spread/posts.mjs';

const options = JSON.parse(process.argv[2]);
const { home, list, post, cookie = '', processes = [] } = JSON.parse(process.env.COMPARE);
const { state, run_dir: runDir, port } = process.env;
const board = '/boards/bench-1';
const site = `http://127.0.0.1:${port}`;
const pages = [['home', '/', home], ['list', board, list], ['post', `${board}/${Math.ceil(options.posts / 2)}`, post]].filter(([, , url]) => url);

/** One address, or with `addresses` those of a file: {url, shown, addresses}. */
function target(base, paths, name) {
  const [first] = paths;
  if (paths.length === 1) return { url: new URL(first, base).href, shown: new URL(first, base).href };
  const file = `${state}/addresses-${name}`;
  fs.writeFileSync(file, `${paths.join('\n')}\n`);
  return { url: new URL(first, base).href, shown: `${new URL(base).origin}, ${paths.length} addresses`, addresses: { file, from: 0 } };
}

/** The other site's page or pages, and as many of ours. */
function sidesOf(kind, path, url) {
  if (!fs.existsSync(url)) return [target(site, [path]), target(url, [url])];
  const lines = fs.readFileSync(url, 'utf8').split('\n').map((line) => line.trim()).filter(Boolean);
  const ours = kind === 'list' ? listAddresses([options.posts]) : postAddresses([options.posts]);
  const paths = lines.map((line) => new URL(line)).map(({ pathname, search }) => pathname + search);
  return [target(site, shuffled(ours).slice(0, lines.length), `${kind}-ours`), target(new URL(lines[0]).origin, paths, `${kind}-theirs`)];
}

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
    const [ours, theirs] = sidesOf(name, path, url);
    const sides = [{ ...ours, cookie: as.ours, parts: { site: own } }, { ...theirs, cookie: as.theirs, parts: { site: others } }];
    for (const side of sides) side.bytes = await sizeOf(side.url, side.cookie);
    const results = sides.map(() => []);
    for (let round = 1; round <= options.rounds; ++round) {
      note(`[${round}/${options.rounds}] ${as.name}: ${name}`);
      for (const [i, side] of sides.entries()) {
        results[i].push(await measure(side.url, side.parts, { cookie: side.cookie, seconds: options.seconds, connections: options.connections, addresses: side.addresses }));
      }
    }
    sides.forEach(({ shown: at, bytes, parts }, i) => {
      const of = (part, unit) => figure(results[i].map((result) => result[part]), unit);
      rows.push([`${as.name}: ${name}`, at, of('perSecond'), of('p50', ' ms'), of('p99', ' ms'), bytes, parts.site.length ? of('all') : '']);
    });
  }
}
console.log(`Machine: ${about}  `);
console.log(`Commit ${options.commit}, \`${options.command}\`: ${options.posts} posts and ${options.comments} comments  `);
console.log(`Medians of ${options.rounds} rounds of ${options.seconds} s with ${options.connections} connections (lowest to highest), one site after the other\n`);
console.log(table(['Page', 'Address', 'requests/s', 'half within', '99 % within', 'bytes', 'µs of CPU a request'], rows));
