// The time of a program from exec to its first successful answer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const longestStartMs = 10_000;

function healthy(address, port) {
  return new Promise((resolve) => {
    const request = http.get({ host: address, port, path: '/health', agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
    });
    request.on('error', () => resolve(false));
  });
}

/** Milliseconds until /health says 200; the program is stopped again. */
export async function startTime(program, config, address, port) {
  const begun = performance.now();
  const child = spawn(program, ['--config', config], { env: { ...process.env, MINSCHOOL_SERVER_PORT: String(port) }, stdio: 'ignore' });
  const end = once(child, 'exit');
  try {
    while (!(await healthy(address, port))) {
      if (child.exitCode !== null || performance.now() - begun > longestStartMs) throw new Error(`${program} does not start`);
      await pause(1);
    }
    return performance.now() - begun;
  } finally {
    child.kill('SIGTERM');
    await end;
  }
}
