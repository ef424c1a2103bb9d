// The kernel's figures for the processes of a stack: CPU time (/proc/PID/task/*/schedstat) and memory (smaps).
import fs from 'node:fs';

/** None, when it left while they were counted (PostgreSQL's process of a psql). */
function children(pid) {
  const found = [];
  try {
    for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
      found.push(...fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number));
    }
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
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
    // Nginx's cache loader exits after a minute, and does nothing before.
    try {
      for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
        sum += Number(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
      }
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  }
  return sum;
}

/** The same of the threads with this name. */
export function cpuOfThreads(pids, name) {
  let sum = 0;
  for (const pid of pids) {
    for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
      if (fs.readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim() !== name) continue;
      sum += Number(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    }
  }
  return sum;
}

/**
 * MB in memory that these processes hold together: what is their own for each, what they read from one file once. Not
 * PSS, which is less the more other programs of the machine use the same libraries.
 */
export function memory(pids) {
  const add = (map, key, kb) => map.set(key, (map.get(key) ?? 0) + kb);
  let own = 0;
  const files = new Map();
  for (const pid of pids) {
    const shared = new Map();
    let path = '';
    for (const line of fs.readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
      const begins = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$/.exec(line);
      if (begins) path = begins[1].startsWith('/') ? begins[1] : '';
      const [, name, kb] = /^(Rss|Anonymous): +(\d+)/.exec(line) ?? [];
      if (name === 'Rss') path ? add(shared, path, Number(kb)) : (own += Number(kb));
      // Pages of a file that the process wrote to are its own.
      if (name === 'Anonymous' && path) {
        own += Number(kb);
        add(shared, path, -Number(kb));
      }
    }
    for (const [file, kb] of shared) files.set(file, Math.max(files.get(file) ?? 0, kb));
  }
  return (own + [...files.values()].reduce((sum, kb) => sum + kb, 0)) / 1024;
}
