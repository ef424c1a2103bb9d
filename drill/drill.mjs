// One drill: a steady load, a failure under it, and what is left of the promises.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from '../tests/support/client.mjs';
import { appUrl, facts, stack, status } from '../tests/support/stack.mjs';
import { Ledger } from './ledger.mjs';
import { broken, late } from './promises.mjs';
import { Watchers } from './watchers.mjs';

const streams = { long: 1000, short: 100 };
const pollMs = 50;
const longestHealMs = 60_000;
const probePatienceMs = 2_000;
const warmMs = 1_500;
const tailMs = 1_000;

export const seconds = (ms) => ms / 1000;
export { pause };

/** Polls until `condition` gives something; undefined after `limitMs`. */
export async function until(condition, limitMs = longestHealMs) {
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

/** What a program says of itself; undefined while it does not answer. */
export async function health(app, program) {
  const client = new Client(await appUrl(Number(app.slice(3)), program), { patienceMs: probePatienceMs, agent: false });
  try { return (await client.get('/health')).json(); } catch { return undefined; }
}

/** What a drill's run() works with. */
class Course {
  constructor(people, ledger, quick) {
    Object.assign(this, { people, ledger, quick, healMs: 0, violations: [], delays: [], remarks: [], server: 'pg' });
  }

  /** Says that something that the drill itself looks at did not hold. */
  violate(text) { this.violations.push(text); }
  /** The same for something that held, but later than promised: script/test reports it and does not fail for it. */
  late(text) { this.delays.push(text); }
  remark(text) { this.remarks.push(text); }

  /** The failure: begins, lasts, ends; then waits until all is well again. */
  async fault(begin, lastsMs, end) {
    this.ledger.phase = 'fault';
    await begin();
    await pause(lastsMs);
    await this.heal(end);
  }

  /** Ends a failure and measures how long the stack needs from then on. */
  async heal(end) {
    this.ledger.phase = 'healing';
    await end();
    const begun = performance.now();
    if (!(await until(() => this.well()))) this.violate(`not healed within ${seconds(longestHealMs)} s: ${await this.ill()}`);
    this.healMs = Math.max(this.healMs, performance.now() - begun);
    this.ledger.phase = 'after';
  }

  async ill() {
    const all = await Promise.all((await appNames()).flatMap((app) => ['site', 'admin'].map(async (program) => [app, program, await health(app, program)])));
    return all.filter(([, , body]) => body?.status !== 'ok').map(([app, program, body]) => `${app}'s ${program}: ${JSON.stringify(body?.checks ?? 'no answer')}`).join('; ');
  }

  /** Every program says ok, and through Nginx a page, a member's page and a write work. */
  async well() {
    if (await this.ill()) return false;
    const { people, ledger } = this;
    const client = people.client(people.prober);
    client.patienceMs = probePatienceMs;
    try {
      if ((await client.get('/my')).status !== 200) return false;
      const id = ledger.newId();
      ledger.begin(id, 'post');
      const headers = { 'idempotency-key': randomUUID() };
      const answer = await client.post(`/api/v1/boards/${people.board}/posts`, { headers, json: { title: id, content: '다시 쓸 수 있다' } });
      if (answer.status === 201) ledger.done(id, answer.json().id);
      return answer.status === 201;
    } catch {
      return false;
    }
  }
}

/**
 * Runs one drill and gives its line of the table. Never throws: what went wrong with the drill itself is a broken promise.
 * @param {{name: string, title: string, promises?: object, prepare?: Function, run: Function, undo?: Function}} drill
 */
export async function runDrill(drill, people, { quick }) {
  const ledger = new Ledger(randomUUID().slice(0, 8));
  const course = new Course(people, ledger, quick);
  const attempt = async (what, act) => { try { await act(); } catch (error) { course.violate(`${what}: ${error.stderr?.trim() || error.stack}`); } };
  const begun = performance.now();
  let going = true, runs = [], watchers, seen = { streams: 0, missed: NaN, twice: NaN, disordered: NaN, examples: [] }, checked = { lost: NaN, doubled: NaN, written: 0 };
  await attempt('before', async () => {
    if (!(await until(async () => !(await course.ill())))) throw new Error(`the stack is not well: ${await course.ill()}`);
    await people.return();
    await drill.prepare?.(course);
    const posts = await people.posts();
    watchers = await Watchers.open(await people.pages(posts, quick ? streams.short : streams.long));
    const visitors = people.visitors(posts, ledger, drill.promises?.gateway);
    runs = visitors.map((visitor) => visitor.run(() => going));
    await pause(warmMs);
    await drill.run(course);
    await pause(tailMs);
  });
  going = false;
  await attempt('the load', () => Promise.all(runs));
  await attempt('the members', () => people.demandLoggedIn(ledger));
  await attempt('PostgreSQL', async () => { checked = await ledger.check(course.server); });
  await attempt('the open pages', async () => { seen = await watchers.check(course.server); });
  await attempt('the open pages', () => watchers?.close());
  await attempt('afterwards', async () => drill.undo?.(course));
  const line = {
    name: drill.name, title: drill.title, sent: ledger.sent, failed: ledger.failed, stale: ledger.stale, refused: ledger.refused, ...checked, seen,
    loggedOut: ledger.loggedOut.size, longestMs: ledger.longestMs, healMs: course.healMs, tookMs: performance.now() - begun,
    resent: ledger.resent, slowest: ledger.slowest, examples: ledger.examples, remarks: course.remarks,
  };
  return {
    ...line,
    broken: [...course.violations, ...broken(line, ledger, drill.promises)],
    late: [...course.delays, ...late(line, drill.promises)],
  };
}

export { facts, stack };
