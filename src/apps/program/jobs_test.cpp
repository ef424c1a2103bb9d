#include "apps/program/jobs.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "features/comments/comments.hpp"
#include "features/posts/rerender.hpp"
#include "infra/pg/test_database.hpp"
#include "infra/storage/local_folder.hpp"

namespace ms::program {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("program"));

/// What the first thread of a program has for its jobs, with the program's rights in the database.
struct Program {
  Program(config::Program which, const std::string& role)
      : settings(settings_for(role)), services(settings, which, {pool, store}) {
    add_jobs(runner, services, which);
  }
  static config::Settings settings_for(const std::string& role) {
    config::Settings out = config::defaults(config::Program::site);
    out.database.url = TestDatabase::conninfo(role);
    out.redis.host = "/nowhere/redis.sock";
    out.session.secret = std::string(64, 's');
    return out;
  }
  async<int> run_due() {
    int runs = 0;
    co_await services.db.ready(std::chrono::steady_clock::now() + 10s);
    co_await runner.add_periodic_jobs();
    bool more = true;
    while (more) {
      more = co_await runner.run_one();
      runs += more ? 1 : 0;
    }
    co_return runs;
  }

  CpuPool pool{1, 1};
  storage::LocalFolder folder{"/nonexistent"};
  storage::AsyncStore store{folder, pool};
  const config::Settings settings;
  metrics::Registry registry;
  Services services;
  jobs::Runner runner{services.db, "a", registry.shard()};
};

class JobsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }
  static std::string sql(const std::string& text) { return TestDatabase::execute(text); }
};

TEST_F(JobsTest, EachProgramHasTheRightsThatItsJobsNeed) {
  for (const auto& [which, role] :
       {std::pair(config::Program::site, "minschool_site"), std::pair(config::Program::admin, "minschool_admin")}) {
    Program program(which, role);
    const int runs = pg::run(program.services.io, program.run_due());
    EXPECT_GE(runs, 3) << role;
    const std::string own = std::string(" from jobs where program = '") + role + "'";
    EXPECT_EQ(sql("select count(*)" + own), std::to_string(runs)) << role << ": each ran once";
    EXPECT_EQ(sql("select coalesce(string_agg(kind || ': ' || last_error, '; '), '')" + own), "");
    std::istringstream kinds(sql("select string_agg(kind, ' ')" + own));
    for (std::string kind; kinds >> kind;) {
      const std::string key = "job_kind." + kind;
      EXPECT_NE(tr(Msg{key}), key) << "staff see no words for it";
    }
    EXPECT_EQ(sql("select count(*)" + own + " and run_at <= now()"), "0") << role;
  }
}

TEST_F(JobsTest, EachProgramRemovesItsOwnOldKeys) {
  for (const auto& [which, role] :
       {std::pair(config::Program::site, "minschool_site"), std::pair(config::Program::admin, "minschool_admin")}) {
    sql("truncate jobs");
    sql(std::string(
            "insert into idempotency_keys (key, fingerprint, result, created_at, program) select kind || i || '") +
        role + "', '', 0, now() - age, '" + role +
        "' from generate_series(1, 6000) i, (values ('old', interval '25 h'), ('new', interval '23 h')) as k (kind, "
        "age)");
    Program program(which, role);
    pg::run(program.services.io, program.run_due());
    EXPECT_EQ(
        sql(std::string("select count(*) from idempotency_keys where key like 'new%' and program = '") + role + "'"),
        "6000");
    EXPECT_EQ(sql("select count(*) from idempotency_keys where key like 'old%'"), "0");
  }
}

/// Otherwise each slice would read all rows that are left.
TEST_F(JobsTest, ASliceOfTextsToRenderIsARangeOfAnIndex) {
  for (const auto& table : {posts::rendered_posts(), comments::rendered_comments()}) {
    const std::string plan = sql("prepare outdated as " + std::string(table.outdated.sql) +
                                 "; set enable_seqscan = off; set enable_bitmapscan = off; explain (format json) "
                                 "execute outdated (3, 1, 1, 10)");
    EXPECT_THAT(plan, AllOf(HasSubstr("Index Scan"), Not(HasSubstr("Sort"))));
  }
}

async<bool> plans_once(Services& services) {
  constexpr pg::Query kMode{"test.plan_mode", "select current_setting('plan_cache_mode') = 'force_generic_plan'"};
  co_await services.db.ready(std::chrono::steady_clock::now() + 10s);
  const Call call(std::chrono::steady_clock::now() + 10s, "test");
  pg::Batch batch = services.db.batch(call);
  const auto handle = batch.add<bool>(kMode);
  co_await batch.send();
  co_return handle.one().value();
}

TEST_F(JobsTest, TheSitesStatementsArePlannedOnce) {
  Program site(config::Program::site, "minschool_site");
  EXPECT_TRUE(pg::run(site.services.io, plans_once(site.services)));
  Program admin(config::Program::admin, "minschool_admin");
  EXPECT_FALSE(pg::run(admin.services.io, plans_once(admin.services))) << "its searches differ too much";
}

}  // namespace
}  // namespace ms::program
