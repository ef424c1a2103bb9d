-- expand: which history of the database a session belongs to: a restore, a recovery to a point in time and the promotion of a standby begin another.

create table incarnation (
  one boolean primary key default true check (one),
  id bigint not null,                             -- by chance, made anew with each history
  timeline text not null,                         -- PostgreSQL's own count of histories, as it was then
  began timestamptz not null default clock_timestamp()
);

-- Recovery and promotion begin a timeline (PostgreSQL manual, 26.3.6). A backup of pg_dump does not: whoever restores says so.
create function ms_timeline() returns text language sql volatile as $$
  select case when pg_is_in_recovery() then '' else left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end;
$$;

-- Begins another history: what had been given or ended in the one before, and is not known here, is given and believed no more.
-- Identifiers go on far behind those that may have been given already.
create function ms_begin_incarnation() returns bigint language plpgsql security definer set search_path = pg_catalog, public as $$
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
  on conflict (one) do update set id = excluded.id, timeline = excluded.timeline, began = clock_timestamp();
  return made;
end $$;
revoke execute on function ms_begin_incarnation() from public;

-- No history before this one is known.
insert into incarnation (id, timeline, began)
values (('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint, ms_timeline(), '-infinity');

-- The id of this history, which begins with the first question after a recovery or a promotion.
create function ms_incarnation() returns bigint language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  here constant text := ms_timeline();
  known incarnation;
begin
  select * into known from incarnation;
  if known.timeline = here then return known.id; end if;
  if here = '' or current_setting('transaction_read_only')::boolean then return 0; end if;
  select * into known from incarnation for update;
  if known.timeline = here then return known.id; end if;
  return ms_begin_incarnation();
end $$;

-- Last seen alive in that history. What stands here is of this one.
alter table sessions add column incarnation bigint not null default ms_incarnation();

grant select on incarnation to minschool_site, minschool_admin;
