-- The address that a board had before leads to it until another board takes that address. It runs as the owner, so that
-- whoever may change a board's address needs no right on board_addresses.
create or replace function boards_record_former_slug() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from board_addresses where slug = new.slug;
  if tg_op = 'UPDATE' then
    insert into board_addresses (slug, board_id) values (old.slug, old.id)
      on conflict (slug) do update set board_id = excluded.board_id, since = now();
  end if;
  return null;
end $$;
revoke all on function boards_record_former_slug from public;

create or replace trigger boards_record_former_slug_on_insert after insert on boards
  for each row execute function boards_record_former_slug();
create or replace trigger boards_record_former_slug_on_update after update of slug on boards
  for each row when (old.slug <> new.slug) execute function boards_record_former_slug();
