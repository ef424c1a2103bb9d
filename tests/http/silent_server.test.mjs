// An app server that says nothing, frozen or out of reach: whoever only reads has an answer within 3 s.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';

import { processesOf } from '../../drill/faults/half.mjs';
import { eventually } from '../support/assert.mjs';
import { joined, visitor } from '../support/members.mjs';
import { appUrl, stack, status } from '../support/stack.mjs';

const ill = 'app2', number = 2, promisedMs = 3000, visitors = 24;
const pages = ['/', '/boards/notice', '/login'];
const { client: member } = await joined();
let listener, held = [];

async function timed(client, path) {
  const begun = performance.now();
  const answer = await client.get(path);
  assert.equal(answer.status, 200, `${path}: ${answer.text.slice(0, 200)}`);
  return performance.now() - begun;
}

/** The longest wait of many who read at the same time, each on a connection of its own. */
async function longestWait() {
  const guests = Array.from({ length: visitors }, (_, place) => timed(visitor(), pages[place % pages.length]));
  return Math.max(...await Promise.all([...guests, timed(member, '/my')]));
}

async function assertPromise() {
  for (let round = 0; round < 3; round++) {
    const waited = await longestWait();
    assert.ok(waited < promisedMs + 2 * usual, `${Math.round(waited)} ms, and ${Math.round(usual)} ms where all servers answer`);
  }
}

/** Takes the place of a server whose packets are lost: its queue of new connections is full, so that Linux drops each further one. */
async function dropConnections(host, port) {
  const program = `require('net').createServer().listen({ host: '${host}', port: ${port}, backlog: 1 }, () => process.stdout.write('up', () => process.kill(process.pid, 'SIGSTOP')))`;
  listener = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(listener.stdout, 'data');
  held = Array.from({ length: 8 }, () => net.connect(port, host).on('error', () => {}));
  await eventually(() => held.filter(({ connecting }) => connecting).length > 0, 'a full queue');
}

const ok = async () => (await status()).every(({ health }) => health === 'ok');
const usual = await longestWait();

after(async () => {
  for (const socket of held) socket.destroy();
  listener?.kill('SIGKILL');
  await stack('start', ill);
  await eventually(ok, 'health ok');
});

test('a frozen server', async () => {
  const pids = await processesOf(ill);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await assertPromise();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
  await eventually(ok, 'health ok');
});

test('a server that no packet reaches', async () => {
  const { hostname, port } = new URL(await appUrl(number));
  await stack('stop', ill);
  await dropConnections(hostname, port);
  await assertPromise();
});
