-- Saved pages are removed when a board that guests may read is closed to them, leaves the home page, changes its name or
-- description, or is deleted.
create or replace function boards_purge_pages() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform ms_purge('board ' || old.id);
  return null;
end $$;
revoke all on function boards_purge_pages from public;

create or replace trigger boards_purge_pages_on_update after update of read_role, on_home, name, description on boards
  for each row when (old.read_role = 0 and (new.read_role <> 0 or (old.on_home and not new.on_home)
                                            or (old.name, old.description) is distinct from (new.name, new.description)))
  execute function boards_purge_pages();
create or replace trigger boards_purge_pages_on_delete after delete on boards
  for each row when (old.read_role = 0) execute function boards_purge_pages();
