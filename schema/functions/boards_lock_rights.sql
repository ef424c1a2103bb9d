-- A change of who may read, write or comment on a board waits for the writes under way and holds back the next ones until
-- it is committed (ms_guard_board takes the same lock shared). One lock serves all boards, because boards rarely change; it
-- is taken per statement, before any row. Rejected: a share lock on the board's row, on which two posts at the same moment
-- would deadlock when they count up.
create or replace function boards_lock_rights() returns trigger
language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1298755156);
  return null;
end $$;
revoke all on function boards_lock_rights from public;

create or replace trigger boards_lock_rights before update of read_role, write_role, comment_role on boards
  for each statement execute function boards_lock_rights();
