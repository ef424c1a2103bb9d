// A login belongs to no app server: created on one, it is valid on all, outlives any of them and Redis, and ends on all at once.
import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { assertKoreanPage, eventually } from '../support/assert.mjs';
import { Client, adminUrl } from '../support/client.mjs';
import { assertLoggedIn, atEachServer, atServer, logIn, newMember, password, serverNumbers, visitor } from '../support/members.mjs';
import { appUrl, stack, state, status } from '../support/stack.mjs';
import { redis, sql } from '../support/stores.mjs';

const cookieName = 'connect.sid';
const day = 24 * 60 * 60;
const triesPerAccount = 10;  // [login] tries_per_account
const newPassword = 'another-password';

const cookieOf = (answer, name = cookieName) => answer.headers['set-cookie'].find((line) => line.startsWith(`${name}=`));
const idOf = (client) => decodeURIComponent(client.cookies.get(cookieName)).slice('s:'.length).split('.')[0];
const login = (client, email, form = {}) => client.post('/login', { form: { email, password, ...form } });
const deviceKeys = (page) => [...page.matchAll(/\/my\/devices\/([0-9a-f]{64})\/logout/g)].map((found) => found[1]);

test('a login on app server 1 is valid on app servers 2 and 3', async () => {
  const { email } = await newMember();
  const client = visitor();
  const first = await atServer(client, 1);
  const answer = await login(first, email);
  assert.equal(answer.status, 303);
  assert.equal(answer.headers['x-served-by'], 'app1');
  for (const number of [2, 3]) {
    const page = await (await atServer(client, number)).get('/my');
    assert.equal(page.status, 200);
    assert.equal(page.headers['x-served-by'], `app${number}`);
    assert.ok(page.text.includes(email));
  }
});

test('a session outlives the server that made it', async () => {
  const { email, name } = await newMember();
  const before = (await status()).find(({ app }) => app === 'app1').site;
  const client = visitor();
  await login(await atServer(client, 1), email);
  await stack('kill', 'app1');
  for (const number of [2, 3]) {
    const page = await (await atServer(client, number)).get('/');
    assert.equal(page.status, 200);
    assert.ok(page.text.includes(name));
  }
  assert.equal((await client.get('/my')).status, 200);
  await eventually(async () => {
    const row = (await status()).find(({ app }) => app === 'app1');
    return row.health === 'ok' && row.site !== before && row.admin !== '-';
  }, 'the return of app1');
  await assertLoggedIn(client, true);
});

test('Redis has the session as the seed describes it, for 24 hours, and PostgreSQL only the hash of its id', async () => {
  const { client, email } = await newMember();
  const id = idOf(client);
  const session = JSON.parse(await redis('GET', `session:${id}`));
  const [[user]] = await sql(`select id from users where email = '${email}'`);
  assert.equal(String(session.userId), user);
  assert.equal(session.email, email);
  assert.equal(session.role, 'member');
  assert.deepEqual(session.permissions.sort(), ['comment', 'read', 'write']);
  assert.ok(Math.abs(Date.parse(session.lastAccess) - Date.now()) < 60_000);
  const left = Number(await redis('TTL', `session:${id}`));
  assert.ok(left > day - 60 && left <= day, `expires in ${left} s`);
  const [[rows, hash]] = await sql(`select count(*), min(encode(id_hash, 'hex') || '') from sessions where user_id = ${user}`);
  assert.equal(rows, '1');
  assert.ok(!hash.includes(id) && !hash.includes(Buffer.from(id).toString('hex')));
});

test('each use restarts the 24 hours', async () => {
  const { client } = await newMember();
  const key = `session:${idOf(client)}`;
  await redis('EXPIRE', key, '1000');
  assert.equal((await client.get('/my')).status, 200);
  assert.ok(Number(await redis('TTL', key)) > day - 60);
});

test('emptying Redis logs nobody out', async () => {
  const { client } = await newMember();
  const other = (await newMember()).client;
  await redis('FLUSHALL');
  await assertLoggedIn(client, true);
  await assertLoggedIn(other, true);
  await eventually(async () => (await redis('EXISTS', `session:${idOf(client)}`)) === '1', 'the return of the session to Redis');
});

test('a session that only Redis knows lets nobody in', async () => {
  const { client, email } = await newMember();
  const key = `session:${idOf(client)}`;
  const kept = await redis('GET', key);
  assert.equal((await client.post('/logout')).status, 303);
  await redis('SET', key, kept, 'EX', '1000');
  const again = await logIn(email);
  const id = key.slice('session:'.length);
  const secret = (await readFile(join(state, 'secrets', 'session'), 'utf8')).trim();
  const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
  again.cookies.set(cookieName, encodeURIComponent(`s:${id}.${signature}`));
  await assertLoggedIn(again, false);
});

test('the sender of a broken or forged cookie is a guest', async () => {
  const { client } = await newMember();
  const whole = decodeURIComponent(client.cookies.get(cookieName));
  const [id, signature] = whole.slice(2).split('.');
  const wrongKey = createHmac('sha256', 'x'.repeat(32)).update(id).digest('base64').replace(/=+$/, '');
  const values = ['', 'x', 's:', 's:.', `s:${id}`, `s:${id}.`, `s:${id}.${wrongKey}`, `s:${id.slice(1)}a.${signature}`, `${id}.${signature}`,
    `s:${randomBytes(24).toString('base64url')}.${signature}`, `s:${id}.${signature}x`, 'a'.repeat(4000)];
  for (const value of [...values.map(encodeURIComponent), '%', '%zz', '%00', '%FF%FE']) {
    const guest = visitor();
    const page = await guest.get('/', { headers: { cookie: `${cookieName}=${value}` } });
    assert.equal(page.status, 200, value);
    assert.match(page.text, /href="\/join"/, value);
    assert.equal((await guest.get('/my', { headers: { cookie: `${cookieName}=${value}` } })).status, 303, value);
  }
});

test('each login has a new id, and a planted one is not used', async () => {
  const victim = await newMember();
  const thief = await newMember();
  const planted = thief.client.cookies.get(cookieName);
  const client = visitor();
  client.cookies.set(cookieName, planted);
  assert.equal((await login(client, victim.email)).status, 303);
  assert.notEqual(client.cookies.get(cookieName), planted);
  assert.ok((await client.get('/my')).text.includes(victim.email));
  assert.ok((await thief.client.get('/my')).text.includes(thief.email));
  const first = client.cookies.get(cookieName);
  await login(client, victim.email);
  assert.notEqual(client.cookies.get(cookieName), first);
});

test('logging out ends the session on all servers at once, for each of several members', async () => {
  for (const number of serverNumbers) {
    const { client } = await newMember();
    await assertLoggedIn(client, true);
    const cookies = new Map(client.cookies);
    const answer = await (await atServer(client, number)).post('/logout');
    assert.match(cookieOf(answer), /Max-Age=0/);
    client.cookies = cookies;
    await assertLoggedIn(client, false);
  }
});

test('one device can be logged out from another', async () => {
  const { client, email } = await newMember();
  const other = await logIn(email);
  const third = await logIn(email);
  for (const device of [client, other, third]) await assertLoggedIn(device, true);
  const [key] = deviceKeys((await other.get('/my')).text);
  const gone = await other.post(`/my/devices/${key}/logout`);
  assert.equal(gone.status, 303);
  const [[left]] = await sql(`select count(*) from sessions s join users u on u.id = s.user_id where email = '${email}'`);
  assert.equal(left, '2');
  const hash = createHash('sha256').update(idOf(client)).digest('hex');
  await assertLoggedIn(client, hash !== key);
  await assertLoggedIn(third, hash === key);
  await assertLoggedIn(other, true);
  assertKoreanPage(await other.post(`/my/devices/${key}/logout`), 404);
});

test('nobody logs out the device of another', async () => {
  const victim = await newMember();
  const second = await logIn(victim.email);
  const stranger = await newMember();
  for (const key of deviceKeys((await second.get('/my')).text)) assertKoreanPage(await stranger.client.post(`/my/devices/${key}/logout`), 404);
  for (const key of ['x', "' or '1'='1", '0'.repeat(64)]) {
    assertKoreanPage(await stranger.client.post(`/my/devices/${encodeURIComponent(key)}/logout`), 404);
  }
  await assertLoggedIn(victim.client, true);
});

test('logging out everywhere ends every session, including the own one', async () => {
  const { client, email } = await newMember();
  const other = await logIn(email);
  for (const device of [client, other]) await assertLoggedIn(device, true);
  const answer = await client.post('/my/logout-everywhere');
  assert.equal(answer.status, 303);
  for (const device of [client, other]) await assertLoggedIn(device, false);
});

test('a new password ends all other sessions and keeps the own one', async () => {
  const { client, email } = await newMember();
  const other = await logIn(email);
  await assertLoggedIn(other, true);
  const form = { current: password, password: newPassword, password_again: newPassword };
  assert.equal((await (await atServer(client, 2)).post('/my/password', { form })).status, 303);
  await assertLoggedIn(other, false);
  await assertLoggedIn(client, true);
  assertKoreanPage(await login(visitor(), email), 401);
  await logIn(email, { secret: newPassword });
});

test('the cookie is out of reach of scripts and other sites; staying logged in makes it last 30 days', async () => {
  const { email } = await newMember();
  const usual = cookieOf(await login(visitor(), email));
  for (const attribute of [/; HttpOnly/, /; SameSite=Lax/, /; Path=\//]) assert.match(usual, attribute);
  assert.doesNotMatch(usual, /Max-Age|Expires|Domain|Secure/);
  const remembered = cookieOf(await login(visitor(), email, { remember: '1' }));
  assert.match(remembered, new RegExp(`Max-Age=${30 * day}(;|$)`));
  const [[seconds]] = await sql(`select extract(epoch from max(expires_at) - now())::int from sessions s join users u on u.id = s.user_id where email = '${email}'`);
  assert.ok(Math.abs(Number(seconds) - 30 * day) < 60);
});

test('behind TLS the cookie is Secure, and only the proxy says so', async () => {
  const { email } = await newMember();
  const headers = { 'x-forwarded-proto': 'https' };
  const form = { email, password };
  const direct = new Client(await appUrl(1));
  const origin = new URL(direct.base).origin.replace('http:', 'https:');
  assert.match(cookieOf(await direct.post('/login', { form, headers: { ...headers, origin } })), /; Secure/);
  // Nginx writes the header itself.
  assert.doesNotMatch(cookieOf(await visitor().post('/login', { form, headers })), /; Secure/);
});

test('with https the cookie has the prefix __Host-, and earlier logins stay valid', async () => {
  const { client, email } = await newMember();
  process.env.MINSCHOOL_SITE_URL = 'https://127.0.0.1';
  try {
    await stack('restart', 'app1');
    const headers = { 'x-forwarded-proto': 'https', 'sec-fetch-site': 'same-origin' };
    const me = async (name, value) => (await (await atServer(visitor(), 1)).get('/api/v1/me', { headers: { cookie: `${name}=${value}` } })).status;
    const direct = await atServer(visitor(), 1);
    const cookie = cookieOf(await direct.post('/login', { form: { email, password }, headers }), `__Host-${cookieName}`);
    for (const attribute of [/; Secure/, /; Path=\/(;|$)/, /; HttpOnly/]) assert.match(cookie, attribute);
    assert.doesNotMatch(cookie, /Domain/i);
    const value = direct.cookies.get(`__Host-${cookieName}`);
    assert.equal(await me(`__Host-${cookieName}`, value), 200);
    assert.equal(await me(cookieName, value), 401, 'planted by another host of the domain');
    assert.equal(await me(cookieName, client.cookies.get(cookieName)), 200, 'a login of before');
    assert.equal(await me(`__Host-${cookieName}`, client.cookies.get(cookieName)), 401);
    const answer = await direct.post('/logout', { headers });
    assert.match(cookieOf(answer, `__Host-${cookieName}`), /Max-Age=0.*; Secure/);
    assert.equal(await me(`__Host-${cookieName}`, value), 401);
  } finally {
    delete process.env.MINSCHOOL_SITE_URL;
    await stack('restart', 'app1');
  }
});

test('a session of the Site is not valid in the Admin, even under its cookie name', async () => {
  const site = await logIn('admin@minschool.test');
  const admin = visitor(adminUrl);
  for (const name of [cookieName, 'minschool.admin']) {
    admin.cookies.set(name, site.cookies.get(cookieName));
    assert.match((await admin.get('/')).location, /^\/login/);
  }
  const staff = await logIn('admin@minschool.test', { base: adminUrl });
  const guest = visitor();
  guest.cookies.set(cookieName, staff.cookies.get('minschool.admin'));
  await assertLoggedIn(guest, false);
  assert.equal((await staff.get('/')).status, 200);
  await Promise.all([staff, site].map((client) => client.post('/logout')));
});

test('tries to log in are limited for each account, over all servers', async () => {
  const { email } = await newMember();
  const other = await newMember();
  const guesser = visitor();
  const servers = await atEachServer(guesser);
  for (let i = 0; i < triesPerAccount; i++) {
    const answer = await login(servers[i % servers.length], email, { password: 'wrong' });
    assertKoreanPage(answer, 401);
    assert.ok(answer.text.includes(`value="${email}"`));
  }
  for (const server of servers) {
    const answer = await login(server, email);
    assertKoreanPage(answer, 429);
    assert.match(answer.headers['retry-after'], /^\d+$/);
    assert.match(answer.text, /로그인 시도가 너무 많/);
  }
  assert.equal((await login(guesser, other.email)).status, 303);
});
