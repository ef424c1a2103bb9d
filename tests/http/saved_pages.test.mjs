// Hidden, deleted, closed or renamed content is gone from Nginx's saved pages before the act is answered as done, also when no
// app server is left to make a new page. Addresses without links do not fill the cache.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, rename, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { assertKoreanPage, eventually } from '../support/assert.mjs';
import { Client, adminUrl } from '../support/client.mjs';
import { expectErrors } from '../support/log.mjs';
import { logIn, newMember } from '../support/members.mjs';
import { installed } from '../support/nginx.mjs';
import { appUrl, facts, root, stack, state, status } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';

await expectErrors('Nginx cannot save pages: ', '[^ ]+ is full: Nginx saves no pages');

const apps = ['app1', 'app2', 'app3'];
const guest = new Client();
const other = new Client();
const admin = await logIn('admin@minschool.test', { base: adminUrl });
const { net } = await facts();
const monitor = new Client(`http://${net}.10:3002`);

async function written(author, board, title, content) {
  const answer = await author.client.post(`/boards/${board}/write`, { form: { title, content } });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  return Number(answer.location.match(/\/(\d+)/)[1]);
}

async function commented(author, post, content) {
  const answer = await author.client.post(`/posts/${post}/comments`, { form: { content } });
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  const [[id]] = await sql(`select max(id) from comments where post_id = ${post} and content = '${content}'`);
  return Number(id);
}

/** Every address that shows a post or a comment to guests, with the queries that links have and with others. */
const shows = (board, post, member) => [
  '/', `/boards/${board}`, `/boards/${board}?page=1`, `/boards/${board}/${post}`, `/boards/${board}/${post}?comments=1`,
  `/boards/${board}/${post}?utm_source=kakao`, `/boards/${board}/${post}?comment=1`, `/members/${member}`,
];

/** Two guests read them: what one alone reads is not saved. */
async function visit(paths) {
  for (const path of paths) for (const reader of [guest, other]) await reader.get(path);
}

async function assertGone(mark, paths) {
  for (const path of paths) {
    const answer = await guest.get(path);
    assert.ok(!answer.text.includes(mark), `${path} shows it (${answer.status}, ${answer.headers['x-cache']})`);
  }
}

const memberId = async ({ email }) => Number((await sql(`select id from users where email = '${email}'`))[0][0]);
const act = (kind, id, what) => admin.post(`/${kind}/bulk`, { form: { chosen: id, act: what, reason: '시험' } });
const queued = async () => Number((await sql('select count(*) from purges'))[0][0]);

async function healthy() {
  for (const app of apps) await stack('start', app);
  await eventually(async () => (await status()).every((row) => row.health === 'ok' && row.site !== '-' && row.admin !== '-'), 'health of all');
}

async function withoutApps(look) {
  await Promise.all(apps.map((app) => stack('stop', app)));
  try {
    await look();
  } finally {
    await healthy();
  }
}

const board = `saved-${randomUUID().slice(0, 8)}`;
let author;
before(async () => {
  author = await newMember();
  const form = { slug: board, name: '저장 시험', description: '', position: 90, read_role: 'guest', write_role: 'member', comment_role: 'member', on_home: 1 };
  const answer = await admin.post('/boards/new', { form });
  assert.equal(answer.status, 303, answer.text.slice(0, 400));
});
after(async () => {
  await stack('monitor', 'start');
  await healthy();
});

const subjects = {
  'a post that staff hide': async (post) => act('posts', post, 'hide'),
  'a post that staff delete': async (post) => act('posts', post, 'delete'),
  'a post that its author deletes': async (post) => author.client.post(`/boards/${board}/${post}/delete`, { form: {} }),
  'a post that its author changes': async (post) =>
    author.client.post(`/boards/${board}/${post}/edit`, { form: { title: '새 제목', content: '새 본문' } }),
};

for (const [name, take] of Object.entries(subjects)) {
  test(`${name} is in no saved page, when all app servers are gone right after the answer`, async () => {
    const mark = randomUUID();
    const post = await written(author, board, `제목 ${mark}`, `본문 ${mark}`);
    const neighbour = await written(author, board, '옆 글', '옆 글');  // links to it by its title
    const paths = [...shows(board, post, await memberId(author)), `/boards/${board}/${neighbour}`];
    await visit(paths);
    assert.ok((await guest.get(paths[3])).text.includes(mark));
    const answer = await take(post);
    assert.equal(answer.status, 303, answer.text.slice(0, 300));
    assert.equal(answer.headers['x-purge'], undefined, 'nothing is left to be removed');
    await withoutApps(() => assertGone(mark, paths));
  });
}

for (const [name, take] of Object.entries({
  'a comment that staff hide': async (id) => act('comments', id, 'hide'),
  'a comment that its author deletes': async (id) => author.client.post(`/comments/${id}/delete`, { form: {} }),
  'a comment that its author changes': async (id) => author.client.post(`/comments/${id}/edit`, { form: { content: '다른 말' } }),
})) {
  test(`${name} is in no saved page`, async () => {
    const mark = randomUUID();
    const post = await written(author, board, '댓글 시험', '본문');
    const comment = await commented(author, post, mark);
    const paths = [...shows(board, post, await memberId(author)), `/boards/${board}/${post}?comment=${comment}`];
    await visit(paths);
    assert.ok((await guest.get(paths[3])).text.includes(mark));
    const answer = await take(comment);
    assert.equal(answer.status, 303, answer.text.slice(0, 300));
    await withoutApps(() => assertGone(mark, paths));
  });
}

test('a member who takes another name, and a board that is closed to guests', async () => {
  const renamed = await newMember();
  const mark = randomUUID();
  const post = await written(renamed, board, `제목 ${mark}`, `본문 ${mark}`);
  const paths = shows(board, post, await memberId(renamed));
  await visit(paths);
  assert.ok((await guest.get(paths[3])).text.includes(renamed.name));
  const before = renamed.name;
  assert.equal((await renamed.client.post('/my/name', { form: { name: `새이름${randomUUID().slice(0, 4)}` } })).status, 303);
  await withoutApps(() => assertGone(before, paths));

  await visit(paths);
  assert.ok((await guest.get(paths[3])).text.includes(mark));
  const [[id]] = await sql(`select id from boards where slug = '${board}'`);
  const form = { slug: board, name: '저장 시험', description: '', position: 90, read_role: 'member', write_role: 'member', comment_role: 'member', on_home: 1 };
  const answer = await admin.post(`/boards/${id}`, { form });
  assert.equal(answer.status, 303, answer.text.slice(0, 400));
  await withoutApps(() => assertGone(mark, paths));
  form.read_role = 'guest';
  assert.equal((await admin.post(`/boards/${id}`, { form })).status, 303);
});

test('saved pages that do not show it stay saved', async () => {
  const post = await written(author, board, '여기만', '본문');
  const comment = await commented(author, post, '이 댓글만');
  const unconcerned = ['/boards/notice', '/boards/free'];
  const withPost = ['/', `/boards/${board}`, `/boards/${board}/${post}`];
  await visit([...unconcerned, ...withPost]);
  const saved = async () => (await monitor.get('/upstream_status?format=json')).json().saved_pages.forgotten_pages;
  const before = await saved();
  assert.equal((await author.client.post(`/comments/${comment}/edit`, { form: { content: '그 댓글' } })).status, 303);
  assert.equal(await saved(), before + 1, 'the page with the comment alone');
  assert.equal((await author.client.post(`/boards/${board}/${post}/delete`, { form: {} })).status, 303);
  await withoutApps(async () => {
    for (const path of unconcerned) assert.equal((await guest.get(path)).headers['x-cache'], 'STALE', path);
    for (const path of withPost) assert.equal((await guest.get(path)).status, 503, path);
  });
});

test('a page that was being fetched during a purge is not saved', async () => {
  let arrived, answer;
  const slow = createServer((request, response) => {
    answer = () => response.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'public, s-maxage=60' }).end(String(++count));
    arrived();
  });
  let count = 0;
  slow.listen(0, '127.0.0.1');
  await once(slow, 'listening');
  const nginx = await installed(['--domain', 'school.test'], { site_servers: `server 127.0.0.1:${slow.address().port};` });
  const reader = new Client(`http://127.0.0.1:${nginx.port}`);
  /** The body that a guest gets, after `meanwhile` when it has to be fetched. */
  const read = async (meanwhile = async () => {}) => {
    const asked = new Promise((resolve) => { arrived = resolve; });
    const got = reader.get('/page', { headers: { host: 'school.test' } });
    if ((await Promise.race([asked.then(() => 'asked'), got])) === 'asked') {
      await meanwhile();
      answer();
    }
    return (await got).text;
  };
  const lead = async (name) => {
    await mkdir(join(nginx.folder, 'pages', name));
    await symlink(name, join(nginx.folder, 'pages', 'new'));
    await rename(join(nginx.folder, 'pages', 'new'), join(nginx.folder, 'pages', 'current'));
  };
  try {
    assert.equal(await read(), '1', 'one guest alone');
    assert.equal(await read(() => lead('second')), '2');
    assert.equal(await read(), '3', 'it was not saved');
    assert.equal(await read(), '3', 'it was saved');
  } finally {
    await nginx.stop();
    slow.close();
  }
});

test('while many guests read it, no new copy is saved', async () => {
  const mark = randomUUID();
  const post = await written(author, board, `제목 ${mark}`, `본문 ${mark}`);
  const paths = shows(board, post, await memberId(author));
  await visit(paths);
  let over = false;
  const readers = Array.from({ length: 4 }, async () => {
    const reader = new Client();
    while (!over) for (const path of paths) await reader.get(path).catch(() => {});
  });
  assert.equal((await act('posts', post, 'hide')).status, 303);
  await Promise.all(apps.map((app) => stack('kill', app)));
  over = true;
  await Promise.all(readers);
  await withoutApps(() => assertGone(mark, paths));
});

test('when an Nginx cannot be purged, the response and a metric say so, and the purge is repeated', async () => {
  const mark = randomUUID();
  const post = await written(author, board, `제목 ${mark}`, `본문 ${mark}`);
  const paths = shows(board, post, await memberId(author));
  await visit(paths);
  await stack('monitor', 'stop');
  const answer = await act('posts', post, 'hide');
  assert.equal(answer.status, 303);
  assert.equal(answer.headers['x-purge'], 'pending');
  assert.match((await admin.get(answer.location)).text, /저장해 둔 화면에서는 아직 지우지 못했습니다/);
  assert.ok(await queued() > 0);
  const site = new Client(await appUrl(1));
  await eventually(async () => Number((await site.get('/metrics')).text.match(/^minschool_purges_pending (\d+)$/m)[1]) > 0, 'the metric');
  await stack('monitor', 'start');
  await eventually(async () => await queued() === 0, 'an empty queue');
  await withoutApps(() => assertGone(mark, paths));
});

test('with several Nginx those that answer are purged, and the response says that not all are', async () => {
  const purges = async () => (await monitor.get('/upstream_status?format=json')).json().saved_pages.forgotten;
  const build = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release');
  const child = spawn(join(build, 'minschool-site'), ['--config', join(state, 'config', 'app1-site.toml')], { stdio: 'ignore',
    env: { ...process.env, MINSCHOOL_SERVER_ADDRESS: `${net}.98`, MINSCHOOL_PROXY_MONITORS: `http://${net}.9:3002,http://${net}.10:3002` } });
  try {
    const direct = new Client(`http://${net}.98:3000`);
    await eventually(async () => (await direct.get('/health').catch(() => null))?.status === 200, 'its health');
    direct.cookies = author.client.cookies;
    const post = await written(author, board, '둘', '본문');
    const count = await purges();
    const answer = await direct.post(`/boards/${board}/${post}/delete`, { form: {} });
    assert.equal(answer.status, 303);
    assert.equal(answer.headers['x-purge'], 'pending');
    assert.ok(await purges() > count);
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  }
});

test('removals by the command line or an operator are purged too', async () => {
  const mark = randomUUID();
  const post = await written(author, board, `제목 ${mark}`, `본문 ${mark}`);
  const paths = shows(board, post, await memberId(author));
  await visit(paths);
  await sql(`update posts set deleted_at = now() where id = ${post}`);
  await eventually(async () => await queued() === 0, 'an empty queue');
  await eventually(async () => (await guest.get(paths[3])).status === 404, 'the refusal');
  await withoutApps(() => assertGone(mark, paths));
});

test('a write that adds something, or concerns no guest, purges nothing', async () => {
  const purges = async () => (await monitor.get('/upstream_status?format=json')).json().saved_pages.forgotten;
  await eventually(async () => await queued() === 0, 'an empty queue');
  const count = await purges();
  const post = await written(author, board, '하나 더', '본문');
  await commented(author, post, '댓글');
  await author.client.post(`/posts/${post}/like`, { form: {} });
  assert.equal(await purges(), count);
  assert.equal(await queued(), 0);
});

test('invented addresses do not fill the cache of saved pages', async () => {
  const count = async () => (await readdir(join(state, 'nginx', 'cache'), { recursive: true })).filter((name) => /[0-9a-f]{32}$/.test(name)).length;
  await visit(['/boards/free']);
  const known = await count();
  for (let i = 0; i < 40; i++) {
    const mark = randomUUID();
    for (const path of [`/?${mark}`, `/boards/free?x=${mark}`, `/boards/free?page=1&x=${mark}`, `/boards/free?page=${10000 + i}`,
      `/boards/free?page=0${i}`, `/${mark}`, `/boards/${mark}`, `/boards/free/${900000000 + i}`, `/boards/%66ree?page=${i + 1}`,
      `/boards/free/${900000000 + i}/edit`]) {
      for (const reader of [guest, other]) {
        const answer = await reader.get(path, { headers: { host: `${mark}.example` } });
        assert.ok(answer.status !== 500 && answer.status !== 503, `${path}: ${answer.status}`);
      }
    }
    for (const host of [`a${mark}.example`, `LOCALHOST:${i + 1}`]) await guest.get('/boards/free', { headers: { host } });
  }
  assert.equal(await count(), known);
});

test('a page with another query is never saved, and falls back to the saved page when no server answers', async () => {
  await visit(['/boards/free']);
  const path = `/boards/free?utm_source=${randomUUID()}`;
  const fresh = await guest.get(path);
  assertKoreanPage(fresh, 200);
  assert.match(fresh.headers['cache-control'], /no-store/);
  await withoutApps(async () => {
    const saved = await guest.get(path);
    assertKoreanPage(saved, 200);
    assert.equal(saved.headers['x-cache'], 'STALE');
    assert.match(saved.text, /얼마 전에 저장된 화면/);
  });
});

test('the disk of the cache is full: guests get their pages, and the monitor says why none are saved', { skip: process.getuid() !== 0 }, async () => {
  const saved = async () => (await monitor.get('/upstream_status?format=json')).json().saved_pages;
  await stack('nginx', 'full');
  try {
    await eventually(async () => !(await saved()).kept, 'the monitor');
    for (let i = 0; i < 20; i++) {
      for (const path of ['/', '/boards/free', '/boards/notice', `/boards/${board}`]) assertKoreanPage(await guest.get(path), 200);
    }
    assert.match((await monitor.get('/metrics')).text, /^minschool_saved_pages_kept 0$/m);
    assert.match((await monitor.get('/upstream_status')).text, /cache is full/);
    const long = 'x'.repeat(200_000);
    assert.notEqual((await author.client.post(`/boards/${board}/write`, { form: { title: '긴 글', content: long } })).status, 500, 'a form that would go to the disk');
  } finally {
    await stack('nginx', 'room');
  }
  await eventually(async () => (await saved()).kept, 'room');
  await guest.get('/boards/free');
  await eventually(async () => /HIT|EXPIRED|UPDATING/.test((await guest.get('/boards/free')).headers['x-cache']), 'a kept page');
});

test('no other cache may keep a page for a day, and none a page of the Admin', async () => {
  const page = await guest.get('/boards/free');
  assert.match(page.headers['cache-control'], /s-maxage=1\b/);
  assert.doesNotMatch(page.headers['cache-control'], /stale-if-error/);
  const stranger = new Client(adminUrl);
  for (const path of ['/login', '/', '/members', '/nothing-here']) {
    assert.match((await stranger.get(path)).headers['cache-control'], /no-store/, path);
  }
});
