-- Records what a member of staff deletes on the Site. It runs as the owner and records only what this transaction deleted
-- and somebody else wrote, so that the Site needs no right to write into the log.
create or replace function ms_audit_deletion(actor bigint, kind text, subject bigint, why text) returns void
language sql security definer set search_path = public, pg_temp as $$
  insert into audit_log (actor_id, action, subject_kind, subject_id, reason, detail)
  select actor, 'delete', 'post', p.id, why, p.title from posts p
   where kind = 'post' and p.id = subject and p.deleted_at = now() and p.deleted_by = actor and p.author_id is distinct from actor
  union all
  select actor, 'delete', 'comment', c.id, why, left(c.content, 120) from comments c
   where kind = 'comment' and c.id = subject and c.deleted_at = now() and c.deleted_by = actor and c.author_id <> actor;
$$;
revoke all on function ms_audit_deletion from public, minschool_site, minschool_admin;
grant execute on function ms_audit_deletion to minschool_site;
