-- The Site begins sessions of its own realm only.
create or replace function ms_begin_site_session(session_hash bytea, member bigint, given text, remembered boolean,
  lifetime bigint, from_address text, by_agent text) returns boolean
language sql security definer set search_path = public, pg_temp as $$
  select ms_begin_session('site', null, session_hash, member, given, remembered, lifetime, from_address, by_agent);
$$;
revoke all on function ms_begin_site_session from public, minschool_site, minschool_admin;
grant execute on function ms_begin_site_session to minschool_site;
