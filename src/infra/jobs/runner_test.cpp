#include "infra/jobs/runner.hpp"

#include <gmock/gmock.h>

#include "infra/io/sleep.hpp"
#include "infra/pg/test_database.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::jobs {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("jobs"));

constexpr pg::Query kRefuse{"test.refuse", "select ms_guard(false, 409, 'test.refused')::text"};

/// A process that runs jobs of one program.
struct Server {
  Server(asio::io_context& io, const std::string& name, const std::string& role)
      : db(io, pg::Config{.conninfo = TestDatabase::conninfo(role)}), runner(db, name, registry.shard()) {
    runner.add({"mail", [this](const Call& call, const std::string& payload) { return mail(call, payload); }});
    runner.add(
        {"sweep", [this](const Call& call, const std::string& payload) { return mail(call, payload); }, 10s, 10min});
  }

  async<Outcome> mail(const Call&, std::string payload) {
    payloads.push_back(payload);
    if (held) co_await sleep_for(1h);
    if (!error.empty()) throw std::runtime_error(error);
    const Outcome next = slices.empty() ? Outcome() : slices.front();
    if (!slices.empty()) slices.erase(slices.begin());
    co_return next;
  }

  metrics::Registry registry;
  pg::Db db;
  Runner runner;
  std::vector<std::string> payloads;
  std::string error;
  std::vector<Outcome> slices;
  bool held = false;
};

class RunnerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }
  void SetUp() override {
    TestDatabase::execute("truncate jobs restart identity");
    for (Server* server : {&a, &b}) ASSERT_TRUE(pg::run(io, server->db.ready(std::chrono::steady_clock::now() + 10s)));
  }

  async<ms::Result<void>> add(Server& server, Job job, bool refused) {
    const Call call(std::chrono::steady_clock::now() + 10s, "test");
    pg::Transaction transaction = server.db.transaction(call);
    enqueue(transaction, job);
    if (refused) transaction.add(kRefuse);
    co_return co_await transaction.commit();
  }
  ms::Result<void> enqueued(Job job, bool refused = false) { return pg::run(io, add(a, std::move(job), refused)); }
  bool run(Server& server) { return pg::run(io, server.runner.run_one()); }
  static std::string sql(const std::string& text) { return TestDatabase::execute(text); }
  /// Makes all queued jobs due.
  static void let_time_pass() { sql("update jobs set run_at = now() where run_at <> 'infinity'"); }
  static std::string in_table() { return sql("select count(*) from jobs"); }
  double gauge(std::string_view name) {
    return a.registry.read().at(std::string(name)).series.at(metrics::labels({{"kind", "mail"}})).value;
  }

  asio::io_context io{1};
  Server a{io, "a", "minschool_site"};
  Server b{io, "b", "minschool_site"};
};

TEST_F(RunnerTest, AJobExistsFromItsCommitUntilItIsDone) {
  EXPECT_FALSE(enqueued({.kind = "mail", .payload = "1"}, true));
  EXPECT_FALSE(run(a)) << "what caused it did not happen";
  ASSERT_TRUE(enqueued({.kind = "mail", .payload = "2"}));
  EXPECT_TRUE(run(a));
  EXPECT_THAT(a.payloads, ElementsAre("2"));
  EXPECT_EQ(in_table(), "0");
  EXPECT_FALSE(run(a));
}

TEST_F(RunnerTest, TwoServersClaimDifferentJobs) {
  for (const char* payload : {"1", "2"}) ASSERT_TRUE(enqueued({.kind = "mail", .payload = payload}));
  pg::BackgroundTask<bool> first(io, a.runner.run_one());
  pg::BackgroundTask<bool> second(io, b.runner.run_one());
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
  EXPECT_EQ(a.payloads.size(), 1);
  a.payloads.insert(a.payloads.end(), b.payloads.begin(), b.payloads.end());
  EXPECT_THAT(a.payloads, UnorderedElementsAre("1", "2"));
}

TEST_F(RunnerTest, AFailingJobIsRetriedAndStaysAsFailed) {
  ASSERT_TRUE(enqueued({.kind = "mail", .payload = "1", .max_attempts = 2}));
  a.error = "no such mailbox";
  EXPECT_TRUE(run(a));
  EXPECT_FALSE(run(a)) << "not at once";
  EXPECT_EQ(sql("select attempts || ' ' || last_error || ' ' || (run_at between now() + '8 s' and now() + '13 s')::text"
                " from jobs"),
            "1 no such mailbox true");
  let_time_pass();
  EXPECT_TRUE(run(a));
  let_time_pass();
  EXPECT_FALSE(run(a));
  EXPECT_EQ(sql("select attempts || ' ' || (failed_at is not null)::text from jobs"), "2 true");
  pg::run(io, a.runner.count());
  EXPECT_EQ(gauge("minschool_jobs_failed"), 1);
  EXPECT_EQ(gauge("minschool_jobs_queued"), 0);
}

TEST_F(RunnerTest, ALongErrorIsCutBetweenCharacters) {
  std::string korean;
  for (int i = 0; i < 600; ++i) korean += "가";
  for (const std::string& error : {korean, std::string("\xEA\xB0")}) {
    a.error = error;
    ASSERT_TRUE(enqueued({.kind = "mail", .payload = "1", .max_attempts = 1}));
    EXPECT_TRUE(run(a));
  }
  EXPECT_EQ(sql("select string_agg(length(last_error)::text, ',' order by id) from jobs where failed_at is not null"),
            "501,25");
}

TEST_F(RunnerTest, StaffRunFailedJobsAgain) {
  ASSERT_TRUE(enqueued({.kind = "mail", .max_attempts = 1}));
  a.error = "out of order";
  EXPECT_TRUE(run(a));
  a.error.clear();
  EXPECT_EQ(sql("set role minschool_admin; select ms_run_job_now(1)"), "t");
  EXPECT_TRUE(run(a));
  EXPECT_EQ(in_table(), "0");
}

TEST_F(RunnerTest, AJobOfAKilledServerRunsOnAnother) {
  ASSERT_TRUE(enqueued({.kind = "mail", .payload = "1"}));
  a.held = true;
  const pg::BackgroundTask<bool> dies(io, a.runner.run_one());
  while (a.payloads.empty()) io.run_one();
  EXPECT_EQ(sql("select running_on from jobs"), "a");
  EXPECT_FALSE(run(b)) << "it may still be at work";
  let_time_pass();
  EXPECT_TRUE(run(b));
  EXPECT_THAT(b.payloads, ElementsAre("1"));
  EXPECT_EQ(in_table(), "0");
}

TEST_F(RunnerTest, ARunThatEndsTooLateChangesNothing) {
  ASSERT_TRUE(enqueued({.kind = "sweep", .unique_key = "sweep", .period = 10min}));
  sql("update jobs set runs = 7, attempts = 1, running_on = 'b'");
  const store::ClaimedJob late{.id = 1, .run = 6, .kind = "sweep", .payload = {}, .attempts = 1, .max_attempts = 3};
  const Call call(std::chrono::steady_clock::now() + 10s, "test");
  pg::Transaction transaction = a.db.transaction(call);
  store::remove(transaction, late);
  store::wait_for_period(transaction, late, std::nullopt);
  store::run_next_slice(transaction, late, "x", 0);
  store::retry(transaction, late, "x", 0);
  store::fail(transaction, late, "x");
  ASSERT_TRUE(pg::run(io, transaction.commit()));
  EXPECT_EQ(sql("select runs || running_on || payload || (last_error is null)::text from jobs"), "7btrue");
}

TEST_F(RunnerTest, AJobThatKillsItsServersIsAbandoned) {
  ASSERT_TRUE(enqueued({.kind = "mail", .max_attempts = 2}));
  sql("update jobs set attempts = 2, running_on = 'b'");
  EXPECT_TRUE(run(a));
  EXPECT_THAT(a.payloads, ElementsAre());
  EXPECT_EQ(sql("select last_error from jobs where failed_at is not null"), "the server that ran it was stopped");
}

TEST_F(RunnerTest, AUniqueKeyIsTakenUntilTheJobRuns) {
  for (const char* payload : {"1", "2"}) {
    ASSERT_TRUE(enqueued({.kind = "mail", .payload = payload, .unique_key = "post 7"}));
  }
  EXPECT_EQ(in_table(), "1");
  a.held = true;
  const pg::BackgroundTask<bool> runs(io, a.runner.run_one());
  while (a.payloads.empty()) io.run_one();
  ASSERT_TRUE(enqueued({.kind = "mail", .payload = "3", .unique_key = "post 7"}))
      << "the first may have read it already";
  EXPECT_TRUE(run(b));
  EXPECT_THAT(b.payloads, ElementsAre("3"));
}

TEST_F(RunnerTest, AJobWaitsForItsTime) {
  ASSERT_TRUE(enqueued({.kind = "mail", .run_at = now() + 1h}));
  EXPECT_FALSE(run(a));
  let_time_pass();
  EXPECT_TRUE(run(a));
}

TEST_F(RunnerTest, JobsOfUnknownKindsStayForOtherServers) {
  ASSERT_TRUE(enqueued({.kind = "of_a_newer_version"}));
  EXPECT_FALSE(run(a));
  EXPECT_EQ(in_table(), "1");
}

TEST_F(RunnerTest, APeriodicJobRunsOnceInAPeriodOnAllServersTogether) {
  for (Server* server : {&a, &b, &a}) pg::run(io, server->runner.add_periodic_jobs());
  EXPECT_EQ(in_table(), "1");
  EXPECT_TRUE(run(a));
  EXPECT_FALSE(run(a));
  EXPECT_FALSE(run(b));
  EXPECT_EQ(sql("select (run_at = date_bin('10 min', now(), 'epoch') + interval '10 min')::text || runs from jobs"),
            "true1");
  let_time_pass();
  EXPECT_TRUE(run(b));
}

TEST_F(RunnerTest, APeriodicJobReportsItsFailureAndContinues) {
  pg::run(io, a.runner.add_periodic_jobs());
  a.error = "permission denied";
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_TRUE(run(a));
    let_time_pass();
  }
  EXPECT_EQ(sql("select last_error from jobs where failed_at is not null and attempts = 0"), "permission denied");
  a.error.clear();
  EXPECT_TRUE(run(a));
  EXPECT_EQ(sql("select count(*) from jobs where failed_at is null and last_error is null and run_at > now()"), "1");
}

TEST_F(RunnerTest, OtherJobsRunBetweenTheSlicesOfLongWork) {
  pg::run(io, a.runner.add_periodic_jobs());
  a.slices = {{.done = false, .payload = "10"}, {.done = false, .payload = "20", .pause = 1h}};
  EXPECT_TRUE(run(a));
  ASSERT_TRUE(enqueued({.kind = "mail", .payload = "mail", .run_at = now() - 1h}));
  EXPECT_TRUE(run(b));
  EXPECT_THAT(b.payloads, ElementsAre("mail"));
  EXPECT_TRUE(run(a));
  EXPECT_FALSE(run(a)) << "a pause";
  let_time_pass();
  EXPECT_TRUE(run(b));
  EXPECT_THAT(a.payloads, ElementsAre("", "10"));
  EXPECT_THAT(b.payloads, ElementsAre("mail", "20"));
  EXPECT_EQ(sql("select payload from jobs where run_at > now() and attempts = 0"), "")
      << "the next period starts from the beginning";
}

TEST_F(RunnerTest, AFullQueueFailsTheTransactionThatAddsToIt) {
  sql("insert into jobs (program, kind, max_attempts) select 'minschool_site', 'mail', 1 from generate_series(1, " +
      std::to_string(kMaxQueued) + ")");
  const auto refused = enqueued({.kind = "mail"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(refused.error().message.key, "jobs.full");
  EXPECT_TRUE(enqueued({.kind = "sweep"})) << "of each kind by itself";
}

TEST_F(RunnerTest, EachProgramRunsItsOwnJobs) {
  Server admin{io, "a", "minschool_admin"};
  ASSERT_TRUE(pg::run(io, admin.db.ready(std::chrono::steady_clock::now() + 10s)));
  ASSERT_TRUE(enqueued({.kind = "mail", .unique_key = "1"}));
  EXPECT_FALSE(run(admin));
  ASSERT_TRUE(pg::run(io, add(admin, {.kind = "mail", .unique_key = "1"}, false)));
  EXPECT_EQ(in_table(), "2");
  EXPECT_TRUE(run(admin));
  EXPECT_EQ(sql("select program from jobs"), "minschool_site");
}

TEST_F(RunnerTest, OldFailuresAndPeriodicJobsThatNobodyHasAreRemoved) {
  sql("insert into jobs (program, kind, max_attempts, run_at, failed_at) values"
      " ('minschool_site', 'old', 1, 'infinity', now() - interval '31 days'),"
      " ('minschool_site', 'new', 1, 'infinity', now() - interval '29 days'),"
      " ('minschool_site', 'periodic', 1, now(), now() - interval '31 days')");
  sql("insert into jobs (program, kind, max_attempts, run_at, period_seconds, unique_key) values"
      " ('minschool_site', 'dropped', 1, now() - interval '25 hours', 600, 'dropped'),"
      " ('minschool_site', 'overdue', 1, now() - interval '23 hours', 600, 'overdue'),"
      " ('minschool_admin', 'other', 1, now() - interval '25 hours', 600, 'other')");
  const Call call(std::chrono::steady_clock::now() + 10s, "test");
  EXPECT_TRUE(pg::run(io, remove_stale(a.db, call)));
  EXPECT_FALSE(pg::run(io, remove_stale(a.db, call)));
  EXPECT_EQ(sql("select string_agg(kind, ',' order by kind) from jobs"), "new,other,overdue,periodic");
}

TEST_F(RunnerTest, StopWaitsForTheRunningJob) {
  ASSERT_TRUE(enqueued({.kind = "mail"}));
  a.held = true;
  const pg::BackgroundTask<bool> runs(io, a.runner.run_one());
  while (a.payloads.empty()) io.run_one();
  const auto begin = std::chrono::steady_clock::now();
  pg::run(io, a.runner.finish(begin + 100ms));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 100ms) << "no longer than it may";
  pg::run(io, b.runner.finish(begin + 1h));
}

TEST(Jobs, PausesDoubleUpToAnHour) {
  EXPECT_EQ(pause_after(1, 0), 10s);
  EXPECT_EQ(pause_after(2, 0), 20s);
  EXPECT_EQ(pause_after(5, 1), 200s);
  EXPECT_EQ(pause_after(9, 0), 2560s);
  EXPECT_EQ(pause_after(50, 0), 1h);
}

}  // namespace
}  // namespace ms::jobs
