// The operator's command `minschool`, against the running stack's database.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const state = process.env.MINSCHOOL_STATE ?? join(root, 'var');
const program = join(root, 'build', process.env.MINSCHOOL_BUILD ?? 'release', 'minschool');
const config = join(state, 'config', 'minschool.toml');
const email = `cli-${randomBytes(6).toString('hex')}@minschool.test`;
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minschool-cli-'));
});
after(() => rm(folder, { recursive: true }));

/** Runs the command; gives {code, out, err}. */
function run(words, input = '', name = 'minschool') {
  return new Promise((resolve, reject) => {
    const child = spawn(join(dirname(program), name), words, { cwd: root });
    const output = { out: '', err: '' };
    child.stdout.on('data', (text) => (output.out += text));
    child.stderr.on('data', (text) => (output.err += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
    child.stdin.on('error', () => {});  // it may end without reading
    child.stdin.end(input);
  });
}

const onSite = (words, input) => run(['--config', config, ...words], input);

/** The error for a configuration file with this text, one line. */
async function complaint(text, ...words) {
  const file = join(folder, 'wrong.toml');
  await writeFile(file, text);
  const { code, err } = await run(['--config', file, 'check-config', ...words]);
  assert.equal(code, 1);
  assert.match(err, /^minschool: [^\n]+\n$/);
  return err;
}

test('every command explains itself', async () => {
  for (const words of [[], ['migrate'], ['migrate', 'up'], ['migrate', 'status'], ['user'], ['user', 'add'], ['user', 'role'],
    ['user', 'password'], ['check-config'], ['example-config'], ['setup'], ['doctor'], ['nginx-config'], ['postgres-config'], ['demo'], ['demo', 'load']]) {
    const { code, out } = await run([...words, '--help']);
    assert.equal(code, 0, words.join(' '));
    assert.match(out, /--help/, words.join(' '));
  }
  assert.match((await run(['--version'])).out, /^minschool \d+\.\d+\.\d+\n$/);
});

test('wrong arguments are status 2', async () => {
  assert.equal((await run([])).code, 2);
  const wrong = await run(['fly']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /^minschool: minschool has no command "fly"; there are: setup, .*demo\n$/);
  assert.equal((await run(['user', 'add', '--email', email])).code, 2);
});

test('every program suggests the likely command or option for a misspelled one', async () => {
  const errorOf = async (words, name = 'minschool') => {
    const { code, err } = await run(words, '', name);
    assert.equal(code, 2, words.join(' '));
    assert.match(err, /^[^\n]+\n$/, 'one line');
    return err;
  };
  for (const [words, likely] of [[['bakcup'], 'backup'], [['migrat', 'up'], 'migrate'], [['up'], 'migrate up'], [['user', 'ad'], 'add'],
    [['demo', 'laod'], 'load'], [['exampl-config'], 'example-config'], [['restore', '--keyfile', 'a', 'b'], '--key-file'],
    [['setup', '--domian', 'a.kr'], '--domain'], [['--confg', 'a', 'doctor'], '--config']]) {
    assert.ok((await errorOf(words)).endsWith(`; did you mean ${likely}?\n`), `${words.join(' ')}: ${likely}`);
  }
  assert.match(await errorOf(['user']), /minschool user needs a command: add, role, password/);
  assert.match(await errorOf(['backup', 'now']), /"now" is one word too many for minschool backup/);
  for (const name of ['minschool-site', 'minschool-admin', 'minschool-monitor']) {
    assert.match(await errorOf(['--cofnig', 'a'], name), new RegExp(`^${name}: ${name} has no option --cofnig; did you mean --config\\?\\n$`));
    assert.match(await errorOf(['start'], name), /"start" is one word too many/);
  }
});

test('a wrong configuration is reported in one line with file, line, key and remedy', async () => {
  assert.match(await complaint('[server]\nprot = 1\n'), /wrong\.toml \(line 2\): server\.prot is not a known key; \[server\] has .*port/);
  assert.match(await complaint('[server]\nport = 0\n'), /server\.port must be from 1 to 65535, not 0/);
  assert.match(await complaint('[server'), /wrong\.toml \(line 1\): not TOML/);
  assert.match(await complaint('', '--program', 'admin'), /session\.secret is missing; make a file with/);
  assert.match((await run(['--config', join(folder, 'none.toml'), 'check-config'])).err, /none\.toml: cannot be read/);
});

test('the configurations of the running programs are fine', async () => {
  for (const kind of ['site', 'admin']) {
    const { code, err } = await run(['--config', join(state, 'config', `app1-${kind}.toml`), 'check-config', '--program', kind]);
    assert.equal(code, 0, err);
  }
});

test('the example configuration is the file in deploy', async () => {
  const { out } = await run(['example-config']);
  assert.equal(out, await readFile(join(root, 'deploy', 'minschool.example.toml'), 'utf8'));
});

test('all migrations of the running site are applied, and applying again changes nothing', async () => {
  const status = await onSite(['migrate', 'status']);
  assert.equal(status.code, 0, status.err);
  assert.match(status.out, /^0001 baseline: applied /m);
  assert.match(status.out, /^\d+ functions, 0 of them outdated\.$/m);
  assert.match(status.out, /^0 not applied\.$/m);
  assert.match((await onSite(['migrate', 'up'])).out, /^0 applied\.$/m);
});

test('members are added, changed and refused', async () => {
  const add = ['user', 'add', '--email', email, '--name', '명령줄', '--password-file', '-'];
  assert.match((await onSite(add, 'short\n')).err, /at least 8 characters/);
  assert.match((await onSite(add, '\uFEFFlong enough\n')).err, /standard input holds U\+FEFF, a byte order mark/);
  assert.match((await onSite(add, 'long enough\u00A0\n')).err, /U\+00A0, a no-break space/);
  assert.match((await onSite(add, 'long enough \n')).err, /blanks before or behind/);
  const added = await onSite(add, 'long enough\n');
  assert.equal(added.code, 0, added.err);
  const again = await onSite(add, 'long enough\n');
  assert.equal(again.code, 1);
  assert.match(again.err, /there is already a member/);

  assert.match((await onSite(['user', 'role', email, 'staff'])).out, /is now staff/);
  const king = await onSite(['user', 'role', email, 'king']);
  assert.equal(king.code, 2);
  assert.match(king.err, /roles are member, staff and admin/);
  assert.equal((await onSite(['user', 'role', email, 'member'])).code, 0);

  const password = await onSite(['user', 'password', email]);
  assert.equal(password.code, 0, password.err);
  assert.match(password.out, /^Password \(shown only now\): [\w-]{16}$/m);
  assert.match((await onSite(['user', 'password', 'nobody@minschool.test'])).err, /there is no member/);
});

test('demonstration data goes into an empty database only', async () => {
  const { code, err } = await onSite(['demo', 'load']);
  assert.equal(code, 3);
  assert.match(err, /^minschool: this database has members or boards already[^\n]*\n$/);
});
