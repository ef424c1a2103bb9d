#pragma once
#include <string>
#include <vector>

#include "infra/http/fetch.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/db.hpp"

// Content that guests may no longer see (hidden, deleted, closed, renamed) is removed from Nginx's saved pages. The
// table `purges`, which triggers fill, is the queue; the monitor beside each Nginx purges its pages on request
// (docs/decisions/0020-purge.md).
namespace ms::purge {

/// One per thread.
class Purger {
 public:
  /// `monitors`: the URL of each Nginx's minschool-monitor, with a numeric address (config::load rejects others).
  Purger(pg::Db& db, const std::vector<std::string>& monitors);

  /// Purges the saved pages of every Nginx, and deletes the rows committed until now from the queue. True when that is
  /// done; false leaves it to run(). Takes at most kTimeout, whatever is broken.
  async<bool> purge_now(std::string_view request_id);
  /// Handles queued rows for as long as the thread runs: changes by the command `minschool`, and failed purges.
  async<void> run();
  /// Rows in the queue when run() last polled it.
  std::int64_t pending() const noexcept { return pending_; }
  /// How often an Nginx could not be purged.
  std::uint64_t failures() const noexcept { return failures_; }

 private:
  async<bool> purge_all(std::string query, Deadline deadline);
  async<void> poll();

  pg::Db& db_;
  std::vector<std::pair<std::string, http::FetchRequest>> monitors_;  ///< with their names for the log
  std::int64_t pending_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace ms::purge
