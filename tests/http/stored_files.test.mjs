// Nginx sends files for the programs (X-Accel-Redirect): out of the folder, and out of a bucket of a real S3 server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { installed } from '../support/nginx.mjs';
import { presigned } from '../support/s3_signature.mjs';

const bytes = randomBytes(9_000_000);  // three slices
const headers = { 'Content-Type': 'image/png', 'Content-Disposition': "attachment; filename*=UTF-8''%EA%B0%80.png", 'Cache-Control': 'private, max-age=60' };
const seen = [];  // what the S3 server was asked for
let nginx, app, s3, front, folder;

const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
const ask = (path, more = {}) => new Promise((resolve, reject) => {
  http.get({ host: '127.0.0.1', port: nginx.port, path, headers: { host: 'site.test', ...more } }, (answer) => {
    const parts = [];
    answer.on('data', (part) => parts.push(part)).on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
  }).on('error', reject);
});

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minschool-s3-'));
  s3 = spawn('node', ['--openssl-legacy-provider', join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../support/s3.mjs'), folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const s3Port = Number(await new Promise((resolve) => s3.stdout.once('data', resolve)));
  // Notes what Nginx asks for.
  front = http.createServer((request, response) => {
    seen.push({ range: request.headers.range, names: Object.keys(request.headers) });
    http.get({ host: '127.0.0.1', port: s3Port, path: request.url, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
  });
  const host = `127.0.0.1:${await listen(front)}`;
  await mkdir(join(folder, 's3/files/ab'), { recursive: true });
  for (const name of ['cd', 'small']) await writeFile(join(folder, `s3/files/ab/${name}._S3rver_object`), name === 'cd' ? bytes : 'small');
  app = http.createServer((request, response) => {
    const [, place, name, plain] = request.url.split('/');
    const path = place === 's3' ? `/stored-objects${presigned(host, `/files/ab/${name}`)}` : `/stored-files/ab/${name}`;
    response.writeHead(200, { ...headers, ...(plain ? {} : { 'Content-Security-Policy': "default-src 'none'; img-src 'self'" }), 'X-Accel-Redirect': path }).end();
  });
  nginx = await installed(['--domain', 'site.test', '--admin-domain', 'admin.site.test'], {
    site_servers: `server 127.0.0.1:${await listen(app)};`, objects: `map $host $minschool_objects { default "http://${host}"; }`,
  });
  await mkdir(join(nginx.folder, 'files/ab'), { recursive: true });
  for (const [name, content] of [['cd', bytes], ['small', 'small']]) await writeFile(join(nginx.folder, 'files/ab', name), content);
});
after(async () => {
  await nginx?.stop();
  for (const server of [app, front]) server?.close();
  s3?.kill();
  await rm(folder, { recursive: true, force: true });
});

for (const place of ['folder', 's3']) {
  test(`${place}: the bytes, and what the program says of them`, async () => {
    const answer = await ask(`/${place}/cd`);
    assert.equal(answer.status, 200);
    assert.ok(answer.body.equals(bytes));
    for (const [name, value] of Object.entries(headers)) assert.equal(answer.headers[name.toLowerCase()], value, name);
    assert.equal(answer.headers['content-security-policy'], "default-src 'none'; img-src 'self'");
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal((await ask(`/${place}/small/plain`)).headers['content-security-policy'], "default-src 'none'; sandbox");
  });

  test(`${place}: a range`, async () => {
    const answer = await ask(`/${place}/cd`, { range: 'bytes=4194300-4194310' });
    assert.equal(answer.status, 206);
    assert.ok(answer.body.equals(bytes.subarray(4194300, 4194311)));
    assert.equal(answer.headers['content-type'], 'image/png');
  });

  test(`${place}: a file that is missing, and a visitor who asks for the place itself`, async () => {
    assert.equal((await ask(`/${place}/missing`)).status, 404);
    for (const path of ['/stored-files/ab/cd', '/stored-objects/files/ab/cd']) assert.equal((await ask(path)).status, 404);
  });
}

test('s3: slices are saved, under names without a signature, and no header of the visitor is passed on', async () => {
  await ask('/s3/cd');
  const before = seen.length;
  const again = await ask('/s3/cd', { cookie: 'secret=1', 'x-mine': '1' });
  assert.ok(again.body.equals(bytes));
  assert.equal(seen.length, before, 'out of the cache');
  assert.ok(seen.some((one) => one.range === 'bytes=4194304-8388607'));
  assert.deepEqual([...new Set(seen.flatMap((one) => one.names))].sort(), ['host', 'range']);
});
