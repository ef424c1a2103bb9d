-- contract: a notification says itself when it comes again, so that nothing here lists their kinds; functions get it as arguments.

-- A post or comment notifies a member once with each key, and with null every time (features/notifications/kinds.hpp).
alter table notifications add dedup_key text default '';
update notifications set dedup_key = case when kind = 5 then 'like:' || actor_id end where kind >= 5;
drop index notifications_subject_key;
create unique index notifications_subject_key on notifications (post_id, comment_id, user_id, dedup_key) where dedup_key is not null;
alter table notifications drop constraint notifications_kind_check;
grant insert (dedup_key) on notifications to minschool_site, minschool_admin;

-- Bit 0 stands for all acts of staff, which was bit 6; any other bit is the number of a kind.
update users set muted_notifications = muted_notifications & ~(1 << 6) | 1 where muted_notifications & (1 << 6) <> 0;

drop function if exists ms_notify_like(bigint, bigint, bigint, bigint);
drop function if exists ms_retract_like(bigint, bigint, bigint, bigint);
drop function if exists ms_notify(bigint, bigint[], smallint[], bigint[], bigint[], text);
drop function if exists ms_recipients(bigint, bigint[], smallint[], bigint[], bigint[]);
drop function if exists ms_may_notify(smallint, timestamptz, smallint, smallint, smallint);
delete from schema_functions where name = 'ms_may_notify';
