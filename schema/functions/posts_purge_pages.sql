-- Saved pages are removed when a visible post that guests may read changes, moves, is hidden or is deleted.
create or replace function posts_purge_pages() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if ms_guests_may_read(old.board_id) then perform ms_purge('post ' || old.id); end if;
  return null;
end $$;
revoke all on function posts_purge_pages from public;

create or replace trigger posts_purge_pages_on_update
  after update of title, content, board_id, author_id, deleted_at, hidden_at on posts
  for each row when (old.deleted_at is null and old.hidden_at is null
                     and (new.deleted_at is not null or new.hidden_at is not null
                          or (old.title, old.content, old.board_id, old.author_id)
                             is distinct from (new.title, new.content, new.board_id, new.author_id)))
  execute function posts_purge_pages();
create or replace trigger posts_purge_pages_on_delete after delete on posts
  for each row when (old.deleted_at is null and old.hidden_at is null) execute function posts_purge_pages();
