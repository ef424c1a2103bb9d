-- expand: whoever changes what a member may do, by any statement, ends what was believed of the member before.

-- The number never comes again, not even in a database that was brought back from a backup: it is the time, in microseconds.
create function ms_next_epoch(before bigint) returns bigint language sql volatile as $$
  select greatest(before + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint);
$$;
alter table users alter column session_epoch set default ms_next_epoch(0);

create or replace function ms_member_changed(member bigint) returns void language sql as $$
  update users set session_epoch = ms_next_epoch(session_epoch) where id = member;
  select pg_notify('members', member::text);
$$;

-- Role, suspension and password: also by psql, by a command, and by a statement that forgets to say so.
create function ms_member_rights() returns trigger language plpgsql as $$
begin
  new.session_epoch := ms_next_epoch(old.session_epoch);
  perform pg_notify('members', new.id::text);
  return new;
end $$;
create trigger users_rights before update of role, suspended_until, password_hash on users
  for each row when (old.role is distinct from new.role or old.suspended_until is distinct from new.suspended_until
                     or old.password_hash is distinct from new.password_hash)
  execute function ms_member_rights();
