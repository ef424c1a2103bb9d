#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "apps/program/app.hpp"
#include "apps/program/request_log.hpp"
#include "apps/program/thread_metrics.hpp"
#include "infra/http/server.hpp"
#include "infra/metrics/process.hpp"
#include "infra/web/pipeline.hpp"

namespace ms::program {

/// The metrics of all threads of one worker; outlives the threads.
struct Telemetry {
  /// `server` is server.name, `program` the name of the executable. `shared` must outlive this object.
  Telemetry(std::string_view program, std::string_view server, const Shared& shared);
  /// Writes all metrics as of now.
  void write(metrics::Text& out);
  /// Adds the metrics of one more thread; they live as long as this object.
  ThreadMetrics& add_thread(metrics::Shard& shard, int thread);
  /// The sums over all threads. Any thread may call it.
  Totals totals();

  metrics::Registry registry;
  /// Whether staff drained this server's Site, so that it takes no requests. HeartbeatSender sets it for all threads.
  std::atomic<bool> drained{false};
  /// Why PostgreSQL refuses writes although it answers, and since when; null while it takes writes. HeartbeatSender
  /// sets it.
  struct WriteFault {
    std::string why;
    Deadline since;
  };
  std::atomic<std::shared_ptr<const WriteFault>> write_fault;

 private:
  const Shared& shared_;
  metrics::Shard& shard_;
  metrics::ProcessMetrics process_;
  metrics::Gauge& password_queue_;
  metrics::Gauge& storage_failed_;
  metrics::Gauge& storage_no_room_;
  metrics::Gauge& storage_busy_;
  std::mutex mutex_;  ///< guards the list; the metrics of a thread need no lock
  std::deque<ThreadMetrics> threads_;
};

/// What one thread reports about itself: /metrics, and a line in the log for each request.
class Instruments {
 public:
  /// `thread` counts from 0. The router is read at the first request, after all routes have been added.
  Instruments(Telemetry& telemetry, int thread, const web::Router& router, const config::Settings& settings);

  void record(const web::CompletedRequest& completed);
  /// Counts a request that got "come back later" because there was no room for it.
  void count_turned_away() noexcept { cells_.turned_away.add(); }
  /// Counts a request that could not be parsed, or a stream without room, by the status that it got.
  void count_rejected(int status);
  /// Reads the gauges: once a second, and before a scrape of this thread.
  void sample(const Services& services, const App& app, const http::ServerState& server, bool draining);
  /// Measures how late timers fire, and flushes the log, for as long as the thread lives.
  async<void> measure_lag();
  /// The response to GET /metrics: the metrics of all threads of the worker; those of other threads are at most a
  /// second old.
  http::Response scrape(const http::Request& request);

 private:
  void count(const web::CompletedRequest& completed);

  Telemetry& telemetry_;
  metrics::Shard& shard_;
  const web::Router& router_;
  const bool counts_;
  std::optional<RequestLog> log_;
  ThreadMetrics& cells_;
  std::vector<ThreadMetrics::Route> routes_;  ///< by route index; the last entry: requests without a route
};

}  // namespace ms::program
