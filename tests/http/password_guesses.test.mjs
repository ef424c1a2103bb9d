// Password guesses are limited, and do not lock out members who know theirs.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { Client, adminUrl } from '../support/client.mjs';
import { newMember, ownAddress, password, visitor } from '../support/members.mjs';
import { appUrl } from '../support/stack.mjs';

const triesPerAccount = 10;  // [login] tries_per_account
const fewFailures = 3;
const mostOfStrangers = 6 * triesPerAccount;

const login = (from, email, secret = password, options = {}) => from.post('/login', { form: { email, password: secret }, ...options });
const statusOf = async (...words) => (await login(...words)).status;

/** Tries wrong passwords for the account until they are refused. */
async function guessed(email, base) {
  const guesser = visitor(base);
  let status = 0;
  for (let tries = 0; tries <= triesPerAccount + 1 && status !== 429; tries++) status = await statusOf(guesser, email, 'wrong');
  assert.equal(status, 429);
  return guesser;
}

test('the owner logs in from any address without guesses, and with a known browser even from the guesser\'s address', async () => {
  const { client, email } = await newMember();
  await client.post('/logout');
  const guesser = await guessed(email);
  assert.equal(await statusOf(guesser, email), 429, 'a right guess is not revealed');
  assert.equal(await statusOf(visitor(), email), 303, 'from an address without failures');
  await guessed(email);
  const known = new Client(undefined, { address: guesser.address });
  known.cookies = new Map(client.cookies);
  assert.equal(await statusOf(known, email), 303, 'a browser of before');
});

test('a known browser counts for its own accounts only, and gets no more guesses than others', async () => {
  const [mine, other] = [await newMember(), await newMember()];
  await guessed(other.email);
  const here = mine.client;
  await here.post('/logout');
  for (let tries = 0; tries < fewFailures; tries++) await login(here, other.email, 'wrong');
  assert.equal(await statusOf(here, other.email), 429, 'its browser is unknown to the other account');
  let status = 0;
  for (let tries = 0; tries <= triesPerAccount && status !== 429; tries++) status = await statusOf(here, mine.email, 'wrong');
  assert.equal(status, 429);
  assert.equal(await statusOf(here, mine.email), 429);
  assert.equal(await statusOf(visitor(), mine.email), 303, 'and locks only itself out');
});

test('a sign-up in a browser keeps it known for its other members', async () => {
  const first = await newMember();
  const here = first.client;
  await here.post('/logout');
  await login(here, first.email);
  await here.post('/logout');
  const form = { email: `${randomUUID()}@minschool.test`, name: `동생${randomUUID().slice(0, 6)}`, password, password_again: password, terms: '1', privacy: '1' };
  assert.equal((await here.post('/join', { form })).status, 303);
  await here.post('/logout');
  for (const { email } of [first, form]) {
    here.address = (await guessed(email)).address;
    assert.equal(await statusOf(here, email), 303, email);
    await here.post('/logout');
  }
});

test('guesses from many addresses are bounded together, and the owner gets in', async () => {
  const { client, email } = await newMember();
  await client.post('/logout');
  const answers = [];
  for (let tries = 0; tries < mostOfStrangers + 5; tries++) answers.push(await statusOf(visitor(), email, 'wrong'));
  assert.equal(answers.filter((status) => status === 401).length, mostOfStrangers);
  assert.deepEqual(new Set(answers.slice(mostOfStrangers)), new Set([429]));
  assert.equal(await statusOf(client, email), 303);
});

test('guesses at the Site do not lock an administrator out of the Admin', async () => {
  const email = 'admin@minschool.test';
  await guessed(email);
  const admin = visitor(adminUrl);
  assert.equal(await statusOf(admin, email), 303);
  await admin.post('/logout');
  const guesser = await guessed(email, adminUrl);
  const known = new Client(adminUrl, { address: guesser.address });
  known.cookies = new Map(admin.cookies);
  assert.equal(await statusOf(known, email), 303);
  assert.equal(await statusOf(visitor(), email), 303, 'and the Site counts for itself');
});

test('a logged-in member can change the password while somebody guesses it', async () => {
  const { client, email } = await newMember();
  await guessed(email);
  const next = 'another-password-7';
  assert.equal((await client.post('/my/password', { form: { current: password, password: next, password_again: next } })).status, 303);
  assert.equal(await statusOf(visitor(), email, next), 303);
});

test('an IPv6 /64 is one visitor, and so is an IPv4 address in any notation', async () => {
  const { email } = await newMember();
  await guessed(email);
  const from = (address) => ({ headers: { 'x-forwarded-for': address } });
  const url = await appUrl(1);
  const ask = (...words) => statusOf(new Client(url), ...words);  // a browser that was never here
  const network = `2001:db8:${Math.floor(Math.random() * 0xffff).toString(16)}:7`;
  const v4 = ownAddress();
  const cases = [
    [(n) => `${network}:${n.toString(16)}:0:0:9`, `${network}:ffff:ffff:ffff:ffff`, network.replace(/7$/, '8::1')],
    [(n) => (n % 2 ? v4 : `::ffff:${v4}`), `::FFFF:${v4}`, ownAddress()],
  ];
  for (const [address, same, other] of cases) {
    for (let n = 1; n <= fewFailures; n++) {
      assert.equal(await ask(`${randomUUID()}@minschool.test`, 'wrong', from(address(n))), 401);
    }
    assert.equal(await ask(email, password, from(same)), 429, same);
    assert.equal(await ask(email, password, from(other)), 303, other);
    await guessed(email);
  }
});

test('thirty-five members at one address log in at the same moment', async () => {
  const address = ownAddress();
  const members = [];
  for (let i = 0; i < 35; i++) members.push(await newMember());
  const answers = await Promise.all(members.map(({ email }) => login(new Client(undefined, { address }), email)));
  for (const answer of answers) {
    // A busy machine may refuse with Retry-After.
    assert.ok(answer.status === 303 || (answer.status === 503 && Number(answer.headers['retry-after']) <= 10), `${answer.status}`);
  }
  assert.ok(answers.some(({ status }) => status === 303));
});

test('a class signs up from one address', async () => {
  const address = ownAddress();
  for (let i = 0; i < 30; i++) {
    const form = { email: `${randomUUID()}@minschool.test`, name: `학생${randomUUID().slice(0, 6)}`, password, password_again: password, terms: '1', privacy: '1' };
    assert.equal((await new Client(undefined, { address }).post('/join', { form })).status, 303);
  }
});
