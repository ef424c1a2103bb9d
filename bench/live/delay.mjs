// From COMMIT on one app server to a thousand readers at another.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { Client } from '../../tests/support/client.mjs';
import { sql } from '../../tests/support/stores.mjs';
import { cpu } from '../processes.mjs';
import { cookiesOf } from './members.mjs';

const writers = 20;
const settleMs = 1000;
const tailMs = 3000;  // for the last one to arrive, if late

/** Writes `rate` comments a second, whatever each takes; gives how many. */
async function write(clients, post, rate, seconds) {
  const begun = performance.now();
  const total = rate * seconds;
  const pending = [];
  const idle = [...clients];
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * rate) + 1);
    for (; sent < due && idle.length > 0; ++sent) {
      const client = idle.pop();
      const headers = { 'x-request-id': randomBytes(16).toString('hex') };
      pending.push(client.post(`/api/v1/posts/${post}/comments`, { headers, json: { content: `이어지는 댓글 ${sent}번` } }).then(({ status, text }) => {
        if (status !== 201) throw new Error(`a comment: ${status} ${text}`);
        idle.push(client);
      }));
    }
    await pause(1);
  }
  await Promise.all(pending);
  return (total * 1000) / (performance.now() - begun);
}

/**
 * @param {{writing: string, reading: {host: string, port: number}}} where  the app servers' own addresses
 * @returns {Promise<{ms: Float64Array, perSecond: number, percent: object, timerMs: number}>} all delays, sorted; CPU of each
 *          part in percent; how late 99 % of this program's own timers were at most
 */
export async function delay({ writing, reading, net, post, readers, rate, seconds, parts, note }) {
  note(`${readers} readers of one post, ${rate} comments a second`);
  const [[events]] = await sql(`select events from post_counters where post_id = ${post}`);
  const worker = new Worker(new URL('readers.mjs', import.meta.url), { workerData: { ...reading, net, post, readers, from: Number(events), most: rate * seconds } });
  const answer = () => Promise.race([once(worker, 'message').then(([message]) => message), once(worker, 'error').then(([error]) => { throw error; })]);
  try {
    await answer();
    await pause(settleMs);
    const agent = new http.Agent({ keepAlive: true });
    const clients = (await cookiesOf(Array.from({ length: writers }, (_, i) => 1 + i))).map((cookie) => {
      const client = new Client(writing, { agent });
      client.cookies.set(...cookie.split(/=(.*)/s).slice(0, 2));
      return client;
    });
    const names = Object.keys(parts);
    const before = names.map((name) => cpu(parts[name]));
    const begun = performance.now();
    const timers = monitorEventLoopDelay({ resolution: 1 });
    timers.enable();
    const perSecond = await write(clients, post, rate, seconds);
    const took = performance.now() - begun;
    const percent = Object.fromEntries(names.map((name, i) => [name, (cpu(parts[name]) - before[i]) / 1e4 / took]));
    timers.disable();
    agent.destroy();
    await pause(tailMs);
    const rows = await sql(`select event, extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000 from comments where post_id = ${post} and event > ${events}`);
    worker.postMessage({ commits: rows.map((row) => row.map(Number)) });
    const { ms, behind, cutOff } = await answer();
    // These readers do not reconnect as browsers do. On a machine that is too busy they count as slow readers.
    if (behind) throw new Error(`${behind} readers did not get everything: ${cutOff} were cut off because they read too slowly`);
    return { ms, perSecond, percent, timerMs: timers.percentile(99) / 1e6 };
  } finally {
    await worker.terminate();
  }
}
