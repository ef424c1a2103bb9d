-- Begins another history of the database: sessions that an earlier one gave or ended are believed no more, and
-- identifiers go on far behind those that may have been given already. Whoever restores a backup calls it, because a backup
-- of pg_dump begins no timeline.
create or replace function ms_begin_incarnation() returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  step constant bigint := 100000;
  counter record;
  made bigint := ('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint;
begin
  for counter in select c.oid::regclass as name, pg_sequence_last_value(c.oid) as last
                   from pg_class c where c.relkind = 'S' and c.relnamespace = 'public'::regnamespace loop
    perform setval(counter.name, coalesce(counter.last, 0) + step);
  end loop;
  insert into incarnation (id, timeline) values (made, ms_timeline())
  on conflict (singleton) do update set id = excluded.id, timeline = excluded.timeline, began = clock_timestamp();
  return made;
end $$;
revoke all on function ms_begin_incarnation from public, minschool_site, minschool_admin;
