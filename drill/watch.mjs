// The open pages of a drill, in a thread of their own, so that reading their streams does not delay the measurements.
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

import { Client } from '../tests/support/client.mjs';
import { Follower } from '../tests/support/events.mjs';
import { Page } from './open_page.mjs';

const pollMs = 100;
const maxOpeningMs = 60_000;
const maxRemarks = 12;
const opensAtOnce = 50;
// The same pauses as in web/js/live/stream.js after a refusal.
const firstRetryMs = 5_000, lastRetryMs = 60_000;
const afterRefusal = (times) => firstRetryMs + Math.random() * (Math.min(lastRetryMs, firstRetryMs * 2 ** times) - firstRetryMs);

const open = workerData.pages.map(({ base, address, cookies, topics }) => {
  const page = new Page(topics);
  const client = new Client(base, { address });
  client.cookies = new Map(cookies);
  const begin = () => { page.follower = new Follower(client, topics, { onEvent: (event) => page.receive(event), afterRefusal }); };
  return { page, begin };
});
for (const [i, { begin }] of open.entries()) {
  begin();
  if (i % opensAtOnce === 0) await pause(1);
}
const pages = open.map(({ page }) => page);
for (const begun = performance.now(); !pages.every(({ follower }) => follower.streams.length > 0);) {
  if (performance.now() - begun > maxOpeningMs) throw new Error('not all pages got a stream: see the log of Nginx');
  await pause(pollMs);
}
parentPort.postMessage('open');

/** Waits until all pages have what PostgreSQL has, or the time is over; then stops and compares them. */
async function finish(stored, timeoutMs) {
  const begun = performance.now();
  while (performance.now() - begun < timeoutMs && !pages.every((page) => page.hasCaughtUp(stored))) await pause(pollMs);
  for (const { follower } of pages) follower.stop();
  const sum = { streams: pages.length, connects: 0, refused: 0, reloads: 0, received: 0, missed: 0, twice: 0, disordered: 0, examples: [] };
  for (const page of pages) {
    const { remarks, ...got } = page.compareWith(stored);
    for (const [name, n] of Object.entries(got)) sum[name] += n;
    sum.connects += page.follower.streams.length;
    sum.refused += page.follower.refused.length;
    sum.reloads += page.reloads;
    sum.examples.push(...remarks);
  }
  sum.examples.length = Math.min(sum.examples.length, maxRemarks);
  return sum;
}

parentPort.once('message', async ({ stored, timeoutMs }) => {
  parentPort.postMessage(await finish(stored, timeoutMs));
  parentPort.close();
});
