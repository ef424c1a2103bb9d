-- Saved pages are removed when a visible comment that guests may read changes, is hidden or is deleted.
create or replace function comments_purge_pages() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from posts where id = old.post_id and deleted_at is null and hidden_at is null
                                 and ms_guests_may_read(board_id)) then
    perform ms_purge('comment ' || old.id);
  end if;
  return null;
end $$;
revoke all on function comments_purge_pages from public;

create or replace trigger comments_purge_pages_on_update after update of content, author_id, deleted_at, hidden_at on comments
  for each row when (old.deleted_at is null and old.hidden_at is null
                     and (new.deleted_at is not null or new.hidden_at is not null
                          or (old.content, old.author_id) is distinct from (new.content, new.author_id)))
  execute function comments_purge_pages();
create or replace trigger comments_purge_pages_on_delete after delete on comments
  for each row when (old.deleted_at is null and old.hidden_at is null) execute function comments_purge_pages();
