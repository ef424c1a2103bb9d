#include "features/servers/servers.hpp"

#include <gmock/gmock.h>

#include "features/servers/store.hpp"
#include "infra/cache/redis_cache.hpp"
#include "infra/live/publisher.hpp"
#include "infra/pg/test_database.hpp"
#include "infra/pg/transaction.hpp"
#include "infra/redis/private_redis.hpp"
#include "infra/write/write.hpp"

namespace ms::servers {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;
using testing::IsEmpty;
using testing::SizeIs;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("servers"));

session::Viewer viewer(std::string_view permissions) {
  return {MemberId{1}, "관리자", "admin@test", session::Role::staff, session::Permissions::parse(permissions), ""};
}

class ServersTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }
  void SetUp() override {
    TestDatabase::clear();
    TestDatabase::execute(
        R"(
      insert into users (email, name, password_hash, role) values ('admin@test', '관리자', '', 3))");
    run(db_.ready(std::chrono::steady_clock::now() + 5s));
    run(site_.ready(std::chrono::steady_clock::now() + 5s));
  }

  template <class T>
  T run(async<T> task) {
    return pg::run(io_, std::move(task));
  }
  /// Sends a heartbeat of that server; returns whether its Site is to be drained.
  std::optional<bool> heartbeat(const std::string& server, config::Program program = config::Program::site) {
    Heartbeat content;
    content.server = server;
    content.program = program;
    content.at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count();
    HeartbeatStore heartbeats(program == config::Program::site ? site_ : db_, redis_);
    run(heartbeats.heartbeat(content));         // adds its row
    return run(heartbeats.heartbeat(content));  // reaches the row
  }
  Result<void> drain(std::int64_t id, bool drained = true, std::string reason = "점검",
                     std::string_view permissions = "admin,servers") {
    const Call call(std::chrono::steady_clock::now() + 5s, "test");
    return run(servers_.set_drained(call, viewer(permissions), id, drained, std::move(reason)));
  }
  static async<std::shared_ptr<const Overview>> read_overview(ServerMonitor& monitor) {
    const Call call(std::chrono::steady_clock::now() + 5s, "test");
    co_return co_await monitor.read_overview(call);
  }
  static redis::Config nowhere() {
    redis::Config out;
    out.host = "/nowhere/redis.sock";
    return out;
  }

  asio::io_context io_{1};
  pg::Db site_{io_, {.conninfo = TestDatabase::conninfo("minschool_site")}};
  pg::Db db_{io_, {.conninfo = TestDatabase::conninfo("minschool_admin")}};
  redis::Client redis_{io_, nowhere()};
  ServerMonitor monitor_{db_, redis_, ""};
  cache::RedisCache cache_{redis_, secret::Keyring({"key"})};
  live::Publisher publisher_{io_, db_, redis_, secret::Keyring({"key"})};
  write::Writer writer_{db_, cache_, publisher_};
  Servers servers_{db_, monitor_, writer_};
};

TEST_F(ServersTest, HeartbeatsGoThroughPostgresWhileRedisIsGone) {
  EXPECT_EQ(heartbeat("app1"), false);
  heartbeat("app1", config::Program::admin);
  const auto seen = run(read_overview(monitor_));
  ASSERT_THAT(seen->servers, SizeIs(1));
  EXPECT_EQ(seen->servers[0].name, "app1");
  EXPECT_TRUE(seen->servers[0].site);
  EXPECT_TRUE(seen->servers[0].admin);
  EXPECT_FALSE(seen->redis.up);
  EXPECT_TRUE(seen->postgres.up);
  EXPECT_FALSE(seen->nginx.known);
}

TEST_F(ServersTest, AServerWithoutHeartbeatsIsSilentAndThenNotListed) {
  heartbeat("app1");
  TestDatabase::execute("update server_programs set seen_at = now() - interval '1 minute'");
  const auto silent = run(read_overview(monitor_));
  ASSERT_THAT(silent->servers, SizeIs(1));
  EXPECT_FALSE(silent->servers[0].alive());
  EXPECT_GE(silent->servers[0].silent_seconds, 60);
  TestDatabase::execute("update server_programs set seen_at = now() - interval '11 minutes'");
  ServerMonitor later(db_, redis_, "");
  EXPECT_THAT(run(read_overview(later))->servers, IsEmpty());
}

TEST_F(ServersTest, AServerIsDrainedOnlyWhileAnotherServes) {
  heartbeat("app1");
  EXPECT_EQ(drain(1).error().code, ErrorCode::conflict) << "the last one";
  heartbeat("app2");
  ASSERT_TRUE(drain(1));
  EXPECT_EQ(heartbeat("app1"), true);
  EXPECT_EQ(heartbeat("app2"), false);
  const auto refused = drain(2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.key, "servers.last");
  TestDatabase::execute("update server_programs set seen_at = now() - interval '1 minute' where server_id = 2");
  EXPECT_EQ(heartbeat("app1"), false) << "no other server serves";
}

TEST_F(ServersTest, AnAdminAloneDoesNotServe) {
  heartbeat("app1");
  heartbeat("app2", config::Program::admin);
  EXPECT_EQ(drain(1).error().code, ErrorCode::conflict);
}

TEST_F(ServersTest, AReturnEndsTheDrain) {
  heartbeat("app1");
  heartbeat("app2");
  ASSERT_TRUE(drain(1));
  ASSERT_TRUE(drain(1, false));
  EXPECT_EQ(heartbeat("app1"), false);
  EXPECT_EQ(TestDatabase::execute("select string_agg(action || ' ' || detail, ',' order by id) from audit_log"),
            "rest app1,unrest app1");
}

TEST_F(ServersTest, ADrainNeedsThePermissionAReasonAndAnExistingServer) {
  heartbeat("app1");
  heartbeat("app2");
  EXPECT_EQ(drain(1, true, "점검", "admin").error().code, ErrorCode::forbidden);
  TestDatabase::execute("update users set role = 2");
  EXPECT_EQ(drain(1).error().code, ErrorCode::forbidden) << "the role has lost the permission meanwhile";
  EXPECT_EQ(drain(1, true, " ").error().code, ErrorCode::invalid);
  EXPECT_EQ(drain(99).error().code, ErrorCode::not_found);
  EXPECT_EQ(heartbeat("app1"), false);
}

TEST_F(ServersTest, OnlyOneSampleIsWrittenForTenSeconds) {
  const auto add = [this] {
    const auto task = [](pg::Db& db) -> async<void> {  // captures nothing
      const Call call(std::chrono::steady_clock::now() + 5s, "test");
      pg::Transaction transaction = db.transaction(call);
      Sample sample;
      sample.servers = 3;
      sample.requests = 1.25;
      store::add_sample(transaction, sample);
      co_await transaction.commit();
    };
    run(task(db_));
  };
  TestDatabase::execute("insert into server_samples (at, servers) values (now() - interval '2 hours', 1)");
  // Both samples must be within the same ten seconds.
  TestDatabase::execute("select pg_sleep(greatest(0, extract(epoch from now())::numeric % 10 - 8) * 1.1)");
  add();
  add();
  EXPECT_EQ(TestDatabase::execute("select count(*) || ' ' || max(requests) from server_samples"), "2 1.25");
}

TEST_F(ServersTest, SilentProgramsAndOldSamplesAreDeleted) {
  heartbeat("app1");
  heartbeat("app2", config::Program::admin);
  TestDatabase::execute(R"(
    insert into server_samples (at, servers) values (now() - interval '2 hours', 1), (now() - interval '50 minutes', 1);
    update server_programs set seen_at = now() - interval '11 minutes' where program = 'admin';
    update servers set seen_at = now() - interval '31 days';
    insert into servers (name, seen_at, drained_since) values ('app3', now() - interval '31 days', now()))");
  const auto delete_all = [this](auto function, pg::Db& db) {
    const Call call(std::chrono::steady_clock::now() + 5s, "test");
    return run(function(db, call));
  };
  EXPECT_TRUE(delete_all(delete_silent_programs, site_));
  EXPECT_TRUE(delete_all(delete_silent_servers, site_));
  EXPECT_FALSE(delete_all(delete_silent_programs, db_));
  EXPECT_FALSE(delete_all(delete_silent_servers, db_));
  EXPECT_TRUE(delete_all(delete_old_samples, db_));
  EXPECT_FALSE(delete_all(delete_old_samples, db_));
  EXPECT_EQ(TestDatabase::execute("select string_agg(name, ' ' order by name) from servers"), "app1 app3")
      << "live and drained servers stay";
  EXPECT_EQ(TestDatabase::execute("select count(*) from server_samples"), "1");
}

}  // namespace
}  // namespace ms::servers
