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

/// One thread of a program: its parts, its app, and the server that feeds requests to both.
class WorkerThread {
 public:
  /// `thread` counts from 0.
  WorkerThread(const config::Settings& settings, config::Program program, CpuPool& hashing, Telemetry& telemetry,
               int thread, MakeApp make, int listen_fd);

  asio::io_context& io() { return services_.io; }
  /// Waits for PostgreSQL, Redis and what a worker is `expected` to use besides, until `deadline`, and gives what there
  /// is. Only what is expected is waited for longer than a start without it takes.
  async<process::Parts> reach(process::Parts expected, Deadline deadline);
  /// Why it cannot use what is missing, for the log.
  std::string missing(process::Parts usable) const;
  /// Serves from now on with what there is.
  void start();
  /// What this thread can use now; on its thread.
  process::Parts usable() const;
  /// Answers what runs, takes nothing new, leaves within `limit`.
  async<void> drain(std::chrono::milliseconds limit);

 private:
  /// Asks PostgreSQL and Redis a small question every second, so that /health knows of a part that died while nobody
  /// asked it anything, and notes what /metrics says.
  async<void> watch();
  async<http::Response> answer(const http::Request& request);
  http::Response broken(int status, const http::Request& request);
  /// Whether this request is left to another server, because this one cannot serve (its way to PostgreSQL is cut) or is
  /// not to (staff let it rest). Nginx says which of its tries this is: nobody gave an answer before its last.
  bool leaves_to_others(const http::Request& request);
  /// Once a second: ends the streams when their readers are better off elsewhere, and notes in the log what changed.
  void look_for_others();
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
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::optional<HeartbeatSender> heartbeat_;  ///< of the first thread, for the whole worker
  std::optional<jobs::Runner> jobs_;          ///< the same
  bool draining_ = false;
  bool cut_off_ = false;    ///< PostgreSQL does not answer this thread
  Deadline cut_off_at_{};   ///< since when
  Deadline left_at_{};      ///< a request was left to others
  Deadline last_try_at_{};  ///< no other server gave an answer
};

}  // namespace ms::program
