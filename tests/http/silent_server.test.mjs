// An app server does not answer, because it is frozen or out of reach: a read is answered within 3 s.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';

import { processesOf } from '../../drill/faults/unhealthy_app.mjs';
import { eventually } from '../support/assert.mjs';
import { newMember, visitor } from '../support/members.mjs';
import { appUrl, stack, status } from '../support/stack.mjs';

const unhealthy = 'app2', number = 2, promisedMs = 3000, visitors = 24;
const pages = ['/', '/boards/notice', '/login'];
const { client: member } = await newMember();
let listener, held = [];

async function timed(client, path) {
  const begun = performance.now();
  const answer = await client.get(path);
  assert.equal(answer.status, 200, `${path}: ${answer.text.slice(0, 200)}`);
  return performance.now() - begun;
}

/** The longest wait of many visitors who read at the same time, each on a connection of their own. */
async function longestWait() {
  const guests = Array.from({ length: visitors }, (_, place) => timed(visitor(), pages[place % pages.length]));
  return Math.max(...await Promise.all([...guests, timed(member, '/my')]));
}

async function assertFastAnswers() {
  for (let round = 0; round < 3; round++) {
    const waited = await longestWait();
    assert.ok(waited < promisedMs + 2 * usual, `${Math.round(waited)} ms, and ${Math.round(usual)} ms where all servers answer`);
  }
}

/** Listens in place of a server whose packets are lost: its queue of new connections is full, so Linux drops further ones. */
async function dropConnections(host, port) {
  const program = `require('net').createServer().listen({ host: '${host}', port: ${port}, backlog: 1 }, () => process.stdout.write('up', () => process.kill(process.pid, 'SIGSTOP')))`;
  listener = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(listener.stdout, 'data');
  held = Array.from({ length: 8 }, () => net.connect(port, host).on('error', () => {}));
  await eventually(() => held.filter(({ connecting }) => connecting).length > 0, 'a full queue');
}

const allHealthy = async () => (await status()).every(({ health }) => health === 'ok');
const usual = await longestWait();

after(async () => {
  for (const socket of held) socket.destroy();
  listener?.kill('SIGKILL');
  await stack('start', unhealthy);
  await eventually(allHealthy, 'health ok');
});

test('pages are fast while a server is frozen', async () => {
  const pids = await processesOf(unhealthy);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await assertFastAnswers();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
  await eventually(allHealthy, 'health ok');
});

test('pages are fast while no packet reaches a server', async () => {
  const { hostname, port } = new URL(await appUrl(number));
  await stack('stop', unhealthy);
  await dropConnections(hostname, port);
  await assertFastAnswers();
});
