// The units under a real systemd: their rights, their watchdogs, and that a reload loses no request.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from './machine.mjs';
import { assertNothingLost } from './site.mjs';

// The user of each; ps cuts long names. The monitor is Nginx's user, for the files of its cache.
const users = { 'minschool-site': 'minschoo', 'minschool-admin': 'minschoo', 'minschool-monitor': 'www-data' };
const units = Object.keys(users);
const ports = { 'minschool-site': 3000, 'minschool-admin': 3001, 'minschool-monitor': 3002 };
const mostExposed = 2.0;

export function unitTests(machine, { mainPid, workerOf, visited, cookie }) {
  test('the units are hardened, and the kernel enforces it', async () => {
    for (const unit of units) {
      const output = await machine.sh(`systemd-analyze security --offline=true /lib/systemd/system/${unit}.service`);
      const exposed = Number(output.match(/Overall exposure level for .*: ([\d.]+) /)[1]);
      assert.ok(exposed < mostExposed, `${unit} ${exposed}`);
      assert.equal(await machine.sh(`systemd-analyze verify /lib/systemd/system/${unit}.service 2>&1`), '');
      const pid = await mainPid(unit);
      const status = await machine.sh(`cat /proc/${pid}/status; ps -o user= -p ${pid}`);
      assert.match(status, /^CapEff:\t0+$/m);
      assert.match(status, /^NoNewPrivs:\t1$/m);
      assert.match(status, /^Seccomp:\t2$/m);
      assert.match(status, new RegExp(`\n${users[unit]}`));
      assert.match(await machine.sh(`systemctl show -p MemoryMax ${unit}`), /^MemoryMax=\d+$/m);
    }
  });

  test('a file is decoded under the hardening of the Site, which still cannot write', async () => {
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    await machine.sh(`echo ${png} | base64 -d >/run/picture.png && : >/run/decoded`);
    const kept = "grep -vE '^(Type|NotifyAccess|ExecReload|Watchdog|Restart|ConditionPath|Standard|WantedBy|KillMode)|^.Install'";
    await machine.sh(`${kept} /lib/systemd/system/minschool-site.service | sed 's|^ExecStart=.*|Type=oneshot\\nStandardInput=file:/run/picture.png\\nStandardOutput=truncate:/run/decoded\\nExecStart=/usr/libexec/minschool/minschool-decoder prepare|' >/run/systemd/system/decode.service`);
    await machine.sh('systemctl daemon-reload && systemctl start decode.service');
    const output = await machine.sh('cat /run/decoded | tr -cd "[:print:]"');
    assert.match(output, /"type":"image\/png".*thumb\.webp 1 1 .*"refusal":"none"/);
  });

  test('systemctl reload brings a new worker and loses no request', async () => {
    const master = await mainPid('minschool-site');
    assertNothingLost(await visited(cookie(), async () => {
      for (let round = 1; round <= 5; round++) {
        const worker = await workerOf('minschool-site');
        await machine.sh('systemctl reload minschool-site');
        await until(async () => {
          assert.notEqual(await workerOf('minschool-site'), worker);
          assert.notEqual((await machine.attempt(`kill -0 ${worker}`)).code, 0, 'the old worker has left');
          assert.equal((await machine.sh('systemctl is-active minschool-site')).trim(), 'active');
        });
      }
    }));
    assert.equal(await mainPid('minschool-site'), master);
  });

  test('a frozen process is killed and restarted: a program by systemd’s watchdog, a worker by its master', async () => {
    const worker = await workerOf('minschool-site');
    await machine.sh(`kill -STOP ${worker}`);
    const watched = ['minschool-admin', 'minschool-monitor'];
    const before = await Promise.all(watched.map(mainPid));
    await machine.sh(`kill -STOP ${before.join(' ')}`);
    for (const [i, unit] of watched.entries()) {
      await until(async () => {
        const now = await mainPid(unit);
        assert.ok(now !== '0' && now !== before[i], `${unit} is frozen`);
        assert.equal((await machine.health(ports[unit])).status, 'ok');
      });
      assert.match(await machine.sh(`journalctl -u ${unit} -n 50 -o cat`), /Watchdog timeout/);
    }
    await until(async () => {
      assert.notEqual(await workerOf('minschool-site'), worker);
      assert.equal((await machine.health(3000)).status, 'ok');
    });
    assert.match(await machine.sh('journalctl -u minschool-site -n 50 -o cat'), /has not gone on for \d+ s: killed/);
  });

  test('a killed program is restarted', async () => {
    for (const unit of units) {
      const before = await mainPid(unit);
      await machine.sh(`kill -KILL ${before}`);
      await until(async () => {
        const now = await mainPid(unit);
        assert.ok(now !== '0' && now !== before, unit);
        assert.equal((await machine.health(ports[unit])).status, 'ok');
      });
    }
  });

  test('a wrong configuration stops a start with status 78, and a reload keeps the running worker', async () => {
    await machine.sh("echo 'nonsense = 1' >>/etc/minschool/admin.toml && systemctl reload minschool-admin");
    await until(async () => assert.match(await machine.sh('journalctl -u minschool-admin -n 20 -o cat'), /the old one stays/));
    assert.equal((await machine.health(3001)).status, 'ok');
    await machine.attempt('systemctl restart minschool-admin');
    assert.equal((await machine.sh('systemctl show -p ExecMainStatus --value minschool-admin')).trim(), '78');
    assert.equal((await machine.attempt('systemctl is-active minschool-admin')).out.trim(), 'failed');
    await machine.sh("sed -i '$d' /etc/minschool/admin.toml && systemctl restart minschool-admin");
  });
}
