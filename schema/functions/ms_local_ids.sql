-- What ms_set_local_ids kept.
create or replace function ms_local_ids(name text) returns bigint[]
language sql stable as $$
  select current_setting('minschool.' || name)::bigint[]
$$;
revoke all on function ms_local_ids from public, minschool_site, minschool_admin;
grant execute on function ms_local_ids to minschool_site, minschool_admin;
