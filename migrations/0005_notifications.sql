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

-- No foreign keys, which would only cost: the writer holds the member's row above, posts and comments are never erased.
create table notifications (
  user_id bigint not null,
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

-- Tells members, and gives those who were told, one by one for each thing. Lists that are shorter than `recipients` go on with
-- their first value. Never the actor himself, nobody who muted the kind, is suspended or may not read the post now. Counts are
-- taken in the order of members, and last in every transaction, so that two of them cannot wait for each other. One by one,
-- because there is mostly one: a statement for all of them costs twice as much for one, and no less for ten thousand.
create function ms_notify(actor bigint, recipients bigint[], kinds smallint[], of_posts bigint[], of_comments bigint[], why text)
returns bigint[] language plpgsql as $$
declare
  member bigint;
  what smallint;
  of_post bigint;
  of_comment bigint;
  counted bigint;
  told bigint[];
begin
  for member, what, of_post, of_comment in
    select u.id, t.kind, p.id, t.comment_id
      from (select g.user_id, coalesce(g.kind, kinds[1]) as kind, coalesce(g.post_id, of_posts[1]) as post_id,
                   coalesce(g.comment_id, of_comments[1]) as comment_id
              from unnest(recipients, kinds, of_posts, of_comments) as g (user_id, kind, post_id, comment_id)) t
      join users u on u.id = t.user_id
      join posts p on p.id = t.post_id
      join boards b on b.id = p.board_id
     where u.id <> actor
       and u.muted_notifications & (1 << least(t.kind, 6)) = 0
       and coalesce(u.suspended_until <= now(), true)
       and b.read_role <= u.role
       and (p.visible or t.kind >= 6)
     order by u.id, p.id, t.comment_id, t.kind
  loop
    continue when what < 6 and exists (
      select from notifications n
       where n.post_id = of_post and n.comment_id = of_comment and n.user_id = member and n.kind < 6
         and (case when n.kind = 5 then n.actor_id else 0 end) = case when what = 5 then actor else 0 end);
    insert into notification_counts as c (user_id, number, unread) values (member, 1, 1)
        on conflict (user_id) do update set number = c.number + 1, unread = c.unread + 1
      returning c.number into counted;
    insert into notifications (user_id, number, kind, actor_id, post_id, comment_id, reason)
    values (member, counted, what, actor, of_post, of_comment, why);
    told := told || member;
  end loop;
  return told;
end $$;

-- Both functions of likes take the member's count first, as marking as read does, and then the row.
create function ms_notify_like(actor bigint, author bigint, of_post bigint, of_comment bigint)
returns bigint[] language plpgsql as $$
begin
  perform from notification_counts where user_id = author for update;
  -- Liked again: what was taken back counts again, without a second word about it.
  with back as (
    update notifications n set taken_back = false
     where n.post_id = of_post and n.comment_id = of_comment and n.user_id = author and n.kind = 5 and n.kind < 6
       and (case when n.kind = 5 then n.actor_id else 0 end) = actor and n.taken_back
    returning n.number)
  update notification_counts c set number = c.number + 1, unread = c.unread + (back.number > c.read_up_to)::int
    from back where c.user_id = author;
  if found then
    return array[author];
  end if;
  return ms_notify(actor, array[author], array[5]::smallint[], array[of_post], array[of_comment], '');
end $$;

create function ms_take_back_like(actor bigint, author bigint, of_post bigint, of_comment bigint)
returns bigint[] language plpgsql as $$
begin
  perform from notification_counts where user_id = author for update;
  with back as (
    update notifications n set taken_back = true from notification_counts c
     where n.post_id = of_post and n.comment_id = of_comment and n.user_id = author and n.kind = 5 and n.kind < 6
       and (case when n.kind = 5 then n.actor_id else 0 end) = actor and not n.taken_back
       and c.user_id = author and n.read_at is null and n.number > c.read_up_to
    returning n.number)
  update notification_counts c set number = c.number + 1, unread = c.unread - 1
    from back where c.user_id = author;
  return case when found then array[author] end;
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
