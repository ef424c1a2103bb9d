-- Notifies the author of a like. A like that was retracted and is given again counts again without a second notification.
-- The author's count is locked first, as marking as read does, and then the notification's row.
create or replace function ms_notify_like(actor bigint, author bigint, kind smallint, key text, of_post bigint, of_comment bigint)
returns bigint[]
language plpgsql as $$
begin
  perform from notification_counts where user_id = author for update;
  with restored as (
    update notifications n set retracted = false
     where n.post_id = of_post and n.comment_id = of_comment and n.user_id = author and n.dedup_key = key and n.retracted
    returning n.number)
  update notification_counts c set number = c.number + 1, unread = c.unread + (restored.number > c.read_up_to)::int
    from restored where c.user_id = author;
  if found then
    return array[author];
  end if;
  return ms_notify(actor, array[author], array[kind], false, key, array[of_post], array[of_comment], '');
end $$;
revoke all on function ms_notify_like from public, minschool_site, minschool_admin;
grant execute on function ms_notify_like to minschool_site;
