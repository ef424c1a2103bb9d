// The promises of every drill, unless the drill says otherwise. A broken promise is reported as a sentence.

const defaults = {
  failed: 0,            // requests without an answer, or with a wrong one
  refusedTo: 'nobody',  // who may get a clear 503 or 429 during the failure: nobody, members (guests have saved pages), everybody
  reloads: false,       // whether open pages may be asked to reload; they always may where requests are refused
  stale: false,         // whether Nginx may serve saved pages that say so during the failure
  gateway: false,       // whether Nginx's own 502 and 504, as a friendly page, count as a clear refusal
  textReturned: false,  // whether a refused form gives the typed text back
  showsDegraded: false, // whether pages say during the failure that something does not work
  longestMs: 3000,
  recoveryMs: 5000,
};

// A purge looks at the pages that were saved meanwhile once more (kLastScanDelay and kCheckPeriod of apps/monitor/saved_pages.cpp).
const lastLookMs = 3250;

/**
 * Whether Nginx has the page for an outage (decision 37): two guests got it, and, where it may show the post that staff hide,
 * one of them after the last purge was over.
 */
function isSaved({ path, begun }, { requests, pathsOfActed }) {
  const earlier = requests.filter((one) => one.begun < begun);
  const got = earlier.filter((one) => one.kind === 'guest' && one.path === path && ['ok', 'stale'].includes(one.outcome));
  const acts = pathsOfActed.includes(path) ? earlier.filter(({ kind, method }) => kind === 'staff' && method === 'POST') : [];
  const purged = Math.max(0, ...acts.map((one) => one.begun + one.ms + lastLookMs));
  return got.length > 1 && got.some((one) => one.begun > purged);
}

/** The promises that a finished drill broke. */
export function broken(line, log, own = {}) {
  const promise = { ...defaults, ...own };
  const out = [];
  const require = (holds, text) => { if (!holds) out.push(text); };
  const refused = log.requests.filter(({ outcome }) => outcome === 'refused');
  const stale = log.requests.filter(({ outcome }) => outcome === 'stale');
  const outside = ({ phase }) => phase === 'before' || phase === 'after';
  const early = refused.filter(outside), earlyStale = stale.filter(outside);
  require(line.sent > 0 && line.written > 0, 'there was no load');
  require(line.failed <= promise.failed, `${line.failed} requests failed`);
  require(line.lost === 0, `${line.lost} writes were answered as done and are lost`);
  require(line.doubled === 0, `${line.doubled} writes are there twice, or named another row`);
  require(line.loggedOut === 0, `${line.loggedOut} members were logged out`);
  const { pages } = line;
  require(pages.received > 0, 'the open pages received nothing');
  require(pages.missed === 0, `open pages missed ${pages.missed} events`);
  require(pages.twice === 0, `open pages got ${pages.twice} events twice, or such as were not theirs`);
  require(pages.disordered === 0, `open pages got ${pages.disordered} events out of their order`);
  // A browser that was refused waits so long before it connects again that it may miss too much.
  if (promise.refusedTo === 'nobody' && !promise.reloads) require(pages.reloads === 0, `open pages were asked ${pages.reloads} times to reload`);
  if (promise.refusedTo === 'nobody') require(refused.length === 0, `${refused.length} requests were refused`);
  else require(early.length === 0, `${early.length} requests were refused before the failure or after the recovery`);
  require(promise.stale ? earlyStale.length === 0 : stale.length === 0,
    `${(promise.stale ? earlyStale : stale).length} saved pages were served in place of new ones`);
  if (promise.refusedTo === 'members') {
    const guests = refused.filter(({ kind }) => kind === 'guest').filter((one) => isSaved(one, log)).length;
    require(guests === 0, `${guests} requests of guests were refused for pages that were saved recently`);
  }
  if (promise.textReturned) require(log.textLost === 0, `${log.textLost} refused forms did not give the typed text back`);
  if (promise.showsDegraded) require(log.degradedPages > 0, 'no page said that the site is degraded');
  return out;
}

/** The promised times that a finished drill exceeded. */
export function late(line, own = {}) {
  const promise = { ...defaults, ...own };
  const out = [];
  if (!(line.longestMs <= promise.longestMs)) out.push(`the longest wait was ${Math.round(line.longestMs)} ms, and ${promise.longestMs} ms are promised`);
  if (!(line.recoveryMs <= promise.recoveryMs)) out.push(`recovery took ${Math.round(line.recoveryMs)} ms, and ${promise.recoveryMs} ms are promised`);
  return out;
}
