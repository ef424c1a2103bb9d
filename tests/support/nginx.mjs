// An Nginx for one test, with the files that `minschool setup` would write for a domain, in front of the app servers of the
// running stack, and a CDN or load balancer in front of it.
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { eventually } from './assert.mjs';
import { facts, root } from './stack.mjs';

const run = promisify(execFile);
const program = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release', 'minschool');

async function freePort() {
  const keeper = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => keeper.once('listening', resolve));
  const { port } = keeper.address();
  await new Promise((resolve) => keeper.close(resolve));
  return port;
}

async function start(folder, http) {
  await mkdir(join(folder, 'temp'), { recursive: true });
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path "${folder}/temp/${kind}";`).join(' ');
  await writeFile(join(folder, 'nginx.conf'), `${process.getuid() === 0 ? 'user root;' : ''} daemon off; worker_processes 1; pid "${folder}/pid"; error_log "${folder}/error.log";
    load_module /usr/lib/nginx/modules/ngx_http_brotli_static_module.so; load_module /usr/lib/nginx/modules/ngx_http_brotli_filter_module.so;
    events {} http { include /etc/nginx/mime.types; ${temp} ${http} }`);
  const child = spawn('/usr/sbin/nginx', ['-e', join(folder, 'error.log'), '-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await eventually(() => readFile(join(folder, 'pid'), 'utf8').then((pid) => pid.length > 0, async () => {
    if (child.exitCode !== null) throw new Error(await readFile(join(folder, 'error.log'), 'utf8'));
    return false;
  }), 'Nginx');
  return async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  };
}

/** Starts Nginx with the files of setup and these options of `minschool nginx-config`: {port, tlsPort, folder, clientOf, stop}. `lines`: other values of marked lines. */
export async function installed(words, lines = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'minschool-nginx-'));
  const { net } = await facts();
  const [port, tlsPort] = [await freePort(), await freePort()];
  const own = {
    site_servers: `server ${net}.11:3000;`, admin_servers: `server ${net}.11:3001;`,
    cache: `proxy_cache_path "${folder}/cache" levels=1:2 keys_zone=minschool:1m use_temp_path=off;`,
    access_log: `access_log "${folder}/access.log" minschool;`, monitor_log: 'access_log off;', monitor: `proxy_pass http://${net}.10:3002;`,
    saved_pages: `root "${folder}/pages/current";`, assets: `alias "${root}/build/assets/";`, errors: `alias "${root}/deploy/nginx/errors/";`,
    acme: `root "${folder}/acme";`, files: `alias "${folder}/files/";`,
    objects_cache: `proxy_cache_path "${folder}/objects" levels=1:2 keys_zone=minschool_objects:1m use_temp_path=off;`,
  };
  own.monitor_log = `access_log "${folder}/access.log" minschool;`;
  own.access_log = '# once';
  Object.assign(own, lines);
  await mkdir(join(folder, 'pages', 'first'), { recursive: true });
  await symlink('first', join(folder, 'pages', 'current'));
  await mkdir(join(folder, 'acme', '.well-known', 'acme-challenge'), { recursive: true });
  await writeFile(join(folder, 'acme', '.well-known', 'acme-challenge', 'token'), 'proof');
  await mkdir(join(folder, 'snippets'));
  const sets = Object.entries(own).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  for (const file of ['minschool-loadbalancer.conf', 'snippets/minschool-server.conf', 'snippets/minschool-errors.conf', 'snippets/minschool-uploads.conf']) {
    const { stdout } = await run(program, ['nginx-config', join(root, 'deploy', 'nginx', file), ...words, ...sets]);
    await writeFile(join(folder, file), stdout.replaceAll(/^( *)listen \[::\]:.*$/gm, '')
      .replaceAll(/listen 80\b/g, `listen 127.0.0.1:${port}`).replaceAll(/listen 443\b/g, `listen 127.0.0.1:${tlsPort}`));
  }
  const stop = await start(folder, `include "${folder}/minschool-loadbalancer.conf";`);
  /** The client address of the latest request for `path` in the log, which is written after the answer. */
  const clientOf = async (path) => {
    const asked = async () => (await readFile(join(folder, 'access.log'), 'utf8')).split('\n').filter(Boolean).map((line) => JSON.parse(line)).findLast((line) => line.path === path);
    await eventually(asked, `a line of ${path} in the log`);
    return (await asked()).client;
  };
  return { port, tlsPort, folder, clientOf, stop };
}

/** Starts a CDN or load balancer at `address` in front of `toPort`. It sends `scheme` and adds the visitor's address: {port, stop}. */
export async function balancer(address, toPort, scheme) {
  const folder = await mkdtemp(join(tmpdir(), 'minschool-balancer-'));
  const port = await freePort();
  const stop = await start(folder, `access_log off; server { listen 127.0.0.1:${port}; location / {
    proxy_pass http://127.0.0.1:${toPort}; proxy_bind ${address}; proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto ${scheme}; } }`);
  return { port, stop };
}

/** A self-signed certificate for these names: {certificate, key, remove}. */
export async function certificate(names) {
  const folder = await mkdtemp(join(tmpdir(), 'minschool-certificate-'));
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${names[0]}`,
    '-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`, '-keyout', key, '-out', certificate]);
  return { certificate, key, remove: () => rm(folder, { recursive: true }) };
}
