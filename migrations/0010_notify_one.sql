-- expand: whom a notification may reach is said in one place, so that one statement can tell one member.

-- Whether a member wants to hear of a kind, may read the board, and is not suspended. In plain values, so that PostgreSQL
-- puts it into the statement that asks.
create function ms_may_tell(muted smallint, suspended timestamptz, role smallint, read_role smallint, kind smallint)
returns boolean language sql stable as $$
  select muted & (1 << least(kind, 6)) = 0 and coalesce(suspended <= now(), true) and read_role <= role
$$;

-- As in 0005, but for that.
create or replace function ms_notify(actor bigint, recipients bigint[], kinds smallint[], of_posts bigint[], of_comments bigint[], why text)
returns bigint[] language plpgsql as $$
declare
  member bigint;
  what smallint;
  of_post bigint;
  of_comment bigint;
  counted bigint;
  told bigint[];
begin
  for member, what, of_post, of_comment in
    select u.id, t.kind, p.id, t.comment_id
      from (select g.user_id, coalesce(g.kind, kinds[1]) as kind, coalesce(g.post_id, of_posts[1]) as post_id,
                   coalesce(g.comment_id, of_comments[1]) as comment_id
              from unnest(recipients, kinds, of_posts, of_comments) as g (user_id, kind, post_id, comment_id)) t
      join users u on u.id = t.user_id
      join posts p on p.id = t.post_id
      join boards b on b.id = p.board_id
     where u.id <> actor
       and ms_may_tell(u.muted_notifications, u.suspended_until, u.role, b.read_role, t.kind)
       and (p.visible or t.kind >= 6)
     order by u.id, p.id, t.comment_id, t.kind
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
    told := told || member;
  end loop;
  return told;
end $$;
