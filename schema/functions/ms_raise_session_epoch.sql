-- Every server checks the member's sessions again after this transaction.
create or replace function ms_raise_session_epoch(member bigint) returns void
language sql security definer set search_path = public, pg_temp as $$
  update users set session_epoch = ms_next_session_epoch(session_epoch) where id = member;
  select pg_notify('members', member::text);
$$;
revoke all on function ms_raise_session_epoch from public, minschool_site, minschool_admin;
grant execute on function ms_raise_session_epoch to minschool_site, minschool_admin;
