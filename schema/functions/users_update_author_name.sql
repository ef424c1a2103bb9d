-- A member's new name or picture reaches the rows that lists and pages show, as does becoming or ceasing to be staff; every page that
-- shows the member has changed. Comments come before the counters, as in each write, and the counters in the order of posts.
create or replace function users_update_author_name() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  shown_by bigint[];
begin
  update comments set author_name = new.name, author_avatar = new.avatar, by_staff = new.role >= 2 where author_id = new.id;
  select array_agg(id order by id) into shown_by
    from (select id from posts where author_id = new.id union select post_id from comments where author_id = new.id) p;
  perform from post_counters where post_id = any (shown_by) order by post_id for no key update;
  update post_counters set events = events + 1, author_name = case when author_id = new.id then new.name else author_name end
   where post_id = any (shown_by);
  return null;
end $$;
revoke all on function users_update_author_name from public;

create or replace trigger users_update_author_name after update of name, avatar, role on users
  for each row when ((old.name, old.avatar) is distinct from (new.name, new.avatar) or (old.role >= 2) is distinct from (new.role >= 2))
  execute function users_update_author_name();
