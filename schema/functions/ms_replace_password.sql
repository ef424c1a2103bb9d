-- Sets a member's password hash for whoever knows the hash before; false when nothing was set.
create or replace function ms_replace_password(member bigint, before text, after text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update users set password_hash = after
   where id = member and ms_password_matches(password_hash, before) and after like '$argon2id$%';
  return found;
end $$;
revoke all on function ms_replace_password from public, minschool_site, minschool_admin;
grant execute on function ms_replace_password to minschool_site;
