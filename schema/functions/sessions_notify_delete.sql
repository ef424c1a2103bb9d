-- The app servers learn of the end of a session that an Express program shares, and delete it from Redis, where Express
-- would go on with it.
create or replace function sessions_notify_delete() returns trigger
language plpgsql as $$
begin
  perform pg_notify('sessions', encode(old.id_hash, 'hex'));
  return null;
end $$;
revoke all on function sessions_notify_delete from public;

create or replace trigger sessions_notify_delete after delete on sessions
  for each row when (old.shared and old.expires_at > now()) execute function sessions_notify_delete();
