// What becomes of an uploaded file: the Site's job has it decoded, and nobody but its uploader gets what it says of places.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { eventually } from '../support/assert.mjs';
import { newMember, visitor } from '../support/members.mjs';
import { state } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const { client: author, email } = await newMember(), guest = visitor();
const [[authorId]] = await sql(`select id from users where email = '${email}'`);
const [[board]] = await sql("select id from boards where slug = 'free'");
// A JPEG that a phone could have written: GPS, a description "Secret-Place".
const photograph = await readFile(new URL('../fuzz/seeds/picture/jpeg', import.meta.url));

/** A complete upload in a post, before its job has run; gives its attachment and the file. */
async function upload(name, content) {
  const hash = createHash('sha256').update(content).digest('hex');
  const folder = join(state, 'files', 'files', hash.slice(0, 2));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, hash), content);
  const [[file]] = await sql(`insert into files (sha256, size) values ('${hash}', ${content.length}) returning id`);
  const [[id]] = await sql(`insert into attachments (owner_id, board_id, name, size, upload_id, file_id, draft_key)
    values (${authorId}, ${board}, '${name}', ${content.length}, '${randomUUID()}', ${file}, 'write-${board}') returning id`);
  const form = new URLSearchParams({ title: `올린 ${name}`, content: '본문', attachments: '1', attachment: id });
  const answer = await author.request('POST', '/boards/free/write', { body: form.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  assert.equal(answer.status, 303, answer.text.slice(0, 500));
  return { id, file, post: answer.location };
}
const queue = (file) => sql(`insert into jobs (program, kind, payload, max_attempts) values ('minschool_site', 'prepare_file', '${file}', 3)`);
const prepared = (file) => eventually(async () => (await sql(`select state from files where id = ${file}`))[0][0] !== '0', 'it is prepared');
const unique = () => Buffer.from(randomUUID());

test('a photograph is shown in sizes, and downloaded without its place', async () => {
  const { id, file, post } = await upload('사진.jpg', Buffer.concat([photograph, unique()]));
  assert.equal((await guest.get(`/files/${id}`)).status, 404, 'nobody knows yet what it is');
  assert.match((await author.get(`/files/${id}`)).text, /Secret-Place/, 'it is its uploader\'s own');
  assert.match((await guest.get(post)).text, /준비하고 있습니다/);
  await queue(file);
  await prepared(file);
  await eventually(async () => (await guest.get(post)).text.includes(`/files/${id}/card`), 'the page shows it');
  for (const path of [`/files/${id}`, `/files/${id}?download`, `/files/${id}/thumb`, `/files/${id}/card`]) {
    const answer = await guest.get(path);
    assert.equal(answer.status, 200, path);
    assert.match(answer.headers['content-type'], path.endsWith('?download') ? /octet-stream$/ : /^image\/(jpeg|webp)$/);
    assert.doesNotMatch(answer.text, /Secret-Place|GPS/, path);
  }
  assert.equal((await guest.get(`/files/${id}/original`)).status, 404, 'it has its own address');
});

test('a document has its words, and HTML that is named like a picture runs nowhere', async () => {
  const text = await upload('안내.txt', Buffer.concat([Buffer.from('가정통신문 '), unique()]));
  const html = await upload('공격.jpg', Buffer.concat([Buffer.from('<!DOCTYPE html><script>alert(1)</script>'), unique()]));
  const broken = await upload('잘린.jpg', Buffer.concat([photograph.subarray(0, 500), unique()]));
  for (const one of [text, html, broken]) await queue(one.file);
  for (const one of [text, html, broken]) await prepared(one.file);
  assert.match((await sql(`select content_text from files where id = ${text.file}`))[0][0], /^가정통신문 /);
  assert.match((await guest.get(`/files/${html.id}`)).headers['content-type'], /^text\/plain/);
  assert.equal((await guest.get(`/files/${broken.id}`)).status, 404);
});
