-- Queues the removal of the pages that Nginx saved. The notice tells the program within the same answer that its
-- transaction added a row (infra/pg), without a further round trip.
create or replace function ms_purge(why text) returns void
language plpgsql as $$
begin
  insert into purges (cause) values (why);
  raise notice using errcode = 'MS001', message = 'saved pages have to be removed';
end $$;
revoke all on function ms_purge from public, minschool_site, minschool_admin;
