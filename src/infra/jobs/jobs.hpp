#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "infra/core/time.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/db.hpp"

// Work that runs later or periodically (docs/decisions/0034-jobs.md). A job is a row of the table `jobs`, added in the
// transaction that causes it: no job exists without its cause, and no job is lost. A Runner of any server claims it. A
// job runs at least once: when its server is killed, another server runs it again. So a handler must tolerate a second
// call with the same payload.
namespace ms::jobs {

constexpr int kDefaultAttempts = 8;  ///< within some 20 minutes
/// The most queued jobs of one kind. A transaction that adds one more fails (503), so that no queue grows unbounded.
constexpr int kMaxQueued = 10'000;

/// What enqueue() adds.
struct Job {
  std::string_view kind;
  std::string payload = {};
  /// At most one job with this key is queued; a second one is not added. The key is free again once the job runs.
  std::optional<std::string> unique_key = {};
  std::optional<Timestamp> run_at = {};  ///< nullopt: as soon as possible
  int max_attempts = kDefaultAttempts;
  /// The job runs once in each period, on one server, and is never removed. Needs a unique_key, which stays taken.
  std::optional<std::chrono::seconds> period = {};
};

/// Adds the job to the caller's transaction. The program that added it runs it, because the job needs its rights.
void enqueue(pg::Statements& transaction, const Job& job);

/// What a handler returns.
struct Outcome {
  bool done = true;
  // Long work runs in slices, with other jobs between them:
  std::string payload = {};            ///< for the next slice
  std::chrono::milliseconds pause{0};  ///< before the next slice
};

/// Runs one job, or one slice of it, within the call's deadline. An exception is the job's error: the job is retried.
using Handler = std::function<async<Outcome>(const Call& call, const std::string& payload)>;

/// How a Runner treats the jobs of one kind.
struct Kind {
  std::string_view name;  ///< a constant of [a-z_]; table [job_kind] of the texts has its label
  Handler handler;
  std::chrono::seconds time_limit{10};              ///< for one call of the handler
  std::optional<std::chrono::seconds> period = {};  ///< the runner adds the job itself
};

/// The pause after so many failed attempts. It doubles from 10 s to an hour, and `chance` (0 to 1) lengthens it by up
/// to a quarter, so that jobs that failed together are not retried together.
std::chrono::milliseconds pause_after(int attempts, double chance);

/// Housekeeping: deletes jobs that failed over a month ago, and periodic ones that no server has claimed for a day:
/// none has their kind any more. (Whoever has it after all adds them again.) False when there were none.
async<bool> remove_stale(pg::Db& db, const Call& call);

}  // namespace ms::jobs
