-- Turns a database that the 21 migrations before the first release made into that of 0001_baseline, without its functions,
-- which `minschool migrate up` makes afterwards in the same transaction. No data is lost but what is one day old at most:
-- keys of repeated requests that do not say whose they are. It goes with the release after the first.

alter table users alter column session_epoch drop default;
alter table sessions alter column incarnation drop default;
do $$
declare routine regprocedure;
begin
  for routine in select oid from pg_proc p
                  where pronamespace = 'public'::regnamespace and proowner = current_user::regrole
                    and proname <> 'ms_adopt_session'  -- as it was, and perhaps granted by the operator for the time of a move
                    and not exists (select from pg_depend where objid = p.oid and deptype = 'e') loop
    execute format('drop function %s cascade', routine);  -- with its triggers
  end loop;
end $$;

drop table post_stretches;
drop index posts_pinned;
alter table incarnation rename one to singleton;
alter table incarnation rename constraint incarnation_one_check to incarnation_singleton_check;
alter table notifications rename taken_back to retracted;
alter view notification_lines rename to notification_details;
alter table servers rename resting_since to drained_since;
alter table servers rename resting_by to drained_by;
alter table servers rename constraint servers_resting_by_fkey to servers_drained_by_fkey;
alter table servers rename heard_at to seen_at;
alter table server_programs rename heard_at to seen_at;
alter table server_programs rename beat to heartbeat;
alter table once rename to idempotency_keys;
alter table idempotency_keys rename constraint once_pkey to idempotency_keys_pkey;

alter policy own on idempotency_keys rename to own_program;
alter policy own_program on idempotency_keys using (program = current_user) with check (program = current_user);
delete from idempotency_keys where program is null;
alter table idempotency_keys alter column program set not null;

do $$
declare renamed text[];
begin
  foreach renamed slice 1 in array array[
    ['audit_looks', 'audit_log_looks_idx'], ['audit_of_subject', 'audit_log_subject_idx'],
    ['board_addresses_board', 'board_addresses_board_id_idx'], ['board_follows_of_user', 'board_follows_user_id_idx'],
    ['comments_by_event', 'comments_post_id_event_idx'], ['comments_newest', 'comments_created_at_idx'],
    ['comments_of_author', 'comments_author_id_id_idx'], ['comments_rendered', 'comments_renderer_id_idx'],
    ['comments_replies', 'comments_root_id_id_idx'], ['comments_top', 'comments_top_level_idx'],
    ['notifications_once', 'notifications_subject_key'], ['once_by_age', 'idempotency_keys_created_at_idx'],
    ['post_counters_lines', 'post_counters_board_id_number_idx'], ['post_counters_pinned', 'post_counters_notices_idx'],
    ['post_places_before', 'post_places_board_id_before_block_idx'], ['posts_newest', 'posts_created_at_idx'],
    ['posts_of_author', 'posts_author_id_id_idx'], ['posts_rendered', 'posts_renderer_id_idx'],
    ['sessions_by_expiry', 'sessions_expires_at_idx'], ['sessions_by_user', 'sessions_user_id_idx'],
    ['users_by_joined', 'users_created_at_idx'], ['users_by_lower_name', 'users_lower_name_idx'],
    ['users_by_name', 'users_name_idx'], ['users_of_staff', 'users_staff_idx']] loop
    execute format('alter index %I rename to %I', renamed[1], renamed[2]);
  end loop;
  foreach renamed slice 1 in array array[
    ['comments', 'admin_moderates', 'admin_update'], ['comments', 'site_changes', 'site_update'],
    ['comments', 'site_writes', 'site_insert'], ['posts', 'admin_moderates', 'admin_update'],
    ['posts', 'site_changes', 'site_update'], ['posts', 'site_writes', 'site_insert'],
    ['server_programs', 'admin_adds', 'admin_insert'], ['server_programs', 'admin_tells', 'admin_update'],
    ['server_programs', 'forget', 'delete_old'], ['server_programs', 'site_adds', 'site_insert'],
    ['server_programs', 'site_tells', 'site_update'], ['servers', 'add', 'insert'], ['servers', 'change', 'update'],
    ['servers', 'forget', 'delete_old'], ['sessions', 'admin_prolongs', 'admin_update'], ['sessions', 'finish', 'delete'],
    ['sessions', 'site_prolongs', 'site_update']] loop
    execute format('alter policy %I on %I rename to %I', renamed[2], renamed[1], renamed[3]);
  end loop;
end $$;

-- What the baseline has besides.
create table jobs (
  id bigint generated always as identity primary key,
  program text not null default current_user,
  kind text not null,
  payload text not null default '',
  unique_key text,
  run_at timestamptz not null default now(),
  period_seconds int check (period_seconds > 0),
  attempts smallint not null default 0,
  max_attempts smallint not null check (max_attempts > 0),
  runs bigint not null default 0,
  running_on text,
  last_error text,
  failed_at timestamptz,
  created_at timestamptz not null default now(),
  unique (program, unique_key),
  check (period_seconds is null or unique_key is not null)
);
create index jobs_program_run_at_idx on jobs (program, run_at);
create index jobs_program_kind_idx on jobs (program, kind);
grant select, insert (kind, payload, unique_key, run_at, max_attempts, period_seconds),
  update (payload, unique_key, run_at, period_seconds, attempts, runs, running_on, last_error, failed_at), delete
  on jobs to minschool_site, minschool_admin;
alter table jobs enable row level security;
create policy own_program on jobs to minschool_site, minschool_admin
  using (program = current_user) with check (program = current_user);
create policy admin_read on jobs for select to minschool_admin using (true);
create policy admin_delete on jobs for delete to minschool_admin using (failed_at is not null);
insert into role_permissions values (3, 'servers');
grant select on schema_functions to minschool_site, minschool_admin;
delete from schema_migrations;
