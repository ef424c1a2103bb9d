// What became of every request, and what PostgreSQL says about every write. Nothing is judged here: the drills state what
// was promised (promises.mjs).
import { sql } from '../tests/support/stores.mjs';

/** Where a drill is: before the failure, in it, on the mend, and healed. */
export const phases = ['before', 'fault', 'healing', 'after'];

const mostExamples = 60;

/** The id in a write's text, so that PostgreSQL can be asked for it. */
const mark = (run) => `drill-${run}-`;

export class Ledger {
  constructor(run) {
    this.run = run;
    this.ids = 0;
    this.phase = 'before';
    this.sent = 0;
    this.resent = 0;      // by the visitor itself, on a kept connection that closed before it answered
    this.failed = 0;
    this.refused = 0;     // a clear 503 or 429
    this.stale = 0;       // a saved page that says so
    this.longestMs = 0;
    this.loggedOut = new Set();
    this.examples = [];
    this.requests = [];   // {who, method, fate, status, ms, phase, server}
    this.writes = new Map();  // id -> {kind, answered, row}
    this.textLost = 0;
    this.limitedPages = 0;  // pages that said that something is limited
  }

  newId() { return `${mark(this.run)}${this.ids++}`; }

  /** A write that is about to be sent: kind post, comment or act. */
  begin(id, kind) { if (!this.writes.has(id)) this.writes.set(id, { kind, answered: false }); }

  /** The write was answered as done; `row` is the id that the answer named, where it names one. */
  done(id, row) { Object.assign(this.writes.get(id), { answered: true, row }); }

  count(request) {
    this.requests.push(request);
    this.sent++;
    if (request.ms > this.longestMs) [this.longestMs, this.slowest] = [request.ms, `${request.phase}: ${request.who} ${request.method} ${request.path}: ${request.fate}`];
    if (request.fate === 'failed') this.failed++;
    if (request.fate === 'refused') this.refused++;
    if (request.fate === 'stale') this.stale++;
    // What went wrong while nothing was broken is what a person wants to see first.
    const first = request.phase === 'before' || request.phase === 'after';
    if (request.fate !== 'ok') this.example(`${request.phase}: ${request.who} ${request.method} ${request.path}: ${request.fate}, ${request.why} after ${Math.round(request.ms)} ms`, first);
  }

  example(text, first = false) {
    const line = `${new Date().toISOString().slice(11, 23)} ${text}`;
    if (first) this.examples.unshift(line);
    else this.examples.push(line);
    this.examples.length = Math.min(this.examples.length, mostExamples);
  }

  /** Milliseconds of requests that `wanted` picks, sorted. */
  times(wanted) { return this.requests.filter(wanted).map(({ ms }) => ms).sort((a, b) => a - b); }

  /** Milliseconds that the share of requests did not exceed; 0 when there were none. */
  static percentile(sorted, share) { return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] : 0; }

  /** App servers that answered since `since` (performance.now()), with the number of their answers. */
  servedSince(since) {
    const servers = new Map();
    for (const { server, begun } of this.requests) if (server && begun >= since) servers.set(server, (servers.get(server) ?? 0) + 1);
    return servers;
  }

  /**
   * Asks PostgreSQL for every write: lost was answered as done and is not there, doubled is there more than once, or was
   * done by more than one row although the answer named another.
   */
  async check(server) {
    const pattern = `'${mark(this.run)}%'`;
    const found = new Map();
    const tables = { post: ['posts', 'title'], comment: ['comments', 'content'], act: ['audit_log', 'reason'] };
    for (const [kind, [table, column]] of Object.entries(tables)) {
      const rows = await sql(`select ${column}, count(*), min(id) from ${table} where ${column} like ${pattern} group by 1`, server);
      for (const [id, times, row] of rows) found.set(id, { kind, times: Number(times), row: Number(row) });
    }
    const lost = [], doubled = [], wrong = [];
    for (const [id, write] of this.writes) {
      const there = found.get(id);
      if (write.answered && !there) lost.push(id);
      if (there?.times > 1) doubled.push(id);
      if (write.row && there && there.row !== write.row) wrong.push(id);
    }
    const stranger = [...found.keys()].filter((id) => !this.writes.has(id));
    for (const id of lost) this.example(`lost: ${id} (${this.writes.get(id).kind})`);
    for (const id of doubled) this.example(`doubled: ${id} (${found.get(id).kind}, ${found.get(id).times} times)`);
    for (const id of [...wrong, ...stranger]) this.example(`an answer named another row than PostgreSQL has: ${id}`);
    return { lost: lost.length, doubled: doubled.length + wrong.length + stranger.length, written: found.size };
  }
}
