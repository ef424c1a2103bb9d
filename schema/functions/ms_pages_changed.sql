-- Raises the version of these posts without a live event: their HTML or that of their comments was rendered again. Nothing is
-- published; a cached page is found to be old when its version is compared.
create or replace function ms_pages_changed(of_posts bigint[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform from post_counters where post_id = any (of_posts) order by post_id for no key update;
  update post_counters set events = events + 1 where post_id = any (of_posts);
end $$;
revoke all on function ms_pages_changed from public;
grant execute on function ms_pages_changed to minschool_site;
