#include "infra/pg/db.hpp"

#include <gmock/gmock.h>

#include "infra/pg/test_database.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::pg {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

constexpr Query kOne{"test.one", "select 1"};
constexpr Query kEcho{"test.echo", "select $1::int8"};
constexpr Query kSleep{"test.sleep", "select 1 from pg_sleep($1::text::float8)"};
constexpr Query kWrong{"test.wrong", "select nowhere from things"};
constexpr Query kBadNumber{"test.bad_number", "select $1::text::int8"};
constexpr Query kInsert{"test.insert", "insert into things (name) values ($1)"};
constexpr Query kInsertPart{"test.insert_part", "insert into parts (thing) values ($1)"};
constexpr Query kCount{"test.count", "select count(*) from things"};
constexpr Query kGuard{"test.guard", "select ms_guard($1, $2, $3)"};
constexpr Query kFlaky{"test.flaky", "select flaky()"};
constexpr Query kStale{"test.stale", "select a from shapes"};
constexpr Query kDeallocateAll{"test.deallocate", "deallocate all"};
constexpr Query kLength{"test.length", "select length($1), repeat('x', length($1))"};
constexpr Query kStarted{"test.started", "select (extract(epoch from now()) * 1000000)::int8"};
constexpr Query kTotal{"test.total", "update things set name = name"};

constexpr const char* kSchema = R"(
  create table if not exists things (
    name text not null constraint users_email_key unique constraint users_email_check check (name <> 'bad')
      constraint of_ours check (name <> 'worse'));
  create table if not exists parts (thing text constraint idempotency_keys_pkey references things (name) deferrable initially deferred);
  create table if not exists shapes (a int);
  create sequence if not exists attempts;
  truncate things, parts, shapes;
  insert into shapes values (7);
  create or replace function ms_guard(ok boolean, code int, key text) returns void language plpgsql as $$
    begin
      if not ok then raise exception using errcode = 'MS' || lpad(code::text, 3, '0'), message = key; end if;
    end $$;
  create or replace function flaky() returns void language plpgsql as $$
    begin
      if nextval('attempts') % 2 = 1 then raise exception using errcode = '40001'; end if;
    end $$;
)";

struct Long {
  int length = 0;
  std::string text;
};

async<std::int64_t> number(Db& db, Query query, std::optional<std::string> value = {},
                           std::chrono::milliseconds limit = 5s, Timing* timing = nullptr) {
  const Call call(steady_clock::now() + limit, "test", timing);
  Batch batch = db.batch(call);
  const auto handle = value ? batch.add<std::int64_t>(query, *value) : batch.add<std::int64_t>(query);
  co_await batch.send();
  co_return handle.one().value_or(-1);
}

/// A read that may share a transaction.
async<std::int64_t> read(Db& db, Query query, std::optional<std::string> value = {},
                         std::chrono::milliseconds limit = 5s) {
  const Call call(steady_clock::now() + limit, "test");
  Batch batch = db.reads(call);
  const auto handle = value ? batch.add<std::int64_t>(query, *value) : batch.add<std::int64_t>(query);
  co_await batch.send();
  co_return handle.one().value_or(-1);
}

async<Result<void>> write(Db& db, std::vector<std::pair<Query, std::string>> statements,
                          std::chrono::milliseconds limit = 5s) {
  const Call call(steady_clock::now() + limit, "test");
  Transaction transaction = db.transaction(call);
  for (const auto& [query, value] : statements) transaction.add(query, value);
  co_return co_await transaction.commit();
}

async<Result<void>> guarded(Db& db, bool ok, int code, std::string key) {
  const Call call(steady_clock::now() + 5s, "test");
  Transaction transaction = db.transaction(call);
  transaction.add(kInsert, "guarded");
  transaction.add(kGuard, ok, code, key);
  co_return co_await transaction.commit();
}

async<Result<void>> flaky(Db& db) {
  const Call call(steady_clock::now() + 5s, "test");
  Transaction transaction = db.transaction(call);
  transaction.add(kInsert, "flaky");
  transaction.add(kFlaky);
  co_return co_await transaction.commit();
}

async<bool> reports_purge(Db& db, Query query) {
  Call call(steady_clock::now() + 5s, "test");
  bool note_purge = false;
  call.set_purge_flag(&note_purge);
  Transaction transaction = db.transaction(call);
  transaction.add<std::string>(query);
  const auto sent = co_await transaction.commit();
  co_return sent&& note_purge;
}

async<void> insert_around(Db& db, Query between) {
  const Call call(steady_clock::now() + 5s, "test");
  Batch batch = db.batch(call);
  batch.add(kInsert, "before");
  batch.add(between);
  batch.add(kInsert, "after");
  co_await batch.send();
}

async<std::int64_t> touch_all(Db& db) {
  const Call call(steady_clock::now() + 5s, "test");
  Transaction transaction = db.transaction(call);
  const auto touched = transaction.add(kTotal);
  const auto done = co_await transaction.commit();
  co_return done ? touched.affected() : -1;
}

async<Long> length_of(Db& db, std::string text, bool shares) {
  const Call call(steady_clock::now() + 10s, "test");
  Batch batch = shares ? db.reads(call) : db.batch(call);
  const auto handle = batch.add<Long>(kLength, text);
  co_await batch.send();
  co_return handle.one().value();
}

async<std::int64_t> slow_number(Db& db, Query query) {
  const Call call(steady_clock::now() + 5s, "test");
  Batch batch = db.batch(call, Lane::slow);
  const auto handle = batch.add<std::int64_t>(query);
  co_await batch.send();
  co_return handle.one().value_or(-1);
}

class DbTest : public testing::Test {
 protected:
  void SetUp() override {
    TestDatabase::execute(kSchema);
    ASSERT_TRUE(ready(db_));
  }
  static Config config() {
    return {.conninfo = TestDatabase::conninfo(), .fast_connections = 1, .slow_connections = 0, .fast_timeout = 1s};
  }
  bool ready(Db& db) { return run(io_, db.ready(steady_clock::now() + 5s)); }
  std::int64_t count() { return run(io_, number(db_, kCount)); }

  asio::io_context io_;
  Db db_{io_, config()};
};

TEST_F(DbTest, ReportsTheConstraintThatFailedATransaction) {
  EXPECT_TRUE(run(io_, write(db_, {{kInsert, "a"}})));
  const auto duplicate = run(io_, write(db_, {{kInsert, "b"}, {kInsert, "a"}, {kInsert, "c"}}));
  ASSERT_FALSE(duplicate);
  EXPECT_EQ(duplicate.error().code, ErrorCode::conflict);
  EXPECT_EQ(duplicate.error().message.key, "db.users_email_key");
  EXPECT_EQ(run(io_, write(db_, {{kInsert, "bad"}})).error().message.key, "db.users_email_check");
  EXPECT_EQ(count(), 1) << "a transaction is all or nothing";
}

TEST_F(DbTest, AConstraintWithoutATextIsABug) {
  EXPECT_THROW(static_cast<void>(run(io_, write(db_, {{kInsert, "worse"}}))), StatementFailed);
  EXPECT_EQ(count(), 0);
}

TEST_F(DbTest, ReportsADeferredConstraint) {
  const auto orphan = run(io_, write(db_, {{kInsert, "a"}, {kInsertPart, "nobody"}}));
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().message.key, "db.idempotency_keys_pkey");
  EXPECT_EQ(count(), 0);
  EXPECT_TRUE(run(io_, write(db_, {{kInsertPart, "late"}, {kInsert, "late"}})));
  EXPECT_EQ(run(io_, touch_all(db_)), 1);
}

TEST_F(DbTest, AGuardFailsWithItsCodeAndKey) {
  const auto refused = run(io_, guarded(db_, false, 403, "post.closed"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
  EXPECT_EQ(refused.error().message.key, "post.closed");
  EXPECT_EQ(count(), 0);
  EXPECT_TRUE(run(io_, guarded(db_, true, 403, "post.closed")));
  EXPECT_EQ(count(), 1);
}

constexpr Query kPurge{"test.purge", "select purge()::text"};
constexpr Query kOtherNotice{"test.other_notice", "select other_notice()::text"};

TEST_F(DbTest, ATransactionReportsThatPagesMustBePurged) {
  TestDatabase::execute(
      "create or replace function purge() returns void language plpgsql as "
      "$$ begin raise notice using errcode = 'MS001', message = 'x'; end $$;"
      "create or replace function other_notice() returns void language plpgsql as $$ begin raise notice 'else'; end "
      "$$");
  EXPECT_TRUE(run(io_, reports_purge(db_, kPurge)));
  EXPECT_FALSE(run(io_, reports_purge(db_, kOtherNotice)));
}

TEST_F(DbTest, AFailingBatchIsRolledBackAndAffectsNoOther) {
  BackgroundTask<std::int64_t> neighbour(io_, number(db_, kOne));
  BackgroundTask<void> failing(io_, insert_around(db_, kWrong));
  BackgroundTask<void> same_again(io_, insert_around(db_, kWrong));
  BackgroundTask<std::int64_t> other(io_, number(db_, kEcho, "42"));
  EXPECT_THROW(failing.get(), StatementFailed);
  EXPECT_THROW(same_again.get(), StatementFailed);
  EXPECT_EQ(neighbour.get(), 1);
  EXPECT_EQ(other.get(), 42);
  EXPECT_EQ(count(), 0);
}

TEST_F(DbTest, ReadsOfOneTurnShareATransaction) {
  EXPECT_GT(run(io_, read(db_, kStarted)), 0);  // prepared
  BackgroundTask<std::int64_t> first(io_, read(db_, kStarted));
  BackgroundTask<std::int64_t> second(io_, read(db_, kStarted));
  EXPECT_EQ(first.get(), second.get());
  BackgroundTask<std::int64_t> alone(io_, number(db_, kStarted));
  BackgroundTask<std::int64_t> behind(io_, number(db_, kStarted));
  EXPECT_NE(alone.get(), behind.get());
}

TEST_F(DbTest, AFailingReadAffectsNoOther) {
  EXPECT_EQ(run(io_, read(db_, kEcho, "1")), 1);
  EXPECT_THROW(run(io_, read(db_, kBadNumber, "x")), StatementFailed);
  for (int turn = 0; turn < 2; ++turn) {
    std::vector<BackgroundTask<std::int64_t>> good;
    std::vector<BackgroundTask<std::int64_t>> bad;
    for (int i = 0; i < 40; ++i) {
      good.emplace_back(io_, read(db_, kEcho, std::to_string(i)));
      if (i % 13 == 5) bad.emplace_back(io_, read(db_, kBadNumber, "x"));
      if (i % 17 == 3) bad.emplace_back(io_, read(db_, kWrong));
    }
    BackgroundTask<Result<void>> written(io_, write(db_, {{kInsert, "turn " + std::to_string(turn)}}));
    for (auto& each : bad) EXPECT_THROW(each.get(), StatementFailed);
    for (int i = 0; i < 40; ++i) EXPECT_EQ(good[static_cast<std::size_t>(i)].get(), i);
    EXPECT_TRUE(written.get());
  }
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(db_.state().in_flight, 0);
}

TEST_F(DbTest, AReadThatFailsAtItsEndFailsAlone) {
  EXPECT_EQ(run(io_, read(db_, kEcho, "1")), 1);
  EXPECT_THROW(run(io_, read(db_, kInsertPart, "nobody")), StatementFailed);
  BackgroundTask<std::int64_t> before(io_, read(db_, kEcho, "2"));
  BackgroundTask<std::int64_t> orphan(io_, read(db_, kInsertPart, "nobody"));
  BackgroundTask<std::int64_t> after(io_, read(db_, kEcho, "3"));
  EXPECT_THROW(orphan.get(), StatementFailed);
  EXPECT_EQ(before.get(), 2);
  EXPECT_EQ(after.get(), 3);
}

TEST_F(DbTest, AReadIsAbandonedAtItsOwnDeadline) {
  EXPECT_EQ(run(io_, read(db_, kSleep, "0")), 1);
  EXPECT_EQ(run(io_, read(db_, kEcho, "1")), 1);
  BackgroundTask<std::int64_t> short_deadline(io_, read(db_, kEcho, "2", 100ms));
  BackgroundTask<std::int64_t> slow(io_, read(db_, kSleep, "0.6"));
  BackgroundTask<std::int64_t> patient(io_, read(db_, kEcho, "3"));
  EXPECT_THROW(short_deadline.get(), Unavailable);
  EXPECT_FALSE(slow.ended());
  EXPECT_EQ(slow.get(), 1);
  EXPECT_EQ(patient.get(), 3);
  BackgroundTask<std::int64_t> too_slow(io_, read(db_, kSleep, "3"));
  BackgroundTask<std::int64_t> behind(io_, read(db_, kEcho, "4"));
  EXPECT_EQ(behind.get(), 4);
  EXPECT_THROW(too_slow.get(), Unavailable);
}

TEST_F(DbTest, AFailureNamesTheStatementButNoValues) {
  try {
    run(io_, number(db_, kBadNumber, "secret"));
    FAIL();
  } catch (const StatementFailed& failed) {
    EXPECT_EQ(failed.sqlstate(), "22P02");
    EXPECT_THAT(failed.what(), HasSubstr("test.bad_number: 22P02 invalid input syntax"));
    EXPECT_THAT(failed.what(), Not(HasSubstr("secret")));
  }
  EXPECT_THROW(run(io_, number(db_, kWrong)), StatementFailed);
}

TEST_F(DbTest, OneNameMeansOneStatement) {
  EXPECT_EQ(run(io_, number(db_, kOne)), 1);
  EXPECT_THROW(run(io_, number(db_, Query{kOne.name, "select 2"})), std::logic_error);
}

TEST_F(DbTest, RepeatsATransactionOnceAfterASerializationFailure) {
  TestDatabase::execute("select setval('attempts', 2)");
  EXPECT_TRUE(run(io_, flaky(db_)));
  EXPECT_EQ(count(), 1);
}

TEST_F(DbTest, PreparesAgainWhenThePlanIsOutdatedOrDeallocated) {
  EXPECT_EQ(run(io_, number(db_, kStale)), 7);
  TestDatabase::execute("alter table shapes alter column a type bigint");
  EXPECT_EQ(run(io_, number(db_, kStale)), 7);
  BackgroundTask<std::int64_t> still(io_, read(db_, kStale));
  EXPECT_EQ(still.get(), 7);
  TestDatabase::execute("alter table shapes alter column a type int");
  BackgroundTask<std::int64_t> one(io_, read(db_, kStale));
  BackgroundTask<std::int64_t> other(io_, read(db_, kStale));
  BackgroundTask<std::int64_t> neighbour(io_, read(db_, kEcho, "8"));
  EXPECT_EQ(one.get(), 7);
  EXPECT_EQ(other.get(), 7);
  EXPECT_EQ(neighbour.get(), 8);
  EXPECT_TRUE(run(io_, write(db_, {{kInsert, "a"}})));
  EXPECT_EQ(run(io_, number(db_, kDeallocateAll)), -1) << "it has no rows";
  EXPECT_TRUE(run(io_, write(db_, {{kInsert, "b"}})));
  EXPECT_EQ(run(io_, number(db_, kStale)), 7);
}

TEST_F(DbTest, GivesAThousandCallersTheirOwnAnswers) {
  Config many = config();
  many.fast_connections = 3;
  many.queue_limit = 1000;
  Db db(io_, many);
  ASSERT_TRUE(ready(db));
  std::vector<BackgroundTask<std::int64_t>> callers;
  for (int i = 0; i < 1000; ++i) {
    auto ask = i % 5 == 0 ? number(db, kEcho, std::to_string(i)) : read(db, kEcho, std::to_string(i));
    callers.emplace_back(io_, std::move(ask));
  }
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(callers[static_cast<std::size_t>(i)].get(), i);
  EXPECT_EQ(db.state().in_flight, 0);
}

TEST_F(DbTest, SendsMoreThanTheSocketHolds) {
  const std::string large(3 << 20, 'y');
  std::vector<BackgroundTask<Long>> callers;
  for (int i = 0; i < 8; ++i) callers.emplace_back(io_, length_of(db_, large, i < 4));
  for (auto& caller : callers) {
    const Long got = caller.get();
    EXPECT_EQ(got.length, 3 << 20);
    EXPECT_EQ(got.text.size(), large.size());
  }
}

TEST_F(DbTest, FailsWhenTheQueueIsFull) {
  Config small = config();
  small.queue_limit = 3;
  Db db(io_, small);
  ASSERT_TRUE(ready(db));
  std::vector<BackgroundTask<std::int64_t>> callers;
  for (int i = 0; i < 3; ++i) callers.emplace_back(io_, number(db, kSleep, "0.05"));
  BackgroundTask<std::int64_t> refused(io_, number(db, kOne));
  EXPECT_THROW(refused.get(), Unavailable);
  for (auto& caller : callers) EXPECT_EQ(caller.get(), 1);
  EXPECT_EQ(run(io_, number(db, kOne)), 1);
}

TEST_F(DbTest, SlowStatementsUseTheFastLaneWithoutASlowOne) {
  EXPECT_EQ(run(io_, slow_number(db_, kCount)), 0);
  EXPECT_EQ(db_.state().wanted, 1);
  Db early(io_, config());  // waits for the fast connection
  EXPECT_EQ(run(io_, slow_number(early, kCount)), 0);
}

TEST_F(DbTest, ReleasesTheCallerWhenItsDeadlinePasses) {
  const auto start = steady_clock::now();
  EXPECT_THROW(run(io_, number(db_, kSleep, "0.5", 100ms)), Unavailable);
  EXPECT_LT(steady_clock::now() - start, 450ms);
  EXPECT_EQ(run(io_, number(db_, kEcho, "9")), 9) << "the late result belongs to the caller that went";
  try {
    static_cast<void>(run(io_, write(db_, {{kInsert, "late"}, {kSleep, "0.4"}}, 100ms)));
    FAIL();
  } catch (const Unavailable& late) { EXPECT_TRUE(late.outcome_unknown()); }
  EXPECT_EQ(count(), 1) << "and indeed it was written";
}

TEST_F(DbTest, StatementTimeoutEndsOnlyItsOwnStatement) {
  BackgroundTask<std::int64_t> slow(io_, number(db_, kSleep, "3"));
  BackgroundTask<std::int64_t> behind(io_, number(db_, kEcho, "5"));
  EXPECT_EQ(behind.get(), 5);
  EXPECT_THROW(slow.get(), Unavailable);
}

TEST_F(DbTest, SumsTheTimeOfARequest) {
  Timing timing;
  run(io_, number(db_, kSleep, "0.02", 5s, &timing));
  run(io_, number(db_, kOne, {}, 5s, &timing));
  EXPECT_EQ(timing.pg_trips, 2);
  EXPECT_GE(timing.pg, 20ms);
}

TEST_F(DbTest, ClosingReleasesAllCallers) {
  BackgroundTask<std::int64_t> waiting(io_, number(db_, kSleep, "0.9"));
  BackgroundTask<bool> other(io_, db_.ready(steady_clock::now() + 5s));
  EXPECT_TRUE(other.get());
  db_.close();
  EXPECT_THROW(waiting.get(), Unavailable);
  EXPECT_FALSE(db_.state().up);
}

}  // namespace
}  // namespace ms::pg
