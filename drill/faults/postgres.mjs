// PostgreSQL is gone: guests get saved pages, members get a clear 503 that keeps what they typed.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { appNames, facts, stack } from '../drill.mjs';
import { state } from '../../tests/support/stack.mjs';
import { sql } from '../../tests/support/stores.mjs';

const exec = promisify(execFile);
const replicaScript = join(dirname(fileURLToPath(import.meta.url)), '..', 'replica.sh');

/** Runs a command of drill/replica.sh. */
export const replica = (command) => exec(replicaScript, [state, command]);

const unavailable = { refusedTo: 'members', stale: true, textReturned: true };

const restart = {
  name: 'pg-restart',
  title: 'PostgreSQL is restarted repeatedly',
  promises: unavailable,
  async run(run) {
    for (let i = 0; i < (run.quick ? 1 : 3); i++) await run.fault(() => stack('pg', 'restart'), 0, () => {});
  },
  undo: () => stack('pg', 'start'),
};

const stop = {
  name: 'pg-stop',
  title: 'PostgreSQL is stopped and started',
  promises: unavailable,
  run: (run) => run.fault(() => stack('pg', 'stop'), run.quick ? 3000 : 15_000, () => stack('pg', 'start')),
  undo: () => stack('pg', 'start'),
};

const freeze = {
  name: 'pg-freeze',
  title: 'SIGSTOP of all of PostgreSQL: it hangs without closing',
  promises: unavailable,
  run: (run) => run.fault(() => stack('pg', 'freeze'), run.quick ? 4000 : 15_000, () => stack('pg', 'thaw')),
  undo: () => stack('pg', 'thaw'),
};

/** Changes the database hosts of every program, and restarts the app servers one after the other. */
async function useHosts(change) {
  for (const app of await appNames()) {
    for (const program of ['site', 'admin']) {
      const file = join(state, 'config', `${app}-${program}.toml`);
      await writeFile(file, change(await readFile(file, 'utf8')));
    }
    await stack('restart', app);
  }
}

/** Adds a synchronous replica, and lets the app servers use whichever takes writes. */
export async function addReplica() {
  await replica('make');
  const { run_dir } = await facts();
  await useHosts((text) => text.replace(`host='${run_dir}/pg'`, `host='${run_dir}/pg,${run_dir}/replica' target_session_attrs=read-write`));
}

/** Removes the replica, and with it what was written since its promotion. */
export async function removeReplica() {
  await replica('remove');
  await stack('pg', 'start');
  const { run_dir } = await facts();
  await useHosts((text) => text.replace(`host='${run_dir}/pg,${run_dir}/replica' target_session_attrs=read-write`, `host='${run_dir}/pg'`));
}

const failover = {
  name: 'pg-failover',
  title: 'kill -9 of the primary, and its synchronous replica is promoted',
  promises: unavailable,
  prepare: addReplica,
  async run(run) {
    await run.fault(() => replica('kill-primary'), run.quick ? 500 : 3000, async () => {
      await replica('promote');
      run.server = 'replica';
    });
    const [[standby]] = await sql('select pg_is_in_recovery()', 'replica');
    if (standby !== 'f') run.fail('the replica was not promoted');
  },
  // The check of the writes has run by then.
  undo: removeReplica,
};

export const postgres = [restart, stop, freeze, failover];
