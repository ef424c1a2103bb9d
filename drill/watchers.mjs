// Open pages of a drill: many streams through Nginx, each of which reconnects after a break as a browser does. At the end the
// events of each are compared with what PostgreSQL holds (open_page.mjs).
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { siteUrl } from '../tests/support/client.mjs';
import { ownAddress } from '../tests/support/members.mjs';
import { sql } from '../tests/support/stores.mjs';
import { positionsOf } from './open_page.mjs';

const timeoutMs = 90_000;  // longer than any browser waits after it was refused

const list = (values) => values.join() || '0';
const idsOf = (topics, kind) => list(topics.filter((topic) => topic[0] === kind).map((topic) => topic.slice(1)));
const numbers = (row) => row.map(Number);

/** What a stream of each topic must have brought: {number, items: [number, item], unread}. */
async function storedState(topics, server) {
  const stored = Object.fromEntries(topics.map((topic) => [topic, { number: 0, items: [] }]));
  const [posts, boards, members] = ['p', 'b', 'u'].map((kind) => idsOf(topics, kind));
  const ask = async (text) => (await sql(text, server)).map(numbers);
  for (const [post, events] of await ask(`select post_id, events from post_counters where post_id in (${posts})`)) stored[`p${post}`].number = events;
  const comments = `select post_id, event, id from comments where post_id in (${posts}) order by event`;
  for (const [post, event, id] of await ask(comments)) stored[`p${post}`].items.push([event, id]);
  for (const [board, number] of await ask(`select id, last_number from boards where id in (${boards})`)) stored[`b${board}`].number = number;
  const written = `select board_id, number from posts where board_id in (${boards}) order by number`;
  for (const [board, number] of await ask(written)) stored[`b${board}`].items.push([number, number]);
  const counts = `select user_id, number, unread from notification_counts where user_id in (${members})`;
  for (const [member, number, unread] of await ask(counts)) Object.assign(stored[`u${member}`], { number, unread });
  const notifications = `select user_id, number from notifications where user_id in (${members}) order by number`;
  for (const [member, number] of await ask(notifications)) stored[`u${member}`].items.push([number, number]);
  return stored;
}

/** The topics of a page as a browser takes them from it. */
export async function topicsOf(client, path) {
  const { status, text } = await client.get(path);
  const positions = [...text.matchAll(/data-live="([^"]+)"/g)].map(([, position]) => position);
  if (status !== 200 || !positions.length) throw new Error(`${path}: ${status} without a live topic`);
  return positions.join();
}

export class Watchers {
  /** @param {Array<{topics: string, cookies?: Map, many: number}>} pages  each is opened `many` times */
  static async open(pages) {
    const watchers = new Watchers();
    watchers.topics = [...new Set(pages.flatMap(({ topics }) => [...positionsOf(topics).keys()]))];
    const each = pages.flatMap(({ topics, cookies, many }) =>
      Array.from({ length: many }, () => ({ base: siteUrl, address: ownAddress(), topics, cookies: [...(cookies ?? [])] })));
    watchers.worker = new Worker(new URL('watch.mjs', import.meta.url), { workerData: { pages: each } });
    watchers.failed = once(watchers.worker, 'error').then(([error]) => { throw error; });
    watchers.failed.catch(() => {});
    await watchers.#answer();
    return watchers;
  }

  /** To be called when nobody writes any more. Waits until every event has come, and gives the sums of all pages. */
  async check(server) {
    this.worker.postMessage({ stored: await storedState(this.topics, server), timeoutMs });
    return this.#answer();
  }

  close() { return this.worker.terminate(); }

  async #answer() {
    const [message] = await Promise.race([once(this.worker, 'message'), this.failed]);
    return message;
  }
}
