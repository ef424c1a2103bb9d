-- expand: the addresses that boards had before, so that links to them go on leading there.

-- No current address: what a board has now is in boards.slug.
create table board_addresses (
  slug text primary key,
  board_id bigint not null references boards (id) on delete cascade,
  since timestamptz not null default now()
);
create index board_addresses_board on board_addresses (board_id);

-- As the owner: whoever may change a board's address need not be able to write here.
create function board_moved() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from board_addresses where slug = new.slug;
  if tg_op = 'UPDATE' then
    insert into board_addresses (slug, board_id) values (old.slug, old.id)
      on conflict (slug) do update set board_id = excluded.board_id, since = now();
  end if;
  return null;
end $$;
create trigger board_made after insert on boards for each row execute function board_moved();
create trigger board_moved after update of slug on boards
  for each row when (old.slug <> new.slug) execute function board_moved();

grant select on board_addresses to minschool_site, minschool_admin;
