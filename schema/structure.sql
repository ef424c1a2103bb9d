-- The whole schema of a freshly migrated database, to read. Written by tools/check_structure --write.

CREATE FUNCTION public.attachments_purge_pages() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if exists (select from posts where id = old.post_id and deleted_at is null and hidden_at is null
                                 and ms_guests_may_read(board_id)) then
    perform ms_purge('post ' || old.post_id);
  end if;
  return null;
end $$;

CREATE FUNCTION public.boards_lock_rights() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_advisory_xact_lock(1298755156);
  return null;
end $$;

CREATE FUNCTION public.boards_purge_pages() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform ms_purge('board ' || old.id);
  return null;
end $$;

CREATE FUNCTION public.boards_record_former_slug() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  delete from board_addresses where slug = new.slug;
  if tg_op = 'UPDATE' then
    insert into board_addresses (slug, board_id) values (old.slug, old.id)
      on conflict (slug) do update set board_id = excluded.board_id, since = now();
  end if;
  return null;
end $$;

CREATE FUNCTION public.comment_likes_update_count() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  liked_post bigint;
begin
  if tg_op = 'INSERT' then
    update comments set likes = likes + 1 where id = new.comment_id returning post_id into liked_post;
  else
    update comments set likes = likes - 1 where id = old.comment_id returning post_id into liked_post;
  end if;
  update post_counters set events = events + 1 where post_id = liked_post;
  return null;
end $$;

CREATE FUNCTION public.comments_purge_pages() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if exists (select from posts where id = old.post_id and deleted_at is null and hidden_at is null
                                 and ms_guests_may_read(board_id)) then
    perform ms_purge('comment ' || old.id);
  end if;
  return null;
end $$;

CREATE FUNCTION public.comments_update_counts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  change int := 0;
  begun int := 0;
begin
  if tg_op = 'INSERT' then
    select name, avatar, role >= 2 into new.author_name, new.author_avatar, new.by_staff from users where id = new.author_id for share;
    if new.root_id is null then
      begun := 1;
    else
      select thread into new.thread from comments where id = new.root_id;
    end if;
    change := case when new.deleted_at is null and new.hidden_at is null then 1 else 0 end;
  elsif old.visible is distinct from (new.deleted_at is null and new.hidden_at is null) then
    change := case when old.visible then -1 else 1 end;
  end if;
  update post_counters set comments = comments + change, threads = threads + begun, events = events + 1
   where post_id = new.post_id returning events, coalesce(new.thread, threads) into new.event, new.thread;
  return new;
end $$;

CREATE FUNCTION public.files_show_avatars() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update users set avatar = case when new.renditions like '%thumb%' then left(new.sha256, 20) else '' end
   where avatar_file_id = new.id;
  return null;
end $$;

CREATE FUNCTION public.ms_adopt_session(session_hash bytea, member bigint, lifetime bigint, saved timestamp with time zone) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.ms_attachments(post bigint) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select json_agg(json_build_array(a.id, a.name, a.size, a.alt, a.decorative, f.state, f.media_type, coalesce(f.width, 0),
                                   coalesce(f.height, 0), f.renditions) order by a.position)::text
    from attachments a join files f on f.id = a.file_id
   where a.post_id = post and a.deleted_at is null
$$;

CREATE FUNCTION public.ms_audit_deletion(actor bigint, kind text, subject bigint, why text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail)
  select actor, 'delete', 'post', p.id, why, p.title from posts p
   where kind = 'post' and p.id = subject and p.deleted_at = now() and p.deleted_by = actor and p.author_id is distinct from actor
  union all
  select actor, 'delete', 'comment', c.id, why, left(c.content, 120) from comments c
   where kind = 'comment' and c.id = subject and c.deleted_at = now() and c.deleted_by = actor and c.author_id <> actor;
$$;

CREATE FUNCTION public.ms_begin_admin_session(session_hash bytea, member bigint, given text, remembered boolean, lifetime bigint, from_address text, by_agent text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select ms_begin_session('admin', 'admin', session_hash, member, given, remembered, lifetime, from_address, by_agent);
$$;

CREATE FUNCTION public.ms_begin_incarnation() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
  step constant bigint := 100000;
  counter record;
  made bigint := ('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint;
begin
  for counter in select c.oid::regclass as name, pg_sequence_last_value(c.oid) as last
                   from pg_class c where c.relkind = 'S' and c.relnamespace = 'public'::regnamespace loop
    perform setval(counter.name, coalesce(counter.last, 0) + step);
  end loop;
  insert into incarnation (id, timeline) values (made, ms_timeline())
  on conflict (singleton) do update set id = excluded.id, timeline = excluded.timeline, began = clock_timestamp();
  return made;
end $$;

CREATE FUNCTION public.ms_begin_session(in_realm text, wanted text, session_hash bytea, member bigint, given text, remembered boolean, lifetime bigint, from_address text, by_agent text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  update users u set seen_at = now()
   where u.id = member and ms_password_matches(u.password_hash, given) and coalesce(u.suspended_until <= now(), true)
     and (wanted is null or exists (select from role_permissions p where p.role = u.role and p.permission = wanted));
  if not found then return false; end if;
  insert into sessions (id_hash, user_id, realm, remember, expires_at, address, agent)
  values (session_hash, member, in_realm, remembered, now() + make_interval(secs => lifetime), from_address, by_agent);
  return true;
end $$;

CREATE FUNCTION public.ms_begin_site_session(session_hash bytea, member bigint, given text, remembered boolean, lifetime bigint, from_address text, by_agent text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select ms_begin_session('site', null, session_hash, member, given, remembered, lifetime, from_address, by_agent);
$$;

CREATE FUNCTION public.ms_count_visible_post(board bigint, post_number bigint, change integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  own_block bigint := post_number >> 14;
  place int := (post_number >> 5 & 511) + 1;
  inside bigint;            -- visible posts of the block, before the change
  own_before bigint;
  newer_before bigint;
  own smallint[];
  known int;
  wanted int := place;
begin
  update boards set visible_posts = visible_posts + change where id = board returning visible_posts - change into inside;
  select before into newer_before from post_places
   where board_id = board and block > own_block order by block limit 1;
  select before, places into own_before, own from post_places where board_id = board and block = own_block;
  if own is null then
    own_before := coalesce(newer_before, inside);
    own := '{}';
    -- The newest block so far is complete.
    update post_places p set places = places || array_fill((own_before - before)::smallint, array[513 - cardinality(places)])
     where board_id = board and block < own_block and cardinality(places) < 513;
  end if;
  inside := coalesce(newer_before, inside) - own_before;
  known := cardinality(own);
  if newer_before is not null then
    wanted := 513;
  end if;
  if wanted > known then
    own := own || array_fill(inside::smallint, array[wanted - known]);
  end if;
  for later in place + 1 .. cardinality(own) loop
    own[later] := own[later] + change;
  end loop;
  if cardinality(own) > known or place < known then
    insert into post_places values (board, own_block, own_before, own)
      on conflict (board_id, block) do update set places = excluded.places;
  end if;
  if newer_before is not null then
    update post_places set before = before + change where board_id = board and block > own_block;
  end if;
end $$;

CREATE FUNCTION public.ms_guard(ok boolean, code integer, key text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if ok is not true then
    raise exception using errcode = 'MS' || lpad(code::text, 3, '0'), message = key;
  end if;
end $$;

CREATE FUNCTION public.ms_guard_board(member bigint, wanted_board bigint, act text, gone text, refused text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  rank smallint;
  may_read boolean;
  may_act boolean;
begin
  perform pg_advisory_xact_lock_shared(1298755156);  -- boards_lock_rights
  perform ms_guard_member(member, null);
  select role into rank from users where id = member;
  select b.read_role <= rank and 'read' = any (had),
         case act when 'write' then b.write_role when 'comment' then b.comment_role else b.read_role end <= rank
           and act = any (had)
    into may_read, may_act
    from boards b, (select array_agg(p.permission) as had from role_permissions p where p.role = rank) p
   where b.id = wanted_board;
  perform ms_guard(may_read, 404, gone);
  perform ms_guard(may_act, 403, refused);
end $$;

CREATE FUNCTION public.ms_guard_member(member bigint, wanted text) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.ms_guard_quota(member bigint, added bigint, member_bytes bigint, site_bytes bigint, of_member text, of_site text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_advisory_xact_lock(hashtextextended('files of a member', member));
  perform ms_guard((select coalesce(sum(size), 0) from attachments where owner_id = member and deleted_at is null) + added <= member_bytes,
                   413, of_member);
  perform ms_guard((select coalesce(sum(size), 0) from files) + added <= site_bytes, 413, of_site);
end $$;

CREATE FUNCTION public.ms_guests_may_read(board bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select exists (select from boards where id = board and read_role = 0);
$$;

CREATE FUNCTION public.ms_incarnation() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
  here constant text := ms_timeline();
  known incarnation;
begin
  select * into known from incarnation;
  if known.timeline = here then return known.id; end if;
  if here = '' or current_setting('transaction_read_only')::boolean then return 0; end if;
  select * into known from incarnation for update;
  if known.timeline = here then return known.id; end if;
  return ms_begin_incarnation();
end $$;

CREATE FUNCTION public.ms_local_id(reference text) RETURNS bigint
    LANGUAGE sql STABLE
    AS $_$
  select case when reference ~ '^[0-9]+$' then reference::bigint else current_setting('minschool.' || reference)::bigint end
$_$;

CREATE FUNCTION public.ms_local_ids(name text) RETURNS bigint[]
    LANGUAGE sql STABLE
    AS $$
  select current_setting('minschool.' || name)::bigint[]
$$;

CREATE FUNCTION public.ms_next_session_epoch(before bigint) RETURNS bigint
    LANGUAGE sql
    AS $$
  select greatest(before + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint);
$$;

CREATE FUNCTION public.ms_notify(actor bigint, recipients bigint[], kinds smallint[], by_staff boolean, key text, of_posts bigint[], of_comments bigint[], why text) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
declare
  member bigint;
  what smallint;
  of_post bigint;
  of_comment bigint;
  counted bigint;
  notified bigint[];
begin
  for member, what, of_post, of_comment in
    select r.member_id, r.kind, r.post_id, r.comment_id
      from ms_recipients(actor, recipients, kinds, by_staff, of_posts, of_comments) r
     order by r.member_id, r.post_id, r.comment_id, r.kind
  loop
    continue when key is not null and exists (
      select from notifications n
       where n.post_id = of_post and n.comment_id = of_comment and n.user_id = member and n.dedup_key = key);
    insert into notification_counts as c (user_id, number, unread) values (member, 1, 1)
        on conflict (user_id) do update set number = c.number + 1, unread = c.unread + 1
      returning c.number into counted;
    insert into notifications (user_id, number, kind, dedup_key, actor_id, post_id, comment_id, reason)
    values (member, counted, what, key, actor, of_post, of_comment, why);
    notified := notified || member;
  end loop;
  return notified;
end $$;

CREATE FUNCTION public.ms_notify_like(actor bigint, author bigint, kind smallint, key text, of_post bigint, of_comment bigint) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
begin
  perform from notification_counts where user_id = author for update;
  with restored as (
    update notifications n set retracted = false
     where n.post_id = of_post and n.comment_id = of_comment and n.user_id = author and n.dedup_key = key and n.retracted
    returning n.number)
  update notification_counts c set number = c.number + 1, unread = c.unread + (restored.number > c.read_up_to)::int
    from restored where c.user_id = author;
  if found then
    return array[author];
  end if;
  return ms_notify(actor, array[author], array[kind], false, key, array[of_post], array[of_comment], '');
end $$;

CREATE FUNCTION public.ms_pages_changed(of_posts bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform from post_counters where post_id = any (of_posts) order by post_id for no key update;
  update post_counters set events = events + 1 where post_id = any (of_posts);
end $$;

CREATE FUNCTION public.ms_password_matches(stored text, given text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$
  select stored like '$argon2id$%' and sha256(convert_to(stored, 'UTF8')) = sha256(convert_to(given, 'UTF8'));
$_$;

CREATE FUNCTION public.ms_password_parameters(member bigint) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
  select substring(password_hash from '^(\$argon2id\$v=19\$m=\d+,t=\d+,p=1\$[A-Za-z0-9+/]{22})\$[A-Za-z0-9+/]{43}$')
    from users where id = member;
$_$;

CREATE FUNCTION public.ms_purge(why text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into purges (cause) values (why);
  raise notice using errcode = 'MS001', message = 'saved pages have to be removed';
end $$;

CREATE FUNCTION public.ms_raise_session_epoch(member bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update users set session_epoch = ms_next_session_epoch(session_epoch) where id = member;
  select pg_notify('members', member::text);
$$;

CREATE FUNCTION public.ms_rebuild_post_places() RETURNS void
    LANGUAGE sql
    AS $$
  delete from post_places;
  with counted as materialized (
    select board_id, number >> 14 as block, (number >> 5 & 511)::int as place, count(*) as visible
      from post_counters where visible group by 1, 2, 3),
  dense as (
    select board_id, block, place, coalesce(visible, 0) as visible
      from (select board_id, block, case when block < max(block) over (partition by board_id) then 512 else max(place) end as last
              from counted group by 1, 2) b
      cross join lateral generate_series(0, b.last) as place
      left join counted using (board_id, block, place)),
  placed as (
    select board_id, block, place, visible, sum(visible) over (partition by board_id, block order by place) - visible as inside
      from dense)
  insert into post_places
  select board_id, block, sum(sum(visible)) over (partition by board_id order by block) - sum(visible),
         array_agg(inside::smallint order by place)
    from placed group by board_id, block;
$$;

CREATE FUNCTION public.ms_recipients(actor bigint, recipients bigint[], kinds smallint[], by_staff boolean, of_posts bigint[], of_comments bigint[]) RETURNS TABLE(member_id bigint, kind smallint, post_id bigint, comment_id bigint)
    LANGUAGE sql STABLE
    AS $$
  select u.id, t.kind, p.id, t.comment_id
    from (select g.user_id, coalesce(g.kind, kinds[1]) as kind, coalesce(g.post_id, of_posts[1]) as post_id,
                 coalesce(g.comment_id, of_comments[1]) as comment_id
            from unnest(recipients, kinds, of_posts, of_comments) as g (user_id, kind, post_id, comment_id)) t
    join users u on u.id = t.user_id
    join posts p on p.id = t.post_id
    join boards b on b.id = p.board_id
   where u.id <> actor
     and u.muted_notifications & (1 << case when by_staff then 0 else t.kind end) = 0
     and coalesce(u.suspended_until <= now(), true) and b.read_role <= u.role
     and (p.visible or by_staff)
$$;

CREATE FUNCTION public.ms_replace_password(member bigint, before text, after text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
begin
  update users set password_hash = after
   where id = member and ms_password_matches(password_hash, before) and after like '$argon2id$%';
  return found;
end $_$;

CREATE FUNCTION public.ms_retract_like(author bigint, key text, of_post bigint, of_comment bigint) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
begin
  perform from notification_counts where user_id = author for update;
  with gone as (
    update notifications n set retracted = true from notification_counts c
     where n.post_id = of_post and n.comment_id = of_comment and n.user_id = author and n.dedup_key = key and not n.retracted
       and c.user_id = author and n.read_at is null and n.number > c.read_up_to
    returning n.number)
  update notification_counts c set number = c.number + 1, unread = c.unread - 1
    from gone where c.user_id = author;
  return case when found then array[author] end;
end $$;

CREATE FUNCTION public.ms_revoke_sessions(member bigint, kept bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update users set sessions_revoked_at = now() where id = member;
  delete from sessions where user_id = member and id_hash <> kept;
  select ms_raise_session_epoch(member);
$$;

CREATE FUNCTION public.ms_run_job_now(job bigint) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  update jobs set run_at = now(), attempts = 0, failed_at = null where id = job and running_on is null returning true;
$$;

CREATE FUNCTION public.ms_server_is_drained(wanted bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select exists (select from servers where id = wanted and drained_since is not null)
     and exists (select from servers s join server_programs p on p.server_id = s.id and p.program = 'site'
                  where s.id <> wanted and s.drained_since is null and p.seen_at > now() - interval '15 seconds')
$$;

CREATE FUNCTION public.ms_set_local_id(name text, id bigint) RETURNS bigint
    LANGUAGE sql
    AS $$
  select set_config('minschool.' || name, id::text, true)::bigint
$$;

CREATE FUNCTION public.ms_set_local_ids(name text, ids bigint[]) RETURNS bigint[]
    LANGUAGE sql
    AS $$
  select set_config('minschool.' || name, coalesce(ids, '{}')::text, true)::bigint[]
$$;

CREATE FUNCTION public.ms_timeline() RETURNS text
    LANGUAGE sql
    AS $$
  select case when pg_is_in_recovery() then '' else left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end;
$$;

CREATE FUNCTION public.ms_verify_password(member bigint, given text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (select from users where id = member and ms_password_matches(password_hash, given));
$$;

CREATE FUNCTION public.post_likes_update_count() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if tg_op = 'INSERT' then
    update post_counters set likes = likes + 1, events = events + 1 where post_id = new.post_id;
  else
    update post_counters set likes = likes - 1, events = events + 1 where post_id = old.post_id;
  end if;
  return null;
end $$;

CREATE FUNCTION public.posts_assign_event() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update post_counters
     set events = events + 1, title = new.title, notice = new.notice, visible = new.deleted_at is null and new.hidden_at is null
   where post_id = new.id returning events into new.event;
  return new;
end $$;

CREATE FUNCTION public.posts_purge_pages() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if ms_guests_may_read(old.board_id) then perform ms_purge('post ' || old.id); end if;
  return null;
end $$;

CREATE FUNCTION public.posts_update_counts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  now_visible boolean := new.deleted_at is null and new.hidden_at is null;
  author varchar;
begin
  if tg_op = 'INSERT' then
    select name into author from users where id = new.author_id for share;
    insert into post_counters (post_id, board_id, number, author_id, created_at, notice, visible, author_name, title)
    values (new.id, new.board_id, new.number, coalesce(new.author_id, 0), new.created_at, new.notice, now_visible,
            coalesce(author, ''), new.title);
    if now_visible then
      perform ms_count_visible_post(new.board_id, new.number, 1);
    end if;
  elsif old.visible is distinct from now_visible then
    perform ms_count_visible_post(new.board_id, new.number, case when old.visible then -1 else 1 end);
  end if;
  return null;
end $$;

CREATE FUNCTION public.sessions_notify_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_notify('sessions', encode(old.id_hash, 'hex'));
  return null;
end $$;

CREATE FUNCTION public.users_purge_pages() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform ms_purge('member ' || old.id);
  return null;
end $$;

CREATE FUNCTION public.users_update_author_name() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  shown_by bigint[];
begin
  update comments set author_name = new.name, author_avatar = new.avatar, by_staff = new.role >= 2 where author_id = new.id;
  select array_agg(id order by id) into shown_by
    from (select id from posts where author_id = new.id union select post_id from comments where author_id = new.id) p;
  perform from post_counters where post_id = any (shown_by) order by post_id for no key update;
  update post_counters set events = events + 1, author_name = case when author_id = new.id then new.name else author_name end
   where post_id = any (shown_by);
  return null;
end $$;

CREATE FUNCTION public.users_update_session_epoch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.session_epoch := ms_next_session_epoch(old.session_epoch);
  perform pg_notify('members', new.id::text);
  return new;
end $$;

CREATE TABLE public.attachments (
    id bigint NOT NULL,
    owner_id bigint NOT NULL,
    board_id bigint,
    draft_key text,
    post_id bigint,
    "position" integer DEFAULT 0 NOT NULL,
    name text NOT NULL,
    alt text DEFAULT ''::text NOT NULL,
    decorative boolean DEFAULT false NOT NULL,
    size bigint NOT NULL,
    file_id bigint,
    upload_id text NOT NULL,
    upload_handle text DEFAULT ''::text NOT NULL,
    upload_hash text DEFAULT ''::text NOT NULL,
    upload_session bigint DEFAULT 0 NOT NULL,
    received bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    touched_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT attachments_draft_check CHECK (((post_id IS NOT NULL) OR (draft_key IS NOT NULL))),
    CONSTRAINT attachments_post_check CHECK (((post_id IS NULL) OR ((draft_key IS NULL) AND (file_id IS NOT NULL)))),
    CONSTRAINT attachments_size_check CHECK ((size >= 0))
);

ALTER TABLE public.attachments ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.attachments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit_log (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor_id bigint NOT NULL,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id bigint NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    detail text DEFAULT ''::text NOT NULL
);

ALTER TABLE public.audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.board_addresses (
    slug text NOT NULL,
    board_id bigint NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.board_follows (
    board_id bigint NOT NULL,
    user_id bigint NOT NULL
);

CREATE TABLE public.boards (
    id bigint NOT NULL,
    slug text NOT NULL,
    name character varying(100) NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    read_role smallint DEFAULT 0 NOT NULL,
    write_role smallint DEFAULT 1 NOT NULL,
    comment_role smallint DEFAULT 1 NOT NULL,
    on_home boolean DEFAULT true NOT NULL,
    last_number bigint DEFAULT 0 NOT NULL,
    visible_posts bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    kind smallint DEFAULT 0 NOT NULL,
    CONSTRAINT boards_comment_role_check CHECK ((comment_role > 0)),
    CONSTRAINT boards_kind_check CHECK (((kind >= 0) AND (kind <= 2))),
    CONSTRAINT boards_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,49}$'::text)),
    CONSTRAINT boards_write_role_check CHECK ((write_role > 0))
);

ALTER TABLE public.boards ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.boards_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.comment_likes (
    comment_id bigint NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.comments (
    id bigint NOT NULL,
    post_id bigint NOT NULL,
    parent_id bigint,
    root_id bigint,
    author_id bigint NOT NULL,
    content text NOT NULL,
    content_html text NOT NULL,
    renderer smallint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone,
    deleted_at timestamp with time zone,
    hidden_at timestamp with time zone,
    hidden_by bigint,
    hidden_reason text,
    visible boolean GENERATED ALWAYS AS (((deleted_at IS NULL) AND (hidden_at IS NULL))) STORED NOT NULL,
    event bigint DEFAULT 0 NOT NULL,
    deleted_by bigint,
    thread bigint NOT NULL,
    author_name text NOT NULL,
    by_staff boolean NOT NULL,
    likes bigint DEFAULT 0 NOT NULL,
    author_avatar text DEFAULT ''::text NOT NULL
)
WITH (fillfactor='90');

ALTER TABLE public.comments ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.comments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.files (
    id bigint NOT NULL,
    sha256 text NOT NULL,
    size bigint NOT NULL,
    state smallint DEFAULT 0 NOT NULL,
    media_type text DEFAULT 'application/octet-stream'::text NOT NULL,
    width integer,
    height integer,
    renditions text DEFAULT ''::text NOT NULL,
    content_text text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    touched_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT files_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT files_size_check CHECK ((size >= 0))
);

ALTER TABLE public.files ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.files_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.idempotency_keys (
    key text NOT NULL,
    user_id bigint,
    fingerprint bytea NOT NULL,
    result bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    program text DEFAULT CURRENT_USER NOT NULL
);

CREATE TABLE public.incarnation (
    singleton boolean DEFAULT true NOT NULL,
    id bigint NOT NULL,
    timeline text NOT NULL,
    began timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT incarnation_singleton_check CHECK (singleton)
);

CREATE TABLE public.jobs (
    id bigint NOT NULL,
    program text DEFAULT CURRENT_USER NOT NULL,
    kind text NOT NULL,
    payload text DEFAULT ''::text NOT NULL,
    unique_key text,
    run_at timestamp with time zone DEFAULT now() NOT NULL,
    period_seconds integer,
    attempts smallint DEFAULT 0 NOT NULL,
    max_attempts smallint NOT NULL,
    runs bigint DEFAULT 0 NOT NULL,
    running_on text,
    last_error text,
    failed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT jobs_check CHECK (((period_seconds IS NULL) OR (unique_key IS NOT NULL))),
    CONSTRAINT jobs_max_attempts_check CHECK ((max_attempts > 0)),
    CONSTRAINT jobs_period_seconds_check CHECK ((period_seconds > 0))
);

ALTER TABLE public.jobs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.notification_counts (
    user_id bigint NOT NULL,
    number bigint DEFAULT 0 NOT NULL,
    unread bigint DEFAULT 0 NOT NULL,
    read_up_to bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE public.notifications (
    user_id bigint NOT NULL,
    number bigint NOT NULL,
    kind smallint NOT NULL,
    actor_id bigint NOT NULL,
    post_id bigint NOT NULL,
    comment_id bigint DEFAULT 0 NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    read_at timestamp with time zone,
    retracted boolean DEFAULT false NOT NULL,
    dedup_key text DEFAULT ''::text
);

CREATE TABLE public.posts (
    id bigint NOT NULL,
    title character varying(255) NOT NULL,
    content text,
    author_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    board_id bigint NOT NULL,
    number bigint NOT NULL,
    content_html text DEFAULT ''::text NOT NULL,
    renderer smallint DEFAULT 1 NOT NULL,
    notice boolean DEFAULT false NOT NULL,
    updated_at timestamp with time zone,
    deleted_at timestamp with time zone,
    hidden_at timestamp with time zone,
    hidden_by bigint,
    hidden_reason text,
    visible boolean GENERATED ALWAYS AS (((deleted_at IS NULL) AND (hidden_at IS NULL))) STORED NOT NULL,
    event bigint DEFAULT 0 NOT NULL,
    deleted_by bigint,
    attachments integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.users (
    id bigint NOT NULL,
    email character varying(255) NOT NULL,
    password_hash character varying(255) NOT NULL,
    name character varying(100) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    role smallint DEFAULT 1 NOT NULL,
    session_epoch bigint DEFAULT public.ms_next_session_epoch((0)::bigint) NOT NULL,
    suspended_until timestamp with time zone,
    suspended_reason text,
    terms_agreed_at timestamp with time zone,
    privacy_agreed_at timestamp with time zone,
    news_agreed_at timestamp with time zone,
    seen_at timestamp with time zone,
    sessions_revoked_at timestamp with time zone,
    muted_notifications smallint DEFAULT 0 NOT NULL,
    hides_presence boolean DEFAULT false NOT NULL,
    avatar_file_id bigint,
    avatar text DEFAULT ''::text NOT NULL,
    CONSTRAINT users_email_check CHECK (((email)::text = lower((email)::text))),
    CONSTRAINT users_role_check CHECK ((role > 0))
);

CREATE VIEW public.notification_details AS
 SELECT n.user_id,
    n.number,
    n.kind,
    n.actor_id,
    u.name AS actor_name,
    n.post_id,
    p.title,
    COALESCE(p.author_id, (0)::bigint) AS post_author,
    p.visible AS post_visible,
    p.board_id,
    n.comment_id,
    COALESCE(m.visible, false) AS comment_visible,
    n.reason,
    n.created_at,
    ((n.read_at IS NOT NULL) OR (n.number <= c.read_up_to)) AS is_read
   FROM ((((public.notifications n
     JOIN public.notification_counts c ON ((c.user_id = n.user_id)))
     JOIN public.users u ON ((u.id = n.actor_id)))
     JOIN public.posts p ON ((p.id = n.post_id)))
     LEFT JOIN public.comments m ON ((m.id = n.comment_id)))
  WHERE (NOT n.retracted);

CREATE TABLE public.post_counters (
    post_id bigint NOT NULL,
    board_id bigint NOT NULL,
    number bigint NOT NULL,
    author_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    views bigint DEFAULT 0 NOT NULL,
    comments bigint DEFAULT 0 NOT NULL,
    likes bigint DEFAULT 0 NOT NULL,
    events bigint DEFAULT 0 NOT NULL,
    notice boolean NOT NULL,
    visible boolean NOT NULL,
    author_name text NOT NULL,
    title text NOT NULL,
    threads bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE public.post_likes (
    post_id bigint NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.post_places (
    board_id bigint NOT NULL,
    block bigint NOT NULL,
    before bigint NOT NULL,
    places smallint[] NOT NULL
)
WITH (fillfactor='70');

ALTER TABLE public.posts ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.posts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.purges (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    tried_at timestamp with time zone DEFAULT now() NOT NULL,
    cause text NOT NULL
);

ALTER TABLE public.purges ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.purges_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.role_permissions (
    role smallint NOT NULL,
    permission text NOT NULL
);

CREATE TABLE public.roles (
    rank smallint NOT NULL,
    name text NOT NULL
);

CREATE TABLE public.schema_functions (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.server_programs (
    server_id bigint NOT NULL,
    program text NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat text,
    CONSTRAINT server_programs_program_check CHECK ((program = ANY (ARRAY['site'::text, 'admin'::text])))
)
WITH (fillfactor='50');

CREATE TABLE public.server_samples (
    at timestamp with time zone NOT NULL,
    servers integer NOT NULL,
    requests double precision,
    errors double precision,
    p50_ms double precision,
    p95_ms double precision,
    p99_ms double precision,
    cpu double precision,
    memory bigint,
    transactions double precision,
    connections integer,
    commands double precision,
    redis_memory bigint
);

CREATE TABLE public.servers (
    id bigint NOT NULL,
    name text NOT NULL,
    drained_since timestamp with time zone,
    drained_by bigint,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT servers_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

ALTER TABLE public.servers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.servers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.sessions (
    id_hash bytea NOT NULL,
    user_id bigint NOT NULL,
    realm text NOT NULL,
    remember boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    agent text DEFAULT ''::text NOT NULL,
    shared boolean DEFAULT false NOT NULL,
    incarnation bigint DEFAULT public.ms_incarnation() NOT NULL,
    CONSTRAINT sessions_realm_check CHECK ((realm = ANY (ARRAY['site'::text, 'admin'::text])))
);

ALTER TABLE public.users ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_upload_id_key UNIQUE (upload_id);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.board_addresses
    ADD CONSTRAINT board_addresses_pkey PRIMARY KEY (slug);

ALTER TABLE ONLY public.board_follows
    ADD CONSTRAINT board_follows_pkey PRIMARY KEY (board_id, user_id);

ALTER TABLE ONLY public.boards
    ADD CONSTRAINT boards_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.boards
    ADD CONSTRAINT boards_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.comment_likes
    ADD CONSTRAINT comment_likes_pkey PRIMARY KEY (comment_id, user_id);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_sha256_key UNIQUE (sha256);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.incarnation
    ADD CONSTRAINT incarnation_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_program_unique_key_key UNIQUE (program, unique_key);

ALTER TABLE ONLY public.notification_counts
    ADD CONSTRAINT notification_counts_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (user_id, number);

ALTER TABLE ONLY public.post_counters
    ADD CONSTRAINT post_counters_pkey PRIMARY KEY (post_id);

ALTER TABLE ONLY public.post_likes
    ADD CONSTRAINT post_likes_pkey PRIMARY KEY (post_id, user_id);

ALTER TABLE ONLY public.post_places
    ADD CONSTRAINT post_places_pkey PRIMARY KEY (board_id, block);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_board_id_number_key UNIQUE (board_id, number);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.purges
    ADD CONSTRAINT purges_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.role_permissions
    ADD CONSTRAINT role_permissions_pkey PRIMARY KEY (role, permission);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_name_key UNIQUE (name);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (rank);

ALTER TABLE ONLY public.schema_functions
    ADD CONSTRAINT schema_functions_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.server_programs
    ADD CONSTRAINT server_programs_pkey PRIMARY KEY (server_id, program);

ALTER TABLE ONLY public.server_samples
    ADD CONSTRAINT server_samples_pkey PRIMARY KEY (at);

ALTER TABLE ONLY public.servers
    ADD CONSTRAINT servers_name_key UNIQUE (name);

ALTER TABLE ONLY public.servers
    ADD CONSTRAINT servers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id_hash);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX attachments_deleted_at_idx ON public.attachments USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);

CREATE INDEX attachments_draft_touched_at_idx ON public.attachments USING btree (touched_at) WHERE (post_id IS NULL);

CREATE INDEX attachments_file_id_idx ON public.attachments USING btree (file_id) WHERE (file_id IS NOT NULL);

CREATE INDEX attachments_owner_id_idx ON public.attachments USING btree (owner_id, draft_key) INCLUDE (size);

CREATE INDEX attachments_post_id_idx ON public.attachments USING btree (post_id, "position") WHERE (post_id IS NOT NULL);

CREATE INDEX audit_log_looks_idx ON public.audit_log USING btree (actor_id, subject_id, at) WHERE (action = 'look'::text);

CREATE INDEX audit_log_subject_idx ON public.audit_log USING btree (subject_kind, subject_id, id DESC);

CREATE INDEX board_addresses_board_id_idx ON public.board_addresses USING btree (board_id);

CREATE INDEX board_follows_user_id_idx ON public.board_follows USING btree (user_id);

CREATE INDEX comments_author_id_id_idx ON public.comments USING btree (author_id, id DESC);

CREATE INDEX comments_created_at_idx ON public.comments USING btree (created_at);

CREATE INDEX comments_post_id_event_idx ON public.comments USING btree (post_id, event);

CREATE INDEX comments_post_id_thread_id_idx ON public.comments USING btree (post_id, thread, id);

CREATE INDEX comments_renderer_id_idx ON public.comments USING btree (renderer, id);

CREATE INDEX files_touched_at_idx ON public.files USING btree (touched_at);

CREATE INDEX idempotency_keys_created_at_idx ON public.idempotency_keys USING btree (created_at);

CREATE INDEX jobs_program_kind_idx ON public.jobs USING btree (program, kind);

CREATE INDEX jobs_program_run_at_idx ON public.jobs USING btree (program, run_at);

CREATE UNIQUE INDEX notifications_subject_key ON public.notifications USING btree (post_id, comment_id, user_id, dedup_key) WHERE (dedup_key IS NOT NULL);

CREATE INDEX post_counters_board_id_number_idx ON public.post_counters USING btree (board_id, number DESC) WHERE visible;

CREATE INDEX post_counters_notices_idx ON public.post_counters USING btree (board_id, post_id DESC) WHERE (visible AND notice);

CREATE INDEX post_places_board_id_before_block_idx ON public.post_places USING btree (board_id, before, block);

CREATE INDEX posts_author_id_id_idx ON public.posts USING btree (author_id, id DESC);

CREATE INDEX posts_created_at_idx ON public.posts USING btree (created_at);

CREATE INDEX posts_renderer_id_idx ON public.posts USING btree (renderer, id);

CREATE INDEX sessions_expires_at_idx ON public.sessions USING btree (expires_at);

CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id);

CREATE INDEX users_avatar_file_id_idx ON public.users USING btree (avatar_file_id) WHERE (avatar_file_id IS NOT NULL);

CREATE INDEX users_avatar_idx ON public.users USING btree (avatar) WHERE (avatar <> ''::text);

CREATE INDEX users_created_at_idx ON public.users USING btree (created_at);

CREATE INDEX users_lower_name_idx ON public.users USING btree (lower((name)::text) text_pattern_ops);

CREATE INDEX users_name_idx ON public.users USING btree (name text_pattern_ops);

CREATE INDEX users_staff_idx ON public.users USING btree (id) WHERE (role >= 2);

CREATE TRIGGER attachments_purge_pages_on_update AFTER UPDATE OF deleted_at ON public.attachments FOR EACH ROW WHEN (((old.post_id IS NOT NULL) AND (old.deleted_at IS NULL) AND (new.deleted_at IS NOT NULL))) EXECUTE FUNCTION public.attachments_purge_pages();

CREATE TRIGGER boards_lock_rights BEFORE UPDATE OF read_role, write_role, comment_role ON public.boards FOR EACH STATEMENT EXECUTE FUNCTION public.boards_lock_rights();

CREATE TRIGGER boards_purge_pages_on_delete AFTER DELETE ON public.boards FOR EACH ROW WHEN ((old.read_role = 0)) EXECUTE FUNCTION public.boards_purge_pages();

CREATE TRIGGER boards_purge_pages_on_update AFTER UPDATE OF read_role, on_home, name, description ON public.boards FOR EACH ROW WHEN (((old.read_role = 0) AND ((new.read_role <> 0) OR (old.on_home AND (NOT new.on_home)) OR (((old.name)::text IS DISTINCT FROM (new.name)::text) OR (old.description IS DISTINCT FROM new.description))))) EXECUTE FUNCTION public.boards_purge_pages();

CREATE TRIGGER boards_record_former_slug_on_insert AFTER INSERT ON public.boards FOR EACH ROW EXECUTE FUNCTION public.boards_record_former_slug();

CREATE TRIGGER boards_record_former_slug_on_update AFTER UPDATE OF slug ON public.boards FOR EACH ROW WHEN ((old.slug <> new.slug)) EXECUTE FUNCTION public.boards_record_former_slug();

CREATE TRIGGER comment_likes_update_count AFTER INSERT OR DELETE ON public.comment_likes FOR EACH ROW EXECUTE FUNCTION public.comment_likes_update_count();

CREATE TRIGGER comments_purge_pages_on_delete AFTER DELETE ON public.comments FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (old.hidden_at IS NULL))) EXECUTE FUNCTION public.comments_purge_pages();

CREATE TRIGGER comments_purge_pages_on_update AFTER UPDATE OF content, author_id, deleted_at, hidden_at ON public.comments FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (old.hidden_at IS NULL) AND ((new.deleted_at IS NOT NULL) OR (new.hidden_at IS NOT NULL) OR ((old.content IS DISTINCT FROM new.content) OR (old.author_id IS DISTINCT FROM new.author_id))))) EXECUTE FUNCTION public.comments_purge_pages();

CREATE TRIGGER comments_update_counts_on_insert BEFORE INSERT ON public.comments FOR EACH ROW EXECUTE FUNCTION public.comments_update_counts();

CREATE TRIGGER comments_update_counts_on_update BEFORE UPDATE OF content, deleted_at, hidden_at ON public.comments FOR EACH ROW EXECUTE FUNCTION public.comments_update_counts();

CREATE TRIGGER files_show_avatars AFTER UPDATE OF state ON public.files FOR EACH ROW WHEN ((new.state = ANY (ARRAY[1, 2]))) EXECUTE FUNCTION public.files_show_avatars();

CREATE TRIGGER post_likes_update_count AFTER INSERT OR DELETE ON public.post_likes FOR EACH ROW EXECUTE FUNCTION public.post_likes_update_count();

CREATE TRIGGER posts_assign_event BEFORE UPDATE OF title, content, notice, attachments, deleted_at, hidden_at ON public.posts FOR EACH ROW EXECUTE FUNCTION public.posts_assign_event();

CREATE TRIGGER posts_purge_pages_on_delete AFTER DELETE ON public.posts FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (old.hidden_at IS NULL))) EXECUTE FUNCTION public.posts_purge_pages();

CREATE TRIGGER posts_purge_pages_on_update AFTER UPDATE OF title, content, board_id, author_id, deleted_at, hidden_at ON public.posts FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (old.hidden_at IS NULL) AND ((new.deleted_at IS NOT NULL) OR (new.hidden_at IS NOT NULL) OR (((((old.title)::text IS DISTINCT FROM (new.title)::text) OR (old.content IS DISTINCT FROM new.content)) OR (old.board_id IS DISTINCT FROM new.board_id)) OR (old.author_id IS DISTINCT FROM new.author_id))))) EXECUTE FUNCTION public.posts_purge_pages();

CREATE TRIGGER posts_update_counts_on_insert AFTER INSERT ON public.posts FOR EACH ROW EXECUTE FUNCTION public.posts_update_counts();

CREATE TRIGGER posts_update_counts_on_update AFTER UPDATE OF deleted_at, hidden_at ON public.posts FOR EACH ROW EXECUTE FUNCTION public.posts_update_counts();

CREATE TRIGGER sessions_notify_delete AFTER DELETE ON public.sessions FOR EACH ROW WHEN ((old.shared AND (old.expires_at > now()))) EXECUTE FUNCTION public.sessions_notify_delete();

CREATE TRIGGER users_purge_pages_on_delete AFTER DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION public.users_purge_pages();

CREATE TRIGGER users_purge_pages_on_update AFTER UPDATE OF name, avatar ON public.users FOR EACH ROW WHEN ((((old.name)::text IS DISTINCT FROM (new.name)::text) OR (old.avatar IS DISTINCT FROM new.avatar))) EXECUTE FUNCTION public.users_purge_pages();

CREATE TRIGGER users_update_author_name AFTER UPDATE OF name, avatar, role ON public.users FOR EACH ROW WHEN (((((old.name)::text IS DISTINCT FROM (new.name)::text) OR (old.avatar IS DISTINCT FROM new.avatar)) OR ((old.role >= 2) IS DISTINCT FROM (new.role >= 2)))) EXECUTE FUNCTION public.users_update_author_name();

CREATE TRIGGER users_update_session_epoch BEFORE UPDATE OF role, suspended_until, password_hash ON public.users FOR EACH ROW WHEN (((old.role IS DISTINCT FROM new.role) OR (old.suspended_until IS DISTINCT FROM new.suspended_until) OR ((old.password_hash)::text IS DISTINCT FROM (new.password_hash)::text))) EXECUTE FUNCTION public.users_update_session_epoch();

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_board_id_fkey FOREIGN KEY (board_id) REFERENCES public.boards(id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_file_id_fkey FOREIGN KEY (file_id) REFERENCES public.files(id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.board_addresses
    ADD CONSTRAINT board_addresses_board_id_fkey FOREIGN KEY (board_id) REFERENCES public.boards(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.board_follows
    ADD CONSTRAINT board_follows_board_id_fkey FOREIGN KEY (board_id) REFERENCES public.boards(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.board_follows
    ADD CONSTRAINT board_follows_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.boards
    ADD CONSTRAINT boards_comment_role_fkey FOREIGN KEY (comment_role) REFERENCES public.roles(rank);

ALTER TABLE ONLY public.boards
    ADD CONSTRAINT boards_read_role_fkey FOREIGN KEY (read_role) REFERENCES public.roles(rank);

ALTER TABLE ONLY public.boards
    ADD CONSTRAINT boards_write_role_fkey FOREIGN KEY (write_role) REFERENCES public.roles(rank);

ALTER TABLE ONLY public.comment_likes
    ADD CONSTRAINT comment_likes_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comments(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.comment_likes
    ADD CONSTRAINT comment_likes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_deleted_by_fkey FOREIGN KEY (deleted_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_hidden_by_fkey FOREIGN KEY (hidden_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.comments(id);

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id);

ALTER TABLE ONLY public.notification_counts
    ADD CONSTRAINT notification_counts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.post_counters
    ADD CONSTRAINT post_counters_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.post_likes
    ADD CONSTRAINT post_likes_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.post_likes
    ADD CONSTRAINT post_likes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.post_places
    ADD CONSTRAINT post_places_board_id_fkey FOREIGN KEY (board_id) REFERENCES public.boards(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_board_id_fkey FOREIGN KEY (board_id) REFERENCES public.boards(id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_deleted_by_fkey FOREIGN KEY (deleted_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_hidden_by_fkey FOREIGN KEY (hidden_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.role_permissions
    ADD CONSTRAINT role_permissions_role_fkey FOREIGN KEY (role) REFERENCES public.roles(rank);

ALTER TABLE ONLY public.server_programs
    ADD CONSTRAINT server_programs_server_id_fkey FOREIGN KEY (server_id) REFERENCES public.servers(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.servers
    ADD CONSTRAINT servers_drained_by_fkey FOREIGN KEY (drained_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_avatar_file_id_fkey FOREIGN KEY (avatar_file_id) REFERENCES public.files(id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_role_fkey FOREIGN KEY (role) REFERENCES public.roles(rank);

CREATE POLICY admin_delete ON public.jobs FOR DELETE TO minschool_admin USING ((failed_at IS NOT NULL));

CREATE POLICY admin_insert ON public.server_programs FOR INSERT TO minschool_admin WITH CHECK ((program = 'admin'::text));

CREATE POLICY admin_read ON public.jobs FOR SELECT TO minschool_admin USING (true);

CREATE POLICY admin_update ON public.comments FOR UPDATE TO minschool_admin USING (true);

CREATE POLICY admin_update ON public.posts FOR UPDATE TO minschool_admin USING (true);

CREATE POLICY admin_update ON public.server_programs FOR UPDATE TO minschool_admin USING ((program = 'admin'::text));

CREATE POLICY admin_update ON public.sessions FOR UPDATE TO minschool_admin USING ((realm = 'admin'::text)) WITH CHECK ((realm = 'admin'::text));

ALTER TABLE public.comments ENABLE ROW LEVEL SECURITY;

CREATE POLICY delete ON public.sessions FOR DELETE TO minschool_site, minschool_admin USING (true);

CREATE POLICY delete_old ON public.server_programs FOR DELETE TO minschool_site, minschool_admin USING ((seen_at < (now() - '00:10:00'::interval)));

CREATE POLICY delete_old ON public.servers FOR DELETE TO minschool_site, minschool_admin USING (((seen_at < (now() - '30 days'::interval)) AND (drained_since IS NULL)));

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY insert ON public.servers FOR INSERT TO minschool_site, minschool_admin WITH CHECK ((drained_since IS NULL));

ALTER TABLE public.jobs ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_program ON public.idempotency_keys TO minschool_site, minschool_admin USING ((program = CURRENT_USER)) WITH CHECK ((program = CURRENT_USER));

CREATE POLICY own_program ON public.jobs TO minschool_site, minschool_admin USING ((program = CURRENT_USER)) WITH CHECK ((program = CURRENT_USER));

ALTER TABLE public.posts ENABLE ROW LEVEL SECURITY;

CREATE POLICY read ON public.comments FOR SELECT TO minschool_site, minschool_admin USING (true);

CREATE POLICY read ON public.posts FOR SELECT TO minschool_site, minschool_admin USING (true);

CREATE POLICY read ON public.server_programs FOR SELECT TO minschool_site, minschool_admin USING (true);

CREATE POLICY read ON public.servers FOR SELECT TO minschool_site, minschool_admin USING (true);

CREATE POLICY read ON public.sessions FOR SELECT TO minschool_site, minschool_admin USING (true);

ALTER TABLE public.server_programs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.servers ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

CREATE POLICY site_insert ON public.comments FOR INSERT TO minschool_site WITH CHECK (true);

CREATE POLICY site_insert ON public.posts FOR INSERT TO minschool_site WITH CHECK (true);

CREATE POLICY site_insert ON public.server_programs FOR INSERT TO minschool_site WITH CHECK ((program = 'site'::text));

CREATE POLICY site_update ON public.comments FOR UPDATE TO minschool_site USING (visible) WITH CHECK (true);

CREATE POLICY site_update ON public.posts FOR UPDATE TO minschool_site USING (visible) WITH CHECK (true);

CREATE POLICY site_update ON public.server_programs FOR UPDATE TO minschool_site USING ((program = 'site'::text));

CREATE POLICY site_update ON public.sessions FOR UPDATE TO minschool_site USING ((realm = 'site'::text)) WITH CHECK ((realm = 'site'::text));

CREATE POLICY update ON public.servers FOR UPDATE TO minschool_site, minschool_admin USING (true);

GRANT USAGE ON SCHEMA public TO minschool_site;
GRANT USAGE ON SCHEMA public TO minschool_admin;

REVOKE ALL ON FUNCTION public.attachments_purge_pages() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.boards_lock_rights() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.boards_purge_pages() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.boards_record_former_slug() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.comment_likes_update_count() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.comments_purge_pages() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.comments_update_counts() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.files_show_avatars() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ms_adopt_session(session_hash bytea, member bigint, lifetime bigint, saved timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ms_attachments(post bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_attachments(post bigint) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_attachments(post bigint) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_audit_deletion(actor bigint, kind text, subject bigint, why text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_audit_deletion(actor bigint, kind text, subject bigint, why text) TO minschool_site;

REVOKE ALL ON FUNCTION public.ms_begin_admin_session(session_hash bytea, member bigint, given text, remembered boolean, lifetime bigint, from_address text, by_agent text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_begin_admin_session(session_hash bytea, member bigint, given text, remembered boolean, lifetime bigint, from_address text, by_agent text) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_begin_incarnation() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ms_begin_session(in_realm text, wanted text, session_hash bytea, member bigint, given text, remembered boolean, lifetime bigint, from_address text, by_agent text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ms_begin_site_session(session_hash bytea, member bigint, given text, remembered boolean, lifetime bigint, from_address text, by_agent text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_begin_site_session(session_hash bytea, member bigint, given text, remembered boolean, lifetime bigint, from_address text, by_agent text) TO minschool_site;

REVOKE ALL ON FUNCTION public.ms_count_visible_post(board bigint, post_number bigint, change integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ms_guard(ok boolean, code integer, key text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_guard(ok boolean, code integer, key text) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_guard(ok boolean, code integer, key text) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_guard_board(member bigint, wanted_board bigint, act text, gone text, refused text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_guard_board(member bigint, wanted_board bigint, act text, gone text, refused text) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_guard_board(member bigint, wanted_board bigint, act text, gone text, refused text) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_guard_member(member bigint, wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_guard_member(member bigint, wanted text) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_guard_member(member bigint, wanted text) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_guard_quota(member bigint, added bigint, member_bytes bigint, site_bytes bigint, of_member text, of_site text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_guard_quota(member bigint, added bigint, member_bytes bigint, site_bytes bigint, of_member text, of_site text) TO minschool_site;

REVOKE ALL ON FUNCTION public.ms_guests_may_read(board bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ms_incarnation() FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_incarnation() TO minschool_site;
GRANT ALL ON FUNCTION public.ms_incarnation() TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_local_id(reference text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_local_id(reference text) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_local_id(reference text) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_local_ids(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_local_ids(name text) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_local_ids(name text) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_next_session_epoch(before bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_next_session_epoch(before bigint) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_next_session_epoch(before bigint) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_notify(actor bigint, recipients bigint[], kinds smallint[], by_staff boolean, key text, of_posts bigint[], of_comments bigint[], why text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_notify(actor bigint, recipients bigint[], kinds smallint[], by_staff boolean, key text, of_posts bigint[], of_comments bigint[], why text) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_notify(actor bigint, recipients bigint[], kinds smallint[], by_staff boolean, key text, of_posts bigint[], of_comments bigint[], why text) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_notify_like(actor bigint, author bigint, kind smallint, key text, of_post bigint, of_comment bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_notify_like(actor bigint, author bigint, kind smallint, key text, of_post bigint, of_comment bigint) TO minschool_site;

REVOKE ALL ON FUNCTION public.ms_pages_changed(of_posts bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_pages_changed(of_posts bigint[]) TO minschool_site;

REVOKE ALL ON FUNCTION public.ms_password_matches(stored text, given text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ms_password_parameters(member bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_password_parameters(member bigint) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_password_parameters(member bigint) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_purge(why text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ms_raise_session_epoch(member bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_raise_session_epoch(member bigint) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_raise_session_epoch(member bigint) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_rebuild_post_places() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ms_recipients(actor bigint, recipients bigint[], kinds smallint[], by_staff boolean, of_posts bigint[], of_comments bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_recipients(actor bigint, recipients bigint[], kinds smallint[], by_staff boolean, of_posts bigint[], of_comments bigint[]) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_recipients(actor bigint, recipients bigint[], kinds smallint[], by_staff boolean, of_posts bigint[], of_comments bigint[]) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_replace_password(member bigint, before text, after text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_replace_password(member bigint, before text, after text) TO minschool_site;

REVOKE ALL ON FUNCTION public.ms_retract_like(author bigint, key text, of_post bigint, of_comment bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_retract_like(author bigint, key text, of_post bigint, of_comment bigint) TO minschool_site;

REVOKE ALL ON FUNCTION public.ms_revoke_sessions(member bigint, kept bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_revoke_sessions(member bigint, kept bytea) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_revoke_sessions(member bigint, kept bytea) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_run_job_now(job bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_run_job_now(job bigint) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_server_is_drained(wanted bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_server_is_drained(wanted bigint) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_server_is_drained(wanted bigint) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_set_local_id(name text, id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_set_local_id(name text, id bigint) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_set_local_id(name text, id bigint) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_set_local_ids(name text, ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_set_local_ids(name text, ids bigint[]) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_set_local_ids(name text, ids bigint[]) TO minschool_admin;

REVOKE ALL ON FUNCTION public.ms_timeline() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.ms_verify_password(member bigint, given text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ms_verify_password(member bigint, given text) TO minschool_site;
GRANT ALL ON FUNCTION public.ms_verify_password(member bigint, given text) TO minschool_admin;

REVOKE ALL ON FUNCTION public.post_likes_update_count() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.posts_assign_event() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.posts_purge_pages() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.posts_update_counts() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.sessions_notify_delete() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.users_purge_pages() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.users_update_author_name() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.users_update_session_epoch() FROM PUBLIC;

GRANT SELECT,DELETE ON TABLE public.attachments TO minschool_site;
GRANT SELECT ON TABLE public.attachments TO minschool_admin;

GRANT INSERT(owner_id) ON TABLE public.attachments TO minschool_site;

GRANT INSERT(board_id) ON TABLE public.attachments TO minschool_site;

GRANT INSERT(draft_key),UPDATE(draft_key) ON TABLE public.attachments TO minschool_site;

GRANT UPDATE(post_id) ON TABLE public.attachments TO minschool_site;

GRANT UPDATE("position") ON TABLE public.attachments TO minschool_site;

GRANT INSERT(name),UPDATE(name) ON TABLE public.attachments TO minschool_site;

GRANT UPDATE(alt) ON TABLE public.attachments TO minschool_site;

GRANT UPDATE(decorative) ON TABLE public.attachments TO minschool_site;

GRANT INSERT(size) ON TABLE public.attachments TO minschool_site;

GRANT UPDATE(file_id) ON TABLE public.attachments TO minschool_site;

GRANT INSERT(upload_id) ON TABLE public.attachments TO minschool_site;

GRANT INSERT(upload_handle),UPDATE(upload_handle) ON TABLE public.attachments TO minschool_site;

GRANT UPDATE(upload_hash) ON TABLE public.attachments TO minschool_site;

GRANT UPDATE(upload_session) ON TABLE public.attachments TO minschool_site;

GRANT UPDATE(received) ON TABLE public.attachments TO minschool_site;

GRANT UPDATE(touched_at) ON TABLE public.attachments TO minschool_site;

GRANT UPDATE(deleted_at) ON TABLE public.attachments TO minschool_site;

GRANT USAGE ON SEQUENCE public.attachments_id_seq TO minschool_site;

GRANT SELECT ON TABLE public.audit_log TO minschool_admin;

GRANT INSERT(actor_id) ON TABLE public.audit_log TO minschool_admin;

GRANT INSERT(action) ON TABLE public.audit_log TO minschool_admin;

GRANT INSERT(subject_kind) ON TABLE public.audit_log TO minschool_admin;

GRANT INSERT(subject_id) ON TABLE public.audit_log TO minschool_admin;

GRANT INSERT(reason) ON TABLE public.audit_log TO minschool_admin;

GRANT INSERT(detail) ON TABLE public.audit_log TO minschool_admin;

GRANT SELECT ON TABLE public.board_addresses TO minschool_site;
GRANT SELECT ON TABLE public.board_addresses TO minschool_admin;

GRANT SELECT,INSERT,DELETE ON TABLE public.board_follows TO minschool_site;
GRANT SELECT ON TABLE public.board_follows TO minschool_admin;

GRANT SELECT ON TABLE public.boards TO minschool_site;
GRANT SELECT ON TABLE public.boards TO minschool_admin;

GRANT INSERT(slug),UPDATE(slug) ON TABLE public.boards TO minschool_admin;

GRANT INSERT(name),UPDATE(name) ON TABLE public.boards TO minschool_admin;

GRANT INSERT(description),UPDATE(description) ON TABLE public.boards TO minschool_admin;

GRANT INSERT("position"),UPDATE("position") ON TABLE public.boards TO minschool_admin;

GRANT INSERT(read_role),UPDATE(read_role) ON TABLE public.boards TO minschool_admin;

GRANT INSERT(write_role),UPDATE(write_role) ON TABLE public.boards TO minschool_admin;

GRANT INSERT(comment_role),UPDATE(comment_role) ON TABLE public.boards TO minschool_admin;

GRANT INSERT(on_home),UPDATE(on_home) ON TABLE public.boards TO minschool_admin;

GRANT UPDATE(last_number) ON TABLE public.boards TO minschool_site;

GRANT UPDATE(version) ON TABLE public.boards TO minschool_admin;

GRANT INSERT(kind),UPDATE(kind) ON TABLE public.boards TO minschool_admin;

GRANT USAGE ON SEQUENCE public.boards_id_seq TO minschool_admin;

GRANT SELECT,DELETE ON TABLE public.comment_likes TO minschool_site;

GRANT INSERT(comment_id) ON TABLE public.comment_likes TO minschool_site;

GRANT INSERT(user_id) ON TABLE public.comment_likes TO minschool_site;

GRANT SELECT ON TABLE public.comments TO minschool_site;
GRANT SELECT ON TABLE public.comments TO minschool_admin;

GRANT INSERT(post_id) ON TABLE public.comments TO minschool_site;

GRANT INSERT(parent_id) ON TABLE public.comments TO minschool_site;

GRANT INSERT(root_id) ON TABLE public.comments TO minschool_site;

GRANT INSERT(author_id) ON TABLE public.comments TO minschool_site;

GRANT INSERT(content),UPDATE(content) ON TABLE public.comments TO minschool_site;

GRANT INSERT(content_html),UPDATE(content_html) ON TABLE public.comments TO minschool_site;

GRANT INSERT(renderer),UPDATE(renderer) ON TABLE public.comments TO minschool_site;

GRANT UPDATE(updated_at) ON TABLE public.comments TO minschool_site;

GRANT UPDATE(deleted_at) ON TABLE public.comments TO minschool_site;
GRANT UPDATE(deleted_at) ON TABLE public.comments TO minschool_admin;

GRANT UPDATE(hidden_at) ON TABLE public.comments TO minschool_admin;

GRANT UPDATE(hidden_by) ON TABLE public.comments TO minschool_admin;

GRANT UPDATE(hidden_reason) ON TABLE public.comments TO minschool_admin;

GRANT UPDATE(deleted_by) ON TABLE public.comments TO minschool_site;
GRANT UPDATE(deleted_by) ON TABLE public.comments TO minschool_admin;

GRANT USAGE ON SEQUENCE public.comments_id_seq TO minschool_site;

GRANT SELECT,DELETE ON TABLE public.files TO minschool_site;
GRANT SELECT ON TABLE public.files TO minschool_admin;

GRANT INSERT(sha256) ON TABLE public.files TO minschool_site;

GRANT INSERT(size) ON TABLE public.files TO minschool_site;

GRANT UPDATE(state) ON TABLE public.files TO minschool_site;

GRANT UPDATE(media_type) ON TABLE public.files TO minschool_site;

GRANT UPDATE(width) ON TABLE public.files TO minschool_site;

GRANT UPDATE(height) ON TABLE public.files TO minschool_site;

GRANT UPDATE(renditions) ON TABLE public.files TO minschool_site;

GRANT UPDATE(content_text) ON TABLE public.files TO minschool_site;

GRANT UPDATE(touched_at) ON TABLE public.files TO minschool_site;

GRANT USAGE ON SEQUENCE public.files_id_seq TO minschool_site;

GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO minschool_site;
GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO minschool_admin;

GRANT INSERT(key) ON TABLE public.idempotency_keys TO minschool_site;
GRANT INSERT(key) ON TABLE public.idempotency_keys TO minschool_admin;

GRANT INSERT(user_id) ON TABLE public.idempotency_keys TO minschool_site;
GRANT INSERT(user_id) ON TABLE public.idempotency_keys TO minschool_admin;

GRANT INSERT(fingerprint) ON TABLE public.idempotency_keys TO minschool_site;
GRANT INSERT(fingerprint) ON TABLE public.idempotency_keys TO minschool_admin;

GRANT INSERT(result) ON TABLE public.idempotency_keys TO minschool_site;
GRANT INSERT(result) ON TABLE public.idempotency_keys TO minschool_admin;

GRANT UPDATE(created_at) ON TABLE public.idempotency_keys TO minschool_site;
GRANT UPDATE(created_at) ON TABLE public.idempotency_keys TO minschool_admin;

GRANT SELECT ON TABLE public.incarnation TO minschool_site;
GRANT SELECT ON TABLE public.incarnation TO minschool_admin;

GRANT SELECT,DELETE ON TABLE public.jobs TO minschool_site;
GRANT SELECT,DELETE ON TABLE public.jobs TO minschool_admin;

GRANT INSERT(kind) ON TABLE public.jobs TO minschool_site;
GRANT INSERT(kind) ON TABLE public.jobs TO minschool_admin;

GRANT INSERT(payload),UPDATE(payload) ON TABLE public.jobs TO minschool_site;
GRANT INSERT(payload),UPDATE(payload) ON TABLE public.jobs TO minschool_admin;

GRANT INSERT(unique_key),UPDATE(unique_key) ON TABLE public.jobs TO minschool_site;
GRANT INSERT(unique_key),UPDATE(unique_key) ON TABLE public.jobs TO minschool_admin;

GRANT INSERT(run_at),UPDATE(run_at) ON TABLE public.jobs TO minschool_site;
GRANT INSERT(run_at),UPDATE(run_at) ON TABLE public.jobs TO minschool_admin;

GRANT INSERT(period_seconds),UPDATE(period_seconds) ON TABLE public.jobs TO minschool_site;
GRANT INSERT(period_seconds),UPDATE(period_seconds) ON TABLE public.jobs TO minschool_admin;

GRANT UPDATE(attempts) ON TABLE public.jobs TO minschool_site;
GRANT UPDATE(attempts) ON TABLE public.jobs TO minschool_admin;

GRANT INSERT(max_attempts) ON TABLE public.jobs TO minschool_site;
GRANT INSERT(max_attempts) ON TABLE public.jobs TO minschool_admin;

GRANT UPDATE(runs) ON TABLE public.jobs TO minschool_site;
GRANT UPDATE(runs) ON TABLE public.jobs TO minschool_admin;

GRANT UPDATE(running_on) ON TABLE public.jobs TO minschool_site;
GRANT UPDATE(running_on) ON TABLE public.jobs TO minschool_admin;

GRANT UPDATE(last_error) ON TABLE public.jobs TO minschool_site;
GRANT UPDATE(last_error) ON TABLE public.jobs TO minschool_admin;

GRANT UPDATE(failed_at) ON TABLE public.jobs TO minschool_site;
GRANT UPDATE(failed_at) ON TABLE public.jobs TO minschool_admin;

GRANT SELECT ON TABLE public.notification_counts TO minschool_site;
GRANT SELECT ON TABLE public.notification_counts TO minschool_admin;

GRANT INSERT(user_id) ON TABLE public.notification_counts TO minschool_site;
GRANT INSERT(user_id) ON TABLE public.notification_counts TO minschool_admin;

GRANT INSERT(number),UPDATE(number) ON TABLE public.notification_counts TO minschool_site;
GRANT INSERT(number),UPDATE(number) ON TABLE public.notification_counts TO minschool_admin;

GRANT INSERT(unread),UPDATE(unread) ON TABLE public.notification_counts TO minschool_site;
GRANT INSERT(unread),UPDATE(unread) ON TABLE public.notification_counts TO minschool_admin;

GRANT UPDATE(read_up_to) ON TABLE public.notification_counts TO minschool_site;

GRANT SELECT ON TABLE public.notifications TO minschool_site;
GRANT SELECT ON TABLE public.notifications TO minschool_admin;

GRANT INSERT(user_id) ON TABLE public.notifications TO minschool_site;
GRANT INSERT(user_id) ON TABLE public.notifications TO minschool_admin;

GRANT INSERT(number) ON TABLE public.notifications TO minschool_site;
GRANT INSERT(number) ON TABLE public.notifications TO minschool_admin;

GRANT INSERT(kind) ON TABLE public.notifications TO minschool_site;
GRANT INSERT(kind) ON TABLE public.notifications TO minschool_admin;

GRANT INSERT(actor_id) ON TABLE public.notifications TO minschool_site;
GRANT INSERT(actor_id) ON TABLE public.notifications TO minschool_admin;

GRANT INSERT(post_id) ON TABLE public.notifications TO minschool_site;
GRANT INSERT(post_id) ON TABLE public.notifications TO minschool_admin;

GRANT INSERT(comment_id) ON TABLE public.notifications TO minschool_site;
GRANT INSERT(comment_id) ON TABLE public.notifications TO minschool_admin;

GRANT INSERT(reason) ON TABLE public.notifications TO minschool_site;
GRANT INSERT(reason) ON TABLE public.notifications TO minschool_admin;

GRANT UPDATE(read_at) ON TABLE public.notifications TO minschool_site;

GRANT UPDATE(retracted) ON TABLE public.notifications TO minschool_site;

GRANT INSERT(dedup_key) ON TABLE public.notifications TO minschool_site;
GRANT INSERT(dedup_key) ON TABLE public.notifications TO minschool_admin;

GRANT SELECT ON TABLE public.posts TO minschool_site;
GRANT SELECT ON TABLE public.posts TO minschool_admin;

GRANT INSERT(title),UPDATE(title) ON TABLE public.posts TO minschool_site;

GRANT INSERT(content),UPDATE(content) ON TABLE public.posts TO minschool_site;

GRANT INSERT(author_id) ON TABLE public.posts TO minschool_site;

GRANT INSERT(board_id) ON TABLE public.posts TO minschool_site;

GRANT INSERT(number) ON TABLE public.posts TO minschool_site;

GRANT INSERT(content_html),UPDATE(content_html) ON TABLE public.posts TO minschool_site;

GRANT INSERT(renderer),UPDATE(renderer) ON TABLE public.posts TO minschool_site;

GRANT INSERT(notice),UPDATE(notice) ON TABLE public.posts TO minschool_site;

GRANT UPDATE(updated_at) ON TABLE public.posts TO minschool_site;

GRANT UPDATE(deleted_at) ON TABLE public.posts TO minschool_site;
GRANT UPDATE(deleted_at) ON TABLE public.posts TO minschool_admin;

GRANT UPDATE(hidden_at) ON TABLE public.posts TO minschool_admin;

GRANT UPDATE(hidden_by) ON TABLE public.posts TO minschool_admin;

GRANT UPDATE(hidden_reason) ON TABLE public.posts TO minschool_admin;

GRANT UPDATE(deleted_by) ON TABLE public.posts TO minschool_site;
GRANT UPDATE(deleted_by) ON TABLE public.posts TO minschool_admin;

GRANT UPDATE(attachments) ON TABLE public.posts TO minschool_site;

GRANT SELECT(id) ON TABLE public.users TO minschool_site;
GRANT SELECT(id) ON TABLE public.users TO minschool_admin;

GRANT SELECT(email),INSERT(email) ON TABLE public.users TO minschool_site;
GRANT SELECT(email) ON TABLE public.users TO minschool_admin;

GRANT INSERT(password_hash) ON TABLE public.users TO minschool_site;

GRANT SELECT(name),INSERT(name),UPDATE(name) ON TABLE public.users TO minschool_site;
GRANT SELECT(name) ON TABLE public.users TO minschool_admin;

GRANT SELECT(created_at) ON TABLE public.users TO minschool_site;
GRANT SELECT(created_at) ON TABLE public.users TO minschool_admin;

GRANT SELECT(role) ON TABLE public.users TO minschool_site;
GRANT SELECT(role),UPDATE(role) ON TABLE public.users TO minschool_admin;

GRANT SELECT(session_epoch) ON TABLE public.users TO minschool_site;
GRANT SELECT(session_epoch) ON TABLE public.users TO minschool_admin;

GRANT SELECT(suspended_until) ON TABLE public.users TO minschool_site;
GRANT SELECT(suspended_until),UPDATE(suspended_until) ON TABLE public.users TO minschool_admin;

GRANT SELECT(suspended_reason),UPDATE(suspended_reason) ON TABLE public.users TO minschool_admin;

GRANT INSERT(terms_agreed_at) ON TABLE public.users TO minschool_site;

GRANT INSERT(privacy_agreed_at) ON TABLE public.users TO minschool_site;

GRANT INSERT(news_agreed_at) ON TABLE public.users TO minschool_site;

GRANT SELECT(seen_at),UPDATE(seen_at) ON TABLE public.users TO minschool_site;
GRANT SELECT(seen_at),UPDATE(seen_at) ON TABLE public.users TO minschool_admin;

GRANT SELECT(sessions_revoked_at) ON TABLE public.users TO minschool_site;
GRANT SELECT(sessions_revoked_at) ON TABLE public.users TO minschool_admin;

GRANT SELECT(muted_notifications),UPDATE(muted_notifications) ON TABLE public.users TO minschool_site;
GRANT SELECT(muted_notifications) ON TABLE public.users TO minschool_admin;

GRANT SELECT(hides_presence),UPDATE(hides_presence) ON TABLE public.users TO minschool_site;
GRANT SELECT(hides_presence) ON TABLE public.users TO minschool_admin;

GRANT SELECT(avatar_file_id),UPDATE(avatar_file_id) ON TABLE public.users TO minschool_site;
GRANT SELECT(avatar_file_id) ON TABLE public.users TO minschool_admin;

GRANT SELECT(avatar),UPDATE(avatar) ON TABLE public.users TO minschool_site;
GRANT SELECT(avatar) ON TABLE public.users TO minschool_admin;

GRANT SELECT ON TABLE public.notification_details TO minschool_site;

GRANT SELECT ON TABLE public.post_counters TO minschool_site;
GRANT SELECT ON TABLE public.post_counters TO minschool_admin;

GRANT UPDATE(views) ON TABLE public.post_counters TO minschool_site;

GRANT SELECT,DELETE ON TABLE public.post_likes TO minschool_site;

GRANT INSERT(post_id) ON TABLE public.post_likes TO minschool_site;

GRANT INSERT(user_id) ON TABLE public.post_likes TO minschool_site;

GRANT SELECT ON TABLE public.post_places TO minschool_site;
GRANT SELECT ON TABLE public.post_places TO minschool_admin;

GRANT USAGE ON SEQUENCE public.posts_id_seq TO minschool_site;

GRANT SELECT,DELETE ON TABLE public.purges TO minschool_site;
GRANT SELECT,DELETE ON TABLE public.purges TO minschool_admin;

GRANT UPDATE(tried_at) ON TABLE public.purges TO minschool_site;
GRANT UPDATE(tried_at) ON TABLE public.purges TO minschool_admin;

GRANT SELECT ON TABLE public.role_permissions TO minschool_site;
GRANT SELECT ON TABLE public.role_permissions TO minschool_admin;

GRANT SELECT ON TABLE public.roles TO minschool_site;
GRANT SELECT ON TABLE public.roles TO minschool_admin;

GRANT SELECT ON TABLE public.schema_functions TO minschool_site;
GRANT SELECT ON TABLE public.schema_functions TO minschool_admin;

GRANT SELECT ON TABLE public.schema_migrations TO minschool_site;
GRANT SELECT ON TABLE public.schema_migrations TO minschool_admin;

GRANT SELECT,DELETE ON TABLE public.server_programs TO minschool_site;
GRANT SELECT,DELETE ON TABLE public.server_programs TO minschool_admin;

GRANT INSERT(server_id) ON TABLE public.server_programs TO minschool_site;
GRANT INSERT(server_id) ON TABLE public.server_programs TO minschool_admin;

GRANT INSERT(program) ON TABLE public.server_programs TO minschool_site;
GRANT INSERT(program) ON TABLE public.server_programs TO minschool_admin;

GRANT UPDATE(seen_at) ON TABLE public.server_programs TO minschool_site;
GRANT UPDATE(seen_at) ON TABLE public.server_programs TO minschool_admin;

GRANT UPDATE(heartbeat) ON TABLE public.server_programs TO minschool_site;
GRANT UPDATE(heartbeat) ON TABLE public.server_programs TO minschool_admin;

GRANT SELECT,INSERT,DELETE ON TABLE public.server_samples TO minschool_admin;

GRANT SELECT,DELETE ON TABLE public.servers TO minschool_site;
GRANT SELECT,DELETE ON TABLE public.servers TO minschool_admin;

GRANT INSERT(name) ON TABLE public.servers TO minschool_site;
GRANT INSERT(name) ON TABLE public.servers TO minschool_admin;

GRANT UPDATE(drained_since) ON TABLE public.servers TO minschool_admin;

GRANT UPDATE(drained_by) ON TABLE public.servers TO minschool_admin;

GRANT UPDATE(seen_at) ON TABLE public.servers TO minschool_site;
GRANT UPDATE(seen_at) ON TABLE public.servers TO minschool_admin;

GRANT SELECT,DELETE ON TABLE public.sessions TO minschool_site;
GRANT SELECT,DELETE ON TABLE public.sessions TO minschool_admin;

GRANT UPDATE(seen_at) ON TABLE public.sessions TO minschool_site;
GRANT UPDATE(seen_at) ON TABLE public.sessions TO minschool_admin;

GRANT UPDATE(expires_at) ON TABLE public.sessions TO minschool_site;
GRANT UPDATE(expires_at) ON TABLE public.sessions TO minschool_admin;

GRANT UPDATE(shared) ON TABLE public.sessions TO minschool_site;
GRANT UPDATE(shared) ON TABLE public.sessions TO minschool_admin;

GRANT UPDATE(incarnation) ON TABLE public.sessions TO minschool_site;
GRANT UPDATE(incarnation) ON TABLE public.sessions TO minschool_admin;

GRANT USAGE ON SEQUENCE public.users_id_seq TO minschool_site;

