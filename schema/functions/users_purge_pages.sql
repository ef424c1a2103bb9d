-- Saved pages are removed when a member changes the name or the picture or is deleted.
create or replace function users_purge_pages() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform ms_purge('member ' || old.id);
  return null;
end $$;
revoke all on function users_purge_pages from public;

create or replace trigger users_purge_pages_on_update after update of name, avatar on users
  for each row when ((old.name, old.avatar) is distinct from (new.name, new.avatar)) execute function users_purge_pages();
create or replace trigger users_purge_pages_on_delete after delete on users
  for each row execute function users_purge_pages();
