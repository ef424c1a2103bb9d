#pragma once
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "infra/jobs/jobs.hpp"
#include "infra/jobs/store.hpp"
#include "infra/metrics/metrics.hpp"

namespace ms::jobs {

/// Runs jobs one after the other, over the slow lane of PostgreSQL, so that requests do not wait for them. One per
/// process. It does not claim jobs of kinds that it does not have: a newer version's jobs wait for that version.
class Runner {
 public:
  /// Staff see `server` as the place where a job runs. Both references outlive the Runner.
  Runner(pg::Db& db, std::string server, metrics::Shard& shard);

  /// Call before run(), once for each name.
  void add(Kind kind);
  /// Starts after a delay and runs until stop().
  async<void> run();
  /// Claims no further job.
  void stop() noexcept { stopped_ = true; }
  /// Claims no further job. Returns when the running one has ended, or at the deadline; another server then runs that
  /// job again.
  async<void> finish(Deadline deadline);

  // The steps of run().
  /// Adds the missing periodic jobs.
  async<void> add_periodic_jobs();
  /// Claims one due job and runs it; false when there is none. Throws pg::Unavailable.
  async<bool> run_one();
  /// Reads how many jobs are queued, running and failed, for /metrics.
  async<void> count();

 private:
  struct KindState {
    explicit KindState(metrics::Shard& shard, Kind kind);
    Kind kind;
    metrics::Gauge& queued;
    metrics::Gauge& running;
    metrics::Gauge& failed;
    metrics::Counter& runs_done;
    metrics::Counter& runs_failed;
    metrics::Histogram& seconds;
  };
  struct Result {
    std::optional<std::string> error;
    Outcome outcome;
  };

  async<bool> run_due_job();
  async<Result> call_handler(KindState& state, const store::ClaimedJob& job);
  /// Adds the statement for the job's outcome.
  void settle(pg::Statements& out, const store::ClaimedJob& job, const Result& result);
  async<void> maintain();

  pg::Db& db_;
  const std::string server_;
  metrics::Shard& shard_;
  std::map<std::string, KindState, std::less<>> kinds_;
  std::vector<std::string_view> names_;      ///< of kinds_
  std::vector<std::int64_t> lease_seconds_;  ///< of each of names_
  std::minstd_rand random_{std::random_device()()};
  std::optional<Deadline> counted_;
  std::optional<Deadline> added_;
  bool stopped_ = false;
  bool busy_ = false;  ///< from before a claim until the outcome is stored
};

}  // namespace ms::jobs
