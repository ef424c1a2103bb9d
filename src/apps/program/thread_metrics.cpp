#include "apps/program/thread_metrics.hpp"

namespace ms::program {
namespace {

using metrics::labels;

constexpr std::array<std::string_view, ThreadMetrics::kClasses> kClassNames{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

std::string labels_of(std::string_view pattern, http::Method method) {
  if (pattern.empty()) return labels({{"route", "none"}, {"method", "any"}});
  return labels({{"route", pattern}, {"method", http::name_of(method)}});
}

// Gauges that cannot be summed over threads have a label with their thread.
std::string label_of(int thread) { return labels({{"thread", std::to_string(thread)}}); }

}  // namespace

ThreadMetrics::ThreadMetrics(metrics::Shard& shard, int thread)
    : turned_away(shard.counter("minschool_http_turned_away", "Requests that were asked to come back later.")),
      pg_trips(shard.counter("minschool_pg_round_trips", "Round trips to PostgreSQL that requests waited for.")),
      pg_seconds(shard.total("minschool_pg_wait_seconds", "How long requests waited for PostgreSQL.")),
      redis_trips(shard.counter("minschool_redis_round_trips", "Round trips to Redis that requests waited for.")),
      redis_seconds(shard.total("minschool_redis_wait_seconds", "How long requests waited for Redis.")),
      lag(shard.histogram("minschool_loop_lag_seconds", "How late a timer of the event loop came.")),
      in_flight(shard.gauge("minschool_http_requests_in_flight", "Requests that are being answered.")),
      connections(shard.gauge("minschool_http_connections", "Open connections, as a rule Nginx's, without streams.")),
      streams(shard.gauge("minschool_live_streams", "Open streams (GET /events).")),
      streamed_bodies(shard.gauge("minschool_http_streamed_bodies", "Uploads and forms with files that are arriving.")),
      draining(
          shard.gauge("minschool_draining", "1 while the worker only finishes what it has begun.", label_of(thread))),
      pg_up(shard.gauge("minschool_pg_up", "Whether PostgreSQL answers.", label_of(thread))),
      pg_busy(
          shard.gauge("minschool_pg_connections", "Connections to PostgreSQL by what they do.", "state=\"in_use\"")),
      pg_idle(shard.gauge("minschool_pg_connections", "", "state=\"idle\"")),
      pg_missing(shard.gauge("minschool_pg_connections", "", "state=\"missing\"")),
      pg_in_flight(
          shard.gauge("minschool_pg_statements_in_flight", "Statements that PostgreSQL has not answered yet.")),
      pg_waiting(shard.gauge("minschool_pg_waiting", "Round trips that wait for a connection.")),
      redis_up(shard.gauge("minschool_redis_up", "Whether Redis answers.", label_of(thread))),
      redis_in_flight(shard.gauge("minschool_redis_commands_in_flight", "Commands that Redis has not answered yet.")),
      cache_hits(shard.total("minschool_cache_lookups", "What the cache in Redis was asked for.", "result=\"hit\"")),
      cache_misses(shard.total("minschool_cache_lookups", "", "result=\"miss\"")),
      cache_alone(shard.total("minschool_cache_lookups", "", "result=\"without_redis\"")),
      sessions_opened(shard.total("minschool_sessions_opened", "Logins.")),
      purges_pending(
          shard.gauge("minschool_purges_pending", "What was taken away and stands in saved pages of Nginx.")),
      purge_failures(
          shard.total("minschool_purge_failures", "Times that the saved pages of an Nginx could not be purged.")),
      shard_(shard) {}

ThreadMetrics::Route ThreadMetrics::add_route(std::string_view pattern, http::Method method) {
  Route out;
  out.seconds =
      &shard_.histogram("minschool_http_request_seconds", "How long answers took.", labels_of(pattern, method));
  // The counter starts at 0: Prometheus ignores the first value of a new series.
  out.by_class[kErrors] = &add_class(pattern, method, kErrors);
  std::string name = pattern.empty() ? "-" : std::string(http::name_of(method)) + " " + std::string(pattern);
  const std::scoped_lock lock(mutex_);
  routes_.push_back({std::move(name), out.seconds, out.by_class[kErrors]});
  return out;
}

metrics::Counter& ThreadMetrics::add_class(std::string_view pattern, http::Method method, std::size_t place) {
  return shard_.counter("minschool_http_requests", "Requests that were answered; HEAD counts as GET.",
                        labels_of(pattern, method) + "," + labels({{"status", kClassNames.at(place)}}));
}

void ThreadMetrics::export_caches(const std::vector<cache::LocalCacheStats>& caches) {
  const auto total = [this](std::string_view name, std::string_view help, const std::string& of, std::uint64_t count) {
    shard_.total(name, help, of).set(static_cast<double>(count));
  };
  for (const cache::LocalCacheStats& stats : caches) {
    const std::string of = labels({{"cache", stats.name}});
    constexpr std::string_view kLookups = "minschool_local_cache_lookups";
    constexpr std::string_view kHelp = "What a cache in memory was asked for.";
    total(kLookups, kHelp, labels({{"cache", stats.name}, {"result", "hit"}}), stats.hits);
    total(kLookups, kHelp, labels({{"cache", stats.name}, {"result", "miss"}}), stats.misses);
    total("minschool_local_cache_evictions", "What left a cache in memory to make room.", of, stats.evictions);
    shard_.gauge("minschool_local_cache_bytes", "What a cache in memory holds.", of)
        .set(static_cast<double>(stats.bytes));
  }
}

void ThreadMetrics::add_to(Totals& totals) const {
  const auto add = [](metrics::Histogram::Counts& to, const metrics::Histogram::Counts& counts) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += counts[i];
  };
  const auto depend = [](Totals::Dependency& to, const metrics::Gauge& up, const metrics::Counter& trips,
                         const metrics::Gauge& seconds) {
    to.up = to.up || up.value() > 0;
    to.round_trips += trips.value();
    to.wait_seconds += seconds.value();
  };
  totals.in_flight += in_flight.value();
  totals.connections += connections.value();
  totals.streams += streams.value();
  totals.logins += sessions_opened.value();
  totals.turned_away += turned_away.value();
  add(totals.loop_lag, lag.counts());
  depend(totals.postgres, pg_up, pg_trips, pg_seconds);
  totals.pg_in_use += pg_busy.value();
  totals.pg_idle += pg_idle.value();
  totals.pg_missing += pg_missing.value();
  totals.pg_waiting += pg_waiting.value();
  totals.pg_in_flight += pg_in_flight.value();
  depend(totals.redis, redis_up, redis_trips, redis_seconds);
  totals.redis_in_flight += redis_in_flight.value();
  totals.cache_hits += cache_hits.value();
  totals.cache_misses += cache_misses.value();
  const std::scoped_lock lock(mutex_);
  for (const NamedRoute& route : routes_) {
    Totals::Route& to = totals.routes[route.name];
    add(to.seconds, route.seconds->counts());
    to.errors += route.errors->value();
  }
}

}  // namespace ms::program
