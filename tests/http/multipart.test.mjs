// A form may be sent as multipart/form-data: it is handled like an urlencoded one.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';

import { assertKoreanPage } from '../support/assert.mjs';
import { atServer, newMember, serverNumbers, visitor } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const board = '/boards/free/write';
let member;

before(async () => { member = await newMember(); });

/** Fields as a browser sends them: {body, headers}; a file is {filename, content}. */
function multipart(fields, boundary = `----WebKitFormBoundary${randomUUID().slice(0, 16)}`) {
  const parts = Object.entries(fields).map(([name, value]) => {
    const file = typeof value === 'object' ? `; filename="${value.filename}"\r\nContent-Type: application/octet-stream` : '';
    const content = (value.content ?? value).replace(/\r?\n/g, '\r\n');
    return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${content}\r\n`;
  });
  return { body: `${parts.join('')}--${boundary}--\r\n`, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}
const post = () => ({ title: `여러 부분 ${randomUUID()}`, content: '첫 줄\n둘째 줄 & "따옴표"', once: randomUUID() });
const stored = (title) => sql(`select count(*), min(replace(content, chr(10), '|')) from posts where title = '${title}'`);

test('a multipart form writes what an urlencoded one writes', async () => {
  const form = post();
  const answer = await member.client.post(board, multipart(form));
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  assert.deepEqual(await stored(form.title), [['1', form.content.replace('\n', '|')]]);
});

test('a multipart form that is sent twice, to any servers, with other boundaries, writes once', async () => {
  const form = post();
  for (const number of serverNumbers) {
    const server = await atServer(member.client, number);
    assert.equal((await server.post(board, multipart(form))).status, 303);
  }
  assert.equal((await stored(form.title))[0][0], '1');
  const changed = await member.client.post(board, multipart({ ...form, content: '다른 글' }));
  assert.equal(changed.status, 303);
  assert.equal((await stored(form.title))[0][0], '2', 'who goes back and writes something else means another post');
});

test('a refused multipart form keeps its text, with or without JavaScript', async () => {
  const form = { ...post(), title: '' };
  const answer = await member.client.post(board, multipart(form));
  assertKoreanPage(answer, 422);
  assert.match(answer.text, /둘째 줄 &amp; &quot;따옴표&quot;|둘째 줄 &amp; "따옴표"/);
});

test('a file is refused where none belongs, and an empty file input is ignored', async () => {
  const refused = await member.client.post('/my/name', multipart({ name: member.name, picture: { filename: 'a.png', content: 'x' } }));
  assert.equal(refused.status, 422);
  assert.match(refused.text, /파일을 첨부할 수 없습니다/);
  const form = post();
  const none = await member.client.post(board, multipart({ ...form, picture: { filename: '', content: '' } }));
  assert.equal(none.status, 303);
  assert.equal((await stored(form.title))[0][0], '1');
});

test('malformed, cross-site and too large multipart forms, and those of another member, are refused', async () => {
  const form = post();
  const { body, headers } = multipart(form);
  for (const wrong of [body.slice(0, -10), body.replace('name="title"', 'name="title'), '', form.title]) {
    assert.equal((await member.client.post(board, { body: wrong, headers })).status, 400, wrong.slice(0, 40));
  }
  assert.equal((await member.client.post(board, { body, headers: { 'content-type': 'multipart/form-data' } })).status, 400);
  assert.equal((await member.client.post(board, { body, headers: { ...headers, origin: 'http://evil.example' } })).status, 403);
  const other = await member.client.post(board, multipart({ ...form, member: '1' }));
  assert.equal(other.status, 409);
  assert.match(other.text, new RegExp(form.title), 'with what was typed');
  const large = multipart({ ...form, content: 'a'.repeat(1_048_576) });
  assert.equal((await member.client.post(board, large)).status, 413);
  assert.equal((await stored(form.title))[0][0], '0');
});

test('a guest is asked to log in, and the text survives the login', async () => {
  const form = post();
  const answer = await visitor().post(board, multipart(form));
  assert.equal(answer.status, 401);
  assert.match(answer.text, new RegExp(form.title));
});

const attachmentsOf = (title) => sql(`select a.name, f.size from attachments a join files f on f.id = a.file_id join posts p on p.id = a.post_id
  where p.title = '${title}' order by a.position`);

test('a form without a script stores its files, once however often it is sent', async () => {
  const form = { ...post(), attachments: '1' };
  const parts = (boundary) => multipart({ ...form, upload: { filename: '가정통신문.hwp', content: `본문 ${form.title}` }, ' ': { filename: '', content: '' } }, boundary);
  for (const number of serverNumbers) {
    const answer = await (await atServer(member.client, number)).post(board, parts());
    assert.equal(answer.status, 303, answer.text.slice(0, 300));
  }
  assert.equal((await stored(form.title))[0][0], '1');
  assert.deepEqual(await attachmentsOf(form.title), [['가정통신문.hwp', String(Buffer.byteLength(`본문 ${form.title}`))]]);
  const large = { ...post(), attachments: '1' };
  const answer = await member.client.post(board, multipart({ ...large, upload: { filename: '큰 사진.bin', content: 'x'.repeat(8_000_000) } }));
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  assert.deepEqual(await attachmentsOf(large.title), [['큰 사진.bin', '8000000']]);
});

test('a file that is refused keeps the form and its other files', async () => {
  const form = { ...post(), attachments: '1' };
  const body = multipart({ ...form, upload: { filename: '괜찮음.txt', content: '1' } });
  body.body = body.body.replace('--\r\n', `\r\nContent-Disposition: form-data; name="upload"; filename="\u200b"\r\n\r\n2\r\n--${/boundary=(.*)/.exec(body.headers['content-type'])[1]}--\r\n`);
  const answer = await member.client.post(board, body);
  assertKoreanPage(answer, 422);
  assert.match(answer.text, /파일 이름이 없습니다/);
  assert.match(answer.text, /둘째 줄/);
  assert.match(answer.text, /괜찮음\.txt/);
  assert.equal((await stored(form.title))[0][0], '0');
});
