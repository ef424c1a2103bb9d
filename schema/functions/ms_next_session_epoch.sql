-- The epoch after `before` is the time in microseconds, so that no epoch is given twice, not even in a database that was
-- restored from a backup.
create or replace function ms_next_session_epoch(before bigint) returns bigint
language sql volatile as $$
  select greatest(before + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint);
$$;
revoke all on function ms_next_session_epoch from public, minschool_site, minschool_admin;
grant execute on function ms_next_session_epoch to minschool_site, minschool_admin;

alter table users alter column session_epoch set default ms_next_session_epoch(0);
