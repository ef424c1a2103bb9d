-- What the pages of these posts show has changed, though neither the posts nor their comments say another thing: their HTML
-- was made anew. Nobody is told; who keeps a page finds it by its number.
create or replace function ms_pages_changed(of_posts bigint[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform from post_counters where post_id = any (of_posts) order by post_id for no key update;
  update post_counters set events = events + 1 where post_id = any (of_posts);
end $$;
revoke all on function ms_pages_changed from public;
grant execute on function ms_pages_changed to minschool_site;
