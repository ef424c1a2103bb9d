-- Saved pages are removed when an attachment is taken from a visible post that guests may read.
create or replace function attachments_purge_pages() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from posts where id = old.post_id and deleted_at is null and hidden_at is null
                                 and ms_guests_may_read(board_id)) then
    perform ms_purge('post ' || old.post_id);
  end if;
  return null;
end $$;
revoke all on function attachments_purge_pages from public;

create or replace trigger attachments_purge_pages_on_update after update of deleted_at on attachments
  for each row when (old.post_id is not null and old.deleted_at is null and new.deleted_at is not null)
  execute function attachments_purge_pages();
