#include <gmock/gmock.h>

#include <thread>

#include "features/posts/posts.hpp"
#include "features/testing/site_fixture.hpp"

namespace ms::posts {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("posts"));

class LiveBoardTest : public WritingFixture {
 protected:
  PostId write(const std::string& title) {
    return pg::run(io, posts.write(call, kWriter, board(1), {title, "본문", false})).value();
  }
  live::ChangeSet since(std::int64_t number) { return pg::run(io, live_.since(call, 1, number)); }

  ViewCounter views{db, redis};
  Posts posts{db, cache, boards, views, limiter, writer};
  LiveBoard live_{db, boards};
};

TEST_F(LiveBoardTest, ReturnsNewVisiblePosts) {
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

TEST_F(LiveBoardTest, SendsChangesToViewersWhoMayReadTheBoard) {
  write("첫 글");
  EXPECT_EQ(shown(since(0).changes[0], kGuest), R"(<turbo-stream action="news" board="1" number="1"></turbo-stream>)");
  ask("update boards set read_role = 1 where id = 1");
  boards.changed();
  EXPECT_EQ(shown(since(0).changes[0], kGuest), "-");
  EXPECT_NE(shown(since(0).changes[0], kReader), "-");
}

TEST_F(LiveBoardTest, ReportsThatThereAreMoreChanges) {
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

TEST_F(LiveBoardTest, ConcurrentWritesLoseNoChange) {
  constexpr int kWriters = 6;
  constexpr int kEach = 12;
  std::vector<std::jthread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([] {
      for (int n = 0; n < kEach; ++n) {
        // One transaction, as posts::store::insert writes it; the transactions commit in another order than they begin.
        ask("select pg_sleep(random() * 0.004); with next as (update boards set last_number = last_number + 1 where id "
            "= 1 "
            "returning last_number) insert into posts (title, author_id, board_id, number) select 'x', 1, 1, "
            "last_number "
            "from next; select pg_sleep(random() * 0.004)");
      }
    });
  }
  std::int64_t position = 0;
  while (position < kWriters * kEach) {
    const live::ChangeSet change_set = since(position);
    ASSERT_EQ(std::ssize(change_set.changes), change_set.number - position);
    for (const live::Change& change : change_set.changes) ASSERT_EQ(change.number, ++position);
  }
}

TEST_F(LiveBoardTest, ReturnsPositionsAndChecksWhoMayFollow) {
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
