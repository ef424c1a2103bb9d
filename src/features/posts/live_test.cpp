#include <gmock/gmock.h>

#include <thread>

#include "features/notifications/notifications.hpp"
#include "features/posts/posts.hpp"
#include "infra/limit/limiter.hpp"
#include "infra/live/publisher.hpp"
#include "infra/pg/test_database.hpp"

namespace ms::posts {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;
using session::Role;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("posts"));

constexpr const char* kRows = R"(
  truncate users, boards, posts, comments, audit_log, post_counters, idempotency_keys restart identity cascade;
  insert into users (email, name, password_hash, role) values ('a@test', '김하늘', '', 1), ('b@test', '이서준', '', 1);
  insert into boards (slug, name) values ('free', '자유게시판'), ('notice', '공지사항');
)";

session::Viewer viewer(std::int64_t id, Role role, std::string_view permissions) {
  session::Viewer viewer;
  viewer.id = MemberId{id};
  viewer.role = role;
  viewer.permissions = session::Permissions::parse(permissions);
  return viewer;
}
const session::Viewer kWriter = viewer(1, Role::member, "read,write,comment");
const session::Viewer kReader = viewer(2, Role::member, "read,write,comment");
const session::Viewer kGuest = viewer(0, Role::guest, "read");

class LiveBoardTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }
  void SetUp() override {
    ask(kRows);
    ASSERT_TRUE(pg::run(io, db.ready(std::chrono::steady_clock::now() + 10s)));
  }

  static std::string ask(const std::string& sql) { return TestDatabase::execute(sql); }
  boards::Board board(std::int64_t id) { return *pg::run(io, boards.all(call))->find(BoardId{id}); }
  PostId write(const std::string& title) {
    return pg::run(io, posts.write(call, kWriter, board(1), {title, "본문", false})).value();
  }
  live::ChangeSet since(std::int64_t number) { return pg::run(io, live_.since(call, 1, number)); }
  static std::vector<std::int64_t> numbers(const live::ChangeSet& news) {
    std::vector<std::int64_t> out;
    for (const live::Change& change : news.changes) out.push_back(change.number);
    return out;
  }
  static std::string shown(const live::Change& change, const session::Viewer& viewer) {
    const auto variant = change.variant(viewer);
    if (!variant) return "-";
    view::Out out;
    change.render(out, *variant);
    return out.take();
  }

  asio::io_context io{1};
  const Call call{std::chrono::steady_clock::now() + 60s, "test"};
  pg::Db db{io, pg::Config{.conninfo = TestDatabase::conninfo("minschool_site")}};
  // No Redis is there: nothing of this may depend on it.
  redis::Client redis{io, redis::Config{.host = "/nonexistent/redis.sock"}};
  cache::RedisCache cache{io, redis, secret::Keyring({"key"})};
  live::Publisher publisher{io, db, redis, secret::Keyring({"key"})};
  boards::Boards boards{db, [] { return true; }};
  limit::Limiter limiter{redis};
  notifications::Notifications notifications{db, cache, limiter, boards, publisher};
  ViewCounter views{db, redis};
  Posts posts{db, cache, boards, notifications, views, publisher, limiter};
  LiveBoard live_{db, boards};
};

TEST_F(LiveBoardTest, GivesNewPostsThatCanBeSeen) {
  EXPECT_EQ(since(0).number, 0);
  EXPECT_THAT(since(0).changes, IsEmpty());
  write("첫 글");
  const PostId second = write("둘째 글");
  write("셋째 글");
  EXPECT_THAT(numbers(since(0)), ElementsAre(1, 2, 3));
  EXPECT_THAT(numbers(since(1)), ElementsAre(2, 3));
  EXPECT_THAT(since(3).changes, IsEmpty());
  ASSERT_TRUE(pg::run(io, posts.remove(call, kWriter, second, "")));
  EXPECT_THAT(numbers(since(0)), ElementsAre(1, 3));
  EXPECT_EQ(since(0).number, 3);
  ASSERT_TRUE(pg::run(io, posts.remove(call, kWriter, PostId{3}, "")));
  EXPECT_THAT(numbers(since(0)), ElementsAre(1));
  EXPECT_EQ(since(0).number, 3);
  EXPECT_EQ(pg::run(io, posts.page(call, board(1), 1)).newest, 3);
}

TEST_F(LiveBoardTest, TellsThoseWhoMayReadTheBoard) {
  write("첫 글");
  EXPECT_EQ(shown(since(0).changes[0], kGuest), R"(<turbo-stream action="news" board="1" number="1"></turbo-stream>)");
  ask("update boards set read_role = 1 where id = 1");
  boards.changed();
  EXPECT_EQ(shown(since(0).changes[0], kGuest), "-");
  EXPECT_NE(shown(since(0).changes[0], kReader), "-");
}

TEST_F(LiveBoardTest, SaysWhenThereIsMoreThanItGives) {
  for (int i = 0; i < 2; ++i) {
    ask("with next as (update boards set last_number = last_number + 100 where id = 1 returning last_number) insert "
        "into "
        "posts (title, author_id, board_id, number) select 'x', 1, 1, last_number - 100 + n from next, "
        "generate_series(1, "
        "100) n");
    EXPECT_EQ(since(0).number, 100 * (i + 1));
    EXPECT_THAT(since(0).changes, SizeIs(live::kMaxChanges));
    EXPECT_EQ(since(0).more, i == 1);
  }
}

TEST_F(LiveBoardTest, WhoReadsWhileManyWriteMissesNothing) {
  constexpr int kWriters = 6;
  constexpr int kEach = 12;
  std::vector<std::jthread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([] {
      for (int n = 0; n < kEach; ++n) {
        // One transaction, which ends in another order than it began; as posts::store::insert writes.
        ask("select pg_sleep(random() * 0.004); with next as (update boards set last_number = last_number + 1 where id "
            "= 1 "
            "returning last_number) insert into posts (title, author_id, board_id, number) select 'x', 1, 1, "
            "last_number "
            "from next; select pg_sleep(random() * 0.004)");
      }
    });
  }
  std::int64_t known = 0;
  while (known < kWriters * kEach) {
    const live::ChangeSet news = since(known);
    ASSERT_EQ(std::ssize(news.changes), news.number - known);
    for (const live::Change& change : news.changes) ASSERT_EQ(change.number, ++known);
  }
}

TEST_F(LiveBoardTest, TellsWhereBoardsStandAndWhoMayFollow) {
  write("첫 글");
  const auto marks = pg::run(io, live_.numbers(call, {2, 1, 99}));
  EXPECT_THAT(marks, testing::UnorderedElementsAre(live::Position{{'b', 1}, 1}, live::Position{{'b', 2}, 0}));
  const auto code = [&](const session::Viewer& viewer, std::int64_t id) {
    const auto done = pg::run(io, live_.may_follow(call, viewer, id));
    return done ? 200 : static_cast<int>(done.error().code);
  };
  EXPECT_EQ(code(kGuest, 1), 200);
  EXPECT_EQ(code(kGuest, 99), 404);
  ask("update boards set read_role = 2 where id = 1");
  boards.changed();
  EXPECT_EQ(code(kGuest, 1), 404);
  EXPECT_EQ(code(kReader, 1), 404);
}

}  // namespace
}  // namespace ms::posts
