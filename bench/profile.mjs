// Where the CPU time of the hottest page goes, as a flame graph: a board list as a member, asked for through Nginx on the
// stack that script/bench started and filled; the app server's worker is sampled meanwhile (perf, cpu-clock).
// node bench/profile.mjs as run.mjs; writes build/bench/profile.svg and prints the shares of functions.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';

import { measure } from './load.mjs';
import { cookieOf, login } from './member.mjs';
import { started } from './processes.mjs';
import { machine, table } from './report.mjs';

const options = JSON.parse(process.argv[2]);
const { state, run_dir: runDir, port } = process.env;
const page = `http://127.0.0.1:${port}/boards/bench-1`;
const picture = new URL('../build/bench/profile.svg', import.meta.url).pathname;
const samples = `${state}/profile.data`;
const flamegraph = '/usr/share/perl5/Devel/NYTProf/flamegraph.pl';
const perSecond = 1999;
const stackBytes = 16384;  // of each sample, which perf unwinds later; a page's stacks are shorter
const maxText = 2 ** 32;  // of perf script, in bytes
// What takes more is the loop around everything.
const [least, most] = [0.02, 0.7];

/** "std::pair<int, int> ms::posts::list<true>(ms::view::Out&)" as "ms::posts::list". */
function plain(name) {
  let depth = 0, short = '';
  for (const letter of name.replace(/operator(<=>|<<|>>|<|>|->)/g, 'operator').replaceAll('(anonymous namespace)::', '').replace(/ \[clone.*|@.*/, '')) {
    if (letter === '<' || letter === '(') ++depth;
    if (depth === 0) short += letter;
    if (letter === '>' || letter === ')') --depth;
  }
  return short.split(' ').filter((word) => word && !/^(const|noexcept|\[\w+\])$/.test(word)).at(-1)?.replace('boost::asio::detail::', 'asio::').replace('boost::asio::', 'asio::') || name;
}

/** perf script's stacks, innermost frame first, as flamegraph.pl takes them: "outermost;…;innermost" and how often. */
function folded(text) {
  const counts = new Map();
  for (const sample of text.split('\n\n')) {
    const frames = sample.split('\n').map((line) => /^\s+([0-9a-f]+) (.+)$/.exec(line)).filter(Boolean);
    if (!frames.length) continue;
    // What the kernel does inside of a system call is one box: its name stands below.
    const names = frames.reverse().map(([, address, name]) => (/^f{8}/.test(address) ? 'kernel' : plain(name)));
    const stack = names.filter((name, i) => name !== names[i - 1] && name !== '[unknown]').join(';');
    counts.set(stack, (counts.get(stack) ?? 0) + 1);
  }
  return counts;
}

const about = machine();
const cookie = cookieOf(await login(new URL(page).origin, options));
const load = (seconds) => measure(page, { app: started(runDir, 'app1-site') }, { seconds, connections: options.connections, cookie });

await load(1);
const worker = started(runDir, 'app1-site').at(-1);
const perf = spawn('perf', ['record', '-q', '-e', 'cpu-clock', '-F', perSecond, '--call-graph', `dwarf,${stackBytes}`, '-p', worker, '-o', samples], { stdio: 'inherit' });
const { app } = await load(options.seconds * options.rounds);
perf.kill('SIGINT');
await once(perf, 'exit');
const stacks = folded(execFileSync('perf', ['script', '--no-inline', '-F', 'comm,ip,sym', '-i', samples], { maxBuffer: maxText, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
fs.rmSync(samples);
const input = [...stacks].map(([stack, count]) => `${stack} ${count}`).join('\n');
fs.writeFileSync(picture, execFileSync('perl', [flamegraph, '--title', 'a board list of a member: the app server', '--width', '1200', '--minwidth', '0.5'], { input, maxBuffer: maxText }));

const sum = [...stacks.values()].reduce((all, count) => all + count, 0);
const within = new Map();
for (const [stack, count] of stacks) {
  // What the kernel does belongs to the system call that it stands on.
  for (const name of new Set(stack.split(';').filter((each) => each !== 'kernel'))) within.set(name, (within.get(name) ?? 0) + count);
}
const parts = [...within].map(([name, count]) => [name, count / sum]).filter(([, share]) => share >= least && share <= most)
  .sort((a, b) => b[1] - a[1]);
console.log(`Machine: ${about}  `);
console.log(`Commit ${options.commit}, \`${options.command}\`: ${app.toFixed(1)} µs of the app server's CPU a request while it is sampled, ${sum} samples\n`);
console.log(table(['Function, with all that it calls', 'Share'], parts.map(([name, share]) => [`\`${name}\``, `${(100 * share).toFixed(1)} %`])));
