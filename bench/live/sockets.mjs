// Many streams of GET /events on bare sockets, so that this side's cost of ten thousand does not hide the server's.
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const openingAtOnce = 100;  // more guests at once are asked to wait (docs/decisions/0013-room.md)
const timeoutMs = 60_000;
// A closed connection keeps its port for a minute, so the streams come from many addresses.
const addresses = 100;

// All sockets read into this one, each to the end before the next begins.
const buffer = Buffer.alloc(256 * 1024);

function openOne({ host, port, from, topics, cookie }, onBytes) {
  return new Promise((resolve, reject) => {
    let head = '';
    const refuse = () => reject(new Error(`a stream did not open: ${head.split('\r\n')[0] || 'no answer'}`));
    let read = (bytes) => {
      head += bytes.latin1Slice();
      // The first bytes of a stream: the server has accepted it.
      if (!head.includes('\nretry: ')) return;
      if (!head.startsWith('HTTP/1.1 200 ')) return refuse();
      read = (bytes) => onBytes(socket, bytes);
      resolve(socket);
    };
    const onread = { buffer, callback: (n) => { read(buffer.subarray(0, n)); return true; } };
    const socket = net.connect({ host, port, localAddress: from, onread });
    socket.on('error', () => {});
    socket.on('close', refuse);
    const lines = [`GET /events?topics=${topics} HTTP/1.1`, `Host: ${host}:${port}`, `X-Request-Id: ${randomBytes(16).toString('hex')}`];
    if (cookie) lines.push(`Cookie: ${cookie}`);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  });
}

/**
 * Opens them all; rejects when one is refused.
 * @param {string} net  "127.0.99", where they come from
 * @param {Array<{topics: string, cookie?: string}>} wanted
 * @param {(socket: net.Socket, bytes: Buffer) => void} onBytes  the bytes are overwritten after it returns
 */
export async function openStreams(host, port, network, wanted, onBytes = () => {}) {
  const sockets = [];
  let next = 0;
  const open = async () => {
    while (next < wanted.length) {
      const i = next++;
      sockets[i] = await openOne({ host, port, from: `${network}.${101 + (i % addresses)}`, ...wanted[i] }, onBytes);
    }
  };
  await Promise.all(Array.from({ length: openingAtOnce }, open));
  return sockets;
}

export const closeStreams = (sockets) => sockets.forEach((socket) => socket.destroy());

/** Waits until the program counts that many. */
export async function countStreams(visitor, count) {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const { streams } = (await visitor.get('/health')).json();
    if (streams === count) return;
    if (performance.now() > end) throw new Error(`${streams} streams instead of ${count}`);
    await pause(50);
  }
}
