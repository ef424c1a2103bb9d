#!/usr/bin/env node
// Prints what the programs of a commit sent to the database, and its functions, as JSON:
// tools/previous_statements.mjs TAG > tests/previous_statements.json with each release, so that tests/http/roles.test.mjs finds
// a migration that the programs before could not run with.
import { execFileSync } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { digest, sendersOf, statementsOf, versionIn } from '../tests/support/statements.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const git = (...words) => execFileSync('git', words, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 });
const [commit] = process.argv.slice(2);
if (!commit) {
  console.error('tools/previous_statements.mjs COMMIT');
  process.exit(2);
}
const filesIn = (folder) => git('ls-tree', '-r', '--name-only', commit, folder).trim().split('\n');
const textOf = (file) => git('show', `${commit}:${file}`);
const statements = filesIn('src')
  .filter((file) => /\.[ch]pp$/.test(file) && !/_test\.cpp$|\/test_\w+\.hpp$/.test(file))
  .flatMap((file) => statementsOf(textOf(file), file))
  .map(({ name, sql }) => ({ name, senders: sendersOf(name), sql }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));
console.log(JSON.stringify({
  version: versionIn(textOf('CMakeLists.txt')),
  commit: git('rev-parse', commit).trim(),
  migrations: filesIn('schema/migrations').length,
  functions: Object.fromEntries(filesIn('schema/functions').map((file) => [basename(file, '.sql'), digest(textOf(file))])),
  statements,
}, null, 1));
