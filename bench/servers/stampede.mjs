// Thousands request one page at the same moment: all connections are open before the first byte is sent.
import net from 'node:net';

const openingAtOnce = 200;
const timeoutMs = 30_000;
// A closed connection keeps its port for a minute, so the requests come from many addresses.
const addresses = 200;

// All sockets read into this one, each to the end before the next begins.
const buffer = Buffer.alloc(256 * 1024);

function connect({ host, port }, from) {
  return new Promise((resolve, reject) => {
    const visitor = { head: '', bytes: 0 };
    const onread = {
      buffer,
      callback: (n) => {
        if (visitor.bytes === 0) visitor.head = buffer.latin1Slice(0, Math.min(n, 2048));
        visitor.bytes += n;
        return true;
      },
    };
    visitor.socket = net.connect({ host, port, localAddress: from, onread }, () => resolve(visitor));
    visitor.end = new Promise((ended) => visitor.socket.once('close', ended));
    visitor.socket.once('error', reject);
  });
}

/** The status of a whole answer; 0 of one that is missing or cut. */
function statusOf({ head, bytes }) {
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? NaN);
  const begin = head.indexOf('\r\n\r\n') + 4;
  return begin > 3 && bytes === begin + length ? Number(head.slice(9, 12)) : 0;
}

/**
 * @param {Array<{host: string, port: number}>} servers  in turn
 * @param {string[]} cookies  in turn; none for guests
 * @returns {Promise<{statuses: Record<number, number>, ms: number}>} how many answers of each status, and until the last one
 */
export async function stampede({ servers, network, path, cookies, count }) {
  const visitors = [];
  let next = 0;
  const open = async () => {
    while (next < count) {
      const i = next++;
      visitors[i] = await connect(servers[i % servers.length], `${network}.${10 + (i % addresses)}`);
    }
  };
  await Promise.all(Array.from({ length: openingAtOnce }, open));
  const begun = performance.now();
  visitors.forEach(({ socket }, i) => {
    const lines = [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', `X-Request-Id: stampede-${i}`];
    if (cookies.length) lines.push(`Cookie: ${cookies[i % cookies.length]}`);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  });
  const late = setTimeout(() => visitors.forEach(({ socket }) => socket.destroy()), timeoutMs);
  await Promise.all(visitors.map(({ end }) => end));
  clearTimeout(late);
  const statuses = {};
  for (const visitor of visitors) statuses[statusOf(visitor)] = (statuses[statusOf(visitor)] ?? 0) + 1;
  return { statuses, ms: performance.now() - begun };
}
