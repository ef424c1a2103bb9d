-- Whether the Site of this server takes no requests now: staff want it so, and another server that is not drained is alive.
-- So the last server is never drained, whatever staff wanted and whichever server failed since.
create or replace function ms_server_is_drained(wanted bigint) returns boolean
language sql stable as $$
  select exists (select from servers where id = wanted and drained_since is not null)
     and exists (select from servers s join server_programs p on p.server_id = s.id and p.program = 'site'
                  where s.id <> wanted and s.drained_since is null and p.seen_at > now() - interval '15 seconds')
$$;
revoke all on function ms_server_is_drained from public, minschool_site, minschool_admin;
grant execute on function ms_server_is_drained to minschool_site, minschool_admin;
