-- The id of this history of the database. The first question after a recovery or a promotion begins another one.
create or replace function ms_incarnation() returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
revoke all on function ms_incarnation from public, minschool_site, minschool_admin;
grant execute on function ms_incarnation to minschool_site, minschool_admin;

alter table sessions alter column incarnation set default ms_incarnation();
