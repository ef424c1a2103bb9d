-- PostgreSQL's timeline, which recovery and promotion begin anew (PostgreSQL manual, 26.3.6); empty while recovering.
create or replace function ms_timeline() returns text
language sql volatile as $$
  select case when pg_is_in_recovery() then '' else left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end;
$$;
revoke all on function ms_timeline from public, minschool_site, minschool_admin;
