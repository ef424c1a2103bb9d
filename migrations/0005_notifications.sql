-- expand: notifications: what happened for a member, written and counted in the transaction that causes it.

-- What a member does not want to be told: bit 1 << kind (notifications.kind below; 6 stands for all acts of staff).
alter table users add column muted_notifications smallint not null default 0;

create table board_follows (
  board_id bigint not null references boards (id) on delete cascade,
  user_id bigint not null references users (id) on delete cascade,
  primary key (board_id, user_id)
);
create index board_follows_of_user on board_follows (user_id);

create table notification_counts (
  user_id bigint primary key references users (id) on delete cascade,
  number bigint not null default 0,      -- counts up with every change for this member: topic u (docs/decisions/0015-live.md)
  unread bigint not null default 0,
  read_up_to bigint not null default 0   -- everything up to this number is read, whatever its row says
) with (fillfactor = 70);

-- Posts and comments are never erased and the writer has just locked them: foreign keys to them would only cost.
create table notifications (
  user_id bigint not null references users (id) on delete cascade,
  number bigint not null,                -- of notification_counts when it came; with the member it is its name
  -- 1 mention, 2 reply, 3 comment, 4 notice, 5 like; by staff 6 hidden, 7 restored, 8 deleted. Lower tells more.
  kind smallint not null check (kind between 1 and 8),
  actor_id bigint not null,
  post_id bigint not null,
  comment_id bigint not null default 0,  -- 0: it is about the post itself
  reason text not null default '',
  created_at timestamptz not null default now(),
  read_at timestamptz,
  taken_back boolean not null default false,  -- a like that was undone before it was read
  primary key (user_id, number)
);
-- One thing tells one member once, a like once for each who likes; staff may act again and again.
create unique index notifications_once
  on notifications (post_id, comment_id, user_id, (case when kind = 5 then actor_id else 0 end)) where kind < 6;

-- Tells members, and gives those who were told. Lists that are shorter than `recipients` go on with their first value. Never
-- the actor himself, nobody who muted the kind, is suspended or may not read the post now. Counts are taken in the order of
-- members, and last in every transaction, so that two of them cannot wait for each other.
create function ms_notify(actor bigint, recipients bigint[], kinds smallint[], of_posts bigint[], of_comments bigint[], why text)
returns setof bigint language plpgsql as $$
begin
  return query
  with wanted as (
    select w.user_id, min(w.kind) as kind, w.post_id, w.comment_id
      from (select t.user_id, coalesce(t.kind, kinds[1]) as kind, coalesce(t.post_id, of_posts[1]) as post_id,
                   coalesce(t.comment_id, of_comments[1]) as comment_id
              from unnest(recipients, kinds, of_posts, of_comments) as t (user_id, kind, post_id, comment_id)) w
      join users u on u.id = w.user_id
      join posts p on p.id = w.post_id
      join boards b on b.id = p.board_id
     where w.user_id <> actor
       and u.muted_notifications & (1 << least(w.kind, 6)) = 0
       and coalesce(u.suspended_until <= now(), true)
       and b.read_role <= u.role
       and (p.visible or w.kind >= 6)
       and (w.kind >= 6 or not exists (
             select from notifications n
              where n.post_id = w.post_id and n.comment_id = w.comment_id and n.user_id = w.user_id and n.kind < 6
                and (case when n.kind = 5 then n.actor_id else 0 end) = case when w.kind = 5 then actor else 0 end))
     group by w.user_id, w.post_id, w.comment_id),
  counted as (
    insert into notification_counts as c (user_id, number, unread)
    select user_id, count(*), count(*) from wanted group by user_id order by user_id
        on conflict (user_id) do update set number = c.number + excluded.number, unread = c.unread + excluded.unread
    returning c.user_id, c.number),
  told as (
    insert into notifications (user_id, number, kind, actor_id, post_id, comment_id, reason)
    select w.user_id,
           c.number + 1 - row_number() over (partition by w.user_id order by w.post_id desc, w.comment_id desc),
           w.kind, actor, w.post_id, w.comment_id, why
      from wanted w join counted c on c.user_id = w.user_id)
  select counted.user_id from counted;
end $$;

-- Both functions of likes take the member's count first, as marking as read does, and then the row.
create function ms_notify_like(actor bigint, author bigint, of_post bigint, of_comment bigint)
returns setof bigint language plpgsql as $$
begin
  perform from notification_counts where user_id = author for update;
  -- Liked again: what was taken back counts again, without a second word about it.
  return query
  with back as (
    update notifications n set taken_back = false
     where n.post_id = of_post and n.comment_id = of_comment and n.user_id = author and n.kind = 5 and n.kind < 6
       and (case when n.kind = 5 then n.actor_id else 0 end) = actor and n.taken_back
    returning n.number)
  update notification_counts c set number = c.number + 1, unread = c.unread + (back.number > c.read_up_to)::int
    from back where c.user_id = author returning c.user_id;
  if not found then
    return query select ms_notify(actor, array[author], array[5]::smallint[], array[of_post], array[of_comment], '');
  end if;
end $$;

create function ms_take_back_like(actor bigint, author bigint, of_post bigint, of_comment bigint)
returns setof bigint language plpgsql as $$
begin
  perform from notification_counts where user_id = author for update;
  return query
  with back as (
    update notifications n set taken_back = true from notification_counts c
     where n.post_id = of_post and n.comment_id = of_comment and n.user_id = author and n.kind = 5 and n.kind < 6
       and (case when n.kind = 5 then n.actor_id else 0 end) = actor and not n.taken_back
       and c.user_id = author and n.read_at is null and n.number > c.read_up_to
    returning n.number)
  update notification_counts c set number = c.number + 1, unread = c.unread - 1
    from back where c.user_id = author returning c.user_id;
end $$;

-- Notifications with what they are about, as it is now.
create view notification_lines as
  select n.user_id, n.number, n.kind, n.actor_id, u.name as actor_name, n.post_id, p.title, coalesce(p.author_id, 0) as post_author,
         p.visible as post_visible, p.board_id, n.comment_id, coalesce(m.visible, false) as comment_visible, n.reason,
         n.created_at, n.read_at is not null or n.number <= c.read_up_to as is_read
    from notifications n
    join notification_counts c on c.user_id = n.user_id
    join users u on u.id = n.actor_id
    join posts p on p.id = n.post_id
    left join comments m on m.id = n.comment_id
   where not n.taken_back;

grant select on board_follows, notification_counts, notifications, notification_lines to minschool_site, minschool_admin;
grant insert on notification_counts, notifications to minschool_site, minschool_admin;
grant update (number, unread) on notification_counts to minschool_admin;
grant update (number, unread, read_up_to) on notification_counts to minschool_site;
grant update (read_at, taken_back) on notifications to minschool_site;
grant insert, delete on board_follows to minschool_site;
