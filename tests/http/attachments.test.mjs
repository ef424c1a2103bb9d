// Who may download an attachment, and how Nginx sends it.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { adminUrl } from '../support/client.mjs';
import { eventually } from '../support/assert.mjs';
import { logIn, newMember, visitor } from '../support/members.mjs';
import { state } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const slug = `files-${randomUUID().slice(0, 8)}`;
const [[board]] = await sql(`insert into boards (slug, name, position, on_home) values ('${slug}', '자료 ${slug}', 900, false) returning id`);
await sql(`select pg_notify('boards', '')`);
const { client: author, email } = await newMember(), { client: other } = await newMember();
const guest = visitor(), staff = await logIn('admin@minschool.test');
const [[authorId]] = await sql(`select id from users where email = '${email}'`);

after(() => sql(`update boards set read_role = 3, write_role = 3, comment_role = 3 where id = ${board}; select pg_notify('boards', '')`));

/** A stored file with one attachment; `where` is its draft or post. */
async function attachment(name, content, { type = 'application/octet-stream', renditions = '', draft, post } = {}) {
  const hash = createHash('sha256').update(content).digest('hex');
  const folder = join(state, 'files', 'files', hash.slice(0, 2));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, hash), content);
  for (const rendition of renditions.split(' ').filter(Boolean)) await writeFile(join(folder, `${hash}.${rendition}.webp`), `${rendition}!`);
  const [[file]] = await sql(`insert into files (sha256, size, state, media_type, renditions)
    values ('${hash}', ${Buffer.byteLength(content)}, 1, '${type}', '${renditions}') on conflict (sha256) do update set state = 1 returning id`);
  const [[id]] = await sql(`insert into attachments (owner_id, board_id, name, size, upload_id, file_id, draft_key, post_id)
    values (${authorId}, ${board}, $$${name}$$, ${Buffer.byteLength(content)}, '${randomUUID()}', ${file}, ${draft ? `'${draft}'` : 'null'}, ${post ?? 'null'}) returning id`);
  if (post) await sql(`update posts set attachments = attachments + 1 where id = ${post}`);
  return id;
}

/** Writes a post with the attachments of the draft; gives its id. */
async function write(ids, fields = {}) {
  const form = new URLSearchParams({ title: '첨부한 글', content: '본문', attachments: '1', ...fields });
  for (const id of ids) form.append('attachment', id);
  const answer = await author.request('POST', `/boards/${slug}/write`, { body: form.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  assert.equal(answer.status, 303, answer.text.slice(0, 500));
  return Number(answer.location.split('/').at(-1));
}

const statusFor = async (client, id) => (await client.get(`/files/${id}`)).status;

test('whoever may read the post now may download, everybody else gets 404', async () => {
  const id = await attachment('안내문.hwp', `권리 ${slug}`, { draft: `write-${board}` });
  assert.deepEqual([await statusFor(author, id), await statusFor(other, id), await statusFor(guest, id), await statusFor(staff, id)],
    [200, 404, 404, 404], 'a draft is its owner\'s alone');
  const post = await write([id]);
  for (const who of [author, other, guest, staff]) assert.equal(await statusFor(who, id), 200);
  await sql(`update boards set read_role = 1 where id = ${board}; select pg_notify('boards', '')`);
  await eventually(async () => await statusFor(guest, id) === 404, 'a guest is refused');
  assert.equal(await statusFor(other, id), 200);
  await sql(`update boards set read_role = 0 where id = ${board}; select pg_notify('boards', '')`);
  await eventually(async () => await statusFor(guest, id) === 200, 'a guest may read again');
  await sql(`update posts set hidden_at = now() where id = ${post}`);
  for (const who of [author, other, guest, staff]) assert.equal(await statusFor(who, id), 404, 'a hidden post has no files');
  assert.equal(await statusFor(other, 999999999), 404);
});

test('a file comes under its own name, as its type, with ranges and ETag, and runs nothing', async () => {
  const name = '2026학년도 "봄 소풍" 안내 (최종).pdf';
  const id = await attachment(name, '%PDF-1.7 봄 소풍', { type: 'application/pdf', draft: `write-${board}` });
  const answer = await author.get(`/files/${id}`);
  assert.equal(answer.headers['content-type'], 'application/pdf');
  assert.match(answer.headers['content-disposition'], /^inline; filename="[ -~]*"; filename\*=UTF-8''/);
  assert.equal(decodeURIComponent(answer.headers['content-disposition'].split("UTF-8''")[1]), name);
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  assert.equal(answer.headers['content-security-policy'], "default-src 'none'; style-src 'unsafe-inline'");
  assert.match(answer.headers['cache-control'], /private, no-cache/);
  assert.equal(answer.headers['x-accel-redirect'], undefined);
  assert.match((await author.get(`/files/${id}?download`)).headers['content-disposition'], /^attachment; /);
  const part = await author.get(`/files/${id}`, { headers: { range: 'bytes=0-3' } });
  assert.deepEqual([part.status, part.text], [206, '%PDF']);
  assert.equal((await author.get(`/files/${id}`, { headers: { 'if-none-match': answer.headers.etag } })).status, 304);
  const page = await attachment('공격.html', '<script>alert(1)</script>', { type: 'text/html', draft: `write-${board}` });
  const html = await author.get(`/files/${page}`);
  assert.equal(html.headers['content-type'], 'application/octet-stream');
  assert.match(html.headers['content-disposition'], /^attachment; /);
  assert.match(html.headers['content-security-policy'], /^sandbox; default-src 'none'/);
});

test('a picture has its renditions and no others', async () => {
  const id = await attachment('사진.jpg', `사진 ${slug}`, { type: 'image/jpeg', renditions: 'thumb card', draft: `write-${board}` });
  const thumb = await author.get(`/files/${id}/thumb`);
  assert.deepEqual([thumb.status, thumb.text, thumb.headers['content-type']], [200, 'thumb!', 'image/webp']);
  for (const wrong of ['large', 'thum', 'thumb card', '..', '%2e%2e%2f', 'thumb.webp']) {
    assert.equal((await author.get(`/files/${id}/${wrong}`)).status, 404, wrong);
  }
  const post = await write([id], { [`alt-${id}`]: '운동장에서 뛰는 아이들' });
  const page = await guest.get(`/boards/${slug}/${post}`);
  const [img] = page.text.match(/<img [^>]*alt="운동장에서 뛰는 아이들"[^>]*>/) ?? [];
  assert.match(img ?? '', new RegExp(`src="/files/${id}/card"`));
  assert.deepEqual((await guest.get(`/api/v1/posts/${post}`)).json().attachments.map(({ url, renditions }) => [url, renditions]),
    [[`/files/${id}`, ['thumb', 'card']]]);
});

test('Nginx gives no file without the program', async () => {
  for (const path of ['/stored-files/', '/stored-files/files/ab/', '/files/../stored-files/x', '/stored-files/%2e%2e/config/app1-site.toml']) {
    assert.notEqual((await author.get(path)).status, 200, path);
  }
});

test('the Admin shows what the files take up, and to whom they belong', async () => {
  const admin = await logIn('admin@minschool.test', { base: adminUrl });
  const id = await attachment(`관리 ${slug}.hwp`, `관리 ${slug}`, { draft: `write-${board}` });
  assert.doesNotMatch((await admin.get('/files')).text, new RegExp(`관리 ${slug}.hwp`), 'a draft is nobody else\'s');
  await write([id]);
  const page = await admin.get('/files');
  assert.equal(page.status, 200);
  assert.match(page.text, new RegExp(`관리 ${slug}.hwp`));
});

test('the Admin counts a member\'s picture as used', async () => {
  const admin = await logIn('admin@minschool.test', { base: adminUrl });
  const unused = async () => Number((await admin.get('/files')).text.match(/쓰지 않는 파일<\/dt><dd>([\d,]+)개/)[1].replaceAll(',', ''));
  const [[file]] = await sql(`insert into files (sha256, size, state) values ('${createHash('sha256').update(slug).digest('hex')}', 1, 1) returning id`);
  const before = await unused();
  await sql(`update users set avatar_file_id = ${file} where id = ${authorId}`);
  assert.equal(await unused(), before - 1);
  await sql(`update users set avatar_file_id = null where id = ${authorId}; delete from files where id = ${file}`);
});

test('what is taken from a post is gone for all', async () => {
  const id = await attachment('빼기.hwp', `빼기 ${slug}`, { draft: `write-${board}` });
  const post = await write([id]);
  const [[version]] = await sql(`select event from posts where id = ${post}`);
  const form = new URLSearchParams({ title: '첨부한 글', content: '본문', version, attachments: '1', attachment: id, [`remove-${id}`]: '1' });
  assert.equal((await author.request('POST', `/boards/${slug}/${post}/edit`, { body: form.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status, 303);
  assert.equal(await statusFor(author, id), 404);
  assert.doesNotMatch((await author.get(`/boards/${slug}/${post}`)).text, /빼기\.hwp/);
});

test('another member\'s draft cannot be attached', async () => {
  const id = await attachment('남의 파일.hwp', `남의 ${slug}`, { draft: `write-${board}` });
  const form = new URLSearchParams({ title: '제목', content: '본문', attachments: '1', attachment: id });
  const answer = await other.request('POST', `/boards/${slug}/write`, { body: form.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  assert.equal(answer.status, 409);
  assert.match(answer.text, /파일/);
});
