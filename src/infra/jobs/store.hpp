#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "infra/pg/db.hpp"

// The SQL of a runner. Each statement after claim() names its run, and does nothing when another server has claimed the
// job in the meantime.
namespace ms::jobs::store {

struct ClaimedJob {
  std::int64_t id = 0;
  std::int64_t run = 0;  ///< how many times the job was claimed
  std::string kind;
  std::string payload;
  int attempts = 0;  ///< including this one
  int max_attempts = 0;
  bool periodic = false;
};

/// Claims the job of these kinds that has been due for longest. After the lease of its kind it is due again, for any
/// server.
pg::ResultHandle<ClaimedJob> claim(pg::Statements& out, const std::vector<std::string_view>& kinds,
                                   const std::vector<std::int64_t>& lease_seconds, std::string_view server);

void remove(pg::Statements& out, const ClaimedJob& job);
/// Schedules a periodic job for its next period; `error` is set when this run failed.
void wait_for_period(pg::Statements& out, const ClaimedJob& job, const std::optional<std::string>& error);
void run_next_slice(pg::Statements& out, const ClaimedJob& job, std::string_view payload, std::int64_t pause_ms);
void retry(pg::Statements& out, const ClaimedJob& job, std::string_view error, std::int64_t pause_ms);
/// Keeps the job for staff to inspect; it does not run again.
void fail(pg::Statements& out, const ClaimedJob& job, std::string_view error);

/// Jobs of this program on all servers together.
struct Count {
  std::string kind;
  std::int64_t queued = 0;
  std::int64_t running = 0;
  std::int64_t failed = 0;
};
pg::ResultHandle<Count> counts(pg::Statements& out);

}  // namespace ms::jobs::store
