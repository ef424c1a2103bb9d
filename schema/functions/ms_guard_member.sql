-- Refuses the transaction unless the member exists, is not suspended and has the permission `wanted` (null asks for none).
-- The share lock on the member's row keeps that true until the transaction ends.
create or replace function ms_guard_member(member bigint, wanted text) returns void
language plpgsql as $$
declare
  rank smallint;
  suspended boolean;
begin
  select role, coalesce(suspended_until > now(), false) into rank, suspended from users where id = member for share;
  perform ms_guard(found, 401, 'error.unauthenticated');
  perform ms_guard(not suspended, 403, 'login.suspended');
  perform ms_guard(wanted is null or exists (
    select from role_permissions p where p.role = rank and p.permission = wanted), 403, 'error.forbidden');
end $$;
revoke all on function ms_guard_member from public, minschool_site, minschool_admin;
grant execute on function ms_guard_member to minschool_site, minschool_admin;
