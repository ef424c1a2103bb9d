-- Costs and salt of a member's password hash, with which a program hashes what was typed; null when a program cannot use
-- them. No program reads the hash itself.
create or replace function ms_password_parameters(member bigint) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select substring(password_hash from '^(\$argon2id\$v=19\$m=\d+,t=\d+,p=1\$[A-Za-z0-9+/]{22})\$[A-Za-z0-9+/]{43}$')
    from users where id = member;
$$;
revoke all on function ms_password_parameters from public, minschool_site, minschool_admin;
grant execute on function ms_password_parameters to minschool_site, minschool_admin;
