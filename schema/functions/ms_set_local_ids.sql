-- The same as ms_set_local_id for the ids of several rows; null keeps none.
create or replace function ms_set_local_ids(name text, ids bigint[]) returns bigint[]
language sql as $$
  select set_config('minschool.' || name, coalesce(ids, '{}')::text, true)::bigint[]
$$;
revoke all on function ms_set_local_ids from public, minschool_site, minschool_admin;
grant execute on function ms_set_local_ids to minschool_site, minschool_admin;
