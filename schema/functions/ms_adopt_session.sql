-- A session that an Express program began becomes one of the Site without a password. No program may call this until the
-- operator grants it to the Site for the time of the move (docs/operating.md); therefore nothing is revoked from the Site
-- here. A session that Express gives to another member under the same id moves to that member here, too.
create or replace function ms_adopt_session(session_hash bytea, member bigint, lifetime bigint, saved timestamptz) returns bigint
language sql security definer set search_path = public, pg_temp as $$
  insert into sessions (id_hash, user_id, realm, shared, expires_at)
  select session_hash, u.id, 'site', true, now() + make_interval(secs => lifetime) from users u
   where u.id = member and saved > (select began from incarnation) and coalesce(u.suspended_until <= now(), true)
     and coalesce(u.sessions_revoked_at < saved, true)
     for no key update
  on conflict (id_hash) do update
    set user_id = excluded.user_id, shared = true, incarnation = excluded.incarnation, seen_at = now(), expires_at = excluded.expires_at
    where sessions.realm = excluded.realm
  returning user_id;
$$;
revoke all on function ms_adopt_session from public;
