-- expand: likes of posts and comments, one a member, and their counts.

create table post_likes (
  post_id bigint not null references posts (id) on delete cascade,
  user_id bigint not null references users (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (post_id, user_id)
);
create table comment_likes (
  comment_id bigint not null references comments (id) on delete cascade,
  user_id bigint not null references users (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (comment_id, user_id)
);

alter table post_counters add column likes bigint not null default 0;
-- Apart from comments, so that a like does not copy the comment's row. A comment that nobody ever liked has none.
create table comment_counters (
  comment_id bigint primary key references comments (id) on delete cascade,
  likes bigint not null default 0
) with (fillfactor = 70);

-- Adds and takes under the lock of the counter's row: exact whoever likes at the same moment.
create function post_likes_counted() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    update post_counters set likes = likes + 1 where post_id = new.post_id;
  else
    update post_counters set likes = likes - 1 where post_id = old.post_id;
  end if;
  return null;
end $$;
create trigger post_likes_counted after insert or delete on post_likes
  for each row execute function post_likes_counted();

create function comment_likes_counted() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into comment_counters values (new.comment_id, 1)
      on conflict (comment_id) do update set likes = comment_counters.likes + 1;
  else
    update comment_counters set likes = likes - 1 where comment_id = old.comment_id;
  end if;
  return null;
end $$;
create trigger comment_likes_counted after insert or delete on comment_likes
  for each row execute function comment_likes_counted();

grant select on post_likes, comment_likes, comment_counters to minschool_site, minschool_admin;
grant insert, delete on post_likes, comment_likes to minschool_site;
grant insert, update on comment_counters to minschool_site;
