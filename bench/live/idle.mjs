// What streams cost on which nothing happens: memory, and the pages that the same program serves meanwhile.
import { setTimeout as pause } from 'node:timers/promises';

import { measure } from '../load.mjs';
import { cpu, memory } from '../processes.mjs';
import { addMembers, cookiesOf } from './members.mjs';
import { closeStreams, countStreams, openStreams } from './sockets.mjs';

const settleMs = 3000;  // two sweeps
const restMs = 5000;

/**
 * Each stream is of another member, and follows the bell and a post of its own.
 * @returns {Promise<{kb: number, restPercent: number, rounds: Array<{without: object, with: object}>}>}
 */
export async function idle({ host, port, net, site, parts, visitor, cookie, list, streams, posts, rounds, seconds, connections, note }) {
  await addMembers(streams);
  const cookies = await cookiesOf(Array.from({ length: streams }, (_, i) => 1 + i));
  const wanted = cookies.map((cookie, i) => ({ topics: `p${1 + (i % posts)}:0,u${1 + i}:0`, cookie }));
  const load = { cookie, seconds, connections };
  const page = () => measure(`http://${host}:${port}${list}`, parts, load);
  const all = Object.values(parts).flat();
  const out = { rounds: [] };
  const open = async () => {
    const sockets = await openStreams(host, port, net, wanted);
    await countStreams(visitor, streams);
    await pause(settleMs);
    return sockets;
  };
  const close = async (sockets) => {
    await countStreams(visitor, streams);
    closeStreams(sockets);
    await countStreams(visitor, 0);
  };

  // Before any load: what that leaves to the program would be room for streams.
  closeStreams(await openStreams(host, port, net, wanted.slice(0, 1)));
  await countStreams(visitor, 0);
  const before = memory(site);
  const first = await open();
  out.kb = ((memory(site) - before) * 1024) / streams;
  const begun = cpu(all);
  await pause(restMs);
  out.restPercent = (cpu(all) - begun) / 1e6 / restMs * 100;
  await close(first);

  await page();
  for (let round = 1; round <= rounds; ++round) {
    note(`[${round}/${rounds}] ${streams} idle streams`);
    const earlier = await page();
    const sockets = await open();
    const meanwhile = await page();
    await close(sockets);
    const later = await page();
    // Whatever changes with time is on both sides.
    const without = Object.fromEntries(Object.keys(later).map((part) => [part, (earlier[part] + later[part]) / 2]));
    out.rounds.push({ without, with: meanwhile });
  }
  return out;
}
