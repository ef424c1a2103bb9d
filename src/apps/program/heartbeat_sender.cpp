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
constexpr auto kLately = std::chrono::seconds(10);
constexpr std::size_t kBusiest = 5;
constexpr double kMedian = 0.5;
constexpr double kMax = 0.95;
constexpr double kNearlyAll = 0.99;
constexpr double kMs = 1000;
constexpr std::string_view kClockGauge = "minschool_clock_ahead_seconds";
constexpr std::string_view kClockHelp = "How far this machine's clock is ahead of another's.";
constexpr double kWrongClock = 2;  // seconds

std::int64_t whole(double value) { return static_cast<std::int64_t>(value); }

Histogram::Counts minus(Histogram::Counts now, const Histogram::Counts& before) {
  for (std::size_t i = 0; i < now.size(); ++i) now[i] -= before[i];
  return now;
}

std::uint64_t sum(const Histogram::Counts& counts) {
  std::uint64_t out = 0;
  for (const auto count : counts) out += count;
  return out;
}

double milliseconds(const Histogram::Counts& counts, double share) { return metrics::quantile(counts, share) * kMs; }

/// What a route had counted before; nothing when it was not asked for yet.
Totals::Route before(const Moment& moment, std::string_view route) {
  const auto found = moment.totals.routes.find(route);
  return found == moment.totals.routes.end() ? Totals::Route() : found->second;
}

/// Round trips lately, and how long one took.
servers::Line line(const Totals::Dependency& earlier, const Totals::Dependency& now, double passed) {
  const auto count = static_cast<double>(now.round_trips - earlier.round_trips);
  const double time = now.wait_seconds - earlier.wait_seconds;
  return {now.up, passed > 0 ? count / passed : 0, count > 0 ? time * kMs / count : 0};
}

void add_routes(servers::Heartbeat& out, const Moment& minute, const Moment& now) {
  const double passed = std::chrono::duration<double>(now.at - minute.at).count();
  if (passed <= 0) return;
  Histogram::Counts all{};
  for (const auto& [name, route] : now.totals.routes) {
    const Histogram::Counts counts = minus(route.seconds, before(minute, name).seconds);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += counts[i];
    if (sum(counts) == 0) continue;
    out.routes.push_back({name, static_cast<double>(sum(counts)) / passed, milliseconds(counts, kMedian),
                          milliseconds(counts, kMax), milliseconds(counts, kNearlyAll)});
  }
  out.p50_ms = milliseconds(all, kMedian);
  out.p95_ms = milliseconds(all, kMax);
  out.p99_ms = milliseconds(all, kNearlyAll);
  std::ranges::sort(out.routes, std::greater(), &servers::Route::per_second);
  if (out.routes.size() > kBusiest) out.routes.resize(kBusiest);
}

void add_rates(servers::Heartbeat& out, const Moment& lately, const Moment& now, double passed) {
  if (passed <= 0) return;
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  for (const auto& [name, route] : now.totals.routes) {
    const Totals::Route earlier = before(lately, name);
    requests += sum(minus(route.seconds, earlier.seconds));
    errors += route.errors - earlier.errors;
  }
  out.requests = static_cast<double>(requests) / passed;
  out.errors = static_cast<double>(errors) / passed;
  out.cpu = (now.totals.cpu_seconds - lately.totals.cpu_seconds) / passed;
}

}  // namespace

servers::Heartbeat heartbeat_between(const Moment& minute, const Moment& lately, const Moment& now) {
  servers::Heartbeat out;
  const Totals& totals = now.totals;
  const double passed = std::chrono::duration<double>(now.at - lately.at).count();
  add_routes(out, minute, now);
  add_rates(out, lately, now, passed);
  out.memory = whole(totals.memory_bytes);
  out.in_flight = whole(totals.in_flight);
  out.connections = whole(totals.connections);
  out.streams = whole(totals.streams);
  out.logins = whole(totals.logins);
  out.turned_away = static_cast<std::int64_t>(totals.turned_away);
  out.passwords = whole(totals.password_queue);
  out.lag_ms = milliseconds(minus(totals.loop_lag, minute.totals.loop_lag), kNearlyAll);
  out.postgres = line(lately.totals.postgres, totals.postgres, passed);
  out.pg_in_use = whole(totals.pg_in_use);
  out.pg_idle = whole(totals.pg_idle);
  out.pg_missing = whole(totals.pg_missing);
  out.pg_waiting = whole(totals.pg_waiting);
  out.pg_in_flight = whole(totals.pg_in_flight);
  out.redis = line(lately.totals.redis, totals.redis, passed);
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
  // Who counts from further back than wanted says too much rather than nothing.
  while (moments_.size() > 1 && current.at - moments_[1].at >= kMinute) moments_.pop_front();
  const Moment* lately = &moments_.front();
  for (const Moment& moment : moments_) {
    if (current.at - moment.at >= kLately) lately = &moment;
  }
  servers::Heartbeat out = heartbeat_between(moments_.front(), *lately, current);
  moments_.push_back(std::move(current));
  out.server = services_.settings.server.name;
  out.program = program_;
  out.version = version();
  out.at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count();
  out.port = services_.settings.server.port;
  out.uptime_seconds = std::chrono::duration<double>(steady_clock::now() - begun_).count();
  out.resting = telemetry_.resting;
  return out;
}

void HeartbeatSender::note() {
  const std::string& fault = store_.write_fault();
  const auto known = telemetry_.write_fault.load();
  writable_.set(fault.empty() ? 1 : 0);
  if (fault.empty() && known) {
    spdlog::info("PostgreSQL takes writes again");
    telemetry_.write_fault.store(nullptr);
  } else if (!fault.empty() && (!known || known->why != fault)) {
    spdlog::error("PostgreSQL takes no writes: {}", fault);
    const Deadline since = known ? known->since : steady_clock::now();
    telemetry_.write_fault.store(std::make_shared<const Telemetry::WriteFault>(fault, since));
  }
  const auto& clocks = store_.clocks();
  const auto note_clock = [](metrics::Gauge& gauge, const std::optional<double>& ahead, std::string_view of) {
    const bool was_wrong = std::abs(gauge.value()) > kWrongClock;
    gauge.set(ahead.value_or(0));
    if (std::abs(gauge.value()) > kWrongClock && !was_wrong) {
      spdlog::warn("this machine's clock and that of {} differ by {:.1f} s: NTP on both", of, gauge.value());
    }
  };
  note_clock(ahead_of_redis_, clocks.redis, "Redis");
  note_clock(ahead_of_database_, clocks.database, "PostgreSQL");
}

async<void> HeartbeatSender::run() {
  auto due = steady_clock::now();
  while (!stopped_) {
    const servers::Heartbeat said = heartbeat();
    const auto rests = co_await store_.heartbeat(said);
    note();
    // The Admin goes on: from there the server is brought back.
    if (rests && program_ == config::Program::site && telemetry_.resting.exchange(*rests) != *rests) {
      spdlog::warn(*rests ? "resting: staff wish that this server takes no requests" : "serving again");
    }
    due = std::max(due + servers::kBeatEvery, steady_clock::now());
    co_await sleep_until(due);
  }
}

}  // namespace ms::program
