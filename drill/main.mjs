// script/drill's program: runs drills on the stack that MINSCHOOL_STATE names, and prints the table.
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { state } from '../tests/support/stack.mjs';
import { drills } from './all.mjs';
import { runDrill } from './drill.mjs';
import { People } from './people.mjs';
import { notes, table } from './table.mjs';

const { values: { quick = false, list = false }, positionals } = parseArgs({
  options: { quick: { type: 'boolean' }, list: { type: 'boolean' } }, allowPositionals: true,
});
const unknown = positionals.filter((name) => !drills.some((drill) => drill.name === name));
if (unknown.length) {
  console.error(`script/drill: there is no drill '${unknown[0]}': ${drills.map(({ name }) => name).join(' ')}`);
  process.exit(2);
}
if (list) {
  const width = Math.max(...drills.map(({ name }) => name.length));
  for (const { name, title } of drills) console.log(`${name.padEnd(width)}  ${title}`);
  process.exit(0);
}

const git = (...words) => execFileSync('git', words, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
const dirty = git('status', '--porcelain', '--', ':/src', ':/deploy', ':/script') ? ' with changes' : '';
const cores = os.cpus();
const logs = join(dirname(state), 'log');
await mkdir(logs, { recursive: true });

console.log(`${new Date().toISOString().slice(0, 16)}Z, commit ${git('rev-parse', '--short', 'HEAD')}${dirty}, ${cores.length} x ${cores[0].model.trim()}, ` +
  `load ${os.loadavg()[0].toFixed(1)}; 3 app servers, Nginx, Redis, PostgreSQL and the visitors on this machine`);
const people = await People.make();
const lines = [];
for (const drill of drills.filter(({ name }) => !positionals.length || positionals.includes(name))) {
  const line = await runDrill(drill, people, { quick });
  lines.push(line);
  await writeFile(join(logs, `${drill.name}.json`), JSON.stringify(line, undefined, 1));
  console.log(`  ${drill.name}: ${line.broken.length || line.late.length ? 'BROKEN' : 'kept'} (${Math.round(line.tookMs / 1000)} s)`);
}
const report = [table(lines), ...lines.map(notes).filter(Boolean)].join('\n');
console.log(`\n${report}`);
await writeFile(join(logs, 'table.md'), `${report}\n`);
process.exit(lines.some(({ broken, late }) => broken.length || late.length) ? 1 : 0);
