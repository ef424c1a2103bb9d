// A session is created by a password that is right at that moment, for a member who may log in at that moment, and by nothing else.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { assertLoggedIn, atServer, joinForm, logIn, newMember, password, sendWithRetries, serverNumbers, visitor } from '../support/members.mjs';
import { sql } from '../support/stores.mjs';

const cookies = ['connect.sid', '__Host-connect.sid'];
const hasSession = (answer) => (answer.headers['set-cookie'] ?? []).some((line) => cookies.some((name) => line.startsWith(`${name}=`) && !line.startsWith(`${name}=;`)));
const suspend = (email) => sql(`update users set suspended_until = now() + interval '1 day', suspended_reason = '시험' where email = '${email}'`);
const newPassword = 'another-password-7';

/** A successful join, and a function that sends the same bytes again from anywhere. */
async function joinedOnce(extra = { once: randomUUID() }) {
  const form = { ...joinForm(), ...extra };
  const client = visitor();
  const answer = await client.post('/join', { form });
  assert.equal(answer.status, 303);
  assert.ok(hasSession(answer));
  return { client, email: form.email, again: (from = visitor(), options = {}) => from.post('/join', { form, ...options }) };
}

test('a repeated join opens no session: at once, after a new password, while suspended, on any server', async () => {
  const { client, email, again } = await joinedOnce();
  const refused = async () => {
    for (const number of serverNumbers) {
      const thief = visitor();
      const answer = await again(await atServer(thief, number));
      assert.equal(answer.status, 303);
      assert.match(answer.location, /^\/login/);
      assert.ok(!hasSession(answer));
      await assertLoggedIn(thief, false);
    }
  };
  await refused();
  await changePassword(client, { current: password, password: newPassword, password_again: newPassword });
  await refused();
  await suspend(email);
  await refused();
});

test('a repeated join without an idempotency key is refused and opens no session', async () => {
  const { again } = await joinedOnce({});
  const answer = await again();
  assert.equal(answer.status, 409);
  assert.ok(!hasSession(answer));
});

/** A machine that has no time for a hash asks for another try. */
const changePassword = (client, form) => sendWithRetries(() => client.post('/my/password', { form }));

test('a repeated login checks the password and the right to log in again', async () => {
  const { email, client } = await newMember();
  const form = { email, password, once: randomUUID() };
  const sent = () => sendWithRetries(() => visitor().post('/login', { form }));
  assert.ok(hasSession(await sent()));
  await changePassword(client, { current: password, password: newPassword, password_again: newPassword });
  const old = await sent();
  assert.equal(old.status, 401);
  assert.ok(!hasSession(old));
  form.password = newPassword;
  assert.ok(hasSession(await sent()));
  await suspend(email);
  const suspended = await sent();
  assert.equal(suspended.status, 403);
  assert.ok(!hasSession(suspended));
  const api = await visitor().post('/api/v1/session', { json: { email, password: newPassword }, headers: { 'idempotency-key': randomUUID() } });
  assert.equal(api.status, 403);
  assert.ok(!hasSession(api));
});

test('a repeated change of the password keeps the newest one', async () => {
  const { email, client } = await newMember();
  const form = { current: password, password: newPassword, password_again: newPassword, once: randomUUID() };
  assert.equal((await changePassword(client, form)).status, 303);
  const newest = 'the-newest-password-8';
  await changePassword(client, { current: newPassword, password: newest, password_again: newest });
  await changePassword(client, form);
  await logIn(email, { secret: newest });
});

test('a member who is suspended by any statement is logged out everywhere and writes nothing, even with a login in progress', async () => {
  for (let round = 0; round < 6; round++) {
    const { email, client } = await newMember();
    const late = visitor();
    const logins = [visitor(), late].map((from) => from.post('/login', { form: { email, password } }));
    const write = client.post('/api/v1/boards/free/posts', { json: { title: '정지되는 동안 쓴 글', content: '내용' } });
    await suspend(email);
    const [[count]] = await sql(`select count(*) from posts p join users u on u.id = p.author_id where u.email = '${email}'`);
    await Promise.all(logins);
    await write;
    await assertLoggedIn(late, false);
    await assertLoggedIn(client, false);
    const after = await client.post('/api/v1/boards/free/posts', { json: { title: '정지된 뒤에 쓴 글', content: '내용' } });
    assert.equal(after.status, 401);
    const [[later]] = await sql(`select count(*) from posts p join users u on u.id = p.author_id where u.email = '${email}'`);
    assert.ok(Number(later) <= Number(count) + 1);
  }
});
