-- Members whose picture has been prepared get its address; one that turns out to be no picture is no avatar.
create or replace function files_show_avatars() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update users set avatar = case when new.renditions like '%thumb%' then left(new.sha256, 20) else '' end
   where avatar_file_id = new.id;
  return null;
end $$;
revoke all on function files_show_avatars from public;

create or replace trigger files_show_avatars after update of state on files
  for each row when (new.state in (1, 2)) execute function files_show_avatars();
