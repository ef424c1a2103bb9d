#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/audit/audit.hpp"
#include "features/servers/figures.hpp"
#include "infra/core/result.hpp"
#include "infra/http/fetch.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/db.hpp"
#include "infra/redis/client.hpp"
#include "infra/session/viewer.hpp"
#include "infra/web/router.hpp"

namespace ms::write {
class Writer;
}

// The app servers of a site and their dependencies. Each program sends a heartbeat every two seconds (HeartbeatStore):
// to Redis, as `server:<name>:<program>` with an expiry of ten seconds and its name in the sorted set `servers`; to
// PostgreSQL while Redis is gone. So servers appear and disappear without configuration. ServerMonitor reads both, and
// the figures of Redis, PostgreSQL and the monitor. A failing source is reported, and the other figures are shown.
namespace ms::servers {

constexpr auto kHeartbeatInterval = std::chrono::seconds(2);
constexpr auto kAlive = std::chrono::seconds(10);  ///< a program counts as alive for so long after its last heartbeat
constexpr auto kShowSilentFor = std::chrono::minutes(10);  ///< how long a server without heartbeats is shown
constexpr auto kSampleEvery = std::chrono::seconds(10);
constexpr auto kHistory = std::chrono::hours(1);
constexpr std::size_t kMaxServers = 200;

/// The heartbeats of one program.
class HeartbeatStore {
 public:
  HeartbeatStore(pg::Db& db, redis::Client& redis) : db_(db), redis_(redis) {}

  /// Stores the heartbeat. Returns whether staff want this server's Site drained; nullopt while PostgreSQL is gone.
  async<std::optional<bool>> heartbeat(const Heartbeat& heartbeat);

  /// How many seconds this machine's clock is ahead of the others', as of the last heartbeat; nullopt: unknown.
  struct Clocks {
    std::optional<double> redis;
    std::optional<double> database;
  };
  const Clocks& clocks() const noexcept { return clocks_; }
  /// Why PostgreSQL answers but refuses writes (read-only, disk full), if it refused the last heartbeats; empty: it
  /// accepts writes.
  const std::string& write_fault() const noexcept { return write_fault_; }

 private:
  void write_failed(std::string_view why);

  static constexpr int kFailuresInARow = 2;
  Clocks clocks_;
  std::string write_fault_;
  int failed_writes_ = 0;
  pg::Db& db_;
  redis::Client& redis_;
  std::optional<Deadline> written_at_;  ///< the last heartbeat in PostgreSQL
  std::optional<Deadline> touched_at_;  ///< the server's own row
};

/// Periodic jobs: delete programs without a heartbeat for ten minutes, servers without one for a month, and samples
/// older than an hour. False when there was nothing to delete. Only the Admin runs the last one.
async<bool> delete_silent_programs(pg::Db& db, const Call& call);
async<bool> delete_silent_servers(pg::Db& db, const Call& call);
async<bool> delete_old_samples(pg::Db& db, const Call& call);

/// Reads the figures of all parts of the site. One per thread.
class ServerMonitor {
 public:
  /// `monitor` is monitor.url; empty: there is none.
  ServerMonitor(pg::Db& db, redis::Client& redis, const std::string& monitor);

  /// At most a second old; `bypass_cache` reads it now, for a viewer who has just changed something. A part that is
  /// gone is marked in the result and throws nothing.
  async<std::shared_ptr<const Overview>> read_overview(const Call& call, bool bypass_cache = false);
  /// The last hour, oldest first.
  async<std::vector<Sample>> history(const Call& call);
  /// Writes the history for as long as the thread runs: one of the Admins adds a sample every ten seconds.
  async<void> keep_history();

 private:
  /// Totals of an earlier reading, from which rates are computed.
  struct Totals {
    std::optional<Deadline> at;
    std::int64_t expired = 0;
    std::int64_t evicted = 0;
    std::int64_t commits = 0;
  };

  async<void> poll_redis(const Call& call, Overview& out, std::vector<Heartbeat>& heartbeats);
  async<void> poll_database(const Call& call, Overview& out, std::vector<Heartbeat>& heartbeats);
  async<void> poll_statements(const Call& call);
  async<void> poll_nginx(Overview& out, Deadline deadline);
  void rate(Overview& out);
  async<void> write_sample();

  pg::Db& db_;
  redis::Client& redis_;
  std::string monitor_;
  std::shared_ptr<const Overview> last_;
  Deadline read_at_{};
  Totals earlier_;
  std::optional<std::vector<Statement>> statements_;
  std::optional<Deadline> statements_read_at_;
};

/// The acts of staff on servers.
class Servers {
 public:
  Servers(pg::Db& db, ServerMonitor& monitor, write::Writer& writer) : db_(db), monitor_(monitor), writer_(writer) {}

  /// Whether `viewer` may drain servers.
  static bool may_act(const session::Viewer& viewer) noexcept { return viewer.may(session::Permission::servers); }
  /// Drains the Site of this server, or returns it to service; the server acts on it within two seconds. Unexpected for
  /// the last one that serves.
  async<Result<void>> set_drained(const Call& call, const session::Viewer& viewer, std::int64_t id, bool drained,
                                  std::string reason);
  async<std::vector<audit::Entry>> acts(const Call& call, std::int64_t id);
  ServerMonitor& monitor() noexcept { return monitor_; }

 private:
  pg::Db& db_;
  ServerMonitor& monitor_;
  write::Writer& writer_;
};

/// GET /servers, /servers/{id} and the data that they load; POST /servers/{id}/rest and /servers/{id}/return.
void add_admin_routes(web::Router& router, Servers& servers);

}  // namespace ms::servers
