#include "infra/jobs/runner.hpp"

#include <spdlog/spdlog.h>

#include <stdexcept>

#include "infra/core/text.hpp"
#include "infra/io/sleep.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::jobs {
namespace {

using std::chrono::steady_clock;

// Jobs start late, because a program that has just started has requests to serve.
constexpr auto kStartDelay = std::chrono::seconds(5);
constexpr auto kPollEvery = std::chrono::seconds(1);
constexpr auto kAfterFault = std::chrono::seconds(10);  // a fault of this program, such as a missing table
constexpr auto kCountEvery = std::chrono::seconds(10);
// Periodic jobs stay in the database; they are missing only after it was replaced by another one.
constexpr auto kAddEvery = std::chrono::minutes(10);
constexpr auto kStatementTime = std::chrono::seconds(5);
// Added to the time limit of a kind, for a handler that overruns its deadline and for the statement that ends the run.
constexpr auto kLeaseMargin = std::chrono::seconds(20);
constexpr int kPeriodicAttempts = 3;  // the next period follows anyway
constexpr std::size_t kMaxErrorLength = 500;

std::string labels_of(const Kind& kind) { return metrics::labels({{"kind", kind.name}}); }
std::string labels_of(const Kind& kind, std::string_view result) {
  return metrics::labels({{"kind", kind.name}, {"result", result}});
}

constexpr const char* kRunsHelp = "Jobs, or slices of jobs, that were run.";

}  // namespace

Runner::KindState::KindState(metrics::Shard& shard, Kind of)
    : kind(std::move(of)),
      queued(shard.gauge("minschool_jobs_queued", "Jobs of this program that wait, on all servers together.",
                         labels_of(kind))),
      running(shard.gauge("minschool_jobs_running", "Jobs of this program that run, on all servers together.",
                          labels_of(kind))),
      failed(
          shard.gauge("minschool_jobs_failed", "Jobs of this program that failed for the last time.", labels_of(kind))),
      runs_done(shard.counter("minschool_jobs_runs", kRunsHelp, labels_of(kind, "done"))),
      runs_failed(shard.counter("minschool_jobs_runs", kRunsHelp, labels_of(kind, "failed"))),
      seconds(shard.histogram("minschool_jobs_seconds", "How long a run of a job took.", labels_of(kind))) {}

Runner::Runner(pg::Db& db, std::string server, metrics::Shard& shard)
    : db_(db), server_(std::move(server)), shard_(shard) {}

void Runner::add(Kind kind) {
  const auto lease = kind.time_limit + kLeaseMargin;
  const auto [place, added] = kinds_.try_emplace(std::string(kind.name), shard_, kind);
  if (!added) throw std::logic_error("two kinds of jobs are called " + place->first);
  names_.push_back(place->first);
  lease_seconds_.push_back(lease.count());
}

async<void> Runner::add_periodic_jobs() {
  const Call call(steady_clock::now() + kStatementTime, "jobs");
  pg::Transaction transaction = db_.transaction(call, pg::Lane::slow);
  for (const auto& [name, state] : kinds_) {
    if (!state.kind.period) continue;
    enqueue(transaction,
            {.kind = name, .unique_key = name, .max_attempts = kPeriodicAttempts, .period = state.kind.period});
  }
  const auto done = co_await transaction.commit();
  if (!done) spdlog::error("jobs: periodic jobs cannot be added: {}", done.error().message.key);
}

async<bool> Runner::run_one() {
  busy_ = true;
  bool ran = false;
  try {
    ran = co_await run_due_job();
  } catch (...) {
    busy_ = false;
    throw;
  }
  busy_ = false;
  co_return ran;
}

async<bool> Runner::run_due_job() {
  const Call call(steady_clock::now() + kStatementTime, "jobs");
  pg::Transaction claiming = db_.transaction(call, pg::Lane::slow);
  const auto handle = store::claim(claiming, names_, lease_seconds_, server_);
  const auto claimed = co_await claiming.commit();
  const auto job = claimed ? handle.one() : std::nullopt;
  if (!job) co_return false;
  Result result{"the server that ran it was stopped", {}};
  // A job whose last attempt never ended is not retried: it may kill the program that runs it.
  if (job->attempts <= job->max_attempts) result = co_await call_handler(kinds_.at(job->kind), *job);
  const Call after(steady_clock::now() + kStatementTime, "jobs");
  pg::Transaction transaction = db_.transaction(after, pg::Lane::slow);
  settle(transaction, *job, result);
  const auto settled = co_await transaction.commit();
  if (!settled) spdlog::error("job {} {}: {}", job->id, job->kind, settled.error().message.key);
  co_return true;
}

async<Runner::Result> Runner::call_handler(KindState& state, const store::ClaimedJob& job) {
  const auto begin = steady_clock::now();
  const std::string name = "job " + job.kind;
  const Call call(begin + state.kind.time_limit, name);
  Result result;
  try {
    result.outcome = co_await state.kind.handler(call, job.payload);
  } catch (const std::exception& failure) {
    // PostgreSQL stores UTF-8 only.
    result.error = valid_utf8(failure.what()) ? shorten(failure.what(), kMaxErrorLength) : "an error that is no UTF-8";
  }
  state.seconds.observe(steady_clock::now() - begin);
  (result.error ? state.runs_failed : state.runs_done).add();
  co_return result;
}

void Runner::settle(pg::Statements& out, const store::ClaimedJob& job, const Result& result) {
  if (!result.error) {
    if (!result.outcome.done)
      return store::run_next_slice(out, job, result.outcome.payload, result.outcome.pause.count());
    return job.periodic ? store::wait_for_period(out, job, std::nullopt) : store::remove(out, job);
  }
  if (job.attempts < job.max_attempts) {
    spdlog::warn("job {} {}: attempt {} of {}: {}", job.id, job.kind, job.attempts, job.max_attempts, *result.error);
    const double chance = std::uniform_real_distribution<>()(random_);
    return store::retry(out, job, *result.error, pause_after(job.attempts, chance).count());
  }
  spdlog::error("job {} {} failed: {}", job.id, job.kind, *result.error);
  job.periodic ? store::wait_for_period(out, job, result.error) : store::fail(out, job, *result.error);
}

async<void> Runner::count() {
  const Call call(steady_clock::now() + kStatementTime, "jobs");
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto handle = store::counts(batch);
  co_await batch.send();
  std::map<std::string, store::Count, std::less<>> counts;
  for (store::Count& count : handle.all()) counts[count.kind] = count;
  for (auto& [name, state] : kinds_) {
    const store::Count& count = counts[name];
    state.queued.set(static_cast<double>(count.queued));
    state.running.set(static_cast<double>(count.running));
    state.failed.set(static_cast<double>(count.failed));
  }
}

async<void> Runner::maintain() {
  const auto now = steady_clock::now();
  if (!added_ || now - *added_ >= kAddEvery) {
    co_await add_periodic_jobs();
    added_ = now;
  }
  if (counted_ && now - *counted_ < kCountEvery) co_return;
  co_await count();
  counted_ = now;
}

async<void> Runner::run() {
  co_await sleep_for(kStartDelay);
  while (!stopped_) {
    bool more = false;
    auto pause = kPollEvery;
    try {
      co_await maintain();
      if (!stopped_) more = co_await run_one();
    } catch (const pg::Unavailable&) {
      // retried at the next poll, or by another server
    } catch (const std::exception& bug) {
      spdlog::error("jobs: {}", bug.what());
      pause = kAfterFault;
    }
    if (!more) co_await sleep_for(pause);
  }
}

async<void> Runner::finish(Deadline deadline) {
  constexpr auto kStep = std::chrono::milliseconds(20);
  stop();
  while (busy_ && steady_clock::now() < deadline) co_await sleep_for(kStep);
}

}  // namespace ms::jobs
