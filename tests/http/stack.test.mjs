// What the load balancer and the app servers behind it promise, whoever is logged in.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { assertKoreanPage, assertProblem, eventually } from '../support/assert.mjs';
import { Client, adminUrl } from '../support/client.mjs';
import { appUrl, root, stack, status } from '../support/stack.mjs';

const visitor = new Client();

// A guests' page that is never saved, so that an app server answers each request.
const unkept = '/login';

/** Names of the app servers that answered `times` requests. */
async function servers(times) {
  const seen = new Set();
  for (let i = 0; i < times; i++) {
    const answer = await visitor.get(unkept);
    assert.equal(answer.status, 200);
    seen.add(answer.headers['x-served-by']);
  }
  return seen;
}

async function oneAsset() {
  const page = await visitor.get('/');
  const path = /(?:href|src)="(\/assets\/[^"]+\.(?:css|js))"/.exec(page.text)?.[1];
  assert.ok(path, 'the home page names an asset');
  return path;
}

test('requests are spread over all app servers, and each says its name', async () => {
  // A server that a test before this one killed may still be passed over for a second (fail_timeout).
  await eventually(async () => [...await servers(30)].sort().join() === 'app1,app2,app3', 'an answer by every app server');
});

test('the operator sees every program of every app server', async () => {
  for (const row of await status()) {
    assert.match(row.site, /^\d+$/);
    assert.match(row.admin, /^\d+$/);
    assert.equal(row.health, 'ok');
  }
});

test('an unknown path is a Korean 404, and below /api/ problem JSON', async () => {
  assertKoreanPage(await visitor.get('/no-such-page'), 404);
  assertProblem(await visitor.get('/api/v1/no-such-thing'), 404);
});

test('assets are immutable and compressed', async () => {
  const path = await oneAsset();
  for (const coding of ['gzip', 'br']) {
    const answer = await visitor.get(path, { headers: { 'accept-encoding': coding } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-encoding'], coding);
    assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable');
  }
  assertKoreanPage(await visitor.get('/assets/none.css'), 404);
});

test('pages are compressed for clients that accept it, and API responses are not', async () => {
  const decompress = { gzip: gunzipSync, br: brotliDecompressSync };
  for (const [coding, unpacked] of Object.entries(decompress)) {
    const packed = await visitor.get('/terms', { headers: { 'accept-encoding': `deflate, ${coding}` } });
    assert.equal(packed.headers['content-encoding'], coding);
    assert.match(packed.headers.vary, /accept-encoding/i);
    const plain = await visitor.get('/terms');
    assert.equal(plain.headers['content-encoding'], undefined);
    assertKoreanPage({ ...packed, text: unpacked(packed.bytes).toString('utf8') }, 200);
    assert.ok(packed.bytes.length < plain.bytes.length / 2);
    const api = await visitor.get('/api/v1/boards', { headers: { 'accept-encoding': coding } });
    assert.equal(api.headers['content-encoding'], undefined);
  }
});

test('/health and /metrics are not served to the outside', async () => {
  assertKoreanPage(await visitor.get('/health'), 404);
  assertKoreanPage(await visitor.get('/metrics'), 404);
  const direct = await new Client(await appUrl(1)).get('/health');
  assert.equal(direct.status, 200);
});

test('every answer carries its request id', async () => {
  const { headers } = await visitor.get('/');
  assert.match(headers['x-request-id'], /^[0-9a-f]{32}$/);
});

test('Nginx and an app server refuse a body that is too large with the same message', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', expect: '100-continue' };
  const sentence = '한 번에 보낼 수 있는 크기는 1MB까지입니다. 내용을 줄이거나 나누어 보내 주세요.';
  const limit = 1024 * 1024;
  for (const [who, client] of [['Nginx', visitor], ['an app server', new Client(await appUrl(1))]]) {
    const answer = await client.post('/login', { body: Buffer.alloc(limit + 1, 'a'), headers });
    assertKoreanPage(answer, 413);
    assert.ok(answer.text.includes(sentence), who);
    assert.notEqual((await client.post('/login', { body: Buffer.alloc(limit, 'a'), headers })).status, 413, who);
  }
  assertProblem(await visitor.post('/api/v1/session', { body: Buffer.alloc(limit + 1, 'a'), headers: { ...headers, 'content-type': 'application/json' } }), 413);
});

test('Nginx and the programs have the same body limit', async () => {
  const nginx = /client_max_body_size (\d+)m;/.exec(await readFile(join(root, 'deploy/nginx/snippets/minschool-server.conf'), 'utf8'))[1];
  const programs = /^body_bytes = (\d+)$/m.exec(await readFile(join(root, 'deploy/minschool.example.toml'), 'utf8'))[1];
  assert.equal(Number(nginx) * 1024 * 1024, Number(programs));
});

test('a header flood is refused in Korean, and the server keeps running', async () => {
  const answer = await visitor.get('/', { headers: { 'x-flood': 'a'.repeat(60_000) } });
  assertKoreanPage(answer, 431);
  assert.equal((await visitor.get('/')).status, 200);
});

test('visitors do not notice a killed app server, and it restarts', async () => {
  const before = (await status()).find((row) => row.app === 'app2').site;
  await stack('kill', 'app2');
  await servers(20);
  await eventually(async () => {
    const row = (await status()).find(({ app }) => app === 'app2');
    return row.health === 'ok' && row.site !== before && row.admin !== '-';
  }, 'the return of app2');
});

test('an app server that is stopped stays stopped until it is started', async () => {
  await stack('stop', 'app3');
  assert.ok(!(await servers(20)).has('app3'));
  assert.equal((await status()).find((row) => row.app === 'app3').site, '-');
  await stack('start', 'app3');
  assert.equal((await status()).find((row) => row.app === 'app3').health, 'ok');
});

test('a server joins and leaves without a lost request', async () => {
  const name = (await stack('add')).trim();
  assert.equal(name, 'app4');
  await eventually(async () => (await servers(8)).has(name), 'a request on app4');
  const leaving = stack('remove');
  await servers(30);
  assert.equal((await leaving).trim(), name);
  assert.ok(!(await servers(10)).has(name));
});
