#pragma once
#include <string>
#include <vector>

#include "infra/http/fetch.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/db.hpp"

// What is taken away from guests (hidden, deleted, closed, renamed) is removed from the pages that Nginx saved. The
// table `purges`, which triggers fill, is the queue; the monitor beside each Nginx forgets its pages when asked
// (docs/decisions/0020-purge.md).
namespace ms::purge {

/// One per thread.
class Purger {
 public:
  /// `monitors`: the URL of each Nginx's minschool-monitor, with a numeric address (config::load refuses others).
  Purger(pg::Db& db, const std::vector<std::string>& monitors);

  /// Lets every Nginx forget its saved pages and takes what was committed until now off the queue. True when that is
  /// done; false leaves it to run(). Takes at most kPatience, whatever is broken.
  async<bool> settle(std::string_view request_id);
  /// Does what others left, for as long as the thread lives: acts of the command `minschool`, and what failed.
  async<void> run();
  /// Rows that stood in the queue when run() last looked.
  std::int64_t pending() const noexcept { return pending_; }
  /// Times that an Nginx could not be told.
  std::uint64_t failures() const noexcept { return failures_; }

 private:
  async<bool> forget_everywhere(Deadline deadline);
  async<void> look();

  pg::Db& db_;
  std::vector<std::pair<std::string, http::FetchRequest>> monitors_;  ///< with their names for the log
  std::int64_t pending_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace ms::purge
