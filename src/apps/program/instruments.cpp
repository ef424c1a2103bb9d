#include "apps/program/instruments.hpp"

#include <spdlog/spdlog.h>

#include "infra/core/version.hpp"
#include "infra/io/sleep.hpp"
#include "infra/process/log.hpp"

namespace ms::program {
namespace {

using metrics::labels;
using std::chrono::steady_clock;

// Also the longest time that a line of the log waits.
constexpr auto kLagPeriod = std::chrono::milliseconds(100);

metrics::Gauge& storage_failures(metrics::Shard& shard, std::string_view fault) {
  return shard.total("minschool_storage_failures",
                     "Calls of the storage of files that failed, found no room, or no free thread.",
                     labels({{"fault", fault}}));
}

}  // namespace

Telemetry::Telemetry(std::string_view program, std::string_view server, const Shared& shared)
    : shared_(shared),
      shard_(registry.shard()),
      process_(shard_),
      password_queue_(shard_.gauge("minschool_password_queue", "Logins that wait for a thread that checks passwords.")),
      storage_failed_(storage_failures(shard_, "failed")),
      storage_no_room_(storage_failures(shard_, "no_room")),
      storage_busy_(storage_failures(shard_, "busy")) {
  shard_
      .gauge("minschool_build_info", "Always 1; the labels say what runs.",
             labels({{"program", program}, {"server", server}, {"version", version()}}))
      .set(1);
}

void Telemetry::write(metrics::Text& out) {
  process_.read();
  password_queue_.set(static_cast<double>(shared_.hashing.waiting()));
  const auto failures = shared_.store.failures();
  storage_failed_.set(static_cast<double>(failures.failed));
  storage_no_room_.set(static_cast<double>(failures.no_room));
  storage_busy_.set(static_cast<double>(failures.busy));
  registry.write(out);
}

ThreadMetrics& Telemetry::add_thread(metrics::Shard& shard, int thread) {
  const std::scoped_lock lock(mutex_);
  return threads_.emplace_back(shard, thread);
}

Totals Telemetry::totals() {
  const auto [cpu, memory] = process_.read_usage();
  password_queue_.set(static_cast<double>(shared_.hashing.waiting()));
  Totals out;
  out.cpu_seconds = cpu;
  out.memory_bytes = memory;
  out.password_queue = password_queue_.value();
  const std::scoped_lock lock(mutex_);
  for (const ThreadMetrics& thread : threads_) thread.add_to(out);
  return out;
}

Instruments::Instruments(Telemetry& telemetry, int thread, const web::Router& router, const config::Settings& settings)
    : telemetry_(telemetry),
      shard_(telemetry.registry.shard()),
      router_(router),
      counts_(settings.server.metrics),
      cells_(telemetry.add_thread(shard_, thread)) {
  const auto limit = [this](std::string_view name, std::string_view help, int value) {
    shard_.gauge(name, help).set(static_cast<double>(value));
  };
  limit("minschool_http_in_flight_limit", "Requests that may be in flight ([http] in_flight of all threads).",
        settings.http.in_flight);
  limit("minschool_live_streams_limit", "Streams that may be open ([live] streams of all threads).",
        settings.live.streams);
  if (settings.log.requests && spdlog::should_log(spdlog::level::info)) log_.emplace(process::log_is_journal());
}

void Instruments::record(const web::CompletedRequest& completed) {
  if (counts_) count(completed);
  if (log_) log_->add(completed, completed.route ? router_.pattern(*completed.route) : "-");
}

void Instruments::count_rejected(int status) {
  shard_
      .counter("minschool_http_rejected",
               "Requests that got no page: unreadable ones, and streams without room, by status.",
               labels({{"status", std::to_string(status)}}))
      .add();
}

void Instruments::count(const web::CompletedRequest& completed) {
  constexpr int kHundred = 100;
  if (routes_.empty()) routes_.resize(router_.size() + 1);
  const std::size_t route = completed.route.value_or(router_.size());
  const auto place = static_cast<std::size_t>(completed.status / kHundred) % ThreadMetrics::kClasses;
  const bool found = route < router_.size();
  const std::string_view pattern = found ? router_.pattern(route) : std::string_view();
  const http::Method method = found ? router_.method(route) : http::Method();
  ThreadMetrics::Route& of = routes_[route];
  if (of.seconds == nullptr) of = cells_.add_route(pattern, method);
  metrics::Counter*& counter = of.by_class[place];
  if (counter == nullptr) counter = &cells_.add_class(pattern, method, place);
  of.seconds->observe(completed.time);
  counter->add();
  const auto add = [](metrics::Counter& trips, metrics::Gauge& waited, int count, std::chrono::nanoseconds time) {
    trips.add(static_cast<std::uint64_t>(count));
    waited.set(waited.value() + std::chrono::duration<double>(time).count());
  };
  add(cells_.pg_trips, cells_.pg_seconds, completed.timing.pg_trips, completed.timing.pg);
  add(cells_.redis_trips, cells_.redis_seconds, completed.timing.redis_trips, completed.timing.redis);
}

void Instruments::sample(const Services& services, const App& app, const http::ServerState& server, bool draining) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  cells_.in_flight.set(number(server.in_flight));
  cells_.connections.set(number(server.connections));
  cells_.streams.set(number(server.streams));
  cells_.streamed_bodies.set(number(server.streamed_bodies));
  cells_.draining.set(draining ? 1 : 0);
  const pg::State pg = services.db.state();
  cells_.pg_up.set(pg.up ? 1 : 0);
  cells_.pg_busy.set(number(pg.busy));
  cells_.pg_idle.set(number(pg.connections - pg.busy));
  cells_.pg_missing.set(number(pg.wanted - pg.connections));
  cells_.pg_in_flight.set(number(pg.in_flight));
  cells_.pg_waiting.set(number(pg.waiting));
  const redis::State redis = services.redis.state();
  cells_.redis_up.set(redis.up ? 1 : 0);
  cells_.redis_in_flight.set(number(redis.in_flight));
  const cache::LookupCounts lookups = services.cache.lookups();
  cells_.cache_hits.set(number(lookups.hits));
  cells_.cache_misses.set(number(lookups.misses));
  cells_.cache_alone.set(number(lookups.without_redis));
  cells_.sessions_opened.set(number(services.sessions.opened()));
  cells_.purges_pending.set(number(services.purger.pending()));
  cells_.purge_failures.set(number(services.purger.failures()));
  cells_.export_caches(services.cache_stats());
  cells_.export_caches(app.cache_stats());
}

async<void> Instruments::measure_lag() {
  auto due = steady_clock::now();
  while (true) {
    // A standstill counts as one late timer: the next is due from now on.
    due = std::max(due + kLagPeriod, steady_clock::now());
    co_await sleep_until(due);
    cells_.lag.observe(steady_clock::now() - due);
    if (log_) log_->flush();
  }
}

http::Response Instruments::scrape(const http::Request& request) {
  const metrics::Format format = metrics::format_for(request.header("accept"));
  metrics::Text out(format);
  telemetry_.write(out);
  http::Response response = http::Response::text(200, metrics::content_type(format), std::move(out).finish());
  response.set("Cache-Control", "no-store");
  return response;
}

}  // namespace ms::program
