// A program with a low limit of open files bounds its connections by it, keeps running, and does not fill the log.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { eventually } from '../support/assert.mjs';
import { Client } from '../support/client.mjs';
import { facts, root, state } from '../support/stack.mjs';

const port = 3777, files = 64, crowd = 200;
const program = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release', 'minschool-site');
const { net: network } = await facts();
const address = `${network}.99`;
const config = join(state, 'config', 'few-files.toml');
let child, output = '';

after(async () => {
  child?.kill('SIGTERM');
  await rm(config, { force: true });
});

test(`with ${files} open files ${crowd} connections do not end it, and the log reports them in a few lines`, async () => {
  const text = await readFile(join(state, 'config', 'app1-site.toml'), 'utf8');
  await writeFile(config, text.replace(/^address = .*$/m, `address = "${address}"`).replace(/^port = .*$/m, `port = ${port}`)
    .replace(/^name = "app1"$/m, 'name = "few"'));
  child = spawn('bash', ['-c', `ulimit -n ${files}; exec '${program}' --config '${config}'`], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => { output += bytes; });
  const health = async () => (await new Client(`http://${address}:${port}`, { agent: false }).get('/health').catch(() => undefined))?.status;
  await eventually(async () => await health() === 200, 'an answer');
  assert.match(output, /only 64 files may be open .*connections per thread instead of/);

  const open = Array.from({ length: crowd }, () => net.connect(port, address).on('error', () => {}));
  const ended = (socket) => new Promise((resolve) => socket.on('close', resolve));
  // Connections without room are closed at once; the others stay open.
  await Promise.all(open.slice(-1).map(ended));
  for (const socket of open) socket.destroy();
  await eventually(async () => await health() === 200, 'an answer afterwards');
  const complaints = output.split('\n').filter((line) => /accept|open files/i.test(line));
  assert.ok(complaints.length <= 6, complaints.join('\n'));
});
