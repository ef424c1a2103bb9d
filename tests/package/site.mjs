// Shared by tests of an installed site: its processes, its members, and visitors during an operation.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { until } from './machine.mjs';

const here = dirname(fileURLToPath(import.meta.url));

export function siteOf(machine, password) {
  const mainPid = async (unit) => (await machine.sh(`systemctl show -p MainPID --value ${unit}`)).trim();
  const workerOf = async (unit) => (await machine.sh(`pgrep -n -P ${await mainPid(unit)}`)).trim();

  /** Logs in as the first administrator; gives the cookie. */
  async function login(host, email = 'kim@mincenter.kr') {
    const out = await machine.sh(`curl -s -i --max-time 10 -H 'Host: ${host}' -H 'Origin: http://${host}' -d 'email=${email}' --data-urlencode 'password=${password}' http://127.0.0.1/login`);
    assert.match(out, /^HTTP\/1.1 303 /, out.slice(0, 300));
    return [...out.matchAll(/^set-cookie: ([^;]+)/gim)].map(([, pair]) => pair).join('; ');
  }

  /** The results of members who read and write outside of the machine during `work`. */
  async function visited(cookie, work) {
    const [program, ...words] = machine.beside(process.execPath, join(here, 'visitors.mjs'), cookie, 'free');
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    const ended = new Promise((resolve) => child.on('close', resolve));
    try {
      await until(() => assert.match(output, /at work/));
      await work();
    } finally {
      child.stdin.end();
      await ended;
    }
    return JSON.parse(output.trim().split('\n').at(-1));
  }

  return { mainPid, workerOf, login, visited };
}

export function assertNothingLost(counts) {
  assert.deepEqual(counts.failures, []);
  assert.ok(counts.reads > 10 && counts.writes > 1, JSON.stringify(counts));
}
