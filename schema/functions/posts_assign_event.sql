-- Each change of a post gets the next event number of the post (docs/decisions/0015-live.md), and reaches the row that
-- lists show.
create or replace function posts_assign_event() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update post_counters
     set events = events + 1, title = new.title, notice = new.notice, visible = new.deleted_at is null and new.hidden_at is null
   where post_id = new.id returning events into new.event;
  return new;
end $$;
revoke all on function posts_assign_event from public;

create or replace trigger posts_assign_event before update of title, content, notice, attachments, deleted_at, hidden_at
  on posts
  for each row execute function posts_assign_event();
