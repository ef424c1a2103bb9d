#include "features/notifications/notifications.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "infra/cache/redis_cache.hpp"
#include "infra/live/publisher.hpp"
#include "infra/pg/test_database.hpp"
#include "infra/redis/private_redis.hpp"
#include "infra/write/write.hpp"

namespace ms::notifications {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// Member 1 is notified, 2 and 3 act, 4 has no notifications. Board 2 is for staff.
constexpr const char* kRows = R"(
  insert into users (email, name, password_hash) values
    ('a@test', '김하늘', ''), ('b@test', '이서준', ''), ('c@test', '박지우', ''), ('d@test', '최조용', '');
  insert into boards (slug, name, read_role) values ('free', '자유게시판', 0), ('staff', '직원 방', 2);
  insert into posts (title, content, author_id, board_id, number) values ('첫 글', '', 1, 1, 1), ('비밀', '', 1, 2, 1);
  insert into comments (post_id, author_id, content, content_html) values (1, 2, '', ''), (1, 3, '', '');
)";

session::Viewer viewer_of(std::int64_t id) {
  session::Viewer viewer;
  viewer.id = MemberId{id};
  viewer.role = session::Role::member;
  viewer.permissions = session::Permissions::parse("read,write,comment");
  return viewer;
}

class NotificationsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }
  void SetUp() override {
    TestDatabase::clear();
    TestDatabase::execute(kRows);
    ASSERT_TRUE(pg::run(io, redis.ready(redis::in(10s))));
    ASSERT_TRUE(pg::run(io, db.ready(redis::in(10s))));
  }

  static std::string ask(const std::string& sql) { return TestDatabase::execute(sql); }
  /// Notifies member 1 of an act of `actor`, without a publication to the servers.
  static void notify(int kind, int actor, int comment) {
    const auto key = dedup_key(static_cast<Kind>(kind), MemberId{actor});
    ask(fmt::format("select ms_notify({}, '{{1}}', '{{{}}}', false, '{}', '{{1}}', '{{{}}}', '')", actor, kind,
                    key.value(), comment));
  }
  std::optional<State> state(std::int64_t min_number = 0, std::int64_t member = 1) {
    return pg::run(io, notifications.state(call, MemberId{member}, min_number));
  }
  std::int64_t unread(std::int64_t min_number = 0) { return state(min_number).value().unread; }
  void invalidate() { pg::run(io, notifications.invalidate(call, {MemberId{1}})); }
  std::int64_t read_all(std::int64_t up_to) {
    return pg::run(io, notifications.read_all(call, viewer_of(1), up_to)).value();
  }
  live::ChangeSet since(std::int64_t number) { return pg::run(io, live_.since(call, 1, number)); }
  static std::string html(const live::ChangeSet& changes, std::int64_t reader) {
    view::Out out;
    for (const live::Change& change : changes.changes) {
      if (const auto variant = change.variant(viewer_of(reader))) change.render(out, *variant);
    }
    return out.take();
  }

  asio::io_context io{1};
  const Call call{std::chrono::steady_clock::now() + 60s, "test"};
  pg::Db db{io, pg::Config{.conninfo = TestDatabase::conninfo("minschool_site"), .fast_connections = 6}};
  redis::PrivateRedis server;
  redis::Client redis{io, server.config()};
  cache::RedisCache cache{redis, secret::Keyring({"key"}), {"notifications:"}};
  limit::Limiter limiter{redis};
  live::Publisher publisher{io, db, redis, secret::Keyring({"key"})};
  write::Writer writer{db, cache, publisher};
  boards::Boards boards{db, [] { return true; }, writer};
  Notifications notifications{db, cache, limiter, boards, publisher, writer};
  LiveMember live_{db, boards};
};

TEST_F(NotificationsTest, CachesTheState) {
  notify(3, 2, 1);
  EXPECT_EQ(unread(), 1);
  notify(3, 3, 2);
  EXPECT_EQ(unread(), 1);  // from memory
  notifications.changed(MemberId{1});
  EXPECT_EQ(unread(), 1);  // from Redis
  invalidate();
  EXPECT_EQ(unread(), 2);
  EXPECT_EQ(state(0, 4).value().number, 0);
}

TEST_F(NotificationsTest, ShowsNothingOlderThanTheMembersOwnAct) {
  notify(3, 2, 1);
  ASSERT_EQ(unread(), 1);
  notify(3, 3, 2);
  EXPECT_EQ(unread(1), 1);
  EXPECT_EQ(unread(2), 2);  // neither the local cache nor Redis had it
  EXPECT_EQ(unread(99), 2);
}

TEST_F(NotificationsTest, DoesNotCacheAStateThatChangesDuringItsLoad) {
  notify(3, 2, 1);
  pg::BackgroundTask<std::optional<State>> loading(io, notifications.state(call, MemberId{1}));
  while (redis.state().in_flight == 0) io.run_one();  // until it has begun
  notifications.changed(MemberId{1});
  ASSERT_EQ(loading.get().value().unread, 1);
  notify(3, 3, 2);
  pg::run(io, cache.invalidate(call, {"notifications:1"}));
  EXPECT_EQ(unread(), 2);
}

TEST_F(NotificationsTest, AnUnavailableStateFailsNoPage) {
  redis.fire_and_forget(redis::Command("SET", "notifications:1", "what another program wrote"));
  notify(3, 2, 1);
  EXPECT_EQ(unread(), 1);
  server.kill();
  invalidate();
  notify(3, 3, 2);
  EXPECT_EQ(unread(), 2);
  pg::Db nowhere(io, pg::Config{.conninfo = "host=/nonexistent"});
  write::Writer other(nowhere, cache, publisher);
  Notifications lost(nowhere, cache, limiter, boards, publisher, other);
  const Call soon(std::chrono::steady_clock::now() + 200ms, "test");
  EXPECT_FALSE(pg::run(io, lost.state(soon, MemberId{1}, 99)));
}

TEST_F(NotificationsTest, ReadAllMarksOnlyWhatThePageShowed) {
  notify(3, 2, 1);
  notify(3, 3, 2);
  notify(1, 2, 0);
  const auto read = [this](std::int64_t number) {
    return pg::run(io, notifications.read(call, viewer_of(1), number)).value();
  };
  EXPECT_EQ(read(2), 4);
  EXPECT_EQ(read(2), 0);   // already
  EXPECT_EQ(read(99), 0);  // there is none
  EXPECT_EQ(unread(), 2);
  EXPECT_EQ(read_all(2), 5);  // the first; the page did not show the later ones
  EXPECT_EQ(unread(), 1);
  EXPECT_EQ(read_all(2), 0);
  EXPECT_EQ(read(1), 0);
  EXPECT_EQ(read_all(INT64_MAX), 6);
  EXPECT_EQ(unread(), 0);
  notify(5, 2, 0);
  EXPECT_EQ(unread(7), 1);  // the new one is unread
  EXPECT_EQ(pg::run(io, notifications.read_all(call, session::Viewer(), 1)).error().code, ErrorCode::unauthenticated);
}

async<void> write_like(write::Writer& writer, std::int64_t actor) {
  const Call call(std::chrono::steady_clock::now() + 60s, "test");
  const session::Viewer viewer = viewer_of(actor);
  write::Write write = writer.begin(call, viewer);
  EXPECT_FALSE(write.replayed());
  write.guard_member();
  liked(write, MemberId{1}, PostId{1}, CommentId());
  const auto done =
      co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::nothing_shown()});
  EXPECT_TRUE(done);
}

async<void> read_everything(Notifications& notifications) {
  const Call call(std::chrono::steady_clock::now() + 60s, "test");
  const session::Viewer viewer = viewer_of(1);
  const auto done = co_await notifications.read_all(call, viewer, INT64_MAX);
  EXPECT_TRUE(done);
}

async<void> read_one(Notifications& notifications, std::int64_t number) {
  const Call call(std::chrono::steady_clock::now() + 60s, "test");
  const session::Viewer viewer = viewer_of(1);
  const auto done = co_await notifications.read(call, viewer, number);
  EXPECT_TRUE(done);
}

TEST_F(NotificationsTest, CountsAreExactUnderConcurrentNotifyAndRead) {
  ask("insert into users (email, name, password_hash) select i || '@test', 'x', '' from generate_series(1, 60) i");
  ASSERT_TRUE(pg::run(io, db.ready(std::chrono::steady_clock::now() + 10s)));
  std::vector<pg::BackgroundTask<void>> acts;
  for (std::int64_t i = 5; i < 65; ++i) {
    acts.emplace_back(io, write_like(writer, i));
    acts.emplace_back(io, read_one(notifications, i / 2));
    if (i % 10 == 0) acts.emplace_back(io, read_everything(notifications));
  }
  for (auto& act : acts) act.get();
  EXPECT_EQ(ask("select max(c.unread) = count(*) filter (where n.read_at is null and n.number > c.read_up_to) and "
                "count(*) = 60 and max(n.number) <= max(c.number) from notifications n join notification_counts c on "
                "c.user_id = n.user_id"),
            "t");
}

TEST_F(NotificationsTest, AStreamSendsTheBellAndAnAnnouncementForEachNewOne) {
  EXPECT_EQ(since(0).number, 0);
  notify(3, 2, 1);
  notify(2, 3, 2);
  const live::ChangeSet news = since(0);
  EXPECT_EQ(news.number, 2);
  const std::string seen = html(news, 1);
  EXPECT_THAT(seen, HasSubstr("이서준님이 회원님의 글에 댓글을 썼습니다."));
  EXPECT_THAT(seen, HasSubstr("박지우님이 회원님의 댓글에 답글을 썼습니다."));
  EXPECT_THAT(seen, HasSubstr("<turbo-stream action=\"replace\" target=\"bell\">"));
  EXPECT_THAT(seen, HasSubstr("data-live=\"u1:2\""));
  EXPECT_THAT(html(news, 2), IsEmpty());
  EXPECT_THAT(html(since(1), 1), Not(HasSubstr("이서준")));
  EXPECT_THAT(since(2).changes, IsEmpty());
  ASSERT_EQ(read_all(2), 3);
  const live::ChangeSet read = since(2);
  EXPECT_EQ(read.number, 3);
  EXPECT_THAT(html(read, 1), HasSubstr("data-live=\"u1:3\""));
  EXPECT_THAT(html(read, 1), Not(HasSubstr("announce")));
}

TEST_F(NotificationsTest, AStreamDoesNotAnnounceDeletedContent) {
  notify(3, 2, 1);
  notify(3, 3, 2);
  ask("update comments set deleted_at = now() where id = 1");
  EXPECT_THAT(html(since(0), 1), Not(HasSubstr("이서준")));
  EXPECT_THAT(html(since(0), 1), HasSubstr("박지우"));
  ask("update posts set board_id = 2, number = 7 where id = 1");
  EXPECT_THAT(html(since(0), 1), Not(HasSubstr("박지우")));
  EXPECT_THAT(html(since(0), 1), HasSubstr("data-live=\"u1:2\""));
}

TEST_F(NotificationsTest, AStreamThatMissedTooMuchGetsMore) {
  ask("insert into users (email, name, password_hash) select i || '@test', 'x', '' from generate_series(1, 120) i");
  ask("select count(ms_notify_like(i, 1, 5::smallint, 'like:' || i, 1, 0)) from generate_series(5, 124) i");
  const live::ChangeSet news = since(0);
  EXPECT_TRUE(news.more);
  EXPECT_EQ(news.number, 120);
  EXPECT_THAT(news.changes, SizeIs(live::kMaxChanges));
  EXPECT_EQ(news.changes.back().number, live::kMaxChanges);
  EXPECT_FALSE(since(20).more);
}

TEST_F(NotificationsTest, OnlyTheMemberMayFollowTheStream) {
  const auto may = [this](const session::Viewer& viewer) { return pg::run(io, live_.may_follow(call, viewer, 1)); };
  EXPECT_TRUE(may(viewer_of(1)));
  EXPECT_EQ(may(viewer_of(2)).error().code, ErrorCode::forbidden);
  EXPECT_EQ(may(session::Viewer()).error().code, ErrorCode::unauthenticated);
  notify(3, 2, 1);
  EXPECT_THAT(pg::run(io, live_.numbers(call, {1, 4, 99})), ElementsAre(live::Position{{'u', 1}, 1}));
}

TEST_F(NotificationsTest, NamesAreCompletedFromTheirBeginning) {
  ask("insert into users (email, name, password_hash, suspended_until) values ('e@test', '김하늘', '', null), "
      "('f@test', '김하', '', null), ('g@test', '김정지', '', 'infinity'), ('h@test', 'Kim Min', '', null), "
      "('i@test', '김😀', '', null), ('j@test', '😀', '', null)");
  const auto names = [this](std::string_view begin) {
    std::vector<std::string> out;
    for (const Suggestion& one : pg::run(io, notifications.names(call, viewer_of(2), begin)).value()) {
      out.push_back(one.insert);
    }
    return out;
  };
  EXPECT_THAT(names("김하"), ElementsAre("@김하", "@김하늘#1", "@김하늘#5"));
  EXPECT_THAT(names(" Kim M "), ElementsAre("@KimMin#8"));
  EXPECT_THAT(names("김"), ElementsAre("@김하", "@김하늘#1", "@김하늘#5", "@김#9"));
  EXPECT_THAT(names("😀"), IsEmpty());  // contains nothing that a mention can hold
  EXPECT_THAT(names("kim"), IsEmpty());
  EXPECT_THAT(names("%"), IsEmpty());
}

}  // namespace
}  // namespace ms::notifications
