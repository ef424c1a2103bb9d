#include "features/servers/sources.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "features/servers/json_codec.hpp"
#include "features/servers/servers.hpp"
#include "infra/core/text.hpp"

namespace ms::servers {
namespace {

namespace json = boost::json;

template <class T>
void number(std::string_view text, T& out) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc()) out = value;
}

/// "keys=12,expires=3,avg_ttl=0"
std::int64_t field(std::string_view text, std::string_view name) {
  std::int64_t out = 0;
  const auto found = text.find(name);
  if (found != std::string_view::npos) number(text.substr(found + name.size()), out);
  return out;
}

// The fields of the monitor's answer that are needed (src/apps/monitor/status_json.cpp).
struct Minute {
  double per_second = 0;
  std::int64_t p50_ms = 0;
  std::int64_t p95_ms = 0;
  std::int64_t p99_ms = 0;
  double error_rate = 0;
  double share = 0;
};
BOOST_DESCRIBE_STRUCT(Minute, (), (per_second, p50_ms, p95_ms, p99_ms, error_rate, share))

struct MonitorServer {
  std::string address;
  std::string name;
  std::string state;
  double since_seconds = 0;
  std::string reason;
  Minute last_minute;
};
BOOST_DESCRIBE_STRUCT(MonitorServer, (), (address, name, state, since_seconds, reason, last_minute))

struct MonitorUpstream {
  std::string name;
  std::vector<MonitorServer> servers;
};
BOOST_DESCRIBE_STRUCT(MonitorUpstream, (), (name, servers))

struct MonitorConnections {
  std::int64_t active = 0;
  std::int64_t reading = 0;
  std::int64_t writing = 0;
  std::int64_t waiting = 0;
};
BOOST_DESCRIBE_STRUCT(MonitorConnections, (), (active, reading, writing, waiting))

struct MonitorNginx {
  std::string state;
  MonitorConnections connections;
};
BOOST_DESCRIBE_STRUCT(MonitorNginx, (), (state, connections))

struct MonitorRequests {
  Minute last_minute;
};
BOOST_DESCRIBE_STRUCT(MonitorRequests, (), (last_minute))

struct MonitorStatus {
  MonitorNginx nginx;
  MonitorRequests requests;
  std::vector<MonitorUpstream> upstreams;
};
BOOST_DESCRIBE_STRUCT(MonitorStatus, (), (nginx, requests, upstreams))

bool has_port(const Upstream& upstream, int port) { return upstream.address.ends_with(":" + std::to_string(port)); }

/// The server's Site in Nginx's upstreams, found by its port.
std::optional<Upstream> site_of(const Server& server, const NginxFigures& nginx) {
  for (const Upstream& upstream : nginx.servers) {
    if (server.site && upstream.name == server.name && has_port(upstream, server.site->port)) return upstream;
  }
  return std::nullopt;
}

/// The same for a server without heartbeats: found by its name in the upstream of the other Sites.
std::optional<Upstream> silent_site_of(const Server& server, const NginxFigures& nginx, std::string_view sites) {
  for (const Upstream& upstream : nginx.servers) {
    if (upstream.name == server.name && upstream.upstream == sites) return upstream;
  }
  return std::nullopt;
}

void put(std::optional<Heartbeat>& place, const Heartbeat& heartbeat) {
  if (!place || place->at_ms < heartbeat.at_ms) place = heartbeat;
}

}  // namespace

RedisFigures read_info(std::string_view info) {
  RedisFigures out;
  while (!info.empty()) {
    const auto end = std::min(info.find('\n'), info.size());
    const std::string_view line = trim(info.substr(0, end));
    info.remove_prefix(std::min(end + 1, info.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 1);
    if (key == "redis_version") out.version = value;
    if (key == "uptime_in_seconds") number(value, out.uptime_seconds);
    if (key == "connected_clients") number(value, out.clients);
    if (key == "used_memory") number(value, out.memory);
    if (key == "used_memory_peak") number(value, out.memory_peak);
    if (key == "maxmemory") number(value, out.memory_limit);
    if (key == "mem_fragmentation_ratio") number(value, out.fragmentation);
    if (key == "instantaneous_ops_per_sec") number(value, out.commands);
    if (key == "expired_keys") number(value, out.expired_total);
    if (key == "evicted_keys") number(value, out.evicted_total);
    if (!key.starts_with("db")) continue;
    out.keys += field(value, "keys=");
    out.expires += field(value, "expires=");
  }
  return out;
}

std::optional<Heartbeat> parse_heartbeat(std::string_view text) {
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  if (error) return std::nullopt;
  Heartbeat out;
  from_json(parsed, out);
  if (out.server.empty() || (out.program != config::Program::site && out.program != config::Program::admin))
    return std::nullopt;
  return out;
}

NginxFigures read_upstream_status(std::string_view text) {
  NginxFigures out;
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  if (error || !parsed.is_object()) {
    out.why = "its /upstream_status cannot be parsed";
    return out;
  }
  MonitorStatus status;
  from_json(parsed, status);
  out.known = true;
  out.up = status.nginx.state == "up";
  const Minute& all = status.requests.last_minute;
  out.requests = all.per_second;
  out.errors = all.error_rate;
  out.p50_ms = all.p50_ms;
  out.p95_ms = all.p95_ms;
  out.p99_ms = all.p99_ms;
  out.active = status.nginx.connections.active;
  out.reading = status.nginx.connections.reading;
  out.writing = status.nginx.connections.writing;
  out.waiting = status.nginx.connections.waiting;
  for (const MonitorUpstream& upstream : status.upstreams) {
    for (const MonitorServer& server : upstream.servers) {
      const Minute& minute = server.last_minute;
      out.servers.push_back({upstream.name, server.address, server.name, server.state, server.since_seconds,
                             server.reason, minute.share, minute.per_second, minute.error_rate, minute.p50_ms,
                             minute.p95_ms, minute.p99_ms});
    }
  }
  return out;
}

std::vector<Server> assemble(const std::vector<store::ServerRow>& known, const std::vector<Heartbeat>& heartbeats,
                             const NginxFigures& nginx) {
  std::map<std::string, Server> by_name;
  for (const store::ServerRow& row : known) {
    Server& server = by_name[row.name];
    const double before =
        server.id == 0 ? std::chrono::duration<double>(kShowSilentFor).count() : server.silent_seconds;
    server.id = row.id;
    server.name = row.name;
    server.drain_requested = row.drain_requested;
    server.silent_seconds = std::min(before, row.age.value_or(before));
  }
  for (const Heartbeat& heartbeat : heartbeats) {
    if (!by_name.contains(heartbeat.server) && by_name.size() >= kMaxServers) continue;
    Server& server = by_name[heartbeat.server];
    server.name = heartbeat.server;
    server.silent_seconds = 0;
    put(heartbeat.program == config::Program::site ? server.site : server.admin, heartbeat);
  }
  std::string sites;
  for (auto& [name, server] : by_name) {
    server.in_nginx = site_of(server, nginx);
    if (server.in_nginx) sites = server.in_nginx->upstream;
  }
  std::vector<Server> out;
  for (auto& [name, server] : by_name) {
    if (!server.site) server.in_nginx = silent_site_of(server, nginx, sites);
    out.push_back(std::move(server));
  }
  return out;
}

Sample sample_of(const Overview& overview) {
  Sample out;
  double cpu = 0;
  std::int64_t memory = 0;
  double requests = 0;
  double errors = 0;
  for (const Server& server : overview.servers) {
    if (server.alive()) ++out.servers;
    for (const auto* heartbeat : {&server.site, &server.admin}) {
      if (!*heartbeat) continue;
      cpu += (*heartbeat)->cpu;
      memory += (*heartbeat)->memory;
      requests += (*heartbeat)->requests;
      errors += (*heartbeat)->errors;
    }
  }
  if (out.servers > 0) {
    out.cpu = cpu;
    out.memory = memory;
    out.requests = requests;
    out.errors = errors;
  }
  if (overview.nginx.known) {  // what visitors wait for, rather than what the servers think
    out.p50_ms = static_cast<double>(overview.nginx.p50_ms);
    out.p95_ms = static_cast<double>(overview.nginx.p95_ms);
    out.p99_ms = static_cast<double>(overview.nginx.p99_ms);
  }
  if (overview.postgres.up) {
    out.transactions = overview.postgres.transactions;
    out.connections = static_cast<int>(overview.postgres.connections);
  }
  if (overview.redis.up) {
    out.commands = overview.redis.commands;
    out.redis_memory = overview.redis.memory;
  }
  return out;
}

}  // namespace ms::servers
