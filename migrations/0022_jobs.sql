-- expand: work that is done later, or now and then, by whichever server has time (infra/jobs).

-- A row is added by the transaction that causes the work, and removed when it is done. A server takes a job by moving run_at
-- to when another one may take it, so no transaction is open while it runs; `runs` says whose run it is.
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
create index jobs_due on jobs (program, run_at);
create index jobs_by_kind on jobs (program, kind);

-- Each program runs what it added itself, with its own rights: neither can make the other do something.
grant select, insert (kind, payload, unique_key, run_at, max_attempts, period_seconds),
  update (payload, unique_key, run_at, period_seconds, attempts, runs, running_on, last_error, failed_at), delete
  on jobs to minschool_site, minschool_admin;
alter table jobs enable row level security;
create policy own on jobs to minschool_site, minschool_admin
  using (program = current_user) with check (program = current_user);

-- Staff see all jobs, and run or remove what failed, whosever it is.
create policy admin_reads on jobs for select to minschool_admin using (true);
create policy admin_removes on jobs for delete to minschool_admin using (failed_at is not null);
create function ms_run_job_now(job bigint) returns boolean
language sql security definer set search_path = public, pg_temp as $$
  update jobs set run_at = now(), attempts = 0, failed_at = null where id = job and running_on is null returning true;
$$;
revoke all on function ms_run_job_now(bigint) from public;
grant execute on function ms_run_job_now(bigint) to minschool_admin;
