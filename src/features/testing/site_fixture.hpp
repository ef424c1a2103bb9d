#pragma once
#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "features/boards/boards.hpp"
#include "features/notifications/notifications.hpp"
#include "infra/cache/redis_cache.hpp"
#include "infra/limit/limiter.hpp"
#include "infra/live/publisher.hpp"
#include "infra/live/source.hpp"
#include "infra/pg/test_database.hpp"
#include "infra/redis/client.hpp"
#include "infra/session/viewer.hpp"
#include "infra/write/write.hpp"

// The fixture of the tests of features: a few members and boards, and the services that features use.
namespace ms {

/// A member with the permissions of their role, as in the table role_permissions.
inline session::Viewer test_viewer(std::int64_t id, std::string name, session::Role role,
                                   std::string_view permissions) {
  session::Viewer viewer;
  viewer.id = MemberId{id};
  viewer.name = std::move(name);
  viewer.role = role;
  viewer.permissions = session::Permissions::parse(permissions);
  return viewer;
}
inline constexpr std::string_view kMemberMay = "read,write,comment";
inline const session::Viewer kStaff =
    test_viewer(1, "직원", session::Role::staff, "read,write,comment,notice,delete,admin,members,moderate");
inline const session::Viewer kWriter = test_viewer(2, "김하늘", session::Role::member, kMemberMay);
inline const session::Viewer kReader = test_viewer(3, "이서준", session::Role::member, kMemberMay);
inline const session::Viewer kAdmin = test_viewer(
    4, "관리자", session::Role::admin, "read,write,comment,notice,delete,admin,members,moderate,roles,boards,servers");
inline const session::Viewer kGuest = test_viewer(0, "", session::Role::guest, "read");

/// Before each test: the members above and two boards, one for everybody and one for staff. There is no Redis, unless
/// `redis_config` names one, because features must work without it.
class SiteFixture : public testing::Test {
 protected:
  explicit SiteFixture(const std::string& role = "minschool_site",
                       const redis::Config& redis_config = {.host = "/nonexistent/redis.sock"})
      : db{io, pg::Config{.conninfo = pg::TestDatabase::conninfo(role)}}, redis{io, redis_config} {}

  static void SetUpTestSuite() { pg::TestDatabase::migrate(); }
  void SetUp() override {
    pg::TestDatabase::clear();
    ask(R"(
      insert into users (email, name, password_hash, role) values
        ('staff@test', '직원', '', 2), ('a@test', '김하늘', '', 1), ('b@test', '이서준', '', 1),
        ('admin@test', '관리자', '', 3);
      insert into boards (slug, name, read_role, write_role, comment_role) values
        ('free', '자유게시판', 0, 1, 1), ('staff', '직원 게시판', 2, 2, 2))");
    ASSERT_TRUE(pg::run(io, db.ready(std::chrono::steady_clock::now() + std::chrono::seconds(10))));
  }

  /// Runs statements as the superuser and returns the first cell.
  static std::string ask(const std::string& sql) { return pg::TestDatabase::execute(sql); }
  template <class T>
  T run(async<T> work) {
    return pg::run(io, std::move(work));
  }
  static std::vector<std::int64_t> numbers(const live::ChangeSet& change_set) {
    std::vector<std::int64_t> out;
    for (const live::Change& change : change_set.changes) out.push_back(change.number);
    return out;
  }
  /// What the viewer sees of a change; "-" when nothing.
  static std::string shown(const live::Change& change, const session::Viewer& viewer) {
    const auto variant = change.variant(viewer);
    if (!variant) return "-";
    view::Out out;
    change.render(out, *variant);
    return out.take();
  }

  asio::io_context io{1};
  const Call call{std::chrono::steady_clock::now() + std::chrono::seconds(60), "test"};
  pg::Db db;
  redis::Client redis;
  cache::RedisCache cache{redis, secret::Keyring({"key"})};
  live::Publisher publisher{io, db, redis, secret::Keyring({"key"})};
  write::Writer writer{db, cache, publisher};
};

/// The same, with what features that write need.
class WritingFixture : public SiteFixture {
 protected:
  using SiteFixture::SiteFixture;

  boards::Board board(std::int64_t id = 1) { return *run(boards.all(call))->find(BoardId{id}); }

  limit::Limiter limiter{redis};
  boards::Boards boards{db, [] { return true; }, writer};
  notifications::Notifications notifications{db, cache, limiter, boards, publisher, writer};
};

/// The message key of a refusal; "" for a success.
template <class T>
std::string refused(const Result<T>& result) {
  return result ? "" : std::string(result.error().message.key);
}
/// The code of a refusal; nullopt for a success.
template <class T>
std::optional<ErrorCode> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

}  // namespace ms
