// Callers while the server dies, hangs or is missing. Each case ends by proving recovery.
#include <gtest/gtest.h>

#include "infra/io/use_awaitable.hpp"
#include "infra/pg/db.hpp"
#include "infra/pg/test_database.hpp"
#include "infra/pg/test_proxy.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::pg {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr Query kSleep{"loss.sleep", "select 1 from pg_sleep($1::text::float8)"};
constexpr const char* kKill =
    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    " where datname = current_database() and application_name = 'minschool-fast'";
constexpr const char* kKillAll =
    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    " where datname = current_database() and application_name in ('minschool-fast', 'minschool-slow')";

async<int> sleep_in_server(Db& db, std::string seconds, std::chrono::milliseconds limit, Lane lane = Lane::fast) {
  const Call call(steady_clock::now() + limit, "test");
  Batch batch = db.batch(call, lane);
  const auto handle = batch.add<int>(kSleep, seconds);
  co_await batch.send();
  co_return handle.one().value();
}

async<bool> write_slowly(Db& db, std::string seconds) {
  const Call call(steady_clock::now() + 5s, "test");
  Transaction transaction = db.transaction(call);
  transaction.add(kSleep, seconds);
  const auto done = co_await transaction.commit();
  co_return done.has_value();
}

async<void> pause(asio::io_context& io, std::chrono::milliseconds time) {
  io::Timer timer(io.get_executor(), time);
  co_await timer.async_wait(io::kUseAwaitable);
}

class Loss : public testing::Test {
 protected:
  static Config config(std::string conninfo) {
    return {.conninfo = std::move(conninfo), .fast_connections = 2, .slow_connections = 0, .fast_timeout = 600ms};
  }
  static Config two_lanes(std::string conninfo) {
    Config out = config(std::move(conninfo));
    out.slow_connections = 1;
    return out;
  }
  /// Both lanes are open.
  bool all_ready(Db& db) {
    for (int tries = 0; tries < 500 && db.state().connections < 3; ++tries) run(io_, pause(io_, 10ms));
    return db.state().connections == 3;
  }
  bool ready(Db& db) { return run(io_, db.ready(steady_clock::now() + 5s)); }

  asio::io_context io_;
  Proxy proxy_{io_};
};

TEST_F(Loss, ATerminatedBackendFailsWritesAndRepeatsReads) {
  Db db(io_, config(TestDatabase::conninfo()));
  ASSERT_TRUE(ready(db));
  BackgroundTask<int> read(io_, sleep_in_server(db, "0.3", 3s));
  BackgroundTask<bool> written(io_, write_slowly(db, "0.3"));
  run(io_, pause(io_, 100ms));
  ASSERT_NE(TestDatabase::execute(kKill), "0");
  try {
    written.get();
    FAIL();
  } catch (const Unavailable& lost) { EXPECT_TRUE(lost.outcome_unknown()); }
  EXPECT_EQ(read.get(), 1) << "a read is repeated on a new connection";
  EXPECT_TRUE(run(io_, write_slowly(db, "0")));
  EXPECT_TRUE(db.state().up);
}

TEST_F(Loss, IdleConnectionsReconnectAfterARestart) {
  Db db(io_, config(TestDatabase::conninfo()));
  ASSERT_TRUE(ready(db));
  ASSERT_NE(TestDatabase::execute(kKill), "0");
  EXPECT_EQ(run(io_, sleep_in_server(db, "0", 3s)), 1);
}

TEST_F(Loss, AColdStartFailsAtOnceAndRecovers) {
  Db db(io_, config(proxy_.conninfo()));
  EXPECT_FALSE(run(io_, db.ready(steady_clock::now() + 100ms)));
  BackgroundTask<int> queued(io_, sleep_in_server(db, "0", 3s));
  EXPECT_THROW(queued.get(), Unavailable);
  const auto start = steady_clock::now();
  run(io_, pause(io_, 300ms));
  EXPECT_THROW(run(io_, sleep_in_server(db, "0", 3s)), Unavailable);
  EXPECT_LT(steady_clock::now() - start, 1500ms) << "down for long: refused without waiting";
  EXPECT_FALSE(db.state().up);
  EXPECT_FALSE(db.state().error.empty());

  proxy_.open();
  ASSERT_TRUE(ready(db));
  EXPECT_EQ(run(io_, sleep_in_server(db, "0", 3s)), 1);
  EXPECT_TRUE(db.state().up);
  EXPECT_EQ(db.state().error, "");
}

TEST_F(Loss, StatementsWaitWhileConnecting) {
  proxy_.open();
  Db db(io_, config(proxy_.conninfo()));
  EXPECT_EQ(run(io_, sleep_in_server(db, "0", 3s)), 1);
}

TEST_F(Loss, AHangingServerIsNoticed) {
  proxy_.open();
  Db db(io_, config(proxy_.conninfo()));
  ASSERT_TRUE(ready(db));
  proxy_.stall(true);
  const auto start = steady_clock::now();
  BackgroundTask<bool> written(io_, write_slowly(db, "0"));
  EXPECT_THROW(run(io_, sleep_in_server(db, "0", 200ms)), Unavailable);
  EXPECT_LT(steady_clock::now() - start, 1s);
  run(io_, pause(io_, 700ms));
  EXPECT_FALSE(db.state().up) << "nothing was answered for longer than the statement timeout";
  EXPECT_THROW(written.get(), Unavailable);
  EXPECT_GT(steady_clock::now() - start, 1500ms);
  EXPECT_LT(steady_clock::now() - start, 3s);

  proxy_.stall(false);
  ASSERT_TRUE(ready(db));
  EXPECT_EQ(run(io_, sleep_in_server(db, "0", 3s)), 1);
}

TEST_F(Loss, AHangIsNoticedWhenOnlyTheSlowLaneWaits) {
  proxy_.open();
  Db db(io_, two_lanes(proxy_.conninfo()));
  ASSERT_TRUE(all_ready(db));
  proxy_.stall(true);
  BackgroundTask<int> waits(io_, sleep_in_server(db, "0", 1800ms, Lane::slow));
  run(io_, pause(io_, 1500ms));
  EXPECT_FALSE(db.state().up) << "noticed before the deadline of the request that waits";
  EXPECT_THROW(waits.get(), Unavailable);
  EXPECT_FALSE(db.state().back_soon);

  proxy_.stall(false);
  EXPECT_EQ(run(io_, sleep_in_server(db, "0", 3s, Lane::slow)), 1);
  run(io_, pause(io_, 100ms));
  EXPECT_TRUE(db.state().up);
}

TEST_F(Loss, ALongStatementOnTheSlowLaneIsNotAHang) {
  Db db(io_, two_lanes(TestDatabase::conninfo()));
  ASSERT_TRUE(all_ready(db));
  BackgroundTask<int> slow(io_, sleep_in_server(db, "2", 3s, Lane::slow));
  for (int looks = 0; looks < 18; ++looks) {
    run(io_, pause(io_, 100ms));
    ASSERT_TRUE(db.state().up);
  }
  EXPECT_EQ(slow.get(), 1);
}

TEST_F(Loss, SlowStatementsWaitForTheFirstNewConnection) {
  Db db(io_, two_lanes(TestDatabase::conninfo()));
  ASSERT_TRUE(all_ready(db));
  ASSERT_EQ(TestDatabase::execute(kKillAll), "3");
  run(io_, pause(io_, 1ms));
  EXPECT_EQ(run(io_, sleep_in_server(db, "0", 3s, Lane::slow)), 1);
  EXPECT_TRUE(db.state().up);
}

}  // namespace
}  // namespace ms::pg
