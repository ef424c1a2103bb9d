-- A new post gets its row in post_counters, and its board counts its visible posts. The author is locked against a new name
-- until that row is there for the new name to reach.
create or replace function posts_update_counts() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  now_visible boolean := new.deleted_at is null and new.hidden_at is null;
  author varchar;
begin
  if tg_op = 'INSERT' then
    select name into author from users where id = new.author_id for share;
    insert into post_counters (post_id, board_id, number, author_id, created_at, notice, visible, author_name, title)
    values (new.id, new.board_id, new.number, coalesce(new.author_id, 0), new.created_at, new.notice, now_visible,
            coalesce(author, ''), new.title);
    if now_visible then
      perform ms_count_visible_post(new.board_id, new.number, 1);
    end if;
  elsif old.visible is distinct from now_visible then
    perform ms_count_visible_post(new.board_id, new.number, case when old.visible then -1 else 1 end);
  end if;
  return null;
end $$;
revoke all on function posts_update_counts from public;

create or replace trigger posts_update_counts_on_insert after insert on posts
  for each row execute function posts_update_counts();
create or replace trigger posts_update_counts_on_update after update of deleted_at, hidden_at on posts
  for each row execute function posts_update_counts();
