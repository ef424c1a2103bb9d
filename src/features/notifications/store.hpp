#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/notifications/notifications.hpp"
#include "infra/pg/db.hpp"

// SQL of what members see and choose of their notifications: one function is one named query.
namespace ms::notifications::store {

/// A notification as PostgreSQL has it; whether its board may be read is for the caller to know.
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
/// No row for a member who was never told anything.
pg::ResultHandle<Counts> counts(pg::Statements& out, MemberId member);

/// The counts, the followed boards ("{1,3}") and the newest lines, of one moment; without a line there is one row with
/// number 0.
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

/// The counts with what is new since a number, ascending; without anything new there is one row with number 0.
struct Since {
  std::int64_t counted = 0;
  std::int64_t unread = 0;
  std::int64_t number = 0;
  int kind = 0;
  std::string actor_name;
  bool post_visible = false;
  BoardId board;
  CommentId comment;
  bool comment_visible = false;
};
pg::ResultHandle<Since> since(pg::Statements& out, MemberId member, std::int64_t number, int limit);

struct Number {
  std::int64_t member = 0;
  std::int64_t number = 0;
};
pg::ResultHandle<Number> numbers(pg::Statements& out, const std::vector<std::int64_t>& members);

/// Give the new number of the topic; nothing when there was nothing to do.
pg::ResultHandle<std::int64_t> read(pg::Statements& transaction, MemberId member, std::int64_t number);
pg::ResultHandle<std::int64_t> read_all(pg::Statements& transaction, MemberId member, std::int64_t up_to);

struct Chosen {
  int muted = 0;
  std::string follows;  ///< "{1,3}"
};
pg::ResultHandle<Chosen> chosen(pg::Statements& out, MemberId member);
/// Refuses the unit (409) when other kinds are muted by now.
void guard_muted(pg::Statements& transaction, MemberId member, std::int64_t muted);
void set_muted(pg::Statements& transaction, MemberId member, int muted);
void follow(pg::Statements& transaction, MemberId member, BoardId board);
void unfollow(pg::Statements& transaction, MemberId member, BoardId board);
/// Counts a change that adds no notification, and gives the new number of the topic.
pg::ResultHandle<std::int64_t> touch(pg::Statements& transaction, MemberId member);

struct Named {
  MemberId id;
  std::string name;
  bool alone = true;  ///< nobody else has the name
};
/// The first kMaxNames members who may log in and whose names begin so.
pg::ResultHandle<Named> names(pg::Statements& out, std::string_view begin);

}  // namespace ms::notifications::store
