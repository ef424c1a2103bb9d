// The open pages of a drill, in a thread of their own: what they have to read is not to delay those who measure.
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

import { Client } from '../tests/support/client.mjs';
import { Follower } from '../tests/support/events.mjs';
import { Page } from './heard.mjs';

const betweenLooksMs = 100;
const longestOpeningMs = 60_000;
const mostRemarks = 12;
const opensAtOnce = 50;
// As web/js/live/stream.js does when it was refused.
const firstRetryMs = 5_000, lastRetryMs = 60_000;
const afterRefusal = (times) => firstRetryMs + Math.random() * (Math.min(lastRetryMs, firstRetryMs * 2 ** times) - firstRetryMs);

const open = workerData.pages.map(({ base, address, cookies, topics }) => {
  const page = new Page(topics);
  const client = new Client(base, { address });
  client.cookies = new Map(cookies);
  const begin = () => { page.follower = new Follower(client, topics, { heard: (event) => page.hear(event), afterRefusal }); };
  return { page, begin };
});
for (const [i, { begin }] of open.entries()) {
  begin();
  if (i % opensAtOnce === 0) await pause(1);
}
const pages = open.map(({ page }) => page);
for (const begun = performance.now(); !pages.every(({ follower }) => follower.streams.length > 0);) {
  if (performance.now() - begun > longestOpeningMs) throw new Error('not all pages got a stream: see the log of Nginx');
  await pause(betweenLooksMs);
}
parentPort.postMessage('open');

/** All pages have what PostgreSQL has, or the time is over; then none hears anything more. */
async function settle(truth, patienceMs) {
  const begun = performance.now();
  while (performance.now() - begun < patienceMs && !pages.every((page) => page.hasCaughtUp(truth))) await pause(betweenLooksMs);
  for (const { follower } of pages) follower.stop();
  const sum = { streams: pages.length, came: 0, refused: 0, reloads: 0, heard: 0, missed: 0, twice: 0, disordered: 0, examples: [] };
  for (const page of pages) {
    const { remarks, ...got } = page.judge(truth);
    for (const [name, n] of Object.entries(got)) sum[name] += n;
    sum.came += page.follower.streams.length;
    sum.refused += page.follower.refused.length;
    sum.reloads += page.reloads;
    sum.examples.push(...remarks);
  }
  sum.examples.length = Math.min(sum.examples.length, mostRemarks);
  return sum;
}

parentPort.once('message', async ({ truth, patienceMs }) => {
  parentPort.postMessage(await settle(truth, patienceMs));
  parentPort.close();
});
