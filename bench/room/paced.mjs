// A fixed number of requests a second, however long the answers take: each has its moment, and its time is counted from that
// moment, also while no connection is free for it. Bare sockets, because 2,000 a second of node:http need half a processor.
import net from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

const connections = 64;
const tickMs = 1;
const timeoutMs = 10_000;

const buffer = Buffer.alloc(256 * 1024);

/** One connection; `ask` is answered by `done(status)`. */
function connect(host, port, free) {
  return new Promise((resolve, reject) => {
    const one = { left: 0, done: undefined };
    const take = (n) => {
      let at = 0;
      if (one.left === 0) {
        const head = buffer.latin1Slice(0, Math.min(n, 4096));
        const end = head.indexOf('\r\n\r\n');
        const length = /\r\ncontent-length: (\d+)/i.exec(head);
        if (end < 0 || !length) throw new Error(`an answer without its head in one piece: ${head.slice(0, 80)}`);
        one.status = Number(head.slice(9, 12));
        one.left = Number(length[1]);
        at = end + 4;
      }
      one.left -= n - at;
      if (one.left > 0) return true;
      one.done(one.status);
      free.push(one);
      return true;
    };
    one.socket = net.connect({ host, port, onread: { buffer, callback: take } }, () => resolve(one));
    one.socket.setNoDelay(true);
    one.socket.once('error', reject);
    one.socket.once('close', () => { one.closed = true; });
  });
}

/**
 * @param {() => string} request  the next one, whole
 * @returns {Promise<{ms: Float64Array, bad: number, perSecond: number, timerMs: number}>} sorted; answers that were not 200; how
 *          late 99 % of this program's own timers were at most
 */
export async function paced({ host, port, perSecond, seconds, request }) {
  const free = [];
  for (let i = 0; i < connections; ++i) free.push(await connect(host, port, free));
  const total = perSecond * seconds;
  const ms = new Float64Array(total);
  const timers = monitorEventLoopDelay({ resolution: 1 });
  timers.enable();
  let [sent, answered, bad] = [0, 0, 0];
  const begun = performance.now();
  const due = () => Math.min(total, Math.floor(((performance.now() - begun) / 1000) * perSecond) + 1);
  while (answered < total) {
    for (const until = due(); sent < until && free.length > 0; ++sent) {
      const one = free.pop();
      if (one.closed) throw new Error('a connection was closed');
      const moment = begun + (sent / perSecond) * 1000;
      one.done = (status) => {
        ms[answered++] = performance.now() - moment;
        if (status !== 200) ++bad;
      };
      one.socket.write(request());
    }
    if (performance.now() - begun > seconds * 1000 + timeoutMs) throw new Error(`${total - answered} of ${total} have no answer`);
    await pause(tickMs);
  }
  timers.disable();
  const took = (performance.now() - begun) / 1000;
  for (const { socket } of free) socket.destroy();
  return { ms: ms.sort(), bad, perSecond: total / took, timerMs: timers.percentile(99) / 1e6 };
}
