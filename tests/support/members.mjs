// Members that belong to one test, so that tests do not disturb each other and can be repeated on the same data.
import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { soon } from './assert.mjs';
import { Client, siteUrl } from './client.mjs';
import { appUrl } from './stack.mjs';

export const password = 'minschool-demo';
/** The app servers of a stack of the usual size. */
export const numbers = [1, 2, 3];

/** A loopback address that nobody else comes from: what is counted per address binds no other test. */
export const ownAddress = () => `127.${randomInt(100, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;

export const visitor = (base = siteUrl) => new Client(base, { address: ownAddress() });

/** The fields of the form of /join for a new member. */
export function application() {
  const email = `${randomUUID()}@minschool.test`;
  const name = `시험${randomUUID().slice(0, 6)}`;
  return { email, name, password, password_again: password, terms: '1', privacy: '1' };
}

const mostTries = 30;

/** Sends again what there was no room for, as the answer asks for: a busy machine checks few passwords at a time. */
async function patiently(send) {
  for (let tries = mostTries; ; tries--) {
    const answer = await send();
    if (answer.status !== 503 || !answer.headers['retry-after'] || tries === 0) return answer;
    await pause(500 + randomInt(1000));
  }
}

/** A new member, logged in on the Site: {client, email, name}. */
export async function joined() {
  const client = visitor();
  const form = application();
  const answer = await patiently(() => client.post('/join', { form }));
  assert.equal(answer.status, 303, answer.text.slice(0, 400));
  return { client, email: form.email, name: form.name };
}

/** One more login of that member, from a device of its own. */
export async function loggedIn(email, { base, secret = password, ...form } = {}) {
  const client = visitor(base);
  const answer = await patiently(() => client.post('/login', { form: { email, password: secret, ...form } }));
  assert.equal(answer.status, 303, answer.text.slice(0, 400));
  return client;
}

/** The same visitor, cookies and all, asking one app server without Nginx. */
export async function at(client, number, program) {
  const direct = new Client(await appUrl(number, program), { address: client.address });
  direct.cookies = client.cookies;
  return direct;
}

/** The same visitor at each app server. */
export const everywhere = (client) => Promise.all(numbers.map((number) => at(client, number)));

/** Whether the visitor is logged in, as each app server sees it. */
async function signedIn(client) {
  const servers = await everywhere(client);
  const answers = await Promise.all(servers.map((server) => server.get('/api/v1/me')));
  return answers.map(({ status }) => status === 200);
}

/** All app servers agree that the visitor is logged in, or is not. That one is, no server ever learns too late. */
export function assertSignedIn(client, expected) {
  const check = async () => assert.deepEqual(await signedIn(client), numbers.map(() => expected));
  return expected ? check() : soon(check);
}
