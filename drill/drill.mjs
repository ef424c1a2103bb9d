// One drill: a steady load, a failure under it, and a check of every promise.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from '../tests/support/client.mjs';
import { appUrl, facts, stack, status } from '../tests/support/stack.mjs';
import { WriteLog } from './write_log.mjs';
import { broken, late } from './promises.mjs';
import { Watchers } from './watchers.mjs';

const streams = { long: 1000, short: 100 };
const pollMs = 50;
const maxRecoveryMs = 60_000;
const probeTimeoutMs = 2_000;
const warmMs = 1_500;
const tailMs = 1_000;

export const seconds = (ms) => ms / 1000;
export { pause };

/** Polls until `condition` gives something true and returns it; undefined after `limitMs`. */
export async function until(condition, limitMs = maxRecoveryMs) {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) return undefined;
    await pause(pollMs);
  }
}

/** The names of the app servers that the stack should have now. */
export const appNames = async () => (await status()).map(({ app }) => app);

/** A program's /health as JSON; undefined while it does not answer. */
export async function health(app, program) {
  const client = new Client(await appUrl(Number(app.slice(3)), program), { timeoutMs: probeTimeoutMs, agent: false });
  try { return (await client.get('/health')).json(); } catch { return undefined; }
}

/** One run of a drill: the drill's run() works with it. */
class Run {
  constructor(people, log, quick) {
    Object.assign(this, { people, log, quick, recoveryMs: 0, failures: [], delays: [], remarks: [], server: 'pg' });
  }

  /** Records that something that the drill itself checks did not hold. */
  fail(text) { this.failures.push(text); }
  /** The same for something that held, but later than promised: script/test reports it and does not fail for it. */
  late(text) { this.delays.push(text); }
  remark(text) { this.remarks.push(text); }

  /** Begins a failure, lets it last, ends it, and waits until the stack is healthy again. */
  async fault(begin, lastsMs, end) {
    this.log.phase = 'fault';
    await begin();
    await pause(lastsMs);
    await this.recover(end);
  }

  /** Ends a failure and measures how long the stack needs to become healthy. */
  async recover(end) {
    this.log.phase = 'recovery';
    await end();
    const begun = performance.now();
    if (!(await until(() => this.isHealthy()))) this.fail(`not recovered within ${seconds(maxRecoveryMs)} s: ${await this.unhealthyPrograms()}`);
    this.recoveryMs = Math.max(this.recoveryMs, performance.now() - begun);
    this.log.phase = 'after';
  }

  /** The programs that do not report ok, as text; '' when all do. */
  async unhealthyPrograms() {
    const all = await Promise.all((await appNames()).flatMap((app) => ['site', 'admin'].map(async (program) => [app, program, await health(app, program)])));
    return all.filter(([, , body]) => body?.status !== 'ok').map(([app, program, body]) => `${app}'s ${program}: ${JSON.stringify(body?.checks ?? 'no answer')}`).join('; ');
  }

  /** Whether every program reports ok, and a member's page and a write work through Nginx. */
  async isHealthy() {
    if (await this.unhealthyPrograms()) return false;
    const { people, log } = this;
    const client = people.client(people.prober);
    client.timeoutMs = probeTimeoutMs;
    try {
      if ((await client.get('/my')).status !== 200) return false;
      const id = log.newId();
      log.begin(id, 'post');
      const headers = { 'idempotency-key': randomUUID() };
      const answer = await client.post(`/api/v1/boards/${people.board}/posts`, { headers, json: { title: id, content: '다시 쓸 수 있다' } });
      if (answer.status === 201) log.done(id, answer.json().id);
      return answer.status === 201;
    } catch {
      return false;
    }
  }
}

/**
 * Runs one drill and gives its line of the table. It never throws: an error of the drill itself counts as a broken promise.
 * @param {{name: string, title: string, promises?: object, prepare?: Function, run: Function, undo?: Function}} drill
 */
export async function runDrill(drill, people, { quick }) {
  const log = new WriteLog(randomUUID().slice(0, 8));
  const run = new Run(people, log, quick);
  const attempt = async (what, act) => { try { await act(); } catch (error) { run.fail(`${what}: ${error.stderr?.trim() || error.stack}`); } };
  const begun = performance.now();
  let active = true, loads = [], watchers, pages = { streams: 0, missed: NaN, twice: NaN, disordered: NaN, examples: [] }, writes = { lost: NaN, doubled: NaN, written: 0 };
  await attempt('before', async () => {
    if (!(await until(async () => !(await run.unhealthyPrograms())))) throw new Error(`the stack is not healthy: ${await run.unhealthyPrograms()}`);
    await people.logInAgain();
    await drill.prepare?.(run);
    const posts = await people.posts();
    watchers = await Watchers.open(await people.pages(posts, quick ? streams.short : streams.long));
    const visitors = people.visitors(posts, log, drill.promises?.gateway);
    loads = visitors.map((visitor) => visitor.run(() => active));
    await pause(warmMs);
    await drill.run(run);
    await pause(tailMs);
  });
  active = false;
  await attempt('the load', () => Promise.all(loads));
  await attempt('the members', () => people.checkLoggedIn(log));
  await attempt('PostgreSQL', async () => { writes = await log.check(run.server); });
  await attempt('the open pages', async () => { pages = await watchers.check(run.server); });
  await attempt('the open pages', () => watchers?.close());
  await attempt('afterwards', async () => drill.undo?.(run));
  const line = {
    name: drill.name, title: drill.title, sent: log.sent, failed: log.failed, stale: log.stale, refused: log.refused, ...writes, pages,
    loggedOut: log.loggedOut.size, longestMs: log.longestMs, recoveryMs: run.recoveryMs, tookMs: performance.now() - begun,
    resent: log.resent, slowest: log.slowest, examples: log.examples, remarks: run.remarks,
  };
  return {
    ...line,
    broken: [...run.failures, ...broken(line, log, drill.promises)],
    late: [...run.delays, ...late(line, drill.promises)],
  };
}

export { facts, stack };
