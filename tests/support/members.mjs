// Members of one test each, so that tests do not disturb each other and can be repeated on the same data.
import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { soon } from './assert.mjs';
import { Client, siteUrl } from './client.mjs';
import { appUrl } from './stack.mjs';

export const password = 'minschool-demo';
/** The app servers of a stack of the usual size. */
export const serverNumbers = [1, 2, 3];

/** A loopback address that no other test uses, so that limits per address do not affect others. */
export const ownAddress = () => `127.${randomInt(100, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;

export const visitor = (base = siteUrl) => new Client(base, { address: ownAddress() });

/** The fields of the form of /join for a new member. */
export function joinForm() {
  const email = `${randomUUID()}@minschool.test`;
  const name = `시험${randomUUID().slice(0, 6)}`;
  return { email, name, password, password_again: password, terms: '1', privacy: '1' };
}

const maxTries = 30;

/** Repeats a request that was refused with Retry-After: a busy machine checks few passwords at a time. */
export async function sendWithRetries(send) {
  for (let tries = maxTries; ; tries--) {
    const answer = await send();
    if (answer.status !== 503 || !answer.headers['retry-after'] || tries === 0) return answer;
    await pause(500 + randomInt(1000));
  }
}

/** A new member, logged in on the Site: {client, email, name}. */
export async function newMember() {
  const client = visitor();
  // Like a browser's form, with a key: the member may exist although the answer was a 503.
  const form = { ...joinForm(), once: randomUUID() };
  const answer = await sendWithRetries(() => client.post('/join', { form }));
  assert.equal(answer.status, 303, answer.text.slice(0, 400));
  const member = { client, email: form.email, name: form.name };
  return answer.location.startsWith('/login') ? { ...member, client: await logIn(form.email) } : member;
}

/** Logs the member in once more, from a new device. */
export async function logIn(email, { base, secret = password, ...form } = {}) {
  const client = visitor(base);
  const answer = await sendWithRetries(() => client.post('/login', { form: { email, password: secret, ...form } }));
  assert.equal(answer.status, 303, answer.text.slice(0, 400));
  return client;
}

/** The same visitor with the same cookies at one app server, without Nginx. */
export async function atServer(client, number, program) {
  const direct = new Client(await appUrl(number, program), { address: client.address });
  direct.cookies = client.cookies;
  return direct;
}

/** The same visitor at each app server. */
export const atEachServer = (client) => Promise.all(serverNumbers.map((number) => atServer(client, number)));

/** Whether the visitor is logged in at each app server. */
async function loggedInAtEach(client) {
  const servers = await atEachServer(client);
  const answers = await Promise.all(servers.map((server) => server.get('/api/v1/me')));
  return answers.map(({ status }) => status === 200);
}

/** Asserts that the visitor is logged in at all app servers, which must hold at once, or at none, which must hold soon. */
export function assertLoggedIn(client, expected) {
  const check = async () => assert.deepEqual(await loggedInAtEach(client), serverNumbers.map(() => expected));
  return expected ? check() : soon(check);
}
