// Sites beside those of the stack whose page caches outlast every test: only published changes invalidate them.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after } from 'node:test';

import { eventually } from './assert.mjs';
import { Client } from './client.mjs';
import { facts, state } from './stack.mjs';

const cacheMs = 60_000;

/**
 * Starts one Site for each of these app servers, on ports from `firstPort` + 1 on; they end with the test file.
 * @returns {Promise<Client[]>}  a guest of each
 */
export async function longCachingSites(appNumbers, firstPort) {
  const { net, build } = await facts();
  const guests = [];
  for (const number of appNumbers) {
    const port = firstPort + number;
    const child = spawn(join(build, 'minschool-site'), ['--config', join(state, 'config', `app${number}-site.toml`)], {
      stdio: 'ignore', env: { ...process.env, MINSCHOOL_SERVER_PORT: String(port), MINSCHOOL_SITE_REMEMBER_MS: String(cacheMs) },
    });
    after(() => child.kill('SIGTERM'));
    const guest = new Client(`http://${net}.${10 + number}:${port}`);
    await eventually(() => guest.get('/').then(({ status }) => status === 200, () => false), 'a Site with a long-lived page cache');
    guests.push(guest);
  }
  return guests;
}
