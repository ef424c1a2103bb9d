#include "apps/cli/monit_screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "features/servers/health.hpp"
#include "infra/core/time.hpp"

namespace ms::cli {
namespace {

using servers::Heartbeat;
using servers::Overview;
using servers::Server;

// The lines above and below the servers: head, three parts, blanks, titles.
constexpr std::size_t kOtherLines = 8;
constexpr std::size_t kRoutesHead = 3;  // a blank, a title, and one route at least
constexpr std::size_t kNameWidth = 10;  // of a server
constexpr std::size_t kRouteWidth = 50;

/// Text that is safe for a terminal: a server's configuration may give it any name.
std::string safe(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= ' ' && c <= '~' ? c : '?';
  return out;
}

std::string bytes(std::int64_t count) {
  constexpr std::array kUnits{"B", "K", "M", "G", "T"};
  const auto [value, unit] = servers::scaled(count, kUnits.size());
  return fmt::format("{:.{}f}{}", value, value < 10 && unit > 0 ? 1 : 0, kUnits[unit]);
}

/// "42s", "3m", "5h", "12d".
std::string lasted(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  constexpr double kDay = 86400;
  if (seconds < kMinute) return fmt::format("{:.0f}s", seconds);
  if (seconds < kHour) return fmt::format("{:.0f}m", seconds / kMinute);
  if (seconds < kDay) return fmt::format("{:.0f}h", seconds / kHour);
  return fmt::format("{:.0f}d", seconds / kDay);
}

std::string percent(const std::optional<double>& share) {
  constexpr double kPercent = 100;
  return share ? fmt::format("{:.1f}%", *share * kPercent) : "?";
}
std::string rate(const std::optional<double>& value) { return value ? fmt::format("{:.1f}/s", *value) : "?"; }

std::string part(std::string_view name, bool up, const std::string& rest) {
  return fmt::format("{:<11}{:<8}{}", name, up ? "up" : "down", rest);
}

std::string nginx_line(const servers::NginxFigures& nginx) {
  if (!nginx.known)
    return fmt::format("{:<11}{:<8}the monitor does not answer: {}", "Nginx", "unknown", safe(nginx.why));
  return part("Nginx", nginx.up,
              fmt::format("{:.1f}/s p50 {} p95 {} p99 {} ms, 5xx {}, {} open", nginx.requests, nginx.p50_ms,
                          nginx.p95_ms, nginx.p99_ms, percent(nginx.errors), nginx.active));
}

std::string redis_line(const servers::RedisFigures& redis) {
  if (!redis.up) return part("Redis", false, safe(redis.why));
  return part("Redis", true,
              fmt::format("{:.0f}/s {}/{} frag {:.1f} evict {} expire {} hit {}", redis.commands, bytes(redis.memory),
                          redis.memory_limit > 0 ? bytes(redis.memory_limit) : "-", redis.fragmentation,
                          rate(redis.evicted), rate(redis.expired), percent(redis.cache_share)));
}

std::string postgres_line(const servers::PostgresFigures& postgres) {
  if (!postgres.up) return part("PostgreSQL", false, safe(postgres.why));
  std::string lag;
  for (const servers::Replica& replica : postgres.replicas) {
    if (replica.lag_bytes) lag = ", lag " + bytes(*replica.lag_bytes);
  }
  return part("PostgreSQL", true,
              fmt::format("{} {}/{} open, {} busy, hit {}, locks {}, {}{}", rate(postgres.transactions),
                          postgres.connections, postgres.max_connections, postgres.active,
                          percent(postgres.cache_share), postgres.locks_waiting, bytes(postgres.size), lag));
}

std::string server_line(const Server& server) {
  constexpr double kPercent = 100;
  const std::string name = safe(server.name).substr(0, kNameWidth);
  const auto health = servers::health_of(server);
  if (!server.alive()) {
    return fmt::format("{:<{}} {:<8} last heartbeat {} ago", name, kNameWidth, servers::name_of(health),
                       lasted(server.silent_seconds));
  }
  double cpu = 0;
  std::int64_t memory = 0;
  for (const auto* heartbeat : {&server.site, &server.admin}) {
    if (!*heartbeat) continue;
    cpu += (*heartbeat)->cpu;
    memory += (*heartbeat)->memory;
  }
  const Heartbeat& most = server.site ? *server.site : *server.admin;
  const auto pg = servers::dependency_figures(server, &Heartbeat::postgres);
  const auto redis = servers::dependency_figures(server, &Heartbeat::redis);
  return fmt::format("{:<{}} {:<8} {:>4.0f}% {:>4} {:>7.1f} {:>5.1f} {:>5.0f} {:>5.0f} {:>5.1f} {:>5.1f} {:>6} {:>4}",
                     name, kNameWidth, servers::name_of(health), cpu * kPercent, bytes(memory),
                     servers::requests_of(server), most.errors, most.p95_ms, most.p99_ms, pg.ms, redis.ms, most.streams,
                     lasted(most.uptime_seconds));
}

/// The busiest routes of all programs.
std::vector<std::string> routes(const Overview& now) {
  struct Sum {
    double per_second = 0;
    double p95_ms = 0;
  };
  std::map<std::string, Sum> sums;
  for (const Server& server : now.servers) {
    for (const auto* heartbeat : {&server.site, &server.admin}) {
      if (!*heartbeat) continue;
      for (const servers::Route& route : (*heartbeat)->routes) {
        Sum& sum = sums[fmt::format("{} {}", config::name_of((*heartbeat)->program), safe(route.name))];
        sum.per_second += route.per_second;
        sum.p95_ms = std::max(sum.p95_ms, route.p95_ms);
      }
    }
  }
  std::vector<std::pair<std::string, Sum>> sorted(sums.begin(), sums.end());
  std::ranges::sort(sorted, std::greater(), [](const auto& one) { return one.second.per_second; });
  std::vector<std::string> out;
  for (const auto& [name, sum] : sorted) {
    out.push_back(fmt::format("{:<{}} {:>7.1f}/s  p95 {:>6.1f} ms", name.substr(0, kRouteWidth), kRouteWidth,
                              sum.per_second, sum.p95_ms));
  }
  return out;
}

}  // namespace

std::vector<std::string> monit_screen(const Overview& now, std::size_t rows, std::size_t columns) {
  std::vector<std::string> out;
  const Timestamp at{std::chrono::milliseconds(now.at_ms)};
  out.push_back(
      fmt::format("MinSchool  {}  {} servers, {} serving", rfc3339(at), now.servers.size(), servers::serving(now)));
  out.push_back(nginx_line(now.nginx));
  out.push_back(redis_line(now.redis));
  out.push_back(postgres_line(now.postgres));
  out.emplace_back();
  out.push_back(fmt::format("{:<{}} {:<8} {:>5} {:>4} {:>7} {:>5} {:>5} {:>5} {:>5} {:>5} {:>6} {:>4}", "server",
                            kNameWidth, "state", "cpu", "mem", "req/s", "5xx/s", "p95", "p99", "pg ms", "rd ms",
                            "stream", "up"));
  const std::size_t room = rows > kOtherLines ? rows - kOtherLines : 1;
  // When there is no room for all servers, the unhealthy ones come first.
  std::vector<const Server*> order;
  for (const Server& server : now.servers) order.push_back(&server);
  if (order.size() > room) {
    std::ranges::sort(order, [](const Server* one, const Server* other) {
      return std::pair(servers::health_of(*other), one->name) < std::pair(servers::health_of(*one), other->name);
    });
  }
  for (std::size_t i = 0; i < order.size() && i < room; ++i) out.push_back(server_line(*order[i]));
  if (order.size() > room) out.push_back(fmt::format("and {} more", order.size() - room));

  const auto busiest = routes(now);
  if (!busiest.empty() && out.size() + kRoutesHead < rows) {
    out.emplace_back();
    out.emplace_back("busiest routes, last minute");
    for (const auto& line : busiest) {
      if (out.size() + 1 >= rows) break;
      out.push_back(line);
    }
  }
  if (out.size() > rows) out.resize(rows);
  for (std::string& line : out) {
    if (line.size() > columns) line.resize(columns);
  }
  return out;
}

}  // namespace ms::cli
