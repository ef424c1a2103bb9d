#include <boost/json.hpp>

#include "apps/monitor/figures.hpp"
#include "apps/monitor/report.hpp"
#include "infra/core/time.hpp"
#include "infra/core/version.hpp"

namespace ms::monitor {
namespace {

namespace json = boost::json;

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// Converts a steady time to wall-clock time, relative to now, so that adjustments of the wall clock do not matter.
std::string wall(Clock::time_point at, Clock::time_point now) {
  return rfc3339(ms::now() - std::chrono::duration_cast<std::chrono::microseconds>(now - at));
}

json::object by_status(const Tally& tally) {
  json::object out;
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    if (tally.classes[i] > 0) out[kClasses[i]] = tally.classes[i];
  }
  return out;
}

json::object to_json(const Figures& from) {
  constexpr double kP50 = 0.5;
  constexpr double kP95 = 0.95;
  constexpr double kP99 = 0.99;
  return {{"requests", from.tally.count},      {"per_second", from.per_second},
          {"p50_ms", from.milliseconds(kP50)}, {"p95_ms", from.milliseconds(kP95)},
          {"p99_ms", from.milliseconds(kP99)}, {"by_status", by_status(from.tally)},
          {"error_rate", from.errors()}};
}

json::object of_server(const Figures& from) {
  json::object out = to_json(from);
  out["share"] = from.share;
  out["unanswered"] = from.tally.unanswered;
  return out;
}

json::object of_requests(const Figures& from) {
  json::object out = to_json(from);
  json::object caches;
  for (std::size_t i = 0; i < kCacheWords.size(); ++i) {
    if (from.tally.caches[i] > 0) caches[kCacheWords[i]] = from.tally.caches[i];
  }
  out["by_cache"] = std::move(caches);
  return out;
}

json::value server_json(const Row& row, Clock::time_point now) {
  const Server& server = *row.server;
  json::object out{{"address", server.place.address},
                   {"name", server.health.name},
                   {"version", server.health.version},
                   {"state", kStates[static_cast<std::size_t>(server.state)]},
                   {"since", wall(server.since, now)},
                   {"since_seconds", seconds(now - server.since)},
                   {"health", server.health.word},
                   {"backup", server.place.backup},
                   {"marked_down", server.place.marked_down},
                   {"last_minute", of_server(row.minute)},
                   {"last_5_minutes", of_server(row.five)},
                   {"total",
                    {{"requests", server.counts.all().count},
                     {"unanswered", server.counts.all().unanswered},
                     {"by_status", by_status(server.counts.all())}}}};
  if (auto reason = server.reason(now); !reason.empty()) out["reason"] = reason;
  return out;
}

json::object nginx_json(const NginxState& nginx, Clock::time_point now) {
  json::object out{{"state", nginx.up ? "up" : "down"},
                   {"since", wall(nginx.since, now)},
                   {"since_seconds", seconds(now - nginx.since)}};
  if (!nginx.error.empty()) out["reason"] = nginx.error;
  if (const auto& connections = nginx.connections) {
    out["requests"] = connections->requests;
    out["connections"] = {{"active", connections->active},     {"reading", connections->reading},
                          {"writing", connections->writing},   {"waiting", connections->waiting},
                          {"accepted", connections->accepted}, {"handled", connections->handled}};
  }
  return out;
}

json::object saved_pages_json(const SavedPages& saved) {
  json::object out{{"kept", saved.saving()}, {"forgotten", saved.purges()}, {"forgotten_pages", saved.purged_pages()}};
  if (const auto& disk = saved.disk()) out["disk"] = {{"total_bytes", disk->total}, {"free_bytes", disk->free}};
  return out;
}

json::array failures_json(const Traffic& traffic, Clock::time_point now) {
  json::array out;
  for (const Failure& failure : traffic.failures()) {
    out.push_back({{"seconds_ago", seconds(now - failure.at)},
                   {"status", failure.status},
                   {"method", failure.method},
                   {"area", kAreas[static_cast<std::size_t>(failure.area)]},
                   {"server", failure.server},
                   {"request", failure.request}});
  }
  return out;
}

}  // namespace

std::string status_json(const MonitorState& state, Clock::time_point now) {
  const Traffic& traffic = state.traffic;
  json::array upstreams;
  for (const auto& [name, of] : rows(traffic, now)) {
    json::array servers;
    for (const Row& row : of) servers.push_back(server_json(row, now));
    json::object upstream{{"name", name}};
    upstream["servers"] = std::move(servers);
    upstreams.push_back(std::move(upstream));
  }
  const Counts& requests = traffic.requests();
  json::object out{
      {"time", rfc3339(ms::now())},
      {"monitor",
       {{"version", version()},
        {"uptime_seconds", seconds(now - traffic.started_at())},
        {"lines", state.lines},
        {"dropped",
         {{"malformed", state.malformed}, {"too_long", state.log.too_long()}, {"server", traffic.untracked()}}},
        {"nginx_file", state.prober.file_error().empty() ? "ok" : state.prober.file_error()}}},
      {"nginx", nginx_json(state.prober.nginx(), now)},
      {"saved_pages", saved_pages_json(state.saved_pages)},
      {"requests",
       {{"last_minute", of_requests(figures(requests.minute(now), Counts::kMinute, traffic.started_at(), now))},
        {"last_5_minutes", of_requests(figures(requests.five_minutes(now), Counts::kFive, traffic.started_at(), now))},
        {"total",
         {{"requests", requests.all().count},
          {"by_status", by_status(requests.all())},
          {"no_live_upstreams", traffic.no_server()}}}}},
      {"upstreams", std::move(upstreams)},
      {"recent_failures", failures_json(traffic, now)}};
  return json::serialize(out) + "\n";
}

}  // namespace ms::monitor
