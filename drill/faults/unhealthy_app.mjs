// One app server runs but cannot serve, or does not answer. The others serve, and no visitor notices.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { state } from '../../tests/support/stack.mjs';
import { facts, stack } from '../drill.mjs';

const exec = promisify(execFile);
const unhealthy = 'app2', programs = ['site', 'admin'];

/**
 * A TCP proxy between an app server and PostgreSQL. `mode` is what it does with bytes: 'open', 'silent' (nothing comes through,
 * as behind a broken network), 'deaf' (only answers are lost), 'closed' (new connections are refused).
 */
export class TcpProxy {
  mode = 'open';
  pairs = new Set();

  async listen(path) {
    this.server = net.createServer((near) => this.connect(near, path));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
  }

  connect(near, path) {
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

  /** 'open' and 'closed' also destroy the existing connections, and with them the bytes under way. */
  setMode(mode) {
    this.mode = mode;
    if (mode === 'open' || mode === 'closed') this.destroyConnections();
  }

  destroyConnections() { for (const [near, far] of this.pairs) { near.destroy(); far.destroy(); } }

  close() {
    this.destroyConnections();
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
    const { stdout } = await exec('pgrep', ['-P', master]).catch(() => ({ stdout: '' }));
    pids.push(Number(master), ...stdout.trim().split('\n').filter(Boolean).map(Number));
  }
  return pids;
}

const cut = (mode, title) => {
  const proxy = new TcpProxy();
  let host;
  return {
    name: `app-pg-${mode}`, title,
    // Its streams end after some 6 s, and by then more was written than a stream catches up with.
    promises: { reloads: true },
    async prepare() {
      const { run_dir } = await facts();
      host = `host='${run_dir}/pg'`;
      await proxy.listen(join(run_dir, 'pg', '.s.PGSQL.5432'));
      await useUrl(unhealthy, (text) => text.replace(host, `host=127.0.0.1 port=${proxy.port}`));
    },
    run: (run) => run.fault(() => proxy.setMode(mode), run.quick ? 4000 : 15_000, () => proxy.setMode('open')),
    async undo() {
      await useUrl(unhealthy, (text) => text.replace(/host=127\.0\.0\.1 port=\d+/, host));
      proxy.close();
    },
  };
};

const send = async (signal) => { for (const pid of await processesOf(unhealthy)) process.kill(pid, signal); };

const readMs = 3000, writeMs = 5500;

const freeze = {
  name: 'app-freeze',
  title: 'SIGSTOP of one app server: Nginx gets no answer from it',
  // Nginx gives a write more time before it asks another server; a read never takes longer than readMs.
  promises: { longestMs: writeMs },
  async run(run) {
    await run.fault(() => send('SIGSTOP'), run.quick ? 4000 : 10_000, () => send('SIGCONT'));
    const longestMs = run.log.times(({ method }) => method === 'GET').at(-1);
    if (longestMs > readMs) run.late(`the longest wait for a page was ${Math.round(longestMs)} ms, and ${readMs} ms are promised`);
  },
  undo: () => send('SIGCONT'),
};

export const unhealthyApp = [
  cut('silent', 'the connection of one app server to PostgreSQL is cut in both directions'),
  cut('deaf', 'the same, and only answers are lost'),
  cut('closed', 'the same, and connections are refused'),
  freeze,
];
