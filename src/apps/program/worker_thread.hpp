#pragma once
#include <chrono>
#include <string>

#include "apps/program/app.hpp"
#include "apps/program/heartbeat_sender.hpp"
#include "apps/program/instruments.hpp"
#include "infra/http/server.hpp"
#include "infra/jobs/runner.hpp"
#include "infra/process/process.hpp"
#include "infra/view/page.hpp"
#include "infra/web/pipeline.hpp"

namespace ms::program {

/// One thread of a program: its services, its app, and the HTTP server that passes requests to both.
class WorkerThread {
 public:
  /// `thread` counts from 0.
  WorkerThread(const config::Settings& settings, config::Program program, const Shared& shared, Telemetry& telemetry,
               int thread, MakeApp make, int listen_fd);

  asio::io_context& io() { return services_.io; }
  /// Waits until PostgreSQL, Redis and what else is `expected` can be used, at most until `deadline`, and returns what
  /// can be. Only for what is expected does it wait longer than a start without it takes.
  async<process::Dependencies> connect(process::Dependencies expected, Deadline deadline);
  /// Why a dependency that is not in `usable` cannot be used, for the log.
  std::string missing(process::Dependencies usable) const;
  /// Starts serving with the dependencies that there are.
  void start();
  /// What this thread can use now. Call it on this thread.
  process::Dependencies usable() const;
  /// Finishes the requests in flight, takes no new ones, and stops the thread within `limit`.
  async<void> drain(std::chrono::milliseconds limit);

 private:
  /// Sends PostgreSQL and Redis a small statement every second, so that /health knows of a lost dependency even when no
  /// request used it; and samples the gauges of /metrics.
  async<void> poll_dependencies();
  async<http::Response> answer(const http::Request& request);
  http::Response reject(int status, const http::Request& request);
  /// Whether this request is left to another server: this one cannot reach PostgreSQL, or staff drained it. Nginx says
  /// which of its tries this is; at its last try no other server has answered.
  bool defers_to_others(const http::Request& request);
  /// Once a second: ends the streams when another server can serve them, and logs changes.
  void update_failover();
  /// Whether there is room for one more request of this kind.
  bool admits(const http::Request& request) const;
  http::Response health() const;
  http::Response metrics(const http::Request& request);

  const config::Settings& settings_;
  Telemetry& telemetry_;
  Services services_;
  std::unique_ptr<App> app_;
  view::Site site_;
  web::Shell shell_;
  web::Router router_;
  Instruments instruments_;
  web::Pipeline pipeline_;
  http::Server server_;
  const std::chrono::steady_clock::time_point started_at_ = std::chrono::steady_clock::now();
  std::optional<HeartbeatSender> heartbeat_;  ///< on the first thread only, for the whole worker
  std::optional<jobs::Runner> jobs_;          ///< on the first thread only
  bool draining_ = false;
  bool database_lost_ = false;      ///< PostgreSQL does not answer this thread
  Deadline database_changed_at_{};  ///< when database_lost_ last changed
  Deadline deferred_at_{};          ///< when a request was last left to another server
  Deadline last_try_at_{};          ///< when Nginx last had no other server
};

}  // namespace ms::program
