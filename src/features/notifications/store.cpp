#include "features/notifications/store.hpp"

namespace ms::notifications::store {
namespace {

constexpr pg::Query kLines{"notifications.lines", R"(
  select number, kind, actor_id, actor_name, post_id, title, post_author, post_visible, board_id, comment_id,
         comment_visible, reason, created_at, is_read
    from notification_details where user_id = $1 and number < $2 order by number desc limit $3)"};
constexpr pg::Query kLine{"notifications.line", R"(
  select number, kind, actor_id, actor_name, post_id, title, post_author, post_visible, board_id, comment_id,
         comment_visible, reason, created_at, is_read
    from notification_details where user_id = $1 and number = $2)"};
constexpr pg::Query kCounts{"notifications.counts",
                            "select number, unread from notification_counts where user_id = $1"};
constexpr pg::Query kNewest{"notifications.newest", R"(
  select coalesce(c.number, 0), coalesce(c.unread, 0),
         array(select board_id from board_follows f where f.user_id = m.id order by board_id)::text,
         coalesce(n.number, 0), coalesce(n.kind, 0), coalesce(n.post_id, 0), coalesce(n.comment_id, 0), n.created_at,
         coalesce(n.read_at is not null or n.number <= c.read_up_to, false)
    from (select $1::bigint as id) m
    left join notification_counts c on c.user_id = m.id
    left join lateral (
      select number, kind, post_id, comment_id, created_at, read_at from notifications
       where user_id = m.id and not retracted order by number desc limit $2) n on true
   order by n.number desc)"};
constexpr pg::Query kLock{"notifications.lock", "select from notification_counts where user_id = $1 for update"};
constexpr pg::Query kRead{"notifications.read", R"(
  with done as (
    update notifications n set read_at = now() from notification_counts c
     where n.user_id = $1 and n.number = $2 and n.read_at is null and not n.retracted
       and c.user_id = $1 and n.number > c.read_up_to returning 1)
  update notification_counts set unread = unread - 1, number = number + 1
   where user_id = $1 and exists (select from done) returning number)"};
constexpr pg::Query kReadAll{"notifications.read_all", R"(
  with done as (
    select count(*) as lines from notifications n join notification_counts c on c.user_id = n.user_id
     where n.user_id = $1 and n.number > c.read_up_to and n.number <= $2 and n.read_at is null and not n.retracted)
  update notification_counts
     set read_up_to = least($2, number), unread = unread - done.lines, number = number + 1
    from done where user_id = $1 and done.lines > 0 returning number)"};

constexpr pg::Query kChosen{"notifications.chosen", R"(
  select muted_notifications,
         array(select board_id from board_follows f where f.user_id = u.id order by board_id)::text
    from users u where id = $1)"};
constexpr pg::Query kGuardMuted{"notifications.guard_muted", R"(
  select ms_guard(exists (select from users where id = $1 and muted_notifications = $2::bigint for no key update), 409, $3)::text)"};
constexpr pg::Query kSetMuted{"notifications.set_muted", "update users set muted_notifications = $2 where id = $1"};
constexpr pg::Query kFollow{"notifications.follow",
                            "insert into board_follows (user_id, board_id) values ($1, $2) on conflict do nothing"};
constexpr pg::Query kUnfollow{"notifications.unfollow",
                              "delete from board_follows where user_id = $1 and board_id = $2"};
constexpr pg::Query kTouch{"notifications.touch", R"(
  insert into notification_counts as c (user_id, number) values ($1, 1)
      on conflict (user_id) do update set number = c.number + 1 returning number)"};
// In the index's order of bytes, the names with a prefix end before the prefix with the last of all characters. The
// limit is part of the SQL, for the reason in posts::store.
static_assert(kMaxNames == 8);
constexpr pg::Query kNames{"notifications.completion", R"(
  select u.id, u.name, not exists (select from users o where o.name = u.name and o.id <> u.id)
    from users u
   where u.name ~>=~ $1 and u.name ~<~ ($1 || chr(1114111)) and coalesce(u.suspended_until <= now(), true)
   order by u.name using ~<~, u.id limit 8)"};

}  // namespace

pg::ResultHandle<Row> lines(pg::Statements& out, MemberId member, std::int64_t before, int limit) {
  return out.add<Row>(kLines, member, before, limit);
}
pg::ResultHandle<Row> line(pg::Statements& out, MemberId member, std::int64_t number) {
  return out.add<Row>(kLine, member, number);
}
pg::ResultHandle<Counts> counts(pg::Statements& out, MemberId member) { return out.add<Counts>(kCounts, member); }
pg::ResultHandle<Newest> newest(pg::Statements& out, MemberId member, int limit) {
  return out.add<Newest>(kNewest, member, limit);
}

// The lock comes first, so that the next statement sees earlier changes of other transactions.
pg::ResultHandle<std::int64_t> read(pg::Statements& transaction, MemberId member, std::int64_t number) {
  transaction.add(kLock, member);
  return transaction.add<std::int64_t>(kRead, member, number);
}
pg::ResultHandle<std::int64_t> read_all(pg::Statements& transaction, MemberId member, std::int64_t up_to) {
  transaction.add(kLock, member);
  return transaction.add<std::int64_t>(kReadAll, member, up_to);
}

pg::ResultHandle<StoredSettings> stored_settings(pg::Statements& out, MemberId member) {
  return out.add<StoredSettings>(kChosen, member);
}
void guard_muted(pg::Statements& transaction, MemberId member, std::int64_t muted) {
  transaction.add(kGuardMuted, member, muted, "error.edited"_msg.key);
}
void set_muted(pg::Statements& transaction, MemberId member, int muted) { transaction.add(kSetMuted, member, muted); }
void follow(pg::Statements& transaction, MemberId member, BoardId board) { transaction.add(kFollow, member, board); }
void unfollow(pg::Statements& transaction, MemberId member, BoardId board) {
  transaction.add(kUnfollow, member, board);
}
pg::ResultHandle<std::int64_t> touch(pg::Statements& transaction, MemberId member) {
  return transaction.add<std::int64_t>(kTouch, member);
}

pg::ResultHandle<NameMatch> names(pg::Statements& out, std::string_view begin) {
  return out.add<NameMatch>(kNames, begin);
}

}  // namespace ms::notifications::store
