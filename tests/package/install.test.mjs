// The Debian package on a clean machine with systemd: from `apt install` to a page, an upgrade under load, remove and purge.
// Needs root, script/lib/machine.sh's folder in MINSCHOOL_MACHINE and two packages in MINSCHOOL_PACKAGES (script/test package).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { doctorTests } from './doctor.mjs';
import { Machine, until } from './machine.mjs';
import { assertNothingLost, siteOf } from './site.mjs';
import { unitTests } from './units.mjs';

const { MINSCHOOL_MACHINE: folder, MINSCHOOL_PACKAGES: packages, MINSCHOOL_VERSION: version, MINSCHOOL_NEXT_VERSION: next } = process.env;
const machine = new Machine(folder);
const units = ['minschool-site', 'minschool-admin', 'minschool-monitor'];
const password = 'one long password';
const setup = 'minschool setup --domain mincenter.kr --site-name 민센터 --admin-email kim@mincenter.kr --admin-name 김민수 --admin-password-file /root/password';
let cookie;

before(() => machine.boot(packages), { timeout: 120_000 });
after(() => machine.off(), { timeout: 120_000 });

const { mainPid, workerOf, login, visited } = siteOf(machine, password);
const install = (number) => machine.sh(`apt-get install -q -y /shared/minschool_${number}_amd64.deb </dev/null`);
/** Names, rights, owners and contents of what setup writes. */
const traces = () => machine.sh('cd / && find etc/minschool etc/nginx -type f | sort | xargs stat -c "%n %a %U %G %Y" && find etc/minschool etc/nginx -type f | sort | xargs sha256sum');

test('apt installs the package with its dependencies, and no program runs before setup', async () => {
  await install(version);
  for (const unit of units) {
    assert.equal((await machine.attempt(`systemctl is-active ${unit}`)).out.trim(), 'inactive', unit);
    assert.equal((await machine.attempt(`systemctl is-enabled ${unit}`)).out.trim(), 'disabled', unit);
    await machine.sh(`systemctl start ${unit}`);
    assert.equal((await machine.attempt(`systemctl is-active ${unit}`)).out.trim(), 'inactive', `${unit} has nothing to serve`);
  }
  assert.match(await machine.sh('minschool --version'), new RegExp(`^minschool ${version}\n$`));
  assert.match(await machine.sh('getent passwd minschool'), /:\/var\/lib\/minschool:\/usr\/sbin\/nologin\n$/);
  assert.equal((await machine.sh('stat -c "%a %U %G" /etc/minschool')).trim(), '750 root minschool');
  for (const page of ['1 minschool', '8 minschool-site', '8 minschool-admin', '8 minschool-monitor']) await machine.sh(`man -w ${page}`);
});

test('setup says in one line what is missing', async () => {
  const refused = async (line, pattern) => {
    const { code, err } = await machine.attempt(line);
    assert.notEqual(code, 0, line);
    assert.match(err, /^minschool: [^\n]+\n$/);
    assert.match(err, pattern);
  };
  await refused('minschool setup </dev/null', /give --domain/);
  await refused('minschool setup --domain "a b" </dev/null', /is no domain/);
  await machine.sh('systemctl stop redis-server');
  await refused(`${setup} </dev/null`, /Redis at 127\.0\.0\.1:6379: .*--redis host:port/);
  await machine.sh('systemctl start redis-server && systemctl stop postgresql@15-main');
  await refused(`${setup} </dev/null`, /PostgreSQL cannot be reached: .*--database/);
  await machine.sh('systemctl start postgresql@15-main');
  await refused(`${setup} </dev/null`, /\/root\/password: cannot be read/);
});

test('setup leaves a working site', async () => {
  await machine.sh('cat >/root/password', { input: `${password}\n` });
  const output = await machine.sh(`${setup} </dev/null`);
  assert.match(output, /Ready: http:\/\/mincenter\.kr\/ and, for the staff, http:\/\/admin\.mincenter\.kr\/\n$/);
  const page = await machine.page('/');
  assert.equal(page.status, 200);
  assert.match(page.text, /민센터/);
  const assets = [...page.text.matchAll(/\/assets\/[\w.-]+/g)].map(([path]) => path);
  assert.ok(assets.length > 1);
  for (const path of assets) assert.equal((await machine.page(path)).status, 200, path);
  assert.equal((await machine.health()).status, 'ok');
  assert.equal((await machine.health(3001)).version, version);
  const rights = (await machine.sh('cd /etc/minschool && stat -c "%n %a %U %G" *')).trim().split('\n');
  const secret = ['admin.database', 'site.database', 'session.secret', 'redis.password', 'admin.toml', 'monitor.toml', 'site.toml'];
  assert.deepEqual(rights.sort(), [...secret.map((name) => `${name} 640 root minschool`), 'owner.database 600 root root', 'owner.toml 600 root root', 'redis.admin 600 root root'].sort());
  assert.match(await machine.sh('redis-cli get x 2>&1'), /NOAUTH/);
  const asProgram = 'redis-cli --user minschool -a "$(cat /etc/minschool/redis.password)" --no-auth-warning';
  assert.match(await machine.sh(`${asProgram} config get requirepass 2>&1`), /NOPERM/);
  assert.match(await machine.sh(`${asProgram} set session:x 1 ex 1 2>&1`), /OK/);
});

test('the first administrator works at the Admin and at the Site', async () => {
  const staff = await login('admin.mincenter.kr');
  const form = 'name=자유게시판&slug=free&description=&read_role=guest&write_role=member&comment_role=member';
  const made = await machine.sh(`curl -s -i --max-time 10 -H 'Host: admin.mincenter.kr' -H 'Origin: http://admin.mincenter.kr' -b '${staff}' -d '${form}' http://127.0.0.1/boards/new`);
  assert.match(made, /^HTTP\/1.1 303 /, made.slice(0, 300));
  cookie = await login('mincenter.kr');
  await until(async () => assert.match((await machine.page('/boards/free', { headers: [`Cookie: ${cookie}`] })).text, /자유게시판/));
});

test('the monitor reports the app server, and listens on the loopback only', async () => {
  await until(async () => {
    const status = JSON.parse(await machine.sh("curl -s --max-time 5 -H 'Accept: application/json' http://localhost/upstream_status"));
    const states = status.upstreams.flatMap(({ servers }) => servers.map(({ state }) => state));
    assert.deepEqual(new Set(states), new Set(['up']));
    assert.ok(JSON.stringify(status).includes('127.0.0.1:3000'));
  });
});

test('a second setup changes nothing', async () => {
  const before = await traces();
  const pids = await Promise.all(units.map(mainPid));
  const worker = await workerOf('minschool-site');
  assert.match(await machine.sh('minschool setup </dev/null'), /Ready: http:\/\/mincenter\.kr\//);
  assert.equal(await traces(), before);
  assert.deepEqual(await Promise.all(units.map(mainPid)), pids);
  assert.equal(await workerOf('minschool-site'), worker);
});

test('saved pages have a file system of their own, the monitor takes its log from Nginx alone, and other names get no page', async () => {
  assert.equal((await machine.sh('findmnt -no FSTYPE /var/lib/nginx/minschool')).trim(), 'tmpfs');
  assert.equal((await machine.sh('stat -c "%a %U:%G" /run/minschool/monitor.sock')).trim(), '660 www-data:www-data');
  assert.equal((await machine.sh('stat -L -c %U /var/lib/minschool/saved-pages/current')).trim(), 'www-data');
  assert.equal((await machine.sh('stat -c "%U:%G %a" /var/lib/minschool/files')).trim(), 'minschool:www-data 750');
  const inUnit = 'nsenter --mount --target $(systemctl show --property MainPID --value minschool-site) setpriv --reuid minschool --regid minschool --clear-groups';
  await machine.sh(`${inUnit} touch /var/lib/minschool/files/of-the-site && setpriv --reuid www-data --regid www-data --clear-groups cat /var/lib/minschool/files/of-the-site && rm /var/lib/minschool/files/of-the-site`);
  const kept = 'curl -s -o /dev/null -D - -H "Host: mincenter.kr" http://127.0.0.1/boards/free';
  await machine.sh(kept);
  await machine.sh(kept);
  assert.match(await machine.sh(kept), /^X-Cache: (HIT|EXPIRED|UPDATING)\r$/m);
  assert.equal((await machine.sh('curl -s -o /dev/null -w "%{http_code}" -X DELETE http://127.0.0.1:3002/saved_pages')).trim(), '204');
  assert.match(await machine.sh(kept), /^X-Cache: MISS\r$/m);
  assert.match(await machine.sh('curl -s -i -H "Host: other.test" http://127.0.0.1/'), /^HTTP\/1\.1 421 /);
  assert.match(await machine.sh("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | curl -s --max-time 5 telnet://127.0.0.1:80"), /^HTTP\/1\.1 200 /);
  assert.equal((await machine.sh("runuser -u postgres -- psql -X -A -t -d minschool -c 'show log_error_verbosity'")).trim(), 'terse');
  assert.match(await machine.sh('minschool setup --proxy 10.0.0.0/24 </dev/null'), /Ready/);
  assert.match(await machine.read('etc/nginx/conf.d/minschool-loadbalancer.conf'), /^set_real_ip_from 10\.0\.0\.0\/24; {2}# @real_ip$/m);
});

test('setup repairs what is missing and keeps the operator’s changes', async () => {
  const site = '/etc/nginx/conf.d/minschool-loadbalancer.conf';
  await machine.sh(`sed -i 's/rate=50r\\/s;  # @page_rate/rate=77r\\/s;  # @page_rate/; s/least_conn;/random;/' ${site} && rm /etc/minschool/admin.toml && chmod 644 /etc/minschool/session.secret`);
  const secret = await machine.read('etc/minschool/session.secret');
  await machine.sh('minschool setup </dev/null');
  const text = await machine.read(site.slice(1));
  assert.match(text, /rate=77r\/s;  # @page_rate/);
  assert.doesNotMatch(text, /random;/);
  assert.match(await machine.read(`${site}.before`.slice(1)), /random;/);
  assert.equal(await machine.read('etc/minschool/session.secret'), secret);
  assert.equal((await machine.sh('stat -c %a /etc/minschool/session.secret')).trim(), '640');
  assert.equal((await machine.health(3001)).status, 'ok');
});

doctorTests(machine);
unitTests(machine, { mainPid, workerOf, visited, cookie: () => cookie });

test('completion knows the commands and their options', async () => {
  const complete = (line) => machine.sh(`bash -c '. /usr/share/bash-completion/bash_completion; . /usr/share/bash-completion/completions/minschool; COMP_LINE="${line}"; COMP_WORDS=(${line}${line.endsWith(' ') ? ' ""' : ''}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); COMP_POINT=\${#COMP_LINE}; _minschool; echo "\${COMPREPLY[@]}"'`);
  const commands = (await complete('minschool ')).trim().split(' ');
  for (const command of ['setup', 'doctor', 'migrate', 'user', 'backup', 'restore']) assert.ok(commands.includes(command), command);
  assert.equal((await complete('minschool user a')).trim(), 'add');
  assert.match(await complete('minschool setup --do'), /^--domain\n$/);
});

test('an upgrade under load loses no request', async () => {
  const old = (await machine.page('/')).text.match(/\/assets\/site-\w+\.css/)[0];
  const master = await mainPid('minschool-site');
  assertNothingLost(await visited(cookie, async () => {
    await install(next);
    await until(async () => {
      for (const port of [3000, 3001, 3002]) assert.equal((await machine.health(port)).version, next);
    });
  }));
  assert.equal(await mainPid('minschool-site'), master, 'the socket stays with the master');
  assert.equal((await machine.page(old)).status, 200, 'pages of the version before find their assets');
});

test('after removal no program runs, and after reinstallation they continue', async () => {
  await machine.sh('apt-get remove -q -y minschool');
  for (const unit of units) assert.notEqual((await machine.attempt(`systemctl is-active ${unit}`)).out.trim(), 'active', unit);
  assert.equal((await machine.attempt('pgrep -af [m]inschool-')).out, '');
  await machine.sh('nginx -t -q && test -s /etc/minschool/session.secret && test -s /etc/nginx/snippets/minschool-server.conf');
  await install(next);
  await until(async () => assert.equal((await machine.page('/boards/free', { headers: [`Cookie: ${cookie}`] })).status, 200));
});

test('after a purge only the database is left', async () => {
  await machine.sh('apt-get purge -q -y minschool');
  const left = await machine.sh('find / -xdev \\( -path /proc -o -path /sys -o -path /shared -o -path /tmp -o -path /var/lib/postgresql -o -path /var/cache -o -path /var/log -o -path /run \\) -prune -o -name "*minschool*" -print');
  assert.equal(left, '');
  assert.equal((await machine.attempt('getent passwd minschool')).out, '');
  await machine.sh('systemctl restart nginx');
  const posts = await machine.sh("runuser -u postgres -- psql -X -A -t -d minschool -c 'select count(*) > 2 from posts'");
  assert.equal(posts.trim(), 't');
});

test('after a purge setup takes the database over only with new passwords', async () => {
  await install(next);
  const { code, err } = await machine.attempt(`${setup} </dev/null`);
  assert.equal(code, 1);
  assert.match(err, /has the role minschool_owner already.*--new-passwords/);
});

test('setup asks on a terminal; with TLS, a password of Redis and a database by its address', async () => {
  await machine.sh("runuser -u postgres -- psql -q -c \"alter role postgres password 'super'\" && redis-cli config set requirepass quiet && echo quiet >/root/redis");
  await machine.sh('openssl req -x509 -newkey rsa:2048 -nodes -days 60 -subj /CN=mincenter.kr -keyout /root/key.pem -out /root/cert.pem 2>/dev/null');
  const options = "--new-passwords --database 'host=127.0.0.1 user=postgres password=super dbname=postgres' --tls-certificate /root/cert.pem --tls-key /root/key.pem";
  await machine.sh(`cat >/root/setup.sh`, { input: `minschool setup ${options} "$@"\n` });
  const refused = await machine.attempt('sh /root/setup.sh --domain mincenter.kr </dev/null');
  assert.match(refused.err, /NOAUTH.*--redis-password-file/);
  const output = await machine.sh("script -qec 'sh /root/setup.sh --redis-password-file /root/redis' /dev/null", { input: 'mincenter.kr\n민센터\n' });
  assert.match(output, /Domain of the site[^]*Name of the organisation[^]*Ready: https:\/\/mincenter\.kr\//);
  const names = '--resolve mincenter.kr:443:127.0.0.1 --resolve mincenter.kr:80:127.0.0.1';
  assert.match(await machine.sh(`curl -s --max-time 10 --cacert /root/cert.pem ${names} https://mincenter.kr/`), /민센터/);
  const moved = await machine.sh(`curl -s -i --max-time 10 ${names} http://mincenter.kr/boards/free`);
  assert.match(moved, /^HTTP\/1\.1 301 [^]*Location: https:\/\/mincenter\.kr\/boards\/free\r\n/);
  assert.match(await machine.sh(`curl -s -i -k --max-time 10 ${names} https://mincenter.kr/`), /^strict-transport-security: max-age=/mi);
  assert.match(await machine.sh('curl -s -i -k --max-time 10 --resolve other.test:443:127.0.0.1 https://other.test/'), /^HTTP\/\S+ 421/);
  assert.equal((await machine.health()).status, 'ok');
});
