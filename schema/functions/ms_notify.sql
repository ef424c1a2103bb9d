-- Notifies those of the members whom ms_recipients allows, and returns those who were notified, once for each notification. The
-- same thing notifies a member once.
--
-- Counts are taken in the order of members, and last in every transaction, so that two transactions cannot wait for each
-- other. The loop goes one by one because there is mostly one: a statement for all of them costs twice as much for one, and
-- no less for ten thousand.
create or replace function ms_notify(actor bigint, recipients bigint[], kinds smallint[], of_posts bigint[],
  of_comments bigint[], why text) returns bigint[]
language plpgsql as $$
declare
  member bigint;
  what smallint;
  of_post bigint;
  of_comment bigint;
  counted bigint;
  notified bigint[];
begin
  for member, what, of_post, of_comment in
    select r.member_id, r.kind, r.post_id, r.comment_id from ms_recipients(actor, recipients, kinds, of_posts, of_comments) r
     order by r.member_id, r.post_id, r.comment_id, r.kind
  loop
    continue when what < 6 and exists (
      select from notifications n
       where n.post_id = of_post and n.comment_id = of_comment and n.user_id = member and n.kind < 6
         and (case when n.kind = 5 then n.actor_id else 0 end) = case when what = 5 then actor else 0 end);
    insert into notification_counts as c (user_id, number, unread) values (member, 1, 1)
        on conflict (user_id) do update set number = c.number + 1, unread = c.unread + 1
      returning c.number into counted;
    insert into notifications (user_id, number, kind, actor_id, post_id, comment_id, reason)
    values (member, counted, what, actor, of_post, of_comment, why);
    notified := notified || member;
  end loop;
  return notified;
end $$;
revoke all on function ms_notify from public, minschool_site, minschool_admin;
grant execute on function ms_notify to minschool_site, minschool_admin;
