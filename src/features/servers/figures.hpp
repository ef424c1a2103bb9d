#pragma once
#include <boost/describe/class.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "infra/config/program.hpp"
#include "infra/core/time.hpp"

// The figures of the parts of a site, for pages, the terminal and JSON. An unknown figure is nullopt. Rates are per
// second; times are milliseconds.
namespace ms::servers {

/// One of the busiest routes of a program.
struct Route {
  std::string name;  ///< "GET /posts/{id}"
  double per_second = 0;
  double p50_ms = 0;
  double p95_ms = 0;
  double p99_ms = 0;
};
BOOST_DESCRIBE_STRUCT(Route, (), (name, per_second, p50_ms, p95_ms, p99_ms))

/// A program's use of a dependency (PostgreSQL or Redis).
struct DependencyFigures {
  bool up = false;
  double per_second = 0;  ///< round trips
  double ms = 0;          ///< one round trip, on average
};
BOOST_DESCRIBE_STRUCT(DependencyFigures, (), (up, per_second, ms))

/// What a program reports about itself every two seconds. Rates are those of the last ten seconds,
/// percentiles those of the last minute.
struct Heartbeat {
  std::string server;
  config::Program program = config::Program::cli;  ///< the Site or the Admin
  std::string version;
  std::int64_t at_ms = 0;  ///< when, in milliseconds since 1970
  int port = 0;
  double uptime_seconds = 0;
  bool drained = false;  ///< takes no requests, because staff drained it
  double cpu = 0;        ///< cores
  std::int64_t memory = 0;
  double requests = 0;
  double errors = 0;  ///< answers 5xx
  double p50_ms = 0;
  double p95_ms = 0;
  double p99_ms = 0;
  std::vector<Route> routes;  ///< busiest first
  std::int64_t in_flight = 0;
  std::int64_t connections = 0;
  std::int64_t streams = 0;
  std::int64_t logins = 0;       ///< since it started
  std::int64_t turned_away = 0;  ///< since it started
  std::int64_t passwords = 0;    ///< logins that wait for a check
  double lag_ms = 0;             ///< p99 of how late the event loop is
  DependencyFigures postgres;
  std::int64_t pg_in_use = 0;
  std::int64_t pg_idle = 0;
  std::int64_t pg_missing = 0;
  std::int64_t pg_waiting = 0;
  std::int64_t pg_in_flight = 0;
  DependencyFigures redis;
  std::int64_t redis_in_flight = 0;
  std::int64_t cache_hits = 0;    ///< of the last minute
  std::int64_t cache_misses = 0;  ///< of the last minute
};
BOOST_DESCRIBE_STRUCT(Heartbeat, (),
                      (server, program, version, at_ms, port, uptime_seconds, drained, cpu, memory, requests, errors,
                       p50_ms, p95_ms, p99_ms, routes, in_flight, connections, streams, logins, turned_away, passwords,
                       lag_ms, postgres, pg_in_use, pg_idle, pg_missing, pg_waiting, pg_in_flight, redis,
                       redis_in_flight, cache_hits, cache_misses))

/// Redis's own figures (INFO).
struct RedisFigures {
  bool up = false;
  std::string why;  ///< why it is not up, for operators
  std::string version;
  double uptime_seconds = 0;
  std::int64_t clients = 0;
  std::int64_t memory = 0;
  std::int64_t memory_peak = 0;
  std::int64_t memory_limit = 0;  ///< 0: none
  double fragmentation = 0;
  double commands = 0;
  std::int64_t keys = 0;
  std::int64_t expires = 0;           ///< keys with an expiry
  std::int64_t expired_total = 0;     ///< since it started
  std::int64_t evicted_total = 0;     ///< since it started
  std::optional<double> expired;      ///< a second
  std::optional<double> evicted;      ///< a second
  std::optional<double> cache_share;  ///< hit ratio of RedisCache in the last minute
};
BOOST_DESCRIBE_STRUCT(RedisFigures, (),
                      (up, why, version, uptime_seconds, clients, memory, memory_peak, memory_limit, fragmentation,
                       commands, keys, expires, expired_total, evicted_total, expired, evicted, cache_share))

struct Statement {
  std::string text;
  std::int64_t calls = 0;
  double mean_ms = 0;
  double total_ms = 0;
};
BOOST_DESCRIBE_STRUCT(Statement, (), (text, calls, mean_ms, total_ms))

struct Replica {
  std::string name;
  std::string state;
  std::optional<double> lag_seconds;
  std::optional<std::int64_t> lag_bytes;
};
BOOST_DESCRIBE_STRUCT(Replica, (), (name, state, lag_seconds, lag_bytes))

struct PostgresFigures {
  bool up = false;
  std::string why;  ///< why it is not up, for operators
  std::string version;
  double uptime_seconds = 0;
  std::int64_t connections = 0;
  std::int64_t active = 0;
  std::int64_t max_connections = 0;
  std::int64_t size = 0;     ///< bytes of this database
  std::int64_t commits = 0;  ///< since its statistics began, with rollbacks
  std::int64_t locks_waiting = 0;
  std::int64_t deadlocks = 0;
  std::optional<double> transactions;
  std::optional<double> cache_share;                 ///< hit ratio of its buffer cache
  std::optional<std::vector<Statement>> statements;  ///< slowest on average first; nullopt without pg_stat_statements
  std::vector<Replica> replicas;
};
BOOST_DESCRIBE_STRUCT(PostgresFigures, (),
                      (up, why, version, uptime_seconds, connections, active, max_connections, size, commits,
                       locks_waiting, deadlocks, transactions, cache_share, statements, replicas))

/// A server of Nginx's upstreams, with the monitor's figures of the last minute.
struct Upstream {
  std::string upstream;
  std::string address;
  std::string name;   ///< of the app server; empty until it reported one
  std::string state;  ///< "up", "failing", "down", "unknown"
  double since_seconds = 0;
  std::string reason;
  double share = 0;
  double requests = 0;
  double errors = 0;  ///< share of 5xx
  std::int64_t p50_ms = 0;
  std::int64_t p95_ms = 0;
  std::int64_t p99_ms = 0;
};
BOOST_DESCRIBE_STRUCT(Upstream, (),
                      (upstream, address, name, state, since_seconds, reason, share, requests, errors, p50_ms, p95_ms,
                       p99_ms))

struct NginxFigures {
  bool known = false;  ///< the monitor answered
  std::string why;     ///< why it did not, for operators
  bool up = false;
  double requests = 0;
  double errors = 0;  ///< share of 5xx
  std::int64_t p50_ms = 0;
  std::int64_t p95_ms = 0;
  std::int64_t p99_ms = 0;
  std::int64_t active = 0;
  std::int64_t reading = 0;
  std::int64_t writing = 0;
  std::int64_t waiting = 0;
  std::vector<Upstream> servers;
};
BOOST_DESCRIBE_STRUCT(NginxFigures, (),
                      (known, why, up, requests, errors, p50_ms, p95_ms, p99_ms, active, reading, writing, waiting,
                       servers))

/// An app server: the programs of one name.
struct Server {
  std::int64_t id = 0;  ///< 0: PostgreSQL does not know it yet
  std::string name;
  bool drain_requested = false;  ///< staff want its Site drained
  double silent_seconds = 0;     ///< since the last heartbeat
  std::optional<Heartbeat> site;
  std::optional<Heartbeat> admin;
  std::optional<Upstream> in_nginx;  ///< its Site in Nginx's upstreams

  bool alive() const noexcept { return site || admin; }
};
BOOST_DESCRIBE_STRUCT(Server, (), (id, name, drain_requested, silent_seconds, site, admin, in_nginx))

/// Everything at one moment.
struct Overview {
  std::int64_t at_ms = 0;
  std::vector<Server> servers;  ///< by name
  NginxFigures nginx;
  RedisFigures redis;
  PostgresFigures postgres;

  const Server* find(std::int64_t id) const noexcept {
    for (const Server& server : servers) {
      if (server.id == id) return &server;
    }
    return nullptr;
  }
};
BOOST_DESCRIBE_STRUCT(Overview, (), (at_ms, servers, nginx, redis, postgres))

/// A sample of the history: ten seconds.
struct Sample {
  Timestamp at;
  int servers = 0;
  std::optional<double> requests;
  std::optional<double> errors;
  std::optional<double> p50_ms;
  std::optional<double> p95_ms;
  std::optional<double> p99_ms;
  std::optional<double> cpu;
  std::optional<std::int64_t> memory;
  std::optional<double> transactions;
  std::optional<int> connections;
  std::optional<double> commands;
  std::optional<std::int64_t> redis_memory;
};

/// A number of bytes in a readable unit, such as 3.2 of the second unit above the byte, in steps of 1,024.
struct ScaledBytes {
  double value = 0;
  std::size_t unit = 0;
};
/// `units`: the number of available units, including the byte.
inline ScaledBytes scaled(std::int64_t bytes, std::size_t units) {
  constexpr double kStep = 1024;
  ScaledBytes out{static_cast<double>(bytes)};
  for (; out.value >= kStep && out.unit + 1 < units; ++out.unit) out.value /= kStep;
  return out;
}

}  // namespace ms::servers
