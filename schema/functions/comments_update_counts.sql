-- The post of a comment counts its visible comments, and numbers each change of a comment as an event of the post
-- (docs/decisions/0015-live.md). One update does both, under the lock of the counter's row, so that event numbers have no
-- gaps and become visible in their order.
create or replace function comments_update_counts() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  change int := 0;
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
revoke all on function comments_update_counts from public;

create or replace trigger comments_update_counts_on_insert before insert on comments
  for each row execute function comments_update_counts();
create or replace trigger comments_update_counts_on_update before update of content, deleted_at, hidden_at on comments
  for each row execute function comments_update_counts();
