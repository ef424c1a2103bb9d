-- "34" is that id, any other text the name of a variable that keeps one (ms_set_local_id). A variable that this transaction did
-- not set is none or empty, and fails the statement.
create or replace function ms_local_id(reference text) returns bigint
language sql stable as $$
  select case when reference ~ '^[0-9]+$' then reference::bigint else current_setting('minschool.' || reference)::bigint end
$$;
revoke all on function ms_local_id from public, minschool_site, minschool_admin;
grant execute on function ms_local_id to minschool_site, minschool_admin;
