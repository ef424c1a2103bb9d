-- expand: a write asks for its rights inside of its transaction, under locks that taking a right away waits for.

-- A change of who may read, write and comment where waits for the writes under way, and holds back the next ones until it
-- is committed. One lock for all boards, because boards change rarely; per statement, so that it is taken before any row.
-- Rejected: a share lock on the board's row, which two posts at the same moment would deadlock on when they count up.
create function ms_lock_board_rights() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1298755156);
  return null;
end $$;
create trigger boards_rights before update of read_role, write_role, comment_role on boards
  for each statement execute function ms_lock_board_rights();

-- Refuses the unit unless the member is there, is not suspended and has the permission; null asks for none. The share lock
-- on the member's row keeps it so until the unit has ended.
create function ms_guard_member(member bigint, wanted text) returns void language plpgsql as $$
declare
  rank smallint;
  suspended boolean;
begin
  select role, coalesce(suspended_until > now(), false) into rank, suspended from users where id = member for share;
  perform ms_guard(found, 401, 'error.unauthenticated');
  perform ms_guard(not suspended, 403, 'login.suspended');
  perform ms_guard(wanted is null or exists (
    select from role_permissions p where p.role = rank and p.permission = wanted), 403, 'error.forbidden');
end $$;

-- Refuses the unit unless the member may do `act` (read, write or comment) on the board: with `gone` (404) when they may
-- not even read it, so that nobody learns what a closed board holds, else with `refused` (403).
create function ms_guard_board(member bigint, wanted_board bigint, act text, gone text, refused text) returns void
language plpgsql as $$
declare
  rank smallint;
  may_read boolean;
  may_act boolean;
begin
  perform pg_advisory_xact_lock_shared(1298755156);
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
