-- The post of a comment counts its visible comments and its threads, and numbers each change of a comment as an event of
-- the post (docs/decisions/0015-live.md). One update does all of it, under the lock of the counter's row, so that numbers
-- have no gaps and become visible in their order. The author is locked against a new name until the row is there for the
-- new name to reach.
create or replace function comments_update_counts() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
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
revoke all on function comments_update_counts from public;

create or replace trigger comments_update_counts_on_insert before insert on comments
  for each row execute function comments_update_counts();
create or replace trigger comments_update_counts_on_update before update of content, deleted_at, hidden_at on comments
  for each row execute function comments_update_counts();
