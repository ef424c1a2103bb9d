-- Refuses the transaction unless the member may do `act` (read, write or comment) on the board: with the message `gone`
-- (404) when the member may not even read it, so that nobody learns what a closed board holds, else with `refused` (403).
create or replace function ms_guard_board(member bigint, wanted_board bigint, act text, gone text, refused text) returns void
language plpgsql as $$
declare
  rank smallint;
  may_read boolean;
  may_act boolean;
begin
  perform pg_advisory_xact_lock_shared(1298755156);  -- boards_lock_rights
  perform ms_guard_member(member, null);
  select role into rank from users where id = member;
  select b.read_role <= rank and 'read' = any (had),
         case act when 'write' then b.write_role when 'comment' then b.comment_role else b.read_role end <= rank
           and act = any (had)
    into may_read, may_act
    from boards b, (select array_agg(p.permission) as had from role_permissions p where p.role = rank) p
   where b.id = wanted_board;
  perform ms_guard(may_read, 404, gone);
  perform ms_guard(may_act, 403, refused);
end $$;
revoke all on function ms_guard_board from public, minschool_site, minschool_admin;
grant execute on function ms_guard_board to minschool_site, minschool_admin;
