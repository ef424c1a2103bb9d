// The cost of idle streams: memory, and the pages that the same program serves meanwhile.
import { setTimeout as pause } from 'node:timers/promises';

import { measure } from '../load.mjs';
import { cpu, memory } from '../processes.mjs';
import { addMembers, cookiesOf } from './members.mjs';
import { closeStreams, countStreams, openStreams } from './sockets.mjs';

const settleMs = 3000;  // two sweeps
const restMs = 3000;
const warmSeconds = 1;

/**
 * Each stream belongs to another member, and follows the notifications and a post of its own. Each round starts the program
 * anew: the heap that ten thousand closed streams leave makes pages dearer, and would make the comparison look too good.
 * @param {() => Promise<void>} restart  gives the program anew, and `partsOf` its processes
 * @returns {Promise<Array<{kb: number, restPercent: number, without: object, with: object}>>}
 */
export async function idle({ host, port, net, restart, partsOf, visitor, cookie, list, streams, posts, rounds, seconds, connections, note }) {
  await addMembers(streams);
  const cookies = await cookiesOf(Array.from({ length: streams }, (_, i) => 1 + i));
  const wanted = cookies.map((one, i) => ({ topics: `p${1 + (i % posts)}:0,u${1 + i}:0`, cookie: one }));
  const out = [];
  for (let round = 1; round <= rounds; ++round) {
    note(`[${round}/${rounds}] ${streams} idle streams`);
    await restart();
    const parts = partsOf();
    const page = (time) => measure(`http://${host}:${port}${list}`, parts, { cookie, seconds: time, connections });
    await page(warmSeconds);
    const without = await page(seconds);
    const before = memory(parts.app);
    const sockets = await openStreams(host, port, net, wanted);
    await countStreams(visitor, streams);
    await pause(settleMs);
    const kb = ((memory(parts.app) - before) * 1024) / streams;
    const all = Object.values(parts).flat();
    const begun = cpu(all);
    await pause(restMs);
    const restPercent = (cpu(all) - begun) / 1e6 / restMs * 100;
    out.push({ kb, restPercent, without, with: await page(seconds) });
    await countStreams(visitor, streams);
    closeStreams(sockets);
    await countStreams(visitor, 0);
  }
  return out;
}
