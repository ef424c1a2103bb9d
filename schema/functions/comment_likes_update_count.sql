-- Each like of a comment counts once, and is a change of what the post's page shows. The rows are locked while they change,
-- so the count is exact however many members like at the same moment.
create or replace function comment_likes_update_count() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
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
revoke all on function comment_likes_update_count from public;

create or replace trigger comment_likes_update_count after insert or delete on comment_likes
  for each row execute function comment_likes_update_count();
