#include "features/comments/threads.hpp"

#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "features/testing/site_fixture.hpp"

namespace ms::comments {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Member 2 wrote post 1.
class ThreadsTest : public WritingFixture {
 protected:
  void SetUp() override {
    WritingFixture::SetUp();
    ask("insert into posts (title, content, author_id, board_id, number) values ('봄 소풍', '본문', 2, 1, 1)");
  }

  /// Writes comments of so many bytes of HTML each, the first of them at the top level and the others below it.
  static void write_thread(int replies, int bytes = 10) {
    ask("insert into comments (post_id, author_id, content, content_html) values (1, 3, 'x', repeat('x', " +
        std::to_string(bytes) + "))");
    ask("insert into comments (post_id, author_id, parent_id, root_id, content, content_html) "
        "select 1, 3, r.id, r.id, 'x', repeat('x', " +
        std::to_string(bytes) + ") from (select max(id) as id from comments) r, generate_series(1, " +
        std::to_string(replies) + ")");
  }
  Threads page(std::int64_t number = 0, std::int64_t from = 0) {
    return run(comments.threads(call, kReader, PostId{1}, number, CommentId{from}));
  }
  static std::vector<std::int64_t> ids(const Threads& threads) {
    std::vector<std::int64_t> out;
    for (const Comment& comment : threads.comments) out.push_back(comment.id.value);
    return out;
  }
  static std::int64_t bytes(const Threads& threads) {
    std::int64_t out = 0;
    for (const Comment& comment : threads.comments) out += std::ssize(comment.content_html.html()) + kItemBytes;
    return out;
  }

  posts::ViewCounter views{db, redis};
  posts::Posts posts{db, cache, boards, views, limiter, writer};
  Comments comments{db, boards, posts, limiter, publisher, writer};
};

TEST_F(ThreadsTest, RepliesStandBelowWhatTheyReplyTo) {
  write_thread(0);
  write_thread(0);
  ask("insert into comments (post_id, author_id, parent_id, root_id, content, content_html) values "
      "(1, 3, 1, 1, 'x', 'x'), (1, 3, 1, 1, 'x', 'x'), (1, 3, 3, 1, 'x', 'x'), (1, 3, 5, 1, 'x', 'x')");
  EXPECT_THAT(ids(page()), ElementsAre(1, 3, 5, 6, 4, 2));
  EXPECT_EQ(page().comments[3].depth, 3);
  // A removed one stays while it has replies.
  ask("update comments set deleted_at = now() where id in (3, 4, 6)");
  EXPECT_THAT(ids(page()), ElementsAre(1, 3, 5, 2));
  ask("update comments set hidden_at = now() where id = 5");
  EXPECT_THAT(ids(page()), ElementsAre(1, 2));
  EXPECT_EQ(page().total, 2);
}

TEST_F(ThreadsTest, APageHasFiftyThreadsAndTheLastOneTheNewest) {
  EXPECT_THAT(ids(page()), IsEmpty());
  EXPECT_EQ(page(7).number, 1);
  for (int i = 0; i < kThreadsPerPage; ++i) write_thread(1);
  EXPECT_EQ(page().last, 1);
  write_thread(2);
  EXPECT_EQ(page().last, 2);
  EXPECT_THAT(ids(page()), ElementsAre(101, 102, 103));
  EXPECT_EQ(page(1).comments.size(), 100U);
  EXPECT_EQ(page(9).number, 2);
  EXPECT_EQ(run(comments.place(call, kReader, CommentId{100}))->page, 1);
  EXPECT_EQ(run(comments.place(call, kReader, CommentId{103}))->page, 2);
}

TEST_F(ThreadsTest, AThreadAndAPageAreBoundedInBytesAndCursorsLeadOn) {
  constexpr int kBytes = 3000;
  constexpr int kReplies = 250;  // more than two reads
  for (int i = 0; i < 8; ++i) write_thread(kReplies, kBytes);
  const Threads first = page(1);
  EXPECT_LE(bytes(first), kPageBytes + kBytes + kItemBytes);
  EXPECT_GT(bytes(first), kPageBytes - kThreadBytes);
  const std::int64_t of_thread = kThreadBytes / (kBytes + kItemBytes) + 1;
  EXPECT_EQ(first.comments[1].cut, CommentId{of_thread + 1});
  EXPECT_TRUE(first.ends_cut(static_cast<std::size_t>(of_thread) - 1));
  // Whoever follows the links reads every comment.
  std::vector<CommentId> next{CommentId()};
  std::set<CommentId> followed;
  std::set<CommentId> seen;
  while (!next.empty()) {
    const CommentId from = next.back();
    next.pop_back();
    if (!followed.insert(from).second) continue;
    const Threads at = page(1, from.value);
    EXPECT_EQ(at.from, from);
    for (std::size_t i = 0; i < at.comments.size(); ++i) {
      seen.insert(at.comments[i].id);
      if (at.ends_cut(i)) next.push_back(at.comments[i].cut);
    }
    if (at.next) next.push_back(at.next);
    ASSERT_LT(followed.size(), 100U);
  }
  EXPECT_EQ(seen.size(), 8U * (kReplies + 1));
}

TEST_F(ThreadsTest, ALinkToACommentOfAnotherPageBeginsNothing) {
  for (int i = 0; i <= kThreadsPerPage; ++i) write_thread(0);
  EXPECT_EQ(page(1, 51).comments.size(), 50U);
  EXPECT_EQ(page(1, 51).from, CommentId());
  EXPECT_EQ(page(1, 4711).comments.size(), 50U);
  EXPECT_THAT(ids(page(1, 49)), ElementsAre(49, 50));
}

TEST_F(ThreadsTest, ANameARoleAndALikeReachTheComments) {
  write_thread(1);
  const auto author = [&] { return page().comments[1].author_name + (page().comments[1].by_staff ? " staff" : ""); };
  EXPECT_EQ(author(), "이서준");
  const std::string before = ask("select events from post_counters where post_id = 1");
  ask("update users set name = '박새봄' where id = 3");
  EXPECT_EQ(author(), "박새봄");
  ask("update users set role = 2 where id = 3");
  EXPECT_EQ(author(), "박새봄 staff");
  ask("update users set suspended_until = now() where id = 3");
  ask("insert into comment_likes (comment_id, user_id) values (2, 3), (2, 2); insert into post_likes values (1, 3)");
  EXPECT_EQ(page().comments[1].likes, 2);
  EXPECT_TRUE(page().comments[1].liked);
  EXPECT_FALSE(page().comments[0].liked);
  ask("delete from comment_likes where user_id = 3");
  EXPECT_EQ(page().comments[1].likes, 1);
  EXPECT_FALSE(page().comments[1].liked);
  EXPECT_EQ(ask("select events - " + before + " from post_counters where post_id = 1"), "6")
      << "each of them is another version of the page";
}

TEST_F(ThreadsTest, ThreadsHaveNoGapsWhenManyWriteAtOnce) {
  constexpr int kWriters = 4;
  constexpr int kEach = 20;
  std::vector<std::jthread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([] {
      for (int n = 0; n < kEach; ++n) write_thread(1);
    });
  }
  writers.clear();
  EXPECT_EQ(ask("select count(distinct thread) || ' ' || max(thread) from comments where parent_id is null"), "80 80");
  EXPECT_EQ(ask("select count(*) from comments c join comments r on r.id = c.root_id where c.thread <> r.thread"), "0");
}

}  // namespace
}  // namespace ms::comments
