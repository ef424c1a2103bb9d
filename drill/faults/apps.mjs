// App servers are killed, restarted, added and removed.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { appNames, facts, health, pause, seconds, stack, until } from '../drill.mjs';

const backMs = 2000;    // until a killed process is back and takes traffic
const shareMs = 5000;   // until a new app server takes its share of the traffic
const timeoutMs = 30_000;  // even on a busy machine, what has not happened by then never will
const betweenKillsMs = 1500;
const shutdownMs = 32_000;  // a little more than worker_shutdown_timeout
const halfOfShare = 0.5;

const programs = ['site', 'admin'];

/** kill -9 of a master alone; its worker is orphaned. */
async function killMaster(app, program) {
  const { run_dir } = await facts();
  process.kill(Number((await readFile(join(run_dir, `${app}-${program}.pid`), 'utf8')).split(' ')[0]), 'SIGKILL');
}

/** The ways to kill a program. */
export const kills = {
  worker: (app, program) => stack('kill', app, program, 'worker'),
  master: killMaster,
  'master and worker': (app, program) => stack('kill', app, program, 'all'),
};

/** Kills one program, and checks that its successor runs and, for the Site, takes traffic within backMs. */
async function killOne(run, app, program, kill) {
  const before = (await health(app, program))?.uptime_seconds;
  const killed = performance.now();
  run.log.phase = 'fault';
  await kills[kill](app, program);
  const what = `${app}'s ${program} (${kill})`;
  const back = await until(async () => {
    const now = await health(app, program);
    const younger = now?.uptime_seconds < Math.min(before ?? Infinity, seconds(performance.now() - killed) + 1);
    return younger && now.status === 'ok' && performance.now();
  }, timeoutMs);
  if (!back) return run.fail(`${what} was not back within ${seconds(timeoutMs)} s`);
  if (program === 'site' && !(await until(() => run.log.servedSince(back).has(app), timeoutMs))) {
    return run.fail(`${what} got no traffic within ${seconds(timeoutMs)} s of its return`);
  }
  const tookMs = performance.now() - killed;
  run.recoveryMs = Math.max(run.recoveryMs, tookMs);
  run.log.phase = 'after';
  if (tookMs > backMs) run.late(`${what} took ${Math.round(tookMs)} ms to be back and take traffic`);
}

const killApp = {
  name: 'kill-app',
  title: 'kill -9 of Site and Admin: worker, master, both, on every server in turn',
  async run(run) {
    const rounds = run.quick ? 1 : 3;
    const apps = await appNames();
    for (let round = 0; round < rounds; round++) {
      let turn = round;
      for (const program of programs) {
        for (const kill of Object.keys(kills)) {
          await killOne(run, apps[turn++ % apps.length], program, kill);
          await pause(run.quick ? betweenKillsMs / 3 : betweenKillsMs);
        }
      }
    }
  },
};

const nginxKeepalive = async (on) => {
  process.env.MINSCHOOL_UPSTREAM_KEEPALIVE = on ? '1' : '0';
  try { await stack('nginx', 'reload'); } finally { delete process.env.MINSCHOOL_UPSTREAM_KEEPALIVE; }
};

const rollingRestart = {
  name: 'rolling-restart',
  title: 'new workers of every program, with and without upstream keepalive',
  async run(run) {
    const rounds = String(run.quick ? 1 : 10);
    for (const keepalive of [true, false]) {
      await nginxKeepalive(keepalive);
      run.log.phase = 'fault';
      await stack('rolling-restart', '--rounds', rounds);
      await run.recover(() => {});
    }
    run.remark(`${2 * rounds} rounds`);
  },
  undo: () => nginxKeepalive(true),
};

const addRemove = {
  name: 'add-remove',
  title: 'a fourth and a fifth app server are added and removed',
  async run(run) {
    const { log } = run;
    for (let i = 0; i < 2; i++) {
      const name = (await stack('add')).trim();
      const joined = performance.now();
      const count = (await appNames()).length;
      const share = await until(() => {
        const served = log.servedSince(joined);
        const all = [...served.values()].reduce((sum, n) => sum + n, 0);
        return all > 10 * count && (served.get(name) ?? 0) > halfOfShare * all / count;
      }, timeoutMs);
      const tookMs = performance.now() - joined;
      if (!share) run.fail(`${name} did not take its share within ${seconds(timeoutMs)} s: ${JSON.stringify([...log.servedSince(joined)])}`);
      else if (tookMs > shareMs) run.late(`${name} took its share after ${seconds(tookMs)} s`);
      run.recoveryMs = Math.max(run.recoveryMs, tookMs);
      await pause(run.quick ? 500 : 3000);
    }
    for (let i = 0; i < 2; i++) {
      await stack('remove');
      await pause(run.quick ? 500 : 3000);
    }
  },
  async undo() {
    while ((await appNames()).length > 3) await stack('remove');
  },
};

const allAppsDown = {
  name: 'all-apps-down',
  title: 'every app server is stopped: stale pages for guests, a friendly page for the rest',
  promises: { refusedTo: 'members', stale: true, gateway: true },
  async run(run) {
    const apps = await appNames();
    await run.fault(
      () => Promise.all(apps.map((app) => stack('stop', app))), run.quick ? 1000 : 5000,
      () => Promise.all(apps.map((app) => stack('start', app))));
  },
  async undo() {
    for (const app of await appNames()) await stack('start', app);
  },
};

const nginxReload = {
  name: 'nginx-reload',
  title: 'Nginx reloads its configuration repeatedly',
  async run(run) {
    for (let i = 0; i < (run.quick ? 3 : 10); i++) {
      await run.fault(() => stack('nginx', 'reload'), run.quick ? 200 : 1000, () => {});
    }
    // After this time Nginx's old workers close the connections that they still have: the streams.
    if (!run.quick) await pause(shutdownMs);
  },
};

export const apps = [killApp, rollingRestart, addRemove, allAppsDown, nginxReload];
