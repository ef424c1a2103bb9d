#include "apps/site/pages/post_page_cache.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <thread>

#include "features/testing/site_fixture.hpp"

namespace ms::site {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new pg::TestDatabase("site"));

/// Member 2 wrote post 1 on the board for everybody, between posts 2 and 3, with comment 1 of member 3.
class PostPageCacheTest : public WritingFixture {
 protected:
  void SetUp() override {
    WritingFixture::SetUp();
    ask("insert into posts (id, title, content, content_html, author_id, board_id, number) values "
        "(1, '봄 소풍', '본문', '<p>본문</p>', 2, 1, 2), (2, '이전', '', '', 2, 1, 1), (3, '다음', '', '', 2, 1, 3)");
    write(1);
  }
  static void write(int count) {
    ask("insert into comments (post_id, author_id, content, content_html) select 1, 3, 'x', '<p>댓글</p>' "
        "from generate_series(1, " +
        std::to_string(count) + ")");
  }

  PostPageCache make(std::chrono::milliseconds ttl, std::size_t max_bytes = 1 << 20) {
    return {db, posts, comments, likes, {.ttl = ttl, .max_bytes = max_bytes}};
  }
  PostPageData read(PostPageCache& pages, const session::Viewer& viewer = kReader, bool bypass = false,
                    std::int64_t id = 1) {
    const auto found = run(pages.read(call, bypass, viewer, PostId{id}, 0, CommentId()));
    EXPECT_TRUE(found);
    return found.value_or(PostPageData{});
  }
  ErrorCode refusal(PostPageCache& pages, const session::Viewer& viewer = kReader, std::int64_t id = 1) {
    return code_of(run(pages.read(call, false, viewer, PostId{id}, 0, CommentId()))).value_or(ErrorCode());
  }
  std::size_t count(PostPageCache& pages) { return read(pages).threads->comments.size(); }
  /// Lets the comparing run for a moment.
  void compare(PostPageCache& pages, std::chrono::milliseconds time) {
    io.restart();
    asio::co_spawn(io, pages.run(), asio::detached);
    io.run_for(time);
  }

  posts::ViewCounter views{db, redis};
  posts::Posts posts{db, cache, boards, views, limiter, writer};
  comments::Comments comments{db, boards, posts, limiter, publisher, writer};
  likes::Likes likes{db, boards, limiter, writer};
};

TEST_F(PostPageCacheTest, APostIsKeptUntilAPublicationConcernsIt) {
  PostPageCache pages = make(1h);
  EXPECT_EQ(count(pages), 1U);
  write(1);  // by another server, whose publication is on its way
  EXPECT_EQ(count(pages), 1U);
  EXPECT_EQ(read(pages, kReader, true).threads->comments.size(), 2U) << "who wrote it sees it at once";
  pages.invalidate(PostId{1});
  EXPECT_EQ(count(pages), 2U);
}

TEST_F(PostPageCacheTest, APublicationThatIsLostCostsTheTimeToLive) {
  PostPageCache pages = make(20ms);
  EXPECT_EQ(count(pages), 1U);
  const auto first = read(pages).threads;
  std::this_thread::sleep_for(30ms);
  EXPECT_EQ(read(pages).threads, first) << "what did not change is not read again";
  write(1);
  std::this_thread::sleep_for(30ms);
  EXPECT_EQ(count(pages), 2U);
}

TEST_F(PostPageCacheTest, EachChangeOfWhatAPageShowsIsAnotherVersion) {
  PostPageCache pages = make(1h);
  const auto changes = {
      "update comments set content = 'y', content_html = '<p>고침</p>' where id = 1",
      "update comments set hidden_at = now() where id = 1",
      "update comments set hidden_at = null where id = 1",
      "insert into comment_likes (comment_id, user_id) values (1, 2)",
      "delete from comment_likes",
      "insert into post_likes (post_id, user_id) values (1, 3)",
      "delete from post_likes",
      "update users set name = '박새봄' where id = 3",
      "update users set role = 2 where id = 2",
      "update posts set title = '가을 소풍' where id = 1",
      "select ms_pages_changed(array[1])",
  };
  for (const char* change : changes) {
    const auto before = read(pages);
    ask(change);
    EXPECT_EQ(read(pages).threads, before.threads);
    pages.compare_all();
    EXPECT_NE(read(pages).threads, before.threads) << change;
    pages.compare_all();
  }
  EXPECT_EQ(read(pages).threads->comments[0].author_name, "박새봄");
  EXPECT_EQ(read(pages).reading->post.title, "가을 소풍");
}

TEST_F(PostPageCacheTest, TheVersionsOfPostsThatAreReadAreCompared) {
  PostPageCache pages = make(100ms);
  read(pages);
  const auto before = read(pages);
  ask("update post_counters set views = 7 where post_id = 1");
  compare(pages, 300ms);
  EXPECT_EQ(read(pages).views, 7);
  EXPECT_EQ(read(pages).threads, before.threads);
  write(1);
  compare(pages, 300ms);
  EXPECT_EQ(count(pages), 2U);
}

TEST_F(PostPageCacheTest, APostThatWasReadOnceIsComparedAtItsNextRead) {
  PostPageCache pages = make(1s);
  read(pages);
  read(pages);
  read(pages, kReader, false, 2);
  compare(pages, 1600ms);
  const Call no_time(std::chrono::steady_clock::now() - 1s, "test");
  EXPECT_TRUE(run(pages.read(no_time, false, kReader, PostId{1}, 0, CommentId())));
  EXPECT_ANY_THROW(static_cast<void>(run(pages.read(no_time, false, kReader, PostId{2}, 0, CommentId()))));
}

TEST_F(PostPageCacheTest, APostThatIsGoneOrClosedIsNotShown) {
  PostPageCache pages = make(1h);
  EXPECT_EQ(count(pages), 1U);
  ask("update boards set read_role = 2 where id = 1");
  boards.changed();
  EXPECT_EQ(refusal(pages), ErrorCode::not_found) << "rights are asked for each request";
  EXPECT_EQ(read(pages, kStaff).threads->comments.size(), 1U);
  ask("update boards set read_role = 0 where id = 1; update posts set deleted_at = now() where id = 1");
  boards.changed();
  pages.compare_all();
  EXPECT_EQ(refusal(pages), ErrorCode::not_found);
  ask("update posts set deleted_at = null where id = 1");
  EXPECT_EQ(refusal(pages), ErrorCode::not_found) << "that it is gone is kept too";
  pages.invalidate(PostId{1});
  EXPECT_EQ(count(pages), 1U);
  EXPECT_EQ(refusal(pages, kReader, 4), ErrorCode::not_found);
  ask("insert into posts (id, title, author_id, board_id, number) values (4, '새 글', 2, 1, 4)");
  pages.invalidate(BoardId{1});
  EXPECT_EQ(read(pages, kReader, false, 4).reading->post.title, "새 글");
}

TEST_F(PostPageCacheTest, NeighboursFollowTheirBoard) {
  PostPageCache pages = make(1h);
  const auto around = [&] {
    const auto data = read(pages);
    const auto title = [](const auto& one) { return one ? one->title : std::string("-"); };
    return title(data.reading->older) + " " + title(data.reading->newer);
  };
  EXPECT_EQ(around(), "이전 다음");
  const auto threads = read(pages).threads;
  ask("update posts set title = '그다음' where id = 3; update posts set hidden_at = now() where id = 2");
  pages.invalidate(BoardId{2});
  EXPECT_EQ(around(), "이전 다음");
  pages.invalidate(BoardId{1});
  EXPECT_EQ(around(), "- 그다음");
  EXPECT_EQ(read(pages).threads, threads) << "the post itself is not read again";
}

TEST_F(PostPageCacheTest, WhoLikesWhatIsTheViewersOwn) {
  PostPageCache pages = make(1h);
  ask("insert into comment_likes (comment_id, user_id) values (1, 2); insert into post_likes (post_id, user_id) values "
      "(1, 3)");
  EXPECT_THAT(read(pages, kWriter).liked, ElementsAre(1));
  EXPECT_THAT(read(pages, kReader).liked, ElementsAre(0));
  EXPECT_THAT(read(pages, kGuest).liked, IsEmpty());
  ask("delete from post_likes");
  pages.invalidate(PostId{1});
  EXPECT_THAT(read(pages, kReader).liked, IsEmpty());
}

TEST_F(PostPageCacheTest, MemoryIsBounded) {
  PostPageCache pages = make(1h, 20'000);
  for (int i = 0; i < 3; ++i) {
    for (const std::int64_t id : {1, 2, 3}) read(pages, kReader, false, id);
  }
  write(40);
  pages.invalidate(PostId{1});
  EXPECT_EQ(count(pages), 41U);
  EXPECT_LE(pages.cache_stats()[0].bytes, 20'000U);
  EXPECT_GT(pages.cache_stats()[0].hits, 0U);
}

}  // namespace
}  // namespace ms::site
