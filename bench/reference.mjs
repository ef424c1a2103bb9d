// The references of a page: its own bytes from a program that does nothing else, a Site without page caches, and an Nginx of
// its own in front of each, with the configuration of the stack's Nginx.
import { spawn } from 'node:child_process';
import fs from 'node:fs';

import { Client } from '../tests/support/client.mjs';
import { tree } from './processes.mjs';

const { state, port, net, build } = process.env;
const address = `${net}.11`;
const anyApp = new RegExp(`${net.replaceAll('.', '\\.')}\\.(\\d+):3000 `, 'g');
const siteConfig = `${state}/config/app1-site.toml`;

async function answering(child, url, cookie) {
  const visitor = new Client(new URL(url).origin);
  for (let tries = 100; ; --tries) {
    const answer = await visitor.get(new URL(url).pathname, { headers: { cookie } }).catch(() => undefined);
    if (answer?.status === 200) return child;
    if (tries === 0 || child.exitCode !== null) throw new Error(`${url} does not answer: ${answer?.status ?? child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// What the HTTP server itself says of each answer.
const itsOwn = ['date', 'content-length', 'connection', 'keep-alive'];

/** The pages, by name, as /NAME on an app server's port with the very heads and bodies; /rows is the list after its query. */
export async function serveConstant(at, board, pages) {
  const folder = `${state}/constant`;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  for (const [name, { headers, text }] of Object.entries(pages)) {
    const head = Object.entries(headers).filter(([field]) => !itsOwn.includes(field)).map(([field, value]) => `${field}: ${value}\n`);
    fs.writeFileSync(`${folder}/${name}.head`, head.join(''));
    fs.writeFileSync(`${folder}/${name}.html`, text);
  }
  const child = spawn(`${build}/constant_page`, [siteConfig, at, board, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  return answering(child, `http://${address}:${at}/${Object.keys(pages)[0]}`, '');
}

/** A Site like app1's without page caches. */
export async function serveAnew(at, path, cookie) {
  const child = spawn(`${build}/minschool-site`, ['--config', siteConfig], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: { ...process.env, MINSCHOOL_SERVER_PORT: String(at), MINSCHOOL_SITE_REMEMBER_MS: '0' },
  });
  return answering(child, `http://${address}:${at}${path}`, cookie);
}

/** An Nginx like the stack's on its own port, before the app servers at the ports `to`; /files/ are the constant bodies as files. */
export async function serveNginx(listen, to, path, cookie) {
  const folder = `${state}/nginx-${listen}`;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.cpSync(`${state}/nginx`, folder, { recursive: true, filter: (from) => !/\/cache(\/|$)|\/temp\//.test(from) });
  const adminPort = Number(port) + 1;
  const ports = [to].flat();
  for (const name of ['nginx.conf', 'minschool-loadbalancer.conf']) {
    const text = fs.readFileSync(`${folder}/${name}`, 'utf8')
      .replaceAll(`${state}/nginx/`, `${folder}/`).replaceAll(`"${state}/nginx/cache"`, `"${folder}/cache"`)
      .replaceAll('/nginx.master"', `/nginx-${listen}.master"`)
      .replaceAll(anyApp, (_, number) => `${address}:${ports[number % ports.length]} `)
      .replace(`127.0.0.1:${adminPort} `, `127.0.0.1:${listen + 1} `)
      .replace(`127.0.0.1:${port}; `, `127.0.0.1:${listen}; `)
      .replace(`127.0.0.1:${port} backlog=4096; server_name localhost;`, `127.0.0.1:${listen} backlog=4096; server_name localhost;
    location /files/ { alias "${state}/constant/"; charset utf-8; }`);
    fs.writeFileSync(`${folder}/${name}`, text);
  }
  const child = spawn('/usr/sbin/nginx', ['-e', 'stderr', '-p', `${folder}/`, '-c', `${folder}/nginx.conf`], { stdio: ['ignore', 'ignore', fs.openSync(`${folder}/error.log`, 'w')] });
  return answering(child, `http://127.0.0.1:${listen}${path}`, cookie);
}

export function stop(children) {
  for (const child of children) child.kill('SIGTERM');
}

export const processes = (child) => tree(child.pid);
