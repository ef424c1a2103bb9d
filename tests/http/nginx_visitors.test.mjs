// What Nginx's limits count as one visitor: the map of deploy/nginx in a small Nginx of its own.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { eventually } from '../support/assert.mjs';
import { root } from '../support/stack.mjs';

const exec = promisify(execFile);
let folder;
let nginx;

const ask = (address) => new Promise((resolve, reject) => {
  const options = { socketPath: join(folder, 'socket'), path: '/', headers: { host: 'x', 'x-forwarded-for': address } };
  http.get(options, (answer) => answer.resume().on('end', () => resolve(answer.statusCode))).on('error', reject);
});

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minschool-visitors-'));
  await chmod(folder, 0o755);
  const [map] = /^map \$binary_remote_addr \$minschool_visitor \{[^]*?^\}/m.exec(await readFile(join(root, 'deploy/nginx/minschool-loadbalancer.conf'), 'utf8'));
  const conf = join(folder, 'nginx.conf');
  await writeFile(conf, `daemon off; pid ${folder}/pid; error_log stderr; ${process.getuid() === 0 ? 'user root;' : ''}
events {}
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  ${map}
  limit_req_zone $minschool_visitor zone=one:1m rate=1r/m;
  limit_req_status 429;
  server { listen unix:${folder}/socket; set_real_ip_from unix:; real_ip_header X-Forwarded-For; location / { limit_req zone=one; try_files /none =204; } }
}
`);
  await exec('nginx', ['-t', '-q', '-p', folder, '-c', conf]);
  nginx = spawn('nginx', ['-p', folder, '-c', conf], { stdio: 'ignore' });
  await eventually(async () => { try { return await ask('192.0.2.1') > 0; } catch { return false; } }, 'Nginx');
});
after(async () => {
  nginx?.kill('SIGTERM');
  await rm(folder, { recursive: true });
});

test('an IPv6 /64 is one visitor, and so is an IPv4 address in any notation', async () => {
  const groups = [
    ['203.0.113.7', '::ffff:203.0.113.7', '::ffff:cb00:7107'],
    ['203.0.113.8', '::ffff:203.0.113.8'],
    ['2001:db8:0:7::1', '2001:db8:0:7:ffff:ffff:ffff:ffff', '2001:db8:0:7:a0a:0a0a:0a0a:a'],
    ['2001:db8:0:8::1', '2001:db8:0:8::2'],
    ['2001:a0a:a0a:a0a::1', '2001:a0a:a0a:a0a:a0a::'],
    ['::1', '::2'],
  ];
  for (const [first, ...others] of groups) {
    assert.notEqual(await ask(first), 429, `${first} is new`);
    for (const other of others) assert.equal(await ask(other), 429, `${other} is ${first}`);
  }
});
