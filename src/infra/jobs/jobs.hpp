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

// Work that is done later or periodically (docs/decisions/0034-jobs.md). A job is a row of the table `jobs`, added in
// the transaction that causes it: no job exists without its cause, and none is lost. A Runner of any server takes it.
// A job runs at least once: a server that is killed in the middle leaves it to another. So a handler must tolerate
// a second call with the same payload.
namespace ms::jobs {

constexpr int kDefaultAttempts = 8;  ///< over some 20 minutes
/// Jobs of one kind that may wait. A transaction that adds one more fails (503), so that no queue grows without bound.
constexpr int kMaxQueued = 10'000;

/// What enqueue() adds.
struct Job {
  std::string_view kind;
  std::string payload = {};
  /// At most one job with this key waits; another one is not added. The key is free again as soon as the job runs.
  std::optional<std::string> unique_key = {};
  std::optional<Timestamp> run_at = {};  ///< nullopt: as soon as possible
  int max_attempts = kDefaultAttempts;
  /// It runs once in each period, on one server, and is never removed. Needs a unique_key, which stays taken.
  std::optional<std::chrono::seconds> period = {};
};

/// Adds the job to the caller's transaction. It is run by the program that added it, whose rights it needs.
void enqueue(pg::Statements& transaction, const Job& job);

/// What a handler returns.
struct Outcome {
  bool done = true;
  // Long work is done in slices, between which other jobs run:
  std::string payload = {};            ///< of the next slice
  std::chrono::milliseconds pause{0};  ///< before it
};

/// Does one job, or one slice of it, until the call's deadline. An exception is the job's error: the job is retried.
using Handler = std::function<async<Outcome>(const Call& call, const std::string& payload)>;

/// How a Runner treats the jobs of one kind.
struct Kind {
  std::string_view name;  ///< a constant of [a-z_]; its words are in table [job_kind] of the texts
  Handler handler;
  std::chrono::seconds time_limit{10};              ///< for one call of the handler
  std::optional<std::chrono::seconds> period = {};  ///< the runner adds the job itself
};

/// The pause after so many failed attempts: doubling from 10 s to an hour, and up to a quarter longer by `chance` (0 to
/// 1), so that jobs that failed together are not retried together.
std::chrono::milliseconds pause_after(int attempts, double chance);

/// Housekeeping: deletes jobs that failed a month ago. False when there were none.
async<bool> remove_old_failures(pg::Db& db, const Call& call);

}  // namespace ms::jobs
