// The rights of each database role: all statements of its program, and nothing by which it could act as the other program.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { as, refusal, refused } from '../support/roles.mjs';
import { root } from '../support/stack.mjs';
import { sql } from '../support/stores.mjs';
import { digest, sendersOf, statements, statementsOf, versionIn } from '../support/statements.mjs';

// Of an Express program's sessions: the Site may only when the operator says so (docs/operating.md).
const adoption = 'sessions.adopt';

test('each statement of the sources is planned as the role that sends it', async () => {
  const all = await statements();
  assert.ok(all.length > 100, `${all.length} statements`);
  for (const role of ['site', 'admin']) {
    const own = all.filter(({ name }) => sendersOf(name).includes(role) && name !== adoption);
    assert.deepEqual(await refused(role, own), [], `minschool_${role} is refused what its program sends (tests/support/statements.mjs says who sends what)`);
  }
});

test('the Site adopts no session unless the operator grants it', async () => {
  const adopt = (await statements()).filter(({ name }) => name === adoption);
  for (const role of ['site', 'admin']) {
    assert.deepEqual(await refused(role, adopt), [`${adoption}: permission denied for function ms_adopt_session`], role);
  }
});

test('a statement that a role may not send is found', async () => {
  assert.deepEqual(await refused('site', [
    { name: 'a', sql: 'select id from schema_migrations' },
    { name: 'b', sql: 'select 1' },
    { name: 'c', sql: 'delete from boards where id = $1' },
  ]), ['a: column "id" does not exist', 'c: permission denied for table boards']);
  assert.throws(() => statementsOf('constexpr pg::Query kOdd{kName, kText};', 'odd.cpp'), /1 statements are declared, and 0 are read/);
});

/** Each statement is refused to the role with an error that `why` matches. */
async function refuses(role, why, statements) {
  for (const statement of statements) {
    assert.match((await refusal(role, statement)) || 'it is carried out', why, `minschool_${role}: ${statement}`);
  }
}

/** Rows that a statement with `returning 1` affects as the role; it is rolled back. */
async function touched(role, statement) {
  const { rows, errors } = await as(role, `begin;\nwith done as (${statement} returning 1) select count(*) from done;\nrollback;\n`);
  assert.deepEqual(errors, [], statement);
  return Number(rows[0][0]);
}

const denied = /permission denied|must be (owner|superuser|member)|must have admin option/;
const foreignRow = /violates row-level security policy/;

test('the Site cannot raise, lock out, bring back or rewrite a member', async () => {
  await refuses('site', denied, [
    'update users set role = 3 where id = 2',
    "insert into users (email, password_hash, name, role) values ('a@b', '', 'a', 3)",
    "insert into users (id, email, password_hash, name) values (1000000, 'a@b', '', 'a')",
    'update users set suspended_until = null',
    "update users set suspended_until = 'infinity'",
    'update users set session_epoch = 1',
    'update users set sessions_revoked_at = null',
    "update users set email = 'a@b' where id = 1",
    'update users set created_at = now()',
    'delete from users',
    'truncate users cascade',
    'select suspended_reason from users',
    'select * from users',
    'update roles set rank = 9',
    "insert into role_permissions values (1, 'admin')",
    'delete from role_permissions',
  ]);
});

/** What a function gives to a role: 't', 'f', or '' for nothing; all that it did is rolled back. */
async function gives(role, call) {
  const { rows, errors } = await as(role, `begin;\nselect ${call};\nrollback;\n`);
  assert.deepEqual(errors, [], `minschool_${role}: ${call}`);
  return rows[0]?.[0] ?? '';
}
const began = (realm, member, hash, session = "'\\x01'") => `ms_begin_${realm}_session(${session}, ${member}, ${hash}, false, 1000, '', '')`;
after(() => sql("delete from users where email like 'roles-%@minschool.test'"));
/** A member of staff with an invented hash, so that no password matches: {id, hash}. */
async function staff() {
  const hash = `$argon2id$v=19$m=8,t=1,p=1$${'A'.repeat(22)}$${randomBytes(32).toString('base64').replaceAll('=', '')}`;
  const [[id]] = await sql(`insert into users (email, password_hash, name, role)
    values ('roles-${randomBytes(6).toString('hex')}@minschool.test', '${hash}', '역할 시험', 2) returning id`);
  return { id, hash };
}

test('neither program can read the hash of a password', async () => {
  const { id, hash } = await staff();
  for (const role of ['site', 'admin']) {
    await refuses(role, denied, [
      'select password_hash from users', 'select users from users', 'select to_jsonb(u) from users u', "select count(*) from users where password_hash like '$%'",
      'select id from users order by password_hash', 'select max(password_hash) from users', 'copy users (password_hash) to stdout', 'table users',
      'update users set seen_at = seen_at where password_hash is not null', 'update users set seen_at = seen_at returning password_hash',
      'create function pg_temp.a(a text, b text) returns boolean language sql as $$ select true $$', 'create temp view a as select 1',
      'select ms_password_matches($$$argon2id$a$$, null)', "select ms_begin_session('site', null, '\\x01', 1, '', false, 1, '', '')",
    ]);
    assert.equal((await as(role, "select count(*) from pg_stats where attname = 'password_hash'")).rows[0][0], '0');
    assert.equal(await gives(role, `ms_password_parameters(${id})`), hash.slice(0, hash.lastIndexOf('$')));
    assert.equal(await gives(role, 'ms_password_parameters(null)'), '');
    assert.equal(await gives(role, 'ms_password_parameters(-1)'), '');
    assert.equal(await gives(role, `ms_verify_password(${id}, $$${hash}$$)`), 't');
    for (const wrong of [`$$${hash}x$$`, `$$${hash.slice(0, -1)}$$`, "'%'", "'$argon2id$%'", "''", 'null']) {
      assert.equal(await gives(role, `ms_verify_password(${id}, ${wrong})`), 'f', wrong);
    }
    assert.equal(await gives(role, `ms_verify_password(null, $$${hash}$$)`), 'f');
  }
});

test('the Site sets a password only for a new member, or for one who knows the present one', async () => {
  const { id, hash } = await staff();
  const other = '$argon2id$v=19$m=8,t=1,p=1$BBBBBBBBBBBBBBBBBBBBBB$other';
  await refuses('site', denied, [
    "update users set password_hash = ''", `update users set password_hash = '${other}' where id = ${id}`,
    `insert into users (email, password_hash, name) select email, '${other}', '' from users where id = ${id}
       on conflict (email) do update set password_hash = excluded.password_hash`,
    `merge into users u using (select ${id} as id) n on n.id = u.id when matched then update set password_hash = '${other}'`,
  ]);
  const replaced = (member, before, after) => gives('site', `ms_replace_password(${member}, ${before}, ${after})`);
  for (const before of [`$$${other}$$`, `$$${hash.slice(0, -1)}$$`, "'%'", "''", 'null']) {
    assert.equal(await replaced(id, before, `$$${other}$$`), 'f', before);
  }
  for (const after of ["''", 'null', "'x'"]) assert.equal(await replaced(id, `$$${hash}$$`, after), 'f', after);
  assert.equal(await replaced('null', `$$${hash}$$`, `$$${other}$$`), 'f');
  assert.equal(await replaced(id, `$$${hash}$$`, `$$${other}$$`), 't');
  await refuses('admin', denied, [`select ms_replace_password(${id}, $$${hash}$$, $$${other}$$)`]);
  const [[empty]] = await sql("insert into users (email, password_hash, name) values ('roles-' || gen_random_uuid() || '@minschool.test', '', '빈 암호') returning id");
  assert.equal(await replaced(empty, "''", `$$${other}$$`), 'f', 'what is no hash is nobody\'s password');
  assert.equal(await gives('site', began('site', empty, "''")), 'f');
});

test('neither program begins a session without the password, nor one of the other', async () => {
  const { id, hash } = await staff();
  const row = (realm) => `insert into sessions (id_hash, user_id, realm, expires_at) values ('\\x01', ${id}, '${realm}', now() + interval '1 day')`;
  const other = { site: 'admin', admin: 'site' };
  for (const role of ['site', 'admin']) {
    await refuses(role, denied, [
      row('site'), row('admin'), `select ${began(other[role], id, `$$${hash}$$`)}`, `select ms_adopt_session('\\x01', ${id}, 1000, now())`,
      `update sessions set user_id = ${id}`, `update sessions set realm = '${role}'`, "update sessions set id_hash = '\\x02'",
    ]);
    for (const wrong of [`$$${hash}x$$`, "''", 'null']) assert.equal(await gives(role, began(role, id, wrong)), 'f', wrong);
    assert.equal(await gives(role, began(role, 'null', `$$${hash}$$`)), 'f');
    assert.equal(await gives(role, began(role, id, `$$${hash}$$`)), 't');
    const { rows } = await as(role, `begin; select ${began(role, id, `$$${hash}$$`, "'\\x04'")}; select realm, user_id from sessions where id_hash = '\\x04'; rollback;`);
    assert.deepEqual(rows[1], [role, id]);
  }
  await sql(`update users set role = 1 where id = ${id}`);
  assert.equal(await gives('admin', began('admin', id, `$$${hash}$$`)), 'f', 'the Admin is for staff');
  await sql(`update users set suspended_until = 'infinity' where id = ${id}`);
  assert.equal(await gives('site', began('site', id, `$$${hash}$$`)), 'f', 'suspended');
});

test('neither program prolongs a session of the other', async () => {
  const other = { site: 'admin', admin: 'site' };
  for (const role of ['site', 'admin']) {
    const [[there]] = await sql(`begin;
      insert into sessions (id_hash, user_id, realm, expires_at) select '\\x03', min(id), '${other[role]}', now() + interval '1 day' from users;
      set local role minschool_${role};
      with done as (update sessions set expires_at = now() + interval '9 years' where id_hash = '\\x03' returning 1) select count(*) from done;
      rollback;`);
    assert.equal(there, '0', `minschool_${role} does not prolong a session of the other`);
  }
});

test('no search path makes a function call objects of its caller', async () => {
  const { id, hash } = await staff();
  for (const role of ['site', 'admin']) {
    await refuses(role, denied, ['create temp table users (id int)', 'create schema a', 'create function public.sha256(a bytea) returns bytea language sql as $$ select a $$']);
    for (const path of ['pg_temp, public', '', 'pg_temp', 'information_schema']) {
      const { rows, errors } = await as(role, `begin;\nset local search_path = ${path || "''"};
        select public.ms_verify_password(${id}, 'x'), public.ms_verify_password(${id}, $$${hash}$$), public.${began(role, id, "'x'")};\nrollback;\n`);
      assert.deepEqual(errors, [], path);
      assert.deepEqual(rows[0], ['f', 't', 'f'], path);
    }
  }
});

test('the Site changes no text that staff hid, and brings nothing back', async () => {
  await refuses('site', denied, [
    'update posts set hidden_at = null', 'update posts set hidden_reason = null', 'update posts set hidden_by = 1',
    'update posts set author_id = 1', 'update posts set board_id = 1', 'update posts set number = 1',
    "update posts set created_at = 'epoch'", 'delete from posts', 'truncate posts cascade',
    "insert into posts (title, board_id, number, hidden_at) values ('a', 1, 1000000, null)",
    'update comments set hidden_at = null', 'update comments set author_id = 1', 'update comments set post_id = 1', 'delete from comments',
    "update post_counters set title = 'a'", 'update post_counters set visible = true', 'update post_counters set likes = 0',
    'delete from post_counters', 'update comments set likes = 9', 'update comments set author_name = $$a$$', 'update post_counters set events = 9', "insert into post_places values (1, 1, 1, '{1}')",
    'delete from notifications', "update notifications set reason = ''",
    'update boards set read_role = 0', 'update boards set write_role = 1', "update boards set name = 'a'", 'delete from boards',
    "insert into boards (slug, name) values ('a', 'a')", 'select nextval(\'boards_id_seq\')', 'select setval(\'users_id_seq\', 1)',
    'select ms_count_visible_post(1, 1, 1)', 'select ms_rebuild_post_places()',
  ]);
  for (const table of ['posts', 'comments']) {
    assert.equal(await touched('site', `update ${table} set deleted_at = null where deleted_at is not null`), 0, table);
    assert.equal(await touched('site', `update ${table} set content = 'a' where hidden_at is not null or deleted_at is not null`), 0, table);
    const [[hidden]] = await sql(`begin;
      update ${table} set hidden_at = now() where id = (select max(id) from ${table} where visible);
      set local role minschool_site;
      with done as (update ${table} set content = 'a', deleted_at = now() where hidden_at = now() returning 1) select count(*) from done;
      rollback;`);
    assert.equal(hidden, '0', `hidden ${table}`);
  }
});

test('the Admin writes no text, makes no member and takes no one\'s name or password', async () => {
  await refuses('admin', denied, [
    "insert into posts (title, board_id, number, author_id) values ('a', 1, 1000000, 1)", "update posts set content = 'a'",
    "update posts set title = 'a'", 'update posts set author_id = 1', 'delete from posts',
    "insert into comments (post_id, author_id, content, content_html) values (1, 1, 'a', 'a')", "update comments set content = 'a'",
    "insert into users (email, password_hash, name) values ('a@b', '', 'a')", "update users set password_hash = ''",
    "update users set name = 'a'", "update users set email = 'a@b'", 'delete from users', 'select terms_agreed_at from users',
    'insert into post_likes (post_id, user_id) values (1, 1)', 'insert into board_follows values (1, 1)',
    'delete from boards', 'update boards set last_number = 0', 'update role_permissions set role = 1',
  ]);
});

test('the audit log can only be appended to, by its program, with the present time', async () => {
  const lines = ['update audit_log set reason = \'\'', 'delete from audit_log', 'truncate audit_log',
    "insert into audit_log (at, actor_id, action, subject_kind, subject_id) values ('epoch', 1, 'a', 'a', 1)"];
  await refuses('site', denied, [...lines, 'select from audit_log']);
  await refuses('admin', denied, lines);
});

test('neither program writes heartbeats of the other, and only the Admin drains a server', async () => {
  await refuses('site', denied, ['update servers set drained_since = now()', 'update servers set drained_since = null',
    "insert into servers (name, drained_since) values ('a', now())", 'select from server_samples', 'delete from server_samples']);
  const insertProgram = (program) => `insert into server_programs (server_id, program) select id, '${program}' from servers limit 1 on conflict do nothing`;
  await refuses('site', foreignRow, [insertProgram('admin')]);
  await refuses('admin', foreignRow, [insertProgram('site')]);
  assert.equal(await touched('site', "update server_programs set heartbeat = 'a' where program = 'admin'"), 0);
  assert.equal(await touched('admin', "update server_programs set heartbeat = 'a' where program = 'site'"), 0);
  assert.equal(await touched('site', 'delete from server_programs'), 0, 'a recent heartbeat');
  assert.equal(await touched('site', 'delete from servers'), 0);
});

test('neither program reads or forges the idempotency records of the other', async () => {
  const [[seen]] = await sql(`begin;
    insert into idempotency_keys (key, fingerprint, result, program) values ('request:a', '', 1, 'minschool_admin');
    set local role minschool_site;
    select count(*) from idempotency_keys where key = 'request:a';
    rollback;`);
  assert.equal(seen, '0');
  await refuses('site', denied, ["insert into idempotency_keys (key, fingerprint, result, program) values ('request:b', '', 1, 'minschool_admin')",
    "update idempotency_keys set program = 'minschool_admin'"]);
});

test('neither program gives the other a job, or changes one of the other\'s', async () => {
  const other = { site: 'admin', admin: 'site' };
  for (const role of ['site', 'admin']) {
    await refuses(role, denied, [`insert into jobs (kind, max_attempts, program) values ('a', 1, 'minschool_${other[role]}')`,
      "update jobs set program = 'a'", "update jobs set kind = 'a'", 'truncate jobs']);
    for (const change of ["update jobs set payload = 'a'", 'update jobs set run_at = now()', 'delete from jobs']) {
      const [[count]] = await sql(`begin;
        delete from jobs;
        insert into jobs (kind, max_attempts, program) values ('a', 1, 'minschool_${other[role]}');
        set local role minschool_${role};
        with done as (${change} returning 1) select count(*) from done;
        rollback;`);
      assert.equal(count, '0', `${role}: ${change}`);
    }
  }
  await refuses('site', denied, ['select ms_run_job_now(1)']);
  const { rows } = await as('site', "select count(*) from jobs where program <> 'minschool_site'");
  assert.deepEqual(rows, [['0']], 'the Site sees its own');
});

test('neither role creates an object, becomes another role, or reaches outside the database', async () => {
  for (const role of ['site', 'admin']) {
    const other = role === 'site' ? 'admin' : 'site';
    await refuses(role, denied, [
      'create table a (b int)', 'create temp table users (id int)', 'create schema a',
      "create function ms_guard(a int) returns int language sql as 'select 1'", 'create extension dblink',
      `set role minschool_${other}`, 'set role minschool_owner', `set session authorization minschool_${other}`,
      `alter role minschool_${other} password 'a'`, 'alter role current_user superuser', 'alter role current_user bypassrls', 'create role a',
      `grant minschool_owner to minschool_${role}`,
      'alter table posts disable trigger all', 'alter table sessions disable row level security', 'drop policy read on sessions', 'drop table posts',
      'alter function ms_guard(boolean, int, text) security definer', 'alter table users owner to current_user',
      'set session_replication_role = replica', "copy users (id) to program 'true'", "copy users (id) to '/tmp/a'", "select pg_read_file('/etc/passwd')",
      'select * from pg_authid', 'select * from pg_shadow', 'select pg_reload_conf()', "select lo_import('/etc/passwd')",
      'delete from schema_migrations', 'update schema_migrations set sha256 = name', 'comment on table users is \'a\'',
    ]);
    const { rows } = await as(role, 'select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication from pg_roles where rolname = current_user');
    assert.deepEqual(rows, [['f']]);
  }
});

test('what is new is nobody\'s: no table, view, sequence or function of ours is for everybody', async () => {
  const { rows } = await as('owner', `
    select c.relname from pg_class c, aclexplode(c.relacl) a where relnamespace = 'public'::regnamespace and a.grantee = 0
       and relowner = current_user::regrole
    union all
    select p.oid::regprocedure::text from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
     where pronamespace = 'public'::regnamespace and a.grantee = 0 and proowner = current_user::regrole
    union all
    select 'definer without a path: ' || p.oid::regprocedure from pg_proc p
     where pronamespace = 'public'::regnamespace and proowner = current_user::regrole and prosecdef
       and not coalesce(array_to_string(proconfig, ',') like '%search_path=%pg_temp%', false)
     order by 1`);
  assert.deepEqual(rows.flat(), [], "a migration or a function's file says 'revoke all on … from public' and grants what each program needs (docs/development.md)");
});

const before = JSON.parse(await readFile(join(root, 'tests', 'previous_statements.json'), 'utf8'));

test('all statements of the previous release run with the newest schema', async () => {
  assert.ok(before.statements.length > 100, `${before.statements.length} statements`);
  for (const role of ['site', 'admin']) {
    const own = before.statements.filter(({ name, senders }) => senders.includes(role) && name !== adoption);
    assert.deepEqual(await refused(role, own), [], `a program of ${before.commit} could not run while servers are updated one after the other`);
  }
});

// By its number a server of the previous release knows that the function in the database is newer than its own.
test('a function that changed since the previous release comes with a migration', async () => {
  if (versionIn(await readFile(join(root, 'CMakeLists.txt'), 'utf8')) === before.version) return;
  const folder = (name) => readdir(join(root, 'schema', name));
  if ((await folder('migrations')).length > before.migrations) return;
  const now = await Promise.all((await folder('functions')).map(async (file) =>
    [file.replace(/\.sql$/, ''), digest(await readFile(join(root, 'schema', 'functions', file), 'utf8'))]));
  assert.deepEqual(Object.fromEntries(now), before.functions, 'add a migration, if only a first line that says what changed');
});
