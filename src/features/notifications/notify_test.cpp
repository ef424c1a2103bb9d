#include "features/notifications/notify.hpp"

#include <gmock/gmock.h>

#include "features/testing/site_fixture.hpp"

namespace ms::notifications {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new pg::TestDatabase("notifications"));

// Besides the fixture's staff (1), an author (2) and a commenter (3): another commenter (5) and a suspended member (6).
constexpr const char* kRows = R"(
  insert into users (email, name, password_hash, suspended_until) values
    ('c@test', '박지우', '', null), ('x@test', '최정지', '', 'infinity');
  insert into posts (title, content, author_id, board_id, number) values
    ('첫 글', '', 2, 1, 1), ('직원 글', '', 2, 2, 1), ('둘째 글', '', 3, 1, 2);
)";

constexpr pg::Query kComment{"test.comment", R"(
  insert into comments (post_id, author_id, content, content_html) values ($2, $3, '', '') returning ms_set_local_id($1, id))"};

std::vector<std::int64_t> values(const std::vector<MemberId>& members) {
  std::vector<std::int64_t> out;
  for (const MemberId member : members) out.push_back(member.value);
  return out;
}

class NotifyTest : public SiteFixture {
 protected:
  void SetUp() override {
    SiteFixture::SetUp();
    ask(kRows);
    ASSERT_TRUE(run(admin_db.ready(std::chrono::steady_clock::now() + 10s)));
  }

  static async<void> note(std::vector<std::int64_t>& out, std::vector<MemberId> members) {
    out = values(members);
    co_return;
  }
  /// Commits the statements that `add` adds as an act of `actor`.
  template <class F>
  static async<void> commit(write::Writer& writer, std::int64_t actor, F add) {
    const Call call(std::chrono::steady_clock::now() + 60s, "test");
    session::Viewer viewer;
    viewer.id = MemberId{actor};
    write::Write write = writer.begin(call, viewer);
    EXPECT_FALSE(write.replayed());
    write.guard_member();
    add(write);
    const auto done =
        co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::nothing_shown()});
    EXPECT_TRUE(done) << (done ? "" : done.error().message.key);
  }
  /// Gives the notified members.
  template <class F>
  std::vector<std::int64_t> notified_by(pg::Db& with, std::int64_t actor, F add) {
    std::vector<std::int64_t> out;
    write::Writer writer(with, cache, publisher);
    writer.when_notified([&out](const Call&, std::vector<MemberId> members) { return note(out, std::move(members)); });
    pg::run(io, commit(writer, actor, std::move(add)));
    return out;
  }

  static void write(write::Write& write, std::int64_t post, std::int64_t post_author, std::int64_t parent_author = 0,
                    const std::vector<MemberId>& mentioned = {}) {
    const auto comment = write.insert<CommentId>(kComment, post, write.actor());
    comment_written(write, {.id = comment.id,
                            .post = PostId{post},
                            .post_author = MemberId{post_author},
                            .parent_author = MemberId{parent_author},
                            .mentioned = mentioned});
  }
  std::vector<std::int64_t> comment(std::int64_t author, std::int64_t post, std::int64_t post_author,
                                    std::int64_t parent_author = 0, std::vector<MemberId> mentioned = {}) {
    return notified_by(db, author, [=](write::Write& out) { write(out, post, post_author, parent_author, mentioned); });
  }
  std::vector<std::int64_t> edit(std::int64_t comment, std::vector<MemberId> mentioned) {
    return notified_by(db, 3,
                       [=](write::Write& out) { comment_edited(out, CommentId{comment}, PostId{1}, mentioned); });
  }
  std::vector<std::int64_t> like(std::int64_t actor, bool wanted = true, std::int64_t comment = 0) {
    return notified_by(db, actor, [=](write::Write& out) {
      wanted ? liked(out, MemberId{2}, PostId{1}, CommentId{comment})
             : like_taken_back(out, MemberId{2}, PostId{1}, CommentId{comment});
    });
  }
  std::vector<std::int64_t> post(PostId id, std::int64_t author, std::int64_t board, bool notice,
                                 std::vector<MemberId> mentioned = {}) {
    return notified_by(db, author, [=](write::Write& out) {
      post_written(out, {.id = id, .board = BoardId{board}, .notice = notice, .mentioned = mentioned});
    });
  }

  /// "number/unread" of a member.
  static std::string counts(std::int64_t member) {
    return ask("select number || '/' || unread from notification_counts where user_id = " + std::to_string(member));
  }
  /// The kinds of a member's notifications, oldest first.
  static std::string kinds(std::int64_t member) {
    return ask(
        "select coalesce(string_agg(kind::text, ' ' order by number), '') from notifications where not retracted and "
        "user_id = " +
        std::to_string(member));
  }

  pg::Db admin_db{io, pg::Config{.conninfo = pg::TestDatabase::conninfo("minschool_admin")}};
};

TEST_F(NotifyTest, ACommentNotifiesTheAuthorsAndTheMentionedMembers) {
  EXPECT_THAT(comment(3, 1, 2), ElementsAre(2));
  EXPECT_THAT(comment(5, 1, 2, 3), ElementsAre(2, 3));
  EXPECT_THAT(comment(3, 1, 2, 5, {MemberId{1}}), ElementsAre(1, 2, 5));
  EXPECT_EQ(kinds(2), "3 3 3");
  EXPECT_EQ(kinds(3), "2");
  EXPECT_EQ(kinds(1), "1");
  EXPECT_EQ(counts(2), "3/3");
  EXPECT_EQ(ask("select comment_id from notifications where user_id = 3"), "2");
}

TEST_F(NotifyTest, NobodyIsNotifiedOfTheirOwnAct) {
  EXPECT_THAT(comment(2, 1, 2, 2, {MemberId{2}}), IsEmpty());
  EXPECT_THAT(like(2), IsEmpty());
  EXPECT_THAT(post(PostId{1}, 2, 1, true, {MemberId{2}}), IsEmpty());
  EXPECT_EQ(ask("select count(*) from notification_counts"), "0");
}

TEST_F(NotifyTest, ACommentNotifiesAMemberOnceWithTheMostSpecificKind) {
  EXPECT_THAT(comment(3, 1, 2, 2), ElementsAre(2));
  EXPECT_THAT(comment(3, 1, 2, 2, {MemberId{2}}), ElementsAre(2));
  EXPECT_EQ(kinds(2), "2 1");
  EXPECT_EQ(counts(2), "2/2");
}

TEST_F(NotifyTest, TheNextKindReplacesAMutedOne) {
  ask("update users set muted_notifications = 1 << 3 where id = 2");
  EXPECT_THAT(comment(3, 1, 2), IsEmpty());
  EXPECT_THAT(comment(3, 1, 2, 2), ElementsAre(2));
  ask("update users set muted_notifications = (1 << 1) + 1 where id = 2");
  EXPECT_THAT(comment(3, 1, 2, 2, {MemberId{2}}), ElementsAre(2));
  EXPECT_EQ(kinds(2), "2 2");
  EXPECT_THAT(
      notified_by(db, 1,
                  [](write::Write& out) { notify(out, Kind::deleted, {.post = PostId{1}, .members = {MemberId{2}}}); }),
      IsEmpty());
}

TEST_F(NotifyTest, NobodyIsNotifiedOfWhatTheyMayNotRead) {
  EXPECT_THAT(comment(1, 2, 2), IsEmpty());  // the author of a post there is not staff any more
  EXPECT_THAT(comment(1, 2, 2, 0, {MemberId{5}, MemberId{3}}), IsEmpty());
  EXPECT_THAT(post(PostId{2}, 2, 2, false, {MemberId{5}, MemberId{1}}), ElementsAre(1));
  EXPECT_THAT(comment(3, 1, 2, 6, {MemberId{6}}), ElementsAre(2));  // 6 is suspended
  ask("update posts set hidden_at = now() where id = 1");
  EXPECT_THAT(like(3), IsEmpty());
  EXPECT_THAT(comment(3, 1, 2), IsEmpty());
}

TEST_F(NotifyTest, AnEditNotifiesOnlyNewlyMentionedMembers) {
  ASSERT_THAT(comment(3, 1, 2, 0, {MemberId{5}}), ElementsAre(2, 5));
  EXPECT_THAT(edit(1, {MemberId{5}, MemberId{1}}), ElementsAre(1));
  EXPECT_THAT(edit(1, {MemberId{1}}), IsEmpty());
  EXPECT_THAT(edit(1, {MemberId{2}}), IsEmpty());  // was notified of the comment already
  EXPECT_THAT(edit(1, {}), IsEmpty());
  ASSERT_THAT(post(PostId{1}, 2, 1, false, {MemberId{3}}), ElementsAre(3));
  EXPECT_THAT(post(PostId{1}, 2, 1, false, {MemberId{3}, MemberId{5}}), ElementsAre(5));
  EXPECT_EQ(counts(5), "2/2");
}

TEST_F(NotifyTest, ALikeNotifiesOnceAndIsHiddenWhileItIsTakenBack) {
  EXPECT_THAT(like(3), ElementsAre(2));
  EXPECT_THAT(like(5), ElementsAre(2));
  EXPECT_EQ(counts(2), "2/2");
  EXPECT_THAT(like(3), IsEmpty());
  EXPECT_THAT(like(3, false), ElementsAre(2));
  EXPECT_EQ(counts(2), "3/1");
  EXPECT_EQ(kinds(2), "5");
  EXPECT_THAT(like(3, false), IsEmpty());
  EXPECT_THAT(like(3), ElementsAre(2));  // the bell changes, and there is still one row
  EXPECT_EQ(counts(2), "4/2");
  EXPECT_EQ(ask("select string_agg(number::text, ' ' order by number) from notifications where user_id = 2"), "1 2");
  ask("update notification_counts set read_up_to = number, unread = 0");
  EXPECT_THAT(like(3, false), IsEmpty());  // a read one stays
  EXPECT_THAT(like(3), IsEmpty());
  EXPECT_EQ(counts(2), "4/0");
  ASSERT_THAT(comment(2, 1, 2), IsEmpty());
  EXPECT_THAT(like(3, true, 1), ElementsAre(2));  // the comment is another subject
}

TEST_F(NotifyTest, ALikeThatWasReadWhileTakenBackDoesNotCountAgain) {
  ASSERT_THAT(like(3), ElementsAre(2));
  ASSERT_THAT(like(3, false), ElementsAre(2));
  ask("update notification_counts set read_up_to = number");
  EXPECT_THAT(like(3), ElementsAre(2));
  EXPECT_EQ(counts(2), "3/0");
}

TEST_F(NotifyTest, ANoticeNotifiesTheFollowersOfTheBoard) {
  ask("insert into board_follows values (1, 2), (1, 3), (1, 5), (1, 6), (2, 3)");
  EXPECT_THAT(post(PostId{1}, 1, 1, false), IsEmpty());
  EXPECT_THAT(post(PostId{1}, 1, 1, true, {MemberId{5}}), ElementsAre(2, 3, 5));
  EXPECT_EQ(kinds(3), "4");
  EXPECT_EQ(kinds(5), "1");
  EXPECT_THAT(post(PostId{1}, 1, 1, true), IsEmpty());  // once
  EXPECT_THAT(post(PostId{2}, 1, 2, true), IsEmpty());  // 3 follows a board that is for staff now
}

TEST_F(NotifyTest, EachActOfStaffNotifiesWithItsReason) {
  ASSERT_THAT(comment(3, 1, 2), ElementsAre(2));
  static constexpr pg::Query kPosts{"test.posts", R"(
    select ms_set_local_ids($1, array_agg(id))::text from posts where id in (1, 3))"};
  static constexpr pg::Query kComments{"test.comments",
                                       "select ms_set_local_ids($1, array_agg(id))::text from comments"};
  const auto act = [this](Kind kind, const std::string& of) {
    return notified_by(admin_db, 1, [=](write::Write& out) {
      of == "post" ? notify_authors(out, kind, out.change<PostId, std::string>(kPosts).ids, "광고")
                   : notify_authors(out, kind, out.change<CommentId, std::string>(kComments).ids, "광고");
    });
  };
  ask("update posts set hidden_at = now()");
  EXPECT_THAT(act(Kind::hidden, "post"), ElementsAre(2, 3));
  EXPECT_THAT(act(Kind::restored, "post"), ElementsAre(2, 3));
  EXPECT_THAT(act(Kind::hidden, "post"), ElementsAre(2, 3));
  EXPECT_THAT(act(Kind::deleted, "comment"), ElementsAre(3));
  EXPECT_EQ(kinds(2), "3 6 7 6");
  EXPECT_EQ(kinds(3), "6 7 6 8");
  EXPECT_EQ(ask("select string_agg(reason, ' ') from notifications where user_id = 3"), "광고 광고 광고 광고");
}

TEST_F(NotifyTest, PostgreSQLKnowsNoKinds) {
  const auto of = [this](Kind kind) {
    return notified_by(db, 3, [=](write::Write& out) { notify(out, kind, {PostId{1}, {}, {MemberId{2}}}); });
  };
  EXPECT_THAT(of(static_cast<Kind>(kMaxMuteBit)), ElementsAre(2));
  EXPECT_THAT(of(static_cast<Kind>(kMaxMuteBit)), IsEmpty());
  EXPECT_THAT(of(Kind::deleted), ElementsAre(2));
  EXPECT_THAT(of(Kind::deleted), ElementsAre(2));
  ask("update users set muted_notifications = 1 << " + std::to_string(kMaxMuteBit));
  ask("delete from notifications");
  EXPECT_THAT(of(static_cast<Kind>(kMaxMuteBit)), IsEmpty());
}

TEST_F(NotifyTest, SeveralOfOneMemberInOneActAreCountedAndNumbered) {
  ask("update posts set author_id = 2");
  static constexpr pg::Query kAll{"test.all", "select ms_set_local_ids($1, array_agg(id))::text from posts"};
  EXPECT_THAT(notified_by(admin_db, 1,
                          [](write::Write& out) {
                            notify_authors(out, Kind::hidden, out.change<PostId, std::string>(kAll).ids, "광고");
                          }),
              ElementsAre(2));
  EXPECT_EQ(ask("select string_agg(number || ':' || post_id, ' ' order by number) from notifications"), "1:1 2:3");
  EXPECT_EQ(counts(2), "2/2");  // post 2 stands on a board that the member may not read
}

TEST_F(NotifyTest, ManyAtOnceAreCountedExactly) {
  ask("insert into users (email, name, password_hash) select i || '@test', '이름' || i, '' from generate_series(1, 50) "
      "i");
  pg::Db many{io, pg::Config{.conninfo = pg::TestDatabase::conninfo("minschool_site"), .fast_connections = 10}};
  ASSERT_TRUE(pg::run(io, many.ready(std::chrono::steady_clock::now() + 10s)));
  write::Writer writer(many, cache, publisher);
  std::vector<std::int64_t> ignored;
  writer.when_notified(
      [&ignored](const Call&, std::vector<MemberId> members) { return note(ignored, std::move(members)); });
  std::vector<pg::BackgroundTask<void>> writes;
  for (std::int64_t author = 7; author <= 56; ++author) {
    // Each notifies members 2, 3 and 5 in another order, which must not cause a deadlock.
    std::vector<MemberId> mentioned =
        author % 2 == 0 ? std::vector{MemberId{3}, MemberId{5}} : std::vector{MemberId{5}, MemberId{3}};
    auto add = [author, mentioned](write::Write& out) { write(out, author % 2 == 0 ? 1 : 3, 2, 0, mentioned); };
    writes.emplace_back(io, commit(writer, author, add));
  }
  for (auto& one : writes) one.get();
  for (const int member : {2, 3, 5}) EXPECT_EQ(counts(member), "50/50");
  EXPECT_EQ(ask("select count(distinct number) || ' ' || max(number) from notifications where user_id = 2"), "50 50");
}

TEST_F(NotifyTest, NamesAreFoundInPostgreSQL) {
  ask("insert into users (email, name, password_hash) values ('d@test', '이서준', '')");
  const Call call(std::chrono::steady_clock::now() + 10s, "test");
  const auto found = pg::run(io, find_mentions(db, call, "@김하늘님 @이서준 @이서준#3 @누구 @박지우#2"));
  ASSERT_TRUE(found);
  EXPECT_THAT(values(found->members()), UnorderedElementsAre(2, 3));
  EXPECT_THAT(found->links(), SizeIs(2));
  std::string many;
  for (int i = 0; i < 21; ++i) many += "@" + std::to_string(i) + " ";
  const auto refused = pg::run(io, find_mentions(db, call, many));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_EQ(refused.error().fields.at(0).field, "content");
}

/// The names that are linked when only these members exist.
std::vector<std::string> linked(std::string_view text, const std::vector<Mentions::NamedMember>& members) {
  auto mentions = Mentions::of(text).value();
  mentions.resolve(members);
  std::vector<std::string> out;
  for (const markdown::Link& link : mentions.links()) out.push_back(link.name + ">" + link.href);
  return out;
}

TEST(Mentions, ANameMustBelongToOneMemberOnly) {
  const std::vector<Mentions::NamedMember> members = {
      {MemberId{1}, "김하늘"}, {MemberId{2}, "이서준"}, {MemberId{3}, "이서준"}, {MemberId{4}, "Kim Minsu"}};
  EXPECT_THAT(linked("@김하늘 @이서준", members), ElementsAre("김하늘>/members/1"));
  EXPECT_THAT(linked("@이서준#3 @이서준#1 @이서준#9", members), ElementsAre("이서준>/members/3"));
  EXPECT_THAT(linked("@KimMinsu @KimMinsu#4", members), ElementsAre("KimMinsu>/members/4"));
  EXPECT_THAT(linked("@없음", members), IsEmpty());
}

TEST(Mentions, AParticleIsNotPartOfTheName) {
  const std::vector<Mentions::NamedMember> members = {
      {MemberId{1}, "김하늘"}, {MemberId{2}, "하늘이"}, {MemberId{3}, "하늘"}};
  for (const std::string title : {"", "님", "씨", "선생님", "쌤", "샘", "군", "양", "학생", "부장님", "어머님", "네"}) {
    for (const auto* end :
         {"",       "이",     "가",     "은",     "는",       "을",         "를",       "의",       "께",
          "께서",   "께서는", "에게",   "에게는", "에게도",   "한테도",     "한테서만", "으로부터", "이라도",
          "이랑은", "입니다", "이에요", "예요",   "이시네요", "이었습니다", "이라고",   "처럼만",   "보다는",
          "까지도", "뿐만",   "하고",   "요",     "아",       "야",         " 씨"}) {
      EXPECT_THAT(linked("@김하늘" + title + end, members), ElementsAre("김하늘>/members/1")) << title << end;
    }
  }
  EXPECT_THAT(linked("@하늘이", members), ElementsAre("하늘이>/members/2"));  // the longer name is meant
  EXPECT_THAT(linked("@하늘은", members), ElementsAre("하늘>/members/3"));
  EXPECT_THAT(linked("@하늘이는요", members), ElementsAre("하늘이>/members/2"));
  EXPECT_THAT(linked("@김하 @님 @늘", members), IsEmpty());
  // A name of two members is ambiguous, and a shorter name is not tried instead.
  EXPECT_THAT(linked("@하늘은", {{MemberId{1}, "하늘"}, {MemberId{2}, "하늘"}, {MemberId{3}, "하"}}), IsEmpty());
}

TEST(Mentions, UnresolvedOnesAreShownToTheWriterFirst) {
  auto mentions = Mentions::of("@김하늘님 @홍길둥은 `@코드` a@b.kr @이서준 @김하늘#9").value();
  mentions.resolve({{MemberId{1}, "김하늘"}, {MemberId{2}, "이서준"}, {MemberId{3}, "이서준"}});
  EXPECT_THAT(mentions.unresolved(), ElementsAre("@홍길둥은", "@이서준", "@김하늘#9"));
  EXPECT_TRUE(mentions.check_unresolved(std::nullopt));
  EXPECT_TRUE(mentions.check_unresolved("@이서준 @다른 @홍길둥은 @김하늘#9"));
  for (const auto* shown : {"", "@홍길둥은 @이서준", "@홍길둥은은 @이서준 @김하늘#9"})
    EXPECT_FALSE(mentions.check_unresolved(shown));
}

TEST(Mentions, AMemberIsListedOnceHoweverOftenMentioned) {
  auto mentions = Mentions::of("@김하늘 @김하늘님 @김하늘#1").value();
  mentions.resolve({{MemberId{1}, "김하늘"}});
  EXPECT_THAT(values(mentions.members()), ElementsAre(1));
  EXPECT_THAT(mentions.links(), SizeIs(3));
}

}  // namespace
}  // namespace ms::notifications
