#include "apps/program/instruments.hpp"

#include <spdlog/spdlog.h>

#include "infra/core/version.hpp"
#include "infra/io/sleep.hpp"
#include "infra/process/log.hpp"

namespace ms::program {
namespace {

using metrics::labels;
using std::chrono::steady_clock;

// How long a line of the log may wait, too.
constexpr auto kBeat = std::chrono::milliseconds(100);
constexpr std::array<std::string_view, 6> kClasses{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::size_t kErrors = 5;

}  // namespace

Telemetry::Telemetry(std::string_view program, std::string_view server, const CpuPool& hashing)
    : hashing_(hashing),
      shard_(registry.shard()),
      process_(shard_),
      password_queue_(
          shard_.gauge("minschool_password_queue", "Logins that wait for a thread that checks passwords.")) {
  shard_
      .gauge("minschool_build_info", "Always 1; the labels say what runs.",
             labels({{"program", program}, {"server", server}, {"version", version()}}))
      .set(1);
}

void Telemetry::write(metrics::Text& out) {
  process_.read();
  password_queue_.set(static_cast<double>(hashing_.waiting()));
  registry.write(out);
}

std::map<std::string, metrics::Readings, std::less<>> Telemetry::read() {
  process_.read_usage();
  password_queue_.set(static_cast<double>(hashing_.waiting()));
  return registry.read();
}

// What does not add up over threads says which one it is of.
Instruments::Gauges::Gauges(metrics::Shard& shard, const std::string& thread)
    : in_flight(shard.gauge("minschool_http_requests_in_flight", "Requests that are being answered.")),
      connections(shard.gauge("minschool_http_connections", "Open connections, as a rule Nginx's, without streams.")),
      streams(shard.gauge("minschool_live_streams", "Open streams (GET /events).")),
      draining(shard.gauge("minschool_draining", "1 while the worker only finishes what it has begun.", thread)),
      pg_up(shard.gauge("minschool_pg_up", "Whether PostgreSQL answers.", thread)),
      pg_busy(
          shard.gauge("minschool_pg_connections", "Connections to PostgreSQL by what they do.", "state=\"in_use\"")),
      pg_idle(shard.gauge("minschool_pg_connections", "", "state=\"idle\"")),
      pg_missing(shard.gauge("minschool_pg_connections", "", "state=\"missing\"")),
      pg_in_flight(
          shard.gauge("minschool_pg_statements_in_flight", "Statements that PostgreSQL has not answered yet.")),
      pg_waiting(shard.gauge("minschool_pg_waiting", "Round trips that wait for a connection.")),
      redis_up(shard.gauge("minschool_redis_up", "Whether Redis answers.", thread)),
      redis_in_flight(shard.gauge("minschool_redis_commands_in_flight", "Commands that Redis has not answered yet.")),
      cache_hits(shard.total("minschool_cache_lookups", "What the cache in Redis was asked for.", "result=\"hit\"")),
      cache_misses(shard.total("minschool_cache_lookups", "", "result=\"miss\"")),
      cache_alone(shard.total("minschool_cache_lookups", "", "result=\"without_redis\"")),
      sessions_opened(shard.total("minschool_sessions_opened", "Logins.")),
      purges_pending(
          shard.gauge("minschool_purges_pending", "What was taken away and stands in saved pages of Nginx.")),
      purge_failures(
          shard.total("minschool_purge_failures", "Times that an Nginx could not be told to forget pages.")) {}

Instruments::Instruments(Telemetry& telemetry, int thread, const web::Router& router, const config::Settings& settings)
    : telemetry_(telemetry),
      shard_(telemetry.registry.shard()),
      router_(router),
      counts_(settings.server.metrics),
      turned_away_(shard_.counter("minschool_http_turned_away", "Requests that were asked to come back later.")),
      pg_trips_(shard_.counter("minschool_pg_round_trips", "Round trips to PostgreSQL that requests waited for.")),
      pg_seconds_(shard_.total("minschool_pg_wait_seconds", "How long requests waited for PostgreSQL.")),
      redis_trips_(shard_.counter("minschool_redis_round_trips", "Round trips to Redis that requests waited for.")),
      redis_seconds_(shard_.total("minschool_redis_wait_seconds", "How long requests waited for Redis.")),
      lag_(shard_.histogram("minschool_loop_lag_seconds", "How late a timer of the event loop came.")),
      gauges_(shard_, labels({{"thread", std::to_string(thread)}})) {
  const auto limit = [this](std::string_view name, std::string_view help, int value) {
    shard_.gauge(name, help).set(static_cast<double>(value));
  };
  limit("minschool_http_in_flight_limit", "Requests that may be in flight ([http] in_flight of all threads).",
        settings.http.in_flight);
  limit("minschool_live_streams_limit", "Streams that may be open ([live] streams of all threads).",
        settings.live.streams);
  if (settings.log.requests && spdlog::should_log(spdlog::level::info)) log_.emplace(process::log_is_journal());
}

void Instruments::answered(const web::Answered& answered) {
  if (counts_) count(answered);
  if (log_) log_->add(answered, answered.route ? router_.pattern(*answered.route) : "-");
}

void Instruments::rejected(int status) {
  shard_
      .counter("minschool_http_rejected",
               "Requests that got no page: unreadable ones, and streams without room, by status.",
               labels({{"status", std::to_string(status)}}))
      .add();
}

std::string Instruments::label_of(std::size_t route) const {
  if (route == router_.size()) return labels({{"route", "none"}, {"method", "any"}});
  return labels({{"route", router_.pattern(route)}, {"method", http::name_of(router_.method(route))}});
}

void Instruments::count(const web::Answered& answered) {
  constexpr int kHundred = 100;
  if (routes_.empty()) routes_.resize(router_.size() + 1);
  const std::size_t route = answered.route.value_or(router_.size());
  const auto place = static_cast<std::size_t>(answered.status / kHundred) % kClasses.size();
  OfRoute& of = routes_[route];
  if (of.seconds == nullptr) {
    of.seconds = &shard_.histogram("minschool_http_request_seconds", "How long answers took.", label_of(route));
    // From 0 on: Prometheus takes no notice of the first value that it sees.
    of.by_class[kErrors] = &requests(route, kErrors);
  }
  metrics::Counter*& counter = of.by_class[place];
  if (counter == nullptr) counter = &requests(route, place);
  of.seconds->observe(answered.time);
  counter->add();
  const auto add = [](metrics::Counter& trips, metrics::Gauge& waited, int count, std::chrono::nanoseconds time) {
    trips.add(static_cast<std::uint64_t>(count));
    waited.set(waited.value() + std::chrono::duration<double>(time).count());
  };
  add(pg_trips_, pg_seconds_, answered.timing.pg_trips, answered.timing.pg);
  add(redis_trips_, redis_seconds_, answered.timing.redis_trips, answered.timing.redis);
}

metrics::Counter& Instruments::requests(std::size_t route, std::size_t place) {
  return shard_.counter("minschool_http_requests", "Requests that were answered; HEAD counts as GET.",
                        label_of(route) + "," + labels({{"status", kClasses.at(place)}}));
}

void Instruments::look(const Parts& parts, const http::ServerState& server, bool draining) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  gauges_.in_flight.set(number(server.in_flight));
  gauges_.connections.set(number(server.connections));
  gauges_.streams.set(number(server.streams));
  gauges_.draining.set(draining ? 1 : 0);
  const pg::State pg = parts.db.state();
  gauges_.pg_up.set(pg.up ? 1 : 0);
  gauges_.pg_busy.set(number(pg.busy));
  gauges_.pg_idle.set(number(pg.connections - pg.busy));
  gauges_.pg_missing.set(number(pg.wanted - pg.connections));
  gauges_.pg_in_flight.set(number(pg.in_flight));
  gauges_.pg_waiting.set(number(pg.waiting));
  const redis::State redis = parts.redis.state();
  gauges_.redis_up.set(redis.up ? 1 : 0);
  gauges_.redis_in_flight.set(number(redis.in_flight));
  const cache::Lookups lookups = parts.cache.lookups();
  gauges_.cache_hits.set(number(lookups.hits));
  gauges_.cache_misses.set(number(lookups.misses));
  gauges_.cache_alone.set(number(lookups.without_redis));
  gauges_.sessions_opened.set(number(parts.sessions.opened()));
  gauges_.purges_pending.set(number(parts.purger.pending()));
  gauges_.purge_failures.set(number(parts.purger.failures()));
}

async<void> Instruments::beat() {
  auto due = steady_clock::now();
  while (true) {
    // From now on after a standstill: one stall is one late timer.
    due = std::max(due + kBeat, steady_clock::now());
    co_await sleep_until(due);
    lag_.observe(steady_clock::now() - due);
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
