#pragma once
#include <chrono>
#include <string>

#include "apps/program/app.hpp"
#include "apps/program/heartbeat.hpp"
#include "apps/program/instruments.hpp"
#include "infra/http/server.hpp"
#include "infra/view/page.hpp"
#include "infra/web/pipeline.hpp"

namespace ms::program {

/// One thread of a program: its parts, its app, and the server that feeds requests to both.
class Engine {
 public:
  /// `thread` counts from 0.
  Engine(const config::Settings& settings, const std::string& realm, CpuPool& hashing, Telemetry& telemetry, int thread,
         MakeApp make, int listen_fd);

  asio::io_context& io() { return parts_.io; }
  /// Waits for PostgreSQL and Redis, at most `patience`, and serves from then on with what there is.
  async<void> start(std::chrono::milliseconds patience);
  /// Answers what runs, takes nothing new, leaves within `limit`.
  async<void> drain(std::chrono::milliseconds limit);

 private:
  /// Asks PostgreSQL and Redis a small question every second, so that /health knows of a part that died while nobody
  /// asked it anything, and notes what /metrics says.
  async<void> watch();
  /// Forgets what nobody needs any more; any server may, so every one does now and then.
  async<void> housekeep();
  async<http::Response> answer(const http::Request& request);
  http::Response broken(int status, const http::Request& request);
  /// Whether there is room for one more request of this kind.
  bool admits(const http::Request& request) const;
  http::Response health() const;
  http::Response metrics(const http::Request& request);

  const config::Settings& settings_;
  Telemetry& telemetry_;
  Parts parts_;
  std::unique_ptr<App> app_;
  view::Site site_;
  web::Shell shell_;
  web::Router router_;
  Instruments instruments_;
  web::Pipeline pipeline_;
  http::Server server_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::optional<Heartbeat> heartbeat_;  ///< of the first thread, for the whole worker
  bool draining_ = false;
};

}  // namespace ms::program
