// The outcome of every request, and what PostgreSQL holds of every write. This file judges nothing: promises.mjs says what
// was promised.
import { sql } from '../tests/support/stores.mjs';

/** The phases of a drill: before the failure, during it, while the stack recovers, and after that. */
export const phases = ['before', 'fault', 'recovery', 'after'];

const maxExamples = 60;

/** The beginning of the ids that stand in the texts of writes, so that PostgreSQL can be asked for them. */
const idPrefix = (runId) => `drill-${runId}-`;

export class WriteLog {
  constructor(runId) {
    this.runId = runId;
    this.ids = 0;
    this.phase = 'before';
    this.sent = 0;
    this.resent = 0;      // by the browser itself, when a keep-alive connection closed before it answered
    this.failed = 0;
    this.refused = 0;     // a clear 503 or 429
    this.stale = 0;       // a saved page that says that it is one
    this.longestMs = 0;
    this.loggedOut = new Set();
    this.examples = [];
    this.requests = [];   // {kind, method, outcome, status, ms, phase, server}
    this.writes = new Map();  // id -> {kind, answered, row}
    this.textLost = 0;
    this.degradedPages = 0;  // pages that said that the site is degraded
  }

  newId() { return `${idPrefix(this.runId)}${this.ids++}`; }

  /** Records a write that is about to be sent: kind post, comment or act. */
  begin(id, kind) { if (!this.writes.has(id)) this.writes.set(id, { kind, answered: false }); }

  /** Records that a write was answered as done; `row` is the id that the answer named, where it names one. */
  done(id, row) { Object.assign(this.writes.get(id), { answered: true, row }); }

  count(request) {
    this.requests.push(request);
    this.sent++;
    if (request.ms > this.longestMs) [this.longestMs, this.slowest] = [request.ms, `${request.phase}: ${request.kind} ${request.method} ${request.path}: ${request.outcome}`];
    if (request.outcome === 'failed') this.failed++;
    if (request.outcome === 'refused') this.refused++;
    if (request.outcome === 'stale') this.stale++;
    // An error while nothing was broken is the most interesting one, so it comes first.
    const first = request.phase === 'before' || request.phase === 'after';
    if (request.outcome !== 'ok') this.example(`${request.phase}: ${request.kind} ${request.method} ${request.path}: ${request.outcome}, ${request.why} after ${Math.round(request.ms)} ms`, first);
  }

  example(text, first = false) {
    const line = `${new Date().toISOString().slice(11, 23)} ${text}`;
    if (first) this.examples.unshift(line);
    else this.examples.push(line);
    this.examples.length = Math.min(this.examples.length, maxExamples);
  }

  /** Milliseconds of the requests that match, sorted. */
  times(matches) { return this.requests.filter(matches).map(({ ms }) => ms).sort((a, b) => a - b); }

  /** The percentile (share: 0 to 1) of sorted milliseconds; 0 when there are none. */
  static percentile(sorted, share) { return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] : 0; }

  /** App servers that answered since `since` (performance.now()), with the number of their answers. */
  servedSince(since) {
    const servers = new Map();
    for (const { server, begun } of this.requests) if (server && begun >= since) servers.set(server, (servers.get(server) ?? 0) + 1);
    return servers;
  }

  /**
   * Asks PostgreSQL for every write. A lost write was answered as done and is not there; a doubled one is there more than once,
   * or as another row than the answer named.
   */
  async check(server) {
    const pattern = `'${idPrefix(this.runId)}%'`;
    const found = new Map();
    const tables = { post: ['posts', 'title'], comment: ['comments', 'content'], act: ['audit_log', 'reason'] };
    for (const [kind, [table, column]] of Object.entries(tables)) {
      const rows = await sql(`select ${column}, count(*), min(id) from ${table} where ${column} like ${pattern} group by 1`, server);
      for (const [id, times, row] of rows) found.set(id, { kind, times: Number(times), row: Number(row) });
    }
    const lost = [], doubled = [], wrong = [];
    for (const [id, write] of this.writes) {
      const stored = found.get(id);
      if (write.answered && !stored) lost.push(id);
      if (stored?.times > 1) doubled.push(id);
      if (write.row && stored && stored.row !== write.row) wrong.push(id);
    }
    const unexpected = [...found.keys()].filter((id) => !this.writes.has(id));
    for (const id of lost) this.example(`lost: ${id} (${this.writes.get(id).kind})`);
    for (const id of doubled) this.example(`doubled: ${id} (${found.get(id).kind}, ${found.get(id).times} times)`);
    for (const id of [...wrong, ...unexpected]) this.example(`an answer named another row than PostgreSQL has: ${id}`);
    return { lost: lost.length, doubled: doubled.length + wrong.length + unexpected.length, written: found.size };
  }
}
