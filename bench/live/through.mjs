// The memory of streams through Nginx: in Nginx itself, and in the kernel for their sockets.
import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { memory, started } from '../processes.mjs';
import { cookiesOf } from './members.mjs';
import { closeStreams, openStreams } from './sockets.mjs';

const settleMs = 3000;
// This process's own end, Nginx's two, and the app server's.
const socketsOfStream = 4, socketsOfServers = 3;

const slabKb = () => Number(/^Slab: +(\d+)/m.exec(fs.readFileSync('/proc/meminfo', 'utf8'))[1]);

/** @returns {Promise<{nginxKb: number, kernelKb: number}>}  for each of `streams` streams */
export async function through({ runDir, port, net, streams }) {
  const ids = Array.from({ length: streams }, (_, i) => 1 + i);
  const wanted = (await cookiesOf(ids)).map((cookie, i) => ({ topics: `u${ids[i]}:0`, cookie }));
  const nginx = started(runDir, 'nginx');
  const before = { nginx: memory(nginx), slab: slabKb() };
  const sockets = await openStreams('127.0.0.1', port, net, wanted);
  await pause(settleMs);
  const nginxKb = ((memory(nginx) - before.nginx) * 1024) / streams;
  const kernelKb = (((slabKb() - before.slab) / streams) * socketsOfServers) / socketsOfStream;
  closeStreams(sockets);
  return { nginxKb, kernelKb };
}
