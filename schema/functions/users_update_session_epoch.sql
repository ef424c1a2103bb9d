-- A change of role, suspension or password by any statement, psql's too, ends what sessions believed of the member.
create or replace function users_update_session_epoch() returns trigger
language plpgsql as $$
begin
  new.session_epoch := ms_next_session_epoch(old.session_epoch);
  perform pg_notify('members', new.id::text);
  return new;
end $$;
revoke all on function users_update_session_epoch from public;

create or replace trigger users_update_session_epoch before update of role, suspended_until, password_hash on users
  for each row when (old.role is distinct from new.role or old.suspended_until is distinct from new.suspended_until
                     or old.password_hash is distinct from new.password_hash)
  execute function users_update_session_epoch();
