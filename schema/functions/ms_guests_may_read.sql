-- Guests read what stands in a board that rank 0 may read.
create or replace function ms_guests_may_read(board bigint) returns boolean
language sql stable as $$
  select exists (select from boards where id = board and read_role = 0);
$$;
revoke all on function ms_guests_may_read from public, minschool_site, minschool_admin;
