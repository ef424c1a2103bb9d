#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/servers/figures.hpp"
#include "infra/pg/db.hpp"
#include "infra/write/write.hpp"

// The SQL of servers.
namespace ms::servers::store {

// --- heartbeats
/// Affects no row when the program has none yet. `heartbeat` is nullopt while Redis has it.
pg::ResultHandle<pg::None> heartbeat(pg::Statements& out, std::string_view server, std::string_view program,
                                     const std::optional<std::string>& heartbeat);
/// Adds the rows of the server and its program.
void add(pg::Statements& out, std::string_view server, std::string_view program);
/// Whether the Site of this server is to serve no requests now.
pg::ResultHandle<bool> is_drained(pg::Statements& out, std::string_view server);
/// PostgreSQL's time, in seconds since 1970.
pg::ResultHandle<double> clock(pg::Statements& out);
/// Keeps the row of this server from being deleted.
void touch_server(pg::Statements& out, std::string_view server);
/// Deletes rows without recent heartbeats; any server may run it.
pg::ResultHandle<pg::None> delete_silent_programs(pg::Statements& out);
pg::ResultHandle<pg::None> delete_silent_servers(pg::Statements& out);

// --- servers and database
struct ServerRow {
  std::int64_t id = 0;
  std::string name;
  bool drain_requested = false;
  std::optional<std::string> program;
  std::optional<double> age;  ///< seconds since its last heartbeat
  std::optional<std::string> heartbeat;
};
pg::ResultHandle<ServerRow> server_rows(pg::Statements& out);

struct Database {
  std::string version;
  double uptime_seconds = 0;
  std::int64_t connections = 0;
  std::int64_t active = 0;
  std::int64_t max_connections = 0;
  std::int64_t size = 0;
  std::int64_t commits = 0;
  std::optional<double> cache_share;
  std::int64_t locks_waiting = 0;
  std::int64_t deadlocks = 0;
  bool has_statements = false;
};
pg::ResultHandle<Database> database(pg::Statements& out);
pg::ResultHandle<Replica> replicas(pg::Statements& out);
/// Needs the extension pg_stat_statements.
pg::ResultHandle<Statement> slowest(pg::Statements& out);

// --- the last hour
pg::ResultHandle<bool> has_sample(pg::Statements& out);
/// Adds the sample of the current ten seconds, unless another server has added it.
void add_sample(pg::Statements& out, const Sample& sample);
/// Deletes samples older than an hour.
pg::ResultHandle<pg::None> delete_old_samples(pg::Statements& out);
pg::ResultHandle<Sample> samples(pg::Statements& out);

// --- acts of staff
/// The name of the server, if it exists.
pg::ResultHandle<std::string> name(pg::Statements& out, std::int64_t id);
/// Fails the write (409, servers.last) unless another Site serves.
void guard_not_last(pg::Statements& out, std::int64_t id);
void set_drained(pg::Statements& out, std::int64_t id, bool drained, MemberId by);

}  // namespace ms::servers::store
