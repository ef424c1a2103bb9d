// `minschool monit` in a terminal: it redraws, adapts to the size, and restores the terminal.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { facts, state } from '../support/stack.mjs';

const run = promisify(execFile);
const { build } = await facts();
const words = [join(build, 'minschool'), '--config', join(state, 'config', 'minschool.toml'), 'monit'];

// Python has terminals. Reads until the second picture, presses a key, and prints the output, the exit code, and whether the
// terminal's settings are those of before.
const terminal = `
import json, os, pty, struct, fcntl, sys, termios, time, select
key, words = sys.argv[1], sys.argv[2:]
mother, child = pty.openpty()
fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
before = termios.tcgetattr(child)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(child, termios.TIOCSCTTY, 0)
    for file in 0, 1, 2:
        os.dup2(child, file)
    os.execv(words[0], words)
# The test keeps its own end open, so that the last output is not lost and the settings can be read.
output, sent, code, end = b'', False, None, time.time() + 30
while time.time() < end:
    while select.select([mother], [], [], 0.2)[0]:
        output += os.read(mother, 65536)
    if code is not None:
        break
    if not sent and output.count(b'MinSchool  ') >= 2:
        os.write(mother, key.encode())
        sent = True
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        code = os.waitstatus_to_exitcode(status)
if code is None:
    os.kill(pid, 9)
print(json.dumps({'output': output.decode(), 'code': code, 'same': termios.tcgetattr(child)[:4] == before[:4]}))
`;

for (const [name, key] of [['q', 'q'], ['Ctrl-C', '\x03']]) {
  test(`in a terminal it redraws repeatedly, and ${name} ends it`, async () => {
    const { stdout } = await run('python3', ['-c', terminal, key, ...words]);
    const { output, code, same } = JSON.parse(stdout);
    assert.equal(code, 0, output);
    assert.ok(same, 'the settings of the terminal are as before');
    assert.ok(output.startsWith('\x1b[?1049h\x1b[?25l'), JSON.stringify(output.slice(0, 200)));
    assert.ok(output.trimEnd().endsWith('\x1b[?25h\x1b[?1049l'), JSON.stringify(output.slice(-200)));
    const screens = output.split('\x1b[H').slice(1);
    assert.ok(screens.length >= 2);
    for (const screen of screens) {
      const lines = screen.replaceAll(/\x1b\[[?0-9]*[a-zA-Z]|\r/g, '').split('\n');
      assert.ok(lines.length <= 24 && lines.every((line) => line.length <= 80), screen);
      assert.match(screen, /app1 +(up|degraded)/);
      assert.match(screen, /PostgreSQL +up/);
    }
  });
}

test('without a terminal it explains the alternatives', async () => {
  const failed = await run(words[0], words.slice(1)).then(() => null, (error) => error);
  assert.equal(failed.code, 2);
  assert.match(failed.stderr, /monit --once/);
});
