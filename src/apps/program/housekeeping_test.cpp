#include "apps/program/housekeeping.hpp"

#include <gmock/gmock.h>

#include "infra/once/once.hpp"
#include "infra/pg/test_database.hpp"

namespace ms::program {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;
using testing::ElementsAre;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("program"));

class HousekeepingTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }

  async<bool> note(std::string name, bool left) {
    done.push_back(std::move(name));
    co_return left;
  }
  async<bool> refuse(std::string name) {
    done.push_back(std::move(name));
    throw pg::StatementFailed("permission denied", "42501");
    co_return false;
  }
  async<bool> lose(std::string name) {
    done.push_back(std::move(name));
    throw pg::Unavailable("gone", false);
    co_return false;
  }
  double failures(std::string_view chore) {
    return static_cast<double>(
        shard.counter("minschool_housekeeping_failures", "", metrics::labels({{"chore", chore}})).value());
  }

  asio::io_context io{1};
  metrics::Registry registry;
  metrics::Shard& shard = registry.shard();
  Housekeeping chores{shard};
  std::vector<std::string> done;
};

TEST_F(HousekeepingTest, AChoreThatFailsKeepsNoOtherFromRunning) {
  chores.add("a", [this](const Call&) { return refuse("a"); });
  chores.add("b", [this](const Call&) { return lose("b"); });
  chores.add("c", [this](const Call&) { return note("c", done.size() < 4); });
  pg::run(io, chores.all());
  EXPECT_THAT(done, ElementsAre("a", "b", "c", "c", "c")) << "c is asked until nothing is left";
  io.restart();  // nothing else kept it busy
  pg::run(io, chores.all());
  EXPECT_EQ(failures("a"), 2);
  EXPECT_EQ(failures("b"), 0) << "another server does it";
  EXPECT_EQ(failures("c"), 0);
}

TEST_F(HousekeepingTest, OldKeysAreForgottenByEachProgramInItsOwnName) {
  for (const char* program : {"minschool_site", "minschool_admin"}) {
    TestDatabase::execute(
        std::string("insert into once (key, fingerprint, result, created_at, program) select kind || i || '") +
        program + "', '', 0, now() - age, '" + program +
        "' from generate_series(1, 6000) i, (values ('old', interval '25 h'), ('new', interval '23 h')) as k (kind, "
        "age)");
    pg::Db db{io, pg::Config{.conninfo = TestDatabase::conninfo(program)}};
    Housekeeping own(shard);
    own.add(program, [&db](const Call& call) { return once::forget_old(db, call); });
    ASSERT_TRUE(pg::run(io, db.ready(std::chrono::steady_clock::now() + 10s)));
    pg::run(io, own.all());
    EXPECT_EQ(failures(program), 0);
    EXPECT_EQ(TestDatabase::execute(std::string("select count(*) from once where key like 'new%' and program = '") +
                                    program + "'"),
              "6000");
    EXPECT_EQ(TestDatabase::execute("select count(*) from once where key like 'old%'"), "0");
  }
}

}  // namespace
}  // namespace ms::program
