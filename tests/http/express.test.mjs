// A site moves from the seed's Express program server by server: app1 shares its sessions ([session] adopt), app2 does not.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { sign, unsign } from 'cookie-signature';

import { eventually } from '../support/assert.mjs';
import { Client } from '../support/client.mjs';
import { startExpress } from '../support/express.mjs';
import { atServer, logIn, newMember, visitor } from '../support/members.mjs';
import { age, sessionSecret } from '../support/sessions.mjs';
import { root, stack, state } from '../support/stack.mjs';
import { redis, sql } from '../support/stores.mjs';

const run = promisify(execFile);
const build = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release');
const cookieName = 'connect.sid';
const day = 24 * 60 * 60;
const touchSeconds = 5 * 60;  // how often a session is written here

let program;
let secret;
before(async () => {
  secret = await sessionSecret();
  await sql('grant execute on function ms_adopt_session to minschool_site');
  process.env.MINSCHOOL_SESSION_ADOPT = 'true';
  await stack('restart', 'app1');
  program = await startExpress();
});
after(async () => {
  await program?.close();
  delete process.env.MINSCHOOL_SESSION_ADOPT;
  await sql('revoke execute on function ms_adopt_session from minschool_site');
  await stack('restart', 'app1');
});

const cookieOf = (client) => decodeURIComponent(client.cookies.get(cookieName));
const idOf = (client) => cookieOf(client).slice('s:'.length).split('.')[0];
const keyOf = (client) => `session:${idOf(client)}`;
const storedOf = async (client) => JSON.parse(await redis('GET', keyOf(client)));
const left = async (client) => Number(await redis('TTL', keyOf(client)));

/** A member of the data base: {id, email}. */
async function member() {
  const { client, email } = await newMember();
  await client.post('/logout');
  const [[id]] = await sql(`select id from users where email = '${email}'`);
  return { id, email };
}

/** The same cookies at the Express program. */
function there(client, { url } = program) {
  const other = new Client(url, { address: client.address });
  other.cookies = client.cookies;
  return other;
}

/** Logged in at the Express program as the seed's data say. */
async function expressLogin({ id, email }, more = {}, where = program) {
  const client = visitor();
  const body = { userId: id, email, role: 'member', permissions: ['read', 'write', 'delete'], ...more };
  assert.equal((await there(client, where).post('/login', { json: body })).status, 200);
  return client;
}

const here = async (client, number = 1) => (await (await atServer(client, number)).get('/api/v1/me')).status === 200;
const knownThere = async (client, where) => (await there(client, where).get('/me')).status === 200;

/** As if the session had last been written here six minutes ago. */
const makeDue = (client) => age(idOf(client), touchSeconds + 60);

test('a session that Express made is a login here, whether it has the id as a text or a number', async () => {
  const who = await member();
  for (const userId of [who.id, Number(who.id)]) {
    const client = await expressLogin(who, { userId });
    const me = await (await atServer(client, 1)).get('/api/v1/me');
    assert.equal(me.status, 200, me.text);
    assert.equal(me.json().email, who.email);
    assert.ok(await knownThere(client));
    assert.strictEqual((await storedOf(client)).userId, userId);
  }
  const [[rows]] = await sql(`select count(*) from sessions where user_id = ${who.id} and shared and realm = 'site'`);
  assert.equal(rows, '2');
});

test('a session of MinSchool is a login at Express, with the fields of the seed', async () => {
  const { client, email } = await newMember();
  const first = await atServer(client, 1);
  await first.post('/login', { form: { email, password: 'minschool-demo' } });
  assert.equal(unsign(cookieOf(client).slice('s:'.length), secret), idOf(client));
  const me = await there(client).get('/me');
  assert.equal(me.status, 200);
  assert.equal(me.json().email, email);
  assert.equal(me.json().role, 'member');
  assert.deepEqual(me.json().permissions.sort(), ['comment', 'read', 'write']);
  assert.ok(Math.abs(Date.parse(me.json().lastAccess) - Date.now()) < 60_000);
  assert.equal(me.headers['set-cookie'], undefined, 'a cookie that is only read is not sent again');
});

test('without adoption in the configuration the session is a guest at MinSchool, and still works at Express', async () => {
  const client = await expressLogin(await member());
  assert.equal(await here(client, 2), false);
  assert.ok(await knownThere(client));
  assert.ok(await here(client, 1));
  assert.ok(await here(client, 2), 'once adopted it is a session like any other');
});

test('doctor says when the configuration and the database differ about adoption', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'minschool-adopt-'));
  const found = async (adopt) => {
    const text = await readFile(join(state, 'config', 'app1-site.toml'), 'utf8');
    await writeFile(join(folder, 'site.toml'), text.replace(/^adopt = .*$/m, '').replace(/^\[session\]$/m, `[session]\nadopt = ${adopt}`));
    const env = { ...process.env };
    delete env.MINSCHOOL_SESSION_ADOPT;
    const { stdout } = await run(join(build, 'minschool'), ['doctor', '--json', '--dir', folder, '--share', root], { env, timeout: 90_000 }).catch((error) => error);
    return JSON.parse(stdout).find(({ check }) => check === 'adopt')?.state;
  };
  try {
    assert.equal(await found(true), undefined);
    assert.equal(await found(false), 'hint');
    await sql('revoke execute on function ms_adopt_session from minschool_site');
    assert.equal(await found(true), 'wrong');
    assert.equal(await found(false), undefined);
    const client = await expressLogin(await member());
    assert.equal(await here(client, 1), false, 'not adopted');
    assert.ok(await knownThere(client), 'and not ended there');
  } finally {
    await sql('grant execute on function ms_adopt_session to minschool_site');
    await rm(folder, { recursive: true });
  }
});

test('a forged signature or another secret is a guest on both sides', async () => {
  const client = await expressLogin(await member());
  const other = await startExpress({ secret: randomBytes(32).toString('hex') });
  try {
    assert.equal(await knownThere(client, other), false);
    const stranger = await expressLogin(await member(), {}, other);
    assert.equal(await here(stranger), false);
    assert.equal(await knownThere(stranger), false);
  } finally {
    await other.close();
  }
  const whole = cookieOf(client);
  const [id, signature] = whole.slice(2).split('.');
  for (const value of [`s:${id}.${signature.slice(0, -1)}${signature.endsWith('A') ? 'B' : 'A'}`, `s:${id}x.${signature}`, `s:${id}`, id,
    `s:${sign(id, secret.slice(1))}`]) {
    const forger = visitor();
    forger.cookies.set(cookieName, encodeURIComponent(value));
    assert.equal(await here(forger), false, value);
    assert.equal(await knownThere(forger), false, value);
  }
  const honest = visitor();
  honest.cookies.set(cookieName, encodeURIComponent(`s:${sign(id, secret)}`));
  assert.ok(await here(honest));
});

test('what either program stores in the session survives writes of the other', async () => {
  const client = await expressLogin(await member(), { theme: { dark: true } });
  await there(client).post('/cart', { json: { item: 'a' } });
  assert.ok(await here(client));
  await there(client).post('/cart', { json: { item: 'b' } });
  await makeDue(client);
  assert.ok(await here(client));
  await eventually(async () => Date.now() / 1000 - (await storedOf(client)).touched < 60, 'our write');
  const stored = await storedOf(client);
  assert.deepEqual(stored.theme, { dark: true });
  assert.deepEqual(stored.cart, ['a', 'b']);
  assert.deepEqual((await there(client).get('/me')).json().cart, ['a', 'b']);
  assert.equal(stored.realm, 'site');
});

test('each use on either side restarts the 24 hours', async () => {
  const foreign = await expressLogin(await member());
  const { email } = await member();
  const own = visitor();
  await (await atServer(own, 1)).post('/login', { form: { email, password: 'minschool-demo' } });
  for (const client of [foreign, own]) {
    for (const use of [here, knownThere, here]) {
      await redis('EXPIRE', keyOf(client), '1000');
      assert.ok(await use(client));
      await eventually(async () => (await left(client)) > day - 60, `24 hours after ${use.name}`);
      assert.ok(await left(client) <= day);
    }
    const changed = await there(client).post('/cart', { json: { item: 'a' } });
    const [line] = changed.headers['set-cookie'];
    assert.ok(Math.abs(Date.parse(/Expires=([^;]+)/.exec(line)[1]) - Date.now() - day * 1000) < 60_000, line);
    assert.match(line, /; HttpOnly/);
    assert.match(line, /Path=\//);
    const { cookie } = await storedOf(client);
    assert.equal(cookie.originalMaxAge, day * 1000);
    assert.ok(Math.abs(Date.parse(cookie.expires) - Date.now() - day * 1000) < 60_000);
  }
  assert.equal((await storedOf(own)).cookie.sameSite, 'lax');
});

test('the cookie of a program with rolling and secure sessions stays as it set it', async () => {
  const rolling = await startExpress({ rolling: true, cookie: { secure: true, sameSite: 'strict' } });
  try {
    const { id, email } = await member();
    const client = visitor();
    const tls = { headers: { 'x-forwarded-proto': 'https' } };
    await there(client, rolling).post('/login', { json: { userId: id, email }, ...tls });
    assert.ok(await here(client));
    await makeDue(client);
    assert.ok(await here(client));
    const answer = await there(client, rolling).get('/me', tls);
    assert.equal(answer.status, 200);
    for (const attribute of [/; Secure/, /; SameSite=Strict/, /; HttpOnly/, /; Expires=/]) assert.match(answer.headers['set-cookie'][0], attribute);
    assert.ok(await left(client) > day - 60);
  } finally {
    await rolling.close();
  }
});

test('a session that expired at Express is not valid at MinSchool', async () => {
  const brief = await startExpress({ cookie: { maxAge: 1000 } });
  try {
    const client = await expressLogin(await member(), {}, brief);
    assert.ok(await knownThere(client, brief));
    await sleep(2100);  // whole seconds in Redis, rounded up
    assert.equal(await here(client), false);
    assert.equal(await knownThere(client, brief), false);
  } finally {
    await brief.close();
  }
});

test('a logout at MinSchool ends the session at Express', async () => {
  const who = await member();
  const foreign = await expressLogin(who);
  const own = visitor();
  await (await atServer(own, 1)).post('/login', { form: { email: who.email, password: 'minschool-demo' } });
  for (const client of [foreign, own]) {
    assert.ok(await here(client) && await knownThere(client));
    const cookies = new Map(client.cookies);
    await (await atServer(client, 1)).post('/logout');
    client.cookies = cookies;
    assert.equal(await knownThere(client), false);
    assert.equal(await here(client), false);
  }
});

test('a logout at Express ends the session at MinSchool, whichever program created it', async () => {
  const who = await member();
  const foreign = await expressLogin(who);
  const own = visitor();
  await (await atServer(own, 1)).post('/login', { form: { email: who.email, password: 'minschool-demo' } });
  for (const client of [foreign, own]) {
    assert.ok(await here(client) && await knownThere(client));
    const cookies = new Map(client.cookies);
    await there(client).post('/logout');
    client.cookies = cookies;
    assert.equal(await here(client), false);
    assert.equal(await knownThere(client), false);
  }
});

test('revoking one or all logins at MinSchool ends the session at Express', async () => {
  const who = await member();
  const [first, second] = [await expressLogin(who), await expressLogin(who)];
  const own = visitor();
  const site = await atServer(own, 1);
  await site.post('/login', { form: { email: who.email, password: 'minschool-demo' } });
  for (const client of [first, second]) assert.ok(await here(client) && await knownThere(client));
  const unseen = await expressLogin(who);
  const [[hash]] = await sql(`select encode(sha256(convert_to('${idOf(first)}', 'utf8')), 'hex')`);
  assert.equal((await site.post(`/my/devices/${hash}/logout`)).status, 303);
  assert.equal(await here(first), false);
  await eventually(async () => !(await knownThere(first)), 'the end of one session there');
  assert.ok(await knownThere(second) && await here(second));
  const cookies = new Map(own.cookies);
  assert.equal((await site.post('/my/logout-everywhere')).status, 303);
  own.cookies = cookies;
  await eventually(async () => !(await knownThere(second)) && !(await knownThere(own)), 'the end of all sessions there');
  assert.equal(await here(second), false);
  assert.equal(await here(unseen), false, 'made before the revocation, seen here only after it');
  assert.equal(await knownThere(unseen), false);
  assert.ok(await here(await expressLogin(who)), 'a later login is one');
});

test('a suspended member is not adopted, and an unknown one is a guest', async () => {
  const who = await member();
  const client = await expressLogin(who);
  await sql(`update users set suspended_until = now() + interval '1 day' where id = ${who.id}`);
  assert.equal(await here(client), false);
  for (const userId of ['999999999', 'user123', '', `${who.id} `]) {
    const stranger = await expressLogin(who, { userId });
    assert.equal(await here(stranger), false, userId);
  }
});

test("a guest's session there stays one", async () => {
  const client = visitor();
  await there(client).post('/cart', { json: { item: 'a' } });
  assert.equal(await here(client), false);
  assert.deepEqual((await there(client).get('/me')).json().cart, ['a']);
});

test('when Express changes the member of a session, MinSchool follows', async () => {
  const [one, two] = [await member(), await member()];
  const client = await expressLogin(one);
  assert.ok(await here(client));
  await there(client).post('/become', { json: { userId: two.id } });
  const me = await (await atServer(client, 1)).get('/api/v1/me');
  assert.equal(me.json().email, two.email);
});

test('a Redis that restarts empty ends no login of either program', async () => {
  const who = await member();
  const foreign = await expressLogin(who);
  assert.ok(await here(foreign));
  const own = await logIn(who.email);
  await stack('redis', 'stop');
  assert.ok(await here(foreign) && await here(own));
  await stack('redis', 'start');
  await eventually(async () => (await here(foreign)) && (await redis('EXISTS', keyOf(foreign))) === '1', 'the session in Redis again');
  assert.ok(await here(own));
  await eventually(() => knownThere(foreign), 'the login there');
});

test('a concurrent write by Express to the same session is never lost', async () => {
  const client = await expressLogin(await member());
  assert.ok(await here(client));
  const items = [];
  for (let round = 0; round < 60; round++) {
    await makeDue(client);
    items.push(`것${round}`);
    const [known, put] = await Promise.all([here(client), there(client).post('/cart', { json: { item: items.at(-1) } })]);
    assert.ok(known);
    assert.equal(put.status, 200);
  }
  assert.deepEqual((await there(client).get('/me')).json().cart, items);
});

test('a session secret is rotated while both programs run, and nobody is logged out', async () => {
  const who = await member();
  const [before, ours] = [await expressLogin(who), await logIn(who.email)];
  const newest = randomBytes(32).toString('hex');
  process.env.MINSCHOOL_SESSION_SECRET = `${newest}\n${secret}`;
  const rotated = await startExpress({ secret: [newest, secret] });
  try {
    await stack('restart', 'app1');
    for (const client of [before, ours]) assert.ok(await here(client) && await knownThere(client, rotated));
    const later = await expressLogin(who, {}, rotated);
    assert.ok(await here(later));
    const own = visitor();
    await (await atServer(own, 1)).post('/login', { form: { email: who.email, password: 'minschool-demo' } });
    assert.ok(unsign(cookieOf(own).slice('s:'.length), newest));
    assert.ok(await knownThere(own, rotated));
    assert.equal(await here(own, 2), false, 'where the new secret is not known yet');
  } finally {
    delete process.env.MINSCHOOL_SESSION_SECRET;
    await rotated.close();
    await stack('restart', 'app1');
  }
});
