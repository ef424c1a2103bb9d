#include <gmock/gmock.h>

#include <thread>

#include "features/comments/comments.hpp"
#include "features/testing/site_fixture.hpp"

namespace ms::comments {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("comments"));

// Member 2 wrote post 1, on the board for everybody; post 2 is on the one for staff.
class LivePostTest : public WritingFixture {
 protected:
  void SetUp() override {
    WritingFixture::SetUp();
    ask("insert into posts (title, content, author_id, board_id, number) values "
        "('봄 소풍', '본문', 2, 1, 1), ('회의', '본문', 1, 2, 1)");
  }

  static std::string write(std::int64_t post, std::int64_t author, const std::string& parent = "null") {
    return ask("insert into comments (post_id, author_id, parent_id, root_id, content, content_html) values (" +
               std::to_string(post) + ", " + std::to_string(author) + ", " + parent + ", " + parent +
               ", '좋아요', '<p>좋아요</p>') returning id");
  }
  live::ChangeSet since(std::int64_t number, std::int64_t post = 1) {
    return pg::run(io, live_.since(call, post, number));
  }

  posts::ViewCounter views{db, redis};
  posts::Posts posts{db, cache, boards, views, limiter, writer};
  Comments comments{db, boards, posts, limiter, publisher, writer};
  LivePost live_{db, boards, posts};
};

TEST_F(LivePostTest, EveryChangeHasANumberAndOnlyTheLatestIsReturned) {
  EXPECT_EQ(since(0).number, 0);
  EXPECT_THAT(since(0).changes, IsEmpty());
  write(1, 2);
  write(1, 3);
  EXPECT_EQ(since(0).number, 2);
  EXPECT_THAT(numbers(since(0)), ElementsAre(1, 2));
  EXPECT_THAT(numbers(since(1)), ElementsAre(2));
  EXPECT_THAT(since(2).changes, IsEmpty());

  ask("update comments set content = '고침', content_html = '<p>고침</p>', updated_at = now() where id = 1");
  const live::ChangeSet edited = since(2);
  EXPECT_EQ(edited.number, 3);
  ASSERT_THAT(numbers(edited), ElementsAre(3));
  EXPECT_THAT(shown(edited.changes[0], kGuest),
              AllOf(HasSubstr("<p>고침</p>"), HasSubstr("comment=\"1\""), Not(HasSubstr("announce"))));
  // A subscription at an older position gets only the current state.
  EXPECT_THAT(numbers(since(0)), ElementsAre(2, 3));

  for (const char* gone : {"hidden_at", "deleted_at"}) {
    ask(std::string("update comments set ") + gone + " = now() where id = 1");
    const live::ChangeSet removed = since(edited.number);
    ASSERT_THAT(removed.changes, SizeIs(1));
    EXPECT_THAT(shown(removed.changes[0], kGuest),
                AllOf(HasSubstr("comment-gone"), HasSubstr("data-comment=\"1\""), Not(HasSubstr("고침"))));
    EXPECT_THAT(shown(removed.changes[0], kGuest), HasSubstr("<template>1</template>"));  // visible ones
    ask(std::string("update comments set ") + gone + " = null where id = 1");
    const live::ChangeSet back = since(removed.number);
    ASSERT_THAT(back.changes, SizeIs(1));
    EXPECT_THAT(shown(back.changes[0], kGuest), HasSubstr("<p>고침</p>"));
    EXPECT_THAT(shown(back.changes[0], kGuest), HasSubstr("<template>2</template>"));
  }
  EXPECT_EQ(since(0).number, 7);
}

TEST_F(LivePostTest, ViewersGetWhatTheirPageWouldShow) {
  write(1, 2);
  write(1, 3, "1");
  const auto change_set = since(0);
  ASSERT_THAT(change_set.changes, SizeIs(2));
  const live::Change& first = change_set.changes[0];
  const auto has = [](std::string_view part) { return HasSubstr(std::string(part)); };
  const std::string reply = "data-action=\"reply#open\"", edit = "/comments/1/edit", remove = "/comments/1/delete";
  EXPECT_THAT(shown(first, kGuest), AllOf(Not(has(reply)), Not(has(edit)), Not(has(remove)), has("announce")));
  EXPECT_THAT(shown(first, kReader), AllOf(has(reply), Not(has(edit)), Not(has(remove)), has("announce")));
  EXPECT_THAT(shown(first, kStaff), AllOf(has(reply), Not(has(edit)), has(remove), has("announce")));
  EXPECT_THAT(shown(first, kWriter), AllOf(has(reply), has(edit), has(remove), Not(has("announce"))));
  EXPECT_THAT(shown(first, kGuest), Not(has("parent=")));
  EXPECT_THAT(shown(change_set.changes[1], kGuest), AllOf(has(" parent=\"1\""), has("data-parent=\"1\"")));

  ask("update boards set comment_role = 2 where id = 1");
  boards.changed();
  EXPECT_THAT(shown(since(0).changes[0], kReader), Not(has(reply)));
  EXPECT_THAT(shown(since(0).changes[0], kStaff), has(reply));
  ask("update boards set read_role = 1 where id = 1");
  boards.changed();
  EXPECT_EQ(shown(since(0).changes[0], kGuest), "-");
  EXPECT_NE(shown(since(0).changes[0], kReader), "-");
}

TEST_F(LivePostTest, AChangedPostIsAnnouncedAndAHiddenPostHidesItsComments) {
  write(1, 2);
  ask("update posts set title = '가을 소풍' where id = 1");
  ASSERT_THAT(numbers(since(1)), ElementsAre(2));
  EXPECT_THAT(shown(since(1).changes[0], kGuest),
              AllOf(HasSubstr("post-note-1"), HasSubstr("href=\"/boards/free/1\"")));
  ask("update posts set hidden_at = now() where id = 1");
  const live::ChangeSet gone = since(0);
  EXPECT_EQ(gone.number, 3);
  ASSERT_THAT(numbers(gone), ElementsAre(3));
  EXPECT_THAT(shown(gone.changes[0], kGuest), AllOf(HasSubstr("post-note-1"), HasSubstr("href=\"/boards/free\"")));
  ask("update posts set hidden_at = null where id = 1");
  EXPECT_THAT(numbers(since(3)), ElementsAre(4));
  EXPECT_THAT(shown(since(3).changes[0], kGuest), HasSubstr("href=\"/boards/free/1\""));
  EXPECT_THAT(numbers(since(0)), ElementsAre(1, 4));
  ask("update post_counters set views = views + 1");  // is no change of the topic
  EXPECT_EQ(since(0).number, 4);
}

TEST_F(LivePostTest, ReportsThatThereAreMoreChanges) {
  ask("insert into comments (post_id, author_id, content, content_html) select 1, 2, 'x', 'x' from "
      "generate_series(1, " +
      std::to_string(live::kMaxChanges) + ")");
  EXPECT_FALSE(since(0).more);
  EXPECT_THAT(since(0).changes, SizeIs(live::kMaxChanges));
  ask("update posts set title = '가을 소풍' where id = 1");
  EXPECT_TRUE(since(0).more);
  EXPECT_FALSE(since(1).more);
  write(1, 2);
  const live::ChangeSet change_set = since(0);
  EXPECT_TRUE(change_set.more);
  ASSERT_THAT(change_set.changes, SizeIs(live::kMaxChanges));
  EXPECT_EQ(change_set.changes.back().number, live::kMaxChanges);
  EXPECT_EQ(change_set.number, live::kMaxChanges + 2);
}

TEST_F(LivePostTest, RowsLoadedWithoutTriggersAreNoChanges) {
  ask("alter table comments disable trigger user");
  ask("insert into comments (post_id, thread, author_id, author_name, by_staff, content, content_html) "
      "values (1, 1, 2, '김하늘', false, '좋아요', '<p>좋아요</p>')");
  ask("alter table comments enable trigger user");
  EXPECT_EQ(since(0).number, 0);
  EXPECT_THAT(since(0).changes, IsEmpty());
  write(1, 3);
  EXPECT_THAT(numbers(since(0)), ElementsAre(1));
}

TEST_F(LivePostTest, ConcurrentWritesLoseNoChange) {
  constexpr int kWriters = 6;
  constexpr int kEach = 12;
  std::vector<std::jthread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([] {
      for (int n = 0; n < kEach; ++n) {
        // One transaction each; they commit in another order than they begin.
        ask("select pg_sleep(random() * 0.004); insert into comments (post_id, author_id, content, content_html) "
            "values "
            "(1, 2, 'x', 'x'); select pg_sleep(random() * 0.004)");
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

TEST_F(LivePostTest, ReturnsThePositionsOfManyPosts) {
  write(1, 2);
  write(1, 2);
  const auto marks = pg::run(io, live_.numbers(call, {2, 1, 99}));
  EXPECT_THAT(marks, testing::UnorderedElementsAre(live::Position{{'p', 1}, 2}, live::Position{{'p', 2}, 0}));
}

TEST_F(LivePostTest, ViewersWhoMayReadThePostMayFollowIt) {
  const auto code = [&](const session::Viewer& viewer, std::int64_t post) {
    const auto done = pg::run(io, live_.may_follow(call, viewer, post));
    return done ? 200 : static_cast<int>(done.error().code);
  };
  EXPECT_EQ(code(kGuest, 1), 200);
  EXPECT_EQ(code(kGuest, 2), 404);
  EXPECT_EQ(code(kReader, 2), 404);
  EXPECT_EQ(code(kStaff, 2), 200);
  EXPECT_EQ(code(kStaff, 99), 404);
  ask("update posts set deleted_at = now() where id = 1");
  EXPECT_EQ(code(kStaff, 1), 404);
}

TEST_F(LivePostTest, ShowsWhoIsTypingToOtherMembersOnly) {
  pg::run(io, boards.all(call));
  const auto change = live_.parse_transient(1, "typing 1 2 김 <하늘>");
  ASSERT_TRUE(change);
  EXPECT_THAT(shown(*change, kReader), AllOf(HasSubstr("target=\"typing-1\""), HasSubstr("member=\"2\""),
                                             HasSubstr("name=\"김 &lt;하늘&gt;\"")));
  EXPECT_EQ(shown(*change, kGuest), "-");  // names are for members
  EXPECT_EQ(shown(*change, kWriter), "-");
  const auto among_staff = live_.parse_transient(2, "typing 2 1 직원");
  ASSERT_TRUE(among_staff);
  EXPECT_EQ(shown(*among_staff, kReader), "-");
  boards.changed();  // the rights may have changed
  EXPECT_EQ(shown(*change, kReader), "-");
  for (const char* what :
       {"", "typing", "typing ", "typing 1", "typing 1 2", "typing 1 2 ", "typing x 2 y", "tying 1 2 y"}) {
    EXPECT_FALSE(live_.parse_transient(1, what)) << what;
  }
}

TEST_F(LivePostTest, WritesInOneRoundTripBelowAPostThatWasRead) {
  Timing timing;
  const Call timed(std::chrono::steady_clock::now() + 60s, "test", &timing);
  const auto written = [&](std::int64_t post, const session::Viewer& viewer) {
    timing = {};
    const auto done =
        pg::run(io, comments.write(timed, viewer, {.post = PostId{post}, .parent = {}, .content = "*잘* 봤어요"}));
    return done ? 200 : static_cast<int>(done.error().code);
  };
  pg::run(io, boards.all(call));
  EXPECT_EQ(written(1, kReader), 200);
  EXPECT_EQ(timing.pg_trips, 2);
  EXPECT_EQ(written(1, kReader), 200);
  EXPECT_EQ(timing.pg_trips, 1);
  EXPECT_EQ(written(2, kStaff), 200);
  EXPECT_EQ(written(2, kReader), 404);
  EXPECT_EQ(written(1, kGuest), 401);
  EXPECT_EQ(written(99, kReader), 404);
  ask("update posts set hidden_at = now() where id = 1");
  EXPECT_EQ(written(1, kReader), 404);
  EXPECT_EQ(ask("select count(*) from comments where post_id = 1"), "2");
}

TEST_F(LivePostTest, ANewCommentIsReturnedAsReadsReturnIt) {
  for (int i = 0; i < kThreadsPerPage; ++i) write(1, 2);
  const auto written =
      pg::run(io, comments.write(call, kReader, {.post = PostId{1}, .parent = {}, .content = "*잘* 봤어요"}));
  ASSERT_TRUE(written);
  ASSERT_TRUE(written->comment);
  EXPECT_EQ(written->page, 2);
  const auto read = pg::run(io, comments.own(call, kReader, written->id));
  ASSERT_TRUE(read);
  EXPECT_EQ(written->comment->content_html, read->content_html);
  EXPECT_EQ(written->comment->content, read->content);
  EXPECT_EQ(written->comment->created, read->created);
  const auto reply =
      pg::run(io, comments.write(call, kReader, {.post = PostId{1}, .parent = CommentId{1}, .content = "네"}));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->page, 1);
  EXPECT_EQ(pg::run(io, comments.place(call, kReader, reply->id))->page, 1);
}

TEST_F(LivePostTest, TypingNeedsTheRightToComment) {
  const auto code = [&](const session::Viewer& viewer, std::int64_t post) {
    const auto done = pg::run(io, comments.typing(call, viewer, PostId{post}));
    return done ? 200 : static_cast<int>(done.error().code);
  };
  EXPECT_EQ(code(kGuest, 1), 401);
  EXPECT_EQ(code(kReader, 2), 404);
  EXPECT_EQ(code(kWriter, 1), 200);
  EXPECT_EQ(code(kWriter, 99), 200);  // too soon: the post is not even read
  EXPECT_EQ(code(kStaff, 99), 404);
}

}  // namespace
}  // namespace ms::comments
