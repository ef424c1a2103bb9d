// A Debian machine with a booted systemd and a network of its own: systemd-nspawn on a layer above the folder that
// script/lib/machine.sh made, so that each test begins with a clean one. Needs root.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const longestMs = 240_000;

/** Retries the assertions of `tried` until they hold; returns its result. */
export async function until(tried, ms = 60_000) {
  const end = Date.now() + ms;
  for (;;) {
    try {
      return await tried();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

export class Machine {
  #nspawn;
  #leader;
  #output = '';

  constructor(folder) {
    this.folder = folder;
  }

  get root() {
    return join(this.folder, 'machine', 'root');
  }

  /** Boots it; `shared` is a folder that it has read-only as /shared. */
  async boot(shared) {
    const place = join(this.folder, 'machine');
    await run('umount', ['--recursive', this.root]).catch(() => {});  // of a run that was killed
    await rm(place, { recursive: true, force: true });
    for (const part of ['root', 'upper', 'work']) await mkdir(join(place, part), { recursive: true });
    const layers = `lowerdir=${join(this.folder, 'base')},upperdir=${join(place, 'upper')},workdir=${join(place, 'work')}`;
    await run('mount', ['-t', 'overlay', 'overlay', '-o', layers, this.root]);
    // It ends with this process, even when that is killed.
    const words = ['--pdeathsig', 'TERM', 'systemd-nspawn', '--register=no', '--keep-unit', '--private-network', '--link-journal=no', '--console=pipe', '--machine=minschool-test',
      `--bind-ro=${shared}:/shared`, '--directory', this.root, '--boot'];
    this.#nspawn = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#nspawn.stdout, this.#nspawn.stderr]) stream.on('data', (text) => (this.#output = (this.#output + text).slice(-4000)));
    const ended = new Promise((resolve) => this.#nspawn.on('exit', resolve));
    this.ended = ended;
    await until(async () => {
      assert.equal(this.#nspawn.exitCode, null, `it does not boot: ${this.#output}`);
      this.#leader = (await run('pgrep', ['-P', String(this.#nspawn.pid)])).stdout.trim().split('\n')[0];
      const state = await this.sh('systemctl is-system-running || true');
      assert.match(state, /running|degraded/, state);
    });
    return this;
  }

  /** The words in front of a command that runs inside. */
  inside(...words) {
    return ['nsenter', '--target', this.#leader, '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root', '--wd', '--', ...words];
  }

  /** The prefix of a command on this machine that uses its network. */
  beside(...words) {
    return ['nsenter', '--target', this.#leader, '--net', '--', ...words];
  }

  /** Runs a line of shell inside; what it printed. Rejects with its whole output when it fails. */
  async sh(line, { input = '' } = {}) {
    const { code, out, err } = await this.attempt(line, { input });
    assert.equal(code, 0, `${line}\n${out}${err}`);
    return out;
  }

  /** The same with {code, out, err}, whether it succeeds or fails. */
  attempt(line, { input = '' } = {}) {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' };
    const [program, ...words] = this.inside('sh', '-c', line);
    const child = spawn(program, words, { env, timeout: longestMs, cwd: '/' });
    const output = { out: '', err: '' };
    child.stdout.on('data', (text) => (output.out += text));
    child.stderr.on('data', (text) => (output.err += text));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, ...output }));
    });
  }

  read(path) {
    return readFile(join(this.root, path), 'utf8');
  }

  /** {status, text, headers} of a page through its Nginx. */
  async page(path, { host = 'mincenter.kr', headers = [] } = {}) {
    const words = headers.map((header) => `-H '${header}'`).join(' ');
    const out = await this.sh(`curl -s -i --max-time 10 -H 'Host: ${host}' ${words} 'http://127.0.0.1${path}'`);
    const [head, ...rest] = out.split('\r\n\r\n');
    return { status: Number(head.split(' ')[1]), head, text: rest.join('\r\n\r\n') };
  }

  async health(port = 3000) {
    return JSON.parse(await this.sh(`curl -s --max-time 5 http://127.0.0.1:${port}/health`));
  }

  async off() {
    if (this.#nspawn && this.#nspawn.exitCode === null) {
      this.#nspawn.kill('SIGTERM');
      await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, 60_000).unref())]);
      if (this.#nspawn.exitCode === null) this.#nspawn.kill('SIGKILL');
    }
    await run('umount', ['--recursive', this.root]).catch(() => {});
    await rm(join(this.folder, 'machine'), { recursive: true, force: true });
  }
}
