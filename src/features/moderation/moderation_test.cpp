#include "features/moderation/moderation.hpp"

#include <gmock/gmock.h>

#include "features/moderation/store.hpp"
#include "features/testing/site_fixture.hpp"

namespace ms::moderation {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new pg::TestDatabase("moderation"));

// Of the members 김하늘 (2) and 이서준 (3), on the boards 1 and 2.
constexpr const char* kRows = R"(
  insert into posts (title, content, author_id, board_id, number) values
    ('봄 소풍', '100% 무료입니다', 2, 1, 1), ('여름 캠프', '10,000원', 2, 2, 1), ('가을 운동회', 'A_B 조', 3, 2, 2);
  insert into comments (post_id, author_id, content, content_html) values
    (1, 2, '좋아요', '<p>좋아요</p>'), (1, 3, '갈게요', '<p>갈게요</p>'), (2, 3, '좋아요', '<p>좋아요</p>');
)";

class ModerationTest : public WritingFixture {
 protected:
  ModerationTest() : WritingFixture("minschool_admin") {}
  void SetUp() override {
    WritingFixture::SetUp();
    ask(kRows);
  }

  std::vector<std::int64_t> posts(Search search) {
    std::vector<std::int64_t> ids;
    for (const PostRow& row : run(moderation.posts(call, kStaff, std::move(search)))) ids.push_back(row.id.value);
    return ids;
  }
  std::vector<std::int64_t> comments(Search search) {
    std::vector<std::int64_t> ids;
    for (const CommentRow& row : run(moderation.comments(call, kStaff, std::move(search)))) ids.push_back(row.id.value);
    return ids;
  }
  std::optional<PostDetail> file(std::int64_t id) { return run(moderation.post(call, kStaff, PostId{id})); }
  template <class Id>
  Result<std::int64_t> act(Act what, std::vector<Id> ids, std::string reason = "광고",
                           const session::Viewer& viewer = kStaff) {
    return run(moderation.act(call, viewer, what, std::move(ids), std::move(reason)));
  }

  Moderation moderation{db, writer};
};

TEST_F(ModerationTest, FindsPostsOfAllBoardsNewestFirst) {
  EXPECT_THAT(posts({}), ElementsAre(3, 2, 1));
  EXPECT_THAT(posts({.before = 3}), ElementsAre(2, 1));
  EXPECT_THAT(posts({.text = "소풍"}), ElementsAre(1));
  EXPECT_THAT(posts({.text = "무료"}), ElementsAre(1));
  EXPECT_THAT(posts({.author = "김"}), ElementsAre(2, 1));
  EXPECT_THAT(posts({.board = BoardId{2}}), ElementsAre(3, 2));
  EXPECT_THAT(posts({.author = "김", .board = BoardId{2}}), ElementsAre(2));
}

TEST_F(ModerationTest, WildcardsAreEscaped) {
  EXPECT_THAT(posts({.text = "0%"}), ElementsAre(1));
  EXPECT_THAT(posts({.text = "a_b"}), ElementsAre(3));
  EXPECT_THAT(posts({.text = "\\"}), IsEmpty());
  EXPECT_THAT(posts({.text = "'; drop table posts; --"}), IsEmpty());
  EXPECT_EQ(store::anywhere("5%_\\"), "%5\\%\\_\\\\%");
}

TEST_F(ModerationTest, HidesDeletesAndRestores) {
  EXPECT_EQ(act<PostId>(Act::hide, {PostId{1}}), 1);
  EXPECT_THAT(posts({.state = State::hidden}), ElementsAre(1));
  EXPECT_EQ(ask("select visible_posts from boards where id = 1"), "0");
  EXPECT_EQ(ask("select hidden_by || hidden_reason from posts where id = 1"), "1광고");
  EXPECT_EQ(act<PostId>(Act::remove, {PostId{1}}), 1);
  EXPECT_THAT(posts({.state = State::deleted}), ElementsAre(1));
  EXPECT_THAT(posts({.state = State::hidden}), IsEmpty());
  EXPECT_EQ(act<PostId>(Act::restore, {PostId{1}}), 1);
  EXPECT_THAT(posts({.state = State::visible}), ElementsAre(3, 2, 1));
  EXPECT_EQ(ask("select visible_posts from boards where id = 1"), "1");
  EXPECT_EQ(ask("select hidden_reason is null and hidden_by is null from posts where id = 1"), "t");
}

TEST_F(ModerationTest, LogsOnlyTheChangedRows) {
  ASSERT_EQ(act<PostId>(Act::hide, {PostId{1}}, " 첫째 "), 1);
  EXPECT_EQ(act<PostId>(Act::hide, {PostId{1}, PostId{2}, PostId{99}}, "둘째"), 1);
  EXPECT_EQ(ask("select string_agg(action || subject_kind || subject_id || reason || detail, ' ' order by id) from "
                "audit_log"),
            "hidepost1첫째봄 소풍 hidepost2둘째여름 캠프");
  const auto page = file(1);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->history.size(), 1u);
  EXPECT_EQ(page->history[0].actor_name, "직원");
  EXPECT_EQ(page->row.state(), State::hidden);
  EXPECT_FALSE(file(99));
  EXPECT_FALSE(file(0));
}

TEST_F(ModerationTest, RefusesAndChangesNothing) {
  const auto code = [](const Result<std::int64_t>& done) { return done ? ErrorCode::internal : done.error().code; };
  EXPECT_EQ(code(act<PostId>(Act::hide, {PostId{1}}, "  ")), ErrorCode::invalid);
  EXPECT_EQ(code(act<PostId>(Act::hide, {PostId{1}}, std::string(audit::kReasonLimit + 1, 'a'))), ErrorCode::invalid);
  EXPECT_EQ(code(act<PostId>(Act::hide, {})), ErrorCode::invalid);
  EXPECT_EQ(code(act<PostId>(Act::restore, {PostId{1}})), ErrorCode::conflict);
  EXPECT_EQ(code(act<PostId>(Act::hide, {PostId{99}})), ErrorCode::conflict);
  session::Viewer member = kStaff;
  member.permissions = session::Permissions::parse("read,write,comment");
  for (const Act what : {Act::hide, Act::restore, Act::remove}) {
    EXPECT_EQ(code(act<PostId>(what, {PostId{1}}, "광고", member)), ErrorCode::forbidden);
  }
  session::Viewer moderator = kStaff;
  moderator.permissions = session::Permissions::parse("moderate");
  EXPECT_EQ(code(act<PostId>(Act::remove, {PostId{1}}, "광고", moderator)), ErrorCode::forbidden);
  EXPECT_EQ(ask("select count(*) from audit_log"), "0");
  EXPECT_EQ(ask("select count(*) from posts where visible"), "3");
}

TEST_F(ModerationTest, CommentsAreFoundAndActedOnAlike) {
  EXPECT_THAT(comments({.text = "좋아"}), ElementsAre(3, 1));
  EXPECT_THAT(comments({.post = PostId{1}}), ElementsAre(2, 1));
  EXPECT_THAT(comments({.author = "이서준", .board = BoardId{2}}), ElementsAre(3));
  EXPECT_EQ((act<CommentId>(Act::hide, {CommentId{1}, CommentId{2}})), 2);
  EXPECT_EQ(ask("select comments from post_counters where post_id = 1"), "0");
  EXPECT_THAT(comments({.state = State::hidden}), ElementsAre(2, 1));
  EXPECT_EQ((act<CommentId>(Act::remove, {CommentId{1}})), 1);
  EXPECT_EQ((act<CommentId>(Act::restore, {CommentId{1}, CommentId{2}})), 2);
  EXPECT_EQ(ask("select comments from post_counters where post_id = 1"), "2");
  EXPECT_EQ(ask("select count(*) from audit_log where subject_kind = 'comment'"), "5");
}

TEST_F(ModerationTest, ABoardThatStaffMayNotReadDoesNotExistForThem) {
  ask("update boards set read_role = 3 where id = 2");
  EXPECT_THAT(posts({}), ElementsAre(1));
  EXPECT_THAT(posts({.text = "캠프"}), IsEmpty());
  EXPECT_THAT(comments({}), ElementsAre(2, 1));
  EXPECT_FALSE(file(2));
  EXPECT_EQ((act<PostId>(Act::hide, {PostId{1}, PostId{2}})), 1);
  EXPECT_EQ((act<CommentId>(Act::hide, {CommentId{1}, CommentId{3}})), 1);
  EXPECT_EQ(ask("select string_agg(id::text, ' ' order by id) from posts where not visible"), "1");
  EXPECT_EQ(ask("select string_agg(id::text, ' ' order by id) from comments where not visible"), "1");
}

TEST_F(ModerationTest, ARowDeletedByItsAuthorStaysDeletedAndUnreadable) {
  EXPECT_EQ(act<PostId>(Act::hide, {PostId{1}}, "광고"), 1);
  EXPECT_EQ(act<PostId>(Act::restore, {PostId{1}}, "실수"), 1);
  ask("update posts set deleted_at = now(), deleted_by = 2 where id = 1");
  ask("update comments set deleted_at = now(), deleted_by = 3 where id = 3");
  EXPECT_THAT(posts({.state = State::withdrawn}), ElementsAre(1));
  EXPECT_THAT(posts({.state = State::deleted}), IsEmpty());
  EXPECT_THAT(posts({.text = "소풍"}), IsEmpty());
  EXPECT_THAT(comments({.text = "좋아"}), ElementsAre(1));
  const auto page = file(1);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->row.title, "");
  EXPECT_EQ(page->content_html.html(), "");
  ASSERT_EQ(page->history.size(), 2u);
  for (const audit::Entry& entry : page->history) {
    EXPECT_EQ(entry.detail, "");
    EXPECT_NE(entry.reason, "");
  }
  EXPECT_FALSE(act<PostId>(Act::restore, {PostId{1}}));
  EXPECT_FALSE(act<CommentId>(Act::restore, {CommentId{3}}));
  EXPECT_FALSE(act<PostId>(Act::remove, {PostId{1}}));
  EXPECT_EQ(ask("select count(*) from posts where visible"), "2");
}

}  // namespace
}  // namespace ms::moderation
