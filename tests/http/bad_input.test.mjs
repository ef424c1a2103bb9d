// Any wrong input, by mistake or on purpose, gets a clear Korean answer with the typed text, and the server keeps running.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { after, before, test } from 'node:test';

import { assertKoreanPage, assertProblem } from '../support/assert.mjs';
import { siteUrl } from '../support/client.mjs';
import { atServer, joinForm, newMember, serverNumbers, visitor } from '../support/members.mjs';
import { appUrl, facts, status } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

const board = '/boards/free';
const titleLimit = 100;      // posts::kTitleLimit
const contentLimit = 50_000; // posts::kContentLimit
const commentLimit = 3_000;  // comments::kContentLimit
const bodyLimit = 1_048_576; // [http] body_bytes
const headSeconds = 10;      // [http] request_seconds
// The programs look at what is overdue once a second; the rest is for a machine with much to do.
const slackSeconds = 10;
const formType = { 'content-type': 'application/x-www-form-urlencoded' };

const injections = [
  `<script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  `' onmouseover='alert(1)`,
  `</textarea></title><svg onload=alert(1)>`,
  `javascript:alert(1)`,
  `'; drop table users; --`,
  `' or '1'='1`,
  `\\'; select pg_sleep(60); --`,
  `{{ t.layout.my }} {% end %} %s%n %00 $1 \${x}`,
  `👩‍👩‍👧‍👦 ﷽ ابجد`,
];
/** None of them may become an element, an attribute or a link. */
function assertOnlyText(page, where) {
  assert.doesNotMatch(page.text, /<script>|<img src="?x|<svg onload|href="javascript:/i, where);
  assert.doesNotMatch(page.text.replace(/"[^"]*"/g, '""'), /<[a-z][^>]*\son\w+=/i, where);
}

const member = await newMember();
const guest = visitor();
const write = (form, client = member.client) => client.post(`${board}/write`, { form });
const written = await write({ title: '바탕 글', content: '본문' });
const postPath = written.location;
const postId = postPath.split('/').pop();
const commentPath = `/posts/${postId}/comments`;

/** A field that is marked as invalid, with the reason. */
function assertWrong(page, ...fields) {
  assertKoreanPage(page, page.status);
  for (const field of fields) {
    assert.match(page.text, new RegExp(`id="${field}"[^>]*aria-invalid="true"`), field);
    assert.match(page.text, new RegExp(`id="${field}-error">[^<]*[가-힣]`), field);
    assert.match(page.text, new RegExp(`<a href="#${field}">`), field);
  }
}
/** The texts of a page as a browser reads them: attributes and contents, character references replaced. */
const unescaped = (html) => html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"')
  .replaceAll('&#39;', "'").replaceAll('&amp;', '&');
const assertTyped = (page, text) => assert.ok(unescaped(page.text).includes(text), `the typed text is in the form: ${text.slice(0, 60)}`);

/** The worker of each app server's Site: the child of the master whose id `script/stack status` prints. */
async function workers() {
  const rows = await status();
  return Promise.all(rows.map(async ({ site }) => [site, (await readFile(`/proc/${site}/task/${site}/children`, 'utf8')).trim()].join()));
}
const logs = async () => {
  const { log_dir } = await facts();
  return Promise.all(serverNumbers.map((number) => readFile(`${log_dir}/app${number}-site.log`, 'utf8')));
};
let workersBefore, logsBefore;
before(async () => { [workersBefore, logsBefore] = [await workers(), await logs()]; });
after(async () => {
  for (const number of serverNumbers) {
    const answer = await (await atServer(guest, number)).get('/');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-served-by'], `app${number}`);
  }
  assert.deepEqual(await workers(), workersBefore, 'no worker was lost');
});

/** Sends bytes to app server 1 and gives what came until it closed: {text, seconds}. */
async function raw(bytes, { trickle } = {}) {
  const { hostname, port } = new URL(await appUrl(1));
  const begun = Date.now();
  const socket = net.connect(Number(port), hostname);
  socket.write(bytes);
  const timer = trickle && setInterval(() => socket.write(trickle), 500);
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      resolve({ text: Buffer.concat(chunks).toString(), seconds: (Date.now() - begun) / 1000 });
    });
  });
}

// Begun here and awaited at the end: all other tests run while these clients do not finish their requests.
const slow = [raw('GET / HTTP/1.1\r\nHost: a\r\n'), raw('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ', { trickle: 'a' })];

test('a wrong password and an unknown e-mail address are answered alike, the address stays in the form', async () => {
  const texts = [];
  for (const email of [member.email, `${randomUUID()}@minschool.test`]) {
    const page = await guest.post('/login', { form: { email, password: 'wrong', remember: '1', next: board } });
    assertKoreanPage(page, 401);
    assertTyped(page, email);
    assert.match(page.text, /name="remember"[^>]* checked/);
    assert.match(page.text, new RegExp(`name="next" value="${board}"`));
    assert.ok(!page.text.includes('wrong'));
    texts.push(/<div class="error-summary"[^]*?<\/div>/.exec(page.text)[0]);
  }
  assert.equal(texts[0], texts[1]);
  for (const form of [{}, { email: member.email }, { email: 'x'.repeat(1000), password: 'x' }, { email: member.email, password: 'x'.repeat(5000) }]) {
    assertKoreanPage(await visitor().post('/login', { form }), 401);
  }
});

test('a login redirects only to pages of this site', async () => {
  for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '/\tx', '/\r\nSet-Cookie: a=b']) {
    const answer = await visitor().post('/login', { form: { email: member.email, password: 'minschool-demo', next } });
    assert.equal(answer.location, '/', next);
  }
});

test('a taken e-mail address, also in capitals', async () => {
  for (const email of [member.email, member.email.toUpperCase(), ` ${member.email} `]) {
    const form = { ...joinForm(), email };
    const page = await visitor().post('/join', { form });
    assert.equal(page.status, 409);
    assertWrong(page, 'email');
    assertTyped(page, form.name);
    assert.ok(!page.text.includes(form.password));
  }
});

test('a sign-up form names all errors at once', async () => {
  const page = await guest.post('/join', { form: { email: 'nobody', name: ' ', password: 'short', password_again: 'other' } });
  assert.equal(page.status, 422);
  assertWrong(page, 'email', 'name', 'password', 'password_again', 'terms', 'privacy');
  assertTyped(page, 'nobody');
  for (const email of ['', '@', 'a@', '@b.kr', 'a b@c.kr', 'a@b', 'a@b@c.kr', 'a@b.', `${'a'.repeat(250)}@b.kr`, 'a\n@b.kr', '<a@b.kr>']) {
    assertWrong(await visitor().post('/join', { form: { ...joinForm(), email } }), 'email');
  }
  for (const name of ['', '가'.repeat(31), 'a\nb', 'a\u0007b']) assertWrong(await visitor().post('/join', { form: { ...joinForm(), name } }), 'name');
  const long = 'x'.repeat(129);
  assertWrong(await guest.post('/join', { form: { ...joinForm(), password: long, password_again: long } }), 'password');
});

test('a post with too long a title or no content comes back as it was typed', async () => {
  const content = `첫 줄\n\n  둘째 줄 <b> ${randomUUID()}`;
  const longTitle = '가'.repeat(titleLimit + 1);
  const page = await write({ title: longTitle, content });
  assert.equal(page.status, 422);
  assertWrong(page, 'title');
  assertTyped(page, longTitle);
  assertTyped(page, content);
  const empty = await write({ title: '제목만', content: ' \n\t ' });
  assert.equal(empty.status, 422);
  assertWrong(empty, 'content');
  assertTyped(empty, '제목만');
  assertWrong(await write({}), 'title', 'content');
  assertWrong(await write({ title: '두\n줄', content }), 'title');
  assertWrong(await write({ title: 'a\u0007b', content: 'a\u0008b' }), 'title', 'content');
  assertWrong(await write({ title: '긴 글', content: '가'.repeat(contentLimit + 1) }), 'content');
  assert.equal((await write({ title: '가'.repeat(titleLimit), content: '가'.repeat(contentLimit) })).status, 303);
  const edited = await member.client.post(`${postPath}/edit`, { form: { title: '', content } });
  assert.equal(edited.status, 422);
  assertWrong(edited, 'title');
  assertTyped(edited, content);
  assert.match((await guest.get(postPath)).text, /<h1>바탕 글<\/h1>/);
});

test('a refused reply is shown again at its parent comment', async () => {
  const long = '가'.repeat(commentLimit + 1);
  const send = (form) => member.client.post(commentPath, { form });
  const page = await send({ content: long });
  assert.equal(page.status, 422);
  assertWrong(page, 'content');
  assertTyped(page, long);
  assertWrong(await send({ content: ' ' }), 'content');
  const parent = /#c(\d+)$/.exec((await send({ content: '댓글' })).location)[1];
  const reply = await send({ content: long, parent_id: parent });
  assert.equal(reply.status, 422);
  const slot = new RegExp(`id="reply-${parent}">[^]*?</form>`).exec(reply.text)[0];
  assert.match(slot, /aria-invalid="true"/);
  assert.match(slot, /id="reply-error"[^>]*>[^<]*[가-힣]/);
  assert.ok(slot.includes(long));
  // The parent comment was deleted while the reply was typed.
  await member.client.post(`/comments/${parent}/delete`);
  const late = await send({ content: '늦은 답글', parent_id: parent });
  assertKoreanPage(late, 404);
  assertTyped(late, '늦은 답글');
  const unknown = await send({ content: '엉뚱한 답글', parent_id: '987654321' });
  assertKoreanPage(unknown, 404);
  assertTyped(unknown, '엉뚱한 답글');
});

test('a name and a password of one\'s own that do not do', async () => {
  const send = (path, form) => member.client.post(path, { form });
  for (const name of ['', ' ', '가'.repeat(31), 'a\nb']) assertWrong(await send('/my/name', { name }), 'name');
  assertWrong(await send('/my/password', { current: 'minschool-demo', password: 'short', password_again: 'x' }), 'password', 'password_again');
  assertWrong(await send('/my/password', { current: 'wrong', password: 'long-enough', password_again: 'long-enough' }), 'current');
});

test('invalid UTF-8 and malformed forms are refused', async () => {
  const bodies = ['title=%FF%FE&content=a', 'title=%C0%80&content=a', 'title=%ED%A0%80&content=a', 'title=a%00b&content=a', 'title=%zz&content=a', 'title=%4', Buffer.from([0x74, 0x3d, 0xff])];
  for (const path of [`${board}/write`, commentPath, '/login', '/join', '/my/name', `${postPath}/edit`]) {
    for (const body of bodies) assertKoreanPage(await member.client.post(path, { body, headers: formType }), 400);
    assertKoreanPage(await member.client.post(path, { body: '{"title":"a"}', headers: { 'content-type': 'application/json' } }), 400);
    assertKoreanPage(await member.client.post(path, { body: 'a=b' }), 400);
    assertKoreanPage(await member.client.post(path, { body: 'a=1&'.repeat(1000), headers: formType }), 400);
  }
});

test('unknown ids and paths', async () => {
  for (const path of [`${board}/987654321/edit`, `${board}/987654321/delete`, '/comments/987654321/edit', '/comments/987654321/delete', '/posts/987654321/comments', '/boards/none/write', '/my/devices/x/logout', '/posts/0/comments', '/posts/-1/comments', '/posts/9223372036854775808/comments']) {
    assertKoreanPage(await member.client.post(path, { form: { title: '글', content: '글' } }), 404);
  }
});

test('a missing right is refused before the form is checked', async () => {
  assertKoreanPage(await write({ title: '글', content: '글' }, guest), 401);
  assertKoreanPage(await guest.post(commentPath, { form: { content: '글' } }), 401);
  assertKoreanPage(await member.client.post('/boards/notice/write', { form: { title: '', content: '' } }), 403);
  assertKoreanPage(await member.client.post('/boards/staff/write', { form: { title: '글', content: '글' } }), 404);
  for (const path of ['/my/name', '/my/password', '/my/devices/x/logout']) assertKoreanPage(await guest.post(path, { form: { name: '글' } }), 401);
});

test('every cross-site write is refused', async () => {
  const marks = [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.example' }, { origin: 'null' },
    { origin: `${siteUrl}.evil.example` }, { origin: siteUrl.replace(/\d+$/, '1') }];
  const form = { title: '다른 사이트', content: '다른 사이트' };
  for (const headers of marks) {
    const client = visitor();
    client.cookies = member.client.cookies;
    for (const path of [`${board}/write`, commentPath, `${postPath}/edit`, `${postPath}/delete`, '/my/name', '/my/logout-everywhere', '/logout', '/login', '/join']) {
      const page = await client.post(path, { form, headers });
      assertKoreanPage(page, 403);
      assert.match(page.text, /다른 사이트에서 보낸/);
    }
    assertProblem(await member.client.post('/api/v1/boards/free/posts', { json: form, headers }), 403);
  }
  assert.equal((await guest.get(postPath)).status, 200);
  assert.equal((await member.client.get('/my')).status, 200);
  assert.equal((await member.client.get(board, { headers: { 'sec-fetch-site': 'cross-site' } })).status, 200);
});

test('a body that is too large is refused by the program and by Nginx', async () => {
  const page = await member.client.post(`${board}/write`, { headers: formType, body: `title=a&content=${'a'.repeat(bodyLimit)}` });
  assertKoreanPage(page, 413);
  assertKoreanPage(await member.client.post(`${board}/write`, { headers: formType, body: 'a'.repeat(9 * bodyLimit) }), 413);
  const direct = await atServer(member.client, 2);
  assertKoreanPage(await direct.post(`${board}/write`, { headers: formType, body: `title=a&content=${'a'.repeat(bodyLimit)}` }), 413);
});

test('a flood of header fields is refused, through Nginx and directly', async () => {
  const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`x-${i}`, 'flood']));
  assertKoreanPage(await guest.get('/', { headers: many }), 431);
  const direct = await atServer(guest, 3);
  for (const headers of [many, { cookie: `a=${'b'.repeat(40_000)}` }]) {
    const answer = await direct.get('/', { headers });
    assert.equal(answer.status, 431);
    assert.match(answer.text, /[가-힣]/);
  }
  const cookies = Array.from({ length: 300 }, (_, i) => `c${i}=${i}`).join('; ');
  assert.equal((await guest.get('/', { headers: { cookie: cookies } })).status, 200);
});

test('malformed HTTP requests are refused', async () => {
  const host = 'Host: a\r\n';
  for (const bytes of ['\x16\x03\x01\x02\x00', 'hello\r\n\r\n', `GET / HTTP/9.9\r\n${host}\r\n`, 'GET / HTTP/1.1\r\n\r\n', `GET / HTTP/1.1\r\n${host}a b: c\r\n\r\n`,
    `POST /login HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, `POST /login HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`,
    `POST /login HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, `GET /\x00 HTTP/1.1\r\n${host}\r\n`, `GET  / HTTP/1.1\r\n${host}\r\n`]) {
    const { text, seconds } = await raw(Buffer.concat([Buffer.from(bytes, 'latin1'), Buffer.from('\r\n\r\n')]));
    assert.match(text, /^HTTP\/1\.1 (4\d\d|501|505) /, JSON.stringify(bytes));
    assert.match(text, /[가-힣]/, JSON.stringify(bytes));
    assert.ok(seconds < headSeconds);
  }
});

test('SQL and HTML in every field of every form are only text', async () => {
  for (const text of injections) {
    const form = { ...joinForm(), name: text.slice(0, 30) };
    const client = visitor();
    const joinedNow = await client.post('/join', { form });
    assert.equal(joinedNow.status, 303, text);
    const post = await write({ title: text, content: `${text}\n\n[a](${text})\n\n${text}` }, client);
    assert.equal(post.status, 303, text);
    const id = post.location.split('/').pop();
    const comment = await client.post(`/posts/${id}/comments`, { form: { content: text } });
    assert.equal(comment.status, 303, text);
    const [[title, content]] = await sql(`select replace(title, E'\\t', ' '), count(*) over () from posts where id = ${id}`);
    assert.equal(title, text.trim());
    assert.equal(content, '1');
    for (const path of [post.location, board, '/', '/my', `${post.location}/edit`, `/comments/${comment.location.split('#c').pop()}/edit`]) {
      const page = await client.get(path);
      assertKoreanPage(page, 200);
      assertOnlyText(page, `${text} in ${path}`);
    }
    const page = await client.get(post.location);
    assert.ok(unescaped(/<h1>([^]*?)<\/h1>/.exec(page.text)[1]).includes(text), `${text} stands in its post`);
    assert.ok(unescaped(page.text).includes(form.name));
    await client.post(`${post.location}/delete`);
  }
});

test('SQL and HTML in refused forms, in addresses and in header fields are only text', async () => {
  for (const text of injections) {
    const coded = encodeURIComponent(text);
    const wrong = await visitor().post('/login', { form: { email: text, password: text, next: text } });
    assertKoreanPage(wrong, 401);
    assertTyped(wrong, text);
    const refused = await visitor().post('/join', { form: { email: text, name: text, password: text, password_again: 'x', news: text } });
    assert.equal(refused.status, 422);
    assertTyped(refused, text);
    const pages = [wrong, refused, ...await Promise.all([`/${coded}`, `/boards/${coded}`, `${board}?page=${coded}`, `${postPath}?comments=${coded}&reply=${coded}`, `/members/${coded}`, `/login?next=${coded}`, `/login?next=/${coded}`]
      .map((path) => guest.get(path)))];
    pages.push(await guest.get('/', { headers: { 'user-agent': encodeURIComponent(text), referer: text.replace(/[^\x20-\x7e]/g, ''), cookie: `flash=${coded}; connect.sid=${coded}` } }));
    for (const page of pages) {
      // Profiles are for members: a guest is led to the login.
      if (page.status === 303) { assert.match(page.location, /^\/login\?next=%2Fmembers%2F[\w%.~-]*$/); continue; }
      assert.ok([200, 400, 401, 404, 422].includes(page.status), `${text}: ${page.status}`);
      assertKoreanPage(page, page.status);
      assertOnlyText(page, text);
    }
  }
  assert.equal((await sql('select count(*) > 0 from users'))[0][0], 't');
});

test('the browser\'s name, which the list of devices shows, is only text', async () => {
  const client = visitor();
  const answer = await client.post('/login', { form: { email: member.email, password: 'minschool-demo' }, headers: { 'user-agent': injections[0] } });
  assert.equal(answer.status, 303);
  assertOnlyText(await client.get('/my'));
});

test('an unfinished request is cut off in time and delays no other request', async () => {
  for (const { text, seconds } of await Promise.all(slow)) {
    assert.match(text, /^HTTP\/1\.1 408 /);
    assert.match(text, /[가-힣]/);
    assert.ok(seconds < headSeconds + slackSeconds, `${seconds} s`);
  }
});

test('none of these requests caused an error in the log', async () => {
  const errors = (await logs()).flatMap((log, i) => log.slice(logsBefore[i].length).split('\n').filter((line) => / error /.test(line)));
  assert.deepEqual(errors, []);
});
