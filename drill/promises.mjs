// What holds in every drill unless the drill says otherwise. A promise that is not kept is a sentence.

const kept = {
  failed: 0,            // requests without an answer, or with one that is no answer to what was asked
  refusedTo: 'nobody',  // who may read a clear 503 or 429 while it lasts: nobody, members (guests have saved pages), everybody
  reloads: false,       // whether open pages may be told that they missed too much; where requests are refused, they may
  stale: false,         // whether saved pages that say so may be given while it lasts
  gateway: false,       // whether Nginx's own 502 and 504, as a friendly page, count as clear
  textKept: false,      // whether a refused form gives the typed text back
  limitedSaid: false,   // whether pages say that something is limited while it lasts
  longestMs: 3000,
  healMs: 5000,
};

/** Whether a guest saw the page after staff last hid something, which makes Nginx forget what it has saved (decision 20). */
function isSaved({ path, begun }, requests) {
  const earlier = requests.filter((one) => one.begun < begun);
  const removed = Math.max(0, ...earlier.filter(({ who, method }) => who === 'staff' && method === 'POST').map((one) => one.begun + one.ms));
  return earlier.some((one) => one.who === 'guest' && one.path === path && ['ok', 'stale'].includes(one.fate) && one.begun > removed);
}

/** The promises that a finished drill broke. */
export function broken(line, ledger, own = {}) {
  const promise = { ...kept, ...own };
  const out = [];
  const demand = (held, text) => { if (!held) out.push(text); };
  const refused = ledger.requests.filter(({ fate }) => fate === 'refused');
  const stale = ledger.requests.filter(({ fate }) => fate === 'stale');
  const outside = ({ phase }) => phase === 'before' || phase === 'after';
  const early = refused.filter(outside), earlyStale = stale.filter(outside);
  demand(line.sent > 0 && line.written > 0, 'there was no load');
  demand(line.failed <= promise.failed, `${line.failed} requests failed`);
  demand(line.lost === 0, `${line.lost} writes were answered as done and are lost`);
  demand(line.doubled === 0, `${line.doubled} writes are there twice, or named another row`);
  demand(line.loggedOut === 0, `${line.loggedOut} members were logged out`);
  const { seen } = line;
  demand(seen.heard > 0, 'the open pages heard nothing');
  demand(seen.missed === 0, `open pages missed ${seen.missed} events`);
  demand(seen.twice === 0, `open pages got ${seen.twice} events twice, or such as were not theirs`);
  demand(seen.disordered === 0, `open pages got ${seen.disordered} events out of their order`);
  // A browser that was refused stays away for so long that it may miss too much.
  if (promise.refusedTo === 'nobody' && !promise.reloads) demand(seen.reloads === 0, `open pages were told ${seen.reloads} times that they had missed too much`);
  if (promise.refusedTo === 'nobody') demand(refused.length === 0, `${refused.length} requests were refused`);
  else demand(early.length === 0, `${early.length} requests were refused before the failure or after it was healed`);
  demand(promise.stale ? earlyStale.length === 0 : stale.length === 0,
    `${(promise.stale ? earlyStale : stale).length} saved pages were given in place of new ones`);
  if (promise.refusedTo === 'members') {
    const guests = refused.filter(({ who }) => who === 'guest').filter((one) => isSaved(one, ledger.requests)).length;
    demand(guests === 0, `${guests} requests of guests were refused for pages that were seen recently`);
  }
  if (promise.textKept) demand(ledger.textLost === 0, `${ledger.textLost} refused forms did not give the typed text back`);
  if (promise.limitedSaid) demand(ledger.limitedPages > 0, 'no page said that something is limited');
  return out;
}

/** The promises of time that a finished drill was too slow for. */
export function late(line, own = {}) {
  const promise = { ...kept, ...own };
  const out = [];
  if (!(line.longestMs <= promise.longestMs)) out.push(`the longest wait was ${Math.round(line.longestMs)} ms, and ${promise.longestMs} ms are promised`);
  if (!(line.healMs <= promise.healMs)) out.push(`healing took ${Math.round(line.healMs)} ms, and ${promise.healMs} ms are promised`);
  return out;
}
