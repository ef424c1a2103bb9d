-- expand: sessions that an express-session program has too: whether it may, when a member ended them, and who hears of it.

-- True when Redis surely held the session at seen_at and an Express program may end it there ([session] adopt).
alter table sessions add column shared boolean not null default false;
-- When this member's logins were last ended together; what Express saved before that is no login here any more.
alter table users add column sessions_revoked_at timestamptz;

-- Ends all logins of a member but that of the hash `kept`.
create function ms_end_sessions(member bigint, kept bytea) returns void language sql as $$
  update users set sessions_revoked_at = now() where id = member;
  delete from sessions where user_id = member and id_hash <> kept;
  select ms_member_changed(member);
$$;

-- Whoever ends a shared session: the app servers take it out of Redis, where Express would go on with it.
create function sessions_ended() returns trigger language plpgsql as $$
begin
  perform pg_notify('sessions', encode(old.id_hash, 'hex'));
  return null;
end $$;
create trigger sessions_ended after delete on sessions
  for each row when (old.shared and old.expires_at > now()) execute function sessions_ended();
