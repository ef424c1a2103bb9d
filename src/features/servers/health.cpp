#include "features/servers/health.hpp"

#include <algorithm>
#include <array>

namespace ms::servers {
namespace {

bool serves(const Server& server) { return server.site && server.site->postgres.up && !server.site->drained; }

}  // namespace

std::string_view name_of(Health health) noexcept {
  constexpr std::array<std::string_view, 6> kNames{"up", "degraded", "draining", "drained", "failing", "silent"};
  return kNames[static_cast<std::size_t>(health)];
}

Health health_of(const Server& server) {
  if (!server.alive()) return Health::gone;
  if (server.site && server.site->drained) return Health::drained;
  if (!server.site || !server.site->postgres.up) return Health::failing;
  if (server.drain_requested) return Health::draining;
  if (server.in_nginx && (server.in_nginx->state == "failing" || server.in_nginx->state == "down")) {
    return Health::failing;
  }
  return server.site->redis.up ? Health::up : Health::degraded;
}

int serving(const Overview& overview) { return static_cast<int>(std::ranges::count_if(overview.servers, serves)); }

DependencyFigures dependency_figures(const Server& server, DependencyFigures Heartbeat::* dependency) {
  DependencyFigures out;
  double time = 0;
  out.up = server.alive();
  for (const auto* heartbeat : {&server.site, &server.admin}) {
    if (!*heartbeat) continue;
    const DependencyFigures& one = (**heartbeat).*dependency;
    out.up = out.up && one.up;
    out.per_second += one.per_second;
    time += one.per_second * one.ms;
  }
  if (out.per_second > 0) out.ms = time / out.per_second;
  return out;
}

double requests_of(const Server& server) {
  if (server.in_nginx) return server.in_nginx->requests;
  return server.site ? server.site->requests : 0;
}

}  // namespace ms::servers
