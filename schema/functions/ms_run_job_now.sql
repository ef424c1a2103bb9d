-- Staff run a job at once, whichever program added it and whether or not it had failed; null when it runs already.
create or replace function ms_run_job_now(job bigint) returns boolean
language sql security definer set search_path = public, pg_temp as $$
  update jobs set run_at = now(), attempts = 0, failed_at = null where id = job and running_on is null returning true;
$$;
revoke all on function ms_run_job_now from public, minschool_site, minschool_admin;
grant execute on function ms_run_job_now to minschool_admin;
