// The readers of delay.mjs, in a thread of their own: when each of them had each comment.
import { parentPort, workerData } from 'node:worker_threads';

import { openStreams } from './sockets.mjs';

const { host, port, net, post, readers, from, most } = workerData;
const longestLine = 64;
const begin = `id: p${post}:`;

const numbers = new Float64Array(readers * most * 2);
const times = new Float64Array(readers * most * 2);
let count = 0;

/** An event's first line is its id: all comments up to that number are there. */
function receive(socket, bytes) {
  const now = performance.timeOrigin + performance.now();
  const text = socket.rest + bytes.latin1Slice();
  for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at + 1)) {
    const end = text.indexOf('\n', at);
    if (end < 0) break;
    for (const number = Number(text.slice(at + begin.length, end)); socket.reached < number;) {
      numbers[count] = ++socket.reached;
      times[count++] = now;
    }
  }
  socket.rest = text.slice(-longestLine);
}

const begun = (socket, bytes) => receive(Object.assign(socket, { reached: socket.reached ?? from, rest: socket.rest ?? '' }), bytes);
const sockets = await openStreams(host, port, net, Array.from({ length: readers }, () => ({ topics: `p${post}:${from}` })), begun);
parentPort.postMessage('open');

parentPort.once('message', ({ commits }) => {
  const committed = new Map(commits);
  const ms = new Float64Array(count);
  for (let i = 0; i < count; ++i) ms[i] = times[i] - committed.get(numbers[i]);
  const last = from + commits.length;
  const behind = sockets.filter(({ reached }) => reached !== last);
  parentPort.postMessage({ ms: ms.sort(), behind: behind.length, cutOff: behind.filter(({ closed }) => closed).length });
});
