#include "infra/write/write.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "infra/cache/redis_cache.hpp"
#include "infra/idempotency/idempotency.hpp"
#include "infra/live/publisher.hpp"
#include "infra/pg/test_proxy.hpp"
#include "infra/redis/private_redis.hpp"

namespace ms::write {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;
using testing::ElementsAre;
using testing::IsEmpty;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("write"));

// An incomplete plan does not compile.
template <class P>
concept NeedsNoChanges = requires(ResultId made) { P{.result = made}; };
template <class P>
concept NeedsNoResult = requires(Changes changes) { P{.changes = changes}; };
static_assert(!NeedsNoChanges<Plan> && !NeedsNoResult<Plan>);
static_assert(!std::is_default_constructible_v<ResultId> && !std::is_default_constructible_v<Changes>);
static_assert(!std::is_constructible_v<Write, Writer&, const Call&, MemberId>);  // only a Writer begins one

// Member 1 writes, member 2 is suspended. Triggers of posts insert rows of their own, as in production.
constexpr const char* kRows = R"(
  truncate users, boards, posts, comments, notifications, notification_counts, audit_log, idempotency_keys restart identity cascade;
  insert into users (email, name, password_hash, suspended_until) values
    ('a@test', '김하늘', '', null), ('b@test', '이서준', '', 'infinity'), ('c@test', '박지우', '', null);
  insert into boards (slug, name) values ('free', '자유게시판');
  insert into posts (title, content, author_id, board_id, number) values ('글', '', 3, 1, 1);
)";

constexpr pg::Query kComment{"test.comment", R"(
  insert into comments (post_id, author_id, content, content_html) values (1, $2, $3, '') returning ms_set_local_id($1, id))"};
constexpr pg::Query kOther{"test.other", R"(
  insert into comments (post_id, author_id, content, content_html) values (1, 3, 'other', ''))"};
constexpr pg::Query kRemove{"test.remove", R"(
  with changed as (update comments set deleted_at = now(), deleted_by = 3 where content = $2 returning id)
  select ms_set_local_ids($1, array_agg(id))::text from changed)"};
constexpr pg::Query kCopy{"test.copy", R"(
  insert into comments (post_id, parent_id, root_id, author_id, content, content_html)
  select 1, id, id, 3, 'reply', '' from unnest(ms_local_ids($1)) id)"};
constexpr pg::Query kReply{"test.reply", R"(
  insert into comments (post_id, parent_id, root_id, author_id, content, content_html)
  values (1, ms_local_id($1), ms_local_id($1), 3, 'reply', ''))"};
constexpr pg::Query kRefuse{"test.refuse", "select ms_guard(false, 404, 'comments.gone')::text"};
constexpr pg::Query kNotify{"test.notify", "select unnest(array[3, 1, 3]::bigint[])"};
constexpr pg::Query kNothing{"test.nothing", "select 1::bigint"};

session::Viewer viewer(std::int64_t id) {
  session::Viewer out;
  out.id = MemberId{id};
  return out;
}

Plan nothing() { return {.result = ResultId::none(), .changes = Changes::nothing_shown()}; }

class WriteTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }
  void SetUp() override {
    TestDatabase::execute(kRows);
    ASSERT_TRUE(pg::run(io, redis.ready(redis::in(10s))));
    ASSERT_TRUE(pg::run(io, db.ready(redis::in(10s))));
    while (!listening) io.run_one();
    writer.when_notified(
        [this](const Call&, std::vector<MemberId> members) { return note(notified, std::move(members)); });
    writer.when_rights_change([this](const Call&, MemberId member) { return note(changed, {member}); });
  }

  static async<void> note(std::vector<std::int64_t>& out, std::vector<MemberId> members) {
    for (const MemberId member : members) out.push_back(member.value);
    co_return;
  }
  /// Collects by `add`, as a feature does, and commits.
  template <class F>
  static async<Result<void>> commit(Writer& with, const Call& call, std::int64_t actor, F add) {
    const session::Viewer actor_viewer = viewer(actor);
    Write write = with.begin(call, actor_viewer);
    const Plan plan = add(write);
    co_return co_await write.commit(plan);
  }
  template <class F>
  Result<void> commit(F add, std::int64_t actor = 1) {
    return pg::run(io, commit(writer, call, actor, std::move(add)));
  }
  /// The std::logic_error of a write; empty: none.
  template <class F>
  std::string fault(F add) {
    try {
      const auto done = commit(std::move(add));
      EXPECT_TRUE(done);
    } catch (const std::logic_error& error) { return error.what(); }
    return "";
  }
  /// Calls replayed() and guards, as every write does.
  static Write& begun(Write& write) {
    EXPECT_FALSE(write.replayed());
    write.guard_member();
    return write;
  }
  /// The publications that other servers received, once all of them have arrived.
  std::string published() {
    redis.fire_and_forget(redis::Command("PUBLISH", live::Publisher::kChannel, "end"));
    const auto flushed = redis::in(10s);
    pg::run(io, publisher.flush(flushed));
    redis.fire_and_forget(redis::Command("PUBLISH", live::Publisher::kChannel, "end"));
    while (std::ranges::count(messages, "end") < 2) io.run_one();
    std::string out;
    for (const auto& message : std::exchange(messages, {})) {
      if (message != "end") out += (out.empty() ? "" : " ") + message;
    }
    return out;
  }
  bool cached() {
    const auto reply = redis::run(io, redis::execute(redis, redis::Command("EXISTS", "cache:test")));
    return reply.value().integer == 1;
  }
  static std::string ask(const std::string& sql) { return TestDatabase::execute(sql); }

  asio::io_context io{1};
  IdempotencyKey key{.key = "request:1", .fingerprint = "print", .previous_result = {}};
  Call call{std::chrono::steady_clock::now() + 60s, "test"};
  pg::Db db{io, pg::Config{.conninfo = TestDatabase::conninfo("minschool_site"), .fast_connections = 1}};
  redis::PrivateRedis server;
  redis::Client redis{io, server.config()};
  cache::RedisCache cache{redis, secret::Keyring({"key"})};
  live::Publisher publisher{io, db, redis, secret::Keyring({"key"})};
  Writer writer{db, cache, publisher};
  std::vector<std::int64_t> notified;
  std::vector<std::int64_t> changed;
  std::vector<std::string> messages;
  bool listening = false;
  redis::Subscriber subscriber{io,
                               server.config(),
                               {live::Publisher::kChannel},
                               [this](std::string_view, std::string_view message) { messages.emplace_back(message); },
                               [this](bool connected) { listening = connected; }};
};

TEST_F(WriteTest, EverythingRunsInOneRoundTripAndIsPublishedAfterwards) {
  Timing timing;
  call = Call(std::chrono::steady_clock::now() + 60s, "test", &timing);
  call.set_idempotency_key(&key);
  redis.fire_and_forget(redis::Command("SET", "cache:test", "old"));
  const auto done = commit([](Write& write) -> Plan {
    const auto comment = begun(write).insert<CommentId>(kComment, write.actor(), "text");
    write.add(kReply, comment.id);
    write.notify(kNotify);
    return {.result = comment.id, .changes = Changes::of_topics({{'p', 1}, {'b', 1}}).with_cache({"cache:test"})};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(timing.pg_trips, 1);
  EXPECT_EQ(ask("select key || user_id || result from idempotency_keys"), "request:111");
  EXPECT_EQ(ask("select string_agg(content || coalesce(parent_id, 0), ' ' order by id) from comments"), "text0 reply1");
  EXPECT_THAT(notified, ElementsAre(1, 3));
  EXPECT_FALSE(cached());
  EXPECT_EQ(published(), "b1,p1");
}

TEST_F(WriteTest, AnIdBelongsToItsOwnInsertDespiteOtherInserts) {
  call.set_idempotency_key(&key);
  ASSERT_TRUE(commit([](Write& write) -> Plan {
    const auto first = begun(write).insert<CommentId>(kComment, write.actor(), "first");
    write.add(kOther);
    const auto second = write.insert<CommentId>(kComment, write.actor(), "second");
    write.add(kReply, second.id);
    write.add(kReply, first.id);
    return {.result = first.id, .changes = Changes::nothing_shown()};
  }));
  EXPECT_EQ(ask("select result from idempotency_keys"), "1");
  EXPECT_EQ(ask("select string_agg(parent_id::text, ' ' order by id) from comments"), "3 1");
}

TEST_F(WriteTest, LaterStatementsGetTheIdsOfChangedRows) {
  ask("insert into comments (post_id, author_id, content, content_html) select 1, 3, 'x', '' from generate_series(1, "
      "3)");
  ask("update comments set content = 'y' where id = 2");
  ASSERT_TRUE(commit([](Write& write) -> Plan {
    const auto hidden = begun(write).change<CommentId, std::string>(kRemove, "x");
    write.add(kCopy, hidden.ids);
    return nothing();
  }));
  EXPECT_EQ(ask("select string_agg(parent_id::text, ' ' order by parent_id) from comments"), "1 3");
}

TEST_F(WriteTest, AnIdOfAnotherTransactionFailsTheStatement) {
  std::optional<LocalId<CommentId>> other;
  ASSERT_TRUE(commit([&other](Write& write) -> Plan {
    other = begun(write).insert<CommentId>(kComment, write.actor(), "text").id;
    return nothing();
  }));
  EXPECT_THROW(static_cast<void>(commit([&other](Write& write) -> Plan {
                 begun(write).add(kReply, *other);
                 return nothing();
               })),
               pg::StatementFailed);
}

TEST_F(WriteTest, AnOmittedStepIsABugInEveryBuild) {
  const auto add = [](Write& write) { write.add(kNothing); };
  EXPECT_EQ(fault([&](Write& write) {
              add(begun(write));
              return nothing();
            }),
            "");
  EXPECT_EQ(fault([&](Write& write) {
              write.guard_member();
              return nothing();
            }),
            "write: replayed() was not asked");
  EXPECT_EQ(fault([&](Write& write) {
              EXPECT_FALSE(write.replayed());
              add(write);
              return nothing();
            }),
            "write: no right is asked in the transaction");
  EXPECT_EQ(fault([](Write& write) {
              EXPECT_FALSE(write.replayed());
              return nothing();
            }),
            "write: there is no statement");
  EXPECT_EQ(fault([](Write& write) {
              EXPECT_FALSE(write.replayed());
              write.guard_act_of_staff(session::Permission::moderate);
              return nothing();
            }),
            "write: an act of staff is not in the audit log");
}

TEST_F(WriteTest, AMissingInvalidatorIsABugInEveryBuild) {
  Writer bare(db, cache, publisher);
  const auto fault_of = [&](auto add) -> std::string {
    try {
      const auto done = pg::run(io, commit(bare, call, 1, add));
      EXPECT_TRUE(done);
    } catch (const std::logic_error& error) { return error.what(); }
    return "";
  };
  EXPECT_EQ(fault_of([](Write& write) {
              begun(write).notify(kNotify);
              return nothing();
            }),
            "write: nobody invalidates notifications");
  EXPECT_EQ(fault_of([](Write& write) -> Plan {
              begun(write);
              return {.result = ResultId::none(), .changes = Changes::of_rights(MemberId{1})};
            }),
            "write: nobody invalidates sessions");
}

async<Result<void>> commit_twice(Writer& writer, const Call& call) {
  const session::Viewer member = viewer(1);
  Write write = writer.begin(call, member);
  EXPECT_FALSE(write.replayed());
  write.guard_member();
  const auto first = co_await write.commit(nothing());
  EXPECT_TRUE(first);
  co_return co_await write.commit(nothing());
}

TEST_F(WriteTest, AWriteIsCommittedOnce) {
  EXPECT_THROW(static_cast<void>(pg::run(io, commit_twice(writer, call))), std::logic_error);
}

TEST_F(WriteTest, AFailedGuardChangesAndPublishesNothing) {
  call.set_idempotency_key(&key);
  redis::run(io, redis::execute(redis, redis::Command("SET", "cache:test", "old")));
  const auto refused = commit([](Write& write) -> Plan {
    const auto comment = begun(write).insert<CommentId>(kComment, write.actor(), "text");
    write.notify(kNotify);
    write.add(kRefuse);
    return {.result = comment.id, .changes = Changes::of_topics({{'p', 1}}).with_cache({"cache:test"})};
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.key, "comments.gone");
  EXPECT_EQ(ask("select count(*) from comments"), "0");
  EXPECT_EQ(ask("select count(*) from idempotency_keys"), "0");
  EXPECT_THAT(notified, IsEmpty());
  EXPECT_TRUE(cached());
  EXPECT_EQ(published(), "");
}

TEST_F(WriteTest, ASecondWriteOfTheSameRequestFails) {
  call.set_idempotency_key(&key);
  const auto add = [](Write& write) -> Plan {
    const auto comment = begun(write).insert<CommentId>(kComment, write.actor(), "text");
    return {.result = comment.id, .changes = Changes::of_topics({{'p', 1}})};
  };
  ASSERT_TRUE(commit(add));
  ASSERT_EQ(published(), "p1");
  ASSERT_FALSE(commit(add));
  EXPECT_EQ(ask("select count(*) from comments"), "1");
  EXPECT_EQ(published(), "");
}

TEST_F(WriteTest, ARepetitionGetsThePreviousResult) {
  key.previous_result = 34;
  call.set_idempotency_key(&key);
  Write write = writer.begin(call, viewer(1));
  EXPECT_EQ(write.replayed(), 34);
}

TEST_F(WriteTest, ASuspendedMemberWritesNothing) {
  const auto add = [](Write& write) -> Plan {
    EXPECT_FALSE(write.replayed());
    write.guard(kNothing);
    return nothing();
  };
  for (const IdempotencyKey* key :
       {static_cast<const IdempotencyKey*>(nullptr), static_cast<const IdempotencyKey*>(&key)}) {
    call.set_idempotency_key(key);
    const auto refused = commit(add, 2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
    EXPECT_EQ(refused.error().message.key, "login.suspended");
  }
  EXPECT_EQ(ask("select count(*) from idempotency_keys"), "0");
}

TEST_F(WriteTest, AGuestNeedsNoRight) {
  call.set_idempotency_key(&key);
  ASSERT_TRUE(commit(
      [](Write& write) -> Plan {
        EXPECT_FALSE(write.replayed());
        return {.result = write.insert<CommentId>(kComment, 3, "text").id, .changes = Changes::nothing_shown()};
      },
      0));
  EXPECT_EQ(ask("select user_id is null and result = 1 from idempotency_keys"), "t");
}

TEST_F(WriteTest, AChangedMemberIsReadAgainEverywhere) {
  const auto epoch = [] { return std::stoll(ask("select session_epoch from users where id = 1")); };
  const auto before = epoch();
  const auto commit_changes = [this](const Changes& changes) {
    return commit([&changes](Write& write) -> Plan {
      begun(write);
      return {.result = ResultId::none(), .changes = changes};
    });
  };
  ASSERT_TRUE(commit_changes(Changes::of_member(MemberId{1})));
  EXPECT_THAT(changed, IsEmpty());
  ASSERT_TRUE(commit_changes(Changes::of_rights(MemberId{1})));
  EXPECT_THAT(changed, ElementsAre(1));
  ask("insert into sessions (id_hash, realm, user_id, expires_at) values ('a', 'site', 1, 'infinity')");
  ASSERT_TRUE(commit_changes(Changes::of_sessions(MemberId{1}, "")));
  EXPECT_THAT(changed, ElementsAre(1, 1));
  EXPECT_EQ(ask("select count(*) from sessions"), "0");
  EXPECT_GT(epoch(), before);
}

TEST_F(WriteTest, AnUnknownOutcomePublishesThePossibleChanges) {
  pg::Proxy proxy(io);
  proxy.open();
  pg::Db through(io, pg::Config{.conninfo = proxy.conninfo() + " options='-c role=minschool_site'",
                                .fast_connections = 1,
                                .slow_connections = 0});
  ASSERT_TRUE(pg::run(io, through.ready(redis::in(10s))));
  Writer lossy(through, cache, publisher);
  redis::run(io, redis::execute(redis, redis::Command("SET", "cache:test", "old")));
  call = Call(std::chrono::steady_clock::now() + 300ms, "test");
  call.set_idempotency_key(&key);
  proxy.stall(true);
  const auto add = [](Write& write) -> Plan {
    const auto comment = begun(write).insert<CommentId>(kComment, write.actor(), "text");
    return {.result = comment.id, .changes = Changes::of_topics({{'p', 1}}).with_cache({"cache:test"})};
  };
  try {
    static_cast<void>(pg::run(io, commit(lossy, call, 1, add)));
    FAIL() << "an answer came";
  } catch (const pg::Unavailable& failure) { EXPECT_TRUE(failure.outcome_unknown()); }
  EXPECT_FALSE(cached());
  EXPECT_EQ(published(), "p1");
  // The transaction committed after all, and a repetition finds its result.
  proxy.stall(false);
  const Call later(std::chrono::steady_clock::now() + 10s, "test");
  std::optional<idempotency::KeyRecord> found;
  while (!found) found = pg::run(io, idempotency::find(db, later, key, MemberId{1}));
  EXPECT_EQ(found->result, 1);
  EXPECT_TRUE(found->same_request);
}

}  // namespace
}  // namespace ms::write
