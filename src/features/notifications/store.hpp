#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/notifications/notifications.hpp"
#include "infra/pg/db.hpp"

// The SQL of members' notifications and settings: each function is one named query.
namespace ms::notifications::store {

/// A notification as PostgreSQL stores it; the caller checks whether the member may read its board.
struct Row {
  std::int64_t number = 0;
  int kind = 0;
  MemberId actor;
  std::string actor_name;
  PostId post;
  std::string title;
  MemberId post_author;
  bool post_visible = false;
  BoardId board;
  CommentId comment;
  bool comment_visible = false;
  std::string reason;
  Timestamp at;
  bool read = false;
};
/// Newest first, with numbers below `before`.
pg::ResultHandle<Row> lines(pg::Statements& out, MemberId member, std::int64_t before, int limit);
pg::ResultHandle<Row> line(pg::Statements& out, MemberId member, std::int64_t number);

struct Counts {
  std::int64_t number = 0;
  std::int64_t unread = 0;
};
/// No row for a member who never had a notification.
pg::ResultHandle<Counts> counts(pg::Statements& out, MemberId member);

/// The counts, the followed boards ("{1,3}") and the newest notifications, from one snapshot; without a notification
/// there is one row with number 0.
struct Newest {
  std::int64_t counted = 0;
  std::int64_t unread = 0;
  std::string follows;
  std::int64_t number = 0;
  int kind = 0;
  PostId post;
  CommentId comment;
  std::optional<Timestamp> at;
  bool read = false;
};
pg::ResultHandle<Newest> newest(pg::Statements& out, MemberId member, int limit);

/// Both give the new number of the topic, or nothing when nothing changed.
pg::ResultHandle<std::int64_t> read(pg::Statements& transaction, MemberId member, std::int64_t number);
pg::ResultHandle<std::int64_t> read_all(pg::Statements& transaction, MemberId member, std::int64_t up_to);

struct StoredSettings {
  int muted = 0;
  std::string follows;  ///< "{1,3}"
};
pg::ResultHandle<StoredSettings> stored_settings(pg::Statements& out, MemberId member);
/// Guard: 409 when other kinds are muted by now.
void guard_muted(pg::Statements& transaction, MemberId member, std::int64_t muted);
void set_muted(pg::Statements& transaction, MemberId member, int muted);
void follow(pg::Statements& transaction, MemberId member, BoardId board);
void unfollow(pg::Statements& transaction, MemberId member, BoardId board);
/// Counts a change that adds no notification; gives the new number of the topic.
pg::ResultHandle<std::int64_t> touch(pg::Statements& transaction, MemberId member);

struct NameMatch {
  MemberId id;
  std::string name;
  bool alone = true;  ///< no other member has the name
};
/// The first kMaxNames members who may log in and whose names begin with `begin`.
pg::ResultHandle<NameMatch> names(pg::Statements& out, std::string_view begin);

}  // namespace ms::notifications::store
