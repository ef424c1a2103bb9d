// The cost of a page that several programs serve which share nothing but the machine: `sizes` of bench/run.mjs's
// constant page behind an Nginx like the stack's. What that costs more with more programs is the processors' caches.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from '../../tests/support/client.mjs';
import { tree } from '../processes.mjs';

const { state, net, build, port } = process.env;
const at = 3100;  // beside the app servers' own 3000 and 3001
const address = (number) => `${net}.${10 + number}`;

async function answering(child, url, cookie) {
  for (let tries = 200; ; --tries) {
    const answer = await new Client(new URL(url).origin).get(new URL(url).pathname, { headers: { cookie } }).catch(() => undefined);
    if (answer?.status === 200) return;
    if (tries === 0 || child.exitCode !== null) throw new Error(`${url} does not answer: ${answer?.status ?? child.exitCode}`);
    await pause(50);
  }
}

/** {url, parts, stop} for that many programs; the stack has as many app servers, whose upstreams its Nginx names. */
export async function serveConstant(count, body, cookie) {
  const folder = `${state}/constant`;
  fs.mkdirSync(folder, { recursive: true });
  for (const name of ['list', 'home', 'post']) fs.writeFileSync(`${folder}/${name}.html`, body);
  const programs = [];
  for (let number = 1; number <= count; ++number) {
    const child = spawn(`${build}/constant_page`, [`${state}/config/app${number}-site.toml`, at, 1, folder].map(String), { stdio: ['ignore', 'ignore', 'inherit'] });
    programs.push(child);
    await answering(child, `http://${address(number)}:${at}/list`, cookie);
  }
  const [listen, own] = [Number(port) + 30, `${state}/nginx-servers`];
  fs.rmSync(own, { recursive: true, force: true });
  fs.cpSync(`${state}/nginx`, own, { recursive: true, filter: (from) => !/\/cache(\/|$)|\/temp\//.test(from) });
  for (const name of ['nginx.conf', 'minschool-loadbalancer.conf']) {
    const text = fs.readFileSync(`${own}/${name}`, 'utf8')
      .replaceAll(`${state}/nginx/`, `${own}/`).replaceAll(`"${state}/nginx/cache"`, `"${own}/cache"`)
      .replaceAll('/nginx.master"', '/nginx-servers.master"').replaceAll(':3000 ', `:${at} `)
      .replace(`127.0.0.1:${Number(port) + 1} `, `127.0.0.1:${listen + 1} `).replace(`127.0.0.1:${port} `, `127.0.0.1:${listen} `);
    fs.writeFileSync(`${own}/${name}`, text);
  }
  const nginx = spawn('/usr/sbin/nginx', ['-e', 'stderr', '-p', `${own}/`, '-c', `${own}/nginx.conf`], { stdio: ['ignore', 'ignore', fs.openSync(`${own}/error.log`, 'w')] });
  const url = `http://127.0.0.1:${listen}/list`;
  await answering(nginx, url, cookie);
  const all = [...programs, nginx];
  return {
    url,
    parts: { Nginx: tree(nginx.pid), app: programs.flatMap(({ pid }) => tree(pid)) },
    stop: async () => {
      const ended = all.map((child) => new Promise((resolve) => child.once('exit', resolve)));
      for (const child of all) child.kill('SIGTERM');
      await Promise.all(ended);
    },
  };
}
