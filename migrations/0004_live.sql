-- expand: the numbers by which a stream knows what it has missed (docs/decisions/0015-live.md).

-- A post counts up with each change of it or of its comments, under the lock of this row; so the numbers have no gaps and
-- become visible in their order: who has seen number 7 has missed nothing before it.
alter table post_counters add column events bigint not null default 0;
-- The number of the latest change. An older number of the same row is of no use to anybody and not kept.
alter table posts add column event bigint not null default 0;
alter table comments add column event bigint not null default 0;
create index comments_by_event on comments (post_id, event);

create function posts_numbered() returns trigger language plpgsql as $$
begin
  update post_counters set events = events + 1 where post_id = new.id returning events into new.event;
  return new;
end $$;
create trigger posts_numbered before update of title, content, notice, deleted_at, hidden_at on posts
  for each row execute function posts_numbered();

-- Takes the place of comments_counted: one update counts the comment and gives its change a number.
create function comments_numbered() returns trigger language plpgsql as $$
declare change int := 0;
begin
  if tg_op = 'INSERT' then
    change := case when new.deleted_at is null and new.hidden_at is null then 1 else 0 end;
  elsif old.visible is distinct from (new.deleted_at is null and new.hidden_at is null) then
    change := case when old.visible then -1 else 1 end;
  end if;
  update post_counters set comments = comments + change, events = events + 1
   where post_id = new.post_id returning events into new.event;
  return new;
end $$;
drop trigger comments_counted_insert on comments;
drop trigger comments_counted_update on comments;
drop function comments_counted();
create trigger comments_numbered_insert before insert on comments
  for each row execute function comments_numbered();
create trigger comments_numbered_update before update of content, deleted_at, hidden_at on comments
  for each row execute function comments_numbered();
