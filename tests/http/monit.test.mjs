// `minschool monit` in a terminal: it draws, moves, fits, and leaves the terminal as it was.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { facts, state } from '../support/stack.mjs';

const run = promisify(execFile);
const { build } = await facts();
const words = [join(build, 'minschool'), '--config', join(state, 'config', 'minschool.toml'), 'monit'];

// Python has terminals. Reads until the second picture, presses a key, and tells what came, the exit code, and whether the
// terminal's settings are those of before.
const terminal = `
import json, os, pty, struct, fcntl, sys, termios, time, select
key, words = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(words[0], words)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
before = termios.tcgetattr(fd)
said, sent, end = b'', False, time.time() + 30
while time.time() < end:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            more = os.read(fd, 65536)
        except OSError:
            break
        if not more:
            break
        said += more
    if not sent and said.count(b'MinSchool  ') >= 2:
        os.write(fd, key.encode())
        sent = True
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        while select.select([fd], [], [], 0.2)[0]:
            try:
                more = os.read(fd, 65536)
            except OSError:
                break
            if not more:
                break
            said += more
        try:
            same = termios.tcgetattr(fd)[:4] == before[:4]
        except termios.error:
            same = None
        print(json.dumps({'said': said.decode(), 'code': os.waitstatus_to_exitcode(status), 'same': same}))
        sys.exit(0)
os.kill(pid, 9)
print(json.dumps({'said': said.decode(), 'code': None, 'same': None}))
`;

for (const [name, key] of [['q', 'q'], ['Ctrl-C', '\x03']]) {
  test(`in a terminal it draws again and again, and ${name} ends it`, async () => {
    const { stdout } = await run('python3', ['-c', terminal, key, ...words]);
    const { said, code, same } = JSON.parse(stdout);
    assert.equal(code, 0, said);
    assert.notEqual(same, false, 'the settings of the terminal are as before');
    assert.ok(said.startsWith('\x1b[?1049h\x1b[?25l'), JSON.stringify(said.slice(0, 200)));
    assert.ok(said.trimEnd().endsWith('\x1b[?25h\x1b[?1049l'), JSON.stringify(said.slice(-200)));
    const screens = said.split('\x1b[H').slice(1);
    assert.ok(screens.length >= 2);
    for (const screen of screens) {
      const lines = screen.replaceAll(/\x1b\[[?0-9]*[a-zA-Z]|\r/g, '').split('\n');
      assert.ok(lines.length <= 24 && lines.every((line) => line.length <= 80), screen);
      assert.match(screen, /app1 +(up|limited)/);
      assert.match(screen, /PostgreSQL +up/);
    }
  });
}

test('without a terminal it says what to do instead', async () => {
  const failed = await run(words[0], words.slice(1)).then(() => null, (error) => error);
  assert.equal(failed.code, 2);
  assert.match(failed.stderr, /monit --once/);
});
