-- Whether `given` is the hash of the member's password; false when there is no such member.
create or replace function ms_verify_password(member bigint, given text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from users where id = member and ms_password_matches(password_hash, given));
$$;
revoke all on function ms_verify_password from public, minschool_site, minschool_admin;
grant execute on function ms_verify_password to minschool_site, minschool_admin;
