// PostgreSQL is gone: guests read what was seen recently, members read a clear 503 that keeps what they typed.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { appNames, facts, stack } from '../drill.mjs';
import { state } from '../../tests/support/stack.mjs';
import { sql } from '../../tests/support/stores.mjs';

const run = promisify(execFile);
const replicaScript = join(dirname(fileURLToPath(import.meta.url)), '..', 'replica.sh');

/** What drill/replica.sh says that it can do. */
export const replica = (word) => run(replicaScript, [state, word]);

const gone = { refusedTo: 'members', stale: true, textKept: true };

const restart = {
  name: 'pg-restart',
  title: 'PostgreSQL is restarted, again and again',
  promises: gone,
  async run(course) {
    for (let i = 0; i < (course.quick ? 1 : 3); i++) await course.fault(() => stack('pg', 'restart'), 0, () => {});
  },
  undo: () => stack('pg', 'start'),
};

const stop = {
  name: 'pg-stop',
  title: 'PostgreSQL is stopped and started',
  promises: gone,
  run: (course) => course.fault(() => stack('pg', 'stop'), course.quick ? 3000 : 15_000, () => stack('pg', 'start')),
  undo: () => stack('pg', 'start'),
};

const freeze = {
  name: 'pg-freeze',
  title: 'SIGSTOP of all of PostgreSQL: it hangs without closing',
  promises: gone,
  run: (course) => course.fault(() => stack('pg', 'freeze'), course.quick ? 4000 : 15_000, () => stack('pg', 'thaw')),
  undo: () => stack('pg', 'thaw'),
};

/** Gives every program the hosts, and restarts the app servers one after the other. */
async function useHosts(change) {
  for (const app of await appNames()) {
    for (const program of ['site', 'admin']) {
      const file = join(state, 'config', `${app}-${program}.toml`);
      await writeFile(file, change(await readFile(file, 'utf8')));
    }
    await stack('restart', app);
  }
}

/** A synchronous replica, and app servers that use whichever takes writes. */
export async function addReplica() {
  await replica('make');
  const { run_dir } = await facts();
  await useHosts((text) => text.replace(`host='${run_dir}/pg'`, `host='${run_dir}/pg,${run_dir}/replica' target_session_attrs=read-write`));
}

/** What was written since its promotion goes with it. */
export async function removeReplica() {
  await replica('remove');
  await stack('pg', 'start');
  const { run_dir } = await facts();
  await useHosts((text) => text.replace(`host='${run_dir}/pg,${run_dir}/replica' target_session_attrs=read-write`, `host='${run_dir}/pg'`));
}

const failover = {
  name: 'pg-failover',
  title: 'kill -9 of the primary, and its synchronous replica is promoted',
  promises: gone,
  prepare: addReplica,
  async run(course) {
    await course.fault(() => replica('kill-primary'), course.quick ? 500 : 3000, async () => {
      await replica('promote');
      course.server = 'replica';
    });
    const [[standby]] = await sql('select pg_is_in_recovery()', 'replica');
    if (standby !== 'f') course.violate('the replica was not promoted');
  },
  // The check has read before what goes with it.
  undo: removeReplica,
};

export const postgres = [restart, stop, freeze, failover];
