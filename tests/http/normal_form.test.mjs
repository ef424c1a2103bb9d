// Typed text has one normal form, whatever the keyboard makes of it; invisible text and lookalike names are refused with a
// message.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { assertKoreanPage, assertProblem } from '../support/assert.mjs';
import { adminUrl, Client, siteUrl } from '../support/client.mjs';
import { joinForm, logIn, newMember, password, visitor } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const board = '/boards/free';
const nfd = (text) => text.normalize('NFD');
const fullWidth = (text) => text.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
const fieldError = (page, field) => new RegExp(`id="${field}-error">([^<]+)`).exec(page.text)?.[1] ?? '';

const member = await newMember();
const write = (form, client = member.client) => client.post(`${board}/write`, { form });
const apiPost = async (client, path) => (await client.get(`/api/v1/posts/${path.split('/').pop()}`)).json();

// Characters that were invisible, or reversed the text around them.
const nothing = ['\u3164', '\u200b', '\u00a0', '\u3000', '\u2800', '\u0085', '\u2028', '\ufeff', '\u115f\u1160', '\u{e0041}', ' \t '];
const forbidden = ['\u202e', '\u2066', '\u0001', '\ue000', '\u{e0041}', '\uffff', '\u0334'.repeat(29)];

test('a name has a visible letter, and no invisible character', async () => {
  for (const name of [...nothing, ...forbidden, '123', '★', '😀', ...forbidden.map((bad) => `김${bad}하늘`)]) {
    const page = await visitor().post('/join', { form: { ...joinForm(), name } });
    assertKoreanPage(page, 422);
    assert.match(fieldError(page, 'name'), /[가-힣]/, JSON.stringify(name));
    assertKoreanPage(await member.client.post('/my/name', { form: { name } }), 422);
  }
  const own = await newMember();
  await own.client.post('/my/name', { form: { name: nfd('  김\u3000하늘\u200b\t둘  ') } });
  assert.deepEqual(await sql(`select name from users where email = '${own.email}'`), [['김 하늘 둘']]);
});

test('names of staff, and lookalikes, are reserved for staff', async () => {
  const [[staffName]] = await sql(`select name from users where email = 'staff@minschool.test'`);
  const names = ['관리자', '관 리 자', nfd('관리자'), '운영진', '운영자님', 'admin', fullWidth('Admin'), '\u0430dmin', 'a d m i n',
    staffName, nfd(staffName), [...staffName].join(' '), `${staffName}\u200b`];
  for (const name of names) {
    const page = await visitor().post('/join', { form: { ...joinForm(), name } });
    assertKoreanPage(page, 422);
    assert.match(fieldError(page, 'name'), /운영진/, name);
    assertKoreanPage(await member.client.post('/my/name', { form: { name } }), 422);
  }
  const staff = await logIn('staff@minschool.test');
  assert.equal((await staff.post('/my/name', { form: { name: staffName } })).status, 303);
});

test('staff have a badge that nobody else has', async () => {
  const staff = await logIn('staff@minschool.test');
  const written = await write({ title: '표시', content: '본문' }, staff);
  const id = written.location.split('/').pop();
  await staff.post(`/posts/${id}/comments`, { form: { content: '직원의 댓글' } });
  await member.client.post(`/posts/${id}/comments`, { form: { content: '회원의 댓글' } });
  const page = (await visitor().get(written.location)).text;
  assert.equal(page.split('badge-staff').length - 1, 2);
  assert.match(page, /<bdi>[^<]+<\/bdi><\/a>\s*<span class="badge badge-staff">운영진/);
});

test('common passwords, and those that contain facts about their owner, are refused', async () => {
  for (const weak of ['12345678', 'password', 'Password1!', 'qwertyuiop', 'aaaaaaaa', '비밀번호1234', 'qlalfqjsgh', '1q2w3e4r']) {
    const page = await visitor().post('/join', { form: { ...joinForm(), password: weak, password_again: weak } });
    assertKoreanPage(page, 422);
    assert.match(fieldError(page, 'password'), /짐작/, weak);
  }
  const form = joinForm();
  const own = await visitor().post('/join', { form: { ...form, password: form.email, password_again: form.email } });
  assertKoreanPage(own, 422);
});

test('invisible titles and texts are refused, and so are forbidden characters in titles', async () => {
  for (const title of [...nothing, ...forbidden, ...forbidden.map((bad) => `제목${bad}입니다`)]) {
    const page = await write({ title, content: '본문' });
    assertKoreanPage(page, 422);
    assert.match(fieldError(page, 'title'), /[가-힣]/, JSON.stringify(title));
    assert.ok(page.text.includes('본문'));
  }
  const post = await write({ title: '보이는 것', content: '본문' });
  const id = post.location.split('/').pop();
  for (const content of [...nothing, '&nbsp;', '\u202e', '\u0001글']) {
    assertKoreanPage(await write({ title: '제목', content }), 422);
    assertKoreanPage(await member.client.post(`/posts/${id}/comments`, { form: { content } }), 422);
    assertProblem(await member.client.post(`/api/v1/posts/${id}/comments`, { json: { content } }), 422);
  }
});

test('emoji, other scripts and Korean punctuation are stored unchanged', async () => {
  const title = '【공지】 3. 2.(월) 10:00～12:00 👨‍👩‍👧 1️⃣ ❤️ می‌خواهم José';
  const post = await write({ title: nfd(title), content: `${title}\n\n  둘째 줄` });
  assert.equal(post.status, 303);
  const read = await apiPost(member.client, post.location);
  assert.equal(read.title, title);
  assert.equal(read.content, `${title}\n\n  둘째 줄`);
});

test('each line break is stored as LF', async () => {
  const post = await write({ title: '줄', content: '첫 줄\r\n둘째 줄\r\r\n넷째\u2028다섯째' });
  const read = await apiPost(member.client, post.location);
  assert.equal(read.content, '첫 줄\n둘째 줄\n\n넷째\n다섯째');
  const id = read.id;
  const comment = await member.client.post(`/api/v1/posts/${id}/comments`, { json: { content: '가\r\n나' } });
  assert.equal(comment.json().content, '가\n나');
  const exact = await write({ title: '길이', content: '가\r\n'.repeat(25_000) });
  assert.equal(exact.status, 303, 'a break counts once');
});

test('passwords, addresses and names are equal in every form of Unicode and width', async () => {
  const secret = '봄날의 개나리 Gil7!';
  const form = { ...joinForm(), email: `É.o'brien-${randomUUID()}@MinSchool.test`, password: nfd(secret), password_again: secret };
  const client = visitor();
  assert.equal((await client.post('/join', { form })).status, 303);
  for (const email of [form.email, nfd(form.email), fullWidth(form.email), `\u3000${form.email.toUpperCase()} `]) {
    for (const typed of [secret, nfd(secret), fullWidth(secret)]) {
      assert.equal((await visitor().post('/login', { form: { email, password: typed } })).status, 303, email);
    }
  }
  const again = await visitor().post('/join', { form: { ...form, email: nfd(form.email) } });
  assertKoreanPage(again, 409);
  assert.doesNotMatch(again.text, /db\.|users_email/);
});

test('a hash that is older than the normal form still matches the password, and is replaced', async () => {
  // As a keyboard of macOS typed it before: the hash of the form D is put where the form C's was.
  const secret = '한글 비밀 문장';
  const first = joinForm();
  assert.equal((await visitor().post('/join', { form: { ...first, password: secret, password_again: secret } })).status, 303);
  const old = joinForm();
  assert.equal((await visitor().post('/join', { form: old })).status, 303);
  const { execFileSync } = await import('node:child_process');
  const hash = execFileSync('python3', ['-c', 'import ctypes,sys\nn=ctypes.CDLL("libsodium.so.23")\nn.sodium_init()\no=ctypes.create_string_buffer(128)\np=sys.argv[1].encode()\nassert n.crypto_pwhash_str(o,p,ctypes.c_ulonglong(len(p)),ctypes.c_ulonglong(2),ctypes.c_size_t(19*1024*1024))==0\nprint(o.value.decode())', nfd(secret)], { encoding: 'utf8' }).trim();
  await sql(`update users set password_hash = '${hash}' where email = '${old.email}'`);
  const login = (typed) => visitor().post('/login', { form: { email: old.email, password: typed } });
  assert.equal((await login(secret)).status, 303);
  assert.notEqual((await sql(`select password_hash from users where email = '${old.email}'`))[0][0], hash);
  assert.equal((await login(secret)).status, 303);
  assert.equal((await login(nfd(secret))).status, 303);
  assertKoreanPage(await login(`${secret}!`), 401);
});

test('an invalid address is refused with a message, and a valid one is accepted', async () => {
  for (const email of ['a@b', 'a b@c.kr', 'a@-b.kr', 'a@b..kr', '"a b"@c.kr', 'a@[127.0.0.1]', `${'a'.repeat(65)}@b.kr`, '\u202ea@b.kr', '★@b.kr']) {
    const page = await visitor().post('/join', { form: { ...joinForm(), email } });
    assertKoreanPage(page, 422);
    assert.match(fieldError(page, 'email'), /[가-힣]/, email);
    assert.doesNotMatch(page.text, /db\./);
  }
  for (const local of ["o'brien", 'a+b', 'a.b', 'İ', 'ẞ', '홍길동', 'ǅ']) {
    const page = await visitor().post('/join', { form: { ...joinForm(), email: `${local}-${randomUUID()}@x.kr` } });
    assert.equal(page.status, 303, local);
  }
});

test('searches and mentions match every form of Unicode', async () => {
  const word = `찾을말${randomUUID().slice(0, 6)}`;
  const own = await newMember();
  await own.client.post('/my/name', { form: { name: `한글${word}` } });
  const post = await write({ title: `${word} Abc`, content: '본문' });
  const admin = new Client(adminUrl);
  await admin.post('/login', { form: { email: 'admin@minschool.test', password } });
  const found = async (path) => (await admin.get(path)).text;
  assert.match(await found(`/members?q=${encodeURIComponent(nfd(`한글${word}`))}`), new RegExp(own.email));
  assert.match(await found(`/members?q=${encodeURIComponent(fullWidth(own.email))}`), new RegExp(own.email));
  const id = post.location.split('/').pop();
  for (const q of [nfd(word), `${word} Abc`, `${word} ${fullWidth('Abc')}`]) {
    assert.match(await found(`/posts?q=${encodeURIComponent(q)}`), new RegExp(`/posts/${id}"`), q);
  }
  const names = await member.client.get(`/members/names?q=${encodeURIComponent(nfd(`한글${word}`))}`);
  assert.equal(names.json().length, 1);
  const mention = await member.client.post(`/api/v1/posts/${id}/comments`, { json: { content: nfd(`@한글${word}님 보세요`) } });
  assert.match(mention.json().content_html, /href="\/members\/\d+"/);
});

test('a form and a JSON body need their media type', async () => {
  const body = new URLSearchParams({ title: '제목', content: '본문' }).toString();
  for (const type of ['application/x-www-form-urlencodedX', 'application/x-www-form-urlencoded-x', 'text/plain', 'multipart/form-data; boundary=a', 'application/json']) {
    assertKoreanPage(await member.client.post(`${board}/write`, { body, headers: { 'content-type': type } }), 400);
  }
  for (const type of ['application/x-www-form-urlencoded', 'Application/X-WWW-Form-Urlencoded; charset=UTF-8', 'application/x-www-form-urlencoded ;a=b']) {
    assert.equal((await member.client.post(`${board}/write`, { body, headers: { 'content-type': type } })).status, 303, type);
  }
  for (const type of ['application/jsonX', 'application/json-patch+json', 'text/json']) {
    assertProblem(await member.client.post('/api/v1/boards/free/posts', { body: '{"title":"제목","content":"본문"}', headers: { 'content-type': type } }), 415);
  }
});

test('scheme, host and port must match the origin', async () => {
  const { host, hostname, port } = new URL(siteUrl);
  const send = (headers) => member.client.post(`${board}/follow`, { form: {}, headers });
  for (const headers of [{ origin: `https://${host}` }, { origin: `http://${hostname}:1` }, { origin: `http://${hostname}` }, { origin: 'null' },
    { origin: `http://${host}.evil.kr` }]) {
    assertKoreanPage(await send(headers), 403);
  }
  for (const headers of [{ host: 'LocalHost:' + port, origin: `http://localhost:${port}` }, { host: `localhost:${port}`, origin: `http://LOCALHOST:${port}` },
    { host: 'localhost', origin: 'http://localhost:80' }, { host: 'localhost:80', origin: 'http://localhost' }]) {
    assert.equal((await send(headers)).status, 303, JSON.stringify(headers));
  }
});
