// Installing packages while another program has apt's locks: the script waits and names it; apt's error is in
// its last line. Here apt is a stand-in, because the test must not take this machine's locks.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { root } from '../support/stack.mjs';

let folder;
before(async () => { folder = await mkdtemp(join(tmpdir(), 'minschool-packages-')); });
after(() => rm(folder, { recursive: true }));

/** install_debian with `install` as what apt does; patience is short. Gives {code, out, err}. */
function installed(install, env = {}) {
  const script = `set -euo pipefail
    root=${root} log_dir=${folder}
    . <(sed 's/^readonly packages_patience=.*/readonly packages_patience=3 packages_pause=1/' ${root}/script/lib/packages.sh | cat ${root}/script/lib/common.sh -)
    missing_debian() { echo some-package; }
    install_as_root() { ${install}; }
    install_debian some-package
    echo installed`;
  return new Promise((resolve) => execFile('bash', ['-c', script, 'script/server'], { env: { ...process.env, ...env } },
    (error, out, err) => resolve({ code: error ? error.code : 0, out, err })));
}

const locks = {
  'dpkg': 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 712 (unattended-upgr)\\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?',
  'the lists': 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 99 (apt-get)\\nE: Unable to lock directory /var/lib/apt/lists/',
  'the archives': 'E: Could not get lock /var/cache/apt/archives/lock. It is held by process 5 (apt)',
};

for (const [name, error] of Object.entries(locks)) {
  test(`the script waits for the lock of ${name}, and names its holder once`, async () => {
    const { code, out } = await installed(`echo x >>${folder}/tries; [ $(wc -l <${folder}/tries) -gt 2 ] || { echo -e '${error}'; return 100; }`);
    await rm(join(folder, 'tries'));
    assert.equal(code, 0);
    assert.equal(out.match(/waiting for another program that installs packages: Could not get lock .* process \d+/g).length, 1);
    assert.match(out, /installed\n$/);
  });
}

test('a lock that is never released ends the script with the name of its holder', async () => {
  const { code, err } = await installed(`echo -e '${locks.dpkg}'; return 100`);
  assert.equal(code, 1);
  assert.match(err, /installing Debian packages failed: E: .*dpkg frontend lock/);
});

for (const error of ['E: Unable to locate package some-package',
  'Err:1 http://deb.debian.org bookworm InRelease\\n  Temporary failure resolving deb.debian.org',
  'E: dpkg was interrupted, you must manually run dpkg --configure -a to correct the problem.']) {
  test(`apt's reason is in the line: ${error.slice(0, 40)}`, async () => {
    const { code, err } = await installed(`echo -e '${error}\\n'; return 100`);
    assert.equal(code, 1);
    assert.ok(err.includes(`installing Debian packages failed: ${error.split('\\n')[0]}`), err);
  });
}

test('proxies are used for downloads only', async () => {
  const { out } = await installed('true', { http_proxy: 'http://proxy:3128', https_proxy: 'http://other:1' });
  assert.match(out, /installed/);
  const result = await installed(`echo "E: at apt \${proxy_environment[*]}, here \${http_proxy:-none}"; return 1`, { http_proxy: 'http://proxy:3128' });
  assert.match(result.err, /E: at apt http_proxy=http:\/\/proxy:3128, here none/);
});
