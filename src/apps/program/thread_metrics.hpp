#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "infra/cache/local_cache.hpp"
#include "infra/http/message.hpp"
#include "infra/metrics/metrics.hpp"

namespace ms::program {

/// What all threads of a worker have counted: gauges as they are now, everything else since the start.
struct Totals {
  struct Route {
    metrics::Histogram::Counts seconds{};
    std::uint64_t errors = 0;  ///< answers 5xx
  };
  /// Requests that waited for a dependency.
  struct Dependency {
    bool up = false;
    std::uint64_t round_trips = 0;
    double wait_seconds = 0;
  };

  std::map<std::string, Route, std::less<>> routes;  ///< by name: "GET /posts/{id}"; "-" without a route
  double cpu_seconds = 0;
  double memory_bytes = 0;
  double in_flight = 0;
  double connections = 0;
  double streams = 0;
  double logins = 0;
  double password_queue = 0;
  std::uint64_t turned_away = 0;
  metrics::Histogram::Counts loop_lag{};
  Dependency postgres;
  double pg_in_use = 0;
  double pg_idle = 0;
  double pg_missing = 0;
  double pg_waiting = 0;
  double pg_in_flight = 0;
  Dependency redis;
  double redis_in_flight = 0;
  double cache_hits = 0;
  double cache_misses = 0;
};

/// The metrics of one thread. Only that thread writes them; any thread may read them.
class ThreadMetrics {
 public:
  /// `thread` counts from 0.
  ThreadMetrics(metrics::Shard& shard, int thread);

  /// The classes of the status, 1xx … 5xx; class 0 is for every other status.
  static constexpr std::size_t kClasses = 6;
  static constexpr std::size_t kErrors = 5;
  struct Route {
    metrics::Histogram* seconds = nullptr;
    std::array<metrics::Counter*, kClasses> by_class{};
  };
  /// Creates the metrics of a route; `pattern` is empty for requests without a route.
  Route add_route(std::string_view pattern, http::Method method);
  /// Creates the counter for responses of a class that the route has not had before.
  metrics::Counter& add_class(std::string_view pattern, http::Method method, std::size_t place);
  /// Exports the statistics of this thread's local caches.
  void export_caches(const std::vector<cache::LocalCacheStats>& caches);
  /// Adds this thread's metrics to `totals`. Any thread may call it.
  void add_to(Totals& totals) const;

  metrics::Counter& turned_away;
  metrics::Counter& pg_trips;
  metrics::Gauge& pg_seconds;
  metrics::Counter& redis_trips;
  metrics::Gauge& redis_seconds;
  metrics::Histogram& lag;
  metrics::Gauge& in_flight;
  metrics::Gauge& connections;
  metrics::Gauge& streams;
  metrics::Gauge& streamed_bodies;
  metrics::Gauge& draining;
  metrics::Gauge& pg_up;
  metrics::Gauge& pg_busy;
  metrics::Gauge& pg_idle;
  metrics::Gauge& pg_missing;
  metrics::Gauge& pg_in_flight;
  metrics::Gauge& pg_waiting;
  metrics::Gauge& redis_up;
  metrics::Gauge& redis_in_flight;
  metrics::Gauge& cache_hits;
  metrics::Gauge& cache_misses;
  metrics::Gauge& cache_alone;
  metrics::Gauge& sessions_opened;
  metrics::Gauge& purges_pending;
  metrics::Gauge& purge_failures;

 private:
  struct NamedRoute {
    std::string name;
    const metrics::Histogram* seconds;
    const metrics::Counter* errors;
  };

  metrics::Shard& shard_;
  mutable std::mutex mutex_;
  std::vector<NamedRoute> routes_;
};

}  // namespace ms::program
