// The cost that a notification adds to a comment: one's own post notifies nobody, somebody else's notifies its author.
import { randomBytes } from 'node:crypto';
import http from 'node:http';

import { Client } from '../../tests/support/client.mjs';
import { cpu } from '../processes.mjs';
import { cookiesOf } from './members.mjs';

const writers = 8;

async function write(client, post, until) {
  let written = 0;
  for (; performance.now() < until; ++written) {
    const headers = { 'x-request-id': randomBytes(16).toString('hex') };
    const { status, text } = await client.post(`/api/v1/posts/${post}/comments`, { headers, json: { content: '저희 아이도 함께 참여하겠습니다. 준비물이 있으면 알려 주세요.' } });
    if (status !== 201) throw new Error(`a comment: ${status} ${text}`);
  }
  return written;
}

/**
 * µs of CPU per comment, by part and `all`, in each round for both.
 * @returns {Promise<Array<{own: object, others: object}>>}
 */
export async function notify({ direct, parts, own, others, rounds, seconds, note }) {
  const cookies = await cookiesOf(own.map(({ author }) => author));
  const agent = new http.Agent({ keepAlive: true });
  const clients = cookies.map((cookie) => {
    const client = new Client(direct, { agent });
    client.cookies.set(...cookie.split(/=(.*)/s).slice(0, 2));
    return client;
  });
  const run = async (posts) => {
    const names = Object.keys(parts);
    const before = names.map((name) => cpu(parts[name]));
    const until = performance.now() + seconds * 1000;
    const written = (await Promise.all(clients.map((client, i) => write(client, posts[i].id, until)))).reduce((sum, n) => sum + n, 0);
    const cost = { perSecond: written / seconds, all: 0 };
    names.forEach((name, i) => {
      cost[name] = (cpu(parts[name]) - before[i]) / 1000 / written;
      cost.all += cost[name];
    });
    return cost;
  };
  const out = [];
  for (let round = 0; round <= rounds; ++round) {
    note(`[${round}/${rounds}] comments with and without a notification`);
    const pair = { own: await run(own), others: await run(others) };
    if (round > 0) out.push(pair);  // the first is for warm caches
  }
  agent.destroy();
  return out;
}

/** A post of each of `writers` members, and as many of members who do not write. */
export function postsFor(rows) {
  const posts = [...new Map(rows.map(([id, author]) => [author, { id: Number(id), author: Number(author) }])).values()];
  return { own: posts.slice(0, writers), others: posts.slice(writers, 2 * writers) };
}
