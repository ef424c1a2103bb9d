-- Decides who is notified of what; nothing else does. The actor is never notified, nor is a member whom ms_may_notify refuses, nor
-- anybody of a post that is not visible, except by acts of staff. Lists that are shorter than `recipients` go on with their first
-- value. Plain SQL, so that PostgreSQL inlines the body into the statement that asks.
create or replace function ms_recipients(actor bigint, recipients bigint[], kinds smallint[], of_posts bigint[],
  of_comments bigint[]) returns table (member_id bigint, kind smallint, post_id bigint, comment_id bigint)
language sql stable as $$
  select u.id, t.kind, p.id, t.comment_id
    from (select g.user_id, coalesce(g.kind, kinds[1]) as kind, coalesce(g.post_id, of_posts[1]) as post_id,
                 coalesce(g.comment_id, of_comments[1]) as comment_id
            from unnest(recipients, kinds, of_posts, of_comments) as g (user_id, kind, post_id, comment_id)) t
    join users u on u.id = t.user_id
    join posts p on p.id = t.post_id
    join boards b on b.id = p.board_id
   where u.id <> actor
     and ms_may_notify(u.muted_notifications, u.suspended_until, u.role, b.read_role, t.kind)
     and (p.visible or t.kind >= 6)
$$;
revoke all on function ms_recipients from public, minschool_site, minschool_admin;
grant execute on function ms_recipients to minschool_site, minschool_admin;
