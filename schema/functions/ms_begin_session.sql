-- A session begins only with the hash of the member's password, for a member who is not suspended and has the permission
-- `wanted` (null asks for none). Whoever suspends the member or sets a password at this moment waits for the member's row,
-- or is waited for. Only ms_begin_site_session and ms_begin_admin_session call it.
create or replace function ms_begin_session(in_realm text, wanted text, session_hash bytea, member bigint, given text,
  remembered boolean, lifetime bigint, from_address text, by_agent text) returns boolean
language plpgsql as $$
begin
  update users u set seen_at = now()
   where u.id = member and ms_password_matches(u.password_hash, given) and coalesce(u.suspended_until <= now(), true)
     and (wanted is null or exists (select from role_permissions p where p.role = u.role and p.permission = wanted));
  if not found then return false; end if;
  insert into sessions (id_hash, user_id, realm, remember, expires_at, address, agent)
  values (session_hash, member, in_realm, remembered, now() + make_interval(secs => lifetime), from_address, by_agent);
  return true;
end $$;
revoke all on function ms_begin_session from public, minschool_site, minschool_admin;
