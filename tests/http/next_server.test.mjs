// An app server whose database does not answer leaves a request to other servers, and answers itself when Nginx has no other;
// its refusals have Retry-After.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { assertKoreanPage, assertProblem, eventually } from '../support/assert.mjs';
import { Client, siteUrl } from '../support/client.mjs';
import { newMember, ownAddress, password, serverNumbers } from '../support/members.mjs';
import { appUrl, stack } from '../support/stack.mjs';

const direct = async (number, program) => new Client(await appUrl(number, program), { agent: false });
const health = async (number) => (await (await direct(number)).get('/health')).json();
const all = async (check) => (await Promise.all(serverNumbers.map(health))).every(check);
const { email } = await newMember();

after(async () => {
  await stack('pg', 'start');
  await eventually(() => all(({ status }) => status === 'ok'), 'health ok');
});

for (const program of ['site', 'admin']) {
  test(`${program}: the first tries are closed without an answer, the last one is answered`, async () => {
    const one = await direct(1, program);
    const ask = (which) => one.get('/login', { headers: which ? { 'x-upstream-try': which } : {} });
    const write = (which) => one.post('/login', { form: { email, password }, headers: { 'x-upstream-try': which } });
    await eventually(async () => (await ask('first').catch(() => ({}))).status === 200, 'an answer');
    await stack('pg', 'stop');
    // The login page needs no database, but the state of the whole server decides.
    await eventually(() => ask('first').then(() => false, () => true), 'a first try without an answer');
    await assert.rejects(write('first'), /hang up|ECONNRESET/);
    const last = await write('last');
    assertKoreanPage(last, 503);
    assert.ok(last.headers['retry-after']);
    // For a moment it assumes that no other server serves.
    assertKoreanPage(await write('first'), 503);
    // A request without Nginx always gets an answer.
    assert.equal((await one.post('/login', { form: { email, password } })).status, 503);
    await stack('pg', 'start');
    await eventually(async () => (await ask('first').catch(() => ({}))).status === 200, 'an answer again');
  });
}

test('through Nginx every request is answered, whatever X-Upstream-Try the client sends', async () => {
  await stack('pg', 'stop');
  await eventually(() => all(({ status }) => status === 'down'), '/health down');
  for (const which of ['first', 'last', 'x']) {
    const visitor = new Client(siteUrl, { address: ownAddress() });
    const headers = { 'x-upstream-try': which };
    assertKoreanPage(await visitor.post('/login', { form: { email, password }, headers }), 503);
    assertProblem(await visitor.post('/api/v1/session', { json: { email, password }, headers }), 503);
  }
  await stack('pg', 'start');
  await eventually(() => all(({ status }) => status === 'ok'), '/health ok');
});

test('logins without room in the queue get Retry-After', async () => {
  const one = await direct(2);
  const answers = await Promise.all(Array.from({ length: 80 }, () => one.post('/login', { form: { email: `nobody-${Math.random()}@minschool.test`, password } })));
  for (const { status, headers, text } of answers) {
    assert.ok([401, 422, 429, 503].includes(status), `${status}`);
    if (status === 503) assert.ok(Number(headers['retry-after']) > 0 && /[가-힣]/.test(text));
  }
});
