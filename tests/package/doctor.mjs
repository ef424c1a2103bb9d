// `minschool doctor`: no findings on a healthy machine, and one line for each thing that is broken here in turn.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from './machine.mjs';

/** As the default user, whose password setup made. */
const redisCli = 'REDISCLI_AUTH=$(cat /etc/minschool/redis.admin) redis-cli';

const site = '/etc/nginx/conf.d/minschool-loadbalancer.conf';

/** A command that breaks the machine, the message that doctor must print, and a command that repairs it. */
const faults = [
  { fault: 'chmod o+r /etc/minschool/session.secret', check: 'rights', says: /session\.secret can be read by everybody/, remedy: 'chmod o= /etc/minschool/session.secret' },
  { fault: 'chgrp root /etc/minschool/site.database', check: 'rights', says: /site\.database cannot be read by the programs/, remedy: 'chgrp minschool /etc/minschool/site.database' },
  { fault: "echo 'prot = 1' >>/etc/minschool/monitor.toml", check: 'config monitor', says: /monitor\.prot is not a known key/, remedy: "sed -i '$d' /etc/minschool/monitor.toml" },
  { fault: 'systemctl stop minschool-admin', check: 'minschool-admin', says: /the unit is inactive|no answer/, remedy: 'systemctl start minschool-admin' },
  { fault: 'systemctl disable --quiet minschool-admin', check: 'minschool-admin', says: /does not start with the machine/, remedy: 'systemctl enable --quiet minschool-admin' },
  { fault: 'systemctl stop redis-server', check: 'Redis', says: /refused/, remedy: 'systemctl start redis-server' },
  { fault: `${redisCli} config set maxmemory-policy noeviction`, check: 'Redis memory', says: /noeviction/, remedy: `${redisCli} config set maxmemory-policy allkeys-lru` },
  { fault: `${redisCli} config set requirepass ''`, check: 'Redis protection', says: /without a password/, remedy: 'redis-cli config set requirepass "$(cat /etc/minschool/redis.admin)"' },
  { fault: 'systemctl stop postgresql@15-main', check: 'PostgreSQL', says: /refused/, remedy: 'systemctl start postgresql@15-main' },
  { fault: 'pkill -STOP -u postgres', check: 'PostgreSQL', says: /timeout expired/, remedy: 'pkill -CONT -u postgres' },
  { fault: `runuser -u postgres -- psql -q -c 'alter database minschool set random_page_cost = 4'`, check: 'PostgreSQL settings', says: /random_page_cost is 4/, remedy: `runuser -u postgres -- psql -q -c 'alter database minschool set random_page_cost = 1.1'` },
  { fault: `cp -a /usr/share/minschool/schema/migrations/0001_baseline.sql /usr/share/minschool/schema/migrations/$(printf %04d $(($(ls /usr/share/minschool/schema/migrations | wc -l) + 1)))_more.sql`, check: 'schema', says: /of \d+ migrations are applied/, remedy: 'rm /usr/share/minschool/schema/migrations/*_more.sql' },
  { fault: `sed -i 's/least_conn;/random;/' ${site}`, check: 'Nginx file', says: /"random;" instead of "least_conn;"/, remedy: `sed -i 's/random;/least_conn;/' ${site}` },
  { fault: "sed -i 's/send_timeout 30s/send_timeout 90s/' /etc/nginx/snippets/minschool-server.conf", check: 'Nginx file', says: /send_timeout 90s/, remedy: "sed -i 's/send_timeout 90s/send_timeout 30s/' /etc/nginx/snippets/minschool-server.conf" },
  { fault: 'systemctl stop nginx', check: 'page', says: /refused/, remedy: 'systemctl start nginx' },
  { fault: "sed -i '/mincenter/d' /etc/hosts", check: 'DNS', says: /mincenter\.kr has no address/, remedy: "echo '127.0.0.1 mincenter.kr admin.mincenter.kr' >>/etc/hosts" },
  { fault: `openssl req -x509 -newkey rsa:2048 -nodes -days 3 -subj /CN=other.kr -keyout /root/key -out /root/certificate 2>/dev/null && sed -i 's,^\\( *\\)server_name mincenter.kr.*,&\\n\\1listen 443 ssl;  # @site_listen\\n\\1ssl_certificate /root/certificate;  # @site_listen\\n\\1ssl_certificate_key /root/key;  # @site_listen,' ${site}`, check: 'TLS', says: /the certificate ends on/, remedy: `sed -i '/443 ssl\\|ssl_certificate/d' ${site}` },
];

export function doctorTests(machine) {
  const diagnose = async () => {
    const { code, out, err } = await machine.attempt('minschool doctor --json');
    return { code, err, found: JSON.parse(out) };
  };
  const wrong = ({ found }) => found.filter(({ state }) => state === 'wrong');

  test('doctor finds nothing wrong with a machine that setup made', async () => {
    await machine.sh("echo '127.0.0.1 mincenter.kr admin.mincenter.kr' >>/etc/hosts");
    const result = await diagnose();
    assert.deepEqual(wrong(result), []);
    assert.equal(result.code, 0);
    const checks = result.found.map(({ check }) => check);
    for (const check of ['config site', 'rights', 'minschool-site', 'minschool-monitor', 'disk', 'clock', 'DNS', 'PostgreSQL', 'PostgreSQL room', 'schema', 'Redis', 'Redis memory', 'Nginx', 'Nginx file', 'page']) {
      assert.ok(checks.includes(check), check);
    }
    for (const { mend, state } of result.found) assert.equal(mend === '', state === 'ok');
    const lines = (await machine.sh('minschool doctor')).trimEnd().split('\n');
    assert.equal(lines.length, result.found.length);
    for (const line of lines) assert.match(line, /^(ok|hint) +\S/);
  });

  test('doctor names each fault and its remedy', async () => {
    for (const { fault, check, says, remedy } of faults) {
      await machine.sh(fault);
      const result = await diagnose();
      const found = wrong(result).filter((one) => one.check === check);
      assert.ok(found.some((one) => says.test(one.says)), `${fault}: ${JSON.stringify(result.found, null, 1)}`);
      for (const one of found) assert.notEqual(one.mend, '');
      assert.equal(result.code, 1, fault);
      assert.match(result.err, /^minschool: something is wrong/);
      await machine.sh(remedy);
      await until(async () => assert.deepEqual(wrong(await diagnose()), [], `after ${remedy}`));
    }
  });
}
