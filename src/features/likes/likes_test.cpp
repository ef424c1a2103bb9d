#include "features/likes/likes.hpp"

#include <gmock/gmock.h>

#include "features/testing/site_fixture.hpp"

namespace ms::likes {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new pg::TestDatabase("likes"));

/// Member 2 wrote post 1 with comment 1 of member 3; post 2 is on the board of staff.
class LikesTest : public WritingFixture {
 protected:
  void SetUp() override {
    WritingFixture::SetUp();
    ask(R"(
      insert into posts (title, content, author_id, board_id, number) values
        ('봄 소풍', '본문', 2, 1, 1), ('회의', '본문', 1, 2, 1);
      insert into comments (post_id, author_id, content, content_html) values (1, 3, '좋아요', '<p>좋아요</p>'))");
  }
  template <class Id>
  Result<Liked> set(const session::Viewer& viewer, Id id, bool liked = true) {
    const auto found = run(likes.find(call, viewer, id));
    if (!found) return Unexpected(found.error());
    return run(likes.set(call, viewer, *found, liked));
  }

  Likes likes{db, boards, limiter, writer};
};

TEST_F(LikesTest, AMemberLikesOnlyOnce) {
  const auto first = set(kReader, PostId{1});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->likes, 1);
  EXPECT_TRUE(first->liked);
  EXPECT_EQ(set(kReader, PostId{1})->likes, 1) << "what is so already stays so";
  EXPECT_EQ(set(kStaff, PostId{1})->likes, 2);
  EXPECT_EQ(ask("select likes from post_counters where post_id = 1"), "2");
  const auto back = set(kReader, PostId{1}, false);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->likes, 1);
  EXPECT_FALSE(back->liked);
}

TEST_F(LikesTest, TwoTabsAtTheSameMomentAreOneLike) {
  const auto found = run(likes.find(call, kReader, PostId{1}));
  ASSERT_TRUE(found);
  ASSERT_TRUE(run(likes.set(call, kReader, *found, true)));
  const auto again = run(likes.set(call, kReader, *found, true));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->likes, 1);
  EXPECT_TRUE(again->liked);
}

TEST_F(LikesTest, CommentsAndPostsAreCountedSeparately) {
  ASSERT_TRUE(set(kWriter, CommentId{1}));
  ASSERT_TRUE(set(kReader, PostId{1}));
  EXPECT_EQ(run(likes.find(call, kGuest, CommentId{1}))->likes, 1);
  EXPECT_THAT(run(likes.of(call, kWriter.id, PostId{1})), ElementsAre(1));
  EXPECT_THAT(run(likes.of(call, kReader.id, PostId{1})), ElementsAre(0));
  const Likers all = run(likes.likers(call, PostId{1}));
  EXPECT_TRUE(all.complete);
  EXPECT_THAT(all.of(kWriter.id), ElementsAre(1));
  EXPECT_THAT(all.of(kReader.id), ElementsAre(0));
  EXPECT_THAT(all.of(kStaff.id), IsEmpty());
}

TEST_F(LikesTest, GuestsAndMembersWithoutTheRightToReadAreRefused) {
  const auto found = run(likes.find(call, kGuest, PostId{1}));
  ASSERT_TRUE(found);
  EXPECT_THAT(code_of(run(likes.set(call, kGuest, *found, true))), Optional(ErrorCode::unauthenticated));
  EXPECT_THAT(code_of(run(likes.find(call, kReader, PostId{2}))), Optional(ErrorCode::not_found));
  EXPECT_THAT(code_of(run(likes.find(call, kReader, CommentId{99}))), Optional(ErrorCode::not_found));
  EXPECT_EQ(ask("select count(*) from post_likes"), "0");
}

TEST_F(LikesTest, APostThatWasHiddenMeanwhileIsNotLiked) {
  const auto post = run(likes.find(call, kReader, PostId{1}));
  const auto comment = run(likes.find(call, kWriter, CommentId{1}));
  ask("update posts set hidden_at = now() where id = 1");
  EXPECT_THAT(code_of(run(likes.set(call, kReader, *post, true))), Optional(ErrorCode::not_found));
  EXPECT_THAT(code_of(run(likes.set(call, kWriter, *comment, true))), Optional(ErrorCode::not_found));
  EXPECT_EQ(ask("select count(*) from post_likes") + ask("select count(*) from comment_likes"), "00");
}

TEST_F(LikesTest, ANewLikeNotifiesTheAuthorUnlessTheyLikeTheirOwn) {
  ASSERT_TRUE(set(kWriter, PostId{1}));
  EXPECT_EQ(ask("select count(*) from notifications"), "0");
  ASSERT_TRUE(set(kReader, PostId{1}));
  EXPECT_EQ(ask("select string_agg(user_id::text, ',') from notifications"), "2");
}

}  // namespace
}  // namespace ms::likes
