#include "apps/program/heartbeat_sender.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "infra/core/version.hpp"
#include "infra/io/sleep.hpp"

namespace ms::program {
namespace {

using metrics::Histogram;
using std::chrono::steady_clock;

constexpr auto kMinute = std::chrono::seconds(60);
constexpr auto kRecent = std::chrono::seconds(10);
constexpr std::size_t kBusiestRoutes = 5;
constexpr double kP50 = 0.5;
constexpr double kP95 = 0.95;
constexpr double kP99 = 0.99;
constexpr double kMs = 1000;
constexpr std::string_view kClockGauge = "minschool_clock_ahead_seconds";
constexpr std::string_view kClockHelp = "How far this machine's clock is ahead of another's.";
constexpr double kWrongClock = 2;  // seconds

std::int64_t whole(double value) { return static_cast<std::int64_t>(value); }

Histogram::Counts difference(Histogram::Counts now, const Histogram::Counts& before) {
  for (std::size_t i = 0; i < now.size(); ++i) now[i] -= before[i];
  return now;
}

std::uint64_t sum(const Histogram::Counts& counts) {
  std::uint64_t out = 0;
  for (const auto count : counts) out += count;
  return out;
}

double milliseconds(const Histogram::Counts& counts, double share) { return metrics::quantile(counts, share) * kMs; }

/// What the route had counted at that moment; zeros when nobody had requested it yet.
Totals::Route before(const Moment& moment, std::string_view route) {
  const auto found = moment.totals.routes.find(route);
  return found == moment.totals.routes.end() ? Totals::Route() : found->second;
}

/// Round trips a second of the recent past, and their mean time.
servers::DependencyFigures dependency(const Totals::Dependency& earlier, const Totals::Dependency& now, double passed) {
  const auto count = static_cast<double>(now.round_trips - earlier.round_trips);
  const double time = now.wait_seconds - earlier.wait_seconds;
  return {now.up, passed > 0 ? count / passed : 0, count > 0 ? time * kMs / count : 0};
}

void add_routes(servers::Heartbeat& out, const Moment& minute, const Moment& now) {
  const double passed = std::chrono::duration<double>(now.at - minute.at).count();
  if (passed <= 0) return;
  Histogram::Counts all{};
  for (const auto& [name, route] : now.totals.routes) {
    const Histogram::Counts counts = difference(route.seconds, before(minute, name).seconds);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += counts[i];
    if (sum(counts) == 0) continue;
    out.routes.push_back({name, static_cast<double>(sum(counts)) / passed, milliseconds(counts, kP50),
                          milliseconds(counts, kP95), milliseconds(counts, kP99)});
  }
  out.p50_ms = milliseconds(all, kP50);
  out.p95_ms = milliseconds(all, kP95);
  out.p99_ms = milliseconds(all, kP99);
  std::ranges::sort(out.routes, std::greater(), &servers::Route::per_second);
  if (out.routes.size() > kBusiestRoutes) out.routes.resize(kBusiestRoutes);
}

void add_rates(servers::Heartbeat& out, const Moment& recent, const Moment& now, double passed) {
  if (passed <= 0) return;
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  for (const auto& [name, route] : now.totals.routes) {
    const Totals::Route earlier = before(recent, name);
    requests += sum(difference(route.seconds, earlier.seconds));
    errors += route.errors - earlier.errors;
  }
  out.requests = static_cast<double>(requests) / passed;
  out.errors = static_cast<double>(errors) / passed;
  out.cpu = (now.totals.cpu_seconds - recent.totals.cpu_seconds) / passed;
}

}  // namespace

servers::Heartbeat heartbeat_between(const Moment& minute, const Moment& recent, const Moment& now) {
  servers::Heartbeat out;
  const Totals& totals = now.totals;
  const double passed = std::chrono::duration<double>(now.at - recent.at).count();
  add_routes(out, minute, now);
  add_rates(out, recent, now, passed);
  out.memory = whole(totals.memory_bytes);
  out.in_flight = whole(totals.in_flight);
  out.connections = whole(totals.connections);
  out.streams = whole(totals.streams);
  out.logins = whole(totals.logins);
  out.turned_away = static_cast<std::int64_t>(totals.turned_away);
  out.passwords = whole(totals.password_queue);
  out.lag_ms = milliseconds(difference(totals.loop_lag, minute.totals.loop_lag), kP99);
  out.postgres = dependency(recent.totals.postgres, totals.postgres, passed);
  out.pg_in_use = whole(totals.pg_in_use);
  out.pg_idle = whole(totals.pg_idle);
  out.pg_missing = whole(totals.pg_missing);
  out.pg_waiting = whole(totals.pg_waiting);
  out.pg_in_flight = whole(totals.pg_in_flight);
  out.redis = dependency(recent.totals.redis, totals.redis, passed);
  out.redis_in_flight = whole(totals.redis_in_flight);
  out.cache_hits = whole(totals.cache_hits - minute.totals.cache_hits);
  out.cache_misses = whole(totals.cache_misses - minute.totals.cache_misses);
  return out;
}

HeartbeatSender::HeartbeatSender(Services& services, Telemetry& telemetry, config::Program program)
    : services_(services),
      telemetry_(telemetry),
      program_(program),
      store_(services.db, services.redis),
      writable_(telemetry.registry.shard().gauge(
          "minschool_pg_writable", "0 while PostgreSQL answers and takes no writes: read-only, or no room.")),
      ahead_of_redis_(telemetry.registry.shard().gauge(kClockGauge, kClockHelp, "of=\"redis\"")),
      ahead_of_database_(telemetry.registry.shard().gauge(kClockGauge, kClockHelp, "of=\"postgresql\"")) {
  writable_.set(1);
  moments_.push_back({begun_, telemetry_.totals()});
}

servers::Heartbeat HeartbeatSender::heartbeat() {
  Moment current{steady_clock::now(), telemetry_.totals()};
  // When no moment is exactly a minute old, an older one counts: a little too much is better than nothing.
  while (moments_.size() > 1 && current.at - moments_[1].at >= kMinute) moments_.pop_front();
  const Moment* recent = &moments_.front();
  for (const Moment& moment : moments_) {
    if (current.at - moment.at >= kRecent) recent = &moment;
  }
  servers::Heartbeat out = heartbeat_between(moments_.front(), *recent, current);
  moments_.push_back(std::move(current));
  out.server = services_.settings.server.name;
  out.program = program_;
  out.version = version();
  out.at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count();
  out.port = services_.settings.server.port;
  out.uptime_seconds = std::chrono::duration<double>(steady_clock::now() - begun_).count();
  out.drained = telemetry_.drained;
  return out;
}

void HeartbeatSender::export_findings() {
  const std::string& fault = store_.write_fault();
  const auto previous = telemetry_.write_fault.load();
  writable_.set(fault.empty() ? 1 : 0);
  if (fault.empty() && previous) {
    spdlog::info("PostgreSQL takes writes again");
    telemetry_.write_fault.store(nullptr);
  } else if (!fault.empty() && (!previous || previous->why != fault)) {
    spdlog::error("PostgreSQL takes no writes: {}", fault);
    const Deadline since = previous ? previous->since : steady_clock::now();
    telemetry_.write_fault.store(std::make_shared<const Telemetry::WriteFault>(fault, since));
  }
  const auto& clocks = store_.clocks();
  const auto export_clock = [](metrics::Gauge& gauge, const std::optional<double>& ahead, std::string_view of) {
    const bool was_wrong = std::abs(gauge.value()) > kWrongClock;
    gauge.set(ahead.value_or(0));
    if (std::abs(gauge.value()) > kWrongClock && !was_wrong) {
      spdlog::warn("this machine's clock and that of {} differ by {:.1f} s: NTP on both", of, gauge.value());
    }
  };
  export_clock(ahead_of_redis_, clocks.redis, "Redis");
  export_clock(ahead_of_database_, clocks.database, "PostgreSQL");
}

async<void> HeartbeatSender::run() {
  auto due = steady_clock::now();
  while (!stopped_) {
    const servers::Heartbeat current = heartbeat();
    const auto drained = co_await store_.heartbeat(current);
    export_findings();
    // Only the Site is drained; staff use the Admin to return the server.
    if (drained && program_ == config::Program::site && telemetry_.drained.exchange(*drained) != *drained) {
      spdlog::warn(*drained ? "drained by staff: this server takes no requests" : "serving again");
    }
    due = std::max(due + servers::kHeartbeatInterval, steady_clock::now());
    co_await sleep_until(due);
  }
}

}  // namespace ms::program
