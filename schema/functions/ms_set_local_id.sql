-- Keeps an id in a variable of the transaction and gives it, for RETURNING: later statements read it with ms_local_id.
create or replace function ms_set_local_id(name text, id bigint) returns bigint
language sql as $$
  select set_config('minschool.' || name, id::text, true)::bigint
$$;
revoke all on function ms_set_local_id from public, minschool_site, minschool_admin;
grant execute on function ms_set_local_id to minschool_site, minschool_admin;
