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

/// What the threads of one worker count into; outlives them.
struct Telemetry {
  /// `server` is server.name, `program` what is started. The pool outlives it.
  Telemetry(std::string_view program, std::string_view server, const CpuPool& hashing);
  /// Everything, as of now.
  void write(metrics::Text& out);
  /// The cells of one more thread, which live as long as this.
  ThreadMetrics& add_thread(metrics::Shard& shard, int thread);
  /// What all threads have counted; from any thread.
  Totals totals();

  metrics::Registry registry;
  /// Whether this server's Site rests: takes no requests, because staff wish so. Set by the heartbeat, for all threads.
  std::atomic<bool> resting{false};
  /// Why PostgreSQL takes no writes although it answers, and since when; null: it takes them. Set by the heartbeat.
  struct WriteFault {
    std::string why;
    Deadline since;
  };
  std::atomic<std::shared_ptr<const WriteFault>> write_fault;

 private:
  const CpuPool& hashing_;
  metrics::Shard& shard_;
  metrics::ProcessMetrics process_;
  metrics::Gauge& password_queue_;
  std::mutex mutex_;  ///< of the list; each thread's cells need none
  std::deque<ThreadMetrics> threads_;
};

/// What one thread says of itself: /metrics, and a line in the log for each request.
class Instruments {
 public:
  /// `thread` counts from 0. The router is read at the first request, when all of its routes are there.
  Instruments(Telemetry& telemetry, int thread, const web::Router& router, const config::Settings& settings);

  void answered(const web::Answered& answered);
  /// A request was asked to come back later, because there was no room for it.
  void turned_away() noexcept { cells_.turned_away.add(); }
  /// A request that could not be read, or a stream without room, was answered with this status.
  void rejected(int status);
  /// Notes what is not counted but read; once a second, and before a scrape of this thread.
  void sample(const Services& services, const App& app, const http::ServerState& server, bool draining);
  /// Measures how late timers come, and writes the log, for as long as the thread lives.
  async<void> beat();
  /// The answer to GET /metrics: what all threads of the worker know, of others at most a second old.
  http::Response scrape(const http::Request& request);

 private:
  void count(const web::Answered& answered);

  Telemetry& telemetry_;
  metrics::Shard& shard_;
  const web::Router& router_;
  const bool counts_;
  std::optional<RequestLog> log_;
  ThreadMetrics& cells_;
  std::vector<ThreadMetrics::Route> routes_;  ///< by index; the last: no route
};

}  // namespace ms::program
