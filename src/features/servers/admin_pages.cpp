#include "features/servers/admin_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "infra/core/text.hpp"

namespace ms::servers {
namespace {

std::string unknown() { return tr("servers.unknown"_msg); }

/// Three digits are enough to compare.
std::string short_number(double value) {
  constexpr double kWhole = 100;
  constexpr double kTenths = 0.05;
  if (value >= kWhole) return grouped(std::llround(value));
  if (value > 0 && value < kTenths) return "<0.1";
  return fmt::format("{:.1f}", value);
}

}  // namespace

std::string rate_word(double per_second) { return tr("servers.per_second"_msg, {{"n", short_number(per_second)}}); }
std::string rate_word(std::optional<double> per_second) { return per_second ? rate_word(*per_second) : unknown(); }
std::string ms_word(double milliseconds) { return short_number(milliseconds) + "ms"; }

std::string ms_word(std::int64_t milliseconds) { return milliseconds == 0 ? "<1ms" : grouped(milliseconds) + "ms"; }

std::string bytes_word(std::int64_t bytes) {
  constexpr std::array kUnits{"B", "KB", "MB", "GB", "TB"};
  const auto [value, unit] = scaled(bytes, kUnits.size());
  return (unit == 0 ? std::to_string(bytes) : short_number(value)) + kUnits[unit];
}

std::string percent_word(double share) {
  constexpr double kPercent = 100;
  return fmt::format("{:.1f}%", share * kPercent);
}
std::string percent_word(std::optional<double> share) { return share ? percent_word(*share) : unknown(); }
std::string fraction_word(double value) { return fmt::format("{:.2f}", value); }

std::string seoul_second(std::int64_t at_ms) {
  constexpr auto kSeoul = std::chrono::hours(9);
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(at_ms) + kSeoul};
  const std::chrono::hh_mm_ss time(
      std::chrono::floor<std::chrono::seconds>(at - std::chrono::floor<std::chrono::days>(at)));
  return fmt::format("{:02}:{:02}:{:02}", time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string cores_word(double cores) { return percent_word(cores); }

std::string time_word(double seconds) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 3600;
  constexpr std::int64_t kDay = 86400;
  const std::int64_t all = std::llround(std::max(seconds, 0.0));
  const auto say = [](Msg message, std::int64_t n) {
    const std::string number = grouped(n);
    return tr(message, {{"n", number}});
  };
  if (all < kMinute) return say("servers.seconds"_msg, all);
  if (all < kHour) return say("servers.minutes"_msg, all / kMinute);
  if (all < kDay) return say("servers.hours"_msg, all / kHour);
  return say("servers.days"_msg, all / kDay);
}

std::string_view name_of(Part part) noexcept {
  constexpr std::array<std::string_view, 3> kNames{"Nginx", "Redis", "PostgreSQL"};
  return kNames[static_cast<std::size_t>(part)];
}

std::string_view path_of(Part part) noexcept {
  constexpr std::array<std::string_view, 3> kPaths{"nginx", "redis", "postgresql"};
  return kPaths[static_cast<std::size_t>(part)];
}

Msg word_of(Health health) {
  switch (health) {
    case Health::up:
      return "servers.up"_msg;
    case Health::degraded:
      return "servers.degraded"_msg;
    case Health::draining:
      return "servers.draining"_msg;
    case Health::drained:
      return "servers.drained"_msg;
    case Health::failing:
      return "servers.failing"_msg;
    case Health::gone:
      break;
  }
  return "servers.silent"_msg;
}

std::string_view badge_class(Health health) {
  if (health == Health::up) return "badge-success";
  if (health == Health::failing || health == Health::gone) return "badge-danger";
  return "badge-warning";
}

std::string_view edge_class(Health health) {
  if (health == Health::up || health == Health::degraded) return "edge-up";
  if (health == Health::drained || health == Health::draining) return "edge-rest";
  return "edge-down";
}

std::string_view edge_class(const Server& server, const DependencyFigures& figures) {
  if (!server.alive()) return "edge-rest";
  return figures.up ? "edge-up" : "edge-down";
}

std::string p95_word_of(const Server& server) {
  if (server.in_nginx) return ms_word(server.in_nginx->p95_ms);
  return server.site ? ms_word(server.site->p95_ms) : unknown();
}

std::vector<std::string> complaints(const Overview& overview) {
  std::vector<std::string> out;
  if (!overview.redis.up) out.push_back(tr("servers.redis_gone"_msg));
  if (!overview.postgres.up) out.push_back(tr("servers.postgres_gone"_msg));
  if (!overview.nginx.known) {
    out.push_back(tr("servers.monitor_gone"_msg));
  } else if (!overview.nginx.up) {
    out.push_back(tr("servers.nginx_gone"_msg));
  }
  for (const Server& server : overview.servers) {
    const Health health = health_of(server);
    if (health == Health::gone) out.push_back(tr("servers.server_gone"_msg, {{"server", server.name}}));
    if (health == Health::failing) out.push_back(tr("servers.server_failing"_msg, {{"server", server.name}}));
    if (health == Health::drained) out.push_back(tr("servers.server_rests"_msg, {{"server", server.name}}));
  }
  return out;
}

std::vector<HistoryBucket> history_buckets(const std::vector<Sample>& samples) {
  constexpr auto kLength = std::chrono::minutes(5);
  struct Mean {
    double sum = 0;
    int count = 0;
    void add(const std::optional<double>& value) {
      if (!value) return;
      sum += *value;
      ++count;
    }
    std::optional<double> get() const { return count == 0 ? std::nullopt : std::optional(sum / count); }
  };
  std::map<Timestamp, std::array<Mean, 6>, std::greater<>> means;
  for (const Sample& sample : samples) {
    const Timestamp from(sample.at.time_since_epoch() / kLength * kLength);
    auto& of = means[from];
    const std::array values{sample.requests, sample.errors,       sample.p95_ms,
                            sample.cpu,      sample.transactions, sample.commands};
    for (std::size_t i = 0; i < of.size(); ++i) of[i].add(values[i]);
  }
  std::vector<HistoryBucket> out;
  for (const auto& [from, of] : means) {
    out.push_back({from, of[0].get(), of[1].get(), of[2].get(), of[3].get(), of[4].get(), of[5].get()});
  }
  return out;
}

}  // namespace ms::servers
