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

// The app servers of a site and what they stand on. Each program tells of itself every two seconds (HeartbeatStore): in
// Redis, `server:<name>:<program>` with an expiry of ten seconds and their names in the sorted set `servers`; while
// Redis is gone in PostgreSQL. So servers appear and vanish by themselves. Whoever wants to know reads both, and asks
// Redis, PostgreSQL and the monitor for their own figures (ServerMonitor). What fails is said and the rest is shown.
namespace ms::servers {

constexpr auto kBeatEvery = std::chrono::seconds(2);
constexpr auto kAlive = std::chrono::seconds(10);  ///< a program counts as alive for so long after its last beat
constexpr auto kShown = std::chrono::minutes(10);  ///< a server that fell silent is shown for so long
constexpr auto kSampleEvery = std::chrono::seconds(10);
constexpr auto kHistory = std::chrono::hours(1);
constexpr std::size_t kMaxServers = 200;

/// The signs of life of one program.
class HeartbeatStore {
 public:
  HeartbeatStore(pg::Db& db, redis::Client& redis) : db_(db), redis_(redis) {}

  /// Tells everybody. Gives whether this server's Site is to rest; nullopt while PostgreSQL is gone.
  async<std::optional<bool>> heartbeat(const Heartbeat& heartbeat);

  /// How many seconds this machine's clock is ahead of the others', as of the last beat; nullopt: not known.
  struct Clocks {
    std::optional<double> redis;
    std::optional<double> database;
  };
  const Clocks& clocks() const noexcept { return clocks_; }
  /// Why PostgreSQL answers and takes no writes (read-only, no room on its disk), as it said itself, with each of the
  /// last beats; empty: it takes them.
  const std::string& write_fault() const noexcept { return write_fault_; }

 private:
  void write_failed(std::string_view why);

  static constexpr int kFailuresInARow = 2;
  Clocks clocks_;
  std::string write_fault_;
  int failed_writes_ = 0;
  pg::Db& db_;
  redis::Client& redis_;
  Deadline told_database_{};
  Deadline said_heard_{};
};

/// Housekeeping: programs silent for ten minutes, servers silent for a month, the history before the last hour. False
/// when there was nothing. The last is the Admin's.
async<bool> forget_programs(pg::Db& db, const Call& call);
async<bool> forget_servers(pg::Db& db, const Call& call);
async<bool> forget_samples(pg::Db& db, const Call& call);

/// What each part says, read together. One per thread.
class ServerMonitor {
 public:
  /// `monitor` is monitor.url; empty: there is none.
  ServerMonitor(pg::Db& db, redis::Client& redis, const std::string& monitor);

  /// At most a second old, or, `exact`, as of now, for who has just changed something. Never throws for a part that is
  /// gone: it says so.
  async<std::shared_ptr<const Overview>> read_overview(const Call& call, bool bypass_cache = false);
  /// The last hour, oldest first.
  async<std::vector<Sample>> history(const Call& call);
  /// Writes the history, as long as the thread lives: every ten seconds one of all the Admins does.
  async<void> keep_history();

 private:
  /// Totals of an earlier look, from which rates are made.
  struct Earlier {
    Deadline at{};
    std::int64_t expired = 0;
    std::int64_t evicted = 0;
    std::int64_t commits = 0;
  };

  async<void> look_at_redis(const Call& call, Overview& out, std::vector<Heartbeat>& heartbeats);
  async<void> look_at_database(const Call& call, Overview& out, std::vector<Heartbeat>& heartbeats);
  async<void> look_at_statements(const Call& call);
  async<void> look_at_nginx(Overview& out, Deadline deadline);
  void rate(Overview& out);
  async<void> write_sample();

  pg::Db& db_;
  redis::Client& redis_;
  std::string monitor_;
  std::shared_ptr<const Overview> last_;
  Deadline looked_{};
  Earlier earlier_;
  std::optional<std::vector<Statement>> statements_;
  Deadline read_statements_{};
};

/// What staff do with servers.
class Servers {
 public:
  Servers(pg::Db& db, ServerMonitor& monitor, write::Writer& writer) : db_(db), monitor_(monitor), writer_(writer) {}

  /// Whether `viewer` may let servers rest.
  static bool may_act(const session::Viewer& viewer) noexcept { return viewer.may(session::Permission::servers); }
  /// The Site of this server takes no requests from now on, or takes them again; the servers carry it out within two
  /// seconds. Unexpected for the last one that serves.
  async<Result<void>> set_rest(const Call& call, const session::Viewer& viewer, std::int64_t id, bool rest,
                               std::string reason);
  async<std::vector<audit::Entry>> acts(const Call& call, std::int64_t id);
  ServerMonitor& monitor() noexcept { return monitor_; }

 private:
  pg::Db& db_;
  ServerMonitor& monitor_;
  write::Writer& writer_;
};

/// GET /servers, /servers/{id} and what they load; POST /servers/{id}/rest and /servers/{id}/return.
void add_admin_routes(web::Router& router, Servers& servers);

}  // namespace ms::servers
