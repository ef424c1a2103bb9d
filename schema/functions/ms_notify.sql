-- Notifies those of the members whom ms_recipients allows, and returns those who were notified, once for each notification. With
-- a key, the same subject notifies a member once; with null every time.
--
-- Counts are taken in the order of members, and last in every transaction, so that two transactions cannot wait for each
-- other. The loop goes one by one because there is mostly one: a statement for all of them costs twice as much for one, and
-- no less for ten thousand.
create or replace function ms_notify(actor bigint, recipients bigint[], kinds smallint[], by_staff boolean, key text,
  of_posts bigint[], of_comments bigint[], why text) returns bigint[]
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
    select r.member_id, r.kind, r.post_id, r.comment_id
      from ms_recipients(actor, recipients, kinds, by_staff, of_posts, of_comments) r
     order by r.member_id, r.post_id, r.comment_id, r.kind
  loop
    continue when key is not null and exists (
      select from notifications n
       where n.post_id = of_post and n.comment_id = of_comment and n.user_id = member and n.dedup_key = key);
    insert into notification_counts as c (user_id, number, unread) values (member, 1, 1)
        on conflict (user_id) do update set number = c.number + 1, unread = c.unread + 1
      returning c.number into counted;
    insert into notifications (user_id, number, kind, dedup_key, actor_id, post_id, comment_id, reason)
    values (member, counted, what, key, actor, of_post, of_comment, why);
    notified := notified || member;
  end loop;
  return notified;
end $$;
revoke all on function ms_notify from public, minschool_site, minschool_admin;
grant execute on function ms_notify to minschool_site, minschool_admin;
