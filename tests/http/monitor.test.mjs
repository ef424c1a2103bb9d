// What the operator sees: the monitor beside Nginx, and the metrics of every program.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { assertKoreanPage, eventually } from '../support/assert.mjs';
import { Client, adminUrl } from '../support/client.mjs';
import { appUrl, facts, stack, state } from '../support/stack.mjs';

const visitor = new Client();
const { run_dir, net } = await facts();
const monitor = new Client(`http://${net}.10:3002`);

async function watched() {
  const answer = await visitor.get('/upstream_status', { headers: { accept: 'application/json' } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

const upstream = (status, name) => status.upstreams.find((one) => one.name === name);
const server = (status, address) => status.upstreams.flatMap(({ servers }) => servers).find((one) => one.address === address);
const siteOf = (number) => `${net}.${10 + number}:3000`;
const adminOf = (number) => `${net}.${10 + number}:3001`;
const stateOf = async (address) => server(await watched(), address)?.state;

const allUp = async () => {
  const status = await watched();
  return [1, 2, 3].every((number) => [siteOf(number), adminOf(number)].every((address) => server(status, address)?.state === 'up'));
};

/** A Python program, because Node has no datagrams over unix sockets. */
async function send(datagrams) {
  const python = spawn('python3', ['-c', `
import json, socket, sys
end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.connect(sys.argv[1])
for datagram in json.load(sys.stdin):
    end.send(datagram.encode('latin-1'))
`, join(run_dir, 'monitor.sock')], { stdio: ['pipe', 'inherit', 'inherit'] });
  python.stdin.end(JSON.stringify(datagrams));
  const [code] = await once(python, 'exit');
  assert.equal(code, 0);
}

const line = (fields) => `<190>Nov 22 19:59:34 minschool: ${fields}`;

// Everything that a test stopped runs again for the following ones.
after(async () => {
  await stack('monitor', 'start');
  for (const name of ['app1', 'app2', 'app3']) await stack('start', name);
});

test('the shares of the servers of an upstream add up', async () => {
  await eventually(allUp, 'all servers up');
  for (let i = 0; i < 30; i++) assert.equal((await visitor.get('/login')).status, 200);
  await eventually(async () => {
    const { servers } = upstream(await watched(), 'minschool_site');
    return servers.length === 3 && servers.every((one) => one.health === 'ok' && one.last_minute.requests > 0);
  }, 'requests to each server, which has all its parts');
  const status = await watched();
  const { servers } = upstream(status, 'minschool_site');
  const sum = servers.reduce((all, one) => all + one.last_minute.share, 0);
  assert.ok(Math.abs(sum - 1) < 1e-9, `the shares add up to ${sum}`);
  for (const one of servers) {
    assert.match(one.name, /^app[123]$/);
    assert.equal(one.health, 'ok');
    assert.ok(one.last_minute.p50_ms <= one.last_minute.p95_ms && one.last_minute.p95_ms <= one.last_minute.p99_ms);
    const counted = Object.values(one.last_minute.by_status).reduce((all, count) => all + count, 0);
    assert.equal(counted, one.last_minute.requests);
  }
  assert.equal(status.nginx.state, 'up');
  assert.ok(status.nginx.connections.active >= 1);
  assert.ok(status.requests.last_minute.by_cache.MISS > 0);
});

test('a terminal gets a table that fits into 80 columns', async () => {
  for (const headers of [{ accept: '*/*' }, {}]) {
    const answer = await visitor.get('/upstream_status', { headers });
    assert.match(answer.headers['content-type'], /^text\/plain/);
    assert.match(answer.text, new RegExp(`^${siteOf(2).replaceAll('.', '\\.')} +up `, 'm'));
    for (const row of answer.text.split('\n').slice(2)) assert.ok(row.length <= 80 || row.includes('cache:'), row);
  }
  const asked = await visitor.get('/upstream_status?format=json');
  assert.match(asked.headers['content-type'], /^application\/json/);
});

test('other machines are refused', async () => {
  const stranger = new Client(undefined, { address: '127.9.8.7' });
  for (const path of ['/upstream_status', '/nginx_status', '/metrics', '/health']) {
    assertKoreanPage(await stranger.get(path), 404);
  }
  const staff = new Client(adminUrl);
  for (const path of ['/metrics', '/health']) assertKoreanPage(await staff.get(path), 404);
});

test('a server without an answer is down, and up again when it answers', async () => {
  await eventually(allUp, 'all servers up');
  await stack('stop', 'app2');
  await eventually(async () => await stateOf(siteOf(2)) === 'down' && await stateOf(adminOf(2)) === 'down', 'app2 down');
  const seen = server(await watched(), siteOf(2));
  assert.match(seen.reason, /refused/);
  assert.ok(seen.since_seconds < 15);
  assert.equal(seen.name, 'app2', 'its name is known from before');
  assert.equal(await stateOf(siteOf(1)), 'up');
  await stack('start', 'app2');
  await eventually(allUp, 'all servers up again');
});

test('a request that Nginx retried counts for both servers', async () => {
  await eventually(allUp, 'all servers up');
  const before = server(await watched(), siteOf(3)).total;
  await stack('stop', 'app3');
  await eventually(async () => {
    await visitor.get('/login');
    return server(await watched(), siteOf(3)).total.unanswered > before.unanswered;
  }, 'an attempt at app3');
  const status = await watched();
  assert.ok(server(status, siteOf(3)).total.by_status['5xx'] > (before.by_status['5xx'] ?? 0));
  await stack('start', 'app3');
  await eventually(allUp, 'all servers up again');
});

test('the monitor answers when every app server is down', async () => {
  for (const name of ['app1', 'app2', 'app3']) await stack('stop', name);
  await eventually(async () => {
    const status = await watched();
    return [1, 2, 3].every((number) => server(status, siteOf(number)).state === 'down');
  }, 'all servers down');
  assert.equal((await visitor.get('/login')).status, 503);
  await eventually(async () => (await watched()).recent_failures.some(({ status, method }) => status === 503 && method === 'GET'), 'the failure');
  for (const name of ['app1', 'app2', 'app3']) await stack('start', name);
  await eventually(allUp, 'all servers up again');
});

test('a server with a malformed /health is failing, and one without an answer is down', async () => {
  const { createServer } = await import('node:net');
  const fakeServers = [];
  const answerWith = async (answer) => {
    const fakeServer = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => answer(socket));
    }).listen(0, '127.0.0.1');
    await once(fakeServer, 'listening');
    fakeServers.push(fakeServer);
    return `127.0.0.1:${fakeServer.address().port}`;
  };
  const endless = await answerWith((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const more = () => { while (!socket.destroyed && socket.write('400\r\n' + 'x'.repeat(1024) + '\r\n')); };
    socket.on('drain', more);
    more();
  });
  const silent = await answerWith(() => {});
  const wrong = await answerWith((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a":"b"}'));
  const file = join(state, 'nginx', 'minschool-loadbalancer.conf');
  const { appendFile, writeFile } = await import('node:fs/promises');
  const before = await readFile(file, 'utf8');
  try {
    await appendFile(file, `\nupstream strange { server ${endless}; server ${silent}; server ${wrong}; }\n`);
    await eventually(async () => await stateOf(endless) === 'down' && await stateOf(silent) === 'down' && await stateOf(wrong) === 'failing', 'the strange servers seen');
    await writeFile(file, 'upstream half {');
    await eventually(async () => (await watched()).monitor.nginx_file !== 'ok', 'the broken file noticed');
    assert.equal(upstream(await watched(), 'strange').servers.length, 3, 'the servers stay as they were');
  } finally {
    await writeFile(file, before);
    fakeServers.forEach((fakeServer) => fakeServer.close());
  }
  await eventually(async () => upstream(await watched(), 'strange') === undefined, 'the unknown servers removed');
  assert.equal((await watched()).monitor.nginx_file, 'ok');
});

test('a flood of malformed datagrams is counted and disturbs nothing', async () => {
  const before = (await watched()).monitor;
  const garbage = ['', 'x', '\x00\xff', line(''), line('1|200'), line('1|200|GET|page|0.001|-|a:1, b:1|200|0.001|ab'), line('1|200|GET|page|9|-|-|-|-|ab')];
  const flood = Array.from({ length: 20_000 }, (_, index) => garbage[index % garbage.length]);
  await send([...flood, 'y'.repeat(6000), line('1|200|GET|page|0.001|-|-|-|-|ab')]);
  await eventually(async () => {
    const { dropped, lines } = (await watched()).monitor;
    return dropped.malformed - before.dropped.malformed === flood.length && dropped.too_long > before.dropped.too_long && lines > before.lines;
  }, 'the flood counted');
  await eventually(allUp, 'all servers up');
});

test('a killed monitor is restarted, and Nginx finds it again', async () => {
  await stack('monitor', 'kill');
  await eventually(async () => (await visitor.get('/upstream_status')).status === 200, 'the monitor back');
  await eventually(async () => {
    await visitor.get('/login');
    return (await watched()).requests.last_minute.requests > 0;
  }, 'lines of Nginx');
});

test('pages are served without a monitor', async () => {
  await stack('monitor', 'stop');
  assert.equal((await visitor.get('/upstream_status')).status, 503);
  assert.equal((await visitor.get('/login')).status, 200);
  await stack('monitor', 'start');
  assert.equal((await visitor.get('/upstream_status')).status, 200);
});

/** The errors of `promtool check metrics` for a text; empty when it is valid. */
async function lint(text) {
  const promtool = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [promtool.stdout, promtool.stderr]) stream.on('data', (bytes) => { output += bytes; });
  promtool.stdin.end(text);
  const [code] = await once(promtool, 'close');
  return code === 0 ? output : `${code}: ${output}`;
}

test('metrics of site, admin and monitor are as Prometheus wants them', async () => {
  await visitor.get('/login');
  for (const client of [new Client(await appUrl(1)), new Client(await appUrl(1, 'admin')), monitor]) {
    const answer = await client.get('/metrics');
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/);
    assert.equal(await lint(answer.text), '');
    assert.match(answer.text, /^process_resident_memory_bytes [1-9]/m);
    const open = await client.get('/metrics', { headers: { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' } });
    assert.match(open.headers['content-type'], /^application\/openmetrics-text; version=1\.0\.0/);
    assert.match(open.text, /\n# EOF\n$/);
    assert.match(open.text, /^# TYPE process_cpu_seconds counter$/m);
  }
});

test('an app server counts its requests by route, not by address', async () => {
  const site = new Client(await appUrl(2));
  const count = async () => {
    const { text } = await site.get('/metrics');
    return Number(/^minschool_http_requests_total\{route="\/boards\/\{slug\}",method="GET",status="4xx"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  const before = await count();
  for (let i = 0; i < 3; i++) assert.equal((await site.get(`/boards/no-such-board-${i}`)).status, 404);
  assert.equal(await count(), before + 3);
  const { text } = await site.get('/metrics');
  assert.doesNotMatch(text, /no-such-board/);
  for (const name of ['minschool_http_request_seconds_bucket{', 'minschool_loop_lag_seconds_count ', 'minschool_pg_connections{state="idle"} ',
    'minschool_redis_up{thread="0"} 1', 'minschool_local_cache_lookups_total{cache="post_lists",result="hit"} ', 'minschool_local_cache_bytes{cache="sessions"} ', 'minschool_build_info{program="minschool-site",server="app2",version=']) {
    assert.ok(text.includes(`\n${name}`), name);
  }
});

test('each request is a line in the log, with its id and without data of the visitor', async () => {
  const site = new Client(await appUrl(1));
  const id = `test"${Date.now()}`;
  await site.get('/boards/secret-name?q=words', { headers: { 'x-request-id': id, 'x-forwarded-for': '203.0.113.77' } });
  let found;
  await eventually(async () => {
    const log = await readFile(join(state, 'log', 'app1-site.log'), 'utf8');
    found = log.split('\n').find((entry) => entry.includes(id.replace('"', '\\"')));
    return found !== undefined;
  }, 'the line');
  assert.match(found, / info request="test\\"\d+" method=GET route=\/boards\/\{slug\} status=404 ms=\d+\.\d pg=\d+ pg_ms=\d+\.\d redis=\d+ redis_ms=\d+\.\d$/);
  assert.doesNotMatch(found, /secret-name|words|203\.0\.113\.77/);
});
