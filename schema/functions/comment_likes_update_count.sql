-- Each like of a comment counts once. The counter's row is locked while it changes, so the count is exact however many
-- members like at the same moment; it is made with the first like.
create or replace function comment_likes_update_count() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into comment_counters values (new.comment_id, 1)
      on conflict (comment_id) do update set likes = comment_counters.likes + 1;
  else
    update comment_counters set likes = likes - 1 where comment_id = old.comment_id;
  end if;
  return null;
end $$;
revoke all on function comment_likes_update_count from public;

create or replace trigger comment_likes_update_count after insert or delete on comment_likes
  for each row execute function comment_likes_update_count();
