#!/usr/bin/env node
// Prints the named statements that the sources had at a commit, as JSON: tools/previous_statements.mjs TAG > tests/previous_statements.json
// with each release, so that tests/http/roles.test.mjs finds a migration that the programs before could not run with.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { sendersOf, statementsOf } from '../tests/support/statements.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const git = (...words) => execFileSync('git', words, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 });
const [commit] = process.argv.slice(2);
if (!commit) {
  console.error('tools/previous_statements.mjs COMMIT');
  process.exit(2);
}
const files = git('ls-tree', '-r', '--name-only', commit, 'src').trim().split('\n')
  .filter((file) => /\.[ch]pp$/.test(file) && !/_test\.cpp$|\/test_\w+\.hpp$/.test(file));
const statements = files.flatMap((file) => statementsOf(git('show', `${commit}:${file}`), file))
  .map(({ name, sql }) => ({ name, senders: sendersOf(name), sql }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));
console.log(JSON.stringify({ commit: git('rev-parse', commit).trim(), statements }, null, 1));
