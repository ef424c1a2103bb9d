-- contract: no program reads a password's hash or sets one freely, and none begins a session without it; the version before logs nobody in.

-- What begins as no hash does is nobody's password. Digests are compared, so that the time it takes tells nothing of the hash.
create function ms_same_password(stored text, given text) returns boolean language sql immutable as $$
  select stored like '$argon2id$%' and sha256(convert_to(stored, 'UTF8')) = sha256(convert_to(given, 'UTF8'));
$$;

-- Costs and salt of a member's hash, with which the programs hash what was typed; null when they could not.
create function ms_password_settings(member bigint) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select substring(password_hash from '^(\$argon2id\$v=19\$m=\d+,t=\d+,p=1\$[A-Za-z0-9+/]{22})\$[A-Za-z0-9+/]{43}$') from users where id = member;
$$;

-- Whether this is the hash of the member's password; false for nobody's.
create function ms_is_password(member bigint, given text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from users where id = member and ms_same_password(password_hash, given));
$$;

-- Only who knows the password before sets another. False when nothing was set.
create function ms_replace_password(member bigint, before text, after text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update users set password_hash = after where id = member and ms_same_password(password_hash, before) and after like '$argon2id$%';
  return found;
end $$;

-- A session for whose password this is the hash of, who is not suspended and has the permission `wanted`; null asks for none.
-- Whoever suspends the member or gives a new password at this moment waits for the member's row, or is waited for.
create function ms_make_session(in_realm text, wanted text, session_hash bytea, member bigint, given text, remembered boolean, lifetime bigint,
  from_address text, by_agent text) returns boolean language plpgsql as $$
begin
  update users u set seen_at = now()
   where u.id = member and ms_same_password(u.password_hash, given) and coalesce(u.suspended_until <= now(), true)
     and (wanted is null or exists (select from role_permissions p where p.role = u.role and p.permission = wanted));
  if not found then return false; end if;
  insert into sessions (id_hash, user_id, realm, remember, expires_at, address, agent)
  values (session_hash, member, in_realm, remembered, now() + make_interval(secs => lifetime), from_address, by_agent);
  return true;
end $$;

-- The only ways to begin a session: each program has that of its own realm.
create function ms_begin_site_session(session_hash bytea, member bigint, given text, remembered boolean, lifetime bigint, from_address text,
  by_agent text) returns boolean language sql security definer set search_path = public, pg_temp as $$
  select ms_make_session('site', null, session_hash, member, given, remembered, lifetime, from_address, by_agent);
$$;
create function ms_begin_admin_session(session_hash bytea, member bigint, given text, remembered boolean, lifetime bigint, from_address text,
  by_agent text) returns boolean language sql security definer set search_path = public, pg_temp as $$
  select ms_make_session('admin', 'admin', session_hash, member, given, remembered, lifetime, from_address, by_agent);
$$;

-- A session that an Express program began, by no password: nobody's, until the operator grants it to the Site for the time of the
-- move (docs/operating.md). One that Express gives to another member without a new id moves to that member here, too.
create function ms_adopt_session(session_hash bytea, member bigint, lifetime bigint, saved timestamptz) returns bigint
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

revoke execute on function ms_same_password(text, text), ms_password_settings(bigint), ms_is_password(bigint, text),
  ms_replace_password(bigint, text, text), ms_make_session(text, text, bytea, bigint, text, boolean, bigint, text, text),
  ms_begin_site_session(bytea, bigint, text, boolean, bigint, text, text),
  ms_begin_admin_session(bytea, bigint, text, boolean, bigint, text, text),
  ms_adopt_session(bytea, bigint, bigint, timestamptz) from public;
grant execute on function ms_password_settings(bigint), ms_is_password(bigint, text) to minschool_site, minschool_admin;
grant execute on function ms_replace_password(bigint, text, text), ms_begin_site_session(bytea, bigint, text, boolean, bigint, text, text)
  to minschool_site;
grant execute on function ms_begin_admin_session(bytea, bigint, text, boolean, bigint, text, text) to minschool_admin;

-- A new member's first hash is still the Site's to insert.
revoke select (password_hash) on users from minschool_site, minschool_admin;
revoke update (password_hash) on users from minschool_site;
drop policy site_begins on sessions;
drop policy admin_begins on sessions;
revoke insert on sessions from minschool_site, minschool_admin;
revoke update (user_id) on sessions from minschool_site;
