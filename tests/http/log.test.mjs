// The programs' logs: their place, their format, and that they contain no data of visitors.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { eventually } from '../support/assert.mjs';
import { Client } from '../support/client.mjs';
import { joinForm, newMember, visitor } from '../support/members.mjs';
import { facts, root, stack, state } from '../support/stack.mjs';

const { net } = await facts();
const build = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release');
const home = await mkdtemp(join(tmpdir(), 'minschool-log-'));
const ports = { site: 3110, admin: 3111 };
const running = [];
after(async () => {
  for (const child of running) if (child.exitCode === null && child.kill()) await once(child, 'exit');
  await stack('redis', 'start');
  await rm(home, { recursive: true, force: true });
});

/** A program of app1 beside the stack, whose output goes to files: {client, errors, output, stop}. */
async function started(program, env = {}, journal = false) {
  const paths = ['errors', 'output'].map((name) => join(home, `${running.length}-${name}`));
  const [errors, output] = await Promise.all(paths.map((path) => open(path, 'a')));
  const { dev, ino } = await stat(paths[0]);
  const child = spawn(join(build, `minschool-${program}`), ['--config', join(state, 'config', `app1-${program}.toml`)], {
    env: { ...process.env, MINSCHOOL_SERVER_PORT: String(ports[program]), ...(journal && { JOURNAL_STREAM: `${dev}:${ino}` }), ...env },
    stdio: ['ignore', output.fd, errors.fd],
  });
  running.push(child);
  await Promise.all([errors.close(), output.close()]);
  const client = new Client(`http://${net}.11:${ports[program]}`);
  await eventually(async () => (await client.get('/health').catch(() => ({}))).status === 200, `${program} ready`);
  const read = (index) => async () => (await readFile(paths[index], 'utf8')).split('\n').filter(Boolean);
  return {
    client, errors: read(0), output: read(1),
    async stop() {
      child.kill();
      const [code] = await once(child, 'exit');
      assert.equal(code, 0);
    },
  };
}

const isRequest = (line) => line.includes('request="');

test('master and worker write priorities and no time to the journal', async () => {
  const site = await started('site', {}, true);
  await site.client.get('/login', { headers: { 'x-request-id': 'seen-by-journal' } });
  await stack('redis', 'stop');
  await eventually(async () => (await site.errors()).some((line) => /^<4>redis: /.test(line)), 'the loss of Redis');
  await stack('redis', 'start');
  await site.stop();
  const lines = await site.errors();
  assert.ok(lines.every((line) => /^<[3467]>\S/.test(line)), lines.join('\n'));
  assert.ok(lines.some((line) => /^<6>worker \d+ started$/.test(line)), 'the master');
  assert.ok(lines.some((line) => /^<6>request="seen-by-journal" method=GET route=\/login status=200 ms=/.test(line)), 'the request');
});

test('the log can go to standard output, with levels', async () => {
  const site = await started('site', { MINSCHOOL_LOG_TO_STDOUT: 'true', MINSCHOOL_LOG_LEVEL: 'warn' });
  await site.client.get('/login');
  await stack('redis', 'stop');
  await eventually(async () => (await site.output()).some((line) => /^\d{4}-\d\d-\d\dT[\d:.+]+ warning redis: /.test(line)), 'the loss of Redis');
  await stack('redis', 'start');
  await site.stop();
  assert.deepEqual(await site.errors(), []);
  const lines = await site.output();
  assert.ok(!lines.some((line) => isRequest(line) || / info /.test(line)), lines.join('\n'));
});

for (const program of ['site', 'admin']) {
  test(`a line for each request, without data of the visitor: ${program}`, async () => {
    const { client: member, email } = await newMember();
    const { client, errors, stop } = await started(program);
    for (const [name, value] of member.cookies) client.cookies.set(name, value);
    const session = decodeURIComponent(member.cookies.get('connect.sid')).slice(2).split('.')[0];
    const secrets = [email, email.split('@')[0], '203.0.113.99', 'Reader/1.0', 'pass-phrase-9', '홍길동', 'hong@example.kr', 'typed-words', session];
    const headers = { 'x-forwarded-for': '203.0.113.99', 'user-agent': 'Reader/1.0', referer: 'http://localhost/?q=typed-words' };
    const before = (await errors()).filter(isRequest).length;
    await client.post('/login', { headers, form: { email, password: 'pass-phrase-9', next: '/members/hong@example.kr' } });
    await client.post('/api/v1/session', { headers, json: { email: 'hong@example.kr', password: 'pass-phrase-9' } });
    await client.post('/join', { headers, form: { email: 'hong@example.kr', name: '홍길동', password: 'pass-phrase-9' } });
    await client.get('/boards/free?q=typed-words', { headers });
    await client.get('/members/hong@example.kr', { headers });
    await client.get('/api/v1/members/hong@example.kr', { headers });
    await client.get(`/${encodeURIComponent('홍길동')}`, { headers });
    await eventually(async () => (await errors()).filter(isRequest).length === before + 7, 'seven lines');
    await stop();
    const text = (await errors()).join('\n');
    for (const secret of secrets) assert.ok(!text.includes(secret) && !text.includes(encodeURIComponent(secret)), secret);
  });
}

test("PostgreSQL's log quotes no address and no hash of a row that it refuses", async () => {
  const { email } = await newMember();
  const again = { ...joinForm(), email };
  assert.ok([409, 422].includes((await visitor().post('/join', { form: again })).status));
  const log = await readFile(join(state, 'log', 'postgres.log'), 'utf8');
  assert.ok(!log.includes(email), 'the address');
  assert.doesNotMatch(log, /^.*DETAIL:.*(Key \(|Failing row)/m);
});
