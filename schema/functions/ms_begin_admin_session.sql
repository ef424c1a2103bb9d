-- The Admin begins sessions of its own realm only, for members who have the permission to use it.
create or replace function ms_begin_admin_session(session_hash bytea, member bigint, given text, remembered boolean,
  lifetime bigint, from_address text, by_agent text) returns boolean
language sql security definer set search_path = public, pg_temp as $$
  select ms_begin_session('admin', 'admin', session_hash, member, given, remembered, lifetime, from_address, by_agent);
$$;
revoke all on function ms_begin_admin_session from public, minschool_site, minschool_admin;
grant execute on function ms_begin_admin_session to minschool_admin;
