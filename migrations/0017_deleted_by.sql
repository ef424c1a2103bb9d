-- expand: who deleted a post or a comment, so that what its author took back is told from what staff took away.

alter table posts add column deleted_by bigint references users (id);
alter table comments add column deleted_by bigint references users (id);
-- Until now only the Admin's acts were written down. What nobody is known to have deleted counts as its author's: the text
-- that a member took back stays theirs.
update posts p set deleted_by = coalesce((
    select a.actor_id from audit_log a
     where a.subject_kind = 'post' and a.subject_id = p.id and a.action = 'delete' and a.at >= p.deleted_at - interval '1 second'
     order by a.id desc limit 1), p.author_id)
 where p.deleted_at is not null;
update comments c set deleted_by = coalesce((
    select a.actor_id from audit_log a
     where a.subject_kind = 'comment' and a.subject_id = c.id and a.action = 'delete' and a.at >= c.deleted_at - interval '1 second'
     order by a.id desc limit 1), c.author_id)
 where c.deleted_at is not null;

-- The record of what staff delete on the Site. It runs as the owner and writes only about what this transaction has deleted
-- of somebody else's, so that the Site needs no right to write into the log.
create function ms_audit_deleted(actor bigint, kind text, subject bigint, why text) returns void
language sql security definer set search_path = public, pg_temp as $$
  insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail)
  select actor, 'delete', 'post', p.id, why, p.title from posts p
   where kind = 'post' and p.id = subject and p.deleted_at = now() and p.deleted_by = actor and p.author_id is distinct from actor
  union all
  select actor, 'delete', 'comment', c.id, why, left(c.content, 120) from comments c
   where kind = 'comment' and c.id = subject and c.deleted_at = now() and c.deleted_by = actor and c.author_id <> actor;
$$;
revoke execute on function ms_audit_deleted(bigint, text, bigint, text) from public;
grant execute on function ms_audit_deleted(bigint, text, bigint, text) to minschool_site;

-- Two people who edit the same settings of a board notice each other.
alter table boards add column version bigint not null default 1;
grant update (deleted_by) on posts, comments to minschool_site, minschool_admin;
grant update (version) on boards to minschool_admin;
-- Whether somebody's look at a member's data was recorded within the last hour.
create index audit_looks on audit_log (actor_id, subject_id, at) where action = 'look';
