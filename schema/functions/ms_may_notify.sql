-- Whether a member gets notifications of a kind: the kind is not muted, the member may read the board and is not suspended.
-- The arguments are plain values, so that PostgreSQL inlines the body into the statement that asks.
create or replace function ms_may_notify(muted smallint, suspended timestamptz, role smallint, read_role smallint, kind smallint)
returns boolean
language sql stable as $$
  select muted & (1 << least(kind, 6)) = 0 and coalesce(suspended <= now(), true) and read_role <= role
$$;
revoke all on function ms_may_notify from public, minschool_site, minschool_admin;
grant execute on function ms_may_notify to minschool_site, minschool_admin;
