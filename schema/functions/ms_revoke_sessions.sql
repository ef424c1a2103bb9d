-- Ends all sessions of a member but the one whose hash is `kept`. An Express program's sessions end by the time in
-- users.sessions_revoked_at: what Express saved before it is no session here.
create or replace function ms_revoke_sessions(member bigint, kept bytea) returns void
language sql security definer set search_path = public, pg_temp as $$
  update users set sessions_revoked_at = now() where id = member;
  delete from sessions where user_id = member and id_hash <> kept;
  select ms_raise_session_epoch(member);
$$;
revoke all on function ms_revoke_sessions from public, minschool_site, minschool_admin;
grant execute on function ms_revoke_sessions to minschool_site, minschool_admin;
