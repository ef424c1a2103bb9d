// One app server is half there: it lives and cannot serve, or does not answer. The others do, and nobody notices.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { state } from '../../tests/support/stack.mjs';
import { facts, stack } from '../drill.mjs';

const run = promisify(execFile);
const ill = 'app2', programs = ['site', 'admin'];

/**
 * An app server's way to PostgreSQL, over TCP. `mode` is what it does with bytes: 'open', 'silent' (nothing comes through, as
 * behind a broken network), 'deaf' (only answers are lost), 'closed' (whoever connects is refused).
 */
export class Way {
  mode = 'open';
  pairs = new Set();

  async lead(path) {
    this.server = net.createServer((near) => this.join(near, path));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
  }

  join(near, path) {
    if (this.mode === 'closed') return near.destroy();
    const far = net.connect(path), pair = [near, far];
    this.pairs.add(pair);
    near.on('data', (bytes) => { if (this.mode !== 'silent') far.write(bytes); });
    far.on('data', (bytes) => { if (this.mode === 'open') near.write(bytes); });
    for (const [one, other] of [pair, [far, near]]) {
      one.on('error', () => {});
      one.on('close', () => { this.pairs.delete(pair); other.destroy(); });
    }
  }

  /** What was under way before is lost with its connections, unless the way only falls silent. */
  change(mode) {
    this.mode = mode;
    if (mode === 'open' || mode === 'closed') this.cut();
  }

  cut() { for (const [near, far] of this.pairs) { near.destroy(); far.destroy(); } }

  end() {
    this.cut();
    this.server?.close();
  }
}

/** Changes the [database] url of an app server's programs, and restarts it. */
export async function useUrl(app, change) {
  for (const program of programs) {
    const file = join(state, 'config', `${app}-${program}.toml`);
    await writeFile(file, change(await readFile(file, 'utf8')));
  }
  await stack('restart', app);
}

/** The processes of an app server: masters and workers. */
export async function processesOf(app) {
  const { run_dir } = await facts();
  const pids = [];
  for (const program of programs) {
    const [master] = (await readFile(join(run_dir, `${app}-${program}.pid`), 'utf8')).split(' ');
    const { stdout } = await run('pgrep', ['-P', master]).catch(() => ({ stdout: '' }));
    pids.push(Number(master), ...stdout.trim().split('\n').filter(Boolean).map(Number));
  }
  return pids;
}

const cut = (mode, title) => {
  const way = new Way();
  let host;
  return {
    name: `app-pg-${mode}`, title,
    // Its streams end after some 6 s, in which more is written here than a stream makes up for.
    promises: { reloads: true },
    async prepare() {
      const { run_dir } = await facts();
      host = `host='${run_dir}/pg'`;
      await way.lead(join(run_dir, 'pg', '.s.PGSQL.5432'));
      await useUrl(ill, (text) => text.replace(host, `host=127.0.0.1 port=${way.port}`));
    },
    run: (course) => course.fault(() => way.change(mode), course.quick ? 4000 : 15_000, () => way.change('open')),
    async undo() {
      await useUrl(ill, (text) => text.replace(/host=127\.0\.0\.1 port=\d+/, host));
      way.end();
    },
  };
};

const send = async (signal) => { for (const pid of await processesOf(ill)) process.kill(pid, signal); };

const readMs = 3000, writeMs = 5500;

const freeze = {
  name: 'app-freeze',
  title: 'SIGSTOP of one app server: Nginx hears nothing from it',
  // A write is given more time before another server is asked; whoever reads never waits longer than readMs.
  promises: { longestMs: writeMs },
  async run(course) {
    await course.fault(() => send('SIGSTOP'), course.quick ? 4000 : 10_000, () => send('SIGCONT'));
    const longestMs = course.ledger.times(({ method }) => method === 'GET').at(-1);
    if (longestMs > readMs) course.late(`the longest wait for a page was ${Math.round(longestMs)} ms, and ${readMs} ms are promised`);
  },
  undo: () => send('SIGCONT'),
};

export const half = [
  cut('silent', 'the way of one app server to PostgreSQL is cut, both directions'),
  cut('deaf', 'the same, and only answers are lost'),
  cut('closed', 'the same, and connections are refused'),
  freeze,
];
