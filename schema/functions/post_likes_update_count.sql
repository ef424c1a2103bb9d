-- Each like of a post counts once, and is a change of what its page shows. The counter's row is locked while it changes, so
-- the count is exact however many members like at the same moment.
create or replace function post_likes_update_count() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    update post_counters set likes = likes + 1, events = events + 1 where post_id = new.post_id;
  else
    update post_counters set likes = likes - 1, events = events + 1 where post_id = old.post_id;
  end if;
  return null;
end $$;
revoke all on function post_likes_update_count from public;

create or replace trigger post_likes_update_count after insert or delete on post_likes
  for each row execute function post_likes_update_count();
