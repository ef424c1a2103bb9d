// More load than the stack can carry: the surplus is refused fast, the rest is served as usual, and afterwards all is as before.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { siteUrl } from '../../tests/support/client.mjs';
import { appNames, facts, pause } from '../drill.mjs';
import { Ledger } from '../ledger.mjs';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../overload.lua', import.meta.url));
const connections = 2000;
const patienceMs = 10_000;
const fastMs = 1000;        // 95 % of what is served and of what is refused
const memoryMb = 64;        // that each program may grow by
const backFactor = 2, backMs = 100;  // median afterwards: at most that many times the one before, or that

/** Resident memory of each worker in MB, by process id. */
async function memory() {
  const { run_dir } = await facts();
  const out = new Map();
  for (const app of await appNames()) {
    const master = (await readFile(join(run_dir, `${app}-site.pid`), 'utf8')).split(' ')[0];
    const worker = (await readFile(`/proc/${master}/task/${master}/children`, 'utf8')).trim().split(' ')[0];
    out.set(worker, Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${worker}/status`, 'utf8'))[1]) / 1024);
  }
  return out;
}

async function surge(course, seconds) {
  const { prober, board } = course.people;
  const cookie = [...prober.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const words = ['-t2', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, '-H', `Cookie: ${cookie}`, `${siteUrl}/boards/${board}`];
  // wrk counts a request that waited longer than --timeout as "timeout".
  const { stdout } = await run('wrk', words, { timeout: seconds * 1000 + patienceMs });
  const count = Object.fromEntries([...stdout.matchAll(/(served|refused|other|connect|read|write|timeout|p95) (\d+)/g)].map(([, name, n]) => [name, Number(n)]));
  const { served, refused, p95: ms, ...neither } = count;
  const { timeout = 0, ...wrong } = neither;
  const others = Object.entries(wrong).filter(([, n]) => n > 0);
  course.remark(`${connections} connections more: ${Math.round(served / seconds)} served and ${Math.round(refused / seconds)} refused a second, 95 % within ${ms} ms`);
  if (!refused) course.late('nothing was refused: this was no overload');
  if (timeout) course.late(`${timeout} requests of the surge had no answer within ${patienceMs} ms`);
  if (ms > fastMs) course.late(`95 % of the surge's answers came within ${ms} ms, and ${fastMs} ms are promised`);
  if (others.length) course.violate(`requests of the surge were neither served nor refused: ${others.map(([name, n]) => `${n} ${name}`).join(', ')}`);
}

const p95 = (ledger, phase, fate) => Ledger.percentile(ledger.times((one) => one.phase === phase && one.fate === fate), 0.95);
const median = (ledger, phase) => Ledger.percentile(ledger.times((one) => one.phase === phase && one.fate === 'ok'), 0.5);

export const overload = [{
  name: 'overload',
  title: `${connections} connections more that ask without a pause`,
  // A guest who would be refused gets a saved page where Nginx has one.
  promises: { refusedTo: 'everybody', stale: true },
  async run(course) {
    const { ledger } = course;
    const before = await memory();
    ledger.phase = 'fault';
    await surge(course, course.quick ? 4 : 20);
    const grown = await memory();
    await course.heal(() => {});
    await pause(course.quick ? 1000 : 3000);
    for (const [worker, mb] of grown) {
      const more = mb - (before.get(worker) ?? NaN);
      if (!(more <= memoryMb)) course.violate(`a worker grew by ${Math.round(more)} MB, or died`);
    }
    for (const fate of ['ok', 'refused']) {
      if (!ledger.requests.some((one) => one.phase === 'fault' && one.fate === fate)) continue;
      const ms = p95(ledger, 'fault', fate);
      if (ms > fastMs) course.late(`95 % of what was ${fate === 'ok' ? 'served' : 'refused'} came within ${Math.round(ms)} ms, and ${fastMs} ms are promised`);
      course.remark(`the usual visitors were ${fate === 'ok' ? 'served' : 'refused'} within ${Math.round(ms)} ms (95 %)`);
    }
    const [was, is] = [median(ledger, 'before'), median(ledger, 'after')];
    if (is > Math.max(backFactor * was, backMs)) course.late(`afterwards pages took ${Math.round(is)} ms (median), before ${Math.round(was)} ms`);
  },
}];
