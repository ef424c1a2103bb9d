#pragma once
#include <chrono>
#include <deque>
#include <functional>

#include "apps/program/app.hpp"
#include "apps/program/instruments.hpp"
#include "features/servers/servers.hpp"

namespace ms::program {

/// What had been counted at one moment.
struct Moment {
  std::chrono::steady_clock::time_point at;
  Totals totals;
};

/// The figures between two moments: percentiles since `minute`, rates since `recent`.
servers::Heartbeat heartbeat_between(const Moment& minute, const Moment& recent, const Moment& now);

/// Every two seconds a worker writes its heartbeat (features/servers) and learns whether its server is drained. One per
/// process, on its first thread.
class HeartbeatSender {
 public:
  HeartbeatSender(Services& services, Telemetry& telemetry, config::Program program);

  /// Runs until stop(): a worker that leaves no longer writes for its server.
  async<void> run();
  void stop() noexcept { stopped_ = true; }

 private:
  servers::Heartbeat heartbeat();
  /// Exports what the last heartbeat found: write faults and clock differences.
  void export_findings();

  Services& services_;
  Telemetry& telemetry_;
  const config::Program program_;
  servers::HeartbeatStore store_;
  metrics::Gauge& writable_;
  metrics::Gauge& ahead_of_redis_;
  metrics::Gauge& ahead_of_database_;
  std::deque<Moment> moments_;  ///< the last minute, oldest first
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  bool stopped_ = false;
};

}  // namespace ms::program
