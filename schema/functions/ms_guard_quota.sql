-- Refuses the transaction when `added` bytes would be more than the member (with the message `of_member`) or the whole site
-- (`of_site`) may store. Two uploads of one member run one after the other from here, so that both together cannot pass the
-- limit.
create or replace function ms_guard_quota(member bigint, added bigint, member_bytes bigint, site_bytes bigint, of_member text, of_site text)
returns void
language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('files of a member', member));
  perform ms_guard((select coalesce(sum(size), 0) from attachments where owner_id = member and deleted_at is null) + added <= member_bytes,
                   413, of_member);
  perform ms_guard((select coalesce(sum(size), 0) from files) + added <= site_bytes, 413, of_site);
end $$;
revoke all on function ms_guard_quota from public, minschool_site, minschool_admin;
grant execute on function ms_guard_quota to minschool_site;
