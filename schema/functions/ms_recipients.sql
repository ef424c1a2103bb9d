-- Decides who is notified of what; nothing else does. Never the actor, nor a member who muted the kind, is suspended or may not
-- read the board, nor anybody of a post that is not visible, except by acts of staff. Bit 0 of what a member muted is all acts of
-- staff, another one is the number of a kind. Lists that are shorter than `recipients` go on with their first value. Plain SQL,
-- so that PostgreSQL inlines the body into the statement that asks.
create or replace function ms_recipients(actor bigint, recipients bigint[], kinds smallint[], by_staff boolean, of_posts bigint[],
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
     and u.muted_notifications & (1 << case when by_staff then 0 else t.kind end) = 0
     and coalesce(u.suspended_until <= now(), true) and b.read_role <= u.role
     and (p.visible or by_staff)
$$;
revoke all on function ms_recipients from public, minschool_site, minschool_admin;
grant execute on function ms_recipients to minschool_site, minschool_admin;
