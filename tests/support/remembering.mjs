// Sites beside those of the stack that remember for longer than any test waits: only hints make them forget.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after } from 'node:test';

import { eventually } from './assert.mjs';
import { Client } from './client.mjs';
import { facts, state } from './stack.mjs';

const rememberMs = 60_000;

/**
 * One Site for each of these app servers, on ports of its own from `firstPort` + 1 on; they end with the test file.
 * @returns {Promise<Client[]>}  a guest of each
 */
export async function rememberingSites(appNumbers, firstPort) {
  const { net, build } = await facts();
  const guests = [];
  for (const number of appNumbers) {
    const port = firstPort + number;
    const child = spawn(join(build, 'minschool-site'), ['--config', join(state, 'config', `app${number}-site.toml`)], {
      stdio: 'ignore', env: { ...process.env, MINSCHOOL_SERVER_PORT: String(port), MINSCHOOL_SITE_REMEMBER_MS: String(rememberMs) },
    });
    after(() => child.kill('SIGTERM'));
    const guest = new Client(`http://${net}.${10 + number}:${port}`);
    await eventually(() => guest.get('/').then(({ status }) => status === 200, () => false), 'a Site that remembers');
    guests.push(guest);
  }
  return guests;
}
