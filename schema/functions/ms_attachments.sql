-- The attachments that a post shows, in order, as JSON that features/files reads; for statements that read posts.
create or replace function ms_attachments(post bigint) returns text
language sql stable as $$
  select json_agg(json_build_array(a.id, a.name, a.size, a.alt, a.decorative, f.state, f.media_type, coalesce(f.width, 0),
                                   coalesce(f.height, 0), f.renditions) order by a.position)::text
    from attachments a join files f on f.id = a.file_id
   where a.post_id = post and a.deleted_at is null
$$;
revoke all on function ms_attachments from public, minschool_site, minschool_admin;
grant execute on function ms_attachments to minschool_site, minschool_admin;
