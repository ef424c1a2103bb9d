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

// --- signs of life
/// Affected: 1 when the program is known. `beat` is nullopt while Redis has it.
pg::ResultHandle<pg::None> heartbeat(pg::Statements& out, std::string_view server, std::string_view program,
                                     const std::optional<std::string>& heartbeat);
/// Makes it known.
void add(pg::Statements& out, std::string_view server, std::string_view program);
/// Whether the Site of this server is to rest now.
pg::ResultHandle<bool> rests(pg::Statements& out, std::string_view server);
/// PostgreSQL's time, in seconds since 1970.
pg::ResultHandle<double> clock(pg::Statements& out);
/// So that this server is not forgotten.
void heard(pg::Statements& out, std::string_view server);
/// Forgets what fell silent; any server may.
pg::ResultHandle<pg::None> forget_programs(pg::Statements& out);
pg::ResultHandle<pg::None> forget_servers(pg::Statements& out);

// --- what is there
struct ServerRow {
  std::int64_t id = 0;
  std::string name;
  bool drain_requested = false;
  std::optional<std::string> program;
  std::optional<double> age;  ///< seconds since its last sign of life
  std::optional<std::string> heartbeat;
};
pg::ResultHandle<ServerRow> known(pg::Statements& out);

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
/// Only where the extension pg_stat_statements is.
pg::ResultHandle<Statement> slowest(pg::Statements& out);

// --- the last hour
pg::ResultHandle<bool> has_sample(pg::Statements& out);
/// For the ten seconds that are now, unless somebody was first.
void add_sample(pg::Statements& out, const Sample& sample);
/// Forgets what is older than an hour.
pg::ResultHandle<pg::None> forget_samples(pg::Statements& out);
pg::ResultHandle<Sample> samples(pg::Statements& out);

// --- acts
/// The name, when there is such a server.
pg::ResultHandle<std::string> name(pg::Statements& out, std::int64_t id);
/// Refuses the write (409, servers.last) unless another Site serves.
void guard_not_last(pg::Statements& out, std::int64_t id);
void set_rest(pg::Statements& out, std::int64_t id, bool rest, MemberId by);

}  // namespace ms::servers::store
