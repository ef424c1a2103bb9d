// Runs psql as each database role, with the role's own password.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { facts, state } from './stack.mjs';

/** Runs a psql script as minschool_ROLE ('site', 'admin', 'owner'): {rows, errors}: lines of standard output and of standard error. */
export async function as(role, script, database = 'minschool') {
  const { run_dir } = await facts();
  const password = (await readFile(join(state, 'secrets', `minschool_${role}`), 'utf8')).trim();
  const words = ['-X', '-q', '-At', '-F', '\t', '-h', join(run_dir, 'pg'), '-U', `minschool_${role}`, '-d', database, '-f', '-'];
  return new Promise((resolve, reject) => {
    const child = execFile('psql', words, { env: { ...process.env, PGPASSWORD: password }, maxBuffer: 64 << 20 }, (fault, out, err) => {
      if (fault && typeof fault.code !== 'number') return reject(fault);
      const lines = (text) => text.split('\n').filter(Boolean);
      resolve({ rows: lines(out).map((line) => line.split('\t')), errors: lines(err) });
    });
    child.stdin.end(script);
  });
}

/** PostgreSQL's error for one statement, 'ERROR: …', or '' when it succeeds; it is rolled back in any case. */
export async function refusal(role, statement) {
  const { errors } = await as(role, `begin;\n${statement};\nrollback;\n`);
  return errors.map((line) => line.replace(/^psql:\S+ /, '')).filter((line) => line.startsWith('ERROR:'))[0] ?? '';
}

/** Plans each of [{name, sql}] as the role, which checks all rights except those in functions' bodies: ['name: reason']. */
export async function refused(role, all) {
  const script = ['set plan_cache_mode = force_generic_plan;'];
  for (const { name, sql } of all) {
    const values = Math.max(0, ...[...sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
    const call = values > 0 ? `(${Array(values).fill('null').join(', ')})` : '';
    script.push(`\\warn statement ${name}`, `prepare p as ${sql};`, `explain (costs off) execute p${call};`, 'deallocate all;');
  }
  const { errors } = await as(role, script.join('\n'));
  const out = [];
  let name = null;  // of the statement that has not failed yet
  for (const line of errors) {
    if (line.startsWith('statement ')) name = line.slice('statement '.length);
    if (name === null || !/ERROR: /.test(line)) continue;
    out.push(`${name}: ${line.replace(/.*ERROR: +/, '')}`);
    name = null;
  }
  return out;
}
