#include "apps/program/heartbeat.hpp"

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
constexpr double kMost = 0.95;
constexpr double kNearlyAll = 0.99;
constexpr double kMs = 1000;
constexpr std::string_view kClockGauge = "minschool_clock_ahead_seconds";
constexpr std::string_view kClockHelp = "How far this machine's clock is ahead of another's.";
constexpr double kWrongClock = 2;  // seconds

const metrics::Readings* family(const Moment& moment, std::string_view name) {
  const auto found = moment.readings.find(name);
  return found == moment.readings.end() ? nullptr : &found->second;
}

/// The sum of the series whose labels hold `of`.
double total(const Moment& moment, std::string_view name, std::string_view of = {}) {
  double out = 0;
  if (const auto* readings = family(moment, name)) {
    for (const auto& [labels, reading] : readings->series) {
      if (labels.contains(of)) out += reading.value;
    }
  }
  return out;
}

std::int64_t whole(double value) { return static_cast<std::int64_t>(value); }

Histogram::Counts counts_of(const metrics::Readings* readings, std::string_view labels) {
  if (readings == nullptr) return {};
  const auto found = readings->series.find(labels);
  return found == readings->series.end() ? Histogram::Counts{} : found->second.counts;
}

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

/// `route="/posts/{id}",method="GET"` as people write it.
std::string route_name(std::string_view labels) {
  const auto value = [labels](std::string_view name) {
    const auto from = labels.find(name);
    if (from == std::string_view::npos) return std::string();
    const auto rest = labels.substr(from + name.size());
    return std::string(rest.substr(0, rest.find('"')));
  };
  const std::string route = value("route=\"");
  return route == "none" ? std::string("-") : value("method=\"") + " " + route;
}

/// Round trips lately, and how long one took.
servers::Line line(const Moment& before, const Moment& now, double passed, std::string_view trips,
                   std::string_view waited, bool up) {
  const double count = total(now, trips) - total(before, trips);
  const double time = total(now, waited) - total(before, waited);
  return {up, passed > 0 ? count / passed : 0, count > 0 ? time * kMs / count : 0};
}

void add_routes(servers::Beat& out, const Moment& minute, const Moment& now) {
  const double passed = std::chrono::duration<double>(now.at - minute.at).count();
  const auto* before = family(minute, "minschool_http_request_seconds");
  const auto* after = family(now, "minschool_http_request_seconds");
  if (after == nullptr || passed <= 0) return;
  Histogram::Counts all{};
  for (const auto& [labels, reading] : after->series) {
    const Histogram::Counts counts = minus(reading.counts, counts_of(before, labels));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += counts[i];
    if (sum(counts) == 0) continue;
    out.routes.push_back({route_name(labels), static_cast<double>(sum(counts)) / passed, milliseconds(counts, kMedian),
                          milliseconds(counts, kMost), milliseconds(counts, kNearlyAll)});
  }
  out.p50_ms = milliseconds(all, kMedian);
  out.p95_ms = milliseconds(all, kMost);
  out.p99_ms = milliseconds(all, kNearlyAll);
  std::ranges::sort(out.routes, std::greater(), &servers::Route::per_second);
  if (out.routes.size() > kBusiest) out.routes.resize(kBusiest);
}

}  // namespace

servers::Beat beat_between(const Moment& minute, const Moment& lately, const Moment& now) {
  servers::Beat out;
  add_routes(out, minute, now);
  const double passed = std::chrono::duration<double>(now.at - lately.at).count();
  const auto rate = [&](std::string_view name, std::string_view of = {}) {
    return passed > 0 ? (total(now, name, of) - total(lately, name, of)) / passed : 0;
  };
  out.requests = rate("minschool_http_requests");
  out.errors = rate("minschool_http_requests", "status=\"5xx\"");
  out.cpu = rate("process_cpu_seconds");
  out.memory = whole(total(now, "process_resident_memory_bytes"));
  out.in_flight = whole(total(now, "minschool_http_requests_in_flight"));
  out.connections = whole(total(now, "minschool_http_connections"));
  out.streams = whole(total(now, "minschool_live_streams"));
  out.logins = whole(total(now, "minschool_sessions_opened"));
  out.turned_away = whole(total(now, "minschool_http_turned_away"));
  out.passwords = whole(total(now, "minschool_password_queue"));
  constexpr std::string_view kLag = "minschool_loop_lag_seconds";
  out.lag_ms = milliseconds(minus(counts_of(family(now, kLag), ""), counts_of(family(minute, kLag), "")), kNearlyAll);
  out.postgres = line(lately, now, passed, "minschool_pg_round_trips", "minschool_pg_wait_seconds",
                      total(now, "minschool_pg_up") > 0);
  out.pg_in_use = whole(total(now, "minschool_pg_connections", "state=\"in_use\""));
  out.pg_idle = whole(total(now, "minschool_pg_connections", "state=\"idle\""));
  out.pg_missing = whole(total(now, "minschool_pg_connections", "state=\"missing\""));
  out.pg_waiting = whole(total(now, "minschool_pg_waiting"));
  out.pg_in_flight = whole(total(now, "minschool_pg_statements_in_flight"));
  out.redis = line(lately, now, passed, "minschool_redis_round_trips", "minschool_redis_wait_seconds",
                   total(now, "minschool_redis_up") > 0);
  out.redis_in_flight = whole(total(now, "minschool_redis_commands_in_flight"));
  const auto looked_up = [&](std::string_view of) {
    return whole(total(now, "minschool_cache_lookups", of) - total(minute, "minschool_cache_lookups", of));
  };
  out.cache_hits = looked_up("result=\"hit\"");
  out.cache_misses = looked_up("result=\"miss\"");
  return out;
}

Heartbeat::Heartbeat(Parts& parts, Telemetry& telemetry, std::string program)
    : parts_(parts),
      telemetry_(telemetry),
      program_(std::move(program)),
      heart_(parts.db, parts.redis),
      writable_(telemetry.registry.shard().gauge(
          "minschool_pg_writable", "0 while PostgreSQL answers and takes no writes: read-only, or no room.")),
      ahead_of_redis_(telemetry.registry.shard().gauge(kClockGauge, kClockHelp, "of=\"redis\"")),
      ahead_of_database_(telemetry.registry.shard().gauge(kClockGauge, kClockHelp, "of=\"postgresql\"")) {
  writable_.set(1);
  moments_.push_back({begun_, telemetry_.read()});
}

servers::Beat Heartbeat::beat() {
  Moment current{steady_clock::now(), telemetry_.read()};
  // Who counts from further back than wanted says too much rather than nothing.
  while (moments_.size() > 1 && current.at - moments_[1].at >= kMinute) moments_.pop_front();
  const Moment* lately = &moments_.front();
  for (const Moment& moment : moments_) {
    if (current.at - moment.at >= kLately) lately = &moment;
  }
  servers::Beat out = beat_between(moments_.front(), *lately, current);
  moments_.push_back(std::move(current));
  out.server = parts_.settings.server.name;
  out.program = program_;
  out.version = version();
  out.at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count();
  out.port = parts_.settings.server.port;
  out.uptime_seconds = std::chrono::duration<double>(steady_clock::now() - begun_).count();
  out.resting = telemetry_.resting;
  return out;
}

void Heartbeat::note() {
  const std::string& fault = heart_.write_fault();
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
  const auto& clocks = heart_.clocks();
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

async<void> Heartbeat::run() {
  auto due = steady_clock::now();
  while (!stopped_) {
    const servers::Beat said = beat();
    const auto rests = co_await heart_.beat(said);
    note();
    // The Admin goes on: from there the server is brought back.
    if (rests && program_ == "site" && telemetry_.resting.exchange(*rests) != *rests) {
      spdlog::warn(*rests ? "resting: staff wish that this server takes no requests" : "serving again");
    }
    due = std::max(due + servers::kBeatEvery, steady_clock::now());
    co_await sleep_until(due);
  }
}

}  // namespace ms::program
