-- expand: each program may do what its statements need and nothing else, by column and by row, so that neither can act as the other.

-- Everything anew, whatever was granted before: what is not named below is not allowed. Only what is ours: extensions belong
-- to the superuser.
do $$
declare one regclass; routine regprocedure;
begin
  for one in select oid from pg_class c
              where relnamespace = 'public'::regnamespace and relowner = current_user::regrole and relkind in ('r', 'v', 'S')
                and not exists (select from pg_depend where objid = c.oid and deptype = 'e') loop
    execute format('revoke all on %s %s from public, minschool_site, minschool_admin',
                   case when (select relkind from pg_class where oid = one) = 'S' then 'sequence' else 'table' end, one);
  end loop;
  for routine in select oid from pg_proc p
                  where pronamespace = 'public'::regnamespace and proowner = current_user::regrole
                    and not exists (select from pg_depend where objid = p.oid and deptype = 'e') loop
    execute format('revoke all on function %s from public, minschool_site, minschool_admin', routine);
  end loop;
end $$;
revoke create on schema public from public;

-- Counters, numbers and copies are written by triggers as their owner, so that no program may write them otherwise. The path is
-- fixed: nothing that a caller makes is found before what is ours.
alter function posts_counted() security definer set search_path = public, pg_temp;
alter function posts_numbered() security definer set search_path = public, pg_temp;
alter function comments_numbered() security definer set search_path = public, pg_temp;
alter function post_likes_counted() security definer set search_path = public, pg_temp;
alter function comment_likes_counted() security definer set search_path = public, pg_temp;
alter function users_renamed() security definer set search_path = public, pg_temp;
alter function posts_purged() security definer set search_path = public, pg_temp;
alter function comments_purged() security definer set search_path = public, pg_temp;
alter function boards_purged() security definer set search_path = public, pg_temp;
alter function users_purged() security definer set search_path = public, pg_temp;
alter function ms_begin_incarnation() set search_path = pg_catalog, public, pg_temp;
alter function ms_incarnation() set search_path = pg_catalog, public, pg_temp;
-- These change columns that no program may: they end sessions and never begin one.
alter function ms_member_changed(bigint) security definer set search_path = public, pg_temp;
alter function ms_end_sessions(bigint, bytea) security definer set search_path = public, pg_temp;
grant execute on function ms_guard(boolean, int, text), ms_member_changed(bigint), ms_next_epoch(bigint), ms_incarnation(), ms_end_sessions(bigint, bytea),
  ms_may_tell(smallint, timestamptz, smallint, smallint, smallint), ms_server_rests(bigint),
  ms_notify(bigint, bigint[], smallint[], bigint[], bigint[], text), ms_guard_member(bigint, text),
  ms_guard_board(bigint, bigint, text, text, text) to minschool_site, minschool_admin;
grant execute on function ms_notify_like(bigint, bigint, bigint, bigint), ms_take_back_like(bigint, bigint, bigint, bigint)
  to minschool_site;

-- What both read. The audit log, the hour of servers and the reasons of suspensions are the Admin's.
grant select on roles, role_permissions, boards, posts, post_counters, post_places, comments, comment_counters, sessions, once,
  board_follows, notifications, notification_counts, servers, server_programs to minschool_site, minschool_admin;
grant select on post_likes, comment_likes, notification_lines to minschool_site;
grant select on audit_log, server_samples to minschool_admin;
grant select on incarnation, board_addresses to minschool_site, minschool_admin;
grant select on schema_migrations to minschool_site, minschool_admin;  -- `minschool doctor` on a machine without the owner's file

-- Members. The Site makes plain ones; roles and suspensions are the Admin's.
grant select (id, email, password_hash, name, created_at, role, session_epoch, suspended_until, seen_at, sessions_revoked_at,
  muted_notifications, hides_presence) on users to minschool_site, minschool_admin;
grant select (suspended_reason) on users to minschool_admin;
grant insert (email, password_hash, name, terms_agreed_at, privacy_agreed_at, news_agreed_at) on users to minschool_site;
grant update (password_hash, name, seen_at, muted_notifications, hides_presence) on users to minschool_site;
grant update (role, suspended_until, suspended_reason, seen_at) on users to minschool_admin;

-- Sessions: each program begins and prolongs those of its own realm. Either may end any.
grant insert (id_hash, user_id, realm, remember, shared, expires_at, address, agent), delete on sessions
  to minschool_site, minschool_admin;
grant update (user_id, shared, incarnation, seen_at, expires_at) on sessions to minschool_site;
grant update (shared, incarnation, seen_at, expires_at) on sessions to minschool_admin;
alter table sessions enable row level security;
create policy read on sessions for select to minschool_site, minschool_admin using (true);
create policy finish on sessions for delete to minschool_site, minschool_admin using (true);
create policy site_begins on sessions for insert to minschool_site with check (realm = 'site');
create policy site_prolongs on sessions for update to minschool_site using (realm = 'site') with check (realm = 'site');
create policy admin_begins on sessions for insert to minschool_admin with check (realm = 'admin');
create policy admin_prolongs on sessions for update to minschool_admin using (realm = 'admin') with check (realm = 'admin');

-- What a write has done, of each program by itself: neither can make the other believe that a write was done. What was
-- written before this is of both. FOR UPDATE needs a column that may be updated.
alter table once add column program text;
alter table once alter column program set default current_user;
grant insert (key, user_id, fingerprint, result), update (created_at), delete on once to minschool_site, minschool_admin;
alter table once enable row level security;
create policy own on once to minschool_site, minschool_admin
  using (program is null or program = current_user) with check (program = current_user);

-- Posts and comments: the Site writes, changes and deletes visible ones; what is hidden or deleted is the Admin's alone.
grant insert (board_id, number, author_id, title, content, content_html, renderer, notice) on posts to minschool_site;
grant update (title, content, content_html, renderer, notice, updated_at, deleted_at) on posts to minschool_site;
grant insert (post_id, parent_id, root_id, author_id, content, content_html, renderer) on comments to minschool_site;
grant update (content, content_html, renderer, updated_at, deleted_at) on comments to minschool_site;
grant update (deleted_at, hidden_at, hidden_by, hidden_reason) on posts, comments to minschool_admin;
alter table posts enable row level security;
create policy read on posts for select to minschool_site, minschool_admin using (true);
create policy site_writes on posts for insert to minschool_site with check (true);
create policy site_changes on posts for update to minschool_site using (visible) with check (true);
create policy admin_moderates on posts for update to minschool_admin using (true);
alter table comments enable row level security;
create policy read on comments for select to minschool_site, minschool_admin using (true);
create policy site_writes on comments for insert to minschool_site with check (true);
create policy site_changes on comments for update to minschool_site using (visible) with check (true);
create policy admin_moderates on comments for update to minschool_admin using (true);
grant update (views) on post_counters to minschool_site;
grant insert (post_id, user_id), delete on post_likes to minschool_site;
grant insert (comment_id, user_id), delete on comment_likes to minschool_site;

grant update (last_number) on boards to minschool_site;
grant insert (slug, name, description, read_role, write_role, comment_role, on_home, position),
  update (slug, name, description, read_role, write_role, comment_role, on_home, position) on boards to minschool_admin;

grant insert (user_id, number, unread) on notification_counts to minschool_site, minschool_admin;
grant insert (user_id, number, kind, actor_id, post_id, comment_id, reason) on notifications to minschool_site, minschool_admin;
grant update (number, unread, read_up_to) on notification_counts to minschool_site;
grant update (number, unread) on notification_counts to minschool_admin;
grant update (read_at, taken_back) on notifications to minschool_site;
grant insert, delete on board_follows to minschool_site;

-- Written with the time of the transaction: nobody can say another.
grant insert (actor_id, action, subject_kind, subject_id, reason, detail) on audit_log to minschool_admin;

-- Servers: each program tells of itself; whether a server rests is the Admin's.
grant insert (name), delete on servers to minschool_site, minschool_admin;
grant update (heard_at) on servers to minschool_site;
grant update (heard_at, resting_since, resting_by) on servers to minschool_admin;
alter table servers enable row level security;
create policy read on servers for select to minschool_site, minschool_admin using (true);
create policy add on servers for insert to minschool_site, minschool_admin with check (resting_since is null);
create policy change on servers for update to minschool_site, minschool_admin using (true);
create policy forget on servers for delete to minschool_site, minschool_admin
  using (heard_at < now() - interval '30 days' and resting_since is null);
grant insert (server_id, program), update (heard_at, beat), delete on server_programs to minschool_site, minschool_admin;
alter table server_programs enable row level security;
create policy read on server_programs for select to minschool_site, minschool_admin using (true);
create policy forget on server_programs for delete to minschool_site, minschool_admin
  using (heard_at < now() - interval '10 minutes');
create policy site_adds on server_programs for insert to minschool_site with check (program = 'site');
create policy site_tells on server_programs for update to minschool_site using (program = 'site');
create policy admin_adds on server_programs for insert to minschool_admin with check (program = 'admin');
create policy admin_tells on server_programs for update to minschool_admin using (program = 'admin');
grant insert, delete on server_samples to minschool_admin;

-- Triggers fill it.
grant select, update (tried_at), delete on purges to minschool_site, minschool_admin;

-- currval, for the id that the same transaction made.
grant usage on sequence users_id_seq, posts_id_seq, comments_id_seq to minschool_site;
grant usage on sequence boards_id_seq to minschool_admin;
