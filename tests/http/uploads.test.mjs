// Uploads by tus 1.0, with tus-js-client and byte by byte, through Nginx and past it: interrupted, continued elsewhere, refused.
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import * as tusClient from 'tus-js-client';

import { assertProblem, eventually } from '../support/assert.mjs';
import { Client, siteUrl } from '../support/client.mjs';
import { expectErrors } from '../support/log.mjs';
import { newMember, serverNumbers, visitor } from '../support/members.mjs';
import { appUrl, stack, state, status } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';
import { append, base64, begin, chunk, creation, offsetOf, openPatch, tus } from '../support/uploads.mjs';

const MB = 1024 * 1024;
const slug = `uploads-${randomUUID().slice(0, 8)}`;
let client, board, draft;

before(async () => {
  ({ client } = await newMember());
  [[board]] = await sql(`insert into boards (slug, name, position, on_home) values ('${slug}', '올리기 ${slug}', 900, false) returning id`);
  await sql(`select pg_notify('boards', '')`);
  draft = `write-${board}`;
  await eventually(async () => (await client.get(`/boards/${slug}`)).status === 200, 'the board');
});
after(() => sql(`update boards set read_role = 3, write_role = 3, comment_role = 3 where id = ${board}; select pg_notify('boards', '')`));

const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex');
const idOf = (path) => Number(path.split('/').at(-1));

/** Asserts that the upload became a file with exactly these bytes. */
async function assertStored(path, bytes) {
  const hash = hashOf(bytes);
  const [row] = await sql(`select f.sha256, f.size from attachments a join files f on f.id = a.file_id where a.id = ${idOf(path)}`);
  assert.deepEqual(row, [hash, String(bytes.length)]);
  const stored = await readFile(join(state, 'files', 'files', hash.slice(0, 2), hash));
  assert.equal(hashOf(stored), hash, 'the bytes in the store');
  assert.equal(await offsetOf(client, path), bytes.length);
}

/** Uploads as a browser does: resolves to the upload's address. */
function uploadWith(bytes, { chunkSize = Infinity, uploadUrl, name = '사진.jpg' } = {}) {
  return new Promise((resolve, reject) => {
    const cookie = [...client.cookies].map(([key, value]) => `${key}=${value}`).join('; ');
    const upload = new tusClient.Upload(bytes, {
      endpoint: `${siteUrl}/files`, headers: { cookie }, metadata: { filename: name, draft }, chunkSize,
      retryDelays: [100, 500, 1000, 2000, 4000, 8000], storeFingerprintForResuming: false, uploadUrl,
      onError: reject, onSuccess: () => resolve(new URL(upload.url).pathname),
    });
    upload.start();
  });
}

/** The processes of each app server's Site, by its number: the masters and their workers. */
async function sitePids() {
  const out = {};
  for (const { app, site } of await status()) {
    const masters = site.match(/\d+/g) ?? [];
    const workers = await Promise.all(masters.map((pid) => readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')));
    out[Number(app.slice(3))] = [...masters, ...workers.join(' ').trim().split(/\s+/)].filter(Boolean).map(Number);
  }
  return out;
}

/** The number of the app server that a body is arriving at, once there is one. */
async function receiver() {
  let found;
  await eventually(async () => {
    for (const number of serverNumbers) {
      const health = await new Client(await appUrl(number)).get('/health').then((answer) => answer.json(), () => ({}));
      if (health.streamed_bodies > 0) found = number;
    }
    return found;
  }, 'an upload that arrives');
  return found;
}

test('tus-js-client uploads in one request, and in many', async () => {
  const bytes = randomBytes(20 * MB + 17);
  const path = await uploadWith(bytes);
  await assertStored(path, bytes);
  const other = await uploadWith(bytes, { chunkSize: 3 * MB + 1 });
  await assertStored(other, bytes);
  assert.notEqual(other, path);
  const [[count]] = await sql(`select count(*) from files where sha256 = '${hashOf(bytes)}'`);
  assert.equal(count, '1', 'the same bytes are stored once');
  const answer = await client.request('POST', `/boards/${slug}/write`, { form: { title: '사진', content: '첨부', attachments: '1', attachment: String(idOf(path)) } });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  assert.deepEqual(await sql(`select post_id is not null from attachments where id = ${idOf(path)}`), [['t']]);
});

test('an empty file is complete at once', async () => {
  await assertStored(await uploadWith(Buffer.alloc(0), { name: '빈 파일.txt' }), Buffer.alloc(0));
});

test('the app server is killed in the middle: the client goes on at another one', async () => {
  await expectErrors('ended by signal 9', 'worker .* (died|ended)');
  const bytes = randomBytes(40 * MB);
  const pids = await sitePids();
  const begun = await begin(client, '죽음.bin', bytes.length, draft);
  const patch = openPatch(client, begun, 0, bytes.length);
  await patch.send(bytes.subarray(0, 25 * MB));
  const number = await receiver();
  await eventually(async () => await offsetOf(client, begun) >= 16 * MB, 'what is saved meanwhile');
  for (const pid of pids[number].reverse()) process.kill(pid, 'SIGKILL');
  assert.notEqual((await patch.answer).status, 204);
  const path = await uploadWith(bytes, { uploadUrl: `${siteUrl}${begun}` });
  assert.equal(path, begun);
  await assertStored(path, bytes);
  await eventually(async () => (await new Client(await appUrl(number)).get('/health').then((answer) => answer.status, () => 0)) === 200, 'it is back');
});

test('a broken connection costs what was not saved yet, and every server continues', async () => {
  const bytes = randomBytes(40 * MB);
  const path = await begin(client, '끊김.bin', bytes.length, draft);
  const patch = openPatch(client, path, 0, bytes.length);
  await patch.send(bytes.subarray(0, 30 * MB));
  await pause(500);
  patch.cut();
  await eventually(async () => await offsetOf(client, path) === 30 * MB, 'all that came is kept').catch(async () => {
    assert.ok(await offsetOf(client, path) >= 16 * MB, `only ${await offsetOf(client, path)}`);
  });
  let offset = await offsetOf(client, path);
  for (const number of serverNumbers) {
    const direct = new Client(await appUrl(number), { address: client.address });
    direct.cookies = client.cookies;
    const end = number === serverNumbers.at(-1) ? bytes.length : offset + 1 * MB + number;
    const answer = await append(direct, path, offset, bytes.subarray(offset, end));
    assert.equal(answer.status, 204, answer.text);
    assert.equal(answer.headers['upload-offset'], String(end));
    offset = end;
  }
  await assertStored(path, bytes);
});

test('a server that stops leaves the rest to the others', async () => {
  const bytes = randomBytes(2 * MB);
  const path = await begin(client, '드레인.bin', bytes.length, draft);
  const patch = openPatch(client, path, 0, bytes.length);
  await patch.send(bytes.subarray(0, MB));
  const number = await receiver();
  const restarted = stack('restart', `app${number}`);
  const answer = await patch.answer;
  assert.equal(answer.status, 503, answer.text);
  assert.ok(answer.headers['retry-after']);
  await restarted;
  assert.equal(await offsetOf(client, path), MB);
  assert.equal((await append(client, path, MB, bytes.subarray(MB))).status, 204);
  await assertStored(path, bytes);
});

test('of two requests that continue one upload, the last wins', async () => {
  const bytes = randomBytes(4 * MB);
  const path = await begin(client, '둘.bin', bytes.length, draft);
  const first = openPatch(client, path, 0, bytes.length);
  await first.send(bytes.subarray(0, MB));
  await receiver();
  await pause(300);
  const second = await append(client, path, 0, bytes);
  assert.equal(second.status, 204, second.text);
  await first.send(bytes.subarray(MB));
  first.end();
  const refused = await first.answer;
  assert.ok(refused.status === 409 || refused.status === 404, `${refused.status} ${refused.text}`);
  await assertStored(path, bytes);
  const together = await begin(client, '함께.bin', bytes.length, draft);
  const answers = await Promise.all([1, 2, 3, 4].map(() => append(client, together, 0, bytes)));
  const statuses = answers.map((answer) => answer.status);
  assert.ok(statuses.every((status) => status === 204 || status === 409), String(statuses));
  if (!statuses.includes(204)) assert.equal((await append(client, together, await offsetOf(client, together), Buffer.alloc(0))).status, 204);
  await assertStored(together, bytes);
});

test('what does not fit is refused, and the upload goes on', async () => {
  const bytes = randomBytes(1000);
  const path = await begin(client, '검사.bin', bytes.length, draft);
  assertProblem(await append(client, path, 10, bytes.subarray(10)), 409);
  assertProblem(await append(client, path, 0, Buffer.alloc(1001)), 413);
  for (const offset of ['', '-1', 'x', '99999999999999999999']) assertProblem(await append(client, path, offset, bytes), 400);
  assertProblem(await client.patch(path, { headers: { ...chunk, 'upload-offset': '0', 'tus-resumable': '0.2.2' }, body: bytes }), 412);
  assertProblem(await client.patch(path, { headers: { ...tus, 'upload-offset': '0', 'content-type': 'text/plain' }, body: bytes }), 415);
  const chunked = openPatch(client, path, 0);
  await chunked.send(Buffer.alloc(2000));
  chunked.end();
  assert.equal((await chunked.answer).status, 413, 'also when the request does not say how much comes');
  assert.equal(await offsetOf(client, path), 0);
  const part = openPatch(client, path, 0);
  await part.send(bytes.subarray(0, 400));
  part.end();
  assert.equal((await part.answer).status, 204);
  assert.equal((await append(client, path, 400, bytes.subarray(400))).status, 204);
  await assertStored(path, bytes);
  assert.equal((await append(client, path, 1000, Buffer.alloc(0))).status, 204, 'again, at the end');
  assertProblem(await append(client, path, 1000, Buffer.alloc(1)), 413);
});

test('an upload that lies about its size or says too little is not begun', async () => {
  const begun = (headers, who = client) => who.post('/files', { headers });
  const good = creation('a.hwp', 10, draft);
  for (const length of ['', '-1', '1e3', '9'.repeat(30)]) assertProblem(await begun({ ...good, 'upload-length': length }), 400);
  assertProblem(await begun({ ...tus, 'upload-defer-length': '1', 'upload-metadata': good['upload-metadata'] }), 400);
  for (const metadata of ['', 'filename', `filename ${base64('a')}`, `draft ${base64('write-x')}`, 'filename !!!', `filename /w==,draft ${base64(draft)}`]) {
    assertProblem(await begun({ ...good, 'upload-metadata': metadata }), 400);
  }
  assertProblem(await begun(creation('a.hwp', 10, 'write-99999999')), 404);
  assertProblem(await begun(creation(' ', 10, draft)), 422);
  assertProblem(await begun(creation('a.hwp', 10 ** 15, draft)), 413);
  assertProblem(await begun({ ...good, 'tus-resumable': '2.0.0' }), 412);
  assertProblem(await begun(good, visitor()), 401);
  assert.equal((await client.post('/files', { headers: { ...good, origin: 'http://evil.example' } })).status, 403);
  const long = await begin(client, `${'가'.repeat(500)}.hwp`, 10, draft);
  const [[name]] = await sql(`select name from attachments where id = ${idOf(long)}`);
  assert.ok(Buffer.byteLength(name) <= 255 && name.endsWith('가.hwp'), name);
});

test('nobody else sees or continues an upload, and a removed one is gone', async () => {
  const bytes = randomBytes(100);
  const path = await begin(client, '내 것.bin', bytes.length, draft);
  const { client: other } = await newMember();
  assert.equal(await offsetOf(other, path), 'status 404');
  assertProblem(await append(other, path, 0, bytes), 404);
  assertProblem(await other.delete(path, { headers: tus }), 404);
  assert.equal(await offsetOf(visitor(), path), 'status 401');
  assert.equal((await client.delete(path, { headers: tus })).status, 204);
  assert.equal(await offsetOf(client, path), 'status 404');
  assertProblem(await append(client, path, 0, bytes), 404);
  assert.equal((await client.get(path)).status, 404, 'there is nothing to GET');
});

test('OPTIONS and HEAD say what tus clients need', async () => {
  const options = await client.request('OPTIONS', '/files');
  assert.equal(options.status, 204);
  assert.equal(options.headers['tus-version'], '1.0.0');
  assert.deepEqual(options.headers['tus-extension'].split(',').sort(), ['creation', 'creation-with-upload', 'expiration', 'termination']);
  assert.equal(Number(options.headers['tus-max-size']), 500 * MB);
  const first = await client.post('/files', { headers: { ...chunk, ...creation('두 번.bin', 10, draft), 'content-type': chunk['content-type'] }, body: Buffer.alloc(4) });
  assert.equal(first.status, 201);
  assert.equal(first.headers['upload-offset'], '4', 'creation-with-upload');
  const head = await client.request('HEAD', first.location, { headers: tus });
  assert.equal(head.headers['upload-length'], '10');
  assert.equal(head.headers['cache-control'], 'no-store');
  assert.equal(head.headers['upload-metadata'], `filename ${base64('두 번.bin')}`);
  assert.ok(new Date(head.headers['upload-expires']) > new Date());
});

test('whoever may not upload is told so before all of it came', async () => {
  const guest = visitor();
  const path = await begin(client, '손님.bin', 400 * MB, draft);
  const patch = openPatch(guest, path, 0, 400 * MB);
  const part = randomBytes(MB);
  let sent = 0, answer;
  (async () => { for (; sent < 400 && !answer; sent++) await patch.send(part); })();
  answer = await patch.answer;
  assert.ok(answer.status === 401 || answer.status === 'EPIPE' || answer.status === 'ECONNRESET', `${answer.status}`);
  patch.cut();
  assert.ok(sent < 100, `${sent} MB were read`);
});

test('a large upload occupies little memory', async () => {
  const pids = Object.values(await sitePids()).flat();
  const memory = async () => {
    let kilobytes = 0;
    for (const pid of pids) {
      const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      kilobytes += Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0);
    }
    return kilobytes * 1024;
  };
  const bytes = randomBytes(MB);
  const size = 256 * MB;
  const path = await begin(client, '큰 것.bin', size, draft);
  const warm = await begin(client, '먼저.bin', 20 * MB, draft);
  assert.equal((await append(client, warm, 0, randomBytes(20 * MB))).status, 204);
  const before = await memory();
  assert.ok(before > MB, 'the programs were found');
  let peak = 0;
  const patch = openPatch(client, path, 0, size);
  for (let sent = 0; sent < size; sent += MB) {
    await patch.send(bytes);
    if (sent % (32 * MB) === 0) peak = Math.max(peak, await memory());
  }
  patch.end();
  assert.equal((await patch.answer).status, 204);
  peak = Math.max(peak, await memory());
  assert.ok(peak - before < 8 * MB, `${(peak - before) / MB} MB more`);
  assert.equal((await stat(join(state, 'files'))).isDirectory(), true);
});
