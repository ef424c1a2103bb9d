// More load than the stack can carry: the surplus is refused fast, the rest is served, and afterwards all is as before.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { siteUrl } from '../../tests/support/client.mjs';
import { appNames, facts, pause } from '../drill.mjs';
import { WriteLog } from '../write_log.mjs';

const exec = promisify(execFile);
const script = fileURLToPath(new URL('../overload.lua', import.meta.url));
const connections = 2000;
const timeoutMs = 10_000;
const fastMs = 1000;        // 95 % of the served and of the refused requests
const memoryMb = 64;        // by which each program may grow
const afterFactor = 2, afterMs = 100;  // median afterwards: at most the larger of this multiple of the one before and afterMs

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

async function overloadFor(run, seconds) {
  const { prober, board } = run.people;
  const cookie = [...prober.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const words = ['-t2', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, '-H', `Cookie: ${cookie}`, `${siteUrl}/boards/${board}`];
  // wrk counts a request that waited longer than --timeout as "timeout".
  const { stdout } = await exec('wrk', words, { timeout: seconds * 1000 + timeoutMs });
  const count = Object.fromEntries([...stdout.matchAll(/(served|refused|other|connect|read|write|timeout|p95) (\d+)/g)].map(([, name, n]) => [name, Number(n)]));
  const { served, refused, p95: ms, ...neither } = count;
  const { timeout = 0, ...wrong } = neither;
  const others = Object.entries(wrong).filter(([, n]) => n > 0);
  run.remark(`${connections} connections more: ${Math.round(served / seconds)} served and ${Math.round(refused / seconds)} refused a second, 95 % within ${ms} ms`);
  if (!refused) run.late('nothing was refused: this was no overload');
  if (timeout) run.late(`${timeout} requests of the overload had no answer within ${timeoutMs} ms`);
  if (ms > fastMs) run.late(`95 % of the overload's answers came within ${ms} ms, and ${fastMs} ms are promised`);
  if (others.length) run.fail(`requests of the overload were neither served nor refused: ${others.map(([name, n]) => `${n} ${name}`).join(', ')}`);
}

const p95 = (log, phase, outcome) => WriteLog.percentile(log.times((one) => one.phase === phase && one.outcome === outcome), 0.95);
const median = (log, phase) => WriteLog.percentile(log.times((one) => one.phase === phase && one.outcome === 'ok'), 0.5);

export const overload = [{
  name: 'overload',
  title: `${connections} connections more that send requests without a pause`,
  // Guests get a saved page, where Nginx has one, in place of a refusal.
  promises: { refusedTo: 'everybody', stale: true },
  async run(run) {
    const { log } = run;
    const before = await memory();
    log.phase = 'fault';
    await overloadFor(run, run.quick ? 4 : 20);
    const grown = await memory();
    await run.recover(() => {});
    await pause(run.quick ? 1000 : 3000);
    for (const [worker, mb] of grown) {
      const more = mb - (before.get(worker) ?? NaN);
      if (!(more <= memoryMb)) run.fail(`a worker grew by ${Math.round(more)} MB, or died`);
    }
    for (const outcome of ['ok', 'refused']) {
      if (!log.requests.some((one) => one.phase === 'fault' && one.outcome === outcome)) continue;
      const ms = p95(log, 'fault', outcome);
      if (ms > fastMs) run.late(`95 % of what was ${outcome === 'ok' ? 'served' : 'refused'} came within ${Math.round(ms)} ms, and ${fastMs} ms are promised`);
      run.remark(`the usual visitors were ${outcome === 'ok' ? 'served' : 'refused'} within ${Math.round(ms)} ms (95 %)`);
    }
    const [was, is] = [median(log, 'before'), median(log, 'after')];
    if (is > Math.max(afterFactor * was, afterMs)) run.late(`afterwards pages took ${Math.round(is)} ms (median), before ${Math.round(was)} ms`);
  },
}];
