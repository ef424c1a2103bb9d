-- A member's new name reaches the rows that lists show.
create or replace function users_update_author_name() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update post_counters c set author_name = new.name from posts p where p.author_id = new.id and c.post_id = p.id;
  return null;
end $$;
revoke all on function users_update_author_name from public;

create or replace trigger users_update_author_name after update of name on users
  for each row when (old.name is distinct from new.name) execute function users_update_author_name();
