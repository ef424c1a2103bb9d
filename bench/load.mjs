// Load by wrk, and its cost in each part of the stack.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { cpu } from './processes.mjs';

const run = promisify(execFile);
const manyAddresses = fileURLToPath(new URL('spread/addresses.lua', import.meta.url));
// wrk stops by itself; this timeout is for one that hangs.
const timeoutMs = 10_000;

// Nginx gives every request an id; asked directly, the app server would have to make one.
const requestId = 'X-Request-Id: bench';

const milliseconds = ([, value, unit]) => value * { us: 0.001, ms: 1, s: 1000, m: 60_000 }[unit];

/** `addresses`: {file, from, count}, which replaces `url`'s path: `count` lines of a file behind `from`, or all again and again. */
async function wrk(url, { cookie, coding, seconds, connections, addresses }) {
  const headers = [requestId, ...(cookie ? [`Cookie: ${cookie}`] : []), ...(coding ? [`Accept-Encoding: ${coding}`] : [])];
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...headers.flatMap((header) => ['-H', header]),
    ...(addresses ? ['-s', manyAddresses, url, '--', ...Object.values(addresses).map(String)] : [url])];
  const { stdout } = await run('wrk', args, { timeout: seconds * 1000 + timeoutMs });
  const broken = /Non-2xx.*|Socket errors.*/.exec(stdout);
  if (broken) throw new Error(`${url}: ${broken[0]}`);
  const share = (percent) => milliseconds(new RegExp(`^ +${percent}% +([\\d.]+)(us|ms|s|m)$`, 'm').exec(stdout));
  return {
    requests: Number(/(\d+) requests in/.exec(stdout)[1]),
    perSecond: Number(/Requests\/sec: +([\d.]+)/.exec(stdout)[1]),
    p50: share(50),
    p99: share(99),
  };
}

/**
 * Loads `url`, or with `options.addresses` many addresses of that site, for some seconds.
 * @param {Record<string, number[]>} parts  process ids by name of the part
 * @returns {Promise<{requests: number, perSecond: number, p50: number, p99: number, all: number}>} p50 and p99 are milliseconds until the
 *          answer was there; under the name of each part, and for all, µs of CPU per request
 */
export async function measure(url, parts, options) {
  const names = Object.keys(parts);
  const before = names.map((name) => cpu(parts[name]));
  const { requests, ...seen } = await wrk(url, options);
  const result = { ...seen, requests, all: 0 };
  names.forEach((name, i) => {
    result[name] = (cpu(parts[name]) - before[i]) / 1000 / requests;
    result.all += result[name];
  });
  return result;
}
