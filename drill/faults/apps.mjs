// App servers die, are renewed, come and go.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { appNames, facts, health, pause, seconds, stack, until } from '../drill.mjs';

const backMs = 2000;    // a killed process is back and takes traffic
const shareMs = 5000;   // a new app server takes its share
const hangMs = 30_000;  // what is not done by then is not done at all, on however busy a machine
const settleMs = 1500;  // between two kills
const shutdownMs = 32_000;  // a little more than worker_shutdown_timeout
const halfOfShare = 0.5;

const programs = ['site', 'admin'];

/** kill -9 of a master alone; its worker loses its parent. */
async function killMaster(app, program) {
  const { run_dir } = await facts();
  process.kill(Number((await readFile(join(run_dir, `${app}-${program}.pid`), 'utf8')).split(' ')[0]), 'SIGKILL');
}

/** How a program is killed. */
export const blows = {
  worker: (app, program) => stack('kill', app, program, 'worker'),
  master: killMaster,
  'master and worker': (app, program) => stack('kill', app, program, 'all'),
};

/** Kills one program, and demands that its successor is there and, for the Site, takes traffic within backMs. */
async function killOne(course, app, program, blow) {
  const before = (await health(app, program))?.uptime_seconds;
  const struck = performance.now();
  course.ledger.phase = 'fault';
  await blows[blow](app, program);
  const what = `${app}'s ${program} (${blow})`;
  const back = await until(async () => {
    const now = await health(app, program);
    const younger = now?.uptime_seconds < Math.min(before ?? Infinity, seconds(performance.now() - struck) + 1);
    return younger && now.status === 'ok' && performance.now();
  }, hangMs);
  if (!back) return course.violate(`${what} was not back within ${seconds(hangMs)} s`);
  if (program === 'site' && !(await until(() => course.ledger.servedSince(back).has(app), hangMs))) {
    return course.violate(`${what} got no traffic within ${seconds(hangMs)} s of its return`);
  }
  const tookMs = performance.now() - struck;
  course.healMs = Math.max(course.healMs, tookMs);
  course.ledger.phase = 'after';
  if (tookMs > backMs) course.late(`${what} took ${Math.round(tookMs)} ms to be back and take traffic`);
}

const killApp = {
  name: 'kill-app',
  title: 'kill -9 of Site and Admin: worker, master, both, on every server in turn',
  async run(course) {
    const rounds = course.quick ? 1 : 3;
    const apps = await appNames();
    for (let round = 0; round < rounds; round++) {
      let turn = round;
      for (const program of programs) {
        for (const blow of Object.keys(blows)) {
          await killOne(course, apps[turn++ % apps.length], program, blow);
          await pause(course.quick ? settleMs / 3 : settleMs);
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
  async run(course) {
    const rounds = String(course.quick ? 1 : 10);
    for (const keepalive of [true, false]) {
      await nginxKeepalive(keepalive);
      course.ledger.phase = 'fault';
      await stack('rolling-restart', '--rounds', rounds);
      await course.heal(() => {});
    }
    course.remark(`${2 * rounds} rounds`);
  },
  undo: () => nginxKeepalive(true),
};

const addRemove = {
  name: 'add-remove',
  title: 'a fourth and a fifth app server come, and go again',
  async run(course) {
    const { ledger } = course;
    for (let i = 0; i < 2; i++) {
      const name = (await stack('add')).trim();
      const joined = performance.now();
      const count = (await appNames()).length;
      const share = await until(() => {
        const served = ledger.servedSince(joined);
        const all = [...served.values()].reduce((sum, n) => sum + n, 0);
        return all > 10 * count && (served.get(name) ?? 0) > halfOfShare * all / count;
      }, hangMs);
      const tookMs = performance.now() - joined;
      if (!share) course.violate(`${name} did not take its share within ${seconds(hangMs)} s: ${JSON.stringify([...ledger.servedSince(joined)])}`);
      else if (tookMs > shareMs) course.late(`${name} took its share after ${seconds(tookMs)} s`);
      course.healMs = Math.max(course.healMs, tookMs);
      await pause(course.quick ? 500 : 3000);
    }
    for (let i = 0; i < 2; i++) {
      await stack('remove');
      await pause(course.quick ? 500 : 3000);
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
  async run(course) {
    const apps = await appNames();
    await course.fault(
      () => Promise.all(apps.map((app) => stack('stop', app))), course.quick ? 1000 : 5000,
      () => Promise.all(apps.map((app) => stack('start', app))));
  },
  async undo() {
    for (const app of await appNames()) await stack('start', app);
  },
};

const nginxReload = {
  name: 'nginx-reload',
  title: 'Nginx takes a new configuration, again and again',
  async run(course) {
    for (let i = 0; i < (course.quick ? 3 : 10); i++) {
      await course.fault(() => stack('nginx', 'reload'), course.quick ? 200 : 1000, () => {});
    }
    // Then the workers of before are told to cut what they still have: the streams.
    if (!course.quick) await pause(shutdownMs);
  },
};

export const apps = [killApp, rollingRestart, addRemove, allAppsDown, nginxReload];
