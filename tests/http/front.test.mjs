// Nginx as `minschool setup` configures it for a domain: its names, with and without TLS, behind a CDN or load balancer, and for
// unusual but legal requests.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { eventually } from '../support/assert.mjs';
import { appUrl, root } from '../support/stack.mjs';
import { balancer, certificate, installed } from '../support/nginx.mjs';
import { Client, siteUrl } from '../support/client.mjs';

const run = promisify(execFile);
const program = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release', 'minschool');
const ends = [];
let plain;
let tls;
let keys;
before(async () => {
  keys = await certificate(['school.test', 'www.school.test', 'admin.school.test']);
  ends.push(keys.remove);
  plain = await installed(['--domain', 'school.test']);
  ends.push(plain.stop);
  tls = await installed(['--domain', 'school.test', '--tls-certificate', keys.certificate, '--tls-key', keys.key]);
  ends.push(tls.stop);
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

/** One request with any Host: {status, headers, text}. */
function ask(port, host, { path = '/', secure = false, headers = {}, localAddress } = {}) {
  const options = { host: '127.0.0.1', port, path, localAddress, headers: { host, connection: 'close', ...headers }, rejectUnauthorized: false, servername: secure ? host : undefined };
  return new Promise((resolve, reject) => {
    (secure ? https : http).get(options, (answer) => {
      let text = '';
      answer.on('data', (part) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
    }).on('error', reject);
  });
}

/** The first line of the answer to these bytes, and all of it. */
function raw(url, bytes) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const line = connect(Number(port), hostname, () => line.write(bytes));
    let all = '';
    line.setTimeout(10_000, () => line.destroy(new Error('no end')));
    line.on('data', (part) => (all += part));
    line.on('end', () => { line.destroy(); resolve({ first: all.split('\r\n')[0], all }); });
    line.on('error', reject);
  });
}

test('without TLS the domain is served, www redirects to it, and other names get no page', async () => {
  for (const host of ['school.test', 'SCHOOL.TEST', 'localhost', '127.0.0.1', '[::1]']) assert.equal((await ask(plain.port, host)).status, 200, host);
  const www = await ask(plain.port, 'www.school.test', { path: '/boards/free?page=2' });
  assert.equal(www.status, 301);
  assert.equal(www.headers.location, 'http://school.test/boards/free?page=2');
  for (const host of ['other.test', 'school.test.evil.test', 'x', '203.0.113.5', 'evil.school.test']) {
    const answer = await ask(plain.port, host, { path: '/login' });
    assert.equal(answer.status, 421, host);
    assert.equal(answer.headers['set-cookie'], undefined);
  }
  assert.equal((await ask(plain.port, 'school.test')).headers['strict-transport-security'], undefined);
  assert.equal((await ask(plain.port, '203.0.113.5', { path: '/minschool-health' })).text, 'ok\n');
});

test('with TLS every name redirects to https://DOMAIN, which sends HSTS', async () => {
  for (const [host, secure, to] of [['school.test', false, 'https://school.test'], ['www.school.test', false, 'https://school.test'],
    ['www.school.test', true, 'https://school.test'], ['admin.school.test', false, 'https://admin.school.test']]) {
    const answer = await ask(secure ? tls.tlsPort : tls.port, host, { path: '/login?next=%2F', secure });
    assert.equal(answer.status, 301, host);
    assert.equal(answer.headers.location, `${to}/login?next=%2F`);
    assert.equal(answer.headers['set-cookie'], undefined);
  }
  for (const path of ['/', '/login', '/health', '/assets/none.css', '/api/v1/boards', '/nothing']) {
    const answer = await ask(tls.tlsPort, 'school.test', { path, secure: true });
    assert.match(answer.headers['strict-transport-security'] ?? '', /^max-age=31536000/, path);
  }
  assert.equal((await ask(tls.tlsPort, 'admin.school.test', { path: '/login', secure: true })).status, 200);
  for (const secure of [false, true]) assert.equal((await ask(secure ? tls.tlsPort : tls.port, 'other.test', { secure })).status, 421);
  const local = await ask(tls.port, 'localhost');
  assert.equal(local.status, 200);
  assert.equal(local.headers['strict-transport-security'], undefined);
});

test('ACME challenges are served for every name', async () => {
  const path = '/.well-known/acme-challenge/token';
  assert.equal((await ask(plain.port, 'school.test', { path })).text, 'proof');
  assert.equal((await ask(tls.tlsPort, 'school.test', { path, secure: true })).text, 'proof');
  assert.equal((await ask(tls.port, 'www.school.test', { path })).headers.location, `https://school.test${path}`);
});

const visitor = '127.0.99.7';
const cookieOf = async (port, headers = {}) => {
  const answer = await new Promise((resolve, reject) => {
    const body = 'email=member%40minschool.test&password=minschool-demo';
    const request = http.request({ host: '127.0.0.1', port, path: '/login', method: 'POST', localAddress: visitor,
      headers: { host: 'school.test', 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length, connection: 'close', ...headers } }, resolve);
    request.on('error', reject);
    request.end(body);
  });
  answer.resume();
  assert.equal(answer.statusCode, 303);
  return answer.headers['set-cookie'].join('\n');
};
const lies = [{ 'x-forwarded-for': '198.51.100.1' }, { 'x-forwarded-for': '127.0.88.1, 198.51.100.1, 127.0.88.1' }, { 'x-forwarded-for': 'unknown, [::1]:80' },
  { 'x-real-ip': '198.51.100.1', forwarded: 'for=198.51.100.1;proto=https' }];

test('behind a trusted proxy the client address and the scheme are those that it forwards', async () => {
  const site = await installed(['--domain', 'school.test', '--proxy', '127.0.88.0/24', '--tls-in-front']);
  ends.push(site.stop);
  const [withTls, without] = [await balancer('127.0.88.1', site.port, 'https'), await balancer('127.0.88.2', site.port, 'http')];
  ends.push(withTls.stop, without.stop);
  const page = await ask(withTls.port, 'school.test', { localAddress: visitor });
  assert.equal(page.status, 200);
  assert.match(page.headers['strict-transport-security'], /max-age/);
  assert.equal((await ask(without.port, 'school.test', { path: '/my' })).headers.location, 'https://school.test/my');
  for (const [i, headers] of [{}, ...lies].entries()) {
    await ask(withTls.port, 'school.test', { path: `/nothing/${i}`, localAddress: visitor, headers });
    assert.equal(await site.clientOf(`/nothing/${i}`), visitor, JSON.stringify(headers));
  }
  assert.match(await cookieOf(withTls.port), /; Secure/);
});

test('these headers are ignored from addresses that are not trusted proxies', async () => {
  for (const [i, headers] of lies.entries()) {
    await ask(plain.port, 'school.test', { path: `/nothing/${i}`, localAddress: visitor, headers });
    assert.equal(await plain.clientOf(`/nothing/${i}`), visitor);
  }
  for (const headers of [{ 'x-forwarded-proto': 'https' }, { forwarded: 'proto=https', 'x-forwarded-for': '127.0.88.1', 'x-forwarded-proto': 'https' }]) {
    assert.doesNotMatch(await cookieOf(plain.port, headers), /; Secure/);
    assert.equal((await ask(tls.port, 'school.test', { headers })).status, 301, 'still by no TLS');
  }
});

test('a proxy network of the whole world is refused', async () => {
  for (const net of ['0.0.0.0/0', '0.0.0.0/1', '8.0.0.0/7', '::/0', '2000::/3', '::ffff:0:0/96', 'x', '10.0.0.0/33']) {
    await assert.rejects(installed(['--domain', 'school.test', '--proxy', net]), new RegExp(net === 'x' ? 'no address|not an address' : '--proxy'));
  }
});

/** What `minschool doctor` finds of the proxy, when Nginx's log has these lines and its file these options. */
async function diagnosed(requests, words = []) {
  const folder = await mkdtemp(join(tmpdir(), 'minschool-doctor-'));
  try {
    await mkdir(join(folder, 'conf.d'));
    const log = join(folder, 'access.log');
    await writeFile(log, requests.map((one) => JSON.stringify({ status: 200, ...one })).join('\n') + '\n');
    const { stdout } = await run(program, ['nginx-config', join(root, 'deploy/nginx/minschool-loadbalancer.conf'), '--domain', 'school.test', ...words, '--set', `access_log=access_log ${log} minschool;`]);
    await writeFile(join(folder, 'conf.d', 'minschool-loadbalancer.conf'), stdout);
    const result = await run(program, ['doctor', '--json', '--dir', folder, '--nginx-dir', folder, '--share', join(root, 'deploy')]).catch((error) => error);
    return JSON.parse(result.stdout).filter(({ check }) => check === 'proxy');
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('doctor reports an untrusted proxy, and a trusted network of the whole world', async () => {
  const many = (client, forwarded) => Array.from({ length: 40 }, (_, i) => ({ client: client(i), forwarded: forwarded(i) }));
  const behind = await diagnosed(many(() => '10.0.0.7', (i) => `203.0.113.${i}`));
  assert.equal(behind[0].state, 'wrong');
  assert.match(behind[0].mend, /minschool setup --proxy 10\.0\.0\.7/);
  assert.equal((await diagnosed(many(() => '198.51.100.9', (i) => `203.0.113.${i}`)))[0].state, 'hint');
  assert.deepEqual(await diagnosed(many((i) => `203.0.113.${i}`, () => '')), []);
  assert.deepEqual(await diagnosed(many(() => '10.0.0.7', () => '')), [], 'one visitor');
  const file = await diagnosed([], ['--set', 'real_ip=set_real_ip_from 0.0.0.0/0;']);
  assert.match(file[0].says, /any client/);
});

const oddAndLegal = {
  'HTTP/1.0 without Host': 'GET / HTTP/1.0\r\n\r\n',
  'HTTP/1.0 with a word of keep-alive': 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n',
  'an empty line before it': '\r\nGET / HTTP/1.0\r\n\r\n',
  'HEAD': 'HEAD / HTTP/1.0\r\n\r\n',
  'absolute form': 'GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  'absolute form, capitals, without a path': 'GET HTTP://localhost HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  'a port, capitals and spaces in Host': 'GET / HTTP/1.1\r\nHost:   LOCALHOST:80  \r\nConnection: close\r\n\r\n',
};
for (const [name, bytes] of Object.entries(oddAndLegal)) {
  test(`${name}: 200 through Nginx and from a program`, async () => {
    for (const url of [siteUrl, `http://127.0.0.1:${plain.port}`, await appUrl(1), await appUrl(1, 'admin')]) {
      const { first } = await raw(url, bytes);
      assert.match(first, url.includes(':3001') ? /^HTTP\/1\.1 (200|303) / : /^HTTP\/1\.1 200 /, `${url}: ${first}`);
    }
  });
}

test('every line of the log is JSON, whatever bytes a request has', async () => {
  const mark = `/log-${Date.now()}`;
  for (const target of [`${mark}%FF?a=secret`, `${mark}\xff`, `${mark}%22\\"`, `${mark}-plain`]) {
    const forwarded = `X-Forwarded-For: 192.0.2.1\xfe\r\n`;
    await raw(`http://127.0.0.1:${plain.port}`, Buffer.from(`GET ${target} HTTP/1.1\r\nHost: school.test\r\n${forwarded}Connection: close\r\n\r\n`, 'latin1'));
  }
  let lines;
  const read = async () => (await readFile(join(plain.folder, 'access.log'))).toString('latin1').split('\n').filter((line) => line.includes(mark));
  await eventually(async () => (lines = await read()).length === 4, 'the lines');
  const entries = lines.map((line) => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(line, 'latin1'))));
  assert.deepEqual(entries.map(({ path }) => path), [`${mark}%FF`, mark, `${mark}%22\\"`, `${mark}-plain`]);
  assert.deepEqual(new Set(entries.map(({ forwarded }) => forwarded)), new Set(['192.0.2.1']));
});

test('a program also answers requests that Nginx refuses: an empty Host, OPTIONS *', async () => {
  const url = await appUrl(1);
  assert.match((await raw(url, 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n')).first, / 200 /);
  const { first, all } = await raw(url, 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(first, / 204 /);
  assert.match(all, /^Allow: GET, HEAD/m);
  assert.match((await raw(siteUrl, 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).first, /^HTTP\/1\.1 [24]/);
});

test('a form without a Host field is not a cross-site write', async () => {
  const client = new Client(await appUrl(1));
  assert.equal((await client.post('/login', { form: { email: 'a@b.kr', password: 'x' }, headers: { origin: 'http://evil.test' } })).status, 403);
});
