#include <fmt/format.h>

#include "apps/monitor/figures.hpp"
#include "apps/monitor/report.hpp"
#include "infra/core/time.hpp"

namespace ms::monitor {
namespace {

constexpr double kPercent = 100;
constexpr std::size_t kAddressWidth = 22;

/// "42s", "3m12s", "5h07m", "12d03h".
std::string format_duration(Clock::duration time) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (seconds < kMinute) return fmt::format("{}s", seconds);
  if (seconds < kHour) return fmt::format("{}m{:02}s", seconds / kMinute, seconds % kMinute);
  if (seconds < kDay) return fmt::format("{}h{:02}m", seconds / kHour, seconds % kHour / kMinute);
  return fmt::format("{}d{:02}h", seconds / kDay, seconds % kDay / kHour);
}

std::string server_line(const Row& row, Clock::time_point now) {
  const Server& server = *row.server;
  const Figures& minute = row.minute;
  return fmt::format("{:<{}} {:<7} {:>6} {:>5.1f}% {:>6.1f} {:>5} {:>5} {:>5} {:>5.1f}%\n",
                     server.place.address + (server.place.backup ? " (b)" : ""), kAddressWidth,
                     kStates[static_cast<std::size_t>(server.state)], format_duration(now - server.since),
                     minute.share * kPercent, minute.per_second, minute.milliseconds(0.5), minute.milliseconds(0.95),
                     minute.milliseconds(0.99), minute.errors() * kPercent);
}

std::string nginx_line(const MonitorState& state, Clock::time_point now) {
  const NginxState& nginx = state.prober.nginx();
  std::string out = fmt::format("Nginx {} for {}", nginx.up ? "up" : "down", format_duration(now - nginx.since));
  if (!nginx.error.empty()) out += ": " + nginx.error;
  if (const auto& connections = nginx.connections) {
    out += fmt::format(", {} connections ({} reading, {} writing, {} waiting)", connections->active,
                       connections->reading, connections->writing, connections->waiting);
  }
  return out + "\n";
}

std::string requests_line(const MonitorState& state, Clock::time_point now) {
  const Traffic& traffic = state.traffic;
  const Figures minute = figures(traffic.requests().minute(now), Counts::kMinute, traffic.started_at(), now);
  std::string out = fmt::format(
      "{:.1f} requests/s, p50 {} ms, p95 {} ms, p99 {} ms, {:.1f}% errors; cache:", minute.per_second,
      minute.milliseconds(0.5), minute.milliseconds(0.95), minute.milliseconds(0.99), minute.errors() * kPercent);
  for (std::size_t i = 0; i < kCacheWords.size(); ++i) {
    if (minute.tally.caches[i] > 0) out += fmt::format(" {} {}", kCacheWords[i], minute.tally.caches[i]);
  }
  return out + "\n";
}

std::string reasons(const Traffic& traffic, Clock::time_point now) {
  std::string out;
  for (const auto& [address, server] : traffic.servers()) {
    if (const auto reason = server.reason(now); !reason.empty()) out += fmt::format("  {}: {}\n", address, reason);
  }
  return out.empty() ? out : "\nNot well:\n" + out;
}

std::string dropped(const MonitorState& state) {
  std::string out;
  if (state.malformed > 0) out += fmt::format(" {} malformed", state.malformed);
  if (state.log.too_long() > 0) out += fmt::format(" {} too long", state.log.too_long());
  if (state.traffic.untracked() > 0) out += fmt::format(" {} of too many servers", state.traffic.untracked());
  return out.empty() ? out : "\nDropped of the log:" + out + "\n";
}

}  // namespace

std::string status_table(const MonitorState& state, Clock::time_point now) {
  std::string out = fmt::format("MinSchool, {}; figures of the last minute\n", rfc3339(ms::now()));
  out += nginx_line(state, now) + requests_line(state, now);
  for (const auto& [upstream, of] : rows(state.traffic, now)) {
    out += fmt::format("\n{:<{}} {:<7} {:>6} {:>6} {:>6} {:>5} {:>5} {:>5} {:>6}\n",
                       upstream.empty() ? "not in Nginx's file" : upstream, kAddressWidth, "state", "since", "share",
                       "req/s", "p50ms", "p95ms", "p99ms", "5xx");
    for (const Row& row : of) out += server_line(row, now);
  }
  out += reasons(state.traffic, now);
  if (!state.prober.file_error().empty()) out += "\n" + state.prober.file_error() + "\n";
  if (!state.saved_pages.saving()) out += "\nThe disk of Nginx's cache is full: no pages are saved.\n";
  return out + dropped(state);
}

}  // namespace ms::monitor
