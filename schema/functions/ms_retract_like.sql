-- Takes the notification of a like back while the author has not read it. The author's count is locked first, as marking as
-- read does, and then the notification's row.
create or replace function ms_retract_like(author bigint, key text, of_post bigint, of_comment bigint) returns bigint[]
language plpgsql as $$
begin
  perform from notification_counts where user_id = author for update;
  with gone as (
    update notifications n set retracted = true from notification_counts c
     where n.post_id = of_post and n.comment_id = of_comment and n.user_id = author and n.dedup_key = key and not n.retracted
       and c.user_id = author and n.read_at is null and n.number > c.read_up_to
    returning n.number)
  update notification_counts c set number = c.number + 1, unread = c.unread - 1
    from gone where c.user_id = author;
  return case when found then array[author] end;
end $$;
revoke all on function ms_retract_like from public, minschool_site, minschool_admin;
grant execute on function ms_retract_like to minschool_site;
