// What the kernel counts for the processes of a stack: CPU time (/proc/PID/task/*/schedstat) and memory (smaps_rollup).
import fs from 'node:fs';

function children(pid) {
  const found = [];
  for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
    found.push(...fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number));
  }
  return found;
}

/** A process and all below it. */
export function tree(pid) {
  return [pid, ...children(pid).flatMap(tree)];
}

/** The process that script/server started under this name. */
export function started(runDir, name) {
  return tree(Number(fs.readFileSync(`${runDir}/${name}.pid`, 'utf8').split(' ')[0]));
}

/** Nanoseconds on a processor so far, of all threads of all these processes. */
export function cpu(pids) {
  let sum = 0;
  for (const pid of pids) {
    for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
      sum += Number(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    }
  }
  return sum;
}

/** MB in memory: `rss` counts what processes share once for each, `pss` once in all. */
export function memory(pids) {
  const sum = { rss: 0, pss: 0 };
  for (const pid of pids) {
    const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    sum.rss += Number(/^Rss: +(\d+)/m.exec(text)[1]) / 1024;
    sum.pss += Number(/^Pss: +(\d+)/m.exec(text)[1]) / 1024;
  }
  return sum;
}
